/**
 * What carries the records of the link to the gateway's part: Workers of this process, or a Unix socket.
 *
 * @module
 */
import type { TriggerOrder } from "../../event/mod.ts";
import type { SvInputOptions } from "./options.ts";
import type { RecordingOptions } from "./recording.ts";
import { RecordType } from "./records.ts";
import { WorkerPool } from "./worker_pool.ts";

/** Takes the records of one carrier. */
export interface RecordTaker {
  /** One record, lent for the call; `source` is the number of its Worker. */
  take(view: DataView, at: number, length: number, source: number): void;
  /** The carrier has ended by itself. */
  ended(reason: string): void;
}

/** A way for records. */
export interface Carrier {
  /** Begins; rejects where it cannot. */
  start(): Promise<void>;
  /** Ends; safe to call twice. */
  stop(): Promise<void>;
  /** Hands a trigger to the recorders; false if it was not taken. */
  trigger(order: TriggerOrder): boolean;
}

const WAIT_MS = 1000;

/** Workers of this process. */
export class WorkerCarrier implements Carrier {
  readonly #pool: WorkerPool;
  readonly #taker: RecordTaker;
  #running: Promise<unknown> = Promise.resolve();
  #stopped = false;

  /** Prepares Workers for `options`. */
  constructor(
    options: SvInputOptions,
    recording: RecordingOptions | undefined,
    taker: RecordTaker,
    cores: number,
  ) {
    this.#taker = taker;
    this.#pool = new WorkerPool(options, recording, cores, (reason) => taker.ended(reason));
  }

  trigger(order: TriggerOrder): boolean {
    return this.#pool.tell(RecordType.Trigger, order);
  }

  async start(): Promise<void> {
    await this.#pool.start();
    this.#running = Promise.all(this.#pool.threads.map(async ({ out }, source) => {
      for (;;) {
        await out.wait(WAIT_MS);
        // What was written before the end is read too.
        const isLast = this.#stopped || out.stopped;
        try {
          out.read((view, at, length) => this.#taker.take(view, at, length, source));
        } catch (error) {
          if (!isLast) this.#taker.ended(`The ring of a capture Worker is damaged: ${error}`);
          return;
        }
        if (isLast) return;
      }
    }));
  }

  async stop(): Promise<void> {
    await this.#pool.stop(); // event records come until then
    this.#stopped = true;
    await this.#running;
  }
}
