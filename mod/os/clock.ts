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
/** Two readings of monotonic time that are farther apart tell nothing of UTC between them: the thread was held. */
const SANDWICH_MS = 0.5;
/** How often both are read at first, where the thread is held each time. */
const FIRST_READINGS = 10;

/**
 * Makes the host's clock: monotonic time anchored to UTC about once a second.
 *
 * UTC is only known in whole milliseconds here, so an anchor that lies within a millisecond of the running
 * clock is not taken, and small differences are slewed: the clock does not jitter and seldom runs backwards.
 */
export function systemClock(sources: TimeSources = HOST): SystemClock {
  let spreadMs = Infinity;
  /** UTC minus monotonic time, as well as one reading tells, and in `spreadMs` how well. */
  const readOffsetMs = () => {
    const before = sources.monotonicMs();
    const wallMs = sources.wallMs();
    const after = sources.monotonicMs();
    spreadMs = after - before;
    return wallMs + 0.5 - (before + after) / 2;
  };
  let offsetMs = readOffsetMs();
  for (let n = 1, best = spreadMs; n < FIRST_READINGS && best > SANDWICH_MS; n++) {
    const again = readOffsetMs();
    if (spreadMs >= best) continue;
    best = spreadMs;
    offsetMs = again;
  }
  let anchoredMs = sources.monotonicMs();
  let steps = 0;
  let lastStepMicros = 0;
  const anchor = (monotonic: number) => {
    const error = readOffsetMs() - offsetMs;
    if (spreadMs > SANDWICH_MS) return; // the next reading may do better
    anchoredMs = monotonic;
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
