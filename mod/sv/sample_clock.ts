/**
 * From `smpCnt` and arrival to the number and the instant of a sample.
 *
 * @module
 */
import { type Instant, SampleMarks } from "../core/mod.ts";
import { ArrivalOffset } from "./arrival_offset.ts";
import { latestSample, nearestOf, sampleNanos, setFromSample } from "./sample_time.ts";
import { ClockKind, clockKindOf } from "./smp_synch.ts";

/** Choices of a {@linkcode SampleClock}. */
export interface SampleClockOptions {
  /** How far the arrival clock may be behind the publisher's, in nanoseconds. Default 1 ms; with NTP 50 ms. */
  readonly allowanceNanos?: number;
  /** Delay from sample to arrival above which the time is suspect, in nanoseconds. Default 50 ms. */
  readonly delayLimitNanos?: number;
  /** `smpSynch` 1 is a traceable clock, as on many 9-2LE streams with 1PPS. Default false. */
  readonly oneIsGlobal?: boolean;
  /** The site's local clocks (1, 5 to 254) keep UTC seconds. Default false. */
  readonly localIsUtc?: boolean;
  /** Streams that share one object agree on the second of a local clock. */
  readonly localClocks?: LocalClocks;
  /** Seconds that the time scale of arrivals is ahead of UTC: 0 for UTC, 37 for TAI since 2017. Default 0. */
  readonly taiMinusUtc?: number;
  /** Offset of a free-running clock beyond which samples are numbered anew, in nanoseconds. Default 50 ms. */
  readonly anchorLimitNanos?: number;
}

/**
 * Where the second of each local clock lies against ours, so that streams of one clock get equal numbers
 * for samples of one moment.
 */
export class LocalClocks {
  readonly #delays = new Map<number, number>();

  /** Delay of the first stream that was seen of the clock `smpSynch`, in nanoseconds, or undefined. */
  delayOf(smpSynch: number): number | undefined {
    return this.#delays.get(smpSynch);
  }

  /** Keeps the delay of the first stream of a clock. */
  add(smpSynch: number, delayNanos: number): void {
    if (!this.#delays.has(smpSynch)) this.#delays.set(smpSynch, delayNanos);
  }
}

/**
 * How much earlier than allowed samples have to come before an earlier second is taken: jitter must not flap it, and a
 * clock that is a little wrong is more likely than a delay of a second.
 */
const SECOND_HYSTERESIS_NANOS = 250e6;
/** How far from what was due a count may be and still tell that our second is wrong. */
const DUE_SECONDS = 0.05;
/** Largest `smpCnt` of two octets, plus one. */
const TWO_OCTETS = 65_536;
/** Modulus of a common library's default. */
const ODD_MODULUS = 65_535;
/** How far, in samples, `refrTm` may be from the place that the count tells. */
const REFR_TM_TOLERANCE = 0.25;

/**
 * Numbers the samples of one stream: sample `k` was taken `k / rate` seconds after 1970 in the time scale
 * of the arrivals that are handed in (UTC, or TAI where arrivals are TAI).
 *
 * With a global clock the count is the place within the second and arrival only tells the second. With a
 * local clock the same, but the second is the site's. A free-running count goes on from an anchor, and
 * arrivals tell how far it has drifted. A count at or above the rate, twice in a row, is a publisher that
 * counts to 65534 or 65535 whatever its rate; it is taken as free running. Above 65536 samples per second
 * a count of two octets is modulo 65536 within the second.
 */
export class SampleClock {
  /** Samples per second. */
  readonly rate: number;
  /** `SampleMarks` of what was numbered last, without those that the caller knows. */
  marks: number = SampleMarks.None;
  /** Delay from the last sample to its arrival, in nanoseconds; our clock's error is in it. */
  delayNanos = 0.5;
  /** The number given last does not go on from those before: the clock was anchored or has changed. */
  isRebased = false;
  /**
   * Number that was found last. It stands here, not in a result, since numbers this large are objects where functions
   * that are not inlined hand them over.
   */
  number = 0.5; // a fraction, so that it is a double from the start
  /** Number that the arrival would have let expect, with a fraction. */
  expected = 0.5;
  /** The publisher counts beyond its rate. */
  isOddCount = false;
  readonly #allowance: number;
  readonly #delayLimit: number;
  readonly #anchorLimit: number;
  readonly #oneIsGlobal: boolean;
  readonly #localIsUtc: boolean;
  readonly #localClocks: LocalClocks | undefined;
  readonly #taiMinusUtc: number;
  readonly #offset = new ArrivalOffset();
  #kind = -1;
  #synch = NaN;
  #isAnchored = false;
  /** Number modulo `#modulus` minus the count. */
  #shift = 0;
  #modulus: number;
  #lastNumber = 0.5;
  #lastCount = -1;
  #lastSeconds = 0;
  #lastNanos = 0;
  #oddCount = -1;
  #isLearned = false;

