/**
 * Frequency and ROCOF from the turn of a phasor, and what knowing the frequency lets one put right in all phasors.
 *
 * @module
 */
import { StateFlags } from "../core/mod.ts";
import type { GapFiller } from "./gap_filler.ts";
import type { Instants, PlacedTaps, ReportingInstant } from "./instants.ts";
import type { PhasorOptions, ResolvedOptions } from "./options.ts";
import { type PhasorReport, StatBits } from "./report.ts";
import type { SampleView } from "./sample_view.ts";
import type { Taps } from "./taps.ts";
import { mRangeHz, windowOf } from "./window.ts";
import { WindowResponse } from "./window_response.ts";
import { sumPhasor } from "./window_sums.ts";

/** Estimates frequency and ROCOF of each report from the positive sequence or a single phase. */
export class FrequencySource {
  /** Deviation from nominal of the newest report in Hz; NaN where there was none. */
  deviation = NaN;
  /** Deviation in Hz up to which phasors are what they should be. */
  readonly rangeHz: number;
  readonly #options: ResolvedOptions;
  readonly #instants: Instants;
  readonly #gaps: GapFiller;
  readonly #imageRemoval: boolean;
  readonly #doubtfulRocof: number;
  readonly #nominalHz: number;
  readonly #response: WindowResponse;
  readonly #image: WindowResponse;
  readonly #cosApart: number;
  readonly #sinApart: number;
  /** Sums of up to three channels before (0 to 5), at (6 to 11) and after (12 to 17) the instant. */
  readonly #sums = new Float64Array(18);
  /** The source's phasor before, at and after the instant. */
  readonly #phasors = new Float64Array(6);
  /**
   * What the window makes of real and imaginary part, counted from the instant itself: with `a = G(df)` and
   * `b = G(2 f0 + df)` it leaves `a + b` and `a - b` of them, the second term being the image.
   */
  readonly #gains = new Float64Array(2);
  /** Deviation and ROCOF. */
  readonly #deviations = new Float64Array(2);
  /** Channels of the newest report's source. */
  readonly #channels = new Int32Array(3);
  readonly #isP: boolean;
  #count = 0;
  #isStandIn = false;
  #rocof = NaN;
  /** Number of the last sample of the newest windows in which the angle jumped. */
  #doubtUntil = -Infinity;
  #lastTaps: Taps | undefined;
  #lastPosition = -1;
  #lastFirst = -1;
  #lastCount = 0;

