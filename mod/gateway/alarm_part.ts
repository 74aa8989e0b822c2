/**
 * Alarms as a part of the gateway: which signals each watches, what is raised, and who is told.
 *
 * @module
 */
import { AccessControl } from "../access/mod.ts";
import { AlarmLayout, type AlarmOptions, AlarmWatch, type WatchedPlace } from "../alarm/mod.ts";
import type { FrameSink, Instant, Layout, Log, Metric, Part, PartStatus } from "../core/mod.ts";
import { Complaints } from "../stats/mod.ts";
import { type RaisedAlarm, raisedBy } from "./alarm_raised.ts";
import {
  ALARM_SOURCE,
  alarmDevice,
  AlarmSignals,
  type AlarmSignalsContext,
} from "./alarm_signals.ts";
import { StreamAlarms } from "./alarm_stream.ts";
import { AlarmUnits } from "./alarm_units.ts";

/** What the part needs of the gateway. */
export interface AlarmContext extends AlarmSignalsContext {
  /** Where events go. */
  readonly log: Log;
}

/** Interval at which alarms that have seen their first value are looked for. */
const TICK_MS = 1000;
/** After so many of these, each state is sent again, for those who came later. */
const REPEAT_TICKS = 10;
/** How long changes of signals are gathered before rules are matched again. */
const GATHER_MS = 10;
/** Most signals that all alarms watch together. */
const MAX_WATCHED = 100_000;
/** Most raised signals, and most alarms raised or cleared, that are told apart. */
const MAX_TOLD = 1000;

/** The part `alarms`. */
export class AlarmPart implements Part {
  readonly name = "alarms";
  readonly #context: AlarmContext;
  readonly #signals: AlarmSignals;
  readonly #complaints: Complaints;
  readonly #watches = new Map<string, AlarmWatch>();
  readonly #streams = new Map<string, StreamAlarms>();
  readonly #units = new AlarmUnits();
  #alarms: Readonly<Record<string, AlarmOptions>>;
  #access: AccessControl | undefined;
  #matchTimer: ReturnType<typeof setTimeout> | undefined;
  #repeatTimer: ReturnType<typeof setInterval> | undefined;
  #repeated = new Map<string, number>();
  #ticks = 0;
  #unwatched = 0;
  #sinceMicros: number;

  /** Makes the part of `[alarm.NAME]`; it looks at frames once it is started. */
  constructor(alarms: Readonly<Record<string, AlarmOptions>>, context: AlarmContext) {
    this.#alarms = alarms;
    this.#context = context;
    this.#signals = new AlarmSignals(context);
    this.#complaints = new Complaints(context.log, { maxKinds: MAX_TOLD });
    this.#sinceMicros = context.clock.nowMicros();
  }

