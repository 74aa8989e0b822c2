/**
 * Statistics of one input stream and its devices, by reporting interval and for its lifetime.
 *
 * @module
 */
import type { Frame, Layout, SignalType, StatisticRow } from "../core/mod.ts";
import { toMicros } from "../core/mod.ts";
import type { DeviceFigures } from "./device_counters.ts";
import { DeviceCounters, emptyDeviceFigures } from "./device_counters.ts";
import { MissingFrames } from "./missing_frames.ts";
import { RateMeter } from "./rate_meter.ts";
import { Spread } from "./spread.ts";
import { DEVICE_STATISTICS, INPUT_STREAM_STATISTICS, statisticRows } from "./statistics.ts";
export type { DeviceFigures };

/** What an input stream did in one reporting interval, in the order of `INPUT_STREAM_STATISTICS`. */
export interface InputStreamFigures {
  /** Frames of all kinds. */
  totalFrames: number;
  /** Stamp of the last data frame, microseconds since 1970; 0 before the first. */
  lastReportTimeMicros: number;
  /** Frames that the rate promised and that did not come; a shortfall counts when it has lasted for an interval. */
  missingFrames: number;
  /** Frames with a wrong CHK. */
  crcErrors: number;
  /** Data frames with a stamp before that of an earlier one. */
  outOfOrderFrames: number;
  /** Least arrival minus stamp in milliseconds; NaN without data. */
  minLatencyMs: number;
  /** Greatest arrival minus stamp in milliseconds; NaN without data. */
  maxLatencyMs: number;
  /** True if the stream was connected all the time. */
  connected: boolean;
  /** True if a configuration has come or is cached. */
  receivedConfiguration: boolean;
  /** Changes of configuration that the stream announced or made. */
  configurationChanges: number;
  /** Data frames. */
  dataFrames: number;
  /** Configuration frames. */
  configurationFrames: number;
  /** Header frames. */
  headerFrames: number;
  /** Mean arrival minus stamp in milliseconds; NaN without data. */
  averageLatencyMs: number;
  /** Frame rate of the configuration; 0 when unknown. */
  definedFrameRate: number;
  /** Data frames per second. */
  actualFrameRate: number;
  /** Bytes received, in Mbit/s. */
  actualDataRateMbps: number;
  /** Data units that were not received at least once. */
  missingData: number;
  /** Bytes received. */
  bytesReceived: number;
  /** Measurements since the start. */
  lifetimeMeasurements: number;
  /** Bytes since the start. */
  lifetimeBytesReceived: number;
  /** Least measurements in a whole second; 0 without one. */
  minMeasurementsPerSecond: number;
  /** Most measurements in a whole second; 0 without one. */
  maxMeasurementsPerSecond: number;
  /** Mean measurements per second; 0 without a whole second. */
  averageMeasurementsPerSecond: number;
  /** Least latency since the start; NaN without data. */
  lifetimeMinLatencyMs: number;
  /** Greatest latency since the start; NaN without data. */
  lifetimeMaxLatencyMs: number;
  /** Mean latency since the start; NaN without data. */
  lifetimeAverageLatencyMs: number;
  /** Seconds since the start. */
  upTimeSeconds: number;
}

/** Counts since the start, for `/metrics`. */
export interface InputTotals {
  /** Frames of all kinds. */
  totalFrames: number;
  /** Data frames. */
  dataFrames: number;
  /** Configuration frames. */
  configurationFrames: number;
  /** Header frames. */
  headerFrames: number;
  /** Frames missing by rate. */
  missingFrames: number;
  /** Frames with a wrong CHK. */
  crcErrors: number;
  /** Data frames with a stamp before that of an earlier one. */
  outOfOrderFrames: number;
  /** Changes of configuration. */
  configurationChanges: number;
  /** Data units not received at least once. */
  missingData: number;
  /** Bytes received. */
  bytesReceived: number;
  /** Measurements received. */
  measurements: number;
}

const HOUR_MICROS = 3600e6;
const DAY_MICROS = 86_400e6;