  /** Makes a clock for a stream of `rate` whole samples per second. */
  constructor(rate: number, options: SampleClockOptions = {}) {
    this.rate = rate;
    this.#modulus = rate;
    this.#allowance = options.allowanceNanos ?? 1e6;
    this.#delayLimit = options.delayLimitNanos ?? 50e6;
    this.#anchorLimit = options.anchorLimitNanos ?? 50e6;
    this.#oneIsGlobal = options.oneIsGlobal ?? false;
    this.#localIsUtc = options.localIsUtc ?? false;
    this.#localClocks = options.localClocks;
    this.#taiMinusUtc = options.taiMinusUtc ?? 0;
  }

  /** After how many samples the count begins again; what consecutive ASDUs differ by, modulo. */
  get period(): number {
    return this.#modulus;
  }

  /** Our time minus nominal time of the samples of a free-running or local clock, in nanoseconds; else 0. */
  get offsetNanos(): number {
    return this.#kind === ClockKind.Global ? 0 : this.#offset.nanos;
  }

  /** Forgets the past: the next count is anchored anew. */
  reset(): void {
    this.#kind = -1;
    this.#synch = NaN;
    this.#isAnchored = false;
    this.#shift = 0;
    this.#modulus = this.rate;
    this.#oddCount = -1;
    this.#isLearned = false;
    this.isOddCount = false;
    this.#offset.reset();
  }

