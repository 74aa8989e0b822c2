/**
 * One alarm over all of its signals: limits, delays and hysteresis.
 *
 * @module
 */
import { type Frame, StateFlags } from "../core/mod.ts";
import type { AlarmOptions } from "./options.ts";

/** Values that are of no use: what triggers on synchrophasors pass over too. */
const BAD = StateFlags.BadData | StateFlags.DiscardedValue | StateFlags.CalculationError |
  StateFlags.SystemError | StateFlags.MeasurementError;
/** What a value says of its clock, which the alarm says after it. */
const TIME = StateFlags.BadTime | StateFlags.SuspectTime;
/** A stamp that lies further back is a clock that was set, not a frame that came late. */
const LONGEST_BACK_MICROS = 60e6;

/** What becomes of a signal. */
const CLEAR = 0, RISING = 1, RAISED = 2, FALLING = 3;
/** What a value says of the condition. */
const NO = 0, YES = 1, UNKNOWN = 2;

/** What is known of a signal that joins. */
export interface JoinOptions {
  /** Angles in degrees: differences are taken the short way round. */
  readonly isAngle: boolean;
  /** After this time without a value delays begin anew; Infinity where the rate is unknown. */
  readonly gapMicros: number;
}

/** The state of one signal. Times are microseconds since 1970, of the values' stamps. */
export interface AlarmState {
  /** Handle of the signal. */
  readonly handle: number;
  /** Whether the alarm is raised for it. */
  readonly isRaised: boolean;
  /** When it was raised or cleared last; NaN if never. */
  readonly sinceMicros: number;
  /** The last value that was looked at; NaN if none was, or if it was missing. */
  readonly value: number;
  /** How often the alarm was raised for it. */
  readonly count: number;
}

/** One alarm: takes values, tells when the state of a signal changes. Nothing is allocated per value. */
export class AlarmWatch {
  /** Name, as in `[alarm.NAME]`. */
  readonly name: string;
  /** Signals for which the alarm is raised now. */
  raised = 0;
  /** How often it was raised, over all signals that ever joined. */
  raises = 0;
  /** Values that were looked at. */
  looked = 0;
  /** Values that were passed over for being bad or missing. */
  skipped = 0;
  /** Values that were passed over for not being newer than the one before. */
  outOfOrder = 0;
  /** Quality of the time of the value that was looked at last: bits of the state flags. */
  timeFlags = 0;
  /** Stamp of the newest value that was looked at, microseconds since 1970; NaN if none was. */
  lastMicros: number = NaN;
  /** The value that is looked at and its time: fields, since a number that is handed on may be put on the heap. */
  #x = 0.5;
  #at = 0.5;
  #options: AlarmOptions;
  #limits: Limits;
  readonly #slots = new Map<number, number>();
  readonly #free: number[] = [];
  #handles: number[] = [];
  #isAngle = new Uint8Array(8);
  #gap = new Float64Array(8);
  #state = new Uint8Array(8);
  #last = new Float64Array(8);
  #began = new Float64Array(8);
  #since = new Float64Array(8);
  #value = new Float64Array(8);
  #anchor = new Float64Array(8);
  #anchorAt = new Float64Array(8);
  #count = new Float64Array(8);

  /** An alarm that watches nothing yet. */
  constructor(name: string, options: AlarmOptions) {
    this.name = name;
    this.#options = options;
    this.#limits = limitsOf(options);
  }

  /** What it looks for. */
  get options(): AlarmOptions {
    return this.#options;
  }

  /** Number of signals that are watched. */
  get size(): number {
    return this.#slots.size;
  }

  /** Handles of the signals that are watched. */
  handles(): Iterable<number> {
    return this.#slots.keys();
  }

