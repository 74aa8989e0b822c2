/**
 * Work in steps, between which a caller can do what must not wait.
 *
 * @module
 */

/** Work that pauses after each step, of about a millisecond, and gives its result with the last. */
export type Steps<T> = Generator<void, T>;

/** Does all steps at once; throws what a step throws. */
export function finishSteps<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
