/**
 * Publishes the statistics of all parts as signals, at the end of each reporting interval.
 *
 * @module
 */
import {
  type Clock,
  type ClockReport,
  clockStateFlags,
  type Device,
  type Frame,
  type FrameSink,
  gauge,
  leapFlagsAt,
  type Log,
  makeFrame,
  makeLayout,
  type Metric,
  type Part,
  type PartStatus,
  setFromMicros,
  type SignalDraft,
  type SignalRegistry,
  StateFlags,
  type StatisticDefinition,
  type StatisticRow,
  uuidFromName,
} from "../core/mod.ts";
import {
  CLOCK_STATISTICS,
  Complaints,
  ReportingInterval,
  STATISTICS,
  SystemStatistics,
} from "../stats/mod.ts";
import { sampleProcess } from "./process_sample.ts";

/** Longest sleep: the host's clock may be set meanwhile. */
const LONGEST_MS = 1000;
/** Flags of a statistic beside those of the clock: it was computed here. */
const COMPUTED = StateFlags.CalculatedValue;

/** What the part needs of the gateway. */
export interface StatisticsContext {
  /** Acronym of the gateway, source of the statistics of the process. */
  readonly name: string;
  /** Company acronym, or empty. */
  readonly company: string;
  /** Gives out handles and GUIDs. */
  readonly registry: SignalRegistry;
  /** Every stream that subscribers read: each gets the frame once. */
  readonly sinks: readonly FrameSink[];
  /** The parts whose statistics are published. */
  readonly parts: readonly Pick<Part, "name" | "statistics">[];
  /** What is known of the clock that stamps the statistics; undefined if nobody watches it. */
  readonly clockReport?: () => ClockReport | undefined;
  /** The time. */
  readonly clock: Clock;
  /** Where events go. */
  readonly log: Log;
}

/** The statistics about one source, in the shape of a device: `SHELBY!IS` with `!IS-ST1` and so on. */
interface Group {
  readonly acronym: string;
  readonly rows: readonly StatisticRow[];
}

/** A group in the registry. */
interface Registered {
  readonly device: Device;
  /** In the order of the rows. */
  readonly handles: readonly number[];
}

/** The part `statistics`. */
export class StatisticsPart implements Part {
  readonly name = "statistics";
  readonly #intervalSeconds: number;
  readonly #context: StatisticsContext;
  readonly #complaints: Complaints;
  readonly #registered = new Map<string, Registered>();
  #system: SystemStatistics | undefined;
  #interval: ReportingInterval | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sinceMicros: number;
  #shape = "";
  #frame: Frame | undefined;
  #clockFrame: Frame | undefined;
  #rows: readonly StatisticRow[] = [];
  #reportSeconds = NaN;

  /** Makes the part; intervals begin when it is started. */
  constructor(intervalSeconds: number, context: StatisticsContext) {
    this.#intervalSeconds = intervalSeconds;
    this.#context = context;
    this.#complaints = new Complaints(context.log);
    this.#sinceMicros = context.clock.nowMicros();
  }

  /** Registers what is known already and begins the first interval, which ends early at the next multiple. */
  start(): Promise<void> {
    if (!this.#interval) {
      const { clock } = this.#context;
      this.#sinceMicros = clock.nowMicros();
      this.#interval = new ReportingInterval(this.#intervalSeconds, this.#sinceMicros);
      this.#system = new SystemStatistics(clock.monotonicMs(), sampleProcess());
      this.#place(this.#collect());
      this.#sleep();
    }
    return Promise.resolve();
  }

  /** Ends, and takes the statistics out of the metadata. */
  stop(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#interval) this.#sinceMicros = this.#context.clock.nowMicros();
    this.#interval = undefined;
    this.#place([]);
    return Promise.resolve();
  }

