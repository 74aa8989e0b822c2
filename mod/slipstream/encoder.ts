/**
 * From samples to messages, byte for byte as the reference implementation writes them.
 *
 * @module
 */
import { type Instant, setNanoseconds, type Ticks, uuidToBytes } from "../core/mod.ts";
import { compressBody } from "./gzip_body.ts";
import {
  checkOptions,
  GZIP_ABOVE,
  MAX_BYTES_PER_VALUE,
  MAX_HEADER,
  MOST_VARINT_SAMPLES,
  referencesOf,
  type StreamOptions,
} from "./options.ts";
import { subtractInTime, subtractReference, xorInTime } from "./residuals.ts";
import { packColumn } from "./simple8b.ts";

/** Samples by variable; a `WaveformRing` is one, and so is a decoded message. */
export interface Columns {
  /** Values, one array per variable, all of the same length. */
  readonly values: readonly Int32Array[];
  /** Quality words, likewise. */
  readonly quality: readonly Uint32Array[];
}

/**
 * Writes messages of one stream, each from samples that lie in columns.
 *
 * All memory is allocated by the constructor, 22 bytes for each value of the largest message and
 * more; only messages above 4096 samples allocate, in the platform's gzip.
 */
export class Encoder {
  /** Options of the stream. */
  readonly options: StreamOptions;
  /** Holds the message that was written last, from its start; valid until the next one. */
  readonly buffer: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #references: Int32Array;
  readonly #difference: Int32Array;
  readonly #residuals: Uint32Array;
  readonly #stamp: Ticks = { hi: 0, lo: 0 };
  /** The columns whose shape was looked at last, and their length. */
  #known: Columns | undefined;
  #size = 0;

  /** Makes an encoder. Throws a RangeError for options that cannot be used. */
  constructor(options: StreamOptions) {
    checkOptions(options);
    const { variables, samplesPerMessage, uuid } = options;
    const values = variables * samplesPerMessage;
    this.options = options;
    this.#references = referencesOf(options);
    this.#difference = new Int32Array(options.spatial ? samplesPerMessage : 0);
    const isRows = samplesPerMessage <= MOST_VARINT_SAMPLES;
    this.#residuals = new Uint32Array(isRows ? values : samplesPerMessage);
    this.buffer = new Uint8Array(MAX_HEADER + MAX_BYTES_PER_VALUE * values);
    this.#view = new DataView(this.buffer.buffer);
    uuidToBytes(uuid, this.buffer);
  }

