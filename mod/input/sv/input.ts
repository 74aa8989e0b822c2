/**
 * A sampled-values input as a part of the gateway: devices, books and status around what capture sends.
 *
 * Whether capture runs in Workers of this process or in `tieline capture` makes no difference here but for the carrier.
 *
 * @module
 */
import * as v from "valibot";
import {
  DecodeError,
  type Frame,
  makeFrame,
  type Metric,
  type Part,
  type PartState,
  type PartStatus,
  secondStateFlags,
  type SeenDevices,
  type StatisticRow,
} from "../../core/mod.ts";
import { orderSchema, type TriggerOrder } from "../../event/mod.ts";
import { rawRights } from "../../os/mod.ts";
import { Complaints, IngestLedger, InputStatistics, SourceClockWatch } from "../../stats/mod.ts";
import { type Carrier, type RecordTaker, WorkerCarrier } from "./carrier.ts";
import type { SvInputContext } from "./context.ts";
import { registerDevices, streamName } from "./devices.ts";
import { discoveredStream, seenDevice } from "./discovery.ts";
import { EventInbox } from "./event_outbox.ts";
import {
  complaintSchema,
  EVENT_TEXT,
  eventSchema,
  figuresSchema,
  liveNoticeSchema,
} from "./link_texts.ts";
import { liveBlock } from "./live_stream.ts";
import { nominalOf, type SvInputOptions } from "./options.ts";
import { readFrame, recordContent, RecordType, textRecord } from "./records.ts";
import { type DeviceBooks, metricsOf, missingOf, type Reported, statusDetail } from "./report.ts";
import { type LinkWatcher, RedialingCarrier } from "./redial.ts";
import { SocketCarrier } from "./socket_carrier.ts";

/** A sampled-values input. */
export interface SvInput extends Part {
  /** Acronyms of its streams that have samples. */
  readonly waveforms: readonly string[];
  /** Hands a trigger to its recorders; false if it was not taken. */
  trigger(order: TriggerOrder): boolean;
}

/** Makes the input of `[input.NAME]`. It is named `input.NAME`; the source of its layouts is NAME!DEVICE. */
export function createSvInput(
  name: string,
  options: SvInputOptions,
  context: SvInputContext,
): SvInput {
  return new Input(name, options, context);
}

/** Why a frame of capture did not go on, by its number in the ledger. */
const Drop = { Malformed: 0, Refused: 1 } as const;
const DROP_REASONS = ["malformed", "refused"];

interface DeviceState extends DeviceBooks {
  readonly frame: Frame;
  toldClock: string;
}

const HOUSEKEEPING_MS = 1000;
/** Frames of an age that makes the part be called running. */
const FRESH_MS = 2000;

class Input implements SvInput, RecordTaker, LinkWatcher {
  readonly name: string;
  readonly #source: string;
  readonly #options: SvInputOptions;
  readonly #context: SvInputContext;
  readonly #complaints: Complaints;
  #devices: DeviceState[] = [];
  #carrier: Carrier | undefined;
  /** The end of a carrier that has ended by itself. */
  #ending: Promise<void> = Promise.resolve();
  #isStopping = false;
  #timer: ReturnType<typeof setInterval> | undefined;
  #state: PartState = "stopped";
  #sinceMicros: number;
  #reason: string | undefined;
  #reported: Reported = { workers: new Map(), discovered: [], events: {}, malformed: 0 };
  #freshMs = -Infinity;
  readonly #inboxes = new Map<number, EventInbox>();
  /** What was told last of an interface that is not up: each Worker tells it. */
  #interfaceTrouble = "";

  constructor(name: string, options: SvInputOptions, context: SvInputContext) {
    this.name = `input.${name}`;
    this.#source = name;
    this.#options = options;
    this.#context = context;
    this.#complaints = new Complaints(context.log);
    this.#sinceMicros = context.clock.nowMicros();
  }