  /** The statistics of the interval that ended last, by source and name. */
  status(): PartStatus {
    const sources: Record<string, Record<string, number | null>> = {};
    for (const { source, suffix, name, value } of this.#rows) {
      const table = sources[deviceOf(source, suffix)] ??= {};
      table[name] = Number.isFinite(value) ? value : null;
    }
    return {
      state: this.#interval ? "running" : "stopped",
      sinceMicros: this.#sinceMicros,
      detail: {
        intervalSeconds: this.#intervalSeconds,
        intervalEndMicros: Number.isNaN(this.#reportSeconds) ? null : this.#reportSeconds * 1e6,
        complaints: this.#complaints.totals(),
        sources,
      },
    };
  }

  /** The same as gauges. */
  metrics(): Metric[] {
    const help = "Statistics of the reporting interval that ended last";
    return this.#rows.map(({ source, suffix, name, value }) =>
      gauge("statistic", help, value, { source, suffix, name })
    );
  }

  /** Ends the interval that is due, if one is: publishes its statistics. Called by a timer of its own. */
  tick(): void {
    const { clock, sinks } = this.#context;
    const seconds = this.#interval?.due(clock.nowMicros());
    if (seconds === undefined) return;
    this.#rows = this.#collect();
    this.#reportSeconds = seconds;
    this.#place(this.#rows);
    const frame = this.#frame;
    if (!frame) return;
    frame.instant.seconds = seconds;
    frame.instant.nanos = 0;
    frame.arrivalMicros = clock.nowMicros();
    this.#stamp(frame);
    for (const sink of sinks) sink.accept(frame);
  }

  /** Says in every value how well the clock was known that stamped it. */
  #stamp(frame: Frame): void {
    const report = this.#context.clockReport?.();
    if (!report) return;
    frame.leap = leapFlagsAt(report.leapSecond, frame.instant.seconds);
    const quality = clockStateFlags(report);
    for (let i = 0; i < frame.flags.length; i++) frame.flags[i]! |= quality;
  }

  /**
   * Publishes the statistics of the clock at once, out of turn: its state has changed, and whoever reads what the gateway
   * stamps is to know before the interval ends.
   */
  clockChanged(): void {
    const frame = this.#clockFrame;
    if (!this.#interval || !frame) return;
    const { parts, clock, sinks } = this.#context;
    const rows = parts.find(({ name }) => name === "clock")?.statistics?.() ?? [];
    if (rows.length !== frame.values.length) return; // it has gone, or is not registered yet
    fill(frame, rows);
    const now = clock.nowMicros();
    setFromMicros(frame.instant, Math.floor(now));
    frame.arrivalMicros = now;
    this.#stamp(frame);
    for (const sink of sinks) sink.accept(frame);
  }

  #sleep(): void {
    if (!this.#interval) return;
    const leftMs = (this.#interval.nextMicros - this.#context.clock.nowMicros()) / 1000;
    this.#timer = setTimeout(() => {
      this.tick();
      this.#sleep();
    }, Math.min(LONGEST_MS, Math.max(1, Math.ceil(leftMs))));
  }

  /** Ends the interval of every part. A part that fails at it costs only its own statistics. */
  #collect(): StatisticRow[] {
    const { parts, clock, name } = this.#context;
    const rows: StatisticRow[] = [];
    for (const part of parts) {
      try {
        rows.push(...part.statistics?.() ?? []);
      } catch (error) {
        this.#complain(part.name, `The statistics of ${part.name} failed: ${error}`);
      }
    }
    if (this.#system) rows.push(...this.#system.close(name, clock.monotonicMs(), sampleProcess()));
    return rows;
  }

  /** Makes the frame fit `rows`, registering what is new, and fills it. */
  #place(rows: readonly StatisticRow[]): void {
    const groups = groupsOf(rows).filter(({ acronym }) => this.#isFree(acronym));
    const shape = groups.map(({ acronym, rows }) => `${acronym} ${rows.length}`).join("\n");
    const lost = [...this.#registered].some(([acronym, { device }]) =>
      this.#context.registry.device(acronym) !== device
    );
    if (shape !== this.#shape || lost) this.#register(groups);
    this.#shape = shape;
    if (this.#frame) fill(this.#frame, groups.flatMap((group) => group.rows));
  }

  #register(groups: readonly Group[]): void {
    const { registry, company } = this.#context;
    const kept = new Set(groups.map(({ acronym }) => acronym));
    for (const [acronym, { device }] of this.#registered) {
      if (kept.has(acronym)) continue;
      if (registry.device(acronym) === device) registry.unregister(acronym);
      this.#registered.delete(acronym);
    }
    const handles: number[] = [];
    const devices = [];
    this.#clockFrame = undefined;
    for (const { acronym, rows } of groups) {
      let known = this.#registered.get(acronym);
      const isThere = known !== undefined && registry.device(acronym) === known.device;
      // What is as it was is left alone: most groups are, and all of them at once would hold data up.
      if (!known || !isThere || known.handles.length !== rows.length) {
        const device = isThere && known
          ? known.device
          : deviceFor(acronym, company, registry.gatewayId);
        const { signals } = registry.register(device, rows.map(draftOf));
        this.#registered.set(acronym, known = { device, handles: signals.map((s) => s.handle) });
      }
      const own = known.handles;
      devices.push({ device: acronym, offset: handles.length, count: own.length });
      handles.push(...own);
      if (rows[0]?.suffix === CLOCK_STATISTICS[0]!.suffix) {
        const part = [{ device: acronym, offset: 0, count: own.length }];
        this.#clockFrame = makeFrame(makeLayout(`${this.name}!CLOCK`, own, part, 0));
      }
    }
    this.#frame = handles.length > 0
      ? makeFrame(makeLayout(this.name, handles, devices, 1 / this.#intervalSeconds))
      : undefined;
  }

  /** False for an acronym that a device of somebody else has. */
  #isFree(acronym: string): boolean {
    const there = this.#context.registry.device(acronym);
    if (!there || there === this.#registered.get(acronym)?.device) return true;
    this.#complain(
      acronym,
      `The statistics ${acronym} are not published: a device has this acronym`,
    );
    return false;
  }

  #complain(kind: string, message: string): void {
    this.#complaints.note(kind, message, this.#context.clock.monotonicMs());
  }
}

