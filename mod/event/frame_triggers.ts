/**
 * All triggers on the synchrophasors of one layout, looked at frame by frame.
 *
 * @module
 */
import type { Frame, Layout, Signal, SignalType } from "../core/mod.ts";
import { BitChange } from "./bit_watches.ts";
import { Comparator, SharedTime } from "./comparator.ts";
import {
  AngleWatch,
  BitsWatch,
  type FrameView,
  RatioWatch,
  Reader,
  StepWatch,
  ValueWatch,
} from "./frame_watches.ts";
import type { AlarmTrigger, TriggerOptions, TriggerSink } from "./options.ts";
import { Gate, type Watch } from "./watch.ts";
import type { NamedTrigger, TriggerFigures } from "./waveform_triggers.ts";

/** After this time without a frame a condition that has not lasted begins anew. */
const LONGEST_GAP_MICROS = 500_000;

/** Takes what triggers on synchrophasors find. */
export interface FrameTriggerSink {
  /**
   * A trigger has fired: the number of the trigger, when it fired, when its condition began (both
   * microseconds since 1970), the acronym of the device, the label (empty for frequency), the value.
   */
  fired(
    trigger: number,
    at: number,
    since: number,
    device: string,
    label: string,
    value: number,
  ): void;
}

/** True if the trigger watches the synchrophasors of the device with this acronym. */
export function watchesDevice(trigger: TriggerOptions, device: string): boolean {
  return trigger.devices.includes("*") || trigger.devices.includes(device);
}

/**
 * Looks at the frames of one layout for all triggers that watch its devices, and for those that wait
 * for alarms, of which some come as signals.
 *
 * Times are microseconds since 1970. A frame that is not newer than the last one is passed over.
 * Nothing is allocated per frame.
 */
export class FrameTriggers {
  readonly #time = new SharedTime();
  readonly #watches: Watch[] = [];
  readonly #gates: { readonly name: string; readonly gate: Gate }[] = [];
  readonly #view: FrameView = { values: new Float32Array(0), flags: new Uint32Array(0) };
  /** What the watches look at, by the number that they tell. */
  readonly #sources: { readonly device: string; readonly label: string }[] = [];
  #lastMicros = -Infinity;

  /**
   * Watches frames of `layout`, whose signals `signal` tells by handle, for those of `triggers` that
   * watch its devices; `sink` is told the index in `triggers`.
   */
  constructor(
    layout: Layout,
    signal: (handle: number) => Signal | undefined,
    triggers: readonly NamedTrigger[],
    sink: FrameTriggerSink,
  ) {
    const told: TriggerSink = {
      triggered: (trigger, at, since, channel, value) => {
        const { device, label } = this.#sources[channel]!;
        sink.fired(trigger, at, since, device, label, value);
      },
    };
    const signals = Array.from(layout.handles, signal);
    const devices = [...new Set(signals.flatMap((s) => (s ? [s.device] : [])))];
    triggers.forEach((trigger, index) => {
      const { name, options } = trigger;
      if (options.kind === "alarm") {
        const gate = new Gate(this.#time, index, options.holdOffMs * 1000, told);
        if (this.#addAlarms(options, gate, signals)) this.#gates.push({ name, gate });
        return;
      }
      const watched = devices.filter((device) => watchesDevice(options, device));
      if (watched.length === 0) return;
      const gate = new Gate(this.#time, index, options.holdOffMs * 1000, told);
      this.#gates.push({ name, gate });
      for (const device of watched) this.#add(options, gate, device, new Places(signals, device));
    });
  }

  /** True if nothing is watched. */
  get isEmpty(): boolean {
    return this.#watches.length === 0;
  }

  /** What is known of each trigger. */
  figures(): TriggerFigures[] {
    return this.#gates.map(({ name, gate }) => ({
      name,
      fired: gate.fired,
      heldOff: gate.heldOff,
    }));
  }

