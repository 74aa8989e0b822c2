/**
 * A layout: the ordered handles that arrive together, made once when a configuration is known.
 *
 * @module
 */

/** The part of a layout that belongs to one device. */
export interface LayoutDevice {
  /** Acronym of the device. */
  readonly device: string;
  /** Position of its first value. */
  readonly offset: number;
  /** Number of its values. */
  readonly count: number;
}

/** An ordered list of handles, shared by every frame of one stream. */
export interface Layout {
  /** Process-wide number of this layout; a new configuration makes a new layout with a new id. */
  readonly id: number;
  /** Name of the input or aligner that makes frames of it. */
  readonly source: string;
  /** Handles in the order of `Frame.values`. */
  readonly handles: Int32Array;
  /** Devices in order; together they cover all values, QUAL and the like included. */
  readonly devices: readonly LayoutDevice[];
  /** Frames per second; 0 when unknown, below 1 for minus-seconds-per-frame rates. */
  readonly framesPerSecond: number;
}

let nextId = 1;

/** Makes a layout with a fresh id. */
export function makeLayout(
  source: string,
  handles: ArrayLike<number>,
  devices: readonly LayoutDevice[],
  framesPerSecond: number,
): Layout {
  return {
    id: nextId++,
    source,
    handles: Int32Array.from(handles),
    devices,
    framesPerSecond,
  };
}
