/**
 * The TSSC decoder (specs/sttp.md 9): reads packets into a batch, without allocation per measurement.
 *
 * @module
 */
import { DecodeError } from "../core/mod.ts";
import type { MeasurementBatch } from "./measurement_batch.ts";
import {
  adapt,
  CODES,
  CONTROL,
  FLAGS_1,
  FLAGS_2,
  NEXT_ID,
  ONE_LEFT,
  POINT_ID,
  POINT_WORDS,
  TSSC_HEADER_SIZE,
  TSSC_VERSION,
  TsscCode,
  TsscPoints,
  TsscTime,
  VALUE_1,
  VALUE_2,
  VALUE_3,
} from "./tssc_state.ts";

/** Zero bytes behind the block, so that one damaged measurement cannot read beyond the buffer. */
const PADDING = 64;
/** A block buffer above this size is not kept. */
const KEEP_BYTES = 1 << 18;

/** One decoder belongs to one slot of the signal index caches. */
export class TsscDecoder {
  readonly #points: TsscPoints;
  readonly #time = new TsscTime();
  #last = 0;
  #expected = 0;
  #block = new Uint8Array(4096);
  #pos = 0;
  // The byte of the bit stream that is being read, and how many of its bits are left.
  #current = 0;
  #left = 0;

  /** Takes streams of at most `maxPoints` different ids, which bounds its memory. */
  constructor(maxPoints = 1 << 20) {
    this.#points = new TsscPoints(maxPoints);
  }

  /** Sequence number that the next packet must have, unless that is 0. */
  get expected(): number {
    return this.#expected;
  }

  /** Starts anew. */
  reset(): void {
    this.#points.clear();
    this.#time.clear();
    this.#last = 0;
    this.#expected = 0;
  }

