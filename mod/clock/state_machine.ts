/**
 * The states of the gateway's clock, with a cause for every change.
 *
 * @module
 */
import {
  type ClockReport,
  type ClockState,
  SUSPECT_ERROR_NS,
  UNWATCHED_CLOCK,
} from "../core/mod.ts";
import { durationText } from "../ptp/mod.ts";
import { HoldoverModel, type Oscillator } from "./holdover.ts";
import { LeapWatch } from "./leap_watch.ts";
import type { SourceJudgement } from "./tracker.ts";

/** Limits of the states. */
export interface ClockLimits {
  /** Offset up to which a second is good, in nanoseconds; ten times as much ends following. */
  readonly offsetNs: number;
  /** Bound of the error up to which a traceable clock is locked, in nanoseconds; above it is local. */
  readonly lockedNs: number;
  /** Bound above which holdover ends, in nanoseconds. */
  readonly freeNs: number;
  /** What runs in holdover. */
  readonly oscillator: Oscillator;
}

/** Limits that protection and measurement want. */
export const DEFAULT_LIMITS: ClockLimits = {
  offsetNs: 10_000,
  lockedNs: SUSPECT_ERROR_NS,
  freeNs: 1_000_000,
  oscillator: "crystal",
};

/** Something that happened to the clock. */
export interface ClockEvent {
  /** When: microseconds since 1970, by the clock itself. */
  readonly atMicros: number;
  /** What it is. */
  readonly kind:
    | "state"
    | "step"
    | "source"
    | "grandmaster"
    | "leap"
    | "disagreement"
    | "floor"
    | "network";
  /** In a sentence, with its cause. */
  readonly text: string;
  /** State after it. */
  readonly state: ClockState;
}

/** A moment: both clocks are handed in. */
export interface Moment {
  /** Monotonic milliseconds. */
  readonly ms: number;
  /** Microseconds since 1970. */
  readonly micros: number;
}

/** Seconds of good readings before a reference is followed. */
const GOOD_MS = 5000;
/** Milliseconds after which a better state is believed. */
const BETTER_MS = 3000;

const RANK: Readonly<Record<ClockState, number>> = {
  locked: 0,
  local: 1,
  holdover: 2,
  free: 3,
  fault: 4,
};

/** The state of the clock. Pure: readings and moments are handed in, events are given out. */
export class ClockStateMachine {
  /** TAI - UTC and leap seconds. */
  readonly leap = new LeapWatch();
  readonly #limits: ClockLimits;
  readonly #holdover: HoldoverModel;
  readonly #onEvent: (event: ClockEvent) => void;
  #report: ClockReport;
  #goodSinceMs = NaN;
  #betterSinceMs = NaN;
  #holdoverMs = NaN;
  #holdoverErrorNs = NaN;
  #faultText = "";

  /** Makes a clock of which nothing is known; `onEvent` hears of everything that happens to it. */
  constructor(limits: ClockLimits, now: Moment, onEvent: (event: ClockEvent) => void) {
    this.#limits = limits;
    this.#holdover = new HoldoverModel(limits.oscillator);
    this.#onEvent = onEvent;
    this.#report = { ...UNWATCHED_CLOCK, sinceMicros: now.micros };
  }

  /** What is known now. */
  get report(): ClockReport {
    return this.#report;
  }

