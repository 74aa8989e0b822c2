/**
 * Counters of one device in a stream: errors and measurements per interval.
 *
 * @module
 */
import type { Frame, LayoutDevice, SignalType } from "../core/mod.ts";
import { StateFlags } from "../core/mod.ts";

/** What a device did in one reporting interval, in the order of `DEVICE_STATISTICS`. */
export interface DeviceFigures {
  /** Frames in which the device said that its data are bad (STAT bit 15). */
  dataQualityErrors: number;
  /** Frames in which the device said that it is not in step with UTC (STAT bit 13). */
  timeQualityErrors: number;
  /** Frames in which the device reported an error of its own (STAT bit 14). */
  deviceErrors: number;
  /** Values that came; NaN does not count, nor do FREQ and DFREQ where FREQ is exactly 0. */
  measurementsReceived: number;
  /** Values that the frame rate promised. */
  measurementsExpected: number;
  /** Values that came with bad data, bad time or a device error. */
  measurementsWithError: number;
  /** Values in each frame. */
  measurementsDefined: number;
}

const ERROR_BITS = StateFlags.BadData | StateFlags.BadTime | StateFlags.SystemError;

/** Counts for one device; fed with whole frames of its stream. */
export class DeviceCounters {
  /** The interval that runs now. */
  readonly now: DeviceFigures = emptyDeviceFigures();
  readonly #offset: number;
  readonly #end: number;
  readonly #frequency: number;
  readonly #dfdt: number;
  readonly #status: number;

  /** Knows the place of the device in its layout and the kinds of all values of the layout. */
  constructor(device: LayoutDevice, types: readonly SignalType[]) {
    this.#offset = device.offset;
    this.#end = device.offset + device.count;
    const find = (type: SignalType) => {
      const at = types.slice(device.offset, this.#end).indexOf(type);
      return at < 0 ? -1 : device.offset + at;
    };
    this.#frequency = find("FREQ");
    this.#dfdt = find("DFDT");
    this.#status = Math.max(find("FLAG"), device.offset);
    this.now.measurementsDefined = device.count;
  }

  /** Counts the device's part of a frame and returns how many of its values were measurements. */
  add(frame: Frame): number {
    const { values, flags } = frame;
    const now = this.now;
    const status = flags[this.#status] ?? 0;
    if ((status & StateFlags.BadData) !== 0) now.dataQualityErrors++;
    if ((status & StateFlags.BadTime) !== 0) now.timeQualityErrors++;
    if ((status & StateFlags.SystemError) !== 0) now.deviceErrors++;
    const filler = this.#frequency >= 0 && values[this.#frequency] === 0;
    let received = 0;
    let bad = 0;
    for (let i = this.#offset; i < this.#end; i++) {
      const value = values[i]!;
      if (value !== value || (filler && (i === this.#frequency || i === this.#dfdt))) continue;
      received++;
      if ((flags[i]! & ERROR_BITS) !== 0) bad++;
    }
    now.measurementsReceived += received;
    now.measurementsWithError += bad;
    return received;
  }

  /** Ends the interval: its figures, with `expectedFrames` frames promised by the rate. */
  close(expectedFrames: number): DeviceFigures {
    const now = this.now;
    const closed: DeviceFigures = {
      ...now,
      measurementsExpected: Math.round(expectedFrames) * now.measurementsDefined,
    };
    now.dataQualityErrors = 0;
    now.timeQualityErrors = 0;
    now.deviceErrors = 0;
    now.measurementsReceived = 0;
    now.measurementsWithError = 0;
    return closed;
  }
}

/** Figures of an interval in which nothing happened. */
export function emptyDeviceFigures(): DeviceFigures {
  return {
    dataQualityErrors: 0,
    timeQualityErrors: 0,
    deviceErrors: 0,
    measurementsReceived: 0,
    measurementsExpected: 0,
    measurementsWithError: 0,
    measurementsDefined: 0,
  };
}