  /**
   * Decodes a packet of `count` measurements from its version byte at `offset` of `bytes` up to `end`.
   *
   * Sequence number 0 starts anew. Returns false for a packet that is out of sequence, which leaves
   * the state as it was (9.2). Throws {@linkcode DecodeError} for a corrupt stream, after which only
   * a packet with sequence number 0 can be decoded. `count` must be within the limits of the caller.
   */
  decode(
    bytes: Uint8Array,
    offset: number,
    end: number,
    count: number,
    batch: MeasurementBatch,
  ): boolean {
    if (end - offset < TSSC_HEADER_SIZE) {
      throw corrupt("expected version and sequence", end - offset);
    }
    if (bytes[offset] !== TSSC_VERSION) throw corrupt("expected version 85", bytes[offset]!);
    const sequence = (bytes[offset + 1]! << 8) | bytes[offset + 2]!;
    batch.count = 0;
    if (sequence === 0) this.reset();
    if (sequence !== this.#expected) return false;
    // Until the block has been read, nothing but a fresh start can follow.
    this.#expected = -1;
    this.#load(bytes, offset + TSSC_HEADER_SIZE, end);
    this.#readAll(end - offset - TSSC_HEADER_SIZE, count, batch);
    if (this.#block.length > KEEP_BYTES) this.#block = new Uint8Array(4096);
    this.#expected = sequence === 65535 ? 1 : sequence + 1;
    return true;
  }

  #load(bytes: Uint8Array, start: number, end: number): void {
    const size = end - start;
    if (this.#block.length < size + PADDING) {
      this.#block = new Uint8Array(Math.max(size + PADDING, this.#block.length * 2));
    }
    this.#block.set(bytes.subarray(start, end));
    this.#block.fill(0, size, size + PADDING);
    this.#pos = 0;
    this.#left = 0;
  }

  /**
   * Reads all measurements, with the state of the bit stream in local variables: nearly all of them follow the one that
   * they followed the last time, with the same time and flags. The others go through `#readOne`.
   */
  #readAll(size: number, count: number, batch: MeasurementBatch): void {
    batch.reserve(count);
    const { ids, ticksHi, ticksLo, flags, valueBits } = batch;
    const points = this.#points, time = this.#time, block = this.#block;
    let { words, counts, dense } = points;
    let pos = this.#pos, current = this.#current, left = this.#left, last = this.#last;
    let { hi, lo } = time;
    let n = 0;
    while (pos < size || left > 0) {
      const lastAt = last * POINT_WORDS;
      let control = words[lastAt + CONTROL]!;
      const mode = (control >> 18) & 7;
      // The next eight bits, some of which may already be those of the next byte.
      const window = (((current << 8) | block[pos]!) >> left) & 0xff;
      const zeros = Math.clz32(window) - 24;
      let code: number, bits: number;
      if (zeros < mode - 1) {
        code = (control >> (6 * zeros)) & 63;
        bits = zeros + 1;
      } else {
        bits = 4 + mode;
        code = (window >> (8 - bits)) & 31;
      }
      if (bits > left) {
        current = block[pos++]!;
        left += 8;
      }
      left -= bits;
      counts[last * CODES + code]!++;
      control -= ONE_LEFT;
      words[lastAt + CONTROL] = control < ONE_LEFT ? adapt(counts, last * CODES, control) : control;
      if (code === TsscCode.End) break;
      if (n === count) throw corrupt(`expected ${count} measurements, found more at byte`, pos);
      const id = words[lastAt + NEXT_ID]!;
      let point = id >= 0 && id < dense.length ? dense[id]! : 0;
      if (code < TsscCode.Value1 || point === 0) {
        this.#pos = pos;
        this.#current = current;
        this.#left = left;
        this.#last = last;
        this.#readOne(code);
        ({ words, counts, dense } = points);
        pos = this.#pos;
        current = this.#current;
        left = this.#left;
        ({ hi, lo } = time);
        point = last = this.#last;
      } else {
        if (code !== TsscCode.Value1) {
          const at = point * POINT_WORDS;
          const v1 = words[at + VALUE_1]!, v2 = words[at + VALUE_2]!;
          let raw: number;
          if (code === TsscCode.Value2) raw = v2;
          else {
            if (code === TsscCode.Value3) raw = words[at + VALUE_3]!;
            else if (code === TsscCode.ValueZero) raw = 0;
            else {
              const nibbles = code - TsscCode.ValueZero;
              let x = 0, shift = 0;
              if (nibbles & 1) {
                x = (((current << 8) | block[pos]!) >> (left + 4)) & 15;
                if (left < 4) {
                  current = block[pos++]!;
                  left += 8;
                }
                left -= 4;
                shift = 4;
              }
              for (let i = nibbles >> 1; i > 0; i--) {
                x |= block[pos++]! << shift;
                shift += 8;
              }
              raw = v1 ^ x;
            }
            words[at + VALUE_3] = v2;
          }
          words[at + VALUE_2] = v1;
          words[at + VALUE_1] = raw;
        }
        last = point;
      }
      if (pos > size) throw corrupt("the block ends early at byte", size);
      const at = point * POINT_WORDS;
      ids[n] = words[at + POINT_ID]!;
      ticksHi[n] = hi;
      ticksLo[n] = lo;
      flags[n] = words[at + FLAGS_1]!;
      valueBits[n] = words[at + VALUE_1]!;
      n++;
    }
    this.#last = last;
    if (n !== count) throw corrupt(`expected ${count} measurements, found`, n);
    batch.count = n;
  }

