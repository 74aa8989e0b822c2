/**
 * Event recording as a part of the gateway: triggers that are no stream's own, orders between streams,
 * and where finished records go.
 *
 * @module
 */
import type { Archive } from "../archive/mod.ts";
import {
  type Clock,
  counter,
  type Frame,
  type FrameSink,
  type Instant,
  type Log,
  type Metric,
  type Part,
  type PartStatus,
  setFromMicros,
  type SignalRegistry,
} from "../core/mod.ts";
import {
  type CaptureOptions,
  FrameTriggers,
  type NamedTrigger,
  outsideOrder,
  type OutsideTrigger,
  type TriggerOptions,
  type TriggerOrder,
} from "../event/mod.ts";
import {
  recordedStream,
  type RecordingOptions,
  type SvEvents,
  type SvInput,
} from "../input/sv/mod.ts";
import type { SttpOutput } from "../output/sttp/mod.ts";
import { captureOf, recordingOf, triggersOf, waveformSources } from "./event_config.ts";
import { EventUpstream } from "./event_upstream.ts";
import { FrameRecording } from "./frame_recording.ts";
import { type ManualOrder, manualOrder } from "./manual_order.ts";
import type { GatewayConfig } from "./schema.ts";

/** What the hub needs of the gateway. */
export interface EventHubContext {
  /** Gives out handles and GUIDs. */
  readonly registry: SignalRegistry;
  /** The time. */
  readonly clock: Clock;
  /** Where an operator reads. */
  readonly log: Log;
  /** The archive; undefined while there is none. */
  readonly archive: () => Archive | undefined;
  /** Inputs with samples. */
  readonly inputs: () => Iterable<SvInput>;
  /** Outputs that take waveforms. */
  readonly outputs: () => Iterable<SttpOutput>;
  /** Names of the alarms of the gateway itself that are raised now. */
  readonly alarms: () => readonly string[];
}

/** What became of an order. */
export interface OrderResult {
  /** Identity of the event. */
  readonly event: string;
  /** Streams whose recorders were told. */
  readonly streams: readonly string[];
  /** Devices whose synchrophasors are recorded. */
  readonly devices: readonly string[];
}

/** How often the gateway's own alarms are looked at. */
const ALARM_MS = 1000;
/** Most layouts that are watched at once. */
const MAX_LAYOUTS = 4096;

/** The part `events`. */
export class EventHub implements Part, FrameSink {
  /** Name of the part. */
  readonly name = "events";
  readonly #config: GatewayConfig;
  readonly #context: EventHubContext;
  readonly #capture: CaptureOptions | undefined;
  readonly #recording: RecordingOptions | undefined;
  readonly #triggers: readonly NamedTrigger[];
  readonly #watchesFrames: boolean;
  readonly #watchesAlarms: boolean;
  readonly #upstream: EventUpstream;
  readonly #frames: FrameRecording | undefined;
  readonly #watchers = new Map<
    string,
    { readonly layout: number; readonly triggers: FrameTriggers }
  >();
  readonly #fired = new Map<string, number>();
  #raised: ReadonlySet<string> = new Set();
  #alarmTimer: ReturnType<typeof setInterval> | undefined;
  #sinceMicros: number;
  #isRunning = false;
  #records = 0;
  #recordBytes = 0;
  #refused = 0;
  #unheard = 0;

  /** The hub of a configuration. */
  constructor(config: GatewayConfig, context: EventHubContext) {
    this.#config = config;
    this.#context = context;
    this.#capture = captureOf(config);
    this.#recording = recordingOf(config);
    this.#triggers = triggersOf(config);
    this.#watchesAlarms = this.#triggers.some(({ options }) => options.kind === "alarm");
    this.#watchesFrames = this.#watchesAlarms ||
      this.#triggers.some(({ options }) => options.devices.length > 0);
    const { gateway } = this.#recording ??
      { gateway: { id: config.gateway.id, name: config.gateway.name, company: "", program: "" } };
    this.#upstream = new EventUpstream(gateway, context.registry, context.outputs, context.log);
    const { capture } = this.#recording ?? {};
    const { registry, clock } = context;
    this.#frames = capture && capture.devices.length > 0
      ? new FrameRecording({
        gateway,
        capture,
        registry,
        clock,
        recorded: (bytes) => this.#store(bytes),
      })
      : undefined;
    this.#sinceMicros = clock.nowMicros();
  }