/** Counts for one input stream. Calls per frame allocate nothing. */
export class InputStatistics {
  readonly #startMs: number;
  readonly #intervalMs: number;
  readonly #missing = new MissingFrames();
  readonly #rate: RateMeter;
  readonly #totals = emptyTotals();
  #atOpen = emptyTotals();
  #openMs: number;
  #dueMs: number;
  #layout: Layout | undefined;
  #devices: DeviceCounters[] = [];
  #closedDevices = new Map<string, DeviceFigures>();
  #closed: InputStreamFigures;
  #isConnected = false;
  #wasConnected = false;
  #lastReportMicros = 0;
  readonly #latency = new Spread();
  readonly #lifeLatency = new Spread();

  /** Starts counting at `monotonicMs`, in intervals of `intervalMs`. */
  constructor(monotonicMs: number, intervalMs = 10_000) {
    this.#startMs = monotonicMs;
    this.#openMs = monotonicMs;
    this.#intervalMs = intervalMs;
    this.#dueMs = monotonicMs + intervalMs;
    this.#rate = new RateMeter(monotonicMs);
    this.#closed = this.#figures(monotonicMs);
  }

  /** A configuration is known, received or cached: `types` are the kinds of the layout's values, in order. */
  configure(layout: Layout, types: readonly SignalType[]): void {
    if (this.#layout?.framesPerSecond !== layout.framesPerSecond) {
      this.#missing.configure(layout.framesPerSecond);
    }
    this.#layout = layout;
    this.#devices = layout.devices.map((device) => new DeviceCounters(device, types));
    this.#closedDevices = new Map(
      layout.devices.map((
        d,
      ) => [d.device, this.#closedDevices.get(d.device) ?? emptyDeviceFigures()]),
    );
  }

  /** The stream announced or made a change of configuration. */
  configurationChanged(): void {
    this.#totals.configurationChanges++;
  }
  /** The connection came or went; for a listening socket, data flow or do not. */
  connection(isConnected: boolean): void {
    this.#isConnected = isConnected;
    if (!isConnected) this.#wasConnected = false;
  }
  /** Bytes came. */
  bytes(count: number): void {
    this.#totals.bytesReceived += count;
  }
  /** A data frame came; counts frame, latency and measurements of every device. */
  dataFrame(frame: Frame, monotonicMs: number): void {
    this.#totals.totalFrames++;
    this.#totals.dataFrames++;
    this.#missing.received(frame.instant, monotonicMs);
    const stamp = toMicros(frame.instant);
    this.#lastReportMicros = stamp;
    const latency = frame.arrivalMicros - stamp;
    if (Math.abs(latency) <= HOUR_MICROS) {
      this.#latency.add(latency);
      this.#lifeLatency.add(latency);
    }
    // A frame of another layout than the configured one would be counted by the wrong positions.
    if (frame.layout !== this.#layout) return;
    let measurements = 0;
    for (let i = 0; i < this.#devices.length; i++) measurements += this.#devices[i]!.add(frame);
    this.#totals.measurements += measurements;
    this.#rate.add(measurements, monotonicMs);
  }
  /** A configuration frame came. */
  configurationFrame(): void {
    this.#totals.totalFrames++;
    this.#totals.configurationFrames++;
  }
  /** A header frame came. */
  headerFrame(): void {
    this.#totals.totalFrames++;
    this.#totals.headerFrames++;
  }
  /** A frame of another kind came: a command, an unknown type. */
  otherFrame(): void {
    this.#totals.totalFrames++;
  }
  /** A frame had a wrong CHK. */
  crcError(): void {
    this.#totals.crcErrors++;
  }
  /** A data frame had a stamp before that of an earlier one. */
  outOfOrder(): void {
    this.#totals.outOfOrderFrames++;
  }
  /** `count` data units are known to have been lost on the way. */
  missingData(count: number): void {
    this.#totals.missingData += count;
  }

  /**
   * Ends the reporting interval if it is over; call it about once a second. True if it ended one.
   *
   * After the first call of {@linkcode close} only that ends intervals.
   */
  advance(monotonicMs: number): boolean {
    this.#rate.advance(monotonicMs);
    if (monotonicMs < this.#dueMs) return false;
    const over = Math.floor((monotonicMs - this.#dueMs) / this.#intervalMs) + 1;
    const dueMs = this.#dueMs + over * this.#intervalMs;
    this.close(monotonicMs);
    this.#dueMs = dueMs;
    return true;
  }

  /** Ends the reporting interval now. */
  close(monotonicMs: number): void {
    this.#rate.advance(monotonicMs);
    this.#totals.missingFrames += this.#missing.close(monotonicMs);
    const seconds = (monotonicMs - this.#openMs) / 1000;
    const expected = seconds * Math.max(0, this.#layout?.framesPerSecond ?? 0);
    this.#layout?.devices.forEach((device, i) => {
      this.#closedDevices.set(device.device, this.#devices[i]!.close(expected));
    });
    this.#closed = this.#figures(monotonicMs);
    this.#atOpen = { ...this.#totals };
    this.#openMs = monotonicMs;
    this.#dueMs = Infinity;
    this.#wasConnected = this.#isConnected;
    this.#latency.reset();
    this.#rate.reset();
  }

  /** The stream's figures for the interval that ended last. */
  inputStream(): Readonly<InputStreamFigures> {
    return this.#closed;
  }
  /** A device's figures for the interval that ended last; undefined for a device that is not in the stream. */
  device(acronym: string): Readonly<DeviceFigures> | undefined {
    return this.#closedDevices.get(acronym);
  }
  /** Counts since the start. */
  totals(): Readonly<InputTotals> {
    return this.#totals;
  }

  /**
   * All statistics of the interval that ended last by their names; `stream` is the acronym of the stream.
   *
   * The time of the last report is in seconds of its UTC day: what is published is a 32-bit float.
   */
  rows(stream: string): StatisticRow[] {
    const values = Object.values(this.#closed).map(Number);
    const at = this.#closed.lastReportTimeMicros;
    values[1] = at > 0 ? (at % DAY_MICROS) / 1e6 : NaN;
    const rows = statisticRows(stream, INPUT_STREAM_STATISTICS, values);
    for (const [acronym, figures] of this.#closedDevices) {
      rows.push(...statisticRows(acronym, DEVICE_STATISTICS, Object.values(figures)));
    }
    return rows;
  }

  // The order of the keys is that of INPUT_STREAM_STATISTICS: rows() relies on it, a test holds it.
  #figures(monotonicMs: number): InputStreamFigures {
    const now = this.#totals;
    const then = this.#atOpen;
    const seconds = (monotonicMs - this.#openMs) / 1000;
    const dataFrames = now.dataFrames - then.dataFrames;
    const bytes = now.bytesReceived - then.bytesReceived;
    return {
      totalFrames: now.totalFrames - then.totalFrames,
      lastReportTimeMicros: this.#lastReportMicros,
      missingFrames: now.missingFrames - then.missingFrames,
      crcErrors: now.crcErrors - then.crcErrors,
      outOfOrderFrames: now.outOfOrderFrames - then.outOfOrderFrames,
      minLatencyMs: this.#latency.minMs,
      maxLatencyMs: this.#latency.maxMs,
      connected: this.#wasConnected,
      receivedConfiguration: this.#layout !== undefined,
      configurationChanges: now.configurationChanges - then.configurationChanges,
      dataFrames,
      configurationFrames: now.configurationFrames - then.configurationFrames,
      headerFrames: now.headerFrames - then.headerFrames,
      averageLatencyMs: this.#latency.meanMs,
      definedFrameRate: this.#layout?.framesPerSecond ?? 0,
      actualFrameRate: seconds > 0 ? dataFrames / seconds : 0,
      actualDataRateMbps: seconds > 0 ? (bytes * 8) / seconds / 1e6 : 0,
      missingData: now.missingData - then.missingData,
      bytesReceived: bytes,
      lifetimeMeasurements: now.measurements,
      lifetimeBytesReceived: now.bytesReceived,
      minMeasurementsPerSecond: this.#rate.min || 0,
      maxMeasurementsPerSecond: this.#rate.max || 0,
      averageMeasurementsPerSecond: this.#rate.mean || 0,
      lifetimeMinLatencyMs: this.#lifeLatency.minMs,
      lifetimeMaxLatencyMs: this.#lifeLatency.maxMs,
      lifetimeAverageLatencyMs: this.#lifeLatency.meanMs,
      upTimeSeconds: (monotonicMs - this.#startMs) / 1000,
    };
  }
}

function emptyTotals(): InputTotals {
  return {
    totalFrames: 0,
    dataFrames: 0,
    configurationFrames: 0,
    headerFrames: 0,
    missingFrames: 0,
    crcErrors: 0,
    outOfOrderFrames: 0,
    configurationChanges: 0,
    missingData: 0,
    bytesReceived: 0,
    measurements: 0,
  };
}
