/**
 * A change that waits to be confirmed.
 *
 * @module
 */
import type { Clock } from "../core/mod.ts";
import type { Revision } from "./change.ts";

/** The time in which somebody has to confirm, and the way back. */
export class Trial<C> {
  /** What runs again if nobody does. */
  readonly before: Revision<C>;
  readonly #clock: Clock;
  readonly #untilMs: number;
  readonly #timer: ReturnType<typeof setTimeout>;

  /** `over` is called once, unless the trial has ended within `seconds`. */
  constructor(before: Revision<C>, seconds: number, clock: Clock, over: () => void) {
    this.before = before;
    this.#clock = clock;
    this.#untilMs = clock.monotonicMs() + seconds * 1000;
    this.#timer = setTimeout(over, seconds * 1000);
    Deno.unrefTimer(this.#timer);
  }

  /** Seconds that are left, rounded up. */
  get secondsLeft(): number {
    return Math.max(0, Math.ceil((this.#untilMs - this.#clock.monotonicMs()) / 1000));
  }

  /** It was decided, or the program ends. */
  end(): void {
    clearTimeout(this.#timer);
  }
}