  start(): Promise<void> {
    this.#sinceMicros = this.#context.clock.nowMicros();
    this.#isRunning = true;
    const live = this.#recording?.live ?? {};
    const streams = [...waveformSources(this.#config)]
      .filter(([acronym]) => acronym in live || this.#capture?.upstream)
      .map(([, { options, protocol }]) => recordedStream(options, protocol));
    this.#upstream.start(streams);
    if (this.#watchesAlarms) {
      this.#raised = new Set(this.#context.alarms());
      this.#alarmTimer = setInterval(() => this.#lookAtAlarms(), ALARM_MS);
    }
    return Promise.resolve();
  }

  stop(): Promise<void> {
    clearInterval(this.#alarmTimer);
    if (this.#isRunning) this.#upstream.stop();
    this.#frames?.stop(); // the archive stops after this part
    this.#isRunning = false;
    this.#watchers.clear();
    return Promise.resolve();
  }

  /** An output has come. */
  join(output: SttpOutput): void {
    if (this.#isRunning) this.#upstream.join(output);
  }

  /** What an input with samples is to record; undefined if nothing. */
  eventsOf(): SvEvents | undefined {
    const recording = this.#recording;
    if (!recording) return undefined;
    return {
      recording,
      fired: (order) => {
        this.#count(order.name);
        this.#relay(order, order.source);
      },
      recorded: (acronym, id, bytes) => this.#recorded(acronym, id, bytes),
      liveStream: (acronym, notice) => this.#upstream.liveStream(acronym, notice),
      live: (acronym, block) => this.#upstream.live(acronym, block),
    };
  }

  /** Looks at a lent frame of any input. */
  accept(frame: Frame): void {
    // Before triggers are looked at, so that the frame that fires one is there.
    if (this.#isRunning) this.#frames?.accept(frame);
    if (!this.#watchesFrames) return;
    const { layout } = frame;
    let watcher = this.#watchers.get(layout.source);
    if (watcher?.layout !== layout.id) {
      const { registry } = this.#context;
      const triggers = new FrameTriggers(layout, (handle) => registry.get(handle), this.#triggers, {
        fired: (...found) => this.#frameFired(...found),
      });
      watcher = { layout: layout.id, triggers };
      if (this.#watchers.size >= MAX_LAYOUTS) this.#watchers.clear();
      this.#watchers.set(layout.source, watcher);
    }
    if (!watcher.triggers.isEmpty) watcher.triggers.accept(frame);
  }

  /** An alarm was raised; those triggers that wait for it fire. */
  alarm(alarm: string, value: number): void {
    const now = this.#now();
    for (const { name, options } of this.#triggers) {
      if (options.kind !== "alarm") continue;
      if (!options.alarms.includes("*") && !options.alarms.includes(alarm)) continue;
      this.#outside(
        { name, kind: "alarm", source: "", channel: alarm, value, at: now, since: now },
        options,
      );
    }
  }

  /**
   * Records by hand. Throws a RangeError for a trigger or a stream that there is not, for times beyond
   * the longest record, and where nothing is recorded at all.
   */
  order(manual: ManualOrder): OrderResult {
    const capture = this.#capture;
    if (!capture) throw new RangeError("Nothing is recorded: there is no [event]");
    const streams = [...waveformSources(this.#config).keys()];
    const order = manualOrder(manual, capture, this.#triggers, streams, this.#now());
    this.#count(order.name);
    const told = this.#relay(order, "");
    const all = [...told.streams, ...told.devices];
    this.#context.log.info(`${manual.by} gave the order to record ${all.join(", ") || "nothing"}`);
    return { event: order.event, ...told };
  }

  status(): PartStatus {
    return {
      state: this.#isRunning ? "running" : "stopped",
      sinceMicros: this.#sinceMicros,
      detail: {
        recording: this.#capture !== undefined,
        streams: [...waveformSources(this.#config).keys()],
        triggers: this.#triggers.map(({ name, options }) => ({ name, kind: options.kind })),
        fired: Object.fromEntries(this.#fired),
        synchrophasors: [...this.#watchers.values()].flatMap((w) => w.triggers.figures()),
        recordedDevices: this.#frames?.figures() ?? null,
        records: this.#records,
        recordBytes: this.#recordBytes,
        refusedRecords: this.#refused,
        unheardOrders: this.#unheard,
        upstream: this.#upstream.figures(),
      },
    };
  }

  metrics(): Metric[] {
    const upstream = this.#upstream.figures();
    return [
      counter("event_records_total", "Event records that were made", this.#records),
      counter("event_record_bytes_total", "Bytes of event records", this.#recordBytes),
      counter(
        "event_records_refused_total",
        "Event records that the archive did not take",
        this.#refused,
      ),
      counter("event_orders_unheard_total", "Orders that no recorder took", this.#unheard),
      counter("event_upstream_messages_total", "Live messages sent upstream", upstream.messages),
      counter("event_upstream_records_total", "Event records sent upstream", upstream.records),
      counter(
        "event_upstream_records_dropped_total",
        "Event records not sent upstream for want of room",
        upstream.droppedRecords,
      ),
      ...[...this.#fired].map(([trigger, value]) =>
        counter("event_orders_total", "Orders to record, by trigger", value, { trigger })
      ),
    ];
  }

  #lookAtAlarms(): void {
    const raised = new Set(this.#context.alarms());
    for (const alarm of raised) if (!this.#raised.has(alarm)) this.alarm(alarm, 1);
    this.#raised = raised;
  }

  #now(): Instant {
    const now: Instant = { seconds: 0, nanos: 0 };
    setFromMicros(now, this.#context.clock.nowMicros());
    return now;
  }

  #frameFired(
    index: number,
    at: number,
    since: number,
    source: string,
    channel: string,
    value: number,
  ): void {
    const { name, options } = this.#triggers[index]!;
    const [fired, began]: [Instant, Instant] = [{ seconds: 0, nanos: 0 }, { seconds: 0, nanos: 0 }];
    setFromMicros(fired, at);
    setFromMicros(began, since);
    this.#outside(
      { name, kind: options.kind, source, channel, value, at: fired, since: began },
      options,
    );
  }

  #outside(trigger: OutsideTrigger, options: TriggerOptions): void {
    if (!this.#capture) return;
    this.#count(trigger.name);
    this.#relay(outsideOrder(crypto.randomUUID(), trigger, options, this.#capture), "");
  }

  /** Hands an order to recorders, but for that of the stream that gave it; returns those that were told. */
  #relay(order: TriggerOrder, but: string): Omit<OrderResult, "event"> {
    const told: string[] = [];
    for (const input of this.#context.inputs()) {
      const streams = input.waveforms.filter((stream) =>
        stream !== but && (order.streams.includes("*") || order.streams.includes(stream))
      );
      if (streams.length > 0 && input.trigger({ ...order, streams })) told.push(...streams);
    }
    const devices = this.#frames?.order(order) ?? [];
    if (told.length === 0 && devices.length === 0) this.#unheard++;
    return { streams: told, devices };
  }

  #recorded(stream: string, id: string, bytes: Uint8Array<ArrayBuffer>): void {
    // It is the archive's Worker that reads it: that takes milliseconds for each megabyte.
    if (this.#capture?.upstream) this.#upstream.record(stream, id, bytes);
    this.#store(bytes);
  }

  /** The bytes go to the archive and are gone here. */
  #store(bytes: Uint8Array<ArrayBuffer>): void {
    this.#records++;
    this.#recordBytes += bytes.length;
    if (!this.#context.archive()?.put(bytes)) this.#refused++;
  }

  #count(trigger: string): void {
    this.#fired.set(trigger, (this.#fired.get(trigger) ?? 0) + 1);
  }
}
