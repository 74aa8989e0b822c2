/**
 * What goes before the Slipstream message in a live block: its kind, and the marks of its samples.
 *
 * `docs/waveform-blocks.md` describes the bytes.
 *
 * @module
 */
import { BlockKind, refusedBlock } from "./block_kind.ts";

/**
 * Mark of a live message beside `SampleMarks`: the numbering begins anew with this sample, since the
 * clock of its source was set, or the stream came back. Without it, a gap before a message is one of
 * messages that were lost on the way.
 */
export const LIVE_MARK_ANEW = 0x20;

/** Most bytes that {@linkcode writeMessageHead} writes for a message of `samples` samples. */
export function messageHeadBytes(samples: number): number {
  return 3 + 2 * samples;
}

/**
 * Writes what goes before the Slipstream message of a live block, and returns its length.
 *
 * The marks are those of `count` samples from `position` of a ring on, over its end; `first` is
 * added to those of the first. Allocates nothing; `out` has {@linkcode messageHeadBytes} bytes.
 */
export function writeMessageHead(
  marks: Uint8Array,
  position: number,
  count: number,
  first: number,
  out: Uint8Array,
): number {
  let at = 1, length = 0, run = marks[position]! | first, isMarked = run !== 0;
  for (let i = 0, from = position; i < count; i++) {
    const mark = i === 0 ? run : marks[from]!;
    if (mark === run) length++;
    else {
      isMarked = true;
      out[at++] = run;
      at = writeVarint(length, out, at);
      run = mark;
      length = 1;
    }
    if (++from === marks.length) from = 0;
  }
  if (!isMarked) {
    out[0] = BlockKind.Message;
    return 1;
  }
  out[0] = BlockKind.MarkedMessage;
  out[at++] = run;
  out[at++] = 0;
  return at;
}

function writeVarint(value: number, out: Uint8Array, at: number): number {
  while (value > 0x7f) {
    out[at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  out[at++] = value;
  return at;
}

/** Most runs of marks before a message; more is no message that a gateway sends. */
const MAX_RUNS = 1 << 16;

/** Reads the marks and the message of a block of kind 4. Throws DecodeError for anything else. */
export function readMarkedMessage(
  block: Uint8Array,
): { readonly kind: "message"; readonly marks: readonly number[]; readonly message: Uint8Array } {
  const marks: number[] = [];
  for (let at = 1; marks.length < 2 * MAX_RUNS;) {
    const mark = block[at++];
    let length = 0, shift = 0, octet;
    do {
      octet = block[at++];
      if (octet === undefined || mark === undefined) {
        throw refusedBlock("marks up to a length of 0", "the end of the block");
      }
      length += (octet & 0x7f) * 2 ** shift;
      shift += 7;
    } while (octet > 0x7f && shift < 28);
    if (octet > 0x7f) throw refusedBlock("a length of at most four bytes", "a longer one");
    marks.push(mark, length);
    if (length === 0) return { kind: "message", marks, message: block.subarray(at) };
  }
  throw refusedBlock(`at most ${MAX_RUNS} runs of marks`, "more");
}

/**
 * The marks of a live message of `count` samples as an event record has them: runs whose lengths add
 * up to `count`. Throws DecodeError where they are more.
 */
export function marksOfMessage(marks: readonly number[], count: number): number[] {
  const runs: number[] = [];
  let left = count;
  for (let i = 0; i < marks.length; i += 2) {
    const length = marks[i + 1]! || left;
    if (length > left || length === 0) {
      throw refusedBlock(`marks of ${count} samples`, "those of more");
    }
    runs.push(marks[i]!, length);
    left -= length;
  }
  return runs;
}
