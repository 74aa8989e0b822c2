/**
 * Figures that a test may hold to a limit although other work runs beside it.
 *
 * @module
 */

/** What else the machine does falls upon any trial; that often it does not fall upon all of them. */
const TRIALS = 10;

/** Octets that this thread's own values and buffers take; the process may be that of other test files too. */
export function heldBytes(): number {
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

/** Longest time between two looks of {@linkcode RunningTime}, in milliseconds, in which the thread may have run. */
const LONGEST_LOOK_MS = 10;

/** The time in which this thread ran: a machine that gives it no turn for a while does not lengthen it. */
export class RunningTime {
  /** Milliseconds up to the last look. */
  ms = 0;
  #lookedMs = performance.now();

  /** Looks at the clock; to be done in each turn of the loop that waits. */
  look(): void {
    const nowMs = performance.now();
    this.ms += Math.min(nowMs - this.#lookedMs, LONGEST_LOOK_MS);
    this.#lookedMs = nowMs;
  }
}

/**
 * The longest of the steps of a piece of work in milliseconds, each as short as it came in several trials.
 *
 * `trial` does the work and tells how long each step took, the same steps every time. There are no more trials once
 * all steps have kept within `limitMs`.
 */
export function longestStepMs(limitMs: number, trial: () => readonly number[]): number {
  let best: readonly number[] = trial();
  for (let n = 1; n < TRIALS && Math.max(...best) >= limitMs; n++) {
    const times = trial();
    best = best.map((ms, step) => Math.min(ms, times[step]!));
  }
  return Math.max(...best);
}

/** The shortest time in milliseconds that `trial` told of; there are no more trials once one is within `limitMs`. */
export async function shortestMs(limitMs: number, trial: () => Promise<number>): Promise<number> {
  let best = await trial();
  for (let n = 1; n < TRIALS && best >= limitMs; n++) best = Math.min(best, await trial());
  return best;
}
