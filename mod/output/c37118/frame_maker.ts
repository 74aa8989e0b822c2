/**
 * Data frames from frames of the stream: where each value comes from, and what is said of it.
 *
 * @module
 */
import {
  type ClockReport,
  type Frame,
  type Instant,
  type Layout,
  MISSING_FLAGS,
  type SignalRegistry,
  StateFlags,
} from "../../core/mod.ts";
import {
  DataEncoder,
  fracSecOfSlot,
  statBitsOfClock,
  timeQualityOfClock,
  timeQualityOfLeap,
} from "../../c37118/mod.ts";
import {
  asOf2005,
  type BlockFindings,
  CONFIGURATION_CHANGE,
  SORTED_BY_ARRIVAL,
  statOfBlock,
  withClock,
} from "./block_status.ts";
import { NO_SIGNAL, type StreamShape } from "./shape.ts";

/** Not in the layout. */
const NOWHERE = -1;
/** In the layout, and not permitted (any more). */
const WITHHELD = -2;
/** Time quality code for time that nobody vouches for. */
const UNRELIABLE = 15;

/** What a frame is made with beside its values. */
export interface FrameCircumstances {
  /** What is known of the gateway's clock; undefined for the time quality of the sources. */
  readonly frameClock: ClockReport | undefined;
  /** What is known of the gateway's clock, for devices that it estimates; undefined if nobody watches it. */
  readonly ownClock: ClockReport | undefined;
  /** Now: microseconds since 1970. */
  readonly nowMicros: number;
  /** True while STAT bit 10 is to be set. */
  readonly announces: boolean;
}

/** What makers of frames of one stream have in common. */
export interface FrameMakerOptions {
  /** Edition of the standard. */
  readonly edition: 2005 | 2011;
  /** True if the gateway estimates what this device reports. */
  readonly estimates: (device: string) => boolean;
}

/** Makes data frames of one shape from frames of one layout, for as long as rights stay as they are. */
export class FrameMaker {
  /** FRAMESIZE of every frame. */
  readonly size: number;
  /** Values of each frame that are carried. */
  readonly carried: number;
  /** Values of each frame that no rule allows; those of a shape that was told before are sent as missing. */
  readonly withheld: number;
  /** Values of each frame that have no place in the stream. */
  readonly unplaced: number;
  /** Values of the last frame that came. */
  present = 0;
  /** Values of the last frame that were down-sampled. */
  downsampled = 0;
  /** Values of the last frame in PMUs that are sorted by arrival. */
  sorted = 0;
  readonly #shape: StreamShape;
  readonly #options: FrameMakerOptions;
  readonly #encoder: DataEncoder;
  readonly #rate: number;
  readonly #values: Float32Array;
  readonly #from: Int32Array;
  readonly #estimated: Uint8Array;
  readonly #qualities: Int32Array;
  readonly #found: BlockFindings = { word: NaN, hasWord: false, present: 0, missing: 0, flags: 0 };