  /** Makes a source for the channels that `options` name. */
  constructor(
    options: PhasorOptions,
    resolved: ResolvedOptions,
    instants: Instants,
    gaps: GapFiller,
  ) {
    const { performanceClass, nominalHz, framesPerSecond, sampleRate } = options;
    this.#options = resolved;
    this.#instants = instants;
    this.#gaps = gaps;
    this.#imageRemoval = options.imageRemoval ?? true;
    this.#doubtfulRocof = options.doubtfulRocof ?? 5;
    this.#nominalHz = nominalHz;
    this.#isP = performanceClass === "P";
    this.rangeHz = (this.#isP ? WIDEST_HZ : mRangeHz(nominalHz, framesPerSecond)) +
      FREQUENCY_ERROR_HZ;
    const window = windowOf(performanceClass, nominalHz, framesPerSecond);
    this.#response = new WindowResponse(window, sampleRate, 0, WIDEST_HZ);
    this.#image = new WindowResponse(window, sampleRate, 2 * nominalHz, WIDEST_HZ);
    this.#cosApart = Math.cos(2 * Math.PI * nominalHz * instants.spacing);
    this.#sinApart = Math.sin(2 * Math.PI * nominalHz * instants.spacing);
  }

  /** The frequency in Hz that the next window probably has. */
  get expectedHz(): number {
    return this.#nominalHz + (Math.abs(this.deviation) <= WIDEST_HZ ? this.deviation : 0);
  }

  /** Forgets what came before. */
  restart(): void {
    this.deviation = NaN;
    this.#doubtUntil = -Infinity;
    this.#lastTaps = undefined;
  }

  /**
   * Finds frequency and ROCOF and writes them into the report; corrects `sums`, the phasors of all channels at the
   * instant, for the frequency that was found.
   */
  estimate(
    view: SampleView,
    instant: ReportingInstant,
    sums: Float64Array,
    report: PhasorReport,
  ): void {
    this.#gains.fill(1);
    this.#choose(sums);
    if (this.#count === 0) {
      this.restart();
      report.frequency = report.rocof = NaN;
      report.frequencyFlags = NO_SIGNAL_FLAGS | report.flags[this.#options.frequency[0]!]!;
      report.stat |= StatBits.SomeBad;
      return;
    }
    this.#sumSides(view, instant);
    this.#takeAt(sums);
    this.#differ();
    if (!(this.#imageRemoval && this.#isImageRemovable(sums) && this.#removeImage())) {
      this.#gains.fill(this.#droop(this.#deviations[0]!));
    }
    const reGain = this.#gains[0]!, imGain = this.#gains[1]!;
    for (let i = 0; i < sums.length; i += 2) {
      sums[i] = sums[i]! / reGain;
      sums[i + 1] = sums[i + 1]! / imGain;
    }
    this.#give(view, report);
  }

  /** Finds the gains that leave no image at the frequency that they give; false if they are not to be trusted. */
  #removeImage(): boolean {
    const first = this.#deviations[0]!, firstRocof = this.#deviations[1]!;
    for (let pass = 0; pass < 2; pass++) {
      const a = this.#response.at(this.#deviations[0]!);
      const b = this.#image.at(2 * this.#nominalHz + this.#deviations[0]!);
      this.#gains[0] = a + b;
      this.#gains[1] = a - b;
      this.#differ();
    }
    if (Math.abs(this.#deviations[0]! - first) <= AGREEING_HZ) return true;
    this.#deviations[0] = first;
    this.#deviations[1] = firstRocof;
    return false;
  }

  #give(view: SampleView, report: PhasorReport): void {
    const deviation = this.#deviations[0]!, rocof = this.#deviations[1]!;
    if (this.#isJump(deviation, rocof)) this.#doubtUntil = view.base + view.end;
    let flags = 0;
    if (
      this.#isStandIn || Math.abs(deviation) > this.rangeHz ||
      view.base + view.start <= this.#doubtUntil
    ) flags |= StateFlags.CalculationWarning;
    for (let i = 0; i < this.#count; i++) flags |= report.flags[this.#channels[i]!]!;
    this.deviation = deviation;
    this.#rocof = rocof;
    report.frequency = this.#nominalHz + this.deviation;
    report.rocof = rocof;
    report.frequencyFlags = flags >>> 0;
  }

  /**
   * True if frequency moves as no power system does: the angle jumped, as in a fault or with a clock that was set.
   *
   * At the top of the peak that a jump makes, ROCOF is zero; then frequency is not where ROCOF of this report and the
   * one before lead to.
   */
  #isJump(deviation: number, rocof: number): boolean {
    if (Math.abs(rocof) > this.#doubtfulRocof) return true;
    const led = this.deviation +
      (rocof + this.#rocof) / (2 * this.#instants.options.framesPerSecond);
    return Math.abs(deviation - led) > JUMP_HZ;
  }

  /** Chooses what frequency comes from: what was configured, else the largest voltage, else the largest current. */
  #choose(sums: Float64Array): void {
    const { frequency, floor } = this.#options;
    const first = frequency[0]!;
    this.#isStandIn = false;
    this.#count = frequency.length;
    this.#channels.set(frequency);
    if (frequency.length === 3) {
      this.#takeAt(sums);
      this.#positive(AT, 0);
      if (sizeOf(this.#phasors, 0) >= floor[first]!) return;
    } else if (sizeOf(sums, first) >= floor[first]!) return;
    this.#isStandIn = true;
    let best = this.#largest(sums, 1);
    if (best < 0) best = this.#largest(sums, 0);
    this.#count = best < 0 ? 0 : 1;
    this.#channels[0] = best;
  }

  /** The channel of a quantity that is largest against its rating and above its floor; -1 if there is none. */
  #largest(sums: Float64Array, isVoltage: number): number {
    const { floor, rating } = this.#options;
    let best = -1, bestSize = 0;
    for (let c = 0; c < floor.length; c++) {
      const size = sizeOf(sums, c);
      if (this.#options.isVoltage[c] !== isVoltage || size < floor[c]!) continue;
      if (size / rating[c]! > bestSize) {
        best = c;
        bestSize = size / rating[c]!;
      }
    }
    return best;
  }

  /** Takes the source's channels at the instant from those of all. */
  #takeAt(sums: Float64Array): void {
    for (let i = 0; i < this.#count; i++) {
      const c = this.#channels[i]!;
      this.#sums[AT + 2 * i] = sums[2 * c]!;
      this.#sums[AT + 2 * i + 1] = sums[2 * c + 1]!;
    }
  }

  #isImageRemovable(sums: Float64Array): boolean {
    const c = this.#channels[0]!;
    return sizeOf(sums, c) >= this.#options.imageFloor[c]!;
  }

  /** Adds up the source's channels at T - d and T + d. */
  #sumSides(view: SampleView, { before, after }: ReportingInstant): void {
    const sums = this.#sums, gaps = this.#gaps;
    const first = this.#channels[0]!;
    const position = view.position(before.centre);
    if (
      before.taps === this.#lastTaps && position === this.#lastPosition && gaps.count === 0 &&
      first === this.#lastFirst && this.#count === this.#lastCount
    ) {
      // Half a cycle before this instant is half a cycle after the last one, as at one report per cycle.
      sums.copyWithin(BEFORE, AFTER, AFTER + 2 * this.#count);
    } else this.#sumSide(view, before, BEFORE);
    this.#sumSide(view, after, AFTER);
    this.#lastTaps = gaps.count === 0 ? after.taps : undefined;
    this.#lastPosition = view.position(after.centre);
    this.#lastFirst = first;
    this.#lastCount = this.#count;
  }

  #sumSide(view: SampleView, placed: PlacedTaps, at: number): void {
    const { gain, rawOffset, ringIndex } = this.#options;
    const { taps, centre } = placed;
    const sums = this.#sums, gaps = this.#gaps;
    for (let i = 0; i < this.#count; i++) {
      const c = this.#channels[i]!, place = at + 2 * i, channel = ringIndex[c]!;
      sumPhasor(view, channel, taps, centre, sums, place);
      if (gaps.count > 0) gaps.correctPhasor(view, channel, c, placed, sums, place);
      sums[place] = (sums[place]! + rawOffset[c]! * taps.cosSum) * gain[c]!;
      sums[place + 1] = (sums[place + 1]! + rawOffset[c]! * taps.sinSum) * gain[c]!;
    }
  }

  /** Deviation and ROCOF from the three phasors. */
  #differ(): void {
    this.#positive(BEFORE, 0);
    this.#positive(AT, 2);
    this.#positive(AFTER, 4);
    const z = this.#phasors, cos = this.#cosApart, sin = this.#sinApart;
    const beforeRe = z[0]! * cos - z[1]! * sin, beforeIm = z[1]! * cos + z[0]! * sin;
    const afterRe = z[4]! * cos + z[5]! * sin, afterIm = z[5]! * cos - z[4]! * sin;
    const re = z[2]!, im = z[3]!;
    const last = Math.atan2(im * beforeRe - re * beforeIm, re * beforeRe + im * beforeIm);
    const next = Math.atan2(afterIm * re - afterRe * im, afterRe * re + afterIm * im);
    const d = this.#instants.spacing;
    this.#deviations[0] = (next + last) / (4 * Math.PI * d);
    this.#deviations[1] = (next - last) / (2 * Math.PI * d * d);
  }

  /** The source's phasor from the sums at `from`, put at `to`: the channel itself, or the positive sequence of three. */
  #positive(from: number, to: number): void {
    const s = this.#sums, z = this.#phasors;
    const reGain = this.#gains[0]!, imGain = this.#gains[1]!;
    let re = s[from]! / reGain, im = s[from + 1]! / imGain;
    if (this.#count === 3) {
      const bRe = s[from + 2]! / reGain, bIm = s[from + 3]! / imGain;
      const cRe = s[from + 4]! / reGain, cIm = s[from + 5]! / imGain;
      re = (re - (bRe + cRe) / 2 - HALF_SQRT3 * (bIm - cIm)) / 3;
      im = (im - (bIm + cIm) / 2 + HALF_SQRT3 * (bRe - cRe)) / 3;
    }
    z[to] = re;
    z[to + 1] = im;
  }

  /** What the triangle of class P leaves of a magnitude at a deviation; class M needs no correction. */
  #droop(deviation: number): number {
    if (!this.#isP) return 1;
    const df = Math.min(WIDEST_HZ, Math.abs(deviation));
    return Math.cos((1.625 * Math.PI * df) / (2 * this.#nominalHz));
  }
}

const BEFORE = 0;
const AT = 6;
const AFTER = 12;
const HALF_SQRT3 = Math.sqrt(3) / 2;
/** Farther from nominal nothing is corrected. */
const WIDEST_HZ = 10;
/** The standard's limit of the error of frequency: nearer than this, no one can tell outside from inside. */
const FREQUENCY_ERROR_HZ = 0.005;
/** Removing the image changes the frequency by less, or it is left alone. */
const AGREEING_HZ = 0.5;
/** Frequency of smooth signals is led to by ROCOF closer than this. */
const JUMP_HZ = 0.1;
const NO_SIGNAL_FLAGS = StateFlags.BadData | StateFlags.UnderRangeError;

function sizeOf(sums: Float64Array, channel: number): number {
  const re = sums[2 * channel]!, im = sums[2 * channel + 1]!;
  return Math.sqrt(re * re + im * im);
}
