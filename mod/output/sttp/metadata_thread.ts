/**
 * One Worker that makes metadata, as the main thread sees it.
 *
 * @module
 */
import type { AccessOptions } from "../../access/mod.ts";
import type { SignalRegistry } from "../../core/mod.ts";
import { inTurns } from "../../os/mod.ts";
import type { MetadataRequest } from "../../sttp/mod.ts";
import { type MetadataAnswer, type MetadataOrder, packRights } from "./metadata_protocol.ts";
import { RegistryCopier } from "./registry_copier.ts";
import { METADATA_WORKER } from "./role.ts";

/** What a Worker is to know. */
export interface MetadataThreadContext {
  /** Signals and devices. */
  readonly registry: SignalRegistry;
  /** What tables say beside the signals, and what filters may cost. */
  readonly options: AccessOptions;
  /** Makes the Worker; that of this module if absent. */
  readonly makeWorker?: (() => Worker) | undefined;
}

/** A Worker with its copy of the registry. Makes one document at a time; not to be used after a failure. */
export class MetadataThread {
  readonly #worker: Worker;
  readonly #copier: RegistryCopier;
  #settle: ((outcome: MetadataAnswer | Error) => void) | undefined;
  #failure: Error | undefined;

  /** Starts a Worker. */
  constructor({ registry, options, makeWorker: make = makeWorker }: MetadataThreadContext) {
    this.#worker = make();
    this.#worker.onmessage = ({ data }: MessageEvent<MetadataAnswer>) => this.#settle?.(data);
    this.#worker.onerror = (event) => {
      event.preventDefault(); // otherwise it would end the process
      this.end(`The Worker that makes metadata failed: ${event.message}`);
    };
    this.#copier = new RegistryCopier(registry, (order) => this.#post(order));
    const { nodeId, updatedOnMicros, filterSteps } = options;
    this.#post({
      kind: "begin",
      keySource: registry.keySource,
      options: {
        nodeId,
        ...(updatedOnMicros !== undefined && { updatedOnMicros }),
        ...(filterSteps !== undefined && { filterSteps }),
      },
    });
  }

  /** Signals that were sent to it. */
  get copiedSignals(): number {
    return this.#copier.signals;
  }

  /**
   * Makes the answer to a request for whoever may see what is `permitted`, 1 by handle.
   *
   * Rejects when the Worker has failed or was ended, and when it takes longer than `timeoutMs`, by which it is ended.
   */
  async make(
    permitted: Uint8Array,
    request: MetadataRequest,
    nowMicros: number,
    timeoutMs: number,
  ): Promise<MetadataAnswer> {
    const timer = setTimeout(
      () => this.end(`The Worker that makes metadata did not answer for ${timeoutMs / 1000} s`),
      timeoutMs,
    );
    try {
      await inTurns(this.#copier.update());
      if (this.#failure) throw this.#failure;
      return await new Promise<MetadataAnswer>((resolve, reject) => {
        this.#settle = (outcome) => outcome instanceof Error ? reject(outcome) : resolve(outcome);
        this.#post({ kind: "make", rights: packRights(permitted), request, nowMicros });
      });
    } finally {
      clearTimeout(timer);
      this.#settle = undefined;
    }
  }

  /** Ends the Worker; what it works on fails for this reason. */
  end(reason: string): void {
    this.#failure ??= new Error(reason);
    this.#worker.terminate();
    this.#settle?.(this.#failure);
  }

  #post(order: MetadataOrder): void {
    if (!this.#failure) this.#worker.postMessage(order);
  }
}

/** The Worker begins in its own file from source, in the program itself where that is one file. */
function makeWorker(): Worker {
  const here = import.meta.url;
  const entry = here.endsWith(".ts") ? new URL("./metadata_worker_entry.ts", here) : here;
  return new Worker(entry, { type: "module", name: METADATA_WORKER });
}
