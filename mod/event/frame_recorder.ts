/**
 * The recorder of the synchrophasors of one device: its newest frames, and what events take of them.
 *
 * @module
 */
import { type Device, type Frame, type Signal, toMicros } from "../core/mod.ts";
import { MAX_CAUSES } from "./capture_event.ts";
import { frameChannels } from "./frame_channels.ts";
import type { FrameRecordContent, RecordedFrames } from "./frame_record.ts";
import { FrameRing } from "./frame_ring.ts";
import type { CaptureOptions } from "./options.ts";
import { EventRate } from "./rate_limit.ts";
import type { RecordedTrigger, RecordingGateway } from "./record_content.ts";
import type { TriggerOrder } from "./trigger_order.ts";

/** Frames may come so much later than their time, and events end later by it, in milliseconds. */
const LATEST_MS = 5000;
/** Rate that a device is taken to have while nothing says otherwise, in frames per second. */
const ASSUMED_RATE = 60;

/** What the recorders of all devices share. */
export interface FrameRecorderContext {
  /** Who records. */
  readonly gateway: RecordingGateway;
  /** `[event]`. */
  readonly capture: CaptureOptions;
  /** Makes a new GUID. */
  readonly newId: () => string;
}

/** What a recorder of frames tells of itself; JSON-safe. */
export interface FrameRecorderFigures {
  /** Acronym of the device. */
  readonly device: string;
  /** Frames that are kept. */
  readonly frames: number;
  /** Events that are being recorded. */
  readonly open: number;
  /** Records that were made. */
  readonly records: number;
  /** Events of which no frame was there. */
  readonly empty: number;
  /** Triggers above the number of events that a device may begin. */
  readonly limited: number;
}

interface Window {
  readonly event: string;
  readonly continues: string | undefined;
  start: number; // microseconds since 1970
  end: number;
  deadlineMs: number;
  readonly triggers: RecordedTrigger[];
  unlisted: number;
  lost: number;
}

/**
 * Keeps the newest frames of one device, and makes records of those around events.
 *
 * The ring holds the longest record, as far as `deviceMB` goes; a record is cut from it when its last
 * frame has come, or is overdue. Times are those of the frames; `nowMs` is a clock that only runs on.
 */
export class FrameRecorder {
  readonly #context: FrameRecorderContext;
  readonly #device: Device;
  readonly #source: string;
  readonly #signals: readonly Signal[];
  readonly #rate: number;
  readonly #ring: FrameRing;
  readonly #limit: EventRate;
  #open: Window[] = [];
  #newest = -Infinity;
  #passedMs: number | undefined;
  #records = 0;
  #empty = 0;
  #limited = 0;