  /** Looks at a lent frame of the layout. */
  accept(frame: Frame): void {
    const at = frame.instant.seconds * 1e6 + frame.instant.nanos / 1000;
    if (at <= this.#lastMicros && at > this.#lastMicros - 60e6) return;
    const isGap = at - this.#lastMicros > LONGEST_GAP_MICROS || at < this.#lastMicros;
    if (isGap) {
      for (const watch of this.#watches) watch.reset();
      if (at < this.#lastMicros) { for (const { gate } of this.#gates) gate.reset(); }
    }
    this.#lastMicros = at;
    this.#view.values = frame.values;
    this.#view.flags = frame.flags;
    this.#time.now = at;
    for (const watch of this.#watches) watch.step();
  }

  /** Alarms that come as signals; true if there are any. */
  #addAlarms(
    { alarms, delayMs, questionable }: AlarmTrigger,
    gate: Gate,
    signals: readonly (Signal | undefined)[],
  ): boolean {
    const reader = new Reader(this.#view, questionable);
    let any = false;
    signals.forEach((signal, place) => {
      if (signal?.type !== "ALRM") return;
      const { device, label, pointTag, reference } = signal;
      const names = ["*", label, pointTag, reference];
      if (!alarms.some((alarm) => alarm !== "" && names.includes(alarm))) return;
      const channel = this.#sources.push({ device, label: label || reference }) - 1;
      const compare = [new Comparator(this.#time, "over", 0.5, 0.5, delayMs * 1000)];
      this.#watches.push(new ValueWatch(reader, place, channel, false, compare, gate));
      any = true;
    });
    return any;
  }

  #add(t: TriggerOptions, gate: Gate, device: string, places: Places): void {
    const source = (label: string) => this.#sources.push({ device, label }) - 1;
    const delay = t.delayMs * 1000;
    const reader = new Reader(this.#view, t.questionable);
    const above = (limit: number, hysteresis: number) =>
      new Comparator(this.#time, "over", limit, Math.max(0, limit - hysteresis), delay);
    const labels = t.channels.includes("*") ? places.labels() : t.channels;
    const each = (make: (label: string, channel: number) => Watch | undefined) => {
      labels.forEach((label) => {
        const watch = make(label, source(label));
        if (watch) this.#watches.push(watch);
      });
    };
    switch (t.kind) {
      case "over":
      case "under": {
        const good = t.kind === "over"
          ? Math.max(0, t.limit - t.hysteresis)
          : t.limit + t.hysteresis;
        each((label, channel) => {
          const at = places.find(label, "VPHM", "IPHM", "ALOG");
          const compare = [new Comparator(this.#time, t.kind, t.limit, good, delay)];
          return at < 0 ? undefined : new ValueWatch(reader, at, channel, false, compare, gate);
        });
        break;
      }
      case "magnitudeStep":
        each((label, channel) => {
          const at = places.find(label, "VPHM", "IPHM", "ALOG");
          return at < 0
            ? undefined
            : new StepWatch(reader, at, channel, above(t.limit, t.hysteresis), gate);
        });
        break;
      case "angleStep":
        each((label, channel) => {
          const at = places.find(label, "VPHA", "IPHA");
          const magnitude = places.find(label, "VPHM", "IPHM");
          return at < 0 ? undefined : new AngleWatch(
            reader,
            at,
            magnitude,
            t.minimum,
            channel,
            above(t.limit, t.hysteresis),
            gate,
          );
        });
        break;
      case "frequency": {
        const at = places.find("", "FREQ");
        if (at < 0) break;
        const compare: Comparator[] = [];
        if (t.high !== undefined) compare.push(above(t.high, t.hysteresis));
        if (t.low !== undefined) {
          compare.push(new Comparator(this.#time, "under", t.low, t.low + t.hysteresis, delay));
        }
        this.#watches.push(new ValueWatch(reader, at, source(""), false, compare, gate));
        break;
      }
      case "rocof": {
        const at = places.find("", "DFDT");
        if (at < 0) break;
        this.#watches.push(
          new ValueWatch(reader, at, source(""), true, [above(t.limit, t.hysteresis)], gate),
        );
        break;
      }
      case "unbalance": {
        const magnitudes = labels.map((label) => places.find(label, "VPHM", "IPHM"));
        const angles = labels.map((label) => places.find(label, "VPHA", "IPHA"));
        if (labels.length !== 3 || [...magnitudes, ...angles].some((at) => at < 0)) break;
        const compare = above(t.limit, t.hysteresis);
        this.#watches.push(
          new RatioWatch(
            reader,
            magnitudes,
            angles,
            source(labels.join(", ")),
            t.sequence === "zero",
            t.minimum,
            compare,
            gate,
          ),
        );
        break;
      }
      case "digital":
        each((label, channel) => {
          const at = places.find(label, "DIGI");
          const change = new BitChange(this.#time, t.mask, t.edge, delay);
          return at < 0 ? undefined : new BitsWatch(reader, at, channel, change, gate);
        });
        break;
      case "quality":
      case "alarm":
      case "manual":
        break; // quality is of waveforms; the others come from outside
    }
  }
}

/** Where the signals of one device stand in a frame. */
class Places {
  readonly #signals: readonly (Signal | undefined)[];
  readonly #device: string;

  constructor(signals: readonly (Signal | undefined)[], device: string) {
    this.#signals = signals;
    this.#device = device;
  }

  /** Place of the signal with this label and one of these types; -1 if there is none. */
  find(label: string, ...types: readonly SignalType[]): number {
    return this.#signals.findIndex((s) =>
      s !== undefined && s.device === this.#device && types.includes(s.type) &&
      (label === "" || s.label === label)
    );
  }

  labels(): string[] {
    const own = this.#signals.filter((s) => s?.device === this.#device && s.label !== "");
    return [...new Set(own.map((s) => s!.label))];
  }
}
