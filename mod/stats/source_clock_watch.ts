/**
 * Watches the time stamps of one source against their arrival, and names a clock that is bunched, drifting or off.
 *
 * @module
 */
import type { ClockReport, Instant } from "../core/mod.ts";
import { LatencyHistogram } from "../core/mod.ts";
import { DriftLine } from "./drift_line.ts";

/** What can be wrong with the stamps of a source: `ok` when nothing is, `unknown` until enough has come to tell. */
export type ClockVerdictKind =
  | "unknown"
  | "ok"
  | "bunched"
  | "drifting"
  | "off"
  | "late"
  | "irregular";

/** The verdict on a source, with a sentence that gives the numbers. */
export interface ClockVerdict {
  /** What is wrong. */
  readonly kind: ClockVerdictKind;
  /** Why, for people. */
  readonly text: string;
}

/** The verdict with what is to be said of the clock that it was found by; `own` is undefined where nobody watches it. */
export function withOwnClock(verdict: ClockVerdict, own: ClockReport | undefined): ClockVerdict {
  const { kind, text } = verdict;
  if (kind === "unknown" || kind === "ok") return verdict;
  if (own?.state === "fault") {
    return { kind, text: `${text}; but this clock itself is known to be wrong` };
  }
  if (own?.state !== "free") return verdict;
  return { kind, text: `${text}; but this clock itself is free, nothing says that it is right` };
}

/** Limits of a {@linkcode SourceClockWatch}; defaults suit PMUs that are connected directly. */
export interface SourceClockWatchOptions {
  /** Length of a window in milliseconds; default 10 s. Verdicts change at the ends of windows. */
  readonly windowMs?: number;
  /**
   * Greatest plausible median delay in milliseconds, above which the clock is off. By default 900, so that a whole
   * second stands out, and `late` from 250 ms beyond what class M may take (seven frames) on.
   */
  readonly plausibleDelayMs?: number | undefined;
  /** How far stamps may lie after their arrival in milliseconds; default 20. */
  readonly aheadMs?: number;
  /** Drift that is tolerated, in parts per million; default 5. */
  readonly driftPpm?: number;
  /** Windows over which drift is measured; default 30. */
  readonly driftWindows?: number;
  /** Slack of a stamp against the grid of the rate in milliseconds; default 1.1, for stamps cut to milliseconds. */
  readonly gridToleranceMs?: number;
}

/** Delays of the window that ended last, in microseconds (arrival minus stamp; negative: the stamp lies ahead). */
export interface ClockFigures {
  /** Frames in the window. */
  readonly frames: number;
  /** Median delay: the offset of the source as seen from here. */
  readonly p50Micros: number;
  /** 95th percentile. */
  readonly p95Micros: number;
  /** 99th percentile. */
  readonly p99Micros: number;
  /** Least delay. */
  readonly minMicros: number;
  /** Change of the least delay over minutes, in parts per million; NaN until enough windows are over. */
  readonly driftPpm: number;
  /** Share of frames (0 to 1) that arrived right behind another one though their stamps lie apart. */
  readonly burstShare: number;
  /** Share of stamps (0 to 1) that follow their predecessor by less than half the frame interval. */
  readonly crowdedShare: number;
  /** Share of stamps (0 to 1) that are not on the grid of the rate. */
  readonly offGridShare: number;
}

const MIN_FRAMES = 10;
// Windows in a row that must agree before the verdict changes, and how much better a figure must be
// than its limit before the fault counts as gone.
const WINDOWS_TO_BLAME = 2;
const WINDOWS_TO_CLEAR = 3;
const RELIEF = 0.8;
/** The first window is short and only tells whether the clock is off: whoever connects a device wants to know soon. */
const FIRST_WINDOW_MS = 2000;
const DEFAULT_PLAUSIBLE_MS = 900;
/** Frames that a PMU of class M may take to report (IEC/IEEE 60255-118-1, reporting latency), and the way from it. */
const LATENCY_FRAMES = 7;
const WAY_MS = 250;
const UNKNOWN: ClockVerdict = { kind: "unknown", text: "too few frames have come to judge it" };

/** Watches one source; `add` allocates nothing. */
export class SourceClockWatch {
  readonly #options: Required<Omit<SourceClockWatchOptions, "plausibleDelayMs">>;
  readonly #offMs: number;
  readonly #lateMs: number;
  readonly #periodMicros: number;
  readonly #rate: number;
  readonly #delays = new LatencyHistogram();
  readonly #drift: DriftLine;
  #windowStart = NaN;
  #windowMicros: number;
  #lastArrival = NaN;
  #lastSeconds = 0.5;
  #lastNanos = 0;
  #bursts = 0;
  #crowded = 0;
  #offGrid = 0;
  #figures: ClockFigures | undefined;
  #verdict = UNKNOWN;
  #pending: ClockVerdictKind = "unknown";
  #pendingWindows = 0;