  /**
   * Takes other limits into use; states stay, and the next value is held against the new limits.
   *
   * Another condition, and being switched off, clear all.
   */
  adjust(options: AlarmOptions): void {
    const isOther = options.condition !== this.#options.condition;
    this.#options = options;
    this.#limits = limitsOf(options);
    if (isOther || !options.enabled) { for (const slot of this.#slots.values()) this.#reset(slot); }
  }

  /** Watches a signal; the number by which {@linkcode take} knows it, the same as before if it is watched. */
  join(handle: number, { isAngle, gapMicros }: JoinOptions): number {
    let slot = this.#slots.get(handle);
    if (slot === undefined) {
      slot = this.#free.pop() ?? this.#handles.length;
      if (slot >= this.#state.length) this.#grow();
      this.#handles[slot] = handle;
      this.#slots.set(handle, slot);
      this.#reset(slot);
      this.#since[slot] = NaN;
      this.#count[slot] = 0;
    }
    this.#isAngle[slot] = isAngle ? 1 : 0;
    this.#gap[slot] = gapMicros;
    return slot;
  }

  /** Forgets a signal. */
  leave(handle: number): void {
    const slot = this.#slots.get(handle);
    if (slot === undefined) return;
    this.#reset(slot);
    this.#slots.delete(handle);
    this.#free.push(slot);
  }

  /**
   * Takes the value of a signal at `at` (microseconds since 1970); true if the alarm was raised or cleared
   * for it.
   *
   * A value that is not newer than the last one is passed over. One that is missing, or bad and not to be
   * used, says nothing: delays begin anew, and what is raised stays raised.
   */
  take(slot: number, value: number, flags: number, at: number): boolean {
    this.#x = value;
    this.#at = at;
    return this.#take(slot, flags);
  }

  /**
   * Does what {@linkcode take} does for some values of a lent frame: those at `places`, of the signals with the
   * numbers `slots`. True if the alarm was raised or cleared for any.
   */
  takeFrame(frame: Frame, places: Int32Array, slots: Int32Array): boolean {
    const { values, flags, instant } = frame;
    this.#at = instant.seconds * 1e6 + instant.nanos / 1000;
    let hasChanged = false;
    for (let i = 0; i < places.length; i++) {
      const place = places[i]!;
      this.#x = values[place]!;
      if (this.#take(slots[i]!, flags[place]!)) hasChanged = true;
    }
    return hasChanged;
  }

  #take(slot: number, flags: number): boolean {
    const last = this.#last[slot]!, at = this.#at, value = this.#x;
    if (at <= last && at > last - LONGEST_BACK_MICROS) {
      this.outOfOrder++;
      return false;
    }
    if (at < last || at - last > this.#gap[slot]!) this.#interrupt(slot);
    this.#last[slot] = at;
    const { condition, useBad, enabled } = this.#options;
    if (!enabled) return false;
    if (condition !== "badQuality" && (value !== value || (!useBad && (flags & BAD) !== 0))) {
      this.skipped++;
      // A value that is stuck is stuck over a bad one too.
      if (condition !== "flatline") this.#interrupt(slot);
      return false;
    }
    this.looked++;
    this.#value[slot] = value;
    this.timeFlags = flags & TIME;
    this.lastMicros = at;
    const holds = this.#judge(slot, flags);
    return holds === UNKNOWN ? false : this.#step(slot, holds === YES);
  }

  /** The signals for which the alarm is raised, or all. */
  states(all = false): AlarmState[] {
    const states: AlarmState[] = [];
    for (const [handle, slot] of this.#slots) {
      const isRaised = this.#state[slot]! >= RAISED;
      if (!isRaised && !all) continue;
      states.push({
        handle,
        isRaised,
        sinceMicros: this.#since[slot]!,
        value: this.#value[slot]!,
        count: this.#count[slot]!,
      });
    }
    return states;
  }

  #step(slot: number, holds: boolean): boolean {
    const state = this.#state[slot]!, at = this.#at;
    if (state < RAISED) {
      if (!holds) {
        this.#state[slot] = CLEAR;
        return false;
      }
      if (state === CLEAR) {
        this.#state[slot] = RISING;
        this.#began[slot] = this.#options.condition === "flatline" ? this.#anchorAt[slot]! : at;
      }
      if (at - this.#began[slot]! < this.#limits.delay) return false;
      this.#state[slot] = RAISED;
      this.#count[slot]!++;
      this.raised++;
      this.raises++;
    } else {
      if (holds) {
        this.#state[slot] = RAISED;
        return false;
      }
      if (state === RAISED) {
        this.#state[slot] = FALLING;
        this.#began[slot] = at;
      }
      if (at - this.#began[slot]! < this.#limits.clearDelay) return false;
      this.#state[slot] = CLEAR;
      this.raised--;
    }
    this.#since[slot] = at;
    return true;
  }

  #judge(slot: number, flags: number): number {
    const { on, off } = this.#limits, value = this.#x, at = this.#at;
    const band = this.#state[slot]! >= RAISED ? off : on;
    switch (this.#options.condition) {
      case "over":
        return value > band.high ? YES : NO;
      case "under":
        return value < band.low ? YES : NO;
      case "atLeast":
        return value >= band.high ? YES : NO;
      case "atMost":
        return value <= band.low ? YES : NO;
      case "outside":
        return value < band.low || value > band.high ? YES : NO;
      case "equal":
      case "notEqual": {
        const near = this.#nearest(slot, value, band.middle);
        const isIn = near >= band.low && near <= band.high;
        return isIn === (this.#options.condition === "equal") ? YES : NO;
      }
      case "rateOfChange": {
        const since = at - this.#anchorAt[slot]!;
        if (since < this.#limits.window) return UNKNOWN;
        const rate = Math.abs(this.#change(slot, value)) / since * 1e6;
        this.#anchor[slot] = value;
        this.#anchorAt[slot] = at;
        return rate !== rate ? UNKNOWN : rate > band.high ? YES : NO;
      }
      case "flatline": {
        if (Math.abs(this.#change(slot, value)) <= band.high) return YES;
        this.#anchor[slot] = value;
        this.#anchorAt[slot] = at;
        return NO;
      }
      case "badQuality":
        return value !== value || (flags & (BAD | StateFlags.BadTime)) !== 0 ? YES : NO;
    }
  }

  /** The change from the anchor; NaN without one. */
  #change(slot: number, value: number): number {
    const change = value - this.#anchor[slot]!;
    return this.#isAngle[slot] === 1 ? change - 360 * Math.round(change / 360) : change;
  }

  /** An angle as the number that lies nearest to `to`. */
  #nearest(slot: number, value: number, to: number): number {
    return this.#isAngle[slot] === 1 ? value - 360 * Math.round((value - to) / 360) : value;
  }

  /** What has not lasted begins anew. */
  #interrupt(slot: number): void {
    const state = this.#state[slot]!;
    if (state === RISING) this.#state[slot] = CLEAR;
    if (state === FALLING) this.#state[slot] = RAISED;
    // A raised flatline goes on until a value differs.
    if (this.#options.condition === "flatline" && state >= RAISED) return;
    this.#anchor[slot] = NaN;
    this.#anchorAt[slot] = NaN;
  }

  #reset(slot: number): void {
    if (this.#state[slot]! >= RAISED) this.raised--;
    this.#state[slot] = CLEAR;
    this.#last[slot] = NaN;
    this.#value[slot] = NaN;
    this.#anchor[slot] = NaN;
    this.#anchorAt[slot] = NaN;
  }

  #grow(): void {
    const size = this.#state.length * 2;
    const grown = (from: Float64Array) => {
      const to = new Float64Array(size);
      to.set(from);
      return to;
    };
    const bytes = (from: Uint8Array) => {
      const to = new Uint8Array(size);
      to.set(from);
      return to;
    };
    this.#isAngle = bytes(this.#isAngle);
    this.#state = bytes(this.#state);
    this.#gap = grown(this.#gap);
    this.#last = grown(this.#last);
    this.#began = grown(this.#began);
    this.#since = grown(this.#since);
    this.#value = grown(this.#value);
    this.#anchor = grown(this.#anchor);
    this.#anchorAt = grown(this.#anchorAt);
    this.#count = grown(this.#count);
  }
}

/** Edges that a value is held against. */
interface Band {
  readonly low: number;
  readonly high: number;
  readonly middle: number;
}

/** Limits as values are: 32-bit floats, so that a value that was sent as 60.05 is equal to 60.05. */
interface Limits {
  /** Edges beyond which the condition holds while the alarm is not raised. */
  readonly on: Band;
  /** Edges beyond which it holds while it is: further back by the hysteresis. */
  readonly off: Band;
  /** Microseconds. */
  readonly delay: number;
  /** Microseconds. */
  readonly clearDelay: number;
  /** Microseconds. */
  readonly window: number;
}

function limitsOf(o: AlarmOptions): Limits {
  const times = {
    delay: o.delayMs * 1000,
    clearDelay: o.clearDelayMs * 1000,
    window: o.condition === "rateOfChange" ? o.windowMs * 1000 : 0,
  };
  const edges = (low: number, high: number, middle = 0): Band => ({
    low: Math.fround(low),
    high: Math.fround(high),
    middle,
  });
  switch (o.condition) {
    case "over":
    case "under":
    case "atLeast":
    case "atMost":
      return {
        ...times,
        on: edges(o.limit, o.limit),
        off: edges(o.limit + o.hysteresis, o.limit - o.hysteresis),
      };
    case "outside":
      return {
        ...times,
        on: edges(o.low, o.high),
        off: edges(o.low + o.hysteresis, o.high - o.hysteresis),
      };
    case "equal":
    case "notEqual": {
      // Equal clears further outside of the band, notEqual further inside, up to the middle.
      const wide = o.condition === "equal"
        ? o.tolerance + o.hysteresis
        : Math.max(0, o.tolerance - o.hysteresis);
      return {
        ...times,
        on: edges(o.limit - o.tolerance, o.limit + o.tolerance, o.limit),
        off: edges(o.limit - wide, o.limit + wide, o.limit),
      };
    }
    case "rateOfChange":
      return {
        ...times,
        on: { low: 0, high: o.limit, middle: 0 },
        // A rate that has come to rest always clears.
        off: { low: 0, high: Math.max(0, o.limit - o.hysteresis), middle: 0 },
      };
    case "flatline": {
      const band = { low: 0, high: o.tolerance, middle: 0 };
      return { ...times, on: band, off: band };
    }
    case "badQuality":
      return { ...times, on: edges(0, 0), off: edges(0, 0) };
  }
}
