/**
 * Waiting for what has to come true.
 *
 * @module
 */

/** Time between two looks. */
const LOOK_MS = 5;
/** Time between two looks that ask somebody else: a gateway turns away who asks more than 50 times a second. */
const ASK_MS = 25;

/** How long {@linkcode until} waits: much longer than anything takes on a machine that is busy. */
const LIMIT_MS = 60_000;

/** Resolves after a time in milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Waits until `condition` holds, at most `limitMs`.
 *
 * `what` names it, or gives what there is instead, when it does not come; without it, its source does.
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string | (() => unknown) = String(condition),
  limitMs = LIMIT_MS,
): Promise<void> {
  const end = performance.now() + limitMs;
  for (;;) {
    // Read first: a process that stood still past the end looks once more at what came meanwhile.
    const isOver = performance.now() > end;
    const found = condition();
    if (await found) return;
    if (isOver) {
      const instead = typeof what === "string" ? what : what();
      const told = typeof instead === "string" ? instead : JSON.stringify(instead);
      throw new Error(`Waited ${limitMs} ms for ${told}`);
    }
    await sleep(typeof found === "boolean" ? LOOK_MS : ASK_MS);
  }
}
