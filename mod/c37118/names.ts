/**
 * Names of stations and channels: 16-byte fields of CFG-1 and CFG-2, and counted names of CFG-3.
 *
 * @module
 */
import type { ByteReader, ByteWriter } from "../core/mod.ts";

/** Reads a 16-byte name: up to the first NUL, without trailing spaces, bytes above 0x7F as latin-1. */
export function readFixedName(reader: ByteReader, field: string): string {
  const at = reader.take(16, field);
  const bytes = reader.bytes;
  let end = at;
  while (end < at + 16 && bytes[end] !== 0) end++;
  while (end > at && bytes[end - 1] === 0x20) end--;
  let name = "";
  for (let i = at; i < end; i++) name += String.fromCharCode(printable(bytes[i]!));
  return name;
}

/** Writes a 16-byte name padded with spaces; what latin-1 lacks becomes `?`, what is too long is cut. */
export function writeFixedName(writer: ByteWriter, name: string): void {
  for (let i = 0; i < 16; i++) {
    const code = i < name.length ? name.charCodeAt(i) : 0x20;
    writer.u8(code <= 0xff ? code : 0x3f);
  }
}

/** Reads a name with a length byte before it: UTF-8 with replacement, control characters as spaces. */
export function readCountedName(reader: ByteReader, field: string): string {
  const length = reader.u8(field);
  const text = UTF8.decode(reader.slice(length, field));
  // deno-lint-ignore no-control-regex -- control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, " ");
}

/** Writes a name with a length byte before it; cut to 255 bytes between characters. */
export function writeCountedName(writer: ByteWriter, name: string): void {
  let bytes = new TextEncoder().encode(name);
  if (bytes.length > 255) {
    let end = 255;
    while ((bytes[end]! & 0xc0) === 0x80) end--;
    bytes = bytes.slice(0, end);
  }
  writer.u8(bytes.length).raw(bytes);
}

const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

function printable(code: number): number {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f) ? 0x20 : code;
}
