/**
 * The subscribers of `metadata_bench.ts`: a worker that reads data, or one that asks for metadata once.
 *
 * @module
 */
import { connectTls, type KeyPair } from "../mod/os/mod.ts";
import { TestClient } from "../mod/output/sttp/testing.ts";
import { Command } from "../mod/sttp/mod.ts";

/** Period of the frames in milliseconds; frame `n` is due at `startMs + n * PERIOD_MS` and has the value `n`. */
export const PERIOD_MS = 10;

/** What a worker is told at its start. */
export interface Job {
  /** What to do. */
  readonly role: "data" | "metadata";
  /** Port of the publisher. */
  readonly port: number;
  /** Key and certificate to show. */
  readonly identity: KeyPair;
  /** Milliseconds since 1970 at which frame 0 was due. */
  readonly startMs: number;
}

/** What a worker answers. */
export type Answer =
  | { readonly kind: "ready" }
  | { readonly kind: "delays"; readonly delays: readonly [atMs: number, delayMs: number][] }
  | {
    readonly kind: "metadata";
    readonly beganMs: number;
    readonly endedMs: number;
    readonly bytes: number;
  };

/** Milliseconds since 1970 with a fraction, the same in every worker. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** The side of a worker on which its own code stands; the library types know the other side alone. */
interface WorkerSide {
  onmessage: ((event: MessageEvent<Job | "stop">) => void) | null;
  postMessage(answer: Answer): void;
}

const reported: [number, number][] = [];

// A worker's global object has these members.
const inside = globalThis as unknown as WorkerSide;
// The bench imports the types and constants of this module too, and is no worker.
if ("WorkerGlobalScope" in globalThis) inside.onmessage = (event) => void work(event.data);

async function work(job: Job | "stop"): Promise<void> {
  const post = (answer: Answer) => inside.postMessage(answer);
  if (job === "stop") {
    post({ kind: "delays", delays: reported });
    return;
  }
  const beganMs = nowMs();
  const { keyPem, certPem } = job.identity;
  const { connection } = await connectTls({
    hostname: "127.0.0.1",
    port: job.port,
    keyPem,
    certPem,
    judge: () => ({ name: "gateway", refused: undefined }),
  });
  const client = new TestClient(connection);
  client.hello();
  if (job.role === "metadata") {
    client.send(Command.MetadataRefresh);
    while (client.metadata.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const bytes = client.metadata[0]!.length;
    post({ kind: "metadata", beganMs, endedMs: nowMs(), bytes });
    connection.close();
    return;
  }
  const take = connection.onData!;
  connection.onData = (bytes) => {
    take(bytes);
    const now = nowMs();
    for (const { value } of client.values) {
      if (value >= 0) reported.push([now, now - (job.startMs + value * PERIOD_MS)]);
    }
    client.values.length = 0;
  };
  client.subscribe("", "FILTER ActiveMeasurements WHERE TRUE");
  post({ kind: "ready" });
}
