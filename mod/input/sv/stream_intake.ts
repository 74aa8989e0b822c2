/**
 * One configured stream inside capture: its samples, its estimators, and what became of its frames.
 *
 * @module
 */
import { type Instant, setFromSlot, WaveformRing } from "../../core/mod.ts";
import { stateFlagsOf } from "../../c37118/mod.ts";
import { PhasorEstimator, type PhasorOptions, type SharedInstants } from "../../phasor/mod.ts";
import { type LocalClocks, SampleStream, type SvPdu } from "../../sv/mod.ts";
import { phasorChannels, setsOf, type SvDevice } from "./devices.ts";
import { Intake } from "./intake.ts";
import type { SvInputOptions, SvStreamOptions } from "./options.ts";
import type { RecordRing } from "./record_ring.ts";
import { FRAME_VALUES, frameRecordBytes, RecordType, writeStatus } from "./records.ts";

/** Samples that are waited for at least, however slow a stream is. */
const MIN_WINDOW = 16;
interface Estimator {
  readonly device: SvDevice;
  readonly estimator: PhasorEstimator;
  readonly recordBytes: number;
}

/** The state of one stream of samples. */
export class StreamIntake extends Intake {
  /** Options. */
  readonly options: SvStreamOptions;
  /** The newest samples. */
  readonly ring: WaveformRing;
  /** Order and time of the samples. */
  readonly samples: SampleStream;
  /** Longest and shortest delay from sample to arrival in this second, in nanoseconds. */
  delayMax: number = -Infinity;
  /** See `delayMax`. */
  delayMin = Infinity;
  readonly #estimators: readonly Estimator[];
  readonly #instant: Instant = { seconds: 0, nanos: 0 };

