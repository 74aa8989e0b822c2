/**
 * IP addresses and allow-lists of them.
 *
 * @module
 */
import { ipBytes, ipText } from "../core/mod.ts";

/** `text` with an IPv4-mapped IPv6 address written as IPv4, IPv6 in its shortest form, anything else unchanged. */
export function normalizeAddress(text: string): string {
  const bytes = addressBytes(text);
  return bytes ? ipText(bytes, 0, bytes.length) : text;
}

/** An allow-list of addresses and CIDR blocks, IPv4 and IPv6. */
export class AddressList {
  readonly #blocks: { readonly bytes: Uint8Array; readonly bits: number }[] = [];

  /** Reads entries such as `10.1.2.3`, `10.1.0.0/16` or `fd00::/8`. Throws a `RangeError` that names a bad entry. */
  constructor(entries: readonly string[]) {
    for (const entry of entries) this.#blocks.push(parseBlock(entry));
  }

  /** True if the list holds `address`. */
  contains(address: string): boolean {
    const bytes = addressBytes(address);
    if (!bytes) return false;
    return this.#blocks.some((block) => matches(bytes, block.bytes, block.bits));
  }
}

function parseBlock(entry: string): { bytes: Uint8Array; bits: number } {
  const [address = "", prefix, ...rest] = entry.trim().split("/");
  const bytes = addressBytes(address);
  if (!bytes || rest.length > 0) {
    throw new RangeError(
      `Cannot read an address: expected an IP address or a block such as 10.1.0.0/16, found "${entry}"`,
    );
  }
  if (prefix === undefined) return { bytes, bits: bytes.length * 8 };
  // A block of mapped addresses (::ffff:10.0.0.0/104) counts its bits from the IPv6 start.
  const written = /^\d{1,3}$/.test(prefix) ? Number(prefix) : NaN;
  const bits = bytes.length === 4 && address.includes(":") ? written - 96 : written;
  if (!(bits >= 0 && bits <= bytes.length * 8)) {
    throw new RangeError(
      `Cannot read an address block: expected a prefix of 0 to ${
        bytes.length * 8
      } bits, found "${entry}"`,
    );
  }
  if (!hostBitsAreZero(bytes, bits)) {
    throw new RangeError(
      `Cannot read an address block: expected zeros after the first ${bits} bits, found "${entry}"`,
    );
  }
  return { bytes, bits };
}

function matches(address: Uint8Array, block: Uint8Array, bits: number): boolean {
  if (address.length !== block.length) return false;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (address[i] !== block[i]) return false;
  const rest = bits & 7;
  return rest === 0 || ((address[whole]! ^ block[whole]!) >> (8 - rest)) === 0;
}

function hostBitsAreZero(bytes: Uint8Array, bits: number): boolean {
  for (let bit = bits; bit < bytes.length * 8; bit++) {
    if ((bytes[bit >> 3]! >> (7 - (bit & 7))) & 1) return false;
  }
  return true;
}

/** Four or sixteen bytes of an address; mapped IPv6 gives four. */
function addressBytes(text: string): Uint8Array | undefined {
  const bytes = ipBytes(text);
  if (bytes?.length !== 16) return bytes;
  const mapped = bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((b) => !b);
  return mapped ? bytes.slice(12) : bytes;
}
