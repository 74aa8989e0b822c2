/**
 * The synchrophasors of devices around events: which are recorded, and when their records are made.
 *
 * @module
 */
import type { Clock, Frame, Layout, Signal, SignalRegistry, SignalType } from "../core/mod.ts";
import {
  type CaptureOptions,
  encodeFrameRecord,
  FrameRecorder,
  type FrameRecorderFigures,
  type RecordingGateway,
  type TriggerOrder,
} from "../event/mod.ts";

/** What is needed of the gateway. */
export interface FrameRecordingContext {
  /** Who records. */
  readonly gateway: RecordingGateway;
  /** `[event]`. */
  readonly capture: CaptureOptions;
  /** Gives out handles. */
  readonly registry: SignalRegistry;
  /** The time. */
  readonly clock: Clock;
  /** Takes a record, whose bytes are the taker's. */
  readonly recorded: (bytes: Uint8Array<ArrayBuffer>) => void;
}

interface Source {
  readonly layout: number;
  readonly recorders: readonly FrameRecorder[];
}

/** How often events are looked for whose frames are overdue. */
const OVERDUE_MS = 500;
/** Most devices whose frames are kept; further ones are not recorded, and counted. */
const MAX_DEVICES = 4096;
/** A device that `*` stands for measures one of these: statistics and alarms are no synchrophasors. */
const MEASURED: readonly SignalType[] = ["VPHM", "VPHA", "IPHM", "IPHA", "FREQ", "DFDT"];

/** Recorders of the devices that `[event]` names. */
export class FrameRecording {
  readonly #context: FrameRecordingContext;
  readonly #sources = new Map<string, Source>();
  #devices = 0;
  #unkept = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isSoon = false;

  /** Records nothing yet. */
  constructor(context: FrameRecordingContext) {
    this.#context = context;
  }

  /** Keeps what a lent frame says of the devices that are recorded. */
  accept(frame: Frame): void {
    const { layout } = frame;
    let source = this.#sources.get(layout.source);
    if (source?.layout !== layout.id) source = this.#changed(layout, source);
    let isComplete = false;
    for (const recorder of source.recorders) if (recorder.accept(frame)) isComplete = true;
    // Not now: others wait for this frame.
    if (isComplete) this.#schedule(0);
  }

  /** Takes an order; returns the devices that are recorded for it. */
  order(order: TriggerOrder): string[] {
    const { devices } = order;
    const told: string[] = [];
    if (devices.length === 0) return told;
    const nowMs = this.#context.clock.monotonicMs();
    for (const { recorders } of this.#sources.values()) {
      for (const recorder of recorders) {
        if (!devices.includes("*") && !devices.includes(recorder.device)) continue;
        recorder.trigger(order, nowMs);
        told.push(recorder.device);
      }
    }
    if (told.length > 0) this.#schedule(OVERDUE_MS);
    return told;
  }

  /** Ends all events with what is there. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { recorders } of this.#sources.values()) this.#end(recorders);
    this.#sources.clear();
    this.#devices = 0;
  }

  /** What each recorder tells, and how many devices are not kept for want of room. */
  figures(): { readonly devices: readonly FrameRecorderFigures[]; readonly unkept: number } {
    const all = [...this.#sources.values()].flatMap(({ recorders }) => recorders);
    return { devices: all.map((recorder) => recorder.figures()), unkept: this.#unkept };
  }

  /** Frames have another layout: events of the former one end. */
  #changed(layout: Layout, before: Source | undefined): Source {
    const { registry, gateway, capture } = this.#context;
    if (before) {
      this.#devices -= before.recorders.length;
      this.#end(before.recorders);
    }
    const byDevice = new Map<string, { signals: Signal[]; places: number[] }>();
    layout.handles.forEach((handle, place) => {
      const signal = registry.get(handle);
      if (!signal) return;
      let of = byDevice.get(signal.device);
      if (!of) byDevice.set(signal.device, of = { signals: [], places: [] });
      of.signals.push(signal);
      of.places.push(place);
    });
    const recorders: FrameRecorder[] = [];
    for (const [acronym, { signals, places }] of byDevice) {
      const isMeant = capture.devices.includes(acronym) ||
        (capture.devices.includes("*") && signals.some(({ type }) => MEASURED.includes(type)));
      const device = registry.device(acronym);
      if (!isMeant || !device) continue;
      if (this.#devices + recorders.length >= MAX_DEVICES) {
        this.#unkept++;
        continue;
      }
      const context = { gateway, capture, newId: () => crypto.randomUUID() };
      const rate = layout.framesPerSecond || device.framesPerSecond;
      recorders.push(
        new FrameRecorder(context, device, layout.source, signals, Int32Array.from(places), rate),
      );
    }
    this.#devices += recorders.length;
    const source = { layout: layout.id, recorders };
    this.#sources.set(layout.source, source);
    return source;
  }

  /** Makes one record at a time, so that nothing else waits for many. */
  #work(): void {
    this.#timer = undefined;
    const nowMs = this.#context.clock.monotonicMs();
    let isOpen = false;
    for (const { recorders } of this.#sources.values()) {
      for (const recorder of recorders) {
        if (recorder.isIdle) continue;
        isOpen = true;
        if (this.#cut(recorder, nowMs)) return this.#schedule(0);
      }
    }
    if (isOpen) this.#schedule(OVERDUE_MS);
  }

  #cut(recorder: FrameRecorder, nowMs: number): boolean {
    const content = recorder.cut(nowMs);
    if (!content) return false;
    this.#context.recorded(encodeFrameRecord(content));
    return true;
  }

  #end(recorders: readonly FrameRecorder[]): void {
    for (const recorder of recorders) while (this.#cut(recorder, Infinity));
  }

  #schedule(ms: number): void {
    if (this.#timer !== undefined) {
      if (this.#isSoon || ms > 0) return;
      clearTimeout(this.#timer);
    }
    this.#isSoon = ms === 0;
    this.#timer = setTimeout(() => this.#work(), ms);
  }
}