  /** Makes the state of stream `number` of `input`, which has `place` in its engine, with its devices. */
  constructor(
    input: SvInputOptions,
    number: number,
    place: number,
    devices: readonly SvDevice[],
    shared: SharedInstants,
    localClocks: LocalClocks,
  ) {
    const options = input.streams[number]!;
    const lossMs = Math.max(input.lossMs, 3000 * options.asdus / options.rate);
    super(number, place, options.acronym, options, lossMs);
    this.options = options;
    this.ring = new WaveformRing(options.channels.length, options.rate, capacityOf(options));
    this.samples = new SampleStream(this.ring, {
      allowanceNanos: input.arrivalErrorMs * 1e6,
      oneIsGlobal: options.oneIsGlobal,
      localIsUtc: options.localIsUtc,
      localClocks,
      window: Math.max(MIN_WINDOW, Math.ceil(options.rate * input.reorderMs / 1000)),
      nominalHz: options.nominalHz,
      useRefrTm: input.udp !== undefined,
      ...(options.confRev === undefined ? {} : { confRev: options.confRev }),
      ...(options.datSet === undefined ? {} : { datSet: options.datSet }),
    });
    this.#estimators = devices.filter((d) => d.stream === number).map((device) => ({
      device,
      estimator: new PhasorEstimator(phasorOptions(options, device), shared),
      recordBytes: frameRecordBytes(device.drafts.length),
    }));
  }

  override get expectation(): string {
    const { channels, confRev, datSet, rate } = this.options;
    const name = datSet === undefined ? "" : `${datSet} `;
    return `a data set ${name}of ${8 * channels.length} octets, confRev ${confRev ?? "any"} ` +
      `and ${rate} samples/s`;
  }

  override get confRev(): number {
    return this.samples.confRev;
  }

  override get smpSynch(): number {
    return this.samples.smpSynch;
  }

  override accept(
    bytes: Uint8Array,
    view: DataView,
    pdu: SvPdu,
    first: number,
    end: number,
    seconds: number,
    nanos: number,
    isSimulated: boolean,
  ): number {
    const notice = this.samples.accept(bytes, view, pdu, first, end, seconds, nanos, isSimulated);
    const delay = this.samples.clock.delayNanos;
    if (delay > this.delayMax) this.delayMax = delay;
    if (delay < this.delayMin) this.delayMin = delay;
    return notice;
  }

  override poll(seconds: number, nanos: number): number {
    return this.samples.poll(seconds, nanos);
  }

  override reset(): void {
    this.samples.reset();
  }

  override estimate(out: RecordRing): void {
    for (let i = 0; i < this.#estimators.length; i++) {
      const entry = this.#estimators[i]!;
      while (entry.estimator.advance(this.ring)) this.#write(entry, out);
    }
  }

  /** Reporting instants that were passed over without a report. */
  get skipped(): number {
    return this.#estimators.reduce((sum, { estimator }) => sum + estimator.skipped, 0);
  }

  #write({ device, estimator, recordBytes }: Estimator, out: RecordRing): void {
    this.reports++;
    const at = out.begin(recordBytes, RecordType.Frame, device.index);
    if (at < 0) return; // counted by the ring
    const { report } = estimator;
    const { view } = out;
    const instant = this.#instant;
    setFromSlot(instant, report.second, report.index, device.framesPerSecond);
    view.setFloat64(at + 8, this.arrivalSeconds * 1e6 + this.arrivalNanos / 1000, true);
    view.setFloat64(at + 16, instant.seconds, true);
    view.setUint32(at + 24, instant.nanos, true);
    const count = device.drafts.length;
    view.setUint32(at + 28, count, true);
    let value = at + FRAME_VALUES, flag = value + 4 * count;
    const { phasors, rms } = device;
    for (let i = 0; i < phasors.length; i++) {
      const p = phasors[i]!;
      view.setFloat32(value, report.magnitudes[p]!, true);
      view.setFloat32(value + 4, report.angles[p]!, true);
      view.setUint32(flag, report.flags[p]!, true);
      view.setUint32(flag + 4, report.angleFlags[p]!, true);
      value += 8;
      flag += 8;
    }
    view.setFloat32(value, report.frequency, true);
    view.setFloat32(value + 4, report.rocof, true);
    view.setUint32(flag, report.frequencyFlags, true);
    view.setUint32(flag + 4, report.frequencyFlags, true);
    value += 8;
    flag += 8;
    for (let i = 0; i < rms.length; i++, value += 4, flag += 4) {
      view.setFloat32(value, report.rms[rms[i]!]!, true);
      view.setUint32(flag, report.flags[rms[i]!]!, true);
    }
    writeStatus(view, value, report.stat, report.timeQuality);
    const flags = stateFlagsOf(report.stat);
    view.setUint32(flag, flags, true);
    view.setUint32(flag + 4, flags, true);
    out.commit();
  }
}

/** Samples that the ring of a stream holds. */
export function capacityOf({ rate, waveformSeconds }: SvStreamOptions): number {
  return rate * waveformSeconds;
}

/** The estimator of a device. */
export function phasorOptions(stream: SvStreamOptions, device: SvDevice): PhasorOptions {
  const channels = phasorChannels(stream);
  // A current and a voltage set may have one name; positions are all that is looked at.
  const sets = setsOf(stream).map(({ channels }, i) => ({ name: `set ${i}`, channels }));
  return {
    // A device of samples has one.
    performanceClass: device.class ?? "P",
    nominalHz: stream.nominalHz,
    framesPerSecond: device.framesPerSecond,
    sampleRate: stream.rate,
    difference: "half-cycle",
    channels: channels.map((c) => ({
      name: c.label,
      index: stream.channels.indexOf(c),
      // `phasorChannels` has left out every other kind.
      quantity: c.kind as "current" | "voltage",
      scale: c.scale,
      offset: c.offset,
      ...(c.rating === undefined ? {} : { rating: c.rating }),
    })),
    sets,
    ...(stream.frequencyFrom.length === 0 ? {} : { frequency: stream.frequencyFrom }),
  };
}
