/**
 * Small fields that messages, TLVs and management data share: signed octets, intervals, PTPText.
 *
 * @module
 */
import { type ByteReader, type ByteWriter, DecodeError } from "../core/mod.ts";
import { intervalFromHalves, intervalHigh, intervalLow, type TimeInterval } from "./interval.ts";

/** Signed 8 bits. */
export function readI8(reader: ByteReader, field: string): number {
  return reader.u8(field) << 24 >> 24;
}

/** Unsigned 48 bits. */
export function readU48(reader: ByteReader, field: string): number {
  return reader.u16(field) * 0x1_0000_0000 + reader.u32(field);
}

/** Writes unsigned 48 bits. */
export function writeU48(writer: ByteWriter, value: number): void {
  writer.u16(Math.floor(value / 0x1_0000_0000)).u32(value >>> 0);
}

/** A TimeInterval, 8 octets. */
export function readInterval(reader: ByteReader, field: string): TimeInterval {
  const hi = reader.i32(field);
  return intervalFromHalves(hi, reader.u32(field));
}

/** Writes a TimeInterval, 8 octets. */
export function writeInterval(writer: ByteWriter, value: TimeInterval): void {
  writer.u32(intervalHigh(value)).u32(intervalLow(value));
}

/** Signed 64 bits as a number: exact to 2^53, rounded beyond. */
export function readI64(reader: ByteReader, field: string): number {
  const hi = reader.i32(field);
  return hi * 0x1_0000_0000 + reader.u32(field);
}

/** Writes signed 64 bits of a number that is whole and below 2^53. */
export function writeI64(writer: ByteWriter, value: number): void {
  const hi = Math.floor(value / 0x1_0000_0000);
  writer.u32(hi).u32(value - hi * 0x1_0000_0000);
}

/** Unsigned 64 bits, little-endian, as a number: exact to 2^53, rounded beyond. */
export function readU64LittleEndian(reader: ByteReader, field: string): number {
  const at = reader.take(8, field);
  let value = 0;
  for (let i = 7; i >= 0; i--) value = value * 256 + reader.bytes[at + i]!;
  return value;
}

/** Writes unsigned 64 bits, little-endian, of a number below 2^53. */
export function writeU64LittleEndian(writer: ByteWriter, value: number): void {
  for (let i = 0; i < 8; i++) {
    writer.u8(value % 256);
    value = Math.floor(value / 256);
  }
}

/** PTPText: a length octet and UTF-8; octets that are not UTF-8 become U+FFFD. */
export function readText(reader: ByteReader, field: string): string {
  const length = reader.u8(field);
  return new TextDecoder().decode(reader.slice(length, field));
}

/** Writes PTPText; more than 255 octets are a `DecodeError` of kind `value`. */
export function writeText(writer: ByteWriter, text: string): void {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > 255) {
    throw new DecodeError(
      "value",
      `Cannot encode text: expected at most 255 octets, found ${bytes.length}`,
      { field: "PTPText", value: bytes.length },
    );
  }
  writer.u8(bytes.length).raw(bytes);
}

/** Checks that at most `allowed` octets are left, the padding to an even length. */
export function finish(reader: ByteReader, field: string, allowed = 0): void {
  if (reader.remaining <= allowed) return;
  throw new DecodeError(
    "length",
    `Cannot read ${field}: expected it to end at offset ${reader.offset}, found ${reader.remaining} more octets`,
    { offset: reader.offset, field, value: reader.remaining },
  );
}
