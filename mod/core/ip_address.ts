/**
 * IP addresses as bytes and as text.
 *
 * @module
 */

/**
 * The 4 or 16 bytes of an address; undefined for any other text.
 *
 * IPv4 is a dotted quad without leading zeros; IPv6 is any form of RFC 4291, 2.2; its zone (`%eth0`) is dropped.
 */
export function ipBytes(text: string): Uint8Array | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  return text.includes(":") ? ipv6Bytes(text.replace(/%.+$/, "")) : ipv4Bytes(text);
}

/** The text of `length` bytes from `at`, 4 for IPv4, 16 for IPv6; in the form of RFC 5952, 4. */
export function ipText(bytes: Uint8Array, at: number, length: number): string {
  if (length === 4) return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
  const groups = Array.from(
    { length: 8 },
    (_, i) => (bytes[at + 2 * i]! << 8) | bytes[at + 2 * i + 1]!,
  );
  let best = -1, bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length++;
    if (length > bestLength) [best, bestLength] = [i, length];
  }
  const hex = groups.map((group) => group.toString(16));
  if (best < 0) return hex.join(":");
  return `${hex.slice(0, best).join(":")}::${hex.slice(best + bestLength).join(":")}`;
}

/** The longest IPv6 text (45 characters) with a zone. */
const MAX_LENGTH = 128;

function ipv4Bytes(text: string): Uint8Array | undefined {
  const numbers = text.split(".");
  const good = numbers.length === 4 &&
    numbers.every((n) => /^(0|[1-9][0-9]{0,2})$/.test(n) && Number(n) <= 255);
  return good ? Uint8Array.from(numbers, Number) : undefined;
}

function ipv6Bytes(text: string): Uint8Array | undefined {
  // The last two groups may be written as IPv4; they are read as two groups in hex.
  const quad = text.slice(text.lastIndexOf(":") + 1);
  let hex = text;
  if (quad.includes(".")) {
    const v4 = ipv4Bytes(quad);
    if (!v4) return undefined;
    const [a, b] = [(v4[0]! << 8) | v4[1]!, (v4[2]! << 8) | v4[3]!];
    hex = `${text.slice(0, -quad.length)}${a.toString(16)}:${b.toString(16)}`;
  }
  const [head = "", tail, ...more] = hex.split("::");
  if (more.length > 0) return undefined;
  const left = head ? head.split(":") : [];
  const right = tail ? tail.split(":") : [];
  const missing = 8 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...left, ...new Array<string>(missing).fill("0"), ...right];
  if (!groups.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return undefined;
  const bytes = new Uint8Array(16);
  groups.forEach((group, i) => {
    const value = parseInt(group, 16);
    bytes[2 * i] = value >> 8;
    bytes[2 * i + 1] = value & 0xff;
  });
  return bytes;
}
