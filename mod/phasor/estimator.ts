/**
 * From samples to reports: which instant is next, whether it can be estimated, and what its values are.
 *
 * @module
 */
import { StateFlags, type WaveformRing } from "../core/mod.ts";
import { FrequencySource } from "./frequency_source.ts";
import { GapFiller } from "./gap_filler.ts";
import { Instants, type ReportingInstant, SharedInstants } from "./instants.ts";
import {
  type PhasorDefinition,
  type PhasorOptions,
  type ResolvedOptions,
  resolveOptions,
} from "./options.ts";
import { NO_ESTIMATE_FLAGS, PhasorReport, StatBits } from "./report.ts";
import { channelFlags, streamFlags } from "./report_flags.ts";
import { SampleView } from "./sample_view.ts";
import { Condition, SampleWatch } from "./sample_watch.ts";
import { sumPhasor, sumSquares } from "./window_sums.ts";

/**
 * The virtual PMU of one stream: reads a ring of samples and makes one report after the other.
 *
 * Call {@linkcode PhasorEstimator.advance} after samples were committed, until it returns false; each true means that
 * `report` holds the next instant. Where samples stop, {@linkcode PhasorEstimator.force} makes the report of the next
 * instant from what is there. Instants are not reported before all of their samples exist for the first time; after a
 * restart of the ring, or when more than the ring holds was missed, it goes on with the first instant that can be
 * estimated and counts the ones before as `skipped`.
 */
export class PhasorEstimator {
  /** The newest report; overwritten by the next one. */
  readonly report: PhasorReport;
  /** What the phasors of the report are. */
  readonly phasors: readonly PhasorDefinition[];
  /** Where the windows lie. */
  readonly instants: Instants;
  /** Reporting instants that were passed over without a report. */
  skipped = 0;
  readonly #options: ResolvedOptions;
  readonly #watch: SampleWatch;
  readonly #gaps: GapFiller;
  readonly #maxGap: number;
  readonly #maxGapPercent: number;
  readonly #source: FrequencySource;
  /** Real and imaginary part of each channel, angles counted from the instant itself. */
  readonly #sums: Float64Array;
  readonly #square = new Float64Array(1);
  readonly #view = new SampleView();
  #second = 0;
  #index = 0;
  /** True from the first full window on; until then no deadline makes a report. */
  #started = false;
  #hasReported = false;
  #restarts = -1;

