/**
 * Text on the wire: UTF-8 and UTF-16 without terminator or byte order mark (specs/sttp.md 4.7).
 *
 * @module
 */

/** A negotiated encoding of all text. */
export type TextEncoding = "utf-8" | "utf-16le" | "utf-16be";

const UTF8_ENCODER = new TextEncoder();
const DECODERS: Readonly<Record<TextEncoding, TextDecoder>> = {
  "utf-8": new TextDecoder("utf-8", { ignoreBOM: true }),
  "utf-16le": new TextDecoder("utf-16le", { ignoreBOM: true }),
  "utf-16be": new TextDecoder("utf-16be", { ignoreBOM: true }),
};

/** The bytes of `text`. */
export function encodeText(text: string, encoding: TextEncoding): Uint8Array<ArrayBuffer> {
  if (encoding === "utf-8") return UTF8_ENCODER.encode(text);
  const bytes = new Uint8Array(text.length * 2);
  const low = encoding === "utf-16le" ? 0 : 1;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    bytes[2 * i + low] = unit;
    bytes[2 * i + 1 - low] = unit >>> 8;
  }
  return bytes;
}

/** The text of `bytes`; what is not valid in the encoding becomes U+FFFD. */
export function decodeText(bytes: Uint8Array, encoding: TextEncoding): string {
  return DECODERS[encoding].decode(bytes);
}

/**
 * The text of a Succeeded or Failed response.
 *
 * Strips the length that the Python publisher wrongly puts in front of every text (3, 13.5).
 */
export function decodeResponseText(payload: Uint8Array, encoding: TextEncoding): string {
  return decodeText(stripTextLength(payload), encoding);
}

/** `payload` without its first four bytes if they are the size of the rest (3). */
export function stripTextLength(payload: Uint8Array): Uint8Array {
  if (payload.length < 4) return payload;
  const size = payload[0]! * 0x1000000 + (payload[1]! << 16) + (payload[2]! << 8) + payload[3]!;
  return size === payload.length - 4 ? payload.subarray(4) : payload;
}