  async start(): Promise<void> {
    if (this.#carrier) return;
    const { registry, clock, log, cores = navigator.hardwareConcurrency } = this.#context;
    this.#enter("starting");
    this.#reported = { workers: new Map(), discovered: [], events: {}, malformed: 0 };
    const nowMs = clock.monotonicMs();
    this.#devices = registerDevices(this.#source, this.#options, registry).map((device) => {
      const statistics = new InputStatistics(nowMs);
      statistics.configure(device.layout, device.types);
      for (const { reference, before, after } of device.changes) {
        log.warn(
          `${reference} has another meaning than before: signal ${after} takes the place of ${before}; ` +
            "rights to the old one do not hold for it",
        );
      }
      return {
        device,
        statistics,
        ledger: new IngestLedger(DROP_REASONS),
        clock: new SourceClockWatch(device.framesPerSecond),
        frame: makeFrame(device.layout),
        toldClock: "ok",
      };
    });
    const recording = this.#context.events?.recording;
    this.#inboxes.clear();
    const inProcess = this.#options.interface !== undefined && this.#options.capture === "process";
    const carrier = inProcess
      ? new RedialingCarrier(
        (taker) => new SocketCarrier(this.#options.captureSocket, this.#requests(), taker),
        this,
      )
      : new WorkerCarrier(this.#options, recording, this, cores);
    this.#carrier = carrier;
    try {
      await carrier.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
    if (this.#carrier !== carrier || this.#isStopping) return; // stopped meanwhile
    if (this.#state === "starting") this.#enter("waiting", "no samples yet");
    this.#timer = setInterval(() => this.#keepHouse(), HOUSEKEEPING_MS);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#timer);
    await this.#carrier?.stop(); // records that are complete come until then
    await this.#ending; // two carriers would hand everything in twice
    this.#carrier = undefined;
    this.#isStopping = false;
    for (const { device } of this.#devices) this.#context.registry.unregister(device.acronym);
    this.#devices = [];
    this.#enter("stopped");
  }

  /** What `tieline capture` is told first. */
  #requests(): Uint8Array[] {
    const recording = this.#context.events?.recording;
    return [
      ...(recording ? [textRecord(RecordType.Recording, recording)] : []),
      textRecord(RecordType.Configure, this.#options),
    ];
  }

  status(): PartStatus {
    return {
      state: this.#state,
      sinceMicros: this.#sinceMicros,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      detail: {
        ...statusDetail(this.#options, this.#reported, this.#devices),
        rights: rawRights(),
        complaints: this.#complaints.totals(),
        ...(this.#carrier instanceof RedialingCarrier
          ? { captureProgram: this.#carrier.program || null }
          : {}),
      },
    };
  }

  metrics(): Metric[] {
    return metricsOf(this.#options, this.#reported, this.#devices);
  }

  statistics(): StatisticRow[] {
    const nowMs = this.#context.clock.monotonicMs();
    const rows: StatisticRow[] = [];
    for (const { statistics, device } of this.#devices) {
      statistics.close(nowMs);
      rows.push(...statistics.rows(device.acronym));
    }
    return rows;
  }

  seen(): SeenDevices {
    const hz = nominalOf(this.#options.streams);
    return {
      list: "streams",
      devices: this.#reported.discovered.map((stream) => seenDevice(stream, hz)),
    };
  }

  take(view: DataView, at: number, length: number, source: number): void {
    if (!this.#carrier) return;
    const type = view.getUint8(at + 4);
    if (type === RecordType.Frame) return this.#frame(view, at, length);
    if (type === RecordType.Live) return this.#live(view, at, length);
    try {
      if (type === RecordType.EventRecord) return this.#eventPart(view, at, length, source);
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      this.#text(type, recordContent(bytes, at, length), source);
    } catch (error) {
      if (!(error instanceof DecodeError) && !(error instanceof v.ValiError)) throw error;
      this.#malformed(error.message);
    }
  }

  ended(reason: string): void {
    const carrier = this.#carrier;
    if (!carrier || this.#isStopping) return;
    this.#carrier = undefined;
    clearInterval(this.#timer);
    for (const { statistics } of this.#devices) statistics.connection(false);
    this.#enter("failed", reason);
    this.#ending = carrier.stop();
  }

  interrupted(reason: string): void {
    if (this.#isStopping) return;
    for (const { statistics } of this.#devices) statistics.connection(false);
    // What was reported is not known any more.
    this.#reported.workers.clear();
    this.#reported.discovered = [];
    delete this.#reported.interface;
    this.#interfaceTrouble = "";
    this.#inboxes.clear();
    this.#complain("capture", reason);
    this.#enter("waiting", reason);
  }

  #frame(view: DataView, at: number, length: number): void {
    const entry = this.#devices[view.getUint16(at + 6, true)];
    const { clock, sink } = this.#context;
    const nowMs = clock.monotonicMs();
    if (!entry) return this.#malformed(`Frame of device ${view.getUint16(at + 6, true)}`);
    const { frame, ledger, statistics } = entry;
    try {
      readFrame(view, at, length, frame);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      const now = clock.nowMicros();
      ledger.received(now);
      ledger.dropped(Drop.Malformed, now);
      return this.#malformed(error.message);
    }
    const report = this.#context.clockReport?.();
    const quality = report ? secondStateFlags(report) : 0;
    if (quality !== 0) { for (let i = 0; i < frame.flags.length; i++) frame.flags[i]! |= quality; }
    const arrival = frame.arrivalMicros;
    ledger.received(arrival);
    statistics.bytes(length);
    statistics.dataFrame(frame, nowMs);
    if (entry.clock.add(frame.instant, arrival)) this.#tellClock(entry);
    try {
      sink.accept(frame);
      ledger.accepted(arrival);
    } catch (error) {
      ledger.dropped(Drop.Refused, arrival);
      this.#complain("refused", `A frame was refused by the gateway: ${String(error)}`);
    }
    this.#freshMs = nowMs;
    if (this.#state === "waiting") this.#enter("running");
  }

  get waveforms(): readonly string[] {
    return this.#options.streams.map((s) => s.acronym);
  }

  trigger(order: TriggerOrder): boolean {
    return this.#carrier?.trigger(order) ?? false;
  }

  #live(view: DataView, at: number, length: number): void {
    const stream = this.#options.streams[view.getUint16(at + 6, true)];
    const block = liveBlock(view, at, length);
    if (!stream || !block) return this.#malformed("Live message");
    this.#context.events?.live(stream.acronym, block);
  }

  #eventPart(view: DataView, at: number, length: number, source: number): void {
    let inbox = this.#inboxes.get(source);
    if (!inbox) this.#inboxes.set(source, inbox = new EventInbox());
    const parcel = inbox.take(view, at, length);
    if (!parcel) return;
    const stream = this.#options.streams[parcel.stream];
    if (!stream) return this.#malformed(`Event record of stream ${parcel.stream}`);
    this.#context.events?.recorded(stream.acronym, parcel.id, parcel.bytes);
  }

  #text(type: number, content: unknown, source: number): void {
    switch (type) {
      case RecordType.Event:
        return this.#event(v.parse(eventSchema, content));
      case RecordType.Complaint: {
        const { kind, message } = v.parse(complaintSchema, content);
        if (kind.startsWith("interface")) {
          if (message === this.#interfaceTrouble) return;
          this.#interfaceTrouble = message;
        }
        return this.#complain(kind, message);
      }
      case RecordType.Status:
        this.#status(source, v.parse(figuresSchema, content));
        break;
      case RecordType.Discovered:
        this.#reported.discovered = v.parse(v.array(discoveredStream), content);
        break;
      case RecordType.Fired:
        this.#context.events?.fired(v.parse(orderSchema, content));
        break;
      case RecordType.LiveStream: {
        const notice = v.parse(liveNoticeSchema, content);
        const stream = this.#options.streams[notice.stream];
        if (!stream) return this.#malformed(`Live stream ${notice.stream}`);
        this.#context.events?.liveStream(stream.acronym, notice);
        break;
      }
      default:
        this.#malformed(`Record of type ${type}`);
    }
  }

  /** What never came is in the statistics of the devices too, as it is for every input. */
  #status(source: number, status: Record<string, unknown>): void {
    const before = this.#devices.map(({ device }) => missingOf(this.#reported, device.stream));
    this.#reported.workers.set(source, status);
    this.#devices.forEach(({ device, statistics }, i) => {
      const grown = missingOf(this.#reported, device.stream) - before[i]!;
      if (grown > 0) statistics.missingData(grown);
    });
    const isIdle = this.#devices.length === 0 && this.#reported.interface?.state === "up";
    if (isIdle && this.#state === "waiting") this.#enter("running", "no stream is configured");
  }

  #event(event: v.InferOutput<typeof eventSchema>): void {
    const { log, clock } = this.#context;
    const acronym = event.stream === undefined
      ? undefined
      : streamName(this.#options, event.stream);
    if (acronym === undefined) {
      const { interface: name, state = "" } = event;
      if (name === undefined || state === this.#reported.interface?.state) return;
      this.#reported.interface = { state, sinceMicros: clock.nowMicros() };
      if (state === "up") {
        this.#interfaceTrouble = "";
        log.info(`Interface ${name} is up`);
      }
      return;
    }
    const isUp = event.change === "live" || event.change === "returned";
    if (isUp || event.change === "lost") {
      for (const { device, statistics } of this.#devices) {
        if (device.stream === event.stream) statistics.connection(isUp);
      }
    }
    if (event.change === "confRev") {
      for (const { device, statistics } of this.#devices) {
        if (device.stream === event.stream) statistics.configurationChanged();
      }
    }
    this.#reported.events[acronym] = { change: event.change ?? "", atMicros: clock.nowMicros() };
    const text = EVENT_TEXT[event.change ?? ""];
    if (!text) return;
    const message = `${acronym}: ${text(event)}`;
    if (isUp) log.info(message);
    else this.#complain(`${event.change} ${acronym}`, message);
  }

  #tellClock(entry: DeviceState): void {
    const { kind, text } = entry.clock.verdict();
    if (kind === "unknown" || kind === entry.toldClock) return;
    entry.toldClock = kind;
    const { log } = this.#context;
    if (kind === "ok") log.info(`The clock of ${entry.device.acronym}: ${text}`);
    else log.warn(`The clock of ${entry.device.acronym} is ${kind}: ${text}`);
  }

  #keepHouse(): void {
    const nowMs = this.#context.clock.monotonicMs();
    this.#complaints.flush(nowMs);
    for (const { statistics } of this.#devices) statistics.advance(nowMs);
    const { length } = this.#devices;
    if (length > 0 && this.#state === "running" && nowMs - this.#freshMs > FRESH_MS) {
      this.#enter("waiting", "samples stay away");
    }
  }

  #malformed(message: string): void {
    this.#reported.malformed++;
    this.#complain("link", `A record of capture was dropped: ${message}`);
  }

  #complain(kind: string, message: string): void {
    this.#complaints.note(kind, message, this.#context.clock.monotonicMs());
  }

  #enter(state: PartState, reason?: string): void {
    if (state !== this.#state) this.#sinceMicros = this.#context.clock.nowMicros();
    this.#state = state;
    this.#reason = reason;
  }
}
