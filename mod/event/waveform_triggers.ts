/**
 * All triggers of one waveform stream, looked at sample by sample beside its ring.
 *
 * @module
 */
import { ConfigError, type WaveformRing } from "../core/mod.ts";
import { AngleStepWatch, AngleTrack, FrequencyWatch, UnbalanceWatch } from "./angle_watches.ts";
import { BitChange, DigitalWatch, QualityWatch } from "./bit_watches.ts";
import { Comparator, SharedTime } from "./comparator.ts";
import { InstantWatch, MagnitudeStepWatch, PeakWatch, RmsWatch } from "./level_watches.ts";
import { Meters } from "./meter_set.ts";
import {
  Carrier,
  type ChannelSamples,
  type CycleWindow,
  cycleWindow,
  type PeakMeter,
  type PhasorMeter,
  type SquareMeter,
} from "./meters.ts";
import type { TriggerOptions, TriggerSink } from "./options.ts";
import { Gate, type Watch } from "./watch.ts";
import type { WaveformStream } from "./waveform_stream.ts";

/** Steps per nominal cycle of what is not looked at with each sample. */
const STRIDES_PER_CYCLE = 8;

/** What is known of one trigger. */
export interface TriggerFigures {
  /** Name. */
  readonly name: string;
  /** Times that it has fired. */
  readonly fired: number;
  /** Times that its condition came true while it rested. */
  readonly heldOff: number;
}

/** A trigger with its name. */
export interface NamedTrigger {
  /** NAME of `[trigger.NAME]`. */
  readonly name: string;
  /** Its settings. */
  readonly options: TriggerOptions;
}

/** True if the trigger watches the samples of the stream called `stream`. */
export function watchesStream(trigger: TriggerOptions, stream: string): boolean {
  return trigger.streams.includes("*") || trigger.streams.includes(stream);
}

/**
 * Channels of `stream` by index that a trigger watches.
 *
 * Throws ConfigError for names that the stream does not have, unless the trigger watches all
 * streams: then it takes what is there.
 */
export function watchedChannels(trigger: NamedTrigger, stream: WaveformStream): number[] {
  const { options } = trigger;
  const isDigital = options.kind === "digital";
  const found: number[] = [];
  const problems: string[] = [];
  for (const name of options.channels) {
    if (name === "*") {
      stream.channels.forEach((channel, i) => {
        if (options.kind === "quality" || (channel.unit === "") === isDigital) found.push(i);
      });
      continue;
    }
    const at = stream.channels.findIndex((channel) => channel.name === name);
    if (at >= 0) found.push(at);
    else problems.push(name);
  }
  if (problems.length > 0 && !options.streams.includes("*")) {
    throw new ConfigError(
      "configuration",
      problems.map((name) => ({
        line: 0,
        column: 0,
        key: `trigger.${trigger.name}.channels`,
        message: `expected a channel of ${stream.name} (${
          stream.channels.map((channel) => channel.name).join(", ")
        }), found "${name}"`,
      })),
    );
  }
  return [...new Set(found)];
}

/**
 * Looks at the samples of one ring for all triggers that watch its stream.
 *
 * RMS values and peaks are moved on and compared with each sample; steps, frequency and unbalance
 * eight times per nominal cycle. Nothing is allocated after construction. Times are sample numbers.
 */
export class WaveformTriggers {
  readonly #ring: WaveformRing;
  readonly #time = new SharedTime();
  readonly #window: CycleWindow;
  readonly #carrier: Carrier;
  readonly #stride: number;
  readonly #channels: ChannelSamples[] = [];
  readonly #squares: SquareMeter[] = [];
  readonly #phasors: PhasorMeter[] = [];
  readonly #peaks: PeakMeter[] = [];
  readonly #perSample: Watch[] = [];
  readonly #perStride: Watch[] = [];
  readonly #extending: Watch[] = [];
  readonly #gates: { readonly name: string; readonly gate: Gate }[] = [];
  #next = 0.5; // a fraction, so that the field is a double from the start
  #sinceStride = 0;
  #skipped = 0;

