/**
 * Adds up the memory that a configuration will need at most, part by part, before anything is started.
 *
 * @module
 */
import { alignerBytes, alignerOptions } from "../align/mod.ts";
import { pieceSamplesOf } from "../event/mod.ts";
import { devicesOf, svInputBytes, svInputWorkers } from "../input/sv/mod.ts";
import { c37118OutputBytes } from "../output/c37118/mod.ts";
import { sttpOutputBytes } from "../output/sttp/mod.ts";
import {
  CLOCK_STATISTICS,
  DEVICE_STATISTICS,
  INPUT_STREAM_STATISTICS,
  OUTPUT_STREAM_STATISTICS,
  PUBLISHER_STATISTICS,
  SUBSCRIBER_STATISTICS,
  SYSTEM_STATISTICS,
} from "../stats/mod.ts";
import { captureOf } from "./event_config.ts";
import type { GatewayConfig } from "./schema.ts";

/** What one part needs. */
export interface MemoryNeed {
  /** Name of the part. */
  readonly part: string;
  /** Bytes that it needs at most. */
  readonly bytes: number;
  /** What the figure rests on. */
  readonly basis: string;
}

/** The program without any part, measured: run time, code, heap at rest. */
const PROCESS_BYTES = 92e6;
/** Values that a device is taken to have while its configuration frame is not known. */
const VALUES_PER_DEVICE = 64;
/** Signal with its metadata, in the registry and in caches. */
const SIGNAL_BYTES = 1500;
/** Stream parser, receive buffers, statistics and ledgers of one input. */
const INPUT_BYTES = 600e3;
/** Rights and books of one subscriber, without its signals. */
const SUBSCRIBER_BYTES = 100e3;
/** What the encoder of an event record takes for each value of its longest piece. */
const ENCODER_BYTES = 22;
/** Heap and code of the archive's Worker. */
const ARCHIVE_BYTES = 16e6;
/** Rate that an input is taken to have while nothing says otherwise. */
const ASSUMED_RATE = 60;

/** What each part of `config` needs at most. */
export function memoryNeeds(config: GatewayConfig): MemoryNeed[] {
  const needs: MemoryNeed[] = [
    { part: "process", bytes: PROCESS_BYTES, basis: "measured" },
  ];
  const values = new Map<string, number>();
  for (const [name, input] of Object.entries(config.input)) {
    if (input.type === "sv") {
      const { bytes, captureBytes, values: count, basis } = svInputBytes(
        input,
        navigator.hardwareConcurrency,
      );
      values.set(name, count);
      needs.push({
        part: `input.${name}`,
        bytes: INPUT_BYTES + bytes + count * SIGNAL_BYTES,
        basis,
      });
      // The board has to hold that process too.
      if (captureBytes > 0) {
        needs.push({
          part: `capture.${name}`,
          bytes: captureBytes,
          basis: "in tieline capture, beside its process",
        });
      }
      continue;
    }
    const devices = input.type === "c37118" ? Math.max(1, input.devices.length) : 1;
    const count = input.type === "sttp" ? input.expectedSignals : devices * VALUES_PER_DEVICE;
    values.set(name, count);
    const buffer =
      input.type === "c37118" && input.transport !== "tcp" && input.transport !== "tcp-listen"
        ? 64 * 1024
        : 0;
    needs.push({
      part: `input.${name}`,
      bytes: INPUT_BYTES + buffer + count * SIGNAL_BYTES,
      basis: `${count} values assumed`,
    });
  }
  needs.push(...eventNeeds(config));
  const all = [...values.values()].reduce((sum, n) => sum + n, 0);
  for (const [name, align] of Object.entries(config.align)) {
    const count = align.inputs.includes("*")
      ? all
      : align.inputs.reduce((sum, input) => sum + (values.get(input) ?? 0), 0);
    needs.push({
      part: `align.${name}`,
      bytes: alignerBytes(alignerOptions(name, align), count, ASSUMED_RATE),
      basis:
        `${count} values, wait ${align.waitMs} ms and lead ${align.leadMs} ms at ${align.framesPerSecond}/s`,
    });
  }
  const statistics = statisticsCount(config);
  if (statistics > 0) {
    needs.push({
      part: "statistics",
      bytes: statistics * SIGNAL_BYTES,
      basis: `${statistics} signals`,
    });
  }
  const streams = new Set(Object.values(config.subscriber).map((s) => s.stream)).size;
  const outputs = Object.entries(config.output);
  for (const [name, output] of outputs) {
    if (output.type === "c37118") {
      const takers = (output.listen === "" ? 0 : output.maxConnections) +
        output.destinations.length;
      needs.push({
        part: `output.${name}`,
        bytes: c37118OutputBytes(output),
        basis: `${takers} connections and destinations`,
      });
      continue;
    }
    needs.push({
      part: `output.${name}`,
      bytes: sttpOutputBytes(output, streams, all + statistics),
      basis: `${streams} streams, ${output.maxConnections} connections, a Worker for metadata`,
    });
  }
  const blocks = outputs.reduce(
    (sum, [, o]) => o.type === "sttp" ? sum + o.connectionsPerSubscriber * o.blockBytes : sum,
    0,
  );
  for (const [name, { bufferBlocks }] of Object.entries(config.subscriber)) {
    needs.push({
      part: `subscriber.${name}`,
      bytes: SUBSCRIBER_BYTES + (all + statistics) * 64 + (bufferBlocks ? blocks : 0),
      basis: `rights over ${all + statistics} values${bufferBlocks ? ", buffer blocks" : ""}`,
    });
  }
  return needs;
}

