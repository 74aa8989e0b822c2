/**
 * The host's clock as core's {@linkcode Clock}.
 *
 * @module
 */
import type { Clock } from "../core/mod.ts";

/** The host's clock, which also tells how often it was set. */
export interface SystemClock extends Clock {
  /** How often UTC was seen to step by more than `STEP_MICROS`. */
  readonly steps: number;
  /** Size of the last step in microseconds, forwards positive; 0 if there was none. */
  readonly lastStepMicros: number;
}

/** Change against monotonic time that counts as a step, in microseconds. */
export const STEP_MICROS = 50_000;

/** Where the time comes from; tests hand in their own. */
export interface TimeSources {
  /** UTC in milliseconds since 1970, whole numbers. */
  readonly wallMs: () => number;
  /** Monotonic milliseconds with a fraction. */
  readonly monotonicMs: () => number;
}

const HOST: TimeSources = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };

const ANCHOR_MS = 1000;

/**
 * Makes the host's clock: monotonic time anchored to UTC about once a second.
 *
 * UTC is only known in whole milliseconds here, so an anchor that lies within a millisecond of the running
 * clock is not taken, and small differences are slewed: the clock does not jitter and seldom runs backwards.
 */
export function systemClock(sources: TimeSources = HOST): SystemClock {
  let offsetMs = sources.wallMs() + 0.5 - sources.monotonicMs();
  let anchoredMs = sources.monotonicMs();
  let steps = 0;
  let lastStepMicros = 0;
  const anchor = (monotonic: number) => {
    anchoredMs = monotonic;
    const error = sources.wallMs() + 0.5 - (monotonic + offsetMs);
    if (Math.abs(error) * 1000 > STEP_MICROS) {
      offsetMs += error;
      steps++;
      lastStepMicros = error * 1000;
    } else if (Math.abs(error) > 0.5) {
      // The excess over what rounding explains is certain; only that much is corrected.
      offsetMs += error > 0 ? error - 0.5 : error + 0.5;
    }
  };
  return {
    nowMicros() {
      const monotonic = sources.monotonicMs();
      if (monotonic - anchoredMs >= ANCHOR_MS) anchor(monotonic);
      return (monotonic + offsetMs) * 1000;
    },
    monotonicMs: sources.monotonicMs,
    get steps() {
      return steps;
    },
    get lastStepMicros() {
      return lastStepMicros;
    },
  };
}