  /**
   * Records the signals of `device`, which stand at `places` of the frames of `source`; `rate` is that
   * of the frames, 0 when unknown.
   */
  constructor(
    context: FrameRecorderContext,
    device: Device,
    source: string,
    signals: readonly Signal[],
    places: Int32Array,
    rate: number,
  ) {
    this.#context = context;
    this.#device = device;
    this.#source = source;
    this.#signals = signals;
    this.#rate = rate;
    const { maxMs, deviceMB, eventsPerMinute } = context.capture;
    const wanted = Math.ceil((rate || ASSUMED_RATE) * (maxMs + LATEST_MS) / 1000) + 1;
    this.#ring = new FrameRing(
      places,
      Math.min(wanted, FrameRing.framesIn(deviceMB * 1e6, places.length)),
    );
    this.#limit = new EventRate(eventsPerMinute, 1000);
  }

  /** Acronym of the device. */
  get device(): string {
    return this.#device.acronym;
  }

  /** True if nothing is being recorded. */
  get isIdle(): boolean {
    return this.#open.length === 0;
  }

  /** Takes a lent frame; true if an event may be complete: `cut` then makes its record. */
  accept(frame: Frame): boolean {
    const ring = this.#ring, open = this.#open;
    if (open.length > 0 && ring.isFull) {
      const oldest = ring.micros(ring.first);
      for (const w of open) if (oldest >= w.start && oldest < w.end) w.lost++;
    }
    ring.add(frame);
    this.#newest = toMicros(frame.instant);
    for (const w of open) if (this.#newest >= w.end) return true;
    return false;
  }

  /** An order of a stream, a device, an alarm or a person. */
  trigger(order: TriggerOrder, nowMs: number): void {
    const { name, kind, source, channel, value, at, since, settings, event } = order;
    const { maxMs } = this.#context.capture;
    this.#limit.pass(nowMs - (this.#passedMs ?? nowMs));
    this.#passedMs = nowMs;
    const told = { name, kind, source, channel, value, at, since, settings };
    const start = toMicros(since) - order.preMs * 1000, end = toMicros(at) + order.postMs * 1000;
    const longest = maxMs * 1000;
    const w = this.#open.find((w) => w.event === event || (start <= w.end && end >= w.start));
    if (!w) {
      if (this.#limit.take()) this.#begin(event, undefined, start, end, told, nowMs);
      else this.#limited++;
      return;
    }
    if (w.triggers.length < MAX_CAUSES) w.triggers.push(told);
    else w.unlisted++;
    w.start = Math.max(Math.min(w.start, start), w.end - longest);
    const last = w.start + longest;
    if (end > last && w.end < last) {
      this.#begin(this.#context.newId(), w.event, last, end, told, nowMs);
    }
    w.end = Math.max(w.end, Math.min(end, last));
    w.deadlineMs = this.#deadline(w.end, nowMs);
  }

  /** The record of one event that is complete, or overdue at `nowMs`; undefined if there is none. */
  cut(nowMs: number): FrameRecordContent | undefined {
    for (let i = 0; i < this.#open.length; i++) {
      const w = this.#open[i]!;
      if (this.#newest < w.end && nowMs < w.deadlineMs) continue;
      this.#open.splice(i--, 1);
      const record = this.#recordOf(w);
      if (record) return record;
      this.#empty++;
    }
    return undefined;
  }

  /** What was counted. */
  figures(): FrameRecorderFigures {
    return {
      device: this.#device.acronym,
      frames: this.#ring.next - this.#ring.first,
      open: this.#open.length,
      records: this.#records,
      empty: this.#empty,
      limited: this.#limited,
    };
  }

  #begin(
    event: string,
    continues: string | undefined,
    start: number,
    end: number,
    told: RecordedTrigger,
    nowMs: number,
  ): void {
    const deadlineMs = this.#deadline(end, nowMs);
    const triggers = [told];
    this.#open.push({ event, continues, start, end, deadlineMs, triggers, unlisted: 0, lost: 0 });
  }

  /** When an event that ends at `end` is no longer waited for: by then its last frame is overdue. */
  #deadline(end: number, nowMs: number): number {
    const { maxMs } = this.#context.capture;
    const toCome = Number.isFinite(this.#newest) ? (end - this.#newest) / 1000 : 0;
    return nowMs + Math.max(0, Math.min(toCome, maxMs)) + LATEST_MS;
  }

  #recordOf(w: Window): FrameRecordContent | undefined {
    const ring = this.#ring;
    const numbers: number[] = [];
    for (let n = ring.first; n < ring.next; n++) {
      const at = ring.micros(n);
      if (at >= w.start && at < w.end) numbers.push(n);
    }
    if (numbers.length === 0) return undefined;
    this.#records++;
    const frames = ring.take(numbers);
    const times = numbers.map((n) => ring.micros(n));
    const first = times.reduce((a, b) => Math.min(a, b));
    const last = times.reduce((a, b) => Math.max(a, b));
    const rate = this.#rate, period = rate > 0 ? 1e6 / rate : Infinity;
    const whole = Math.round((last - first) / period) + 1;
    const { acronym, name, protocol, accessId, latitude, longitude } = this.#device;
    const channels = frameChannels(this.#signals);
    return {
      id: this.#context.newId(),
      event: w.event,
      continues: w.continues,
      gateway: this.#context.gateway,
      stream: {
        name: acronym,
        title: name,
        source: this.#source,
        protocol,
        idCode: accessId,
        rate,
        nominalHz: nominalOf(frames, channels.findIndex(({ type }) => type === "FREQ")),
        latitude,
        longitude,
        channels,
      },
      triggers: w.triggers,
      unlistedTriggers: w.unlisted,
      frames,
      lostFrames: w.lost,
      missingFrames: rate > 0 ? Math.max(0, whole - numbers.length - w.lost) : 0,
      shortFrames: rate > 0
        ? Math.max(0, Math.floor((first - w.start) / period + 1e-3) - w.lost)
        : 0,
      isCut: last + 1.5 * period < w.end,
    };
  }
}

/** The nominal frequency that a measured one belongs to. */
function nominalOf(frames: RecordedFrames, place: number): number {
  const found = frames.values[place]?.find((hz) => hz > 10 && hz < 100);
  return found === undefined ? 0 : found < 55 ? 50 : 60;
}