  /** Declares the clock wrong, or right again with an empty text. */
  fault(text: string, now: Moment): void {
    if (text === this.#faultText) return;
    const before = this.#faultText;
    this.#faultText = text;
    this.#goodSinceMs = NaN;
    if (text !== "") this.#change("fault", Infinity, text, now);
    else if (before !== "") this.#change("free", Infinity, "the fault is over", now);
  }

  /** Takes the frequency correction that is in force, in parts per million, while a reference is followed. */
  frequency(ppm: number, now: Moment): void {
    if (RANK[this.#report.state] <= RANK.local) this.#holdover.correction(ppm, now.ms);
  }

  /**
   * Says that the own clock was set by `deltaNs`: a step is an event, and what was known of the error is known no more.
   *
   * False if it is the leap second of this moment, which is none.
   */
  stepped(deltaNs: number, now: Moment): boolean {
    const text = `stepped by ${durationText(Math.round(deltaNs))}`;
    if (this.leap.explains(deltaNs, Math.floor(now.micros / 1e6))) {
      this.#event("leap", `The clock took the leap second: it ${text}`, now);
      return false;
    }
    this.#event("step", `The clock ${text}`, now);
    if (this.#report.state !== "fault") this.#lose("the clock stepped", now, Infinity);
    return true;
  }

  /** Takes the judgement of the source that is followed; undefined if none can be, with the reason. */
  update(chosen: SourceJudgement | undefined, reason: string, now: Moment): void {
    if (this.#report.state === "fault") return;
    if (!chosen) {
      this.#goodSinceMs = NaN;
      this.#passLeap(now);
      if (RANK[this.#report.state] <= RANK.local) this.#lose(reason, now);
      else this.#hold(now);
      return;
    }
    this.#names(chosen, now);
    if (chosen.stepNs !== 0) {
      this.#event(
        "step",
        `${chosen.name} and the clock moved apart by ${durationText(Math.round(chosen.stepNs))}`,
        now,
      );
    }
    const { referenceErrorNs, toleranceNs } = chosen.reading;
    const limit = Math.max(this.#limits.offsetNs, referenceErrorNs, toleranceNs);
    const offset = Math.abs(chosen.offsetNs);
    if (chosen.stepNs !== 0 || offset > 10 * limit) {
      this.#goodSinceMs = NaN;
      const cause = chosen.stepNs !== 0
        ? `step against ${chosen.name}`
        : `offset ${durationText(Math.round(chosen.offsetNs))} from ${chosen.name}`;
      if (RANK[this.#report.state] <= RANK.local) this.#lose(cause, now, Math.abs(chosen.offsetNs));
      else this.#hold(now, Math.abs(chosen.offsetNs), cause);
      return;
    }
    if (offset > limit || Number.isNaN(offset)) this.#goodSinceMs = NaN;
    else if (Number.isNaN(this.#goodSinceMs)) this.#goodSinceMs = now.ms;
    this.#follow(chosen, now);
  }

  #follow(chosen: SourceJudgement, now: Moment): void {
    const { reading, errorNs, name } = chosen;
    const within = errorNs <= this.#limits.lockedNs;
    const state: ClockState = reading.traceable && within ? "locked" : "local";
    const why = state === "locked"
      ? `${name}: ${reading.reason}`
      : !reading.traceable
      ? `${name} is not traceable to UTC: ${reading.reason}`
      : `${name}: the error may be ${durationText(Math.round(errorNs))}`;
    const before = this.#report.state;
    if (RANK[before] > RANK.local) {
      if (now.ms - this.#goodSinceMs >= GOOD_MS) this.#change(state, errorNs, why, now);
      else this.#hold(now, Math.abs(chosen.offsetNs), why);
      return;
    }
    if (state === before) {
      this.#betterSinceMs = NaN;
      this.#set({ errorNs, ...(state === "locked" ? { lockedMicros: now.micros } : {}) });
    } else if (RANK[state] > RANK[before]) {
      this.#change(state, errorNs, why, now);
    } else {
      if (Number.isNaN(this.#betterSinceMs)) this.#betterSinceMs = now.ms;
      if (now.ms - this.#betterSinceMs >= BETTER_MS) this.#change(state, errorNs, why, now);
      else this.#set({ errorNs });
    }
  }

  /** The reference is lost: holdover while the error is known, else free. */
  #lose(cause: string, now: Moment, moreErrorNs = 0): void {
    this.#goodSinceMs = NaN;
    this.#holdoverMs = now.ms;
    this.#holdoverErrorNs = this.#report.errorNs + moreErrorNs;
    const known = this.#holdoverErrorNs <= this.#limits.freeNs;
    this.#change(known ? "holdover" : "free", this.#holdoverErrorNs, cause, now);
  }

  /** Goes on without a reference; one that is not followed yet may show that the error is `shownNs` at least. */
  #hold(now: Moment, shownNs = 0, cause = ""): void {
    if (Number.isNaN(this.#holdoverMs)) return;
    const heldNs = this.#holdoverErrorNs +
      this.#holdover.growthNs((now.ms - this.#holdoverMs) / 1000);
    const errorNs = shownNs > heldNs ? shownNs : heldNs;
    const { freeNs } = this.#limits;
    if (this.#report.state === "holdover" && errorNs > freeNs) {
      const grown = `the error in holdover may exceed ${durationText(freeNs)}`;
      this.#change("free", errorNs, heldNs > freeNs ? grown : cause, now);
    } else this.#set({ errorNs });
  }

  #names(chosen: SourceJudgement, now: Moment): void {
    const { name, reading } = chosen;
    const identity = reading.grandmaster?.identity ?? "";
    const before = this.#report;
    if (before.source !== name) this.#event("source", `Following ${name}`, now);
    else if (before.grandmasterIdentity !== identity) {
      this.#event(
        "grandmaster",
        `The grandmaster of ${name} is ${identity}, it was ${before.grandmasterIdentity || "none"}`,
        now,
      );
    }
    const seconds = Math.floor(now.micros / 1e6);
    for (const { text } of this.leap.take(seconds, reading)) this.#event("leap", text, now);
    this.#set({
      source: name,
      grandmasterIdentity: identity,
      grandmasterId: reading.grandmaster?.grandmasterId ?? 0,
      leapSecond: this.leap.second,
      taiUtc: this.leap.taiUtc,
      taiUtcValid: this.leap.valid,
    });
  }

  /** A leap second that was announced falls, whether or not a source is there to say so. */
  #passLeap(now: Moment): void {
    const seconds = Math.floor(now.micros / 1e6);
    for (const { text } of this.leap.pass(seconds)) {
      this.#event("leap", text, now);
      this.#set({ taiUtc: this.leap.taiUtc });
    }
    this.#set({ leapSecond: this.leap.second });
  }

  #change(state: ClockState, errorNs: number, cause: string, now: Moment): void {
    const before = this.#report.state;
    this.#betterSinceMs = NaN;
    if (state !== "holdover" && state !== "free") this.#holdoverMs = NaN;
    this.#set({
      state,
      errorNs,
      ...(state === before ? {} : { sinceMicros: now.micros }),
      ...(state === "locked" ? { lockedMicros: now.micros } : {}),
      ...(RANK[state] > RANK.holdover ? { source: "", grandmasterIdentity: "" } : {}),
    });
    if (state !== before) this.#event("state", `${before} to ${state}: ${cause}`, now);
  }

  #set(change: Partial<ClockReport>): void {
    this.#report = { ...this.#report, ...change };
  }

  #event(kind: ClockEvent["kind"], text: string, now: Moment): void {
    this.#onEvent({ atMicros: now.micros, kind, text, state: this.#report.state });
  }
}
