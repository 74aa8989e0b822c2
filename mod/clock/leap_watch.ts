/**
 * TAI - UTC and leap seconds: the table, what sources announce, and whether that can be true (ITU-R TF.460).
 *
 * @module
 */
import type { LeapSecond } from "../core/mod.ts";
import type { LeapNotice } from "./reading.ts";

// First second of 1970-based UTC with each TAI - UTC, from 10 s on 1972-01-01.
const CHANGES: readonly (readonly [number, number])[] = [
  [63_072_000, 10],
  [78_796_800, 11],
  [94_694_400, 12],
  [126_230_400, 13],
  [157_766_400, 14],
  [189_302_400, 15],
  [220_924_800, 16],
  [252_460_800, 17],
  [283_996_800, 18],
  [315_532_800, 19],
  [362_793_600, 20],
  [394_329_600, 21],
  [425_865_600, 22],
  [489_024_000, 23],
  [567_993_600, 24],
  [631_152_000, 25],
  [662_688_000, 26],
  [709_948_800, 27],
  [741_484_800, 28],
  [773_020_800, 29],
  [820_454_400, 30],
  [867_715_200, 31],
  [915_148_800, 32],
  [1_136_073_600, 33],
  [1_230_768_000, 34],
  [1_341_100_800, 35],
  [1_435_708_800, 36],
  [1_483_228_800, 37],
];

/** TAI - UTC in seconds as the table of this program knows it; 10 before 1972. */
export function taiUtcOf(utcSeconds: number): number {
  let offset = 10;
  for (const [from, value] of CHANGES) if (utcSeconds >= from) offset = value;
  return offset;
}

/** Something that the watch noticed. */
export interface LeapEvent {
  /** What it is. */
  readonly kind: "announced" | "withdrawn" | "inserted" | "deleted" | "implausible";
  /** In a sentence. */
  readonly text: string;
}

const DAY = 86_400;
/** Seconds around midnight within which TAI - UTC may change: two Announce intervals, generously. */
export const MIDNIGHT_SLACK = 10;
/** How far a step of the own clock may be from a second and still be the leap second, in nanoseconds. */
const STEP_TOLERANCE_NS = 5e6;
/** Leap seconds that this program may have missed. */
const NEWER_SECONDS = 3;

/**
 * Watches what the followed source says of leap seconds. A TAI - UTC that changes by more than one second, or away
 * from a UTC midnight, is not believed.
 */
export class LeapWatch {
  /** TAI - UTC that is believed. */
  taiUtc: number = NaN;
  /** Whether a source vouches for it. */
  valid = false;
  #notice: LeapNotice = "none";
  /** UTC midnight at which the announced second falls. */
  #atSeconds = NaN;
  #occurredSeconds = -Infinity;
  #occurredDelete = false;
  #doubted = NaN;
  #doubtedLeap: LeapNotice = "none";
  #vouched = false;

  /** Takes what the source says at `utcSeconds`; returns what is new. */
  take(
    utcSeconds: number,
    said: { readonly taiUtc: number; readonly taiUtcValid: boolean; readonly leap: LeapNotice },
  ): LeapEvent[] {
    if (Number.isNaN(this.taiUtc)) this.taiUtc = taiUtcOf(utcSeconds);
    const events = this.pass(utcSeconds);
    this.#offset(utcSeconds, said.taiUtc, said.taiUtcValid, events);
    this.#announce(utcSeconds, said.leap, events);
    return events;
  }

