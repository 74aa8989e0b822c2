/**
 * The archive's Worker: it owns the files and SQLite, so that no slow card holds up a frame.
 *
 * @module
 */
import { DecodeError, messageOf } from "../core/mod.ts";
import { type ExportOptions, exportRecord } from "./export.ts";
import type { ExportResult, WorkerMessage, WorkerRequest, WorkerStart } from "./protocol.ts";
import { type Describe, RecordStore } from "./record_store.ts";

const TRIM_INTERVAL_MS = 60_000;

/** How a Worker hears and speaks; a test can stand in for it. */
export interface WorkerPort {
  /** Says something; `transfer` goes over without a copy. */
  post(message: WorkerMessage, transfer?: ArrayBuffer[]): void;
  /** Ends the Worker. */
  close(): void;
}

interface Waiting {
  readonly seq: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Does what it is asked, in order; records wait here while the disk takes nothing. */
export class ArchiveWorker {
  readonly #port: WorkerPort;
  readonly #describe: Describe;
  readonly #nowMicros: () => number;
  #store: RecordStore | undefined;
  #waiting: Waiting[] = [];
  #retryMs = 5000;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #trimTimer: ReturnType<typeof setInterval> | undefined;

  /** A Worker that speaks through `port`; nothing is opened before the first message. */
  constructor(port: WorkerPort, describe: Describe, nowMicros: () => number) {
    this.#port = port;
    this.#describe = describe;
    this.#nowMicros = nowMicros;
  }

  /** Takes a message. */
  take(message: WorkerStart | WorkerRequest): void {
    if (message.kind === "start") {
      this.#start(message);
      return;
    }
    try {
      this.#do(message);
    } catch (error) {
      this.#port.post({ kind: "error", seq: message.seq, reason: messageOf(error) });
    }
  }

  #start({ folder, options }: WorkerStart): void {
    try {
      const progress = (done: number, total: number) =>
        this.#port.post({ kind: "opening", done, total });
      this.#store = new RecordStore(folder, options, this.#describe, this.#nowMicros(), progress);
    } catch (error) {
      const reason = `Cannot open the archive: ${messageOf(error)}`;
      this.#port.post({ kind: "failed", reason });
      return;
    }
    this.#retryMs = options.retryMs;
    this.#trimTimer = setInterval(() => {
      this.#store?.trim(this.#nowMicros());
      this.#tell();
    }, TRIM_INTERVAL_MS);
    this.#tell();
    this.#port.post({ kind: "ready" });
  }

  #do(request: WorkerRequest): void {
    const store = this.#store;
    if (!store) throw new Error("The archive is not open");
    const { seq } = request;
    switch (request.kind) {
      case "put":
        this.#waiting.push({ seq, bytes: request.bytes });
        this.#write(store);
        break;
      case "list":
        this.#answer(seq, store.list(request.query));
        break;
      case "get": {
        const found = store.get(request.id);
        this.#port.post(
          { kind: "answer", seq, result: found },
          found ? [found.bytes.buffer] : [],
        );
        break;
      }
      case "export":
        this.#export(store, seq, request.id, request.options);
        break;
      case "protect":
        this.#answer(seq, store.protect(request.id, request.isProtected));
        this.#tell();
        break;
      case "remove":
        this.#answer(seq, store.remove(request.id));
        this.#tell();
        break;
      case "stop":
        this.#stop(store, seq);
        break;
    }
  }

  #export(store: RecordStore, seq: number, id: string, options: ExportOptions): void {
    const found = store.get(id);
    if (!found) {
      this.#answer(seq, undefined);
      return;
    }
    let result: Extract<ExportResult, { exported: unknown }>;
    try {
      result = { entry: found.entry, exported: exportRecord(found.bytes, options) };
    } catch (error) {
      if (!(error instanceof RangeError) && !(error instanceof DecodeError)) throw error;
      this.#answer(seq, { refused: error.message });
      return;
    }
    this.#port.post({ kind: "answer", seq, result }, [result.exported.bytes.buffer]);
  }

  /** Writes what waits, as far as the disk takes it. */
  #write(store: RecordStore): void {
    clearTimeout(this.#retryTimer);
    for (let first; (first = this.#waiting[0]);) {
      const { seq, bytes } = first;
      let facts;
      try {
        facts = this.#describe(bytes);
      } catch {
        this.#waiting.shift();
        this.#answer(seq, { outcome: "unreadable" });
        continue;
      }
      const outcome = store.put(bytes, facts, this.#nowMicros());
      if (outcome === "failed") {
        this.#retryTimer = setTimeout(() => this.#write(store), this.#retryMs);
        break;
      }
      this.#waiting.shift();
      this.#answer(
        seq,
        outcome === "stored" ? { outcome, entry: store.entry(facts.id) } : { outcome },
      );
    }
    this.#tell();
  }

  #stop(store: RecordStore, seq: number): void {
    this.#write(store); // once more
    clearTimeout(this.#retryTimer);
    clearInterval(this.#trimTimer);
    for (const { seq } of this.#waiting) this.#answer(seq, { outcome: "lost" });
    this.#waiting = [];
    store.close();
    this.#store = undefined;
    this.#answer(seq, true);
    this.#port.close();
  }

  #answer(seq: number, result: unknown): void {
    this.#port.post({ kind: "answer", seq, result });
  }

  #tell(): void {
    if (this.#store) this.#port.post({ kind: "figures", figures: this.#store.figures() });
  }
}

/** Serves the thread that this runs in, which is a Worker. */
export function serveArchiveWorker(describe: Describe): void {
  // The scope of a Worker; TypeScript knows the one of a window alone.
  const scope = self as unknown as {
    onmessage: ((event: MessageEvent<WorkerStart | WorkerRequest>) => void) | null;
    postMessage(message: WorkerMessage, transfer: ArrayBuffer[]): void;
    close(): void;
  };
  const worker = new ArchiveWorker(
    {
      post: (message, transfer = []) => scope.postMessage(message, transfer),
      close: () => scope.close(),
    },
    describe,
    () => Date.now() * 1000,
  );
  scope.onmessage = ({ data }) => worker.take(data);
}
