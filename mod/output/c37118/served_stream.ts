/**
 * The stream itself, whoever takes it: its configuration, its rights, and its frames.
 *
 * @module
 */
import {
  type ClockReport,
  DecodeError,
  type Frame,
  type Layout,
  type Steps,
  UNWATCHED_CLOCK,
} from "../../core/mod.ts";
import {
  encodeConfiguration,
  encodeConfiguration3,
  encodeHeaderFrame,
  FrameType,
  type QueuedFrame,
  type ServedStream,
} from "../../c37118/mod.ts";
import type { Complaints } from "../../stats/mod.ts";
import { ChangePlan, type KnownCount } from "./change_plan.ts";
import type { C37118OutputContext } from "./context.ts";
import { type FrameCircumstances, FrameMaker } from "./frame_maker.ts";
import type { C37118OutputOptions } from "./options.ts";
import { shapeOf, type StreamShape } from "./shape.ts";

/** How long rights are worked out in one turn, in milliseconds. */
const WORK_TURN_MS = 4;

/** A data frame as it goes to those who take the stream, the same object for all of them. */
export interface StreamFrame extends QueuedFrame {
  /** Arrival of the frame that it was made of: microseconds since 1970. */
  readonly arrivalMicros: number;
  /** Measurements in it. */
  readonly count: number;
}

/** What is in a frame, for the books. */
export interface FrameContent {
  /** Measurements that it carries. */
  readonly carried: number;
  /** Measurements that no rule allows. */
  readonly withheld: number;
  /** Measurements that have no place in it. */
  readonly unplaced: number;
}

/** Makes one stream out of the frames that it is given. */
export class OutputStream implements ServedStream {
  readonly idCode: number;
  readonly acceptAnyId: boolean;
  /** Measurements that came, were down-sampled, and sorted by arrival, since the start. */
  readonly figures = { expected: 0, received: 0, downsampled: 0, sorted: 0, frames: 0 };
  readonly #name: string;
  readonly #context: C37118OutputContext;
  readonly #complaints: Complaints;
  readonly #plan: ChangePlan;
  readonly #onChange: () => void;
  readonly #circumstances: { -readonly [K in keyof FrameCircumstances]: FrameCircumstances[K] };
  #options: C37118OutputOptions;
  #layout: Layout | undefined;
  /** Layouts of the stream that are not this one's. */
  readonly #others = new Set<number>();
  #maker: FrameMaker | undefined;
  #isMade = false;
  #madeFor: Uint8Array = NOTHING;
  #seenVersion = -1;
  #isDirty = false;
  #work: Steps<Uint8Array> | undefined;
  #saturated = 0;
  #refused = "";
  #encoded = new Map<number, readonly Uint8Array[]>();
  #encodedSoc = -1;

