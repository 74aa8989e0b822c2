/**
 * The latest value of every signal: one copy per layout, looked up by handle.
 *
 * @module
 */
import { cloneFrame, copyFrame, type Frame, type FrameSink, type Layout } from "../core/mod.ts";

/** The latest value of a signal. */
export interface LatestValue {
  /** Value; NaN is missing. */
  readonly value: number;
  /** State flags. */
  readonly flags: number;
  /** Time of measurement in microseconds since 1970. */
  readonly timeMicros: number;
}

/** The latest values of some signals, column by column, as JSON has them. */
export interface LatestColumns {
  /** Values; null is missing. */
  readonly values: (number | null)[];
  /** State flags; 0 if none has come. */
  readonly flags: number[];
  /** Times of measurement in microseconds since 1970; 0 if none has come. */
  readonly timesMicros: number[];
}

/** Listens to a stream; a frame costs one copy of its values and nothing else. */
export class LatestValues implements FrameSink {
  readonly #kept = new Map<number, Frame>();
  readonly #bySource = new Map<string, Map<string, number>>();
  /** By handle: the frame that has its latest value, and where in it. */
  #frames: (Frame | undefined)[] = [];
  #places: number[] = [];

  /** Takes one lent frame. */
  accept(frame: Frame): void {
    const kept = this.#kept.get(frame.layout.id);
    if (kept) copyFrame(frame, kept);
    else this.#meet(frame);
  }

  /** The latest value of a signal by handle; undefined if none has come. */
  get(handle: number): LatestValue | undefined {
    const frame = this.#frames[handle];
    if (!frame) return undefined;
    const at = this.#places[handle]!;
    return { value: frame.values[at]!, flags: frame.flags[at]!, timeMicros: microsOf(frame) };
  }

  /** The latest values of many signals at this moment, in their order. */
  columns(signals: readonly { readonly handle: number }[]): LatestColumns {
    const values: (number | null)[] = [], flags: number[] = [], timesMicros: number[] = [];
    for (let i = 0; i < signals.length; i++) {
      const { handle } = signals[i]!;
      const frame = this.#frames[handle];
      const at = frame ? this.#places[handle]! : 0;
      const value = frame ? frame.values[at]! : NaN;
      values.push(Number.isFinite(value) ? value : null);
      flags.push(frame ? frame.flags[at]! : 0);
      timesMicros.push(frame ? microsOf(frame) : 0);
    }
    return { values, flags, timesMicros };
  }

  /** Forgets everything. */
  clear(): void {
    this.#kept.clear();
    this.#bySource.clear();
    this.#frames = [];
    this.#places = [];
  }

  /** A layout that takes the place of an earlier one of the same source and first device takes its memory too. */
  #meet(frame: Frame): void {
    const { layout } = frame;
    const name = keyOf(layout);
    let known = this.#bySource.get(layout.source);
    if (!known) this.#bySource.set(layout.source, known = new Map());
    const before = known.get(name);
    if (before !== undefined) this.#forget(before);
    known.set(name, layout.id);
    const kept = cloneFrame(frame);
    this.#kept.set(layout.id, kept);
    layout.handles.forEach((handle, at) => {
      this.#frames[handle] = kept;
      this.#places[handle] = at;
    });
  }

  #forget(layoutId: number): void {
    const frame = this.#kept.get(layoutId);
    this.#kept.delete(layoutId);
    for (const handle of frame?.layout.handles ?? []) {
      if (this.#frames[handle] === frame) this.#frames[handle] = undefined;
    }
  }
}

function microsOf({ instant }: Frame): number {
  return instant.seconds * 1e6 + Math.round(instant.nanos / 1000);
}

function keyOf({ devices }: Layout): string {
  return devices[0]?.device ?? "";
}
