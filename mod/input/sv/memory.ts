/**
 * The memory that a sampled-values input needs.
 *
 * @module
 */
import { WaveformRing } from "../../core/mod.ts";
import { weightBytes } from "../../phasor/mod.ts";
import { devicesOf, phasorChannels, setsOf } from "./devices.ts";
import type { SvInputOptions } from "./options.ts";
import { DISCOVERY_RING_BYTES } from "./raw_capture.ts";
import { shardsOf } from "./shards.ts";
import { capacityOf, phasorOptions } from "./stream_intake.ts";
import { RECORD_RING_BYTES } from "./worker_pool.ts";

/** Heap and code of one capture Worker, measured. */
const WORKER_BYTES = 14e6;
/** Statistics, ledgers and clock watch of one device. */
const DEVICE_BYTES = 300e3;

/** What an input needs at most, and on what the figure rests. */
export interface SvMemory {
  /** Octets of rings, waveforms and heap in this process. */
  readonly bytes: number;
  /** The same in `tieline capture`; 0 where that has no part in it. */
  readonly captureBytes: number;
  /** Values of all devices. */
  readonly values: number;
  /** What the figures rest on. */
  readonly basis: string;
}

/** Capture Workers of an input on a machine with `cores`. */
export function svInputWorkers(options: SvInputOptions, cores: number): number {
  return shardsOf(options, cores).length;
}

/** The memory of an input on a machine with `cores`. */
export function svInputBytes(options: SvInputOptions, cores: number): SvMemory {
  const shards = shardsOf(options, cores);
  const devices = devicesOf(options);
  const rings = shards.reduce(
    (sum, { ringBytes, discovers }) => sum + ringBytes + (discovers ? DISCOVERY_RING_BYTES : 0),
    0,
  );
  const waveforms = options.streams.reduce(
    (sum, stream) => sum + WaveformRing.bytes(stream.channels.length, capacityOf(stream)),
    0,
  );
  const estimators = devices.reduce((sum, { stream }) => {
    const of = options.streams[stream];
    if (!of) return sum; // somebody else estimates synchrophasors
    return sum + 20e3 * of.channels.length +
      1e3 * (setsOf(of).length + phasorChannels(of).length);
  }, 0);
  const tables = shards.reduce((sum, { streams }) => sum + tableBytes(options, streams), 0);
  const capture = rings + waveforms + estimators + tables +
    shards.length * (WORKER_BYTES + RECORD_RING_BYTES);
  const own = devices.length * DEVICE_BYTES;
  const elsewhere = options.interface !== undefined && options.capture === "process";
  const values = devices.reduce((sum, { drafts }) => sum + drafts.length, 0);
  return {
    bytes: own + (elsewhere ? 0 : capture),
    captureBytes: elsewhere ? capture : 0,
    values,
    basis: `${shards.length} Worker${shards.length === 1 ? "" : "s"}, rings ${
      mb(rings)
    }, waveforms ${mb(waveforms)}${
      elsewhere ? ` in tieline capture (${mb(capture)})` : ""
    }, ${values} values`,
  };
}

/** Octets of the weights that the estimators of some streams share. */
function tableBytes(options: SvInputOptions, streams: readonly number[]): number {
  const kinds = new Map<string, number>();
  for (const device of devicesOf(options)) {
    if (!streams.includes(device.stream)) continue;
    const of = phasorOptions(options.streams[device.stream]!, device);
    const { performanceClass, nominalHz, framesPerSecond, sampleRate } = of;
    const key = [performanceClass, nominalHz, framesPerSecond, sampleRate].join();
    if (!kinds.has(key)) kinds.set(key, weightBytes(of));
  }
  return [...kinds.values()].reduce((sum, bytes) => sum + bytes, 0);
}

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
