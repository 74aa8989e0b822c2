/**
 * One timer for all simulated streams: tells each when a slot of its rate begins.
 *
 * @module
 */
import type { Clock } from "../core/mod.ts";

/** Called at the beginning of slot `index` of `second`; `missed` slots before it were passed over. */
export type SlotDue = (second: number, index: number, missed: number) => void;

interface Group {
  readonly rate: number;
  /** Number of the next slot since 1970: `second * rate + index`. */
  next: number;
  readonly members: Map<SlotDue, number>;
}

/**
 * Wakes up at slot boundaries computed from the clock each time, never by adding intervals.
 *
 * What a late wake-up missed is skipped, unless a member asked to catch up.
 */
export class SlotScheduler {
  readonly #clock: Clock;
  readonly #groups = new Map<number, Group>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wakeMicros = Infinity;

  /** Runs on `clock`. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Calls `due` at each slot of `rate` (slots per second) until the returned function is called.
   *
   * `catchUpSlots` is how many missed slots are made up for, one call each, at the next wake-up; default 0.
   */
  add(rate: number, due: SlotDue, catchUpSlots = 0): () => void {
    let group = this.#groups.get(rate);
    if (!group) {
      group = { rate, next: this.#slotAt(rate) + 1, members: new Map() };
      this.#groups.set(rate, group);
    }
    group.members.set(due, catchUpSlots);
    this.#arm();
    return () => {
      const entry = this.#groups.get(rate);
      entry?.members.delete(due);
      if (entry?.members.size === 0) this.#groups.delete(rate);
      this.#arm();
    };
  }

  /** Stops everything. */
  close(): void {
    this.#groups.clear();
    this.#arm();
  }

  #slotAt(rate: number): number {
    return Math.floor(this.#clock.nowMicros() * rate / 1e6);
  }

  #arm(): void {
    let earliest = Infinity;
    for (const { rate, next } of this.#groups.values()) {
      earliest = Math.min(earliest, next * 1e6 / rate);
    }
    if (earliest === this.#wakeMicros && this.#timer !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#wakeMicros = earliest;
    if (earliest === Infinity) return;
    const leftMs = Math.ceil((earliest - this.#clock.nowMicros()) / 1000);
    this.#timer = setTimeout(() => this.#wake(), Math.min(Math.max(leftMs, 0), 1000));
  }

  #wake(): void {
    this.#timer = undefined;
    for (const group of [...this.#groups.values()]) {
      const now = this.#slotAt(group.rate);
      // A clock that was set back by more than a second begins anew.
      if (group.next > now + group.rate + 1) group.next = now + 1;
      if (now < group.next) continue;
      const first = group.next;
      group.next = now + 1;
      for (const [due, catchUp] of [...group.members]) {
        const from = Math.max(first, now - catchUp);
        for (let slot = from; slot <= now; slot++) {
          const second = Math.floor(slot / group.rate);
          due(second, slot - second * group.rate, slot === from ? from - first : 0);
        }
      }
    }
    this.#arm();
  }
}