  /** Works out where everything is. Throws `DecodeError` of kind `size` if frames would exceed 65535 bytes. */
  constructor(
    shape: StreamShape,
    layout: Layout,
    permitted: Uint8Array,
    registry: SignalRegistry,
    options: FrameMakerOptions,
  ) {
    const { configuration, handles, blocks } = shape;
    this.#shape = shape;
    this.#options = options;
    this.#rate = configuration.dataRate;
    this.#encoder = new DataEncoder(configuration, { version: configuration.version });
    this.size = this.#encoder.size;
    this.#values = new Float32Array(this.#encoder.count).fill(NaN);
    const places = new Map<number, number>();
    layout.handles.forEach((handle, i) => places.set(handle, i));
    let carried = 0;
    this.#from = handles.map((handle) => {
      const place = handle === NO_SIGNAL ? undefined : places.get(handle);
      if (place === undefined) return NOWHERE;
      if (permitted[handle] !== 1) return WITHHELD;
      carried++;
      return place;
    });
    this.carried = carried;
    this.withheld = layout.handles.reduce((sum, h) => sum + (permitted[h] === 1 ? 0 : 1), 0);
    this.unplaced = layout.handles.length - this.carried - this.withheld;
    this.#estimated = Uint8Array.from(blocks, ({ device }) => options.estimates(device) ? 1 : 0);
    // A concentrator's time quality is a signal of its own device, the parent of its PMUs.
    const sources = new Set(
      blocks.flatMap(({ device }) => [device, registry.device(device)?.parentAcronym]),
    );
    this.#qualities = layout.handles.map((handle, i) => {
      const signal = registry.get(handle);
      return signal?.type === "QUAL" && sources.has(signal.device) ? i : NOWHERE;
    }).filter((i) => i !== NOWHERE);
  }

  /** Integers that had to be saturated. */
  get saturated(): number {
    return this.#encoder.saturated;
  }

  /** The data frame that a lent frame becomes, in memory of its own. */
  make(frame: Frame, circumstances: FrameCircumstances): Uint8Array<ArrayBuffer> {
    this.present = this.downsampled = this.sorted = 0;
    const { blocks } = this.#shape;
    for (let b = 0; b < blocks.length; b++) this.#fill(b, frame, circumstances);
    const out = new Uint8Array(this.size);
    const count = this.#count(frame.instant);
    const timeBase = this.#shape.configuration.timeBase;
    const carry = count >= timeBase ? 1 : 0;
    const soc = frame.instant.seconds + carry;
    this.#encoder.encode(
      this.#values,
      soc,
      count - carry * timeBase,
      this.#timeQuality(frame, soc, circumstances.frameClock),
      out,
    );
    return out;
  }

  #fill(b: number, frame: Frame, circumstances: FrameCircumstances): void {
    const block = this.#shape.blocks[b]!;
    const from = this.#from, out = this.#values, found = this.#found;
    const { values, flags } = frame;
    const at = from[block.status]!;
    found.hasWord = this.#shape.handles[block.status] !== NO_SIGNAL && at !== WITHHELD;
    found.word = at < 0 || isMissing(flags[at]!) ? NaN : values[at]!;
    found.present = found.missing = found.flags = 0;
    // A value that is bad by itself has no mark of its own on the wire: it is sent as missing.
    const isInvalid = found.word === found.word && (found.word & 0x8000) !== 0;
    let downsampled = 0;
    for (let i = block.offset; i < block.status; i++) {
      const place = from[i]!;
      if (place < 0) {
        out[i] = NaN;
        // What the stream never had, or may not have any more, is no fault of the device.
        if (place === NOWHERE && this.#shape.handles[i] !== NO_SIGNAL) found.missing++;
        continue;
      }
      const state = flags[place]!;
      if (isMissing(state)) {
        out[i] = NaN;
        found.missing++;
        continue;
      }
      found.present++;
      found.flags |= state;
      if ((state & StateFlags.DownSampled) !== 0) downsampled++;
      const isBad = (state & StateFlags.BadData) !== 0 && !isInvalid;
      out[i] = isBad ? NaN : values[place]!;
    }
    let stat = statOfBlock(found);
    const { ownClock, nowMicros } = circumstances;
    if (ownClock && this.#estimated[b] === 1) {
      stat = withClock(stat, statBitsOfClock(ownClock, nowMicros));
    }
    if (this.#options.edition === 2005) stat = asOf2005(stat);
    if (circumstances.announces) stat |= CONFIGURATION_CHANGE;
    out[block.status] = stat; // below 2^16: exact, and a common status word without its upper half
    this.present += found.present + (found.word === found.word ? 1 : 0);
    this.downsampled += downsampled;
    if ((stat & SORTED_BY_ARRIVAL) !== 0) this.sorted += found.present;
  }

  /** The fraction count of an instant; may be TIME_BASE, which is 0 of the next second. */
  #count({ nanos }: Instant): number {
    const rate = this.#rate, { timeBase } = this.#shape.configuration;
    if (rate >= 1) {
      const index = Math.round(nanos * rate / 1e9);
      // A stamp of the grid is made from its index, since its nanoseconds are rounded.
      if (Math.abs(index * 1e9 / rate - nanos) < 200) return fracSecOfSlot(index, rate, timeBase);
    }
    return Math.round(nanos * timeBase / 1e9);
  }

  /** Leap bits and time quality of the frame: those of the clock, or the worst of the sources. */
  #timeQuality(frame: Frame, soc: number, clock: ClockReport | undefined): number {
    if (clock) return timeQualityOfClock(clock, soc);
    let worst = -1;
    const { values, flags } = frame;
    for (let i = 0; i < this.#qualities.length; i++) {
      const at = this.#qualities[i]!;
      const value = values[at]!;
      if (value !== value || isMissing(flags[at]!)) continue;
      worst = Math.max(worst, qualityCode(value));
    }
    return timeQualityOfLeap(frame.leap) | (worst < 0 ? UNRELIABLE : worst);
  }
}

function isMissing(flags: number): boolean {
  return (flags & MISSING_FLAGS) === MISSING_FLAGS;
}

/** The code in a QUAL value: inputs of C37.118 put the whole byte above bit 23, estimators give the code alone. */
function qualityCode(value: number): number {
  return (value > 0xffffff ? value / 0x1000000 : value) & 15;
}
