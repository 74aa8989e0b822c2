/**
 * The graph of parts: which parts a configuration asks for, what each is given, and which streams they hang on.
 *
 * @module
 */
import { join } from "node:path";
import type { AccessControl } from "../access/mod.ts";
import { Archive } from "../archive/mod.ts";
import { type ClockPart, createClockPart } from "../clock/mod.ts";
import type { Clock, Part, SignalRegistry } from "../core/mod.ts";
import type { Identities } from "../identity/mod.ts";
import { createC37118Input } from "../input/c37118/mod.ts";
import { createSttpInput } from "../input/sttp/mod.ts";
import {
  ClockLink,
  createSvInput,
  devicesOf,
  type SvInput,
  type SvInputContext,
  type SvInputOptions,
} from "../input/sv/mod.ts";
import type { KeyPair } from "../os/mod.ts";
import {
  type C37118Output,
  type C37118OutputOptions,
  createC37118Output,
} from "../output/c37118/mod.ts";
import { createSttpOutput, type SttpOutput, type SttpOutputOptions } from "../output/sttp/mod.ts";
import { Complaints } from "../stats/mod.ts";
import { AlarmPart } from "./alarm_part.ts";
import { AlignPart } from "./align_part.ts";
import { RECEIVED } from "./config.ts";
import { EventHub } from "./event_hub.ts";
import { logFor } from "./log.ts";
import { Members } from "./members.ts";
import { effective, hasAlarms, hasArchive, hasEvents } from "./plan.ts";
import type { GatewayConfig } from "./schema.ts";
import { StatisticsPart } from "./statistics_part.ts";
import { Stream } from "./stream.ts";
import { Supervised } from "./supervisor.ts";

/** What parts are made of. Asked whenever a part is made, since configurations come and go. */
export interface GraphContext {
  /** The time. */
  readonly clock: Clock;
  /** The configuration that runs. */
  readonly config: GatewayConfig;
  /** Gives out handles and GUIDs. */
  readonly registry: SignalRegistry;
  /** Who may see what. */
  readonly access: AccessControl;
  /** Who a peer is. */
  readonly identities: Identities;
  /** The gateway's own key and certificate. */
  readonly identity: KeyPair;
  /** Takes from a new output those whose rights were revoked. */
  admit(output: SttpOutput): void;
}

/** The parts of one gateway, and the streams between them. */
export class PartGraph {
  /** The streams by name. */
  readonly streams = new Map<string, Stream>();
  /** The parts under supervision. */
  readonly members = new Members();
  /** The STTP outputs by name of their table. */
  readonly sttpOutputs = new Map<string, SttpOutput>();
  /** The C37.118 outputs by name of their table. */
  readonly c37118Outputs = new Map<string, C37118Output>();
  /** Event records on disk; undefined where none are kept. */
  archive: Archive | undefined;
  /** What is recorded; undefined where nothing is. */
  events: EventHub | undefined;
  /** The alarms; undefined without `[alarm.NAME]`. */
  alarmPart: AlarmPart | undefined;
  /** The clock; undefined without `[clock]`. */
  clockPart: ClockPart | undefined;
  readonly #context: GraphContext;
  readonly #complaints = new Complaints(logFor("gateway"));
  readonly #aligners = new Map<string, AlignPart>();
  readonly #svInputs = new Map<string, SvInput>();
  readonly #alarmLeaves: (() => void)[] = [];
  readonly #outputLeaves = new Map<string, (() => void)[]>();
  #statisticsPart: StatisticsPart | undefined;

  /** Makes a graph without parts. */
  constructor(context: GraphContext) {
    this.#context = context;
  }

