/**
 * Makes metadata off the main thread, in a Worker that is started when it is needed and ended when it has long not been.
 *
 * @module
 */
import {
  type Clock,
  counter,
  DecodeError,
  gauge,
  type Log,
  messageOf,
  type Metric,
} from "../../core/mod.ts";
import { Backoff } from "../../os/mod.ts";
import type { MetadataRequest } from "../../sttp/mod.ts";
import { MetadataThread, type MetadataThreadContext } from "./metadata_thread.ts";

/** How long a maker waits, in milliseconds. */
export interface MetadataTimes {
  /** For one document; a Worker that takes longer is ended. */
  readonly makeMs: number;
  /** Until a request has its turn; then it is refused. */
  readonly waitMs: number;
  /** Until a Worker without work is ended: it holds a copy of all signals. */
  readonly idleMs: number;
  /** After a failure, before another Worker is started; doubles up to the longest. */
  readonly backoffMs: number;
  /** The longest wait after failures. */
  readonly longestBackoffMs: number;
}

/** The times that hold unless others are given. */
const TIMES: MetadataTimes = {
  makeMs: 30_000,
  waitMs: 60_000,
  idleMs: 10_000,
  backoffMs: 500,
  longestBackoffMs: 30_000,
};

/** What a subscriber reads when its metadata could not be made through no fault of its own. */
const FAILED = "Metadata could not be made: ask again in a few seconds.";
const BUSY = "Too many requests for metadata wait: ask again in a few seconds.";

/** What a maker needs of its output. */
export interface MetadataMakerContext extends MetadataThreadContext {
  /** The time. */
  readonly clock: Clock;
  /** Where failures are told. */
  readonly log: Log;
  /** Requests that may wait, the one that is worked on not counted. */
  readonly maxWaiting: number;
  /** Other times than the usual ones. */
  readonly times?: Partial<MetadataTimes> | undefined;
}

/** What a maker has done and does; JSON-safe. */
export interface MetadataMakerStatus {
  /** Whether there is a Worker, or none is to be started yet after a failure. */
  readonly worker: "none" | "running" | "backingOff";
  /** Workers that were started. */
  readonly started: number;
  /** Requests that wait, the one that is worked on not counted. */
  readonly waiting: number;
  /** Documents that were made. */
  readonly made: number;
  /** Requests that failed because their Worker died or took too long. */
  readonly failed: number;
  /** Requests that were refused because too many waited, or they waited too long. */
  readonly refused: number;
  /** Milliseconds from its turn to the last document. */
  readonly lastMs: number;
  /** Signals that were copied into Workers. */
  readonly copiedSignals: number;
}

/** A request that waits for its turn. */
interface Waiting {
  readonly begin: () => void;
  readonly refuse: (error: Error) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Takes requests, and makes their documents one after the other. */
export class MetadataMaker {
  readonly #context: MetadataMakerContext;
  readonly #times: MetadataTimes;
  readonly #backoff: Backoff;
  readonly #waiting: Waiting[] = [];
  #thread: MetadataThread | undefined;
  #isBusy = false;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #pause: ReturnType<typeof setTimeout> | undefined;
  #started = 0;
  #made = 0;
  #failed = 0;
  #refused = 0;
  #lastMs = 0;
  #copied = 0; // into Workers that are no more

  /** Starts nothing before the first request. */
  constructor(context: MetadataMakerContext) {
    this.#context = context;
    this.#times = { ...TIMES, ...context.times };
    const { backoffMs, longestBackoffMs } = this.#times;
    this.#backoff = new Backoff(backoffMs, longestBackoffMs, Math.random);
  }