  /** Makes a stream without a configuration; `onChange` is called when it has another one. */
  constructor(
    name: string,
    options: C37118OutputOptions,
    context: C37118OutputContext,
    complaints: Complaints,
    onChange: () => void,
  ) {
    this.#name = name;
    this.#options = options;
    this.#context = context;
    this.#complaints = complaints;
    this.#onChange = onChange;
    this.idCode = options.idCode;
    this.acceptAnyId = !options.checkIdCode;
    this.#plan = new ChangePlan(changeOptions(options));
    this.#circumstances = {
      frameClock: undefined,
      ownClock: undefined,
      nowMicros: 0.5, // a fraction, so that the field is a double from the start
      announces: false,
    };
  }

  /** The configuration that holds. */
  get shape(): StreamShape | undefined {
    return this.#plan.current;
  }

  /** CFGCNT. */
  get cfgCnt(): number {
    return this.#plan.cfgCnt;
  }

  /** Changes of the configuration since the start, the first one included. */
  get changes(): number {
    return this.#plan.changes;
  }

  /** Integers that had to be saturated. */
  get saturated(): number {
    return this.#saturated + (this.#maker?.saturated ?? 0);
  }

  /** Why there is no stream, in a sentence; empty if there is one. */
  get reason(): string {
    if (this.#refused) return this.#refused;
    if (this.shape) return "";
    if (!this.#layout) return `no frame of ${this.#options.stream} has come yet`;
    return this.#plan.remainingMs(this.#context.clock.monotonicMs()) === undefined
      ? "no rule allows anything of the devices that are there"
      : "the devices are not settled yet";
  }

  /** Seconds until the configuration changes; undefined if that is not announced. */
  get changesInSeconds(): number | undefined {
    const ms = this.#plan.remainingMs(this.#context.clock.monotonicMs());
    return ms === undefined ? undefined : ms / 1000;
  }

  /** What was told before a restart. */
  remember(known: KnownCount): void {
    this.#plan.remember(known);
  }

  /** Takes changed settings into use. */
  update(options: C37118OutputOptions): void {
    this.#options = options;
    this.#plan.options = changeOptions(options);
    this.#encoded.clear();
    this.#isDirty = true;
  }

  /** True if a frame is one of this stream's. */
  takes({ layout }: Frame): boolean {
    if (layout === this.#layout) return true;
    if (this.#others.has(layout.id)) return false;
    if (!this.#isOurs(layout)) {
      // Layouts come and go with configurations of inputs.
      if (this.#others.size >= MAX_OTHERS) this.#others.clear();
      this.#others.add(layout.id);
      return false;
    }
    this.#layout = layout;
    this.#isMade = false;
    this.#isDirty = true;
    return true;
  }

  /** What is in the frames of this moment; undefined while there is no configuration. */
  content(): FrameContent | undefined {
    return this.#makerNow();
  }

  /** The data frame that a frame of the stream becomes; undefined while there is no configuration. */
  make(frame: Frame): StreamFrame | undefined {
    const maker = this.#makerNow();
    if (!maker) return undefined;
    const { clock, clockReport } = this.#context;
    const report = clockReport();
    const now = this.#circumstances;
    now.frameClock = this.#frameClock(report);
    now.ownClock = report;
    now.nowMicros = clock.nowMicros();
    now.announces = this.#plan.announces(clock.monotonicMs());
    const bytes = maker.make(frame, now);
    const { figures } = this;
    figures.frames++;
    figures.expected += maker.carried;
    figures.received += maker.present;
    figures.downsampled += maker.downsampled;
    figures.sorted += maker.sorted;
    return {
      bytes,
      isData: true,
      arrivalMicros: frame.arrivalMicros,
      count: maker.carried,
    };
  }

  /** Follows rights, signals and announced changes; to be called many times a second. */
  tick(): void {
    const nowMs = this.#context.clock.monotonicMs();
    this.#follow(nowMs);
    if (!this.#plan.advance(nowMs)) return;
    this.#encoded.clear();
    this.#isMade = false;
    this.#onChange();
  }

  /** Somebody takes data by the configuration that holds. */
  told(): void {
    this.#plan.told();
  }

  header(): Uint8Array {
    const names = this.shape?.configuration.pmus.map(({ station }) => station) ?? [];
    const text = this.#options.header ??
      `Tieline ${this.#context.gatewayName}, stream ${this.#name}: ${names.join(", ") || "no PMU"}`;
    return encodeHeaderFrame(this.#prefix(), text.slice(0, MAX_HEADER));
  }

  configuration(type: number): readonly Uint8Array[] | undefined {
    if (type === FrameType.Config3 && this.#options.edition === 2005) return undefined;
    const shape = this.shape;
    if (!shape) return [];
    this.told();
    const prefix = this.#prefix();
    if (prefix.soc !== this.#encodedSoc) {
      this.#encoded.clear();
      this.#encodedSoc = prefix.soc;
    }
    let frames = this.#encoded.get(type);
    if (!frames) this.#encoded.set(type, frames = this.#encode(shape, type));
    return frames;
  }

  #encode(shape: StreamShape, type: number): readonly Uint8Array[] {
    const prefix = this.#prefix();
    try {
      return type === FrameType.Config3
        ? encodeConfiguration3(shape.configuration3, prefix, this.#maxConfigurationBytes())
        : [encodeConfiguration(shape.configuration, prefix, type)];
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      // CFG-2 has no pieces; CFG-3 has.
      this.#complain("configurationSize", error.message);
      return [];
    }
  }

  #maxConfigurationBytes(): number {
    return this.#options.destinations.length > 0 ? MAX_DATAGRAM : MAX_FRAME;
  }

  #prefix(): { idCode: number; soc: number; version: number } {
    const soc = Math.max(0, Math.floor(this.#context.clock.nowMicros() / 1e6));
    return { idCode: this.idCode, soc, version: this.#options.edition === 2011 ? 2 : 1 };
  }

  #isOurs(layout: Layout): boolean {
    const { stream, devices } = this.#options;
    if (stream !== "received") return layout.source === stream;
    const wanted = devices[0]!.device; // the schema has checked that there is one
    return layout.devices.some(({ device }) => device === wanted);
  }

  /** Works rights out a little further, and proposes the shape that follows from them. */
  #follow(nowMs: number): void {
    const { access } = this.#context;
    if (access.version !== this.#seenVersion) {
      this.#seenVersion = access.version;
      this.#isDirty = true;
    }
    if (!this.#layout) return;
    if (this.#isDirty) {
      this.#isDirty = false;
      this.#work = access.permittedSteps(this.#name);
    }
    if (!this.#work) return;
    const endMs = nowMs + WORK_TURN_MS;
    for (;;) {
      const { done, value } = this.#work.next();
      if (!done) {
        if (this.#context.clock.monotonicMs() >= endMs) return;
        continue;
      }
      this.#work = undefined;
      // What working rights out has changed is known here.
      this.#seenVersion = access.version;
      this.#propose(value, nowMs);
      return;
    }
  }

  #propose(permitted: Uint8Array, nowMs: number): void {
    const layout = this.#layout!; // the caller has looked
    const shape = shapeOf(layout, permitted, this.#context.registry, this.#options);
    this.#refused = "";
    if (shape) {
      try {
        const { size } = this.#makerOf(shape, layout, permitted);
        if (size > MAX_DATAGRAM && this.#options.destinations.length > 0) {
          this.#complain("datagramSize", `Frames of ${size} bytes are too large for datagrams`);
        }
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        this.#refused = error.message;
        this.#complain("frameSize", error.message);
        return;
      }
    }
    this.#plan.propose(shape, nowMs);
  }

  /** The maker for shape, layout and rights of this moment. */
  #makerNow(): FrameMaker | undefined {
    const permitted = this.#context.access.permittedNow(this.#name);
    if (this.#isMade && permitted === this.#madeFor) return this.#maker;
    this.#saturated = this.saturated;
    this.#isMade = true;
    this.#madeFor = permitted;
    const { shape } = this;
    this.#maker = shape && this.#layout && this.#makerOf(shape, this.#layout, permitted);
    return this.#maker;
  }

  #makerOf(shape: StreamShape, layout: Layout, permitted: Uint8Array): FrameMaker {
    const { registry, estimates } = this.#context;
    const { edition } = this.#options;
    return new FrameMaker(shape, layout, permitted, registry, { edition, estimates });
  }

  /** Whose time quality the frames have: that of the clock, or undefined for that of the sources. */
  #frameClock(report: ClockReport | undefined): ClockReport | undefined {
    const { timeQuality, stream } = this.#options;
    if (timeQuality === "sources") return undefined;
    if (timeQuality === "clock") return report ?? UNWATCHED_CLOCK;
    return stream === "received" ? undefined : report;
  }

  #complain(kind: string, message: string): void {
    this.#complaints.note(kind, message, this.#context.clock.monotonicMs());
  }
}

const NOTHING = new Uint8Array(0);
const MAX_OTHERS = 1024;
const MAX_HEADER = 16_384;
const MAX_FRAME = 65_535;
/** Largest payload of a datagram over IPv4. */
export const MAX_DATAGRAM = 65_507;

function changeOptions(options: C37118OutputOptions) {
  return {
    settleMs: options.settleMs,
    noticeMs: options.changeNoticeSeconds * 1000,
    noticeFirst: options.edition === 2011,
  };
}
