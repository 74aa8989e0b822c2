/**
 * Merging units that send on an interface from a thread of their own.
 *
 * @module
 */
import type { MergingUnitTotals } from "./merging_unit_account.ts";
import type {
  MergingUnitNews,
  MergingUnitOrder,
  MergingUnitThreadOptions,
} from "./merging_unit_messages.ts";
import { MERGING_UNIT_WORKER } from "./role.ts";

/** A machine that is busy takes long to load a Worker; only one that never answers is to be noticed. */
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;

/** A Worker with merging units. */
export class MergingUnitThread {
  readonly #options: MergingUnitThreadOptions;
  #worker: Worker | undefined;

  /** Takes what is to be sent. */
  constructor(options: MergingUnitThreadOptions) {
    this.#options = options;
  }

  /** Starts sending; rejects with the reason where the interface cannot be sent on. */
  async start(): Promise<void> {
    const worker = new Worker(entryUrl(), { type: "module", name: MERGING_UNIT_WORKER });
    this.#worker = worker;
    try {
      await newsOf(worker, START_TIMEOUT_MS, (news) => {
        if (news.kind === "loaded") {
          worker.postMessage({ kind: "start", options: this.#options } satisfies MergingUnitOrder);
        }
        return news.kind === "running";
      });
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  /** Stops sending; answers what was sent, undefined where nothing was started. */
  async stop(): Promise<
    { readonly totals: readonly MergingUnitTotals[]; readonly refused: number } | undefined
  > {
    const worker = this.#worker;
    if (!worker) return undefined;
    worker.postMessage({ kind: "stop" } satisfies MergingUnitOrder);
    try {
      const news = await newsOf(worker, STOP_TIMEOUT_MS, ({ kind }) => kind === "stopped");
      return news.kind === "stopped" ? news : undefined;
    } finally {
      this.#end();
    }
  }

  #end(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}

/** The first news that `isWanted`; rejects after `limitMs`, and when the Worker fails. */
function newsOf(
  worker: Worker,
  limitMs: number,
  isWanted: (news: MergingUnitNews) => boolean,
): Promise<MergingUnitNews> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`Simulated merging units did not answer within ${limitMs} ms`)),
      limitMs,
    );
    worker.onerror = (event) => {
      event.preventDefault(); // otherwise it would end the process
      clearTimeout(timer);
      reject(new Error(`Simulated merging units failed: ${event.message}`));
    };
    worker.onmessage = ({ data }: MessageEvent<MergingUnitNews>) => {
      if (data.kind === "failed") reject(new Error(data.error));
      else if (isWanted(data)) resolve(data);
      else return;
      clearTimeout(timer);
    };
  });
}

/** Where a Worker begins: its own file from source, the program itself where that is one file. */
function entryUrl(): string | URL {
  const here = import.meta.url;
  return here.endsWith(".ts") ? new URL("./merging_unit_worker_entry.ts", here) : here;
}
