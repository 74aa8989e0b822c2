/**
 * The sample stream against a slow model: maps instead of a ring, one rule after the other.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { WaveformRing } from "../core/mod.ts";
import { SampleClock } from "./sample_clock.ts";
import { SampleStream } from "./sample_stream.ts";
import { SequenceCounters } from "./sequence_counters.ts";
import { content, type Feed, feed, pass, S } from "./stream_feed_test.ts";

const RATE = 4000;
const WINDOW = 6;
const CAPACITY = 40;

/** Section "sequence handling" word for word, with numbers from a clock of its own. */
class SlowStream {
  readonly counters = new SequenceCounters();
  /** Value by number; undefined is a filled sample. */
  readonly out = new Map<number, number | undefined>();
  readonly #waiting = new Map<number, number>();
  readonly #clock = new SampleClock(RATE);
  #low = 0;
  #next = -1;
  #frame = 0;
  #candidate = { k: -1, frame: -1 };
  #last = { k: 0, at: 0 };
  #isLost = false;

  accept({ counts, at, values }: Feed): void {
    this.#frame++;
    const nanos = Math.round((at - Math.floor(at)) * 1e9), seconds = S + Math.floor(at);
    const last = counts.at(-1)!;
    const isFound = this.#clock.find(last, 2, 2, seconds, nanos);
    const number = this.#clock.number;
    this.counters.received += counts.length;
    if (!isFound) {
      this.counters.outlier += counts.length;
      return;
    }
    let isRebased = this.#clock.isRebased;
    const passed = this.#passed(at);
    if (this.#next >= 0 && passed > RATE && !this.#isLost) {
      this.#isLost = true;
      this.counters.lost++;
    }
    if (this.#isLost) {
      this.#isLost = false;
      isRebased = true;
    }
    const isExplained = Math.abs(number - this.#clock.expected) <= WINDOW;
    const before = this.counters.accepted;
    if (this.#next < 0) this.#restart(number - (counts.length - 1));
    let isRegular = counts.length === 1 || counts[0]! % counts.length === 0;
    counts.forEach((count, i) => {
      let k = number - (counts.length - 1 - i);
      if (((count - last + 2 * RATE) % RATE) !== (RATE - (counts.length - 1 - i)) % RATE) {
        isRegular = false;
        k = this.#clock.find(count, 2, 2, seconds, nanos) ? this.#clock.number : -1;
      }
      if (k < 0) {
        this.counters.outlier++;
      } else if (this.#isFar(k)) {
        if (!isRebased && isExplained && k > this.#next && k - this.#next <= RATE) {
          while (this.#next < k) this.#advance();
        } else if (
          isRebased || isExplained ||
          (this.#candidate.k === k && this.#candidate.frame !== this.#frame)
        ) {
          this.#restart(k);
          this.counters.resync++;
        } else {
          this.#candidate = { k: k + 1, frame: this.#frame };
          this.counters.outlier++;
          return;
        }
        isRebased = false;
        this.#place(k, values![i]!);
      } else {
        this.#place(k, values![i]!);
      }
    });
    if (!isRegular) this.counters.irregular++;
    if (this.counters.accepted === before) return;
    this.#clock.number = number;
    this.#clock.follow(last, seconds, nanos);
    this.#last = { k: number, at };
    if (this.#candidate.frame !== this.#frame) this.#candidate = { k: -1, frame: -1 };
  }

  poll(at: number): void {
    const passed = this.#passed(at);
    if (this.#next < 0 || this.#isLost || passed <= WINDOW) return;
    while (this.#waiting.size > 0) this.#advance();
    if (passed > RATE) {
      this.#isLost = true;
      this.counters.lost++;
    } else {
      while (this.#next < Math.floor(this.#last.k + passed - WINDOW)) this.#advance();
    }
  }

  content(): string[] {
    const found: string[] = [];
    for (let k = this.#low; k < this.#next; k++) {
      found.push(`${k - S * RATE}:${this.out.get(k) ?? "-"}`);
    }
    return found;
  }

  /** Samples that were due since the last believed frame; from whole nanoseconds, as on both sides of a limit. */
  #passed(at: number): number {
    return Math.round((at - this.#last.at) * 1e9) * RATE / 1e9;
  }

  #head(): number {
    return Math.max(this.#next - 1, ...this.#waiting.keys()) + 1;
  }

  #isFar(k: number): boolean {
    return k < this.#next - 2 * WINDOW || k > this.#head() + WINDOW;
  }

  #place(k: number, value: number): void {
    const known = this.#waiting.get(k) ??
      (k < this.#next && k >= this.#low ? this.out.get(k) : undefined);
    if (known !== undefined) {
      if (known === value) this.counters.duplicate++;
      else this.counters.conflict++;
    } else if (k < this.#next) {
      this.counters.late++;
    } else {
      if (k < this.#head()) this.counters.reordered++;
      this.counters.accepted++;
      this.#waiting.set(k, value);
      if (k > this.#next) this.#low = Math.max(this.#low, Math.min(this.#next, k + 1 - CAPACITY));
      while (
        this.#waiting.size > 0 &&
        (this.#waiting.has(this.#next) || this.#head() - this.#next > WINDOW)
      ) this.#advance();
    }
  }

  #advance(): void {
    if (!this.#waiting.has(this.#next)) this.counters.missing++;
    this.out.set(this.#next, this.#waiting.get(this.#next));
    this.#waiting.delete(this.#next++);
    this.#low = Math.max(this.#low, this.#next - CAPACITY);
  }

  #restart(k: number): void {
    this.#waiting.clear();
    this.out.clear();
    this.#next = k;
    this.#low = k;
    this.#candidate = { k: -1, frame: -1 };
  }
}

/** Counters that courses must move, or they prove nothing. */
const COUNTED = [
  "accepted",
  "reordered",
  "missing",
  "duplicate",
  "conflict",
  "late",
  "outlier",
  "resync",
  "lost",
  "irregular",
] as const;

/** What happens to one frame of the publisher. */
const EVENTS = fc.oneof(
  { weight: 12, arbitrary: fc.constant({ kind: "sent" as const, by: 0 }) },
  { weight: 2, arbitrary: fc.constant({ kind: "lost" as const, by: 0 }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("twice" as const), by: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("conflict" as const), by: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("delayed" as const), by: fc.nat(12) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("stray" as const), by: fc.nat(3999) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("silent" as const), by: fc.nat(60) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("silent" as const), by: fc.nat(9000) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("step" as const), by: fc.nat(3999) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("poll" as const), by: fc.nat(20) }) },
);

/** ASDUs in a frame, number of the first sample, and what happens. */
const COURSES = fc.tuple(
  fc.integer({ min: 1, max: 3 }),
  fc.nat(3999),
  fc.array(EVENTS, { minLength: 20, maxLength: 200, size: "max" }),
);
type Course = typeof COURSES extends fc.Arbitrary<infer T> ? T : never;

/** Holds the sample stream against the model after each frame; what it counted. */
function compare([asdus, start, events]: Course): SequenceCounters {
  const stream = new SampleStream(new WaveformRing(2, RATE, CAPACITY), { window: WINDOW });
  const slow = new SlowStream();
  for (const given of timetable(asdus, start, events)) {
    if (given.counts.length === 0) {
      pass(stream, given.at);
      slow.poll(given.at);
    } else {
      feed(stream, given);
      slow.accept(given);
    }
    assert.deepEqual({ ...stream.counters }, { ...slow.counters });
    assert.deepEqual(content(stream), slow.content());
  }
  const c = stream.counters;
  assert.equal(
    c.received,
    c.accepted + c.duplicate + c.conflict + c.late + c.outlier + c.misconfigured + c.wrongRate,
  );
  return c;
}

Deno.test("the sample stream does what the slow model does", () => {
  fc.assert(fc.property(COURSES, (course) => void compare(course)), { numRuns: 400 });
});

Deno.test("such courses meet whatever is counted", () => {
  const met = new SequenceCounters();
  for (const course of fc.sample(COURSES, { numRuns: 100, seed: 61850 })) {
    const counters = compare(course);
    for (const key of COUNTED) met[key] += counters[key];
  }
  for (const key of COUNTED) assert.ok(met[key] > 20, `${key}: only ${met[key]} in all courses`);
});

/** Frames in the order of arrival; one without counts is a look at the clock. */
function timetable(
  asdus: number,
  start: number,
  events: readonly { readonly kind: string; readonly by: number }[],
): Feed[] {
  const sent: Feed[] = [];
  let frame = Math.floor(start / asdus), step = 0;
  const timeOf = (f: number, part: number) => ((f + 1) * asdus - 1 + part) / RATE + 2e-4;
  const add = (late: number, part: number, offset = 0, value = 0) => {
    const from = frame * asdus;
    const ks = Array.from({ length: asdus }, (_, i) => from + i);
    sent.push({
      counts: ks.map((k) => (k + step + offset) % RATE),
      values: ks.map((k) => k + value + 1),
      at: timeOf(frame + late, part),
    });
  };
  for (const { kind, by } of events) {
    if (kind === "sent") add(0, 0);
    else if (kind === "delayed") add(by, 0.125);
    else if (kind === "stray") add(0, 0.0625, by, 5000);
    else if (kind === "step") step += by;
    else if (kind === "poll") sent.push({ counts: [], at: timeOf(frame + by, 0.25) });
    else if (kind === "silent") frame += by;
    if (kind === "twice" || kind === "conflict") {
      add(0, 0);
      add(by, 0.1875, 0, kind === "conflict" ? 7000 : 0);
    }
    frame++;
  }
  return sent.sort((a, b) => a.at - b.at);
}