function fill(frame: Frame, rows: readonly StatisticRow[]): void {
  rows.forEach(({ value }, i) => {
    frame.values[i] = value;
    frame.flags[i] = Number.isNaN(value) ? COMPUTED | StateFlags.BadData : COMPUTED;
  });
}

const DEFINITIONS: ReadonlyMap<string, StatisticDefinition> = new Map(
  STATISTICS.map((definition) => [definition.suffix, definition]),
);

/** `SHELBY` and `!IS-ST3` are about `SHELBY!IS`. */
function deviceOf(source: string, suffix: string): string {
  return source + suffix.slice(0, suffix.lastIndexOf("-"));
}

function groupsOf(rows: readonly StatisticRow[]): Group[] {
  const groups = new Map<string, StatisticRow[]>();
  for (const row of rows) {
    const acronym = deviceOf(row.source, row.suffix);
    const group = groups.get(acronym);
    if (group) group.push(row);
    else groups.set(acronym, [row]);
  }
  return [...groups].map(([acronym, rows]) => ({ acronym, rows }));
}

function deviceFor(acronym: string, company: string, gatewayId: string): Device {
  return {
    acronym,
    id: uuidFromName(gatewayId, `device ${acronym}`),
    name: `Statistics ${acronym}`,
    parentAcronym: "",
    protocol: "Statistics",
    accessId: 0,
    framesPerSecond: 0,
    company,
    vendor: "",
    longitude: NaN,
    latitude: NaN,
  };
}

/** The label is the name, so that a GUID stands for a statistic, not for a number. */
function draftOf({ source, suffix, name }: StatisticRow): SignalDraft {
  const definition = DEFINITIONS.get(suffix);
  return {
    type: "STAT",
    label: name,
    phase: "",
    unit: definition?.unit ?? "",
    index: Number(/\d+$/.exec(suffix)?.[0] ?? 0),
    description: `${source}: ${definition?.description ?? name}`,
  };
}