  /**
   * Watches `ring`, whose samples are those of `stream`, for those of `triggers` that watch it;
   * `sink` is told the index in `triggers`.
   *
   * Throws ConfigError for channels that the stream does not have, and RangeError if the ring is not
   * longer than two nominal cycles.
   */
  constructor(
    stream: WaveformStream,
    ring: WaveformRing,
    triggers: readonly NamedTrigger[],
    sink: TriggerSink,
  ) {
    this.#ring = ring;
    this.#window = cycleWindow(stream);
    this.#carrier = new Carrier(stream);
    if (ring.capacity <= 2 * this.#window.samples + 2) {
      throw new RangeError(
        `Cannot watch ${stream.name}: expected a ring of more than two cycles, found ${ring.capacity} samples`,
      );
    }
    this.#stride = Math.max(1, Math.floor(this.#window.samples / STRIDES_PER_CYCLE));
    this.#next = ring.next;
    const meters = new Meters(stream, ring, this.#window, this.#carrier);
    triggers.forEach((trigger, index) => {
      if (watchesStream(trigger.options, stream.name)) {
        this.#add(trigger, index, stream, meters, sink);
      }
    });
    this.#channels = [...meters.channels.values()];
    this.#squares = [...meters.squares.values()];
    this.#phasors = [...meters.phasors.values()];
    this.#peaks = [...meters.peaks.values()];
  }

  /** True while a trigger that extends its recording is active. */
  get isExtending(): boolean {
    for (const watch of this.#extending) if (watch.isActive) return true;
    return false;
  }

  /** Samples that were gone before they were looked at. */
  get skipped(): number {
    return this.#skipped;
  }

  /** What is known of each trigger. */
  figures(): TriggerFigures[] {
    return this.#gates.map(({ name, gate }) => ({
      name,
      fired: gate.fired,
      heldOff: gate.heldOff,
    }));
  }

  /** The ring was restarted: samples have other numbers, or some are missing without a trace. */
  restarted(): void {
    this.#next = this.#ring.first;
    this.#reset();
    for (const { gate } of this.#gates) gate.reset();
  }

  /** Looks at all samples that came since the last call. */
  advance(): void {
    const ring = this.#ring;
    const { next, capacity } = ring;
    // What leaves the window is read from the ring: it must still be there.
    const oldest = Math.max(ring.first, next - (capacity - this.#window.samples - 1));
    if (this.#next < oldest) {
      this.#skipped += oldest - this.#next;
      this.#next = oldest;
      this.#reset();
    }
    let position = this.#next % capacity;
    let phase = this.#next % this.#carrier.period;
    for (let k = this.#next; k < next; k++) {
      this.#time.now = k;
      this.#sample(position, phase);
      if (++position === capacity) position = 0;
      if (++phase === this.#carrier.period) phase = 0;
    }
    this.#next = next;
  }

  #sample(position: number, phase: number): void {
    for (const channel of this.#channels) channel.take(position);
    for (const meter of this.#squares) meter.take();
    for (const meter of this.#peaks) meter.take();
    for (const meter of this.#phasors) meter.take(phase);
    for (const watch of this.#perSample) watch.step();
    if (++this.#sinceStride < this.#stride) return;
    this.#sinceStride = 0;
    for (const watch of this.#perStride) watch.step();
  }

  #reset(): void {
    this.#sinceStride = 0;
    for (const channel of this.#channels) channel.reset();
    for (const meter of this.#squares) meter.reset();
    for (const meter of this.#peaks) meter.reset();
    for (const meter of this.#phasors) meter.reset();
    for (const watch of this.#perSample) watch.reset();
    for (const watch of this.#perStride) watch.reset();
  }

  #add(
    trigger: NamedTrigger,
    index: number,
    stream: WaveformStream,
    meters: Meters,
    sink: TriggerSink,
  ): void {
    const t = trigger.options;
    const samples = (ms: number) => Math.round((ms * stream.rate) / 1000);
    const gate = new Gate(this.#time, index, samples(t.holdOffMs), sink);
    this.#gates.push({ name: trigger.name, gate });
    const channels = watchedChannels(trigger, stream);
    const delay = samples(t.delayMs);
    const above = (limit: number, hysteresis: number) =>
      new Comparator(this.#time, "over", limit, Math.max(0, limit - hysteresis), delay);
    const strides = Math.ceil(this.#window.samples / this.#stride);
    const add = (watch: Watch, isPerSample: boolean) => {
      (isPerSample ? this.#perSample : this.#perStride).push(watch);
      if (t.extendWhileActive) this.#extending.push(watch);
    };
    const has = (n: number) => channels.length === n && t.channels.length === n;
    switch (t.kind) {
      case "over":
      case "under": {
        const good = t.kind === "over"
          ? Math.max(0, t.limit - t.hysteresis)
          : t.limit + t.hysteresis;
        for (const c of channels) {
          const at = meters.channel(c, t.questionable);
          if (t.measure === "rms") {
            const compare = new Comparator(this.#time, t.kind, t.limit ** 2, good ** 2, delay);
            add(new RmsWatch(c, at, meters.square(c, t.questionable), compare, gate), true);
            continue;
          }
          const compare = new Comparator(this.#time, t.kind, t.limit, good, delay);
          if (t.kind === "over") add(new InstantWatch(c, at, compare, gate), true);
          else add(new PeakWatch(c, at, meters.peak(c, t.questionable), compare, gate), true);
        }
        break;
      }
      case "magnitudeStep":
        for (const c of channels) {
          const at = meters.channel(c, t.questionable);
          const meter = meters.square(c, t.questionable);
          const compare = above(t.limit, t.hysteresis);
          add(new MagnitudeStepWatch(c, at, meter, strides, compare, gate), false);
        }
        break;
      case "angleStep":
        for (const c of channels) {
          const meter = meters.phasor(c, t.questionable);
          const compare = above(t.limit, t.hysteresis);
          add(new AngleStepWatch(c, meter, strides, t.minimum, compare, gate), false);
        }
        break;
      case "frequency":
      case "rocof": {
        if (!has(1) && !has(3)) break; // a stream of "*" that does not have them
        const stepSeconds = this.#stride / stream.rate;
        const steps = Math.max(1, Math.round(t.windowMs / 1000 / stepSeconds));
        const isRate = t.kind === "rocof";
        const comparators: Comparator[] = [];
        if (t.kind === "rocof") comparators.push(above(t.limit, t.hysteresis));
        else {
          const { low, high, hysteresis } = t;
          if (high !== undefined) comparators.push(above(high, hysteresis));
          if (low !== undefined) {
            comparators.push(new Comparator(this.#time, "under", low, low + hysteresis, delay));
          }
        }
        const phasors = channels.map((c) => meters.phasor(c, t.questionable));
        const track = new AngleTrack(phasors, t.minimum, (isRate ? 2 : 1) * steps + 1);
        const { nominalHz } = stream;
        const watch = new FrequencyWatch(
          channels[0]!,
          track,
          steps,
          stepSeconds,
          nominalHz,
          isRate,
          comparators,
          gate,
        );
        add(watch, false);
        break;
      }
      case "unbalance": {
        if (!has(3)) break;
        const phasors = channels.map((c) => meters.phasor(c, t.questionable));
        const isZero = t.sequence === "zero";
        const compare = above(t.limit, t.hysteresis);
        add(new UnbalanceWatch(channels[0]!, phasors, isZero, t.minimum, compare, gate), false);
        break;
      }
      case "digital":
        for (const c of channels) {
          const change = new BitChange(this.#time, t.mask, t.edge, delay);
          add(new DigitalWatch(c, meters.channel(c, t.questionable), change, gate), true);
        }
        break;
      case "quality":
        for (const c of channels) {
          const compare = new Comparator(this.#time, "over", 0.5, 0.5, delay);
          const at = meters.channel(c, t.questionable);
          add(new QualityWatch(c, at, t.conditions, compare, gate), true);
        }
        break;
      case "alarm":
      case "manual":
        break; // they come from outside
    }
  }
}
