/**
 * Waiting for what has to come true.
 *
 * @module
 */

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
    if (await condition()) return;
    if (isOver) {
      const found = typeof what === "string" ? what : what();
      const told = typeof found === "string" ? found : JSON.stringify(found);
      throw new Error(`Waited ${limitMs} ms for ${told}`);
    }
    await sleep(5);
  }
}
