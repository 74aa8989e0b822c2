/**
 * The capture Workers of one input, and the rings of records that join them to this thread.
 *
 * @module
 */
import type { SvInputOptions } from "./options.ts";
import { CAPTURE_WORKER } from "./role.ts";
import { RecordRing } from "./record_ring.ts";
import type { RecordingOptions } from "./recording.ts";
import { type Shard, shardsOf } from "./shards.ts";

/** Octets of the ring of records of one Worker. */
export const RECORD_RING_BYTES: number = 1024 * 1024;
const COMMAND_RING_BYTES = 65_536;
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 3000;

/** What a Worker is told when it is ready. */
export interface WorkerStart {
  /** Options of the whole input. */
  readonly options: SvInputOptions;
  /** What is recorded; undefined for nothing. */
  readonly recording: RecordingOptions | undefined;
  /** Its share. */
  readonly shard: Shard;
  /** Records to this thread. */
  readonly out: SharedArrayBuffer;
  /** Records to the Worker. */
  readonly commands: SharedArrayBuffer;
}

/** What a Worker tells by messages; everything else goes by the ring. */
export type WorkerNews = "ready" | "stopped";

/** One Worker with its rings. */
export interface CaptureThread {
  /** Its share of the streams. */
  readonly shard: Shard;
  /** Records from the Worker. */
  readonly out: RecordRing;
  /** Records to the Worker. */
  readonly commands: RecordRing;
}

/** Starts Workers and ends them. */
export class WorkerPool {
  /** The Workers, once they are started. */
  readonly threads: readonly CaptureThread[];
  readonly #options: SvInputOptions;
  readonly #recording: RecordingOptions | undefined;
  readonly #onError: (reason: string) => void;
  #workers: Worker[] = [];
  /** Workers that capture: those that will say that they have stopped. */
  readonly #running = new Set<Worker>();
  readonly #stopping = Promise.withResolvers<void>();
  #ended = false;

  /** Prepares Workers for `options` on a machine with `cores`; `onError` hears of one that failed. */
  constructor(
    options: SvInputOptions,
    recording: RecordingOptions | undefined,
    cores: number,
    onError: (reason: string) => void,
  ) {
    this.#options = options;
    this.#recording = recording;
    this.#onError = onError;
    this.threads = shardsOf(options, cores).map((shard) => ({
      shard,
      out: new RecordRing(RecordRing.memoryOf(RECORD_RING_BYTES)),
      commands: new RecordRing(RecordRing.memoryOf(COMMAND_RING_BYTES)),
    }));
  }

  /** Hands a record of JSON to all Workers; false if one of them had no room for it. */
  tell(type: number, content: unknown): boolean {
    let taken = true;
    for (const { commands } of this.threads) {
      taken = commands.write(type, content) && taken;
      commands.publish();
    }
    return taken;
  }

  /** Starts all Workers; rejects when one does not come up in time. */
  async start(): Promise<void> {
    try {
      await Promise.all(this.threads.map((thread) => this.#startOne(thread)));
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Ends all Workers; safe to call twice. */
  async stop(): Promise<void> {
    this.#ended = true;
    this.#stopping.resolve();
    const workers = this.#workers;
    this.#workers = [];
    await Promise.all(workers.map(async (worker, i) => {
      if (this.#running.has(worker)) await askToStop(worker, this.threads[i]!.commands);
      worker.terminate();
    }));
    for (const { out } of this.threads) out.stop();
  }

  #startOne({ shard, out, commands }: CaptureThread): Promise<void> {
    const worker = new Worker(entryUrl(), { type: "module", name: CAPTURE_WORKER });
    this.#workers.push(worker);
    return new Promise((resolve, reject) => {
      const fail = (reason: string) => {
        clearTimeout(timer);
        reject(new Error(reason));
      };
      const timer = setTimeout(
        () => fail(`A capture Worker did not start within ${START_TIMEOUT_MS} ms`),
        START_TIMEOUT_MS,
      );
      void this.#stopping.promise.then(() => fail("Capture was stopped before it began"));
      worker.onerror = (event) => {
        event.preventDefault(); // otherwise it would end the process
        this.#running.delete(worker);
        const reason = `A capture Worker failed: ${event.message}`;
        fail(reason);
        if (!this.#ended) this.#onError(reason);
      };
      worker.onmessage = ({ data }: MessageEvent<WorkerNews>) => {
        if (data !== "ready") return;
        clearTimeout(timer);
        const start: WorkerStart = {
          options: this.#options,
          recording: this.#recording,
          shard,
          out: out.memory,
          commands: commands.memory,
        };
        this.#running.add(worker);
        worker.postMessage(start);
        resolve();
      };
    });
  }
}

/** Where a Worker begins: its own file from source, the program itself where that is one file. */
function entryUrl(): string | URL {
  const here = import.meta.url;
  return here.endsWith(".ts") ? new URL("./worker_entry.ts", here) : here;
}

/** Waits until a Worker says that it has stopped, but no longer than it may take. */
async function askToStop(worker: Worker, commands: RecordRing): Promise<void> {
  commands.stop();
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, STOP_TIMEOUT_MS);
    worker.onmessage = ({ data }: MessageEvent<WorkerNews>) => {
      if (data !== "stopped") return;
      clearTimeout(timer);
      resolve();
    };
  });
}