  /** Reads the rest of any measurement into its point, which becomes the last one; its first code has been read. */
  #readOne(first: number): void {
    const points = this.#points;
    let code = first;
    const lastAt = this.#last * POINT_WORDS + NEXT_ID;
    if (code < TsscCode.TimeForward) {
      const x = this.#xor(code === 7 ? 8 : code);
      points.words[lastAt] = points.words[lastAt]! ^ x;
      code = this.#code();
      if (code < TsscCode.TimeForward) throw corrupt("expected a code from 8 on, found", code);
    }
    const point = points.of(points.words[lastAt]!);
    const words = points.words; // may just have been replaced
    const at = point * POINT_WORDS;
    if (code < TsscCode.FlagsBefore) {
      this.#readTime(code);
      code = this.#code();
      if (code < TsscCode.FlagsBefore) throw corrupt("expected a code from 18 on, found", code);
    }
    if (code < TsscCode.Value1) {
      const state = code === TsscCode.FlagsBefore ? words[at + FLAGS_2]! : this.#varint32();
      words[at + FLAGS_2] = words[at + FLAGS_1]!;
      words[at + FLAGS_1] = state;
      code = this.#code();
      if (code < TsscCode.Value1) throw corrupt("expected a code from 20 on, found", code);
    }
    if (code !== TsscCode.Value1) {
      const v1 = words[at + VALUE_1]!, v2 = words[at + VALUE_2]!;
      let raw: number;
      if (code === TsscCode.Value2) raw = v2;
      else {
        if (code === TsscCode.Value3) raw = words[at + VALUE_3]!;
        else if (code === TsscCode.ValueZero) raw = 0;
        else raw = v1 ^ this.#xor(code - TsscCode.ValueZero);
        words[at + VALUE_3] = v2;
      }
      words[at + VALUE_2] = v1;
      words[at + VALUE_1] = raw;
    }
    this.#last = point;
  }

  #readTime(code: number): void {
    const time = this.#time;
    if (code !== TsscCode.TimeXor) {
      time.take(code);
      return;
    }
    const block = this.#block;
    let hi = 0, lo = 0;
    for (let i = 0; i < 9; i++) {
      const byte = block[this.#pos++]!;
      const shift = 7 * i;
      const group = i < 8 ? byte & 127 : byte;
      if (shift < 32) {
        lo |= group << shift;
        if (shift > 25) hi |= group >>> (32 - shift);
      } else {
        hi |= group << (shift - 32);
      }
      if (byte < 128) break;
    }
    time.advance(time.hi ^ hi, time.lo ^ lo);
  }

  /** Reads a code through the last point (9.7), and counts it there. */
  #code(): number {
    const last = this.#last;
    const { words, counts } = this.#points;
    const at = last * POINT_WORDS + CONTROL;
    let control = words[at]!;
    const mode = (control >> 18) & 7;
    // The next eight bits, some of which may already be those of the next byte.
    const window = (((this.#current << 8) | this.#block[this.#pos]!) >> this.#left) & 0xff;
    const zeros = Math.clz32(window) - 24;
    let code: number, size: number;
    if (zeros < mode - 1) {
      code = (control >> (6 * zeros)) & 63;
      size = zeros + 1;
    } else {
      size = 4 + mode;
      code = (window >> (8 - size)) & 31;
    }
    this.#skip(size);
    counts[last * CODES + code]!++;
    control -= ONE_LEFT;
    words[at] = control < ONE_LEFT ? adapt(counts, last * CODES, control) : control;
    return code;
  }

  #skip(size: number): void {
    if (size > this.#left) {
      this.#current = this.#block[this.#pos++]!;
      this.#left += 8 - size;
    } else {
      this.#left -= size;
    }
  }

  /** Reads `nibbles` times four bits of an XOR value (9.6). */
  #xor(nibbles: number): number {
    let x = 0, shift = 0;
    if (nibbles & 1) {
      x = (((this.#current << 8) | this.#block[this.#pos]!) >> (this.#left + 4)) & 15;
      this.#skip(4);
      shift = 4;
    }
    const block = this.#block;
    let pos = this.#pos;
    for (let i = nibbles >> 1; i > 0; i--) {
      x |= block[pos++]! << shift;
      shift += 8;
    }
    this.#pos = pos;
    return x;
  }

  #varint32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#block[this.#pos++]!;
      value |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    return value;
  }
}

function corrupt(what: string, found: number): DecodeError {
  return new DecodeError("tssc", `Cannot decode a TSSC packet: ${what} ${found}`, {
    field: "TSSC block",
    value: found,
  });
}
