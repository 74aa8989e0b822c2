/**
 * Byte cursors for codecs off the hot path: bounds-checked, big-endian, with errors that name the field.
 *
 * @module
 */
import { DecodeError } from "./errors.ts";

/** Reads big-endian fields in order; every read past the end is a {@linkcode DecodeError}. */
export class ByteReader {
  /** The bytes that are read. */
  readonly bytes: Uint8Array;
  /** Offset of the next field from the start of `bytes`. */
  offset: number;
  /** First offset that must not be read. */
  readonly end: number;
  readonly #view: DataView;

  /** Reads `bytes` from `offset` up to `end`. */
  constructor(bytes: Uint8Array, offset = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes that are left. */
  get remaining(): number {
    return this.end - this.offset;
  }

  /** Checks that `size` bytes of `field` are there, and returns their offset after stepping over them. */
  take(size: number, field: string): number {
    const at = this.offset;
    if (size < 0 || at + size > this.end) {
      throw new DecodeError(
        "truncated",
        `Cannot read ${field}: expected ${size} bytes at offset ${at}, found ${this.end - at}`,
        { offset: at, field, value: this.end - at },
      );
    }
    this.offset = at + size;
    return at;
  }

  /** Unsigned 8 bits. */
  u8(field: string): number {
    return this.#view.getUint8(this.take(1, field));
  }
  /** Unsigned 16 bits. */
  u16(field: string): number {
    return this.#view.getUint16(this.take(2, field));
  }
  /** Signed 16 bits. */
  i16(field: string): number {
    return this.#view.getInt16(this.take(2, field));
  }
  /** Unsigned 32 bits. */
  u32(field: string): number {
    return this.#view.getUint32(this.take(4, field));
  }
  /** Signed 32 bits. */
  i32(field: string): number {
    return this.#view.getInt32(this.take(4, field));
  }
  /** Unsigned 64 bits, as bigint; off the hot path only. */
  u64(field: string): bigint {
    return this.#view.getBigUint64(this.take(8, field));
  }
  /** IEEE 754 binary32. */
  f32(field: string): number {
    return this.#view.getFloat32(this.take(4, field));
  }
  /** The next `size` bytes, as a view. */
  slice(size: number, field: string): Uint8Array {
    const at = this.take(size, field);
    return this.bytes.subarray(at, at + size);
  }
}

/** Writes big-endian fields in order into a buffer that grows. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView<ArrayBuffer>;
  /** Number of bytes written. */
  length = 0;

  /** Starts with room for `capacity` bytes. */
  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  #room(size: number): number {
    const at = this.length;
    if (at + size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, at + size));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.length = at + size;
    return at;
  }

  /** Unsigned 8 bits. */
  u8(value: number): this {
    const at = this.#room(1);
    this.#view.setUint8(at, value);
    return this;
  }
  /** 16 bits; signed values are taken modulo 2^16. */
  u16(value: number): this {
    const at = this.#room(2);
    this.#view.setUint16(at, value);
    return this;
  }
  /** 32 bits; signed values are taken modulo 2^32. */
  u32(value: number): this {
    const at = this.#room(4);
    this.#view.setUint32(at, value);
    return this;
  }
  /** 64 bits, from a bigint; off the hot path only. */
  u64(value: bigint): this {
    const at = this.#room(8);
    this.#view.setBigUint64(at, value);
    return this;
  }
  /** IEEE 754 binary32. */
  f32(value: number): this {
    const at = this.#room(4);
    this.#view.setFloat32(at, value);
    return this;
  }
  /** Bytes as they are. */
  raw(bytes: Uint8Array): this {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }
  /** Overwrites 16 bits that were written before. */
  setU16(at: number, value: number): void {
    this.#view.setUint16(at, value);
  }
  /** Overwrites 32 bits that were written before. */
  setU32(at: number, value: number): void {
    this.#view.setUint32(at, value);
  }
  /** What has been written, as a copy. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.length);
  }
}
