/**
 * CHK: CRC-CCITT, polynomial 0x1021, start 0xFFFF, not reflected, no final XOR (annex B).
 *
 * @module
 */

/**
 * The CRC of `bytes[start..end)`.
 *
 * Eight bytes a step with one table each, since CHK is the largest single cost of decoding.
 */
export function crc16(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  let crc = 0xffff;
  let i = start;
  for (const last = end - 8; i <= last; i += 8) {
    // Indices below 2048 and within [start, end): the reads cannot be undefined.
    crc = TABLE[1792 + (bytes[i]! ^ (crc >>> 8))]! ^ TABLE[1536 + (bytes[i + 1]! ^ (crc & 0xff))]! ^
      TABLE[1280 + bytes[i + 2]!]! ^ TABLE[1024 + bytes[i + 3]!]! ^
      TABLE[768 + bytes[i + 4]!]! ^ TABLE[512 + bytes[i + 5]!]! ^
      TABLE[256 + bytes[i + 6]!]! ^ TABLE[bytes[i + 7]!]!;
  }
  for (; i < end; i++) crc = ((crc << 8) & 0xffff) ^ TABLE[(crc >>> 8) ^ bytes[i]!]!;
  return crc;
}

/** True if the last two of the `size` bytes from `offset` are the CRC of those before them. */
export function crcMatches(bytes: Uint8Array, offset: number, size: number): boolean {
  const at = offset + size - 2;
  return crc16(bytes, offset, at) === ((bytes[at]! << 8) | bytes[at + 1]!);
}

/**
 * CRCs of any stretch of a growing buffer in constant time each.
 *
 * The resynchroniser asks for the CRC of every stretch that looks like a frame; with hostile input
 * that is a stretch of thousands of bytes every four bytes. The CRC is linear, so it follows from
 * the running CRCs at both ends and a multiplication in GF(2)[x].
 */
export class RunningCrc {
  #sums = new Uint16Array(1024);
  #length = 0;

  /** Forgets everything; the next byte is number 0. */
  reset(): void {
    this.#sums[0] = 0;
    this.#length = 0;
  }

  /** Tells that the first `count` bytes of the buffer have been taken away. */
  shift(count: number): void {
    if (count > this.#length) {
      this.reset();
      return;
    }
    // Sums stay good whatever they began with: only the two at the ends of a stretch matter.
    this.#sums.copyWithin(0, count, this.#length + 1);
    this.#length -= count;
  }

  /** Takes in bytes up to number `end` of `bytes`, whose earlier bytes are those seen before. */
  extend(bytes: Uint8Array, end: number): void {
    if (end + 1 > this.#sums.length) {
      const grown = new Uint16Array(Math.max(2 * this.#sums.length, end + 1));
      grown.set(this.#sums);
      this.#sums = grown;
    }
    const sums = this.#sums;
    let crc = sums[this.#length]!;
    for (let i = this.#length; i < end; i++) {
      crc = ((crc << 8) & 0xffff) ^ TABLE[(crc >>> 8) ^ bytes[i]!]!;
      sums[i + 1] = crc;
    }
    this.#length = Math.max(this.#length, end);
  }

  /** True if `size` (at most 65535) bytes from number `start`, CHK included, are a frame with right CHK. */
  matches(start: number, size: number): boolean {
    // Over a whole frame including CHK the CRC is 0.
    const shifted = multiply(this.#sums[start]! ^ 0xffff, powers()[size]!);
    return shifted === this.#sums[start + size]!;
  }
}

const TABLE = makeTables();

function makeTables(): Uint16Array {
  const table = new Uint16Array(8 * 256);
  for (let b = 0; b < 256; b++) {
    let crc = b << 8;
    for (let bit = 0; bit < 8; bit++) crc = double(crc);
    table[b] = crc;
  }
  // Row k: the effect of a byte that k further bytes follow.
  for (let i = 256; i < table.length; i++) {
    const before = table[i - 256]!;
    table[i] = ((before << 8) & 0xffff) ^ table[before >>> 8]!;
  }
  return table;
}

function double(v: number): number {
  return v & 0x8000 ? ((v << 1) & 0xffff) ^ 0x1021 : v << 1;
}

function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 15; bit >= 0; bit--) {
    product = double(product);
    if ((b >>> bit) & 1) product ^= a;
  }
  return product;
}

let powerTable: Uint16Array | undefined;

/** x^(8 n) modulo the polynomial, for n from 0 to 65535. */
function powers(): Uint16Array {
  if (powerTable) return powerTable;
  const table = new Uint16Array(65536);
  table[0] = 1;
  for (let n = 1; n < table.length; n++) {
    const before = table[n - 1]!;
    table[n] = ((before << 8) & 0xffff) ^ TABLE[before >>> 8]!;
  }
  powerTable = table;
  return table;
}