/** Recorders, the archive's Worker and what waits for it. */
function eventNeeds(config: GatewayConfig): MemoryNeed[] {
  const capture = captureOf(config);
  if (!capture) return [];
  const cores = navigator.hardwareConcurrency;
  let workers = 0, encoders = 0;
  for (const input of Object.values(config.input)) {
    if (input.type !== "sv") continue;
    workers += svInputWorkers(input, cores);
    for (const { rate, channels } of input.streams) {
      encoders += pieceSamplesOf(rate) * channels.length * ENCODER_BYTES;
    }
  }
  const { queueMB } = config.archive;
  const devices = capture.devices.includes("*") ? devicesCount(config) : capture.devices.length;
  return [{
    part: "events",
    bytes: workers * capture.memoryMB * 1e6 + encoders + devices * capture.deviceMB * 1e6,
    basis: `${workers} capture Workers with ${capture.memoryMB} MB each` +
      (devices > 0 ? `, frames of ${devices} devices with ${capture.deviceMB} MB each` : ""),
  }, {
    part: "archive",
    bytes: ARCHIVE_BYTES + queueMB * 1e6,
    basis: `a Worker and ${queueMB} MB that may wait for the disk`,
  }];
}

/** Devices with synchrophasors, as far as they are known; an input that says nothing counts as one. */
function devicesCount({ input }: GatewayConfig): number {
  return Object.values(input).reduce(
    (sum, options) =>
      sum +
      (options.type === "c37118"
        ? Math.max(1, options.devices.length)
        : options.type === "sv"
        ? devicesOf(options).length
        : 1),
    0,
  );
}

/** Signals of type STAT, as far as the devices are known. */
function statisticsCount({ statistics, input, output, clock }: GatewayConfig): number {
  if (!statistics.enabled) return 0;
  const inputs = Object.values(input).reduce(
    (sum, options) =>
      sum + (options.type === "c37118"
        ? INPUT_STREAM_STATISTICS.length +
          Math.max(1, options.devices.length) * DEVICE_STATISTICS.length
        : options.type === "sv"
        ? devicesOf(options).length * (INPUT_STREAM_STATISTICS.length + DEVICE_STATISTICS.length)
        : SUBSCRIBER_STATISTICS.length),
    0,
  );
  const outputs = Object.values(output).reduce(
    (sum, { type }) =>
      sum + (type === "c37118" ? OUTPUT_STREAM_STATISTICS : PUBLISHER_STATISTICS).length,
    0,
  );
  const ofClock = clock ? CLOCK_STATISTICS.length : 0;
  return inputs + outputs + ofClock + SYSTEM_STATISTICS.length;
}