  /** The leap second that is announced, otherwise the last one that occurred; undefined if there was none. */
  get second(): LeapSecond | undefined {
    if (this.#notice !== "none") {
      return { atSeconds: this.#atSeconds, isDeleted: this.#notice === "delete" };
    }
    return this.#occurredSeconds === -Infinity
      ? undefined
      : { atSeconds: this.#occurredSeconds, isDeleted: this.#occurredDelete };
  }

  /** The announced second and when; undefined for none. */
  get announced(): { readonly leap: LeapNotice; readonly atSeconds: number } | undefined {
    return this.#notice === "none" ? undefined : { leap: this.#notice, atSeconds: this.#atSeconds };
  }

  /** Looks whether midnight has gone by with a second announced: it has happened, whatever a source says or does not. */
  pass(utcSeconds: number): LeapEvent[] {
    if (this.#notice === "none" || utcSeconds < this.#atSeconds) return [];
    const deleted = this.#notice === "delete";
    this.taiUtc += deleted ? -1 : 1;
    this.#occurredSeconds = this.#atSeconds;
    this.#occurredDelete = deleted;
    this.#notice = "none";
    return [{
      kind: deleted ? "deleted" : "inserted",
      text: `A leap second was ${deleted ? "deleted" : "inserted"}; TAI - UTC is ${this.taiUtc} s`,
    }];
  }

  /** Whether a step of the own clock is the leap second of this moment: back by a second for an inserted one. */
  explains(stepNs: number, utcSeconds: number): boolean {
    const isAhead = this.#notice !== "none";
    const atSeconds = isAhead ? this.#atSeconds : this.#occurredSeconds;
    const isDelete = isAhead ? this.#notice === "delete" : this.#occurredDelete;
    return Math.abs(utcSeconds - atSeconds) <= MIDNIGHT_SLACK &&
      Math.abs(stepNs - (isDelete ? 1e9 : -1e9)) <= STEP_TOLERANCE_NS;
  }

  #offset(utcSeconds: number, taiUtc: number, valid: boolean, events: LeapEvent[]): void {
    this.valid = valid && taiUtc === this.taiUtc;
    if (!valid || taiUtc === this.taiUtc) {
      this.#vouched ||= valid;
      this.#doubted = NaN;
      return;
    }
    if (!this.#vouched && taiUtc > this.taiUtc && taiUtc <= this.taiUtc + NEWER_SECONDS) {
      // This program may be older than the last leap second; the first source that vouches knows better.
      this.#vouched = true;
      events.push({
        kind: "implausible",
        text: `The source says TAI - UTC is ${taiUtc} s, this program knows ${this.taiUtc} s; ` +
          "the source is believed, an update of the program is due",
      });
      this.taiUtc = taiUtc;
      this.valid = true;
      return;
    }
    const intoDay = utcSeconds % DAY;
    const atMidnight = intoDay < MIDNIGHT_SLACK || intoDay > DAY - MIDNIGHT_SLACK;
    const change = taiUtc - this.taiUtc;
    // Right after an announced second a source may still say the old value.
    if (utcSeconds - this.#occurredSeconds < MIDNIGHT_SLACK && Math.abs(change) === 1) return;
    if (Math.abs(change) === 1 && atMidnight) {
      this.taiUtc = taiUtc;
      this.valid = true;
      this.#occurredSeconds = utcSeconds - (intoDay < MIDNIGHT_SLACK ? intoDay : intoDay - DAY);
      this.#occurredDelete = change < 0;
      const done = change < 0 ? "deleted" : "inserted";
      // The source may be a moment ahead of the own clock.
      const surprise = this.#notice === "none" ? " that nobody announced" : "";
      this.#notice = "none";
      events.push({
        kind: done,
        text: `A leap second was ${done}${surprise}; TAI - UTC is ${taiUtc} s`,
      });
      return;
    }
    if (this.#doubted === taiUtc) return;
    this.#doubted = taiUtc;
    events.push({
      kind: "implausible",
      text: `The source says TAI - UTC is ${taiUtc} s; ${this.taiUtc} s is expected and kept`,
    });
  }

  #announce(utcSeconds: number, leap: LeapNotice, events: LeapEvent[]): void {
    if (leap !== this.#doubtedLeap) this.#doubtedLeap = "none";
    if (leap === this.#notice || (leap !== "none" && leap === this.#doubtedLeap)) return;
    const midnight = (Math.floor(utcSeconds / DAY) + 1) * DAY;
    if (leap === "none") {
      this.#notice = "none";
      events.push({ kind: "withdrawn", text: "The leap second that was announced is withdrawn" });
      return;
    }
    // What says so after it has happened is late: flags of PTP by seconds, answers of NTP by minutes.
    if (utcSeconds - this.#occurredSeconds < DAY) return;
    this.#notice = leap;
    this.#atSeconds = midnight;
    const day = new Date((midnight - DAY) * 1000).toISOString().slice(0, 10);
    const possible = isMonthEnd(midnight);
    events.push({
      kind: possible ? "announced" : "implausible",
      text: `A leap second is announced: ${day} has ${leap === "insert" ? 86_401 : 86_399} seconds${
        possible ? "" : ", although that is not the end of a month"
      }`,
    });
    if (possible) return;
    this.#notice = "none";
    this.#doubtedLeap = leap;
  }
}

function isMonthEnd(midnight: number): boolean {
  return new Date(midnight * 1000).getUTCDate() === 1;
}
