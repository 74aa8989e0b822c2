/**
 * Runs `tssc-*.json`: one stateful stream, encoded and decoded.
 *
 * @module
 */
import {
  DATA_PACKET_HEADER_SIZE,
  MeasurementBatch,
  parseDataPacketHeader,
  TsscDecoder,
  TsscEncoder,
  writeDataPacketHeader,
} from "../../mod/sttp/mod.ts";
import { firstByteDifference, fromHex, type Report } from "./report.ts";
import { check, halves, joined, listOf, type MeasurementRow } from "./sttp_common.ts";

interface TsscPacket {
  readonly reset: boolean;
  readonly sequence: number;
  readonly count: number;
  readonly payload: string;
  readonly measurements: readonly MeasurementRow[];
}

/** Encodes the measurements to the payloads, and decodes the payloads to the measurements. */
export function runTssc(content: Record<string, unknown>, report: Report): void {
  const encoder = new TsscEncoder(), inRuns = new TsscEncoder();
  const decoder = new TsscDecoder();
  const batch = new MeasurementBatch();
  listOf<TsscPacket>(content, "packets").forEach((packet, i) => {
    const expected = fromHex(packet.payload);
    check(`packet ${i} encoded`, report, () => encode(encoder, packet, expected, addEach));
    check(`packet ${i} encoded in runs`, report, () => encode(inRuns, packet, expected, addRuns));
    check(`packet ${i} decoded`, report, () => decode(decoder, packet, expected, batch));
  });
}

function encode(
  encoder: TsscEncoder,
  packet: TsscPacket,
  expected: Uint8Array,
  add: (encoder: TsscEncoder, measurements: TsscPacket["measurements"]) => boolean,
): string | undefined {
  if (packet.reset) encoder.reset();
  if (encoder.sequence !== packet.sequence) {
    return `expected sequence ${packet.sequence}, found ${encoder.sequence}`;
  }
  const out = new Uint8Array(DATA_PACKET_HEADER_SIZE + 3 + 32768);
  encoder.begin(out, DATA_PACKET_HEADER_SIZE);
  if (!add(encoder, packet.measurements)) {
    return `expected room for ${packet.count} measurements, found it for ${encoder.count}`;
  }
  writeDataPacketHeader(out, 0, true, (expected[0]! & 0x10) >> 4, encoder.count);
  return firstByteDifference(out.subarray(0, encoder.end()), expected);
}

/** Adds measurements one by one; false if one does not fit. */
function addEach(encoder: TsscEncoder, measurements: TsscPacket["measurements"]): boolean {
  return measurements.every(([id, ticks, flags, valueBits]) => {
    const { hi, lo } = halves(ticks);
    return encoder.add(id, hi, lo, flags, parseInt(valueBits, 16));
  });
}

/** Adds measurements as the publisher does, those of one time in one go; false if one does not fit. */
function addRuns(encoder: TsscEncoder, measurements: TsscPacket["measurements"]): boolean {
  const { length } = measurements;
  const words = new Int32Array(2 * length), indexes = new Int32Array(length);
  measurements.forEach(([id, , flags, valueBits], i) => {
    indexes[i] = id;
    words[i] = parseInt(valueBits, 16);
    words[length + i] = flags;
  });
  const positions = Int32Array.from(indexes.keys());
  const run = { words, valuesAt: 0, flagsAt: length, positions, indexes };
  for (let from = 0, to = 0; from < length; from = to) {
    const ticks = measurements[from]![1];
    while (to < length && measurements[to]![1] === ticks) to++;
    const { hi, lo } = halves(ticks);
    if (encoder.addRun(run, from, to, hi, lo) < to) return false;
  }
  return true;
}

function decode(
  decoder: TsscDecoder,
  packet: TsscPacket,
  payload: Uint8Array,
  batch: MeasurementBatch,
): string | undefined {
  const { tssc, count } = parseDataPacketHeader(payload);
  if (!tssc || count !== packet.count) {
    return `expected ${packet.count} measurements, found ${count}`;
  }
  const at = DATA_PACKET_HEADER_SIZE;
  if (!decoder.decode(payload, at, payload.length, count, batch)) {
    return `expected sequence ${decoder.expected}, found another`;
  }
  return rowDifference(batch, packet.measurements);
}

/** The first measurement of a batch that is not as listed. */
export function rowDifference(
  batch: MeasurementBatch,
  rows: readonly MeasurementRow[],
): string | undefined {
  if (batch.count !== rows.length) {
    return `expected ${rows.length} measurements, found ${batch.count}`;
  }
  for (let i = 0; i < rows.length; i++) {
    const [id, ticks, flags, valueBits] = rows[i]!;
    const found = [
      batch.ids[i]!,
      joined(batch.ticksHi[i]!, batch.ticksLo[i]!),
      batch.flags[i]!,
      batch.valueBits[i]!,
    ];
    const expected = [
      id | 0,
      BigInt.asUintN(64, BigInt(ticks)),
      flags >>> 0,
      parseInt(valueBits, 16),
    ];
    if (found.some((value, k) => value !== expected[k])) {
      return `measurement ${i}: expected ${expected.join(" ")}, found ${found.join(" ")}`;
    }
  }
  return undefined;
}
