/**
 * The frames of a record in order of time, without steps of the source's clock.
 *
 * @module
 */
import type { FrameRecordContent } from "./frame_record.ts";

/** A longer gap, in seconds and in frames, or a step back beyond a second begins another part. */
const MAX_GAP = 10;
const MAX_BACK_SECONDS = 1;

/** Numbers of frames, by part; those of a part are in order of time, and of equal times the first came first. */
export function frameParts({ frames, stream }: FrameRecordContent): number[][] {
  const { count, seconds, nanos } = frames;
  const longest = stream.rate > 0 ? Math.max(MAX_GAP, MAX_GAP / stream.rate) : Infinity;
  const parts: number[][] = [];
  let newest = 0;
  for (let k = 0; k < count; k++) {
    const from = parts.at(-1);
    const step = from ? secondsBetween(frames, newest, k) : NaN;
    if (from && step >= -MAX_BACK_SECONDS && step <= longest) {
      from.push(k);
      if (step > 0) newest = k;
    } else {
      parts.push([k]);
      newest = k;
    }
  }
  for (const part of parts) {
    part.sort((a, b) => seconds[a]! - seconds[b]! || nanos[a]! - nanos[b]! || a - b);
  }
  return parts;
}

/** Seconds from frame `a` to frame `b`. */
export function secondsBetween(
  { seconds, nanos }: FrameRecordContent["frames"],
  a: number,
  b: number,
): number {
  return seconds[b]! - seconds[a]! + (nanos[b]! - nanos[a]!) / 1e9;
}