  /**
   * Writes a message of `count` samples and returns its size in bytes; it stands at the start of `buffer`.
   *
   * Samples are read from `position` of the columns on, and from their start again after their end.
   * `time` is that of the first sample, from 1970 to 2554. Throws a RangeError for a count outside
   * 1 to `samplesPerMessage`, for too few or too short columns, and for a time that cannot be written.
   */
  encode(time: Instant, columns: Columns, position: number, count: number): number {
    this.#check(time, columns, position, count);
    const start = this.#header(time, count);
    const isRows = this.options.samplesPerMessage <= MOST_VARINT_SAMPLES;
    const end = this.#quality(
      columns.quality,
      position,
      count,
      isRows
        ? this.#rows(columns.values, position, count, start)
        : this.#columns(columns.values, position, count, start),
    );
    return count > GZIP_ABOVE ? compressBody(this.buffer, start, end) : end;
  }

  /** UUID, timestamp and count; the UUID stands there from the start. */
  #header({ seconds, nanos }: Instant, count: number): number {
    const out = this.buffer, stamp = this.#stamp;
    setNanoseconds(stamp, seconds, nanos);
    putU32(out, 16, stamp.hi);
    putU32(out, 20, stamp.lo);
    return putVarint(out, 24, count * 2);
  }

  /** Values as varints, sample by sample. */
  #rows(values: readonly Int32Array[], position: number, count: number, at: number): number {
    const view = this.#view, residuals = this.#residuals;
    const { variables } = this.options;
    for (let v = 0; v < variables; v++) this.#residual(values, v, position, count, v * count);
    for (let k = 0; k < count; k++) {
      for (let i = k; i < variables * count; i += count) {
        const u = residuals[i]!;
        if (u < 0x1000_0000) {
          // Up to four bytes are written at once and as many kept as there are: sizes differ too much for branches.
          const zeros = Math.clz32(u);
          const sevens = u & 0x7f | (u & 0x3f80) << 1 | (u & 0x1f_c000) << 2 |
            (u & 0xfe0_0000) << 3;
          view.setInt32(at, sevens | CONTINUED[zeros]!, true);
          at += VARINT_SIZE[zeros]!;
        } else {
          at = putVarint(this.buffer, at, u);
        }
      }
    }
    return at;
  }

  /** Values in 64-bit words, variable by variable. */
  #columns(values: readonly Int32Array[], position: number, count: number, at: number): number {
    for (let v = 0; v < this.options.variables; v++) {
      this.#residual(values, v, position, count, 0);
      at = packColumn(this.#residuals, count, this.#view, at);
    }
    return at;
  }

  /** Residuals of variable `v`, at `at` of the scratch. */
  #residual(
    values: readonly Int32Array[],
    v: number,
    position: number,
    count: number,
    at: number,
  ): void {
    let column = values[v]!;
    const reference = this.#references[v]!;
    if (reference >= 0) {
      subtractReference(column, values[reference]!, position, count, this.#difference);
      column = this.#difference;
      position = 0;
    }
    if (this.options.xor === true) xorInTime(column, position, count, this.#residuals, at);
    else subtractInTime(column, position, count, this.#residuals, at);
  }

  /** Quality as run lengths; 0 stands for all the rest, and is always written for the last run. */
  #quality(quality: readonly Uint32Array[], position: number, count: number, at: number): number {
    const out = this.buffer;
    for (let v = 0; v < this.options.variables; v++) {
      const column = quality[v]!;
      const word = column[position]!;
      if (word < 0x80 && isConstant(column, position, count)) {
        out[at] = word;
        out[at + 1] = 0;
        at += 2;
      } else {
        at = putRuns(out, column, position, count, at);
      }
    }
    return at;
  }

  #check({ seconds, nanos }: Instant, columns: Columns, position: number, count: number): void {
    const { samplesPerMessage } = this.options;
    if (!(Number.isInteger(count) && count >= 1 && count <= samplesPerMessage)) {
      throw new RangeError(
        `Cannot encode a message: expected 1 to ${samplesPerMessage} samples, found ${count}`,
      );
    }
    if (
      !(Number.isInteger(seconds) && seconds >= 0 && seconds <= LAST_SECOND) ||
      !(Number.isInteger(nanos) && nanos >= 0 && nanos < 1e9)
    ) {
      throw new RangeError(
        `Cannot encode a message: expected a time from 1970 to 2554, found ${seconds} s ${nanos} ns`,
      );
    }
    if (columns !== this.#known) this.#learn(columns);
    if (
      !(Number.isInteger(position) && position >= 0 && position < this.#size) || count > this.#size
    ) {
      throw new RangeError(
        `Cannot encode a message: expected ${count} samples from position ${position}, ` +
          `found columns of ${this.#size}`,
      );
    }
  }

  /** Checks columns that are not those of the message before. */
  #learn(columns: Columns): void {
    const { variables } = this.options;
    const { values, quality } = columns;
    const size = values[0]?.length ?? 0;
    for (let v = 0; v < variables; v++) {
      if (values[v]?.length === size && quality[v]?.length === size) continue;
      throw new RangeError(
        `Cannot encode a message: expected ${variables} columns of values and quality, all of ` +
          `${size} samples, found ${values[v]?.length ?? 0} and ${
            quality[v]?.length ?? 0
          } in column ${v}`,
      );
    }
    this.#known = columns;
    this.#size = size;
  }
}

/** Bytes of a varint, by leading zeros of 32 bits. */
const VARINT_SIZE = Int32Array.from(
  { length: 33 },
  (_, zeros) => Math.max(1, Math.ceil((32 - zeros) / 7)),
);
/** Bits that say that more bytes follow, of varints up to four bytes. */
const CONTINUED = VARINT_SIZE.map((size) => [0, 0x80, 0x8080, 0x80_8080][size - 1] ?? 0);

/** Last whole second of which every nanosecond fits in 64 bits. */
const LAST_SECOND = 18_446_744_072;

/** True if all words are the same and lie in one piece of the ring, which is nearly always so. */
function isConstant(column: Uint32Array, position: number, count: number): boolean {
  const end = position + count;
  if (end > column.length) return false;
  const word = column[position];
  let p = position + 1;
  while (p < end && column[p] === word) p++;
  return p === end;
}

/** Writes the runs of one column and returns where they end. */
function putRuns(
  out: Uint8Array,
  column: Uint32Array,
  position: number,
  count: number,
  at: number,
): number {
  const size = column.length;
  let word = column[position]!, run = 0;
  for (let p = position, left = count; left > 0; p = 0) {
    const end = p + left < size ? p + left : size;
    left -= end - p;
    let from = p;
    for (; p < end; p++) {
      if (column[p] === word) continue;
      at = putVarint(out, putVarint(out, at, word), run + p - from);
      word = column[p]!;
      run = 0;
      from = p;
    }
    run += end - from;
  }
  at = putVarint(out, at, word);
  out[at++] = 0;
  return at;
}

function putU32(out: Uint8Array, at: number, value: number): void {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
}

function putVarint(out: Uint8Array, at: number, value: number): number {
  let rest = value >>> 0;
  while (rest > 0x7f) {
    out[at++] = rest | 0x80;
    rest >>>= 7;
  }
  out[at++] = rest;
  return at;
}
