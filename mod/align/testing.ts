/**
 * A virtual clock around an aligner: frames arrive at given moments, deadlines are kept to the microsecond.
 *
 * @module
 */
import type { Frame, Layout, SignalType } from "../core/mod.ts";
import { cloneFrame, makeFrame, makeLayout, setFromMicros } from "../core/mod.ts";
import { Aligner, ALIGNER_DEFAULTS, type AlignerOptions } from "./mod.ts";

/** A second from which all tests count. */
export const START = 1_700_000_000;
const START_MICROS = START * 1e6;

/** What to change in a frame before it is lent. */
export interface Content {
  /** All values; default: milliseconds of the stamp since the start. */
  value?: number;
  /** Flags of all values. */
  flags?: number;
  /** Anything else. */
  edit?: (frame: Frame) => void;
}

/** A frame that went out, with the virtual time at which it did, in milliseconds since the start. */
export interface Published {
  /** A copy. */
  readonly frame: Frame;
  /** Milliseconds of its stamp since the start. */
  readonly stampMs: number;
  /** When it went out. */
  readonly atMs: number;
}

/** Runs an aligner on a virtual clock. */
export class Harness {
  /** The aligner. */
  readonly aligner: Aligner;
  /** What went out. */
  readonly out: Published[] = [];
  /** Steps of the clock that were told. */
  readonly steps: number[] = [];
  /** Layouts that were told. */
  readonly layouts: Layout[] = [];
  /** Offset of the host's clock in milliseconds. */
  hostOffsetMs = 0;
  /** Makes the sink throw. */
  sinkThrows = false;
  /** Makes the timer come late, in milliseconds. */
  timerLateMs = 0;
  /** The virtual time in milliseconds since the start. */
  nowMs = 0;
  readonly #lent = new Map<Layout, Frame>();

  /** Aligns at 50/s with a wait of 100 ms unless told otherwise. */
  constructor(
    options: Partial<AlignerOptions> = {},
    typeOf: (handle: number) => SignalType | undefined = () => "FREQ",
  ) {
    this.aligner = new Aligner(
      { ...ALIGNER_DEFAULTS, name: "aligned", framesPerSecond: 50, waitMs: 100, ...options },
      {
        accept: (frame) => {
          this.out.push({
            frame: cloneFrame(frame),
            stampMs: (frame.instant.seconds - START) * 1000 + frame.instant.nanos / 1e6,
            atMs: this.nowMs,
          });
          if (this.sinkThrows) throw new Error("sink");
        },
      },
      typeOf,
      {
        clockStepped: (ms) => this.steps.push(ms),
        layoutChanged: (layout) => this.layouts.push(layout),
      },
    );
  }

  /** UTC as the host sees it. */
  get hostMicros(): number {
    return START_MICROS + Math.round((this.nowMs + this.hostOffsetMs) * 1000);
  }

  /** Lets time pass, keeping deadlines. */
  passTo(ms: number): void {
    while (this.nowMs < ms) {
      const due = this.aligner.nextDueMicros(this.hostMicros, this.nowMs);
      const dueMs = (due - START_MICROS) / 1000 - this.hostOffsetMs + this.timerLateMs;
      this.nowMs = Math.min(ms, Math.max(dueMs, this.nowMs + 0.001));
      this.aligner.advance(this.hostMicros, this.nowMs);
    }
  }

  /** Lends a frame with the stamp `stampMs` at `atMs`, and spoils it after the call. */
  arrive(layout: Layout, stampMs: number, atMs: number, content: Content = {}): void {
    this.passTo(atMs);
    let frame = this.#lent.get(layout);
    if (!frame) this.#lent.set(layout, frame = makeFrame(layout));
    setFromMicros(frame.instant, START_MICROS + Math.round(stampMs * 1000));
    frame.values.fill(content.value ?? stampMs);
    frame.flags.fill(content.flags ?? 0);
    frame.leap = 0;
    frame.arrivalMicros = this.hostMicros;
    content.edit?.(frame);
    this.aligner.accept(frame, this.hostMicros, this.nowMs);
    frame.values.fill(-777);
    frame.flags.fill(0xffffffff);
    frame.instant.seconds = -777;
  }

  /** Stamps of what went out, in milliseconds. */
  stamps(): number[] {
    return this.out.map((p) => Math.round(p.stampMs * 1000) / 1000);
  }
  /** Values at `position` of what went out. */
  values(position: number): number[] {
    return this.out.map((p) => p.frame.values[position]!);
  }
}

/** A layout of one device. */
export function layoutOf(source: string, handles: number[], framesPerSecond = 50): Layout {
  const device = { device: source.toUpperCase(), offset: 0, count: handles.length };
  return makeLayout(source, handles, [device], framesPerSecond);
}
