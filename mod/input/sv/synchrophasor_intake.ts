/**
 * One stream of synchrophasors inside capture (IEC TR 61850-90-5): reports that somebody else estimated.
 *
 * @module
 */
import { MISSING_FLAGS, setFromSlot, StateFlags } from "../../core/mod.ts";
import { stateFlagsOf } from "../../c37118/mod.ts";
import { StatBits } from "../../phasor/mod.ts";
import {
  ClockKind,
  clockKindOf,
  nanosOfFraction,
  StreamNotice,
  type SvPdu,
  SynchrophasorDataSet,
  utcTimeFraction,
  UtcTimeQuality,
  utcTimeQuality,
  utcTimeSeconds,
} from "../../sv/mod.ts";
import type { SvDevice } from "./devices.ts";
import { Intake } from "./intake.ts";
import type { SvInputOptions, SvSynchrophasorOptions } from "./options.ts";
import type { RecordRing } from "./record_ring.ts";
import { FRAME_VALUES, frameRecordBytes, RecordType, writeStatus } from "./records.ts";

/** Codes of time quality as C37.118 has them (clause 6.2): locked, within 10 s, not reliable. */
const QUALITY = { locked: 0, unlocked: 11, failed: 15 } as const;
/** Silence of so many reports counts as loss, and at least of so many milliseconds. */
const LOSS_REPORTS = 3, LOSS_MARGIN_MS = 10;

/** Seconds of instants that are remembered: what is further back or ahead is of a clock that was set. */
const KEPT_SECONDS = 10;
/** Seconds after which an instant that has not come is missing. */
const REACH_SECONDS = 1;

/** What became of reports: received = accepted + duplicate + late + untimed + misconfigured. */
export interface ReportCounters {
  /** ASDUs that came in. */
  received: number;
  /** Reports that went on. */
  accepted: number;
  /** Of those: reports that a later one overtook. */
  reordered: number;
  /** Reports that had gone on before: earlier ones are repeated against losses. */
  duplicate: number;
  /** Reports that came first when they were counted as missing already. */
  late: number;
  /** Reports without refrTm; their time is not known. */
  untimed: number;
  /** Reports whose data set or `confRev` is not what is configured. */
  misconfigured: number;
  /** Instants between reports that did not come within a second of later ones. */
  missing: number;
}

/** The state of one stream of synchrophasors. */
export class SynchrophasorIntake extends Intake {
  /** What became of its reports. */
  readonly counters: ReportCounters = {
    received: 0,
    accepted: 0,
    reordered: 0,
    duplicate: 0,
    late: 0,
    untimed: 0,
    misconfigured: 0,
    missing: 0,
  };
  readonly #options: SvSynchrophasorOptions;
  readonly #devices: readonly SvDevice[];
  readonly #dataSet: SynchrophasorDataSet;
  readonly #values: Float64Array;
  readonly #stats: Uint16Array;
  readonly #instant = { seconds: 0, nanos: 0 };
  #confRev = -1;
  #smpSynch = -1;
  /** Number of the newest report: whole seconds times rate and its place in the second. */
  #newest = -1;
  /** Number of the first report of those that belong together. */
  #first = -1;
  /** Numbers of the reports that have gone on, each at its remainder. */
  readonly #came: Float64Array;
  readonly #reach: number;