  /** Makes an estimator; throws a RangeError for options that make no sense. */
  constructor(options: PhasorOptions, shared: SharedInstants = new SharedInstants()) {
    const resolved = resolveOptions(options);
    this.#options = resolved;
    this.phasors = resolved.phasors;
    this.instants = shared.get(options);
    const channels = options.channels.length;
    this.#maxGap = options.maxGap ?? 2;
    this.#maxGapPercent = options.maxGapPercent ?? 1;
    const maxGaps = Math.floor((this.instants.span * this.#maxGapPercent) / 100);
    this.#watch = new SampleWatch(resolved.ringIndex, this.#maxGap, maxGaps);
    this.#gaps = new GapFiller(channels, maxGaps);
    this.#sums = new Float64Array(2 * channels);
    this.#source = new FrequencySource(options, resolved, this.instants, this.#gaps);
    this.report = new PhasorReport(resolved.phasors.length, channels);
  }

  /** Number of the last sample that the next report waits for, or NaN before the first. */
  get awaited(): number {
    if (!this.#started) return NaN;
    return this.#second * this.instants.options.sampleRate +
      this.instants.list[this.#index]!.end;
  }

  /** Makes the next report if all of its samples have come; false if not. */
  advance(ring: WaveformRing): boolean {
    if (!this.#isReady(ring) || !this.#isComplete(ring)) return false;
    this.#make(ring);
    return true;
  }

  /**
   * Makes the next report although samples are missing, as a deadline demands: values if they can be had, else NaN.
   *
   * False where no instant is known to be next: before the first full window, and after a restart of the ring.
   */
  force(ring: WaveformRing): boolean {
    if (!this.#isReady(ring)) return false;
    this.#make(ring);
    return true;
  }

  /** Finds the instant that is next; false if there is none yet. */
  #isReady(ring: WaveformRing): boolean {
    const { sampleRate } = this.instants.options;
    if (ring.restarts !== this.#restarts) {
      this.#require(ring);
      this.#restarts = ring.restarts;
      this.#watch.restart(ring.first);
      this.#started = false;
      this.#seek(ring);
    }
    const start = this.#second * sampleRate + this.instants.list[this.#index]!.start;
    if (start < ring.first) this.#seek(ring);
    if (!this.#started) this.#started = this.#isComplete(ring);
    return this.#started;
  }

  /** True if all samples of the next report have come. */
  #isComplete(ring: WaveformRing): boolean {
    return this.#second * ring.rate + this.instants.list[this.#index]!.end < ring.next;
  }

  /** Goes to the first instant whose windows begin in the ring. */
  #seek(ring: WaveformRing): void {
    const { sampleRate, framesPerSecond } = this.instants.options;
    const before = this.#second * framesPerSecond + this.#index;
    let second = Math.floor(ring.first / sampleRate), index = 0;
    while (second * sampleRate + this.instants.list[index]!.start < ring.first) {
      if (++index === framesPerSecond) {
        index = 0;
        second++;
      }
    }
    this.#source.restart();
    if (this.#hasReported) {
      this.skipped += Math.max(0, second * framesPerSecond + index - before);
    }
    this.#second = second;
    this.#index = index;
  }

  #require(ring: WaveformRing): void {
    const { sampleRate } = this.instants.options;
    if (ring.rate !== sampleRate) {
      throw new RangeError(
        `Cannot estimate phasors: expected ${sampleRate} samples per second, found ${ring.rate}`,
      );
    }
    if (ring.capacity < this.instants.span) {
      throw new RangeError(
        `Cannot estimate phasors: expected a ring of at least ${this.instants.span} samples, ` +
          `found ${ring.capacity}`,
      );
    }
    const missing = this.#options.ringIndex.find((index) => index >= ring.values.length);
    if (missing !== undefined) {
      throw new RangeError(
        `Cannot estimate phasors: expected channel ${missing} in the ring, found ${ring.values.length} channels`,
      );
    }
  }

  #make(ring: WaveformRing): void {
    const report = this.report;
    this.#hasReported = true;
    const instant = this.instants.list[this.#index]!;
    report.second = this.#second;
    report.index = this.#index;
    this.#view.look(ring, this.#second, instant);
    if (++this.#index === this.instants.list.length) {
      this.#index = 0;
      this.#second++;
    }
    this.#watch.scan(ring, this.#view);
    const flags = streamFlags(this.#watch, report);
    if (!this.#collectGaps()) {
      this.#source.restart();
      report.interpolated = 0;
      return giveNothing(report, flags | NO_ESTIMATE_FLAGS);
    }
    report.estimated = true;
    report.interpolated = this.#gaps.count;
    this.#flagChannels(flags);
    this.#estimate(instant);
  }

  /** Notes the samples to interpolate; false if the windows cannot be used. */
  #collectGaps(): boolean {
    const watch = this.#watch, view = this.#view;
    if (watch.hasLongGap || watch.synchChanged) return false;
    const tail = Math.max(0, view.end + 1 - view.to);
    if (tail > 0 && tail + watch.openGap > this.#maxGap) return false;
    const span = view.end - view.start + 1;
    if ((watch.gapCount + tail) * 100 > span * this.#maxGapPercent) return false;
    this.#gaps.collect(watch, view);
    return true;
  }

  /** Gives each channel the flags of its samples. */
  #flagChannels(streamFlags: number): void {
    const report = this.report, watch = this.#watch;
    let common = streamFlags;
    if (this.#gaps.count > 0) {
      common |= StateFlags.CalculatedValue;
      report.stat |= StatBits.Modified;
    }
    for (let c = 0; c < this.#options.ringIndex.length; c++) {
      report.flags[c] = common | channelFlags(watch, c);
      if (watch.has(c, Condition.Test)) report.stat |= StatBits.DoNotUse;
      if (watch.has(c, Condition.Invalid)) report.stat |= StatBits.SomeBad;
    }
  }

  #estimate(instant: ReportingInstant): void {
    const { gain, rawOffset, ringIndex } = this.#options;
    const { at, rms } = instant;
    const report = this.report, sums = this.#sums, gaps = this.#gaps, view = this.#view;
    const square = this.#square;
    const step = (2 * Math.PI * this.#source.expectedHz) / this.instants.options.sampleRate;
    for (let c = 0; c < ringIndex.length; c++) {
      const channel = ringIndex[c]!, offset = rawOffset[c]!;
      sumPhasor(view, channel, at.taps, at.centre, sums, 2 * c);
      sumSquares(view, channel, rms, at.centre, offset, square);
      if (gaps.count > 0) {
        gaps.fill(view, channel, c, at, step, sums, 2 * c);
        gaps.correctSquares(view, channel, c, rms, at.centre, offset, square);
      }
      sums[2 * c] = (sums[2 * c]! + offset * at.taps.cosSum) * gain[c]!;
      sums[2 * c + 1] = (sums[2 * c + 1]! + offset * at.taps.sinSum) * gain[c]!;
      report.rms[c] = Math.sqrt(Math.max(0, square[0]!)) * Math.abs(gain[c]!);
    }
    this.#source.estimate(view, instant, sums, report);
    this.#give(
      instant,
      Math.abs(this.#source.deviation) > this.#source.rangeHz ? StateFlags.CalculationWarning : 0,
    );
  }

  /** Turns the sums to the angle of the UTC second, and gives phasors and sequences. */
  #give(instant: ReportingInstant, common: number): void {
    const report = this.report, sums = this.#sums;
    const { setChannels, ringIndex } = this.#options;
    for (let c = 0; c < ringIndex.length; c++) {
      const re = sums[2 * c]!, im = sums[2 * c + 1]!;
      const x = re * instant.cos + im * instant.sin;
      const y = im * instant.cos - re * instant.sin;
      sums[2 * c] = x;
      sums[2 * c + 1] = y;
      this.#put(c, x, y, report.flags[c]! | common);
    }
    let place = ringIndex.length;
    for (let s = 0; s < setChannels.length; s += 3) {
      const a = setChannels[s]!, b = setChannels[s + 1]!, c = setChannels[s + 2]!;
      const flags = report.flags[a]! | report.flags[b]! | report.flags[c]!;
      const aRe = sums[2 * a]!, aIm = sums[2 * a + 1]!;
      const sumRe = sums[2 * b]! + sums[2 * c]!, sumIm = sums[2 * b + 1]! + sums[2 * c + 1]!;
      // j (b - c) sqrt(3) / 2 is what tells positive from negative.
      const turnRe = -HALF_SQRT3 * (sums[2 * b + 1]! - sums[2 * c + 1]!);
      const turnIm = HALF_SQRT3 * (sums[2 * b]! - sums[2 * c]!);
      this.#put(place++, (aRe - sumRe / 2 + turnRe) / 3, (aIm - sumIm / 2 + turnIm) / 3, flags);
      this.#put(place++, (aRe - sumRe / 2 - turnRe) / 3, (aIm - sumIm / 2 - turnIm) / 3, flags);
      this.#put(place++, (aRe + sumRe) / 3, (aIm + sumIm) / 3, flags);
    }
  }

  #put(place: number, re: number, im: number, flags: number): void {
    const report = this.report;
    report.flags[place] = flags;
    report.magnitudes[place] = Math.sqrt(re * re + im * im);
    // Without a common second an angle means nothing.
    if (report.timeQuality === NOT_RELIABLE) {
      report.angles[place] = NaN;
      report.angleFlags[place] = flags | StateFlags.BadData;
      return;
    }
    const degrees = Math.atan2(im, re) * DEGREES;
    report.angles[place] = degrees === -180 ? 180 : degrees;
    report.angleFlags[place] = flags;
  }
}

const HALF_SQRT3 = Math.sqrt(3) / 2;
const DEGREES = 180 / Math.PI;
const NOT_RELIABLE = 15;

function giveNothing(report: PhasorReport, flags: number): void {
  report.estimated = false;
  report.stat |= StatBits.DoNotUse;
  report.frequency = report.rocof = NaN;
  report.frequencyFlags = flags;
  report.magnitudes.fill(NaN);
  report.angles.fill(NaN);
  report.rms.fill(NaN);
  report.flags.fill(flags);
  report.angleFlags.fill(flags);
}
