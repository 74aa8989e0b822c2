/**
 * As much of DER (ITU-T X.690) as a certificate needs: definite lengths, one-byte tags.
 *
 * @module
 */
import { DecodeError } from "../core/mod.ts";

/** Universal and context tags that certificates use. */
export const Tag = {
  Boolean: 0x01,
  Integer: 0x02,
  BitString: 0x03,
  OctetString: 0x04,
  Oid: 0x06,
  Utf8String: 0x0c,
  PrintableString: 0x13,
  TeletexString: 0x14,
  Ia5String: 0x16,
  UtcTime: 0x17,
  GeneralizedTime: 0x18,
  UniversalString: 0x1c,
  BmpString: 0x1e,
  Sequence: 0x30,
  Set: 0x31,
  Context0: 0xa0,
  Context3: 0xa3,
} as const;

/** One element: views of the bytes that were read. */
export interface Element {
  /** Identifier octet. */
  readonly tag: number;
  /** Tag, length and content. */
  readonly whole: Uint8Array;
  /** Content. */
  readonly content: Uint8Array;
}

/** Reads elements one after the other; anything but DER is a {@linkcode DecodeError}. */
export class DerReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  /** Reads `bytes` from the start. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** True if nothing is left. */
  get atEnd(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  /** Tag of the next element; 0 at the end. */
  get nextTag(): number {
    return this.#bytes[this.#offset] ?? 0;
  }

  /** The next element, which must have `tag` if one is given. */
  next(field: string, tag?: number): Element {
    const start = this.#offset;
    const found = this.#byte(field);
    if ((found & 0x1f) === 0x1f) throw this.#error(field, "expected a tag below 31");
    if (tag !== undefined && found !== tag) {
      throw this.#error(field, `expected tag 0x${tag.toString(16)}, found 0x${found.toString(16)}`);
    }
    const length = this.#length(field);
    const from = this.#offset;
    if (length > this.#bytes.length - from) {
      throw this.#error(
        field,
        `expected ${length} bytes of content, found ${this.#bytes.length - from}`,
      );
    }
    this.#offset = from + length;
    return {
      tag: found,
      whole: this.#bytes.subarray(start, this.#offset),
      content: this.#bytes.subarray(from, this.#offset),
    };
  }

  /** A reader of the content of the next element, which must have `tag`. */
  inside(field: string, tag: number): DerReader {
    return new DerReader(this.next(field, tag).content);
  }

  /** Throws if something is left. */
  finish(field: string): void {
    if (!this.atEnd) throw this.#error(field, "expected nothing more");
  }

  #byte(field: string): number {
    const byte = this.#bytes[this.#offset];
    if (byte === undefined) throw this.#error(field, "expected an element, found the end");
    this.#offset++;
    return byte;
  }

  #length(field: string): number {
    const first = this.#byte(field);
    if (first < 0x80) return first;
    const size = first & 0x7f;
    if (size === 0 || size > 4) throw this.#error(field, "expected a length of 1 to 4 bytes");
    let length = 0;
    for (let i = 0; i < size; i++) length = length * 256 + this.#byte(field);
    if (length < 0x80 || length < 256 ** (size - 1)) {
      throw this.#error(field, `expected the shortest form of length ${length}`);
    }
    return length;
  }

  #error(field: string, found: string): DecodeError {
    return new DecodeError("der", `Cannot read ${field} at offset ${this.#offset}: ${found}`, {
      offset: this.#offset,
      field,
    });
  }
}

/** An object identifier in dotted form. */
export function oidText(content: Uint8Array): string {
  const arcs: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (value > Number.MAX_SAFE_INTEGER / 128) throw badOid();
    if (byte & 0x80) continue;
    if (arcs.length === 0) {
      const first = Math.min(2, Math.floor(value / 40));
      arcs.push(first, value - 40 * first);
    } else arcs.push(value);
    value = 0;
  }
  if (arcs.length === 0 || (content.at(-1)! & 0x80) !== 0) throw badOid();
  return arcs.join(".");
}

function badOid(): DecodeError {
  return new DecodeError("der", "Cannot read an object identifier: expected whole, small arcs");
}

/** An unsigned integer as hex without leading zeros, at least one digit; a negative one keeps its two's complement. */
export function integerHex(content: Uint8Array): string {
  let hex = "";
  for (const byte of content) hex += (byte + 0x100).toString(16).slice(1);
  return hex.replace(/^0+(?=.)/, "");
}

/** UTCTime or GeneralizedTime as RFC 5280 restricts them (Zulu, with seconds): milliseconds since 1970. */
export function timeMs(element: Element): number {
  const text = String.fromCharCode(...element.content.subarray(0, 20));
  const utc = element.tag === Tag.UtcTime;
  const form = utc ? /^(\d\d)(\d{4})(\d{6})Z$/ : /^(\d{4})(\d{4})(\d{6})Z$/;
  const match = form.exec(text);
  if (match && (utc || element.tag === Tag.GeneralizedTime)) {
    const two = Number(match[1]);
    const year = utc ? two + (two < 50 ? 2000 : 1900) : two;
    const [day, clock] = [match[2]!, match[3]!];
    const iso = `${String(year).padStart(4, "0")}-${day.slice(0, 2)}-${day.slice(2)}T${
      clock.slice(0, 2)
    }:${clock.slice(2, 4)}:${clock.slice(4)}Z`;
    const ms = Date.parse(iso);
    if (!Number.isNaN(ms)) return ms;
  }
  throw new DecodeError("der", `Cannot read a time: expected YYMMDDHHMMSSZ, found "${text}"`);
}

/** A directory string or IA5String as text. */
export function stringText(element: Element): string {
  const { tag, content } = element;
  switch (tag) {
    case Tag.Utf8String:
    case Tag.PrintableString:
    case Tag.Ia5String:
      try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
      } catch {
        throw new DecodeError("der", "Cannot read a name: expected UTF-8, found other bytes");
      }
    case Tag.TeletexString:
      return latin1(content);
    case Tag.BmpString:
      if (content.length % 2 !== 0) break;
      return latin1(content, 2);
    case Tag.UniversalString:
      if (content.length % 4 !== 0) break;
      return latin1(content, 4);
  }
  throw new DecodeError(
    "der",
    `Cannot read a name: expected text, found tag 0x${tag.toString(16)}`,
  );
}

function latin1(content: Uint8Array, width = 1): string {
  let text = "";
  for (let i = 0; i < content.length; i += width) {
    let code = 0;
    for (let k = 0; k < width; k++) code = code * 256 + content[i + k]!;
    if (code > 0x10ffff) throw new DecodeError("der", `Cannot read a name: no character ${code}`);
    text += width === 2 ? String.fromCharCode(code) : String.fromCodePoint(code);
  }
  return text;
}
