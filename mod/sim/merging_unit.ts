/**
 * One merging unit that does not exist: frames of IEC 61850-9-2 with samples of a waveform model.
 *
 * @module
 */
import { Quality } from "../sv/mod.ts";
import { MergingUnitClock } from "./merging_unit_clock.ts";
import { MergingUnitAccount } from "./merging_unit_account.ts";
import type { MergingUnitOptions } from "./merging_unit_options.ts";
import { FrameTemplate } from "./frame_template.ts";
import { hash } from "./waveform_model.ts";

/** Where frames go: the octets are lent for the length of the call. */
export interface FrameSink {
  /** Takes a frame that leaves at `seconds` and `nanos`. */
  add(frame: Uint8Array, seconds: number, nanos: number): void;
}

/** Units of 1 mA and 10 mV, of 9-2LE and IEC 61869-9. */
const PER_AMPERE = 1000;
const PER_VOLT = 100;

/**
 * Makes the frames of one merging unit, one after the other; when they leave is up to the caller.
 *
 * Channels are sets of A, B, C and neutral, currents before voltages; of a number that four does not divide, sets of A, B
 * and C. The neutral is the sum of the phases, with the derived bit.
 */
export class MergingUnit {
  /** What was made and sent. */
  readonly account: MergingUnitAccount;
  readonly #options: MergingUnitOptions;
  readonly #template: FrameTemplate;
  readonly #clock: MergingUnitClock;
  readonly #phases = new Float64Array(6);
  readonly #asdus: number;
  readonly #currents: number;
  readonly #channels: number;
  readonly #held: Uint8Array;
  #isHeld = false;
  /** Frames of a burst that are still to be lost. */
  #losing = 0;
  /** Number of the frame, for the chances. */
  #frame = 0;

  /** Makes a unit. Throws a RangeError for options that no frame can carry. */
  constructor(options: MergingUnitOptions) {
    this.#options = options;
    this.#asdus = options.asdus ?? 1;
    this.#currents = options.currents ?? 4;
    this.#channels = this.#currents + (options.voltages ?? 4);
    this.#template = new FrameTemplate(options);
    this.#held = new Uint8Array(this.#template.bytes.length);
    this.#clock = new MergingUnitClock(options);
    this.account = new MergingUnitAccount(options.svId);
  }

  /** Octets of a frame. */
  get frameBytes(): number {
    return this.#template.bytes.length;
  }

  /** Begins with the first frame that leaves after `seconds` and `nanos`. */
  start(seconds: number, nanos: number): void {
    this.#clock.start(seconds, nanos, this.#asdus);
  }

  /** Sets `smpSynch` of the frames from the next but one on, where the unit is synchronised. */
  synchronise(smpSynch: number): void {
    this.#clock.synchronise(smpSynch);
  }

  /** Whole seconds at which the next frame leaves. */
  get dueSeconds(): number {
    return this.#clock.dueSeconds;
  }

  /** Nanoseconds within that second. */
  get dueNanos(): number {
    return this.#clock.dueNanos;
  }

  /** Makes the next frame and sends it, or loses it, sends it twice or after the next one, as the options say. */
  send(sink: FrameSink): void {
    const { dueSeconds, dueNanos } = this.#clock;
    this.#make();
    const { account } = this;
    const second = account.secondOf(dueSeconds);
    account.framesMade++;
    account.samplesMade += this.#asdus;
    const { bytes } = this.#template;
    const { loss = 0, lossBurst = 1, duplicate = 0, reorder = 0 } = this.#options.impairments ?? {};
    const frame = this.#frame++;
    if (this.#losing === 0 && this.#happens(loss / lossBurst, 0, frame)) this.#losing = lossBurst;
    if (this.#losing > 0) {
      this.#losing--;
      account.lost++;
      second.lost++;
    } else if (!this.#isHeld && this.#happens(reorder, 1, frame)) {
      this.#held.set(bytes);
      this.#isHeld = true;
      account.reordered++;
    } else {
      this.#hand(sink, bytes, dueSeconds, dueNanos);
      if (this.#happens(duplicate, 2, frame)) {
        account.duplicated++;
        this.#hand(sink, bytes, dueSeconds, dueNanos);
      }
      if (this.#isHeld) {
        this.#isHeld = false;
        this.#hand(sink, this.#held, dueSeconds, dueNanos);
      }
    }
    this.#clock.advance(this.#asdus);
  }

  /** Passes frames over that were due before `seconds` and `nanos`; they are counted as missed. */
  skip(seconds: number, nanos: number): void {
    while (
      this.#clock.dueSeconds < seconds ||
      (this.#clock.dueSeconds === seconds && this.#clock.dueNanos < nanos)
    ) {
      this.account.missed++;
      this.account.secondOf(this.#clock.dueSeconds).missed++;
      this.#frame++;
      this.#clock.advance(this.#asdus);
    }
  }

  #hand(sink: FrameSink, frame: Uint8Array, seconds: number, nanos: number): void {
    sink.add(frame, seconds, nanos);
    this.account.framesSent++;
    this.account.samplesSent += this.#asdus;
    this.account.octetsSent += frame.length;
    const second = this.account.secondOf(seconds);
    second.framesSent++;
    second.samplesSent += this.#asdus;
  }

  /** Writes counts, clock state and values into the template. */
  #make(): void {
    const clock = this.#clock, template = this.#template;
    template.setSmpSynch(clock.smpSynch);
    for (let i = 0; i < this.#asdus; i++) {
      clock.look(i);
      template.setSmpCnt(i, clock.smpCnt);
      template.setRefrTm(i, clock.stampSeconds, clock.stampNanos, clock.smpSynch !== 0);
      this.#options.model.fill(
        this.#phases,
        this.#options.unit ?? 0,
        clock.trueSecond,
        clock.trueFraction,
        clock.number,
      );
      for (let c = 0; c < this.#channels; c++) this.#writeChannel(i, c);
    }
  }

  #writeChannel(asdu: number, channel: number): void {
    const isCurrent = channel < this.#currents;
    const count = isCurrent ? this.#currents : this.#channels - this.#currents;
    const place = (isCurrent ? channel : channel - this.#currents) % (count % 4 === 0 ? 4 : 3);
    const from = isCurrent ? 0 : 3, phases = this.#phases;
    const value = place < 3
      ? phases[from + place]!
      : phases[from]! + phases[from + 1]! + phases[from + 2]!;
    const raw = Math.round(value * (isCurrent ? PER_AMPERE : PER_VOLT));
    const quality = (this.#options.quality ?? 0) | (place < 3 ? 0 : Quality.Derived);
    this.#template.setValue(asdu, channel, raw, quality);
  }

  #happens(share: number, what: number, frame: number): boolean {
    if (share <= 0) return false;
    const seed = this.#options.seed ?? 1;
    return hash(seed, (this.#options.unit ?? 0) * 4 + what, frame) < share * 4294967296;
  }
}