  /**
   * The answer to a request, for whoever may see what is `permitted`, 1 by handle; `charge` is told the milliseconds
   * that tables and filter took.
   *
   * Rejects with DecodeError, whose message is for the subscriber: its filter is refused, too many requests wait, or
   * the Worker has failed.
   */
  async make(
    permitted: Uint8Array,
    request: MetadataRequest,
    charge: (filterMs: number) => void = () => {},
  ): Promise<Uint8Array> {
    await this.#turn();
    const { clock, log } = this.#context;
    const thread = this.#thread ??= this.#start();
    const beganMs = clock.monotonicMs();
    try {
      const { makeMs } = this.#times;
      const answer = await thread.make(permitted, request, clock.nowMicros(), makeMs);
      this.#backoff.reset();
      charge(answer.filterMs);
      if (answer.kind === "refused") throw new DecodeError("filter", answer.reason);
      this.#made++;
      this.#lastMs = clock.monotonicMs() - beganMs;
      return answer.bytes;
    } catch (error) {
      if (error instanceof DecodeError) throw error;
      this.#failed++;
      if (this.#thread === thread) { // otherwise it was ended by `stop`
        log.error(messageOf(error));
        this.#drop("it has failed");
        this.#pause = setTimeout(() => {
          this.#pause = undefined;
          this.#next();
        }, this.#backoff.next());
      }
      throw new DecodeError("metadata", FAILED);
    } finally {
      this.#isBusy = false;
      this.#next();
    }
  }

  /** Ends the Worker; what waits fails. Another request starts another Worker. */
  stop(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
    this.#drop("the output stops");
    for (const { timer, refuse } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      refuse(new DecodeError("metadata", FAILED));
    }
  }

  /** What it has done and does. */
  status(): MetadataMakerStatus {
    return {
      worker: this.#thread ? "running" : this.#pause !== undefined ? "backingOff" : "none",
      started: this.#started,
      waiting: this.#waiting.length,
      made: this.#made,
      failed: this.#failed,
      refused: this.#refused,
      lastMs: Math.round(this.#lastMs),
      copiedSignals: this.#copied + (this.#thread?.copiedSignals ?? 0),
    };
  }

  /** Its numbers. */
  metrics(): Metric[] {
    const { worker, started, waiting, made, failed, refused } = this.status();
    return [
      gauge(
        "output_metadata_worker",
        "1 while a metadata Worker is there",
        worker === "running" ? 1 : 0,
      ),
      counter("output_metadata_workers_total", "Metadata Workers that were started", started),
      gauge("output_metadata_waiting", "Requests that wait for their metadata to be made", waiting),
      counter("output_metadata_made_total", "Metadata documents that were made", made),
      counter(
        "output_metadata_failed_total",
        "Metadata documents that failed with their Worker",
        failed,
      ),
      counter(
        "output_metadata_refused_total",
        "Requests refused since too many or too long waited",
        refused,
      ),
    ];
  }

  /** Resolves when it is the caller's turn, who must give it back; rejects if it does not come. */
  #turn(): Promise<void> {
    clearTimeout(this.#idle);
    if (!this.#isBusy && this.#pause === undefined) {
      this.#isBusy = true;
      return Promise.resolve();
    }
    return new Promise((begin, refuse) => {
      const busy = () => {
        this.#refused++;
        refuse(new DecodeError("busy", BUSY));
      };
      if (this.#waiting.length >= this.#context.maxWaiting) return busy();
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        busy();
      }, this.#times.waitMs);
      const waiting: Waiting = { begin, refuse, timer };
      this.#waiting.push(waiting);
    });
  }

  /** Gives the turn to who has waited longest. */
  #next(): void {
    if (this.#isBusy || this.#pause !== undefined) return;
    const next = this.#waiting.shift();
    if (next) {
      this.#isBusy = true;
      clearTimeout(next.timer);
      next.begin();
    } else if (this.#thread) {
      this.#idle = setTimeout(() => this.#drop("it has nothing to do"), this.#times.idleMs);
    }
  }

  #start(): MetadataThread {
    this.#started++;
    return new MetadataThread(this.#context);
  }

  #drop(reason: string): void {
    clearTimeout(this.#idle);
    const thread = this.#thread;
    if (!thread) return;
    this.#thread = undefined;
    this.#copied += thread.copiedSignals;
    thread.end(`The Worker that makes metadata was ended: ${reason}`);
  }
}
