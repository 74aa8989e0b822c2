/**
 * How late this machine wakes for a deadline: by a timer alone, and by the aligner's way of aiming short.
 *
 * @module
 */
import { LatencyHistogram } from "../core/mod.ts";

/** Lateness of one way of waiting. */
export interface TimerLateness {
  /** The way. */
  readonly name: string;
  /** Median in milliseconds. */
  readonly p50Ms: number;
  /** 99th percentile in milliseconds. */
  readonly p99Ms: number;
}

const RATE = 60;
/** How much too early a timer is set; turns of the event loop pass the rest, as in `gateway/align_part.ts`. */
const WAYS: readonly (readonly [name: string, aheadMs: number])[] = [
  ["timer alone", 0],
  ["timer 1 ms short, then turns of the loop", 1],
];
/** Too few slots have no 99th percentile. */
const LEAST_SLOTS = 20;

/** Measures each way for about `forMs` milliseconds, at 60 deadlines per second. */
export async function measureTimers(forMs: number): Promise<TimerLateness[]> {
  const all: TimerLateness[] = [];
  for (const [name, aheadMs] of WAYS) {
    const late = new LatencyHistogram();
    let slot = Math.floor((performance.now() * RATE) / 1000) + 1;
    for (let left = Math.max(LEAST_SLOTS, (forMs * RATE) / 1000); left > 0; left--, slot++) {
      const due = (slot * 1000) / RATE;
      late.add((await wakeAt(due, aheadMs) - due) * 1000);
    }
    all.push({ name, p50Ms: late.percentile(50) / 1000, p99Ms: late.percentile(99) / 1000 });
  }
  return all;
}

/** Resolves with the time at which it woke, not before `dueMs`. */
function wakeAt(dueMs: number, aheadMs: number): Promise<number> {
  return new Promise((resolve) => {
    const look = () => {
      const now = performance.now();
      if (now >= dueMs) resolve(now);
      else if (dueMs - now > aheadMs) setTimeout(look, Math.max(1, dueMs - now - aheadMs));
      else setImmediate(look);
    };
    look();
  });
}
