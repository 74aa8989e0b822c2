/**
 * Runs `compact-measurements.json` and `compact-data-packets.json`.
 *
 * @module
 */
import {
  type CompactFormat,
  DATA_PACKET_HEADER_SIZE,
  fromCompactFlags,
  MeasurementBatch,
  parseDataPacketHeader,
  readCompact,
  toCompactFlags,
  writeCompact,
  writeDataPacketHeader,
} from "../../mod/sttp/mod.ts";
import { firstByteDifference, fromHex, type Report } from "./report.ts";
import { check, halves, joined, listOf, type MeasurementRow } from "./sttp_common.ts";

interface Settings {
  readonly includeTime: boolean;
  readonly millisecondResolution: boolean;
  readonly timeIndex: number;
  readonly baseTimeOffsets: readonly [string, string];
}

interface CompactCase extends Settings {
  readonly signalIndex: number;
  readonly ticks: string;
  readonly flags: number;
  readonly valueBits: string;
  readonly encoded: string;
  readonly decoded: {
    readonly flags: number;
    readonly ticks: string | null;
    readonly valueBits: string;
  };
  readonly cppPublisherEncodes?: string;
}

interface CompactPacket extends Settings {
  readonly flagsByte: number;
  readonly count: number;
  readonly payload: string;
  readonly measurements: readonly MeasurementRow[];
}

/** Encodes each case to its bytes, and decodes its bytes and those of the C++ publisher. */
export function runCompactMeasurements(content: Record<string, unknown>, report: Report): void {
  const batch = new MeasurementBatch();
  listOf<CompactCase>(content, "cases").forEach((c, i) => {
    const format = formatOf(c);
    const expected = fromHex(c.encoded);
    check(`case ${i} encoded`, report, () => {
      const out = new Uint8Array(17);
      const { hi, lo } = halves(c.ticks);
      const bits = parseInt(c.valueBits, 16);
      const end = writeCompact(out, 0, format, c.signalIndex, hi, lo, c.flags, bits);
      return firstByteDifference(out.subarray(0, end), expected);
    });
    check(`case ${i} decoded`, report, () => decodeCase(c, expected, format, batch));
    const cpp = c.cppPublisherEncodes;
    if (cpp === undefined) return;
    check(`case ${i} of C++ decoded`, report, () => decodeCase(c, fromHex(cpp), format, batch));
  });
}

/** Encodes and decodes whole packets. */
export function runCompactPackets(content: Record<string, unknown>, report: Report): void {
  listOf<CompactPacket>(content, "packets").forEach((packet, i) => {
    const format = formatOf(packet);
    const expected = fromHex(packet.payload);
    check(`packet ${i} encoded`, report, () => {
      const out = new Uint8Array(DATA_PACKET_HEADER_SIZE + 17 * packet.count);
      const cacheIndex = (packet.flagsByte & 0x10) >> 4;
      writeDataPacketHeader(out, 0, false, cacheIndex, packet.measurements.length);
      let at = DATA_PACKET_HEADER_SIZE;
      for (const [id, ticks, flags, bits] of packet.measurements) {
        const { hi, lo } = halves(ticks);
        at = writeCompact(out, at, format, id, hi, lo, flags, parseInt(bits, 16));
      }
      return firstByteDifference(out.subarray(0, at), expected);
    });
    check(`packet ${i} decoded`, report, () => decodePacket(packet, expected, format));
  });
}

function decodeCase(
  c: CompactCase,
  bytes: Uint8Array,
  format: CompactFormat,
  batch: MeasurementBatch,
): string | undefined {
  const end = readCompact(bytes, 0, bytes.length, 1, format, batch);
  if (end !== bytes.length) return `expected ${bytes.length} bytes to be read, found ${end}`;
  const found = [
    batch.ids[0],
    joined(batch.ticksHi[0]!, batch.ticksLo[0]!),
    batch.flags[0],
    batch.valueBits[0],
  ];
  // The C++ publisher turns -0 into +0 (9.11).
  const turned = bytes.subarray(5, 9).every((byte) => byte === 0) &&
    c.decoded.valueBits === "80000000" && c.cppPublisherEncodes !== undefined;
  const expected = [
    c.signalIndex,
    c.decoded.ticks === null ? 0n : BigInt(c.decoded.ticks),
    c.decoded.flags >>> 0,
    turned ? 0 : parseInt(c.decoded.valueBits, 16),
  ];
  return found.every((value, i) => value === expected[i])
    ? undefined
    : `expected ${expected.join(" ")}, found ${found.join(" ")}`;
}

function decodePacket(
  packet: CompactPacket,
  payload: Uint8Array,
  format: CompactFormat,
): string | undefined {
  const header = parseDataPacketHeader(payload);
  if (header.tssc || header.count !== packet.count || header.flags !== packet.flagsByte) {
    return `expected flags ${packet.flagsByte} and ${packet.count} measurements, found ${header.flags} and ${header.count}`;
  }
  const batch = new MeasurementBatch();
  const at = DATA_PACKET_HEADER_SIZE;
  const end = readCompact(payload, at, payload.length, header.count, format, batch);
  if (end !== payload.length) {
    return `expected the packet to end at ${payload.length}, found ${end}`;
  }
  return compactDifference(batch, packet.measurements, format);
}

/** The first measurement that is not as listed, after what compact measurements lose. */
export function compactDifference(
  batch: MeasurementBatch,
  rows: readonly MeasurementRow[],
  format: CompactFormat,
): string | undefined {
  if (batch.count !== rows.length) {
    return `expected ${rows.length} measurements, found ${batch.count}`;
  }
  // Milliseconds are truncated where the short form is used.
  const loss = format.millisecondResolution ? 9_999n : 0n;
  for (let i = 0; i < rows.length; i++) {
    const [id, ticks, flags, bits] = rows[i]!;
    const found = joined(batch.ticksHi[i]!, batch.ticksLo[i]!);
    const wanted = BigInt.asUintN(64, BigInt(ticks));
    const timeFits = format.includeTime ? found <= wanted && wanted - found <= loss : found === 0n;
    const flagsFit = batch.flags[i] === fromCompactFlags(toCompactFlags(flags));
    if (
      batch.ids[i] !== id || !timeFits || !flagsFit || batch.valueBits[i] !== parseInt(bits, 16)
    ) {
      return `measurement ${i}: expected ${rows[i]!.join(" ")}, found ${
        [batch.ids[i], found, batch.flags[i], batch.valueBits[i]!.toString(16)].join(" ")
      }`;
    }
  }
  return undefined;
}

function formatOf(settings: Settings): CompactFormat {
  const [first, second] = settings.baseTimeOffsets.map(halves);
  if (!first || !second) throw new Error("expected two base times");
  return {
    includeTime: settings.includeTime,
    millisecondResolution: settings.millisecondResolution,
    baseTimes: {
      timeIndex: settings.timeIndex === 0 ? 0 : 1,
      hi: [first.hi, second.hi],
      lo: [first.lo, second.lo],
    },
  };
}
