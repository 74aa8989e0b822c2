/**
 * Base times of compact measurements and the time of the first one (specs/sttp.md 3, 8.3).
 *
 * @module
 */
import { ByteReader, ByteWriter, DecodeError } from "../core/mod.ts";

/** The two base times and which is in use; 0 means none. */
export interface BaseTimeOffsets {
  /** Which one is in use. */
  timeIndex: 0 | 1;
  /** Upper halves. */
  hi: [number, number];
  /** Lower halves. */
  lo: [number, number];
}

/** No base times. */
export function noBaseTimes(): BaseTimeOffsets {
  return { timeIndex: 0, hi: [0, 0], lo: [0, 0] };
}

/** The payload of UpdateBaseTimes. */
export function encodeBaseTimes(times: BaseTimeOffsets): Uint8Array<ArrayBuffer> {
  return new ByteWriter(20).u32(times.timeIndex)
    .u32(times.hi[0]).u32(times.lo[0])
    .u32(times.hi[1]).u32(times.lo[1])
    .bytes();
}

/** Reads the payload of UpdateBaseTimes; throws {@linkcode DecodeError} for another index than 0 or 1. */
export function decodeBaseTimes(payload: Uint8Array): BaseTimeOffsets {
  const reader = new ByteReader(payload);
  const timeIndex = reader.u32("time index");
  if (timeIndex !== 0 && timeIndex !== 1) {
    throw new DecodeError(
      "timeIndex",
      `Cannot read base times: expected a time index of 0 or 1, found ${timeIndex}`,
      { offset: 0, field: "time index", value: timeIndex },
    );
  }
  const hi0 = reader.u32("base time 0"), lo0 = reader.u32("base time 0");
  const hi1 = reader.u32("base time 1"), lo1 = reader.u32("base time 1");
  return { timeIndex, hi: [hi0, hi1], lo: [lo0, lo1] };
}

/** The payload of DataStartTime. */
export function encodeDataStartTime(hi: number, lo: number): Uint8Array<ArrayBuffer> {
  return new ByteWriter(8).u32(hi).u32(lo).bytes();
}

/** Reads the payload of DataStartTime: halves of ticks. */
export function decodeDataStartTime(payload: Uint8Array): { hi: number; lo: number } {
  const reader = new ByteReader(payload);
  return { hi: reader.u32("data start time"), lo: reader.u32("data start time") };
}
