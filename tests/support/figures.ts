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