  /** Registers the signals of the alarms and begins to watch. */
  start(): Promise<void> {
    if (this.#access) return Promise.resolve();
    const { registry, clock } = this.#context;
    this.#sinceMicros = clock.nowMicros();
    this.#access = new AccessControl(registry, {
      nodeId: registry.gatewayId,
      filterSteps: 1_000_000,
    });
    this.#access.onChange(() => this.#matchSoon());
    this.#take();
    this.#repeatTimer = setInterval(() => this.tick(), TICK_MS);
    return Promise.resolve();
  }

  /** Ends, forgets all states, and takes the alarms out of the metadata. */
  stop(): Promise<void> {
    clearInterval(this.#repeatTimer);
    clearTimeout(this.#matchTimer);
    this.#matchTimer = undefined;
    if (this.#access) this.#sinceMicros = this.#context.clock.nowMicros();
    this.#access?.close();
    this.#access = undefined;
    this.#signals.unregister();
    this.#watches.clear();
    this.#forget();
    return Promise.resolve();
  }

  /** Takes other alarms, or other limits, into use; the states of those that stay are kept. */
  update(alarms: Readonly<Record<string, AlarmOptions>>): void {
    this.#alarms = alarms;
    if (this.#access) this.#take();
  }

  /** Where the frames of a stream go; the same for the same name. */
  sinkFor(stream: string): FrameSink {
    let sink = this.#streams.get(stream);
    if (!sink) {
      sink = new StreamAlarms((layout) => this.#bind(stream, layout));
      this.#streams.set(stream, sink);
    }
    return sink;
  }

  /** What is raised, the most severe first, the first 1,000. */
  raised(): RaisedAlarm[] {
    const all: RaisedAlarm[] = [];
    for (const watch of this.#watches.values()) {
      if (watch.raised > 0) all.push(...this.#raisedBy(watch));
    }
    return all.sort((a, b) => b.severity - a.severity || b.sinceMicros - a.sinceMicros)
      .slice(0, MAX_TOLD);
  }

  /** What is known of one alarm; undefined if there is none of this name. */
  stateOf(name: string): Readonly<Record<string, unknown>> | undefined {
    const watch = this.#watches.get(name);
    if (!watch) return undefined;
    return {
      signal: this.#signals.signalOf(name)?.id ?? null,
      watched: watch.size,
      raised: watch.raised,
      raises: watch.raises,
      looked: watch.looked,
      skipped: watch.skipped,
      outOfOrder: watch.outOfOrder,
      lastMicros: Number.isNaN(watch.lastMicros) ? null : watch.lastMicros,
      faults: this.#access?.faults(name) ?? [],
    };
  }

  /** The unit that the signals of an alarm have in common; empty if there is none, or none has sent a value yet. */
  unitOf(name: string): string {
    return this.#units.of(name);
  }

  /** Each alarm with its counters. */
  status(): PartStatus {
    return {
      state: this.#access ? "running" : "stopped",
      sinceMicros: this.#sinceMicros,
      detail: {
        alarms: Object.fromEntries([...this.#watches.keys()].map((n) => [n, this.stateOf(n)])),
        unwatched: this.#unwatched,
      },
    };
  }

  /** Numbers of each alarm. */
  metrics(): Metric[] {
    const each = (
      name: string,
      help: string,
      type: Metric["type"],
      value: (watch: AlarmWatch) => number,
    ) =>
      [...this.#watches.values()].map((watch): Metric => ({
        name: `alarm_${name}`,
        help,
        type,
        value: value(watch),
        labels: { alarm: watch.name },
      }));
    return [
      ...each("raised_signals", "Signals for which the alarm is raised", "gauge", (w) => w.raised),
      ...each("watched_signals", "Signals that the alarm watches", "gauge", (w) => w.size),
      ...each("raises_total", "How often the alarm was raised", "counter", (w) => w.raises),
      ...each("values_total", "Values that were looked at", "counter", (w) => w.looked),
      ...each(
        "values_skipped_total",
        "Values that were bad, missing or late",
        "counter",
        (w) => w.skipped + w.outOfOrder,
      ),
    ];
  }

  /**
   * Sends states for the first time, and every tenth time each again, and logs what came again. Called once a second by
   * a timer of its own.
   */
  tick(): void {
    this.#complaints.flush(this.#context.clock.monotonicMs());
    const isRepeat = ++this.#ticks % REPEAT_TICKS === 0;
    const at: Instant = { seconds: 0, nanos: 0 };
    for (const watch of this.#watches.values()) {
      const { name, lastMicros } = watch;
      if (Number.isNaN(lastMicros)) continue;
      if (!isRepeat && this.#signals.stateOf(name) !== undefined) continue;
      if (lastMicros > (this.#repeated.get(name) ?? -Infinity)) {
        at.seconds = Math.floor(lastMicros / 1e6);
        at.nanos = Math.round((lastMicros - at.seconds * 1e6) * 10) * 100;
        this.#signals.publish(name, watch.raised > 0, at, watch.timeFlags);
      } else this.#signals.publishStale(name, watch.raised > 0);
      this.#repeated.set(name, lastMicros);
    }
  }

  /** An alarm was raised or cleared for some signal; what it is as a whole goes out if it is another. */
  changed(watch: AlarmWatch, at: Readonly<Instant>): void {
    const isRaised = watch.raised > 0;
    if (this.#signals.stateOf(watch.name) === isRaised) return;
    this.#signals.publish(watch.name, isRaised, at, watch.timeFlags);
    this.#tell(watch);
  }

  #take(): void {
    const access = this.#access!; // the callers have looked
    for (const [name, watch] of this.#watches) {
      const options = this.#alarms[name];
      if (options?.stream === watch.options.stream) continue;
      access.removeSubscriber(name);
      this.#watches.delete(name);
      this.#units.remove(name);
    }
    for (const [name, options] of Object.entries(this.#alarms)) {
      const watch = this.#watches.get(name);
      if (watch) watch.adjust(options);
      else this.#watches.set(name, new AlarmWatch(name, options));
      access.setSubscriber(name, { allow: options.signals, deny: [] });
    }
    if (!this.#signals.register(this.#alarms)) {
      const acronym = alarmDevice(this.#context.name);
      this.#complain(
        "acronym",
        `Alarms are not published: a device has the acronym ${acronym}`,
      );
    }
    this.#settle();
    this.#forget();
    this.#matchSoon();
  }

  /** Sends what has changed without a value: alarms that were switched off, or watch less. */
  #settle(): void {
    for (const watch of this.#watches.values()) {
      const isRaised = watch.raised > 0;
      const told = this.#signals.stateOf(watch.name);
      if (told !== isRaised) this.#signals.publishStale(watch.name, isRaised);
    }
  }

  #forget(): void {
    for (const stream of this.#streams.values()) stream.forget();
    this.#units.renew();
  }

  #matchSoon(ms = GATHER_MS): void {
    this.#matchTimer ??= setTimeout(() => {
      this.#matchTimer = undefined;
      this.#match();
    }, ms);
  }

  /** Matches rules with signals for about a millisecond; when all is done, looks at frames accordingly. */
  #match(): void {
    const access = this.#access;
    if (!access) return;
    for (const name of this.#watches.keys()) access.permittedNow(name);
    if (access.work()) {
      this.#matchSoon(0);
      return;
    }
    for (const watch of this.#watches.values()) {
      const matches = access.permittedNow(watch.name);
      for (const handle of [...watch.handles()]) if (matches[handle] !== 1) watch.leave(handle);
    }
    this.#unwatched = 0;
    this.#settle();
    this.#forget();
  }

  /** The alarms that look at the frames of a layout. */
  #bind(stream: string, layout: Layout): AlarmLayout {
    const { registry } = this.#context;
    const { framesPerSecond, handles } = layout;
    // Slow streams, such as statistics, are not broken by their own pace.
    const gapMicros = framesPerSecond > 0 ? Math.max(500e3, 5e6 / framesPerSecond) : Infinity;
    const isOwn = layout.source.startsWith(`${ALARM_SOURCE}!`);
    let watched = 0;
    for (const { size } of this.#watches.values()) watched += size;
    const groups: [AlarmWatch, WatchedPlace[]][] = [];
    for (const [name, watch] of this.#watches) {
      if (isOwn || watch.options.stream !== stream) continue;
      const matches = this.#access?.permittedNow(name);
      const places: WatchedPlace[] = [];
      for (let place = 0; place < handles.length; place++) {
        const handle = handles[place]!;
        if (matches?.[handle] !== 1) continue;
        if (watched >= MAX_WATCHED) {
          this.#unwatched++;
          continue;
        }
        const { type = "", unit = "" } = registry.get(handle) ?? {};
        const isAngle = /^[VI]PHA$/.test(type);
        this.#units.add(name, unit);
        const before = watch.size;
        places.push({ place, slot: watch.join(handle, { isAngle, gapMicros }) });
        watched += watch.size - before;
      }
      groups.push([watch, places]);
    }
    if (this.#unwatched > 0) {
      this.#complain(
        "unwatched",
        `Alarms watch ${MAX_WATCHED} signals at most; ${this.#unwatched} are not watched`,
      );
    }
    return new AlarmLayout(groups, this);
  }

  #tell(watch: AlarmWatch): void {
    const [first] = watch.raised > 0 ? this.#raisedBy(watch) : [];
    this.#complain(
      `${watch.name} ${first ? "raised" : "cleared"}`,
      first ? `Alarm ${watch.name}: ${first.text}` : `Alarm ${watch.name} has cleared`,
    );
  }

  #raisedBy(watch: AlarmWatch): RaisedAlarm[] {
    return raisedBy(watch, this.#context.registry, MAX_TOLD);
  }

  #complain(kind: string, message: string): void {
    this.#complaints.note(kind, message, this.#context.clock.monotonicMs());
  }
}