  /**
   * Sets `number` for the sample with `smpCnt` (of `octets` on the wire) that arrived at `seconds` and `nanos`; false,
   * for a count that its rate does not allow and that nothing has confirmed yet.
   *
   * Nothing moves until {@linkcode SampleClock.follow} says that the number was believed.
   */
  find(
    smpCnt: number,
    octets: number,
    smpSynch: number,
    seconds: number,
    nanos: number,
  ): boolean {
    this.isRebased = false;
    const isWide = this.rate > TWO_OCTETS && octets <= 2;
    if (smpCnt >= this.rate && !this.isOddCount && !this.#confirmOdd(smpCnt)) return false;
    if (smpSynch !== this.#synch) this.#changeSynch(smpSynch);
    if (!this.#isAnchored) this.#anchor(smpCnt, smpSynch, isWide, seconds, nanos);
    this.expected = this.#lastNumber + (seconds - this.#lastSeconds) * this.rate +
      (nanos - this.#lastNanos) * this.rate / 1e9;
    if (this.isOddCount && !this.#isLearned) this.#learn(smpCnt);
    this.number = nearestOf(this.expected, smpCnt + this.#shift, this.#modulus);
    if (isWide && smpCnt + TWO_OCTETS < this.rate) {
      const other = nearestOf(this.expected, smpCnt + TWO_OCTETS + this.#shift, this.#modulus);
      if (Math.abs(other - this.expected) < Math.abs(this.number - this.expected)) {
        this.number = other;
      }
    }
    this.#setDelay(seconds, nanos);
    if (this.#kind === ClockKind.Global) {
      this.#judgeSecond(smpCnt, isWide, seconds, nanos);
    } else if (
      this.#kind === ClockKind.Free && Math.abs(this.#offset.nanos) > this.#anchorLimit
    ) {
      this.#anchor(smpCnt, smpSynch, isWide, seconds, nanos);
      this.number = this.#lastNumber;
      this.delayNanos = 0;
    }
    return true;
  }

  /**
   * Sets `number` by the time in the frame, `utcSeconds` and `utcNanos` of `refrTm`, which tells the second beyond
   * doubt; the count tells the place within it. Not for free-running counts.
   */
  findAt(smpCnt: number, smpSynch: number, utcSeconds: number, utcNanos: number): void {
    this.isRebased = false;
    if (smpSynch !== this.#synch) this.#changeSynch(smpSynch);
    this.expected = (utcSeconds + this.#taiMinusUtc) * this.rate + utcNanos * this.rate / 1e9;
    this.number = nearestOf(this.expected, smpCnt, this.rate);
    this.marks = this.#kind === ClockKind.Local ? SampleMarks.LocalClock : SampleMarks.None;
    if (Math.abs(this.number - this.expected) >= REFR_TM_TOLERANCE) {
      this.marks |= SampleMarks.TimeSuspect;
    }
    this.#isAnchored = true;
  }

  /** Takes `number`, of `smpCnt`, for true: what comes next is expected from here. */
  follow(smpCnt: number, seconds: number, nanos: number): void {
    this.#lastNumber = this.number;
    this.#lastCount = smpCnt;
    this.#lastSeconds = seconds;
    this.#lastNanos = nanos;
    this.#oddCount = -1;
    this.#setDelay(seconds, nanos); // of a number that was found by time in the frame, it was not known
    if (this.#kind !== ClockKind.Global) this.#offset.add(this.delayNanos, seconds, nanos);
  }

  /**
   * Sets `out` to our best time of sample `k` in UTC: exact with a global clock, else with the offset that
   * arrivals tell.
   */
  instantOf(k: number, out: Instant): void {
    setFromSample(out, k, this.rate);
    const nanos = out.nanos + Math.round(this.offsetNanos);
    const carry = Math.floor(nanos / 1e9);
    out.seconds += carry - this.#taiMinusUtc;
    out.nanos = nanos - carry * 1e9;
  }

  #setDelay(seconds: number, nanos: number): void {
    this.delayNanos = delayOf(this.number, this.rate, seconds, nanos);
  }

  /** Looks whether the second of `number` can be right, and mends it. */
  #judgeSecond(smpCnt: number, isWide: boolean, seconds: number, nanos: number): void {
    const least = -this.#allowance - SECOND_HYSTERESIS_NANOS;
    const most = 1e9 - this.#allowance;
    // A count that is far from what was due says nothing of the second: it may be wrong itself.
    const isDue = Math.abs(this.number - this.expected) <= this.rate * DUE_SECONDS;
    if (isDue && (this.delayNanos < least || this.delayNanos >= most)) {
      this.number = this.#latest(smpCnt, isWide, seconds, nanos);
      this.#setDelay(seconds, nanos);
      this.isRebased = true;
    }
    const isSuspect = this.delayNanos > this.#delayLimit || this.delayNanos < -this.#allowance;
    this.marks = isSuspect ? SampleMarks.TimeSuspect : SampleMarks.None;
  }

  /** A new value of `smpSynch`: what the count means may change with it. */
  #changeSynch(smpSynch: number): void {
    this.#synch = smpSynch;
    const kind = this.isOddCount ? ClockKind.Free : this.#kindOf(smpSynch);
    if (kind === this.#kind) return;
    const before = this.#kind;
    this.#kind = kind;
    this.#offset.reset();
    this.marks = SampleMarks.None;
    if (kind === ClockKind.Free) this.marks = SampleMarks.NotSynchronised | SampleMarks.TimeSuspect;
    if (kind === ClockKind.Local) this.marks = SampleMarks.LocalClock;
    // A count goes on where its clock is lost; where a clock is found, the second is looked for anew.
    if (before === ClockKind.Free || kind === ClockKind.Global) this.#isAnchored = false;
  }

  #kindOf(smpSynch: number): number {
    if (smpSynch === 1 && this.#oneIsGlobal) return ClockKind.Global;
    const kind = clockKindOf(smpSynch);
    return kind === ClockKind.Local && this.#localIsUtc ? ClockKind.Global : kind;
  }

  #anchor(
    smpCnt: number,
    smpSynch: number,
    isWide: boolean,
    seconds: number,
    nanos: number,
  ): void {
    this.isRebased = true;
    this.#isAnchored = true;
    this.#shift = 0;
    this.#offset.reset();
    let k = this.#latest(smpCnt, isWide, seconds, nanos);
    if (this.#kind === ClockKind.Free && !isWide) {
      k = seconds * this.rate + Math.round(nanos * this.rate / 1e9);
      this.#shift = (k - smpCnt) % this.#modulus;
    } else if (this.#kind === ClockKind.Local) {
      const delay = delayOf(k, this.rate, seconds, nanos);
      const first = this.#localClocks?.delayOf(smpSynch) ?? delay;
      k += this.rate * Math.round((delay - first) / 1e9);
      this.#localClocks?.add(smpSynch, delay);
    }
    this.#lastNumber = k;
    this.#lastSeconds = seconds;
    this.#lastNanos = nanos;
  }

  #latest(smpCnt: number, isWide: boolean, seconds: number, nanos: number): number {
    const k = latestSample(smpCnt, this.rate, seconds, nanos, this.#allowance);
    if (!isWide || smpCnt + TWO_OCTETS >= this.rate) return k;
    return Math.max(
      k,
      latestSample(smpCnt + TWO_OCTETS, this.rate, seconds, nanos, this.#allowance),
    );
  }

  /** True once two counts in a row were beyond the rate and belong together. */
  #confirmOdd(smpCnt: number): boolean {
    const step = smpCnt - this.#oddCount;
    const isConfirmed = this.#oddCount >= 0 && step > 0 && step <= 256;
    this.#oddCount = smpCnt;
    if (!isConfirmed) return false;
    this.isOddCount = true;
    this.#isAnchored = false;
    this.#modulus = TWO_OCTETS;
    this.#synch = NaN;
    return true;
  }

  /** Finds out at the first wrap whether 65535 is counted. */
  #learn(smpCnt: number): void {
    if (smpCnt === ODD_MODULUS) this.#isLearned = true;
    if (smpCnt !== 0 || this.#lastCount !== ODD_MODULUS - 1) return;
    this.#isLearned = true;
    this.#modulus = ODD_MODULUS;
    this.#shift = (this.#lastNumber + 1) % ODD_MODULUS;
  }
}

/** Nanoseconds from sample `k` to its arrival at `seconds` and `nanos`. */
function delayOf(k: number, rate: number, seconds: number, nanos: number): number {
  const second = Math.floor(k / rate);
  return (seconds - second) * 1e9 + nanos - sampleNanos(k - second * rate, rate);
}