  /** Makes the parts of these names; without names all of the configuration. */
  build(names?: ReadonlySet<string>): void {
    const { align, output, input } = this.#context.config;
    const wanted = (name: string) => !names || names.has(name);
    for (const name of Object.keys(align)) if (wanted(`align.${name}`)) this.#addAligner(name);
    for (const name of Object.keys(output)) if (wanted(`output.${name}`)) this.#addOutput(name);
    // Before the inputs, which ask what they are to record.
    if (wanted("archive") && hasArchive(this.#context.config)) this.#addArchive();
    if (wanted("events") && hasEvents(this.#context.config)) this.#addEvents();
    if (wanted("alarms") && hasAlarms(this.#context.config)) this.#addAlarms();
    for (const name of Object.keys(input)) if (wanted(`input.${name}`)) this.#addInput(name);
    if (wanted("statistics")) this.#addStatistics();
    if (wanted("clock")) this.#addClock();
  }

  /** Adds a stream, to which alarms and all outputs listen. */
  addStream(name: string): Stream {
    const stream = new Stream(name, (error) => {
      const message = error instanceof Error ? error.stack ?? error.message : String(error);
      this.#complaints.note(
        `listener of ${name}`,
        `A listener of stream ${name} failed: ${message}`,
        this.#context.clock.monotonicMs(),
        "error",
      );
    });
    this.streams.set(name, stream);
    if (this.alarmPart) this.#alarmLeaves.push(stream.listen(this.alarmPart.sinkFor(name)));
    for (const [output, part] of [...this.sttpOutputs, ...this.c37118Outputs]) {
      this.#outputLeaves.get(output)!.push(stream.listen(part.sinkFor(name)));
    }
    return stream;
  }

  #addClock(): void {
    this.clockPart = undefined;
    const { gateway, clock: options } = this.#context.config;
    if (!options) return;
    const log = logFor("clock"), clock = this.#context.clock;
    const { name, stateDir } = gateway;
    const part = createClockPart(options, {
      name,
      stateDir,
      clock,
      log,
      onState: () => this.#statisticsPart?.clockChanged(),
      openCapture: options.capture === "process"
        ? (request, hear) => new ClockLink(request, hear, log)
        : undefined,
    });
    this.clockPart = part;
    const leave = () => {
      if (this.clockPart === part) this.clockPart = undefined;
    };
    this.members.add({ kind: "clock", part: new Supervised(part, log, clock), leave });
  }

  #addAligner(name: string): void {
    const { registry, clock } = this.#context, log = logFor("align", name);
    const sink = this.streams.get(name) ?? this.addStream(name);
    const part = new AlignPart(name, this.#context.config.align[name]!, {
      registry,
      sink,
      clock,
      clockReport: () => this.clockPart?.report,
      log,
    });
    const off = this.streams.get(RECEIVED)!.listen(part);
    this.#aligners.set(name, part);
    const leave = () => {
      off();
      if (this.#aligners.get(name) === part) this.#aligners.delete(name);
    };
    this.members.add({ kind: "align", part: new Supervised(part, log, clock), leave });
  }

  #addInput(name: string): void {
    const { registry, clock } = this.#context, log = logFor("input", name);
    const options = effective(this.#context.config).input[name]!;
    const clockReport = () => this.clockPart?.report;
    const context = { registry, sink: this.streams.get(RECEIVED)!, log, clock, clockReport };
    const { stateDir } = this.#context.config.gateway;
    const part: Part = options.type === "c37118"
      ? createC37118Input(name, options, { ...context, stateDir })
      : options.type === "sv"
      ? this.#svInput(name, options, context)
      : createSttpInput(name, options, {
        ...context,
        identity: this.#context.identity,
        certificateMicros: () => this.certificateMicros(),
      });
    const leave = () => void this.#svInputs.delete(name);
    this.members.add({ kind: "input", part: new Supervised(part, log, clock), leave });
  }

  #svInput(name: string, options: SvInputOptions, context: SvInputContext): SvInput {
    const events = this.events?.eventsOf();
    const part = createSvInput(name, options, { ...context, ...(events && { events }) });
    this.#svInputs.set(name, part);
    return part;
  }

  #addArchive(): void {
    const { gateway, archive } = this.#context.config,
      log = logFor("archive"),
      clock = this.#context.clock;
    const folder = archive.directory ?? join(gateway.stateDir, "events");
    const part = this.archive = new Archive(archive, { folder, clock, log });
    const leave = () => void (this.archive = undefined);
    this.members.add({ kind: "archive", part: new Supervised(part, log, clock), leave });
  }

  #addEvents(): void {
    const log = logFor("events"), clock = this.#context.clock;
    const part = this.events = new EventHub(this.#context.config, {
      registry: this.#context.registry,
      clock,
      log,
      archive: () => this.archive,
      inputs: () => this.#svInputs.values(),
      outputs: () => this.sttpOutputs.values(),
      alarms: () => this.#alarms(),
    });
    const off = this.streams.get(RECEIVED)!.listen(part);
    const leave = () => {
      off();
      this.events = undefined;
    };
    this.members.add({ kind: "events", part: new Supervised(part, log, clock), leave });
  }

  #addAlarms(): void {
    const { gateway, alarm } = this.#context.config, log = logFor("alarms"), streams = this.streams;
    const part = this.alarmPart = new AlarmPart(alarm, {
      name: gateway.name,
      company: gateway.company ?? "",
      registry: this.#context.registry,
      get sinks() {
        return [...streams.values()];
      },
      clock: this.#context.clock,
      log,
    });
    for (const s of streams.values()) this.#alarmLeaves.push(s.listen(part.sinkFor(s.name)));
    const leave = () => {
      for (const off of this.#alarmLeaves.splice(0)) off();
      this.alarmPart = undefined;
    };
    this.members.add({
      kind: "alarms",
      part: new Supervised(part, log, this.#context.clock),
      leave,
    });
  }

  #addStatistics(): void {
    const { gateway, statistics } = this.#context.config;
    if (!statistics.enabled) return;
    const log = logFor("statistics"), members = this.members, streams = this.streams;
    const part = new StatisticsPart(statistics.intervalSeconds, {
      name: gateway.name,
      company: gateway.company ?? "",
      registry: this.#context.registry,
      // Parts and streams come and go with configurations.
      get sinks() {
        return [...streams.values()];
      },
      get parts() {
        return members.of("clock", "input", "output");
      },
      clockReport: () => this.clockPart?.report,
      clock: this.#context.clock,
      log,
    });
    this.#statisticsPart = part;
    const supervised = new Supervised(part, log, this.#context.clock);
    const leave = () => {
      if (this.#statisticsPart === part) this.#statisticsPart = undefined;
    };
    this.members.add({ kind: "statistics", part: supervised, leave });
  }

  #addOutput(name: string): void {
    const options = this.#context.config.output[name]!;
    if (options.type === "c37118") this.#addC37118Output(name, options);
    else this.#addSttpOutput(name, options);
  }

  #addC37118Output(name: string, options: C37118OutputOptions): void {
    const log = logFor("output", name), clock = this.#context.clock;
    const { gateway } = this.#context.config;
    const part = createC37118Output(`output.${name}`, options, {
      registry: this.#context.registry,
      access: this.#context.access,
      clockReport: () => this.clockPart?.report,
      estimates: (device) => isEstimated(this.#context.config, device),
      aligned: () => this.#aligners.get(options.stream)?.alignedFigures(),
      gatewayName: gateway.name,
      stateDir: gateway.stateDir,
      clock,
      log,
    });
    this.c37118Outputs.set(name, part);
    this.#joinStreams(name, part, log, () => this.c37118Outputs.delete(name));
  }

  #addSttpOutput(name: string, options: SttpOutputOptions): void {
    const log = logFor("output", name), clock = this.#context.clock;
    const part = createSttpOutput(`output.${name}`, options, {
      gatewayId: this.#context.config.gateway.id,
      registry: this.#context.registry,
      access: this.#context.access,
      identities: this.#context.identities,
      identity: this.#context.identity,
      subscribers: this.#context.config.subscriber,
      clock,
      certificateMicros: () => this.certificateMicros(),
      log,
    });
    this.sttpOutputs.set(name, part);
    this.events?.join(part);
    this.#context.admit(part);
    this.#joinStreams(name, part, log, () => this.sttpOutputs.delete(name));
  }

  /** Lets an output listen to every stream that is there and that comes. */
  #joinStreams(
    name: string,
    part: SttpOutput | C37118Output,
    log: ReturnType<typeof logFor>,
    forget: () => void,
  ): void {
    const leaves = [...this.streams.values()].map((s) => s.listen(part.sinkFor(s.name)));
    this.#outputLeaves.set(name, leaves);
    const leave = () => {
      leaves.forEach((off) => off());
      this.#outputLeaves.delete(name);
      forget();
    };
    const supervised = new Supervised(part, log, this.#context.clock);
    this.members.add({ kind: "output", part: supervised, leave });
  }

  /** Names of what is wrong now, as triggers refer to it: `input.bus.failed`, `archive.full`, `clock.fault`. */
  #alarms(): string[] {
    const alarms: string[] = [];
    for (const part of this.members.all()) {
      const { state, detail } = part.status();
      if (state === "failed") alarms.push(`${part.name}.failed`);
      const kind = part.name === "archive" ? detail?.["alarm"] : undefined;
      if (typeof kind === "string" && kind !== "none") alarms.push(`archive.${kind}`);
    }
    const clock = this.clockPart;
    if (clock && clock.report.state !== "locked") alarms.push(`clock.${clock.report.state}`);
    if (clock && clock.disagreements.length > 0) alarms.push("clock.disagreement");
    return alarms;
  }

  /** When it is for judging certificates: not before the last good time, even if the clock says so. */
  certificateMicros(): number {
    return Math.max(this.#context.clock.nowMicros(), this.clockPart?.floorMicros ?? 0);
  }
}

/** True if the gateway estimates what this device reports, from sampled values. */
function isEstimated(config: GatewayConfig, device: string): boolean {
  return Object.values(config.input).some((input) =>
    input.type === "sv" &&
    devicesOf(input).some((d) => d.acronym === device && d.class !== undefined)
  );
}