  /** Watches a source of `framesPerSecond`; at 0 (unknown) only offset and drift are judged. */
  constructor(framesPerSecond: number, options: SourceClockWatchOptions = {}) {
    this.#options = {
      windowMs: options.windowMs ?? 10_000,
      aheadMs: options.aheadMs ?? 20,
      driftPpm: options.driftPpm ?? 5,
      driftWindows: options.driftWindows ?? 30,
      gridToleranceMs: options.gridToleranceMs ?? 1.1,
    };
    this.#windowMicros = Math.min(FIRST_WINDOW_MS, this.#options.windowMs) * 1000;
    this.#rate = framesPerSecond;
    const { plausibleDelayMs } = options;
    this.#offMs = plausibleDelayMs ?? DEFAULT_PLAUSIBLE_MS;
    this.#lateMs = plausibleDelayMs === undefined && framesPerSecond > 0
      ? LATENCY_FRAMES * 1000 / framesPerSecond + WAY_MS
      : Infinity;
    this.#periodMicros = framesPerSecond > 0 ? 1e6 / framesPerSecond : NaN;
    this.#drift = new DriftLine(this.#options.driftWindows);
  }

  /** A frame with the stamp `stamp` arrived at `arrivalMicros` since 1970. True if a window ended and the verdict may have changed. */
  add(stamp: Instant, arrivalMicros: number): boolean {
    let ended = false;
    if (this.#windowStart !== this.#windowStart) this.#windowStart = arrivalMicros;
    const age = arrivalMicros - this.#windowStart;
    if (age < -1e6) {
      this.#restart(arrivalMicros); // the host's clock was set back: nothing older can be compared
    } else if (age >= this.#windowMicros && this.#delays.count >= MIN_FRAMES) {
      this.#close(arrivalMicros);
      ended = true;
    }
    this.#delays.add(arrivalMicros - stamp.seconds * 1e6 - stamp.nanos / 1000);
    const step = (stamp.seconds - this.#lastSeconds) * 1e6 + (stamp.nanos - this.#lastNanos) / 1000;
    const gap = arrivalMicros - this.#lastArrival;
    if (gap === gap && step < this.#periodMicros / 2) this.#crowded++;
    else if (gap < this.#periodMicros / 5) this.#bursts++;
    if (this.#offGridMicros(stamp.nanos) > this.#options.gridToleranceMs * 1000) this.#offGrid++;
    this.#lastArrival = arrivalMicros;
    this.#lastSeconds = stamp.seconds;
    this.#lastNanos = stamp.nanos;
    return ended;
  }

  /** The verdict, steady over several windows. */
  verdict(): ClockVerdict {
    return this.#verdict;
  }
  /** Figures of the window that ended last; undefined before. */
  figures(): ClockFigures | undefined {
    return this.#figures;
  }

  #offGridMicros(nanos: number): number {
    if (!(this.#rate >= 1)) return 0;
    const slots = (nanos * this.#rate) / 1e9;
    return Math.abs(slots - Math.round(slots)) * this.#periodMicros;
  }

  #close(arrivalMicros: number): void {
    const delays = this.#delays;
    const isFirst = this.#windowMicros < this.#options.windowMs * 1000;
    if (!isFirst) this.#drift.add(arrivalMicros / 1e6, delays.min); // least delays of windows of one length
    this.#figures = {
      frames: delays.count,
      p50Micros: delays.percentile(50),
      p95Micros: delays.percentile(95),
      p99Micros: delays.percentile(99),
      minMicros: delays.min,
      driftPpm: this.#drift.slope(),
      burstShare: this.#bursts / delays.count,
      crowdedShare: this.#crowded / delays.count,
      offGridShare: this.#offGrid / delays.count,
    };
    this.#judge(this.#figures, isFirst);
    this.#windowMicros = this.#options.windowMs * 1000;
    this.#restartWindow(arrivalMicros);
  }

  #judge(f: ClockFigures, isFirst: boolean): void {
    const found = this.#find(f);
    if (isFirst && found.kind !== "off") return;
    if (found.kind === this.#verdict.kind) {
      this.#verdict = found;
      this.#pendingWindows = 0;
      return;
    }
    this.#pendingWindows = found.kind === this.#pending ? this.#pendingWindows + 1 : 1;
    this.#pending = found.kind;
    const needed = this.#verdict.kind === "unknown" && (found.kind === "ok" || found.kind === "off")
      ? 1
      : found.kind === "ok"
      ? WINDOWS_TO_CLEAR
      : WINDOWS_TO_BLAME;
    if (this.#pendingWindows < needed) return;
    this.#verdict = found;
    this.#pendingWindows = 0;
  }

  /** What this window says; the fault that is blamed already is held to a stricter limit. */
  #find(f: ClockFigures): ClockVerdict {
    const held = (kind: ClockVerdictKind) => this.#verdict.kind === kind ? RELIEF : 1;
    const { aheadMs, driftPpm } = this.#options;
    const medianMs = f.p50Micros / 1000;
    const off = held("off");
    if (medianMs < -aheadMs * off || medianMs > this.#offMs * off) {
      return { kind: "off", text: offText(f.p50Micros) };
    }
    if (f.crowdedShare > 0.1 * held("bunched")) {
      return {
        kind: "bunched",
        text: `stamps are bunched: ${percent(f.crowdedShare)} follow the one before by less than ` +
          "half the frame interval",
      };
    }
    if (f.burstShare > 0.4 * held("bunched")) {
      return {
        kind: "bunched",
        text: `frames arrive in bunches: ${percent(f.burstShare)} came right behind another, ` +
          `about ${Math.round(1 / Math.max(0.01, 1 - f.burstShare))} at a time`,
      };
    }
    // Before the grid: stamps of a clock that drifts leave it.
    if (this.#drift.isTrend() && Math.abs(f.driftPpm) > driftPpm * held("drifting")) {
      const word = f.driftPpm > 0 ? "slow" : "fast";
      return {
        kind: "drifting",
        text: `the clock drifts: ${Math.abs(f.driftPpm).toFixed(1)} ppm ${word} against this one`,
      };
    }
    if (f.offGridShare > 0.1 * held("irregular")) {
      return {
        kind: "irregular",
        text: `${percent(f.offGridShare)} of the stamps lie off the grid of ${this.#rate} frames/s`,
      };
    }
    const delay = `${(medianMs / 1000).toFixed(3)} s`;
    if (medianMs > this.#lateMs * held("late")) {
      return {
        kind: "late",
        text:
          `stamps lie ${delay} behind their arrival: the clock is behind, the way is long, or a concentrator ` +
          "waits; plausibleDelayMs says what is right",
      };
    }
    return {
      kind: "ok",
      text:
        `stamps are regular and arrive after ${delay}, so that the clock is behind by less than that`,
    };
  }

  #restartWindow(arrivalMicros: number): void {
    this.#windowStart = arrivalMicros;
    this.#delays.reset();
    this.#bursts = 0;
    this.#crowded = 0;
    this.#offGrid = 0;
  }

  #restart(arrivalMicros: number): void {
    this.#restartWindow(arrivalMicros);
    this.#drift.reset();
    this.#lastArrival = NaN;
  }
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** TAI - UTC since 2017, and GPS time - UTC, in seconds: only words depend on them. */
const TAI_UTC = 37, GPS_UTC = 18;

function offText(medianMicros: number): string {
  const seconds = medianMicros / 1e6;
  const side = seconds < 0 ? "ahead of" : "behind";
  const text = `stamps lie ${Math.abs(seconds).toFixed(3)} s ${side} their arrival`;
  const quarters = Math.round(seconds / 900);
  if (quarters !== 0 && Math.abs(seconds - quarters * 900) < 2) {
    return `${text}: about ${Math.abs(quarters) / 4} h, as by a wrong time zone`;
  }
  // A healthy delay is a fraction of a second, and is seen on top of whole seconds.
  const whole = Math.floor(seconds + 0.05);
  if (seconds - whole > 0.5) return text;
  if (whole === -TAI_UTC) return `${text}: ${TAI_UTC} whole seconds, as by stamps in TAI`;
  if (whole === TAI_UTC) {
    return `${text}: ${TAI_UTC} whole seconds, as by TAI - UTC taken off twice`;
  }
  if (whole === -GPS_UTC) return `${text}: ${GPS_UTC} whole seconds, as by stamps in GPS time`;
  if (Math.abs(whole) === 1) return `${text}: one whole second, as by a leap second fault`;
  return whole === 0 ? text : `${text}: about ${Math.abs(whole)} whole seconds`;
}
