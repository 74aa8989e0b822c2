/**
 * Compact measurements (specs/sttp.md 8): read and written in place, without allocation.
 *
 * @module
 */
import { DecodeError } from "../core/mod.ts";
import type { BaseTimeOffsets } from "./base_times.ts";
import { CompactFlags } from "./constants.ts";
import type { MeasurementBatch } from "./measurement_batch.ts";

/** What both sides of a subscription know about its compact measurements. */
export interface CompactFormat {
  /** Measurements carry time. */
  readonly includeTime: boolean;
  /** Offsets are two bytes of milliseconds, not four bytes of ticks. */
  readonly millisecondResolution: boolean;
  /** Base times; may be changed in place between packets. */
  readonly baseTimes: BaseTimeOffsets;
}

/** Bytes of the largest compact measurement. */
export const MAX_COMPACT_BYTES = 17;
/** Bytes of a compact measurement without time, the smallest. */
export const MIN_COMPACT_BYTES = 9;

const DATA_RANGE_MASK = 0x000000fc;
const DATA_QUALITY_MASK = 0x0000ef03;
const TIME_QUALITY_MASK = 0x00bf0000;
const SYSTEM_ISSUE_MASK = 0xe0000000;
const CALCULATED_MASK = 0x00001000;
const DISCARDED_MASK = 0x00400000;
const TICKS_PER_MS = 10_000;

/** The six condition bits that stand for 32-bit state flags (8.2); lossy. */
export function toCompactFlags(flags: number): number {
  let compact = 0;
  if (flags & DATA_RANGE_MASK) compact |= CompactFlags.DataRange;
  if (flags & DATA_QUALITY_MASK) compact |= CompactFlags.DataQuality;
  if (flags & TIME_QUALITY_MASK) compact |= CompactFlags.TimeQuality;
  if (flags & SYSTEM_ISSUE_MASK) compact |= CompactFlags.SystemIssue;
  if (flags & CALCULATED_MASK) compact |= CompactFlags.CalculatedValue;
  if (flags & DISCARDED_MASK) compact |= CompactFlags.DiscardedValue;
  return compact;
}

/** State flags, unsigned, of the condition bits of a compact flags byte (8.2). */
export function fromCompactFlags(compact: number): number {
  let flags = 0;
  if (compact & CompactFlags.DataRange) flags |= DATA_RANGE_MASK;
  if (compact & CompactFlags.DataQuality) flags |= DATA_QUALITY_MASK;
  if (compact & CompactFlags.TimeQuality) flags |= TIME_QUALITY_MASK;
  if (compact & CompactFlags.SystemIssue) flags |= SYSTEM_ISSUE_MASK;
  if (compact & CompactFlags.CalculatedValue) flags |= CALCULATED_MASK;
  if (compact & CompactFlags.DiscardedValue) flags |= DISCARDED_MASK;
  return flags >>> 0;
}

/**
 * Writes one compact measurement at `offset` of `out` and returns the offset behind it.
 *
 * `out` must have {@linkcode MAX_COMPACT_BYTES} bytes of room. Ticks are halves of 32 bits, leap
 * bits included; `valueBits` are the bits of a binary32.
 */
export function writeCompact(
  out: Uint8Array,
  offset: number,
  format: CompactFormat,
  signalIndex: number,
  ticksHi: number,
  ticksLo: number,
  flags: number,
  valueBits: number,
): number {
  const times = format.baseTimes;
  const { timeIndex } = times;
  let compact = toCompactFlags(flags) | (timeIndex === 1 ? CompactFlags.TimeIndex : 0);
  let at = offset + 1;
  writeU32(out, at, signalIndex);
  writeU32(out, at + 4, valueBits);
  at += 8;
  if (format.includeTime) {
    const baseHi = times.hi[timeIndex], baseLo = times.lo[timeIndex];
    const hi = ticksHi >>> 0, lo = ticksLo >>> 0;
    // The distance counts only while it stays below 2^33, where it is exact.
    const d = (hi - baseHi) * 4294967296 + (lo - baseLo);
    const usable = hi < 0x40000000 && d > 0 && (baseHi | 0) >= 0 && (baseHi !== 0 || baseLo !== 0);
    if (usable && format.millisecondResolution && d < 65535 * TICKS_PER_MS) {
      compact |= CompactFlags.BaseTimeOffset;
      const ms = (d / TICKS_PER_MS) | 0;
      out[at] = ms >>> 8;
      out[at + 1] = ms;
      at += 2;
    } else if (usable && !format.millisecondResolution && d < 0xffffffff) {
      compact |= CompactFlags.BaseTimeOffset;
      writeU32(out, at, d);
      at += 4;
    } else {
      writeU32(out, at, hi);
      writeU32(out, at + 4, lo);
      at += 8;
    }
  }
  out[offset] = compact;
  return at;
}

/**
 * Reads `count` compact measurements from `offset` up to `end` into `batch`, and returns the offset
 * behind the last; bytes behind it are the caller's to judge.
 *
 * A short time whose base is 0 gives a time of 0 (8.3). Throws {@linkcode DecodeError} when the
 * bytes end early; `count` must have been checked against the size before room is made for it.
 */
export function readCompact(
  bytes: Uint8Array,
  offset: number,
  end: number,
  count: number,
  format: CompactFormat,
  batch: MeasurementBatch,
): number {
  batch.reserve(count);
  batch.count = 0;
  const { includeTime } = format;
  const { hi: baseHi, lo: baseLo } = format.baseTimes;
  const shortBytes = format.millisecondResolution ? 2 : 4;
  const { ids, ticksHi, ticksLo, flags, valueBits } = batch;
  let at = offset;
  for (let i = 0; i < count; i++) {
    if (at + MIN_COMPACT_BYTES > end) throw truncated(at, i, count);
    const compact = bytes[at]!;
    ids[i] = readU32(bytes, at + 1);
    valueBits[i] = readU32(bytes, at + 5);
    flags[i] = (compact & 0x3f) === 0 ? 0 : fromCompactFlags(compact);
    at += 9;
    let hi = 0, lo = 0;
    if (includeTime) {
      if (compact & CompactFlags.BaseTimeOffset) {
        if (at + shortBytes > end) throw truncated(at, i, count);
        const which = (compact & CompactFlags.TimeIndex) === 0 ? 0 : 1;
        const d = shortBytes === 2
          ? ((bytes[at]! << 8) | bytes[at + 1]!) * TICKS_PER_MS
          : readU32(bytes, at) >>> 0;
        hi = baseHi[which];
        lo = baseLo[which];
        if (hi !== 0 || lo !== 0) {
          lo += d;
          if (lo >= 4294967296) {
            lo -= 4294967296;
            hi++;
          }
        }
        at += shortBytes;
      } else {
        if (at + 8 > end) throw truncated(at, i, count);
        hi = readU32(bytes, at);
        lo = readU32(bytes, at + 4);
        at += 8;
      }
    }
    ticksHi[i] = hi;
    ticksLo[i] = lo;
  }
  batch.count = count;
  return at;
}

function truncated(at: number, index: number, count: number): DecodeError {
  return new DecodeError(
    "truncated",
    `Cannot read compact measurement ${index + 1} of ${count}: the packet ends early`,
    { offset: at, field: "compact measurement", value: index },
  );
}

function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function writeU32(out: Uint8Array, at: number, value: number): void {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
}
