/**
 * From messages to samples, strictly: a message that is not exactly right costs itself and nothing else.
 *
 * @module
 */
import { DecodeError, type Instant, setFromNanoseconds, uuidToBytes } from "../core/mod.ts";
import type { Columns } from "./encoder.ts";
import { decompressBody } from "./gzip_body.ts";
import {
  checkOptions,
  GZIP_ABOVE,
  MAX_BYTES_PER_VALUE,
  MOST_VARINT_SAMPLES,
  referencesOf,
  type StreamOptions,
} from "./options.ts";
import { addInTime, addReference, xorBackInTime } from "./residuals.ts";
import { unpackColumn } from "./simple8b.ts";

/** A decoded message: the samples 0 to `count` - 1 of its columns. Lent by the decoder until it has read another. */
export interface Message extends Columns {
  /** Time of the first sample; `setFromSample` of core gives that of the others. */
  readonly time: Instant;
  /** Number of samples. */
  readonly count: number;
}

/**
 * Reads messages of one stream.
 *
 * All memory is allocated by the constructor, 16 bytes for each value of the largest message; only
 * messages above 4096 samples allocate, in the platform's gzip.
 */
export class Decoder {
  /** Options of the stream. */
  readonly options: StreamOptions;
  readonly #uuid = new Uint8Array(16);
  readonly #references: Int32Array;
  readonly #residuals: Int32Array;
  /** What was read last, and what the next message is read into: a message that is refused changes only the latter. */
  #last: Slot;
  #next: Slot;
  #bytes: Uint8Array = EMPTY;
  #at = 0;

  /** Makes a decoder. Throws a RangeError for options that cannot be used. */
  constructor(options: StreamOptions) {
    checkOptions(options);
    this.options = options;
    uuidToBytes(options.uuid, this.#uuid);
    this.#references = referencesOf(options);
    const { variables, samplesPerMessage } = options;
    const isRows = samplesPerMessage <= MOST_VARINT_SAMPLES;
    this.#residuals = new Int32Array(isRows ? variables * samplesPerMessage : samplesPerMessage);
    this.#last = makeSlot(options);
    this.#next = makeSlot(options);
  }

  /**
   * Reads the one message that `bytes` are, and lends it until another message has been read.
   *
   * Throws a DecodeError for another stream's UUID, a count outside 1 to `samplesPerMessage`,
   * varints that are too long, reads past the end, numbers or runs beyond the count, bytes left
   * over and damaged gzip; the message that was lent before is then still whole.
   */
  decode(bytes: Uint8Array): Message {
    const slot = this.#next;
    this.#bytes = bytes;
    try {
      this.#message(slot);
    } finally {
      this.#bytes = EMPTY; // what was lent to us is not held
    }
    this.#next = this.#last;
    this.#last = slot;
    return slot;
  }

  #message(slot: Slot): void {
    const { variables, samplesPerMessage } = this.options;
    const count = this.#header(slot);
    if (count > GZIP_ABOVE) {
      const most = MAX_BYTES_PER_VALUE * count * variables;
      this.#bytes = decompressBody(this.#bytes.subarray(this.#at), most);
      this.#at = 0;
    }
    if (samplesPerMessage <= MOST_VARINT_SAMPLES) this.#rows(slot.values, count);
    else this.#columns(slot.values, count);
    for (let v = 0; v < variables; v++) this.#quality(slot.quality[v]!, count);
    if (this.#at !== this.#bytes.length) {
      throw new DecodeError(
        "trailing",
        `Cannot read a message: expected its end at offset ${this.#at}, found ${
          this.#bytes.length - this.#at
        } bytes more`,
        { offset: this.#at },
      );
    }
    for (let v = 0; v < variables; v++) {
      // In ascending order: references form chains.
      const reference = this.#references[v]!;
      if (reference >= 0) addReference(slot.values[v]!, slot.values[reference]!, count);
    }
  }

  /** UUID, timestamp and count, which it returns. */
  #header(slot: Slot): number {
    const bytes = this.#bytes;
    this.#at = 24;
    if (bytes.length < 24) throw truncated("the header", bytes.length, bytes.length);
    for (let i = 0; i < 16; i++) if (bytes[i] !== this.#uuid[i]) throw otherStream(i);
    setFromNanoseconds(slot.time, u32(bytes, 16), u32(bytes, 20));
    const zigZag = this.#varint("count");
    const count = (zigZag >>> 1) ^ -(zigZag & 1);
    if (count < 1 || count > this.options.samplesPerMessage) {
      throw new DecodeError(
        "count",
        `Cannot read a message: expected 1 to ${this.options.samplesPerMessage} samples, found ${count}`,
        { offset: 24, field: "count", value: count },
      );
    }
    slot.count = count;
    return count;
  }

  /** Values as varints, sample by sample. */
  #rows(values: readonly Int32Array[], count: number): void {
    const { variables } = this.options;
    const bytes = this.#bytes, end = bytes.length, residuals = this.#residuals;
    let at = this.#at;
    for (let k = 0; k < count; k++) {
      for (let i = k; i < variables * count; i += count) {
        // Nearly all residuals take one to three bytes; the others, and what is cut, go the long way.
        if (at + 3 <= end) {
          const a = bytes[at]!;
          if (a < 0x80) {
            residuals[i] = a;
            at++;
            continue;
          }
          const b = bytes[at + 1]!;
          if (b < 0x80) {
            residuals[i] = a & 0x7f | b << 7;
            at += 2;
            continue;
          }
          const c = bytes[at + 2]!;
          if (c < 0x80) {
            residuals[i] = a & 0x7f | (b & 0x7f) << 7 | c << 14;
            at += 3;
            continue;
          }
        }
        this.#at = at;
        residuals[i] = this.#varint("values");
        at = this.#at;
      }
    }
    this.#at = at;
    for (let v = 0; v < variables; v++) this.#undo(v * count, values[v]!, count);
  }

