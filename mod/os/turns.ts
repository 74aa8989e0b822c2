/**
 * Work in steps, a few in each turn of the event loop, so that data go out in between.
 *
 * @module
 */
import type { Steps } from "../core/mod.ts";

/** How long steps are done in one turn, in milliseconds. */
const TURN_MS = 1;

/** Turns in a row that those who press may take while others wait. */
const MOST_IN_A_ROW = 2;

/** Who waits for a turn of its own, the longest first; as many as there are callers. */
const pressing: (() => void)[] = [], others: (() => void)[] = [];
let inARow = 0;

/**
 * Resolves in a later turn of the event loop, after sockets were looked at. Each turn is given to one caller only, so
 * that pieces of several long works do not add up. The next turn comes after about 2 ms.
 *
 * Those who press have two of three turns: somebody waits for an answer that has begun, or for data.
 *
 * A chain of `setImmediate` would not do: the platform then looks at sockets in every 61st turn only
 * (docs/performance.md, "Turns of the event loop").
 */
export function nextTurn(presses = false): Promise<void> {
  return new Promise((resolve) => {
    (presses ? pressing : others).push(resolve);
    if (pressing.length + others.length === 1) setTimeout(giveTurn, 0);
  });
}

function giveTurn(): void {
  const isPressed = pressing.length > 0 && (others.length === 0 || inARow < MOST_IN_A_ROW);
  inARow = isPressed ? inARow + 1 : 0;
  (isPressed ? pressing : others).shift()?.();
  if (pressing.length + others.length > 0) setTimeout(giveTurn, 0);
}

/** Does all steps, on this thread but in many turns; rejects with what a step throws. */
export async function inTurns<T>(steps: Steps<T>): Promise<T> {
  if (pressing.length + others.length > 0) await nextTurn(); // works that begin together would share the first turn
  for (;;) {
    const endMs = performance.now() + TURN_MS;
    do {
      const { done, value } = steps.next();
      if (done) return value;
    } while (performance.now() < endMs);
    await nextTurn();
  }
}
