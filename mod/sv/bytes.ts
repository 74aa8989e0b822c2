/**
 * Octets against octets, and octets as text.
 *
 * @module
 */

/** True if the `length` octets at `offset` are exactly `expected`; makes no string. */
export function sameBytes(
  bytes: Uint8Array,
  offset: number,
  length: number,
  expected: Uint8Array,
): boolean {
  if (length !== expected.length) return false;
  for (let i = 0; i < length; i++) if (bytes[offset + i] !== expected[i]) return false;
  return true;
}

/**
 * FNV-1a of the `length` octets at `offset`, signed 32 bits (larger numbers would be objects): finds a stream by its
 * svID without a string.
 */
export function hashBytes(bytes: Uint8Array, offset: number, length: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ bytes[offset + i]!, 0x01000193);
  return hash | 0;
}

/** A VisibleString as text, one character per octet so that nothing is lost. */
export function visibleString(bytes: Uint8Array, offset: number, length: number): string {
  let text = "";
  for (let i = 0; i < length; i++) text += String.fromCharCode(bytes[offset + i]!);
  return text;
}

/** The octets of a VisibleString. Throws a RangeError for a character above 255. */
export function visibleBytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255) {
      throw new RangeError(`Expected one octet per character, found "${text[i]}" in "${text}"`);
    }
    bytes[i] = code;
  }
  return bytes;
}

/** The six octets at `offset` as `01:0c:cd:04:00:01`. */
export function macText(bytes: Uint8Array, offset = 0): string {
  let text = "";
  for (let i = 0; i < 6; i++) text += `${i > 0 ? ":" : ""}${hexByte(bytes[offset + i]!)}`;
  return text;
}

/** The six octets of an address as `01:0c:cd:04:00:01` or `01-0C-CD-04-00-01`. Throws a RangeError for other text. */
export function macBytes(text: string): Uint8Array<ArrayBuffer> {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) {
    throw new RangeError(`Expected a MAC address like 01:0c:cd:04:00:01, found "${text}"`);
  }
  return Uint8Array.from(text.split(/[:-]/), (octet) => parseInt(octet, 16));
}

/** Octets as lower-case hex. */
export function hexText(bytes: Uint8Array, offset = 0, length: number = bytes.length): string {
  let text = "";
  for (let i = 0; i < length; i++) text += hexByte(bytes[offset + i]!);
  return text;
}

function hexByte(value: number): string {
  return (value + 0x100).toString(16).slice(1);
}