  /** Values in 64-bit words, variable by variable. */
  #columns(values: readonly Int32Array[], count: number): void {
    const bytes = this.#bytes;
    for (let v = 0; v < this.options.variables; v++) {
      this.#at = unpackColumn(bytes, this.#at, bytes.length, this.#residuals, count);
      this.#undo(0, values[v]!, count);
    }
  }

  /** Residuals from `at` of the scratch to a column of values. */
  #undo(at: number, column: Int32Array, count: number): void {
    if (this.options.xor === true) xorBackInTime(this.#residuals, at, column, count);
    else addInTime(this.#residuals, at, column, count);
  }

  /** Runs of quality; a run of 0 goes to the end. */
  #quality(column: Uint32Array, count: number): void {
    const bytes = this.#bytes, start = this.#at;
    if (bytes[start]! < 0x80 && bytes[start + 1] === 0) {
      // Nearly always: one small word throughout. Past the end there is no 0, and what is cut goes the long way.
      fill(column, bytes[start]!, 0, count);
      this.#at = start + 2;
      return;
    }
    for (let k = 0; k < count;) {
      const word = this.#varint("quality");
      const at = this.#at;
      const run = this.#varint("quality run");
      const end = run === 0 ? count : k + run;
      if (end > count) {
        throw new DecodeError(
          "quality",
          `Cannot read quality: expected runs of ${count} samples, found ${end} with the run at offset ${at}`,
          { offset: at, field: "quality run", value: run },
        );
      }
      fill(column, word, k, end);
      k = end;
    }
  }

  #varint(field: string): number {
    const bytes = this.#bytes, end = bytes.length;
    const start = this.#at;
    let at = start, value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (at >= end) throw truncated(field, at, end);
      const byte = bytes[at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (shift === 28 && byte > 0x0f) break;
        this.#at = at;
        return value >>> 0;
      }
    }
    throw new DecodeError(
      "varint",
      `Cannot read ${field}: expected a varint of at most 32 bits, found more at offset ${start}`,
      { offset: start, field },
    );
  }
}

/** A message while it is being read. */
interface Slot extends Message {
  count: number;
}

/** Samples above which the platform's `fill` is faster than a loop. */
const LONG_RUN = 64;

function fill(column: Uint32Array, word: number, from: number, end: number): void {
  if (end - from > LONG_RUN) column.fill(word, from, end);
  else for (let k = from; k < end; k++) column[k] = word;
}

const EMPTY = new Uint8Array(0);

function makeSlot({ variables, samplesPerMessage }: StreamOptions): Slot {
  return {
    time: { seconds: 0, nanos: 0 },
    count: 0,
    values: Array.from({ length: variables }, () => new Int32Array(samplesPerMessage)),
    quality: Array.from({ length: variables }, () => new Uint32Array(samplesPerMessage)),
  };
}

function u32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!) >>> 0;
}

function truncated(what: string, at: number, end: number): DecodeError {
  return new DecodeError(
    "truncated",
    `Cannot read ${what}: expected more bytes at offset ${at}, found ${end - at}`,
    { offset: at, field: what, value: end - at },
  );
}

function otherStream(offset: number): DecodeError {
  return new DecodeError(
    "uuid",
    "Cannot read a message: expected the UUID of the stream, found another",
    { offset, field: "uuid" },
  );
}