  /** Makes the state of stream `number` of `input.synchrophasors`, with the devices of its PMUs. */
  constructor(input: SvInputOptions, number: number, place: number, devices: readonly SvDevice[]) {
    const options = input.synchrophasors[number]!;
    const stream = input.streams.length + number;
    const lossMs = Math.max(input.lossMs, LOSS_REPORTS * 1000 / options.rate + LOSS_MARGIN_MS);
    super(stream, place, options.svId, options, lossMs);
    this.#options = options;
    this.#devices = devices.filter((d) => d.stream === stream);
    this.#dataSet = new SynchrophasorDataSet(
      options.pmus.map(({ phasors, analogs, digitals }) => ({
        phasors: phasors.length,
        analogs: analogs.length,
        digitals: digitals.length,
      })),
      { angleFirst: options.angleFirst },
    );
    this.#came = new Float64Array(KEPT_SECONDS * options.rate).fill(-1);
    this.#reach = REACH_SECONDS * options.rate;
    this.#values = new Float64Array(this.#dataSet.count);
    this.#stats = new Uint16Array(options.pmus.length);
  }

  override get expectation(): string {
    return `a data set of ${this.#dataSet.size} octets and confRev ${
      this.#options.confRev ?? "any"
    }`;
  }

  override get confRev(): number {
    return this.#confRev;
  }

  override get smpSynch(): number {
    return this.#smpSynch;
  }

  override accept(
    bytes: Uint8Array,
    view: DataView,
    pdu: SvPdu,
    first: number,
    end: number,
    _seconds: number,
    _nanos: number,
    isSimulated: boolean,
    out: RecordRing,
  ): number {
    let notice = 0;
    // Oldest first: those before the last repeat earlier instants.
    for (let i = first; i < end; i++) {
      this.counters.received++;
      notice |= this.#take(bytes, view, pdu, i, isSimulated, out);
    }
    return notice;
  }

  override poll(): number {
    return 0;
  }

  override estimate(): void {
    // Reports go out as they come.
  }

  override reset(): void {
    this.#settle(this.#newest);
    this.#newest = -1;
    this.#confRev = -1;
    this.#smpSynch = -1;
  }

  /** Counts what has not come of the instants that are not settled yet, up to this one. */
  #settle(upTo: number): void {
    const came = this.#came;
    for (let n = Math.max(this.#first, this.#newest - this.#reach) + 1; n <= upTo; n++) {
      if (came[n % came.length] !== n) this.counters.missing++;
    }
  }

  /** True if a report that is not newer than the newest is taken all the same: it was overtaken, and is new. */
  #isOvertaken(number: number): boolean {
    if (this.#came[number % this.#came.length] === number) this.counters.duplicate++;
    else if (this.#newest - number >= this.#reach) this.counters.late++;
    else {
      this.counters.reordered++;
      return true;
    }
    return false;
  }

  /** Makes a report the newest; far from the one before it, another count begins. */
  #advance(number: number): void {
    if (this.#newest < 0 || Math.abs(number - this.#newest) >= this.#came.length) {
      this.#settle(this.#newest);
      this.#came.fill(-1);
      this.#first = number;
    } else this.#settle(number - this.#reach);
    this.#newest = number;
  }

  #take(
    bytes: Uint8Array,
    view: DataView,
    pdu: SvPdu,
    asdu: number,
    isSimulated: boolean,
    out: RecordRing,
  ): number {
    const { counters } = this;
    const { rate, confRev: expected } = this.#options;
    const refrTm = pdu.refrTmOffset[asdu]!;
    if (refrTm < 0) {
      counters.untimed++;
      return 0;
    }
    const confRev = pdu.confRev[asdu]!;
    const isRight = (expected === undefined || expected === confRev) &&
      this.#dataSet.decode(
        view,
        pdu.seqDataOffset[asdu]!,
        pdu.seqDataLength[asdu]!,
        this.#values,
        this.#stats,
      );
    if (!isRight) {
      counters.misconfigured++;
      return StreamNotice.Misconfigured;
    }
    const seconds = utcTimeSeconds(bytes, refrTm);
    const fraction = nanosOfFraction(utcTimeFraction(bytes, refrTm));
    // refrTm cannot hold most instants exactly: the nearest instant of the rate is meant.
    const number = seconds * rate + Math.round(fraction * rate / 1e9);
    const smpSynch = pdu.smpSynch[asdu]!;
    let notice = 0;
    if (number > this.#newest || this.#newest - number >= this.#came.length) {
      this.#advance(number);
      notice = this.#changes(confRev, smpSynch);
    } else if (!this.#isOvertaken(number)) return 0;
    this.#came[number % this.#came.length] = number;
    counters.accepted++;
    setFromSlot(this.#instant, Math.floor(number / rate), number % rate, rate);
    const quality = timeQualityOf(utcTimeQuality(bytes, refrTm), smpSynch);
    let from = 0;
    // As STAT of the virtual PMU has it: nobody takes a simulated report for one of the grid.
    const simulated = isSimulated ? StatBits.DoNotUse : 0;
    for (let i = 0; i < this.#devices.length; i++) {
      from = this.#write(this.#devices[i]!, from, this.#stats[i]! | simulated, quality, out);
    }
    return notice;
  }

  /** What the newest report says otherwise than the one before it; one that was overtaken may have the old one. */
  #changes(confRev: number, smpSynch: number): number {
    let notice = 0;
    if (this.#confRev >= 0 && confRev !== this.#confRev) notice |= StreamNotice.ConfRev;
    this.#confRev = confRev;
    if (this.#smpSynch >= 0 && smpSynch !== this.#smpSynch) notice |= StreamNotice.SmpSynch;
    this.#smpSynch = smpSynch;
    return notice;
  }

  /** Writes the frame of one PMU, whose values stand from `from` on; returns where those of the next one do. */
  #write(
    device: SvDevice,
    from: number,
    stat: number,
    quality: number,
    out: RecordRing,
  ): number {
    const count = device.drafts.length, measured = count - 2; // all but status and time quality
    this.reports++;
    const at = out.begin(frameRecordBytes(count), RecordType.Frame, device.index);
    if (at < 0) return from + measured; // counted by the ring
    const { view } = out;
    let flags = stateFlagsOf(stat);
    if (quality !== QUALITY.locked) flags |= StateFlags.BadTime;
    flags >>>= 0;
    view.setFloat64(at + 8, this.arrivalSeconds * 1e6 + this.arrivalNanos / 1000, true);
    view.setFloat64(at + 16, this.#instant.seconds, true);
    view.setUint32(at + 24, this.#instant.nanos, true);
    view.setUint32(at + 28, count, true);
    let value = at + FRAME_VALUES, flag = value + 4 * count;
    for (let i = 0; i < measured; i++, value += 4, flag += 4) {
      const number = this.#values[from + i]!;
      view.setFloat32(value, number, true);
      view.setUint32(flag, Number.isNaN(number) ? (flags | MISSING_FLAGS) >>> 0 : flags, true);
    }
    writeStatus(view, value, stat, quality);
    view.setUint32(flag, flags, true);
    view.setUint32(flag + 4, flags, true);
    out.commit();
    return from + measured;
  }
}

/** What the clock of the publisher says of itself. */
function timeQualityOf(utcTime: number, smpSynch: number): number {
  if ((utcTime & UtcTimeQuality.ClockFailure) !== 0) return QUALITY.failed;
  // Reserved values mean 0; where smpSynch is absent the stamp alone tells.
  const isFree = smpSynch >= 0 && clockKindOf(smpSynch) === ClockKind.Free;
  return isFree || (utcTime & UtcTimeQuality.ClockNotSynchronized) !== 0
    ? QUALITY.unlocked
    : QUALITY.locked;
}
