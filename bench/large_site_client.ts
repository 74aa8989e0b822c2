/**
 * The subscriber of `large_site.ts`, in a worker: does what it is told and says how long that took.
 *
 * @module
 */
import { connectTls, type KeyPair } from "../mod/os/mod.ts";
import {
  Command,
  commandFrame,
  encodeText,
  FrameSplitter,
  parseResponse,
  Response,
} from "../mod/sttp/mod.ts";

/** What the worker is told. */
export type Task =
  | { readonly kind: "connect"; readonly port: number; readonly identity: KeyPair }
  | { readonly kind: "subscribe" | "metadata"; readonly filter: string }
  | { readonly kind: "cache" };

/** What it answers: milliseconds since it was told, and the size of what came. */
export interface Done {
  /** Milliseconds from the task to the answer of the publisher. */
  readonly ms: number;
  /** Bytes of the cache or the metadata; 0 for the others. */
  readonly bytes: number;
}

/** The side of a worker on which its own code stands; the library types know the other side alone. */
interface WorkerSide {
  onmessage: ((event: MessageEvent<Task>) => void) | null;
  postMessage(answer: Done): void;
}

// A worker's global object has these members.
const inside = globalThis as unknown as WorkerSide;
// The bench imports the types of this module too, and is no worker.
if ("WorkerGlobalScope" in globalThis) inside.onmessage = (event) => void work(event.data);

let send: (command: number, payload?: Uint8Array<ArrayBuffer>) => void = () => {};
/** Caches and metadata that came and were not asked about yet. */
const caches: number[] = [], metadata: number[] = [];
let refused = "";

async function work(task: Task): Promise<void> {
  const began = performance.now();
  let bytes = 0;
  if (task.kind === "connect") await connect(task.port, task.identity);
  else if (task.kind === "cache") bytes = await first(caches);
  else if (task.kind === "subscribe") {
    const text = encodeText(`filterExpression={${task.filter}}`, "utf-8");
    send(Command.Subscribe, withSize(text, 1));
    bytes = await first(caches);
  } else {
    const text = encodeText(task.filter, "utf-8");
    send(Command.MetadataRefresh, text.length > 0 ? withSize(text, 0) : undefined);
    bytes = await first(metadata);
  }
  inside.postMessage({ ms: performance.now() - began, bytes });
}

async function first(list: number[]): Promise<number> {
  while (list.length === 0) {
    if (refused !== "") throw new Error(refused);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return list.shift()!; // it is not empty
}

async function connect(port: number, { keyPem, certPem }: KeyPair): Promise<void> {
  const judge = () => ({ name: "gateway", refused: undefined });
  const { connection } = await connectTls({ hostname: "127.0.0.1", port, keyPem, certPem, judge });
  const splitter = new FrameSplitter({
    frame: (body) => {
      const { response, command, payload } = parseResponse(body);
      if (response === Response.UpdateSignalIndexCache) {
        caches.push(payload.length);
        send(Command.ConfirmUpdateSignalIndexCache);
      } else if (response === Response.Failed) {
        refused = new TextDecoder().decode(payload);
      } else if (response === Response.Succeeded && command === Command.MetadataRefresh) {
        metadata.push(payload.length);
      }
    },
  }, 1 << 26);
  connection.onData = (bytes) => splitter.push(bytes);
  send = (command, payload = new Uint8Array(0)) => {
    connection.write(commandFrame(command, payload));
  };
  send(Command.DefineOperationalModes, Uint8Array.of(0xe0, 0, 2, 0x62));
}

/** `text` behind its size, which follows `lead` bytes of flags. */
function withSize(text: Uint8Array, lead: number): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(lead + 4 + text.length);
  if (lead > 0) payload[0] = 2;
  new DataView(payload.buffer).setUint32(lead, text.length);
  payload.set(text, lead + 4);
  return payload;
}
