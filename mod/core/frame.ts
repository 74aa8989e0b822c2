/**
 * A frame: the values of one layout at one instant, the only thing that flows between parts.
 *
 * @module
 */
import type { Instant } from "./instant.ts";
import type { Layout } from "./layout.ts";

/**
 * The values of one layout at one instant.
 *
 * A frame is *lent*: it is valid for the length of a call to {@linkcode FrameSink.accept}, after
 * which its owner fills it anew. Whoever keeps it copies it ({@linkcode copyFrame}).
 */
export interface Frame {
  /** What the values mean. */
  readonly layout: Layout;
  /** Time of measurement. */
  readonly instant: Instant;
  /** What the source says about leap seconds: bits of `LeapFlags`. */
  leap: number;
  /** One value per handle of the layout; NaN is missing. Angles in degrees, (-180, 180]. */
  readonly values: Float32Array;
  /** One word of state flags per value. */
  readonly flags: Uint32Array;
  /** When the bytes reached this host: microseconds since 1970 UTC, from the kernel where it can tell. */
  arrivalMicros: number;
}

/** Takes frames. `accept` returns before the frame is reused. */
export interface FrameSink {
  /** Takes one lent frame. Must not keep it, and must not throw for any content. */
  accept(frame: Frame): void;
}

/** Makes an empty frame of `layout`: all values NaN, all flags 0. */
export function makeFrame(layout: Layout): Frame {
  return {
    layout,
    instant: { seconds: 0, nanos: 0 },
    leap: 0,
    values: new Float32Array(layout.handles.length).fill(NaN),
    flags: new Uint32Array(layout.handles.length),
    arrivalMicros: 0.5, // a fraction, so that the field is a double from the start
  };
}

/** Copies `from` into `to`, which must be of the same layout. */
export function copyFrame(from: Frame, to: Frame): void {
  to.instant.seconds = from.instant.seconds;
  to.instant.nanos = from.instant.nanos;
  to.leap = from.leap;
  to.arrivalMicros = from.arrivalMicros;
  to.values.set(from.values);
  to.flags.set(from.flags);
}

/** A copy of a lent frame that its taker may keep. */
export function cloneFrame(frame: Frame): Frame {
  const copy = makeFrame(frame.layout);
  copyFrame(frame, copy);
  return copy;
}
