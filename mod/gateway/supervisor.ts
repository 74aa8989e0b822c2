/**
 * Keeps one part alive: it may fail, it is started again with back-off, its neighbours do not notice.
 *
 * @module
 */
import {
  type Clock,
  counter,
  type Log,
  messageOf,
  type Metric,
  type Part,
  type PartStatus,
  type SeenDevices,
  type StatisticRow,
} from "../core/mod.ts";
import { Backoff } from "../os/mod.ts";

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
const WATCH_MS = 1000;
const STABLE_MS = 60_000;

/** A part under supervision; itself a part. */
export class Supervised implements Omit<Part, "seen"> {
  readonly #part: Part;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wanted = false;
  #busy: Promise<void> = Promise.resolve();
  #restarts = 0;
  #startedMs = 0;
  #failure: PartStatus | undefined;

  /** Supervises `part`; nothing happens before {@linkcode start}. */
  constructor(
    part: Part,
    log: Log,
    clock: Clock,
    backoff: Backoff = new Backoff(FIRST_WAIT_MS, LONGEST_WAIT_MS, Math.random),
  ) {
    this.#part = part;
    this.#log = log;
    this.#clock = clock;
    this.#backoff = backoff;
  }

  /** Name of the part. */
  get name(): string {
    return this.#part.name;
  }

  /** Starts the part; a failure is kept for later attempts and does not reject. */
  start(): Promise<void> {
    this.#wanted = true;
    return this.#do(() => this.#attempt());
  }

  /** Stops the part for good; safe to call twice. */
  stop(): Promise<void> {
    this.#wanted = false;
    clearTimeout(this.#timer);
    return this.#do(() => this.#part.stop());
  }

  /** The part's own account, or why it could not be started. */
  status(): PartStatus {
    return this.#failure ?? this.#part.status();
  }

  /** The part's numbers and how often it was restarted. */
  metrics(): Metric[] {
    return [
      ...this.#part.metrics(),
      counter(
        "part_restarts_total",
        "Times that a part was started again after a failure",
        this.#restarts,
      ),
    ];
  }

  /** The part's statistics of the interval that ends now; none if it has none. */
  statistics(): StatisticRow[] {
    return this.#part.statistics?.() ?? [];
  }

  /** Devices that the part has met and that are not configured; undefined if it takes in none by name. */
  seen(): SeenDevices | undefined {
    return this.#part.seen?.();
  }

  /** One operation at a time, in order; an operation that fails does not stop the next. */
  #do(operation: () => Promise<void>): Promise<void> {
    const result = this.#busy.then(operation);
    this.#busy = result.catch(() => {});
    return result;
  }

  async #attempt(): Promise<void> {
    if (!this.#wanted) return;
    try {
      await this.#part.start();
      this.#failure = undefined;
      this.#startedMs = this.#clock.monotonicMs();
      this.#watch();
    } catch (error) {
      await this.#failed(messageOf(error));
    }
  }

  #watch(): void {
    if (!this.#wanted) return;
    this.#timer = setTimeout(() => {
      const { state, reason } = this.#part.status();
      if (state === "failed") this.#do(() => this.#failed(reason ?? "failed without a reason"));
      else {
        if (this.#clock.monotonicMs() - this.#startedMs > STABLE_MS) this.#backoff.reset();
        this.#watch();
      }
    }, WATCH_MS);
    Deno.unrefTimer(this.#timer);
  }

  async #failed(reason: string): Promise<void> {
    const wait = this.#backoff.next();
    this.#failure = { state: "failed", sinceMicros: this.#clock.nowMicros(), reason };
    this.#log.error(`${reason}; trying again in ${(wait / 1000).toFixed(1)} s`);
    try {
      await this.#part.stop();
    } catch (error) {
      this.#log.error(`Cannot stop cleanly: ${error}`);
    }
    if (!this.#wanted) return;
    this.#timer = setTimeout(() => {
      this.#restarts++;
      this.#do(() => this.#attempt());
    }, wait);
  }
}
