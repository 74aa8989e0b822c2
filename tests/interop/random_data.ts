/**
 * Random measurements of the kinds that compression finds hard, the same for the same seed.
 *
 * @module
 */

/** A measurement as bits. */
export interface RawMeasurement {
  /** Signal index. */
  readonly id: number;
  /** Ticks, leap bits included. */
  readonly ticks: bigint;
  /** State flags, unsigned. */
  readonly flags: number;
  /** Bits of the float32, unsigned. */
  readonly bits: number;
}

const EPOCH = 638_000_000_000_000_000n;
// Zeros, infinities, quiet and signalling NaN with payloads, denormals, extremes.
const SPECIAL_BITS = [
  ...[0x00000000, 0x80000000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7fc12345],
  ...[0xffffffff, 0x7f812345, 0xff800001, 0x00000001, 0x807fffff, 0x7f7fffff, 0x3f800000],
];

/** A source of numbers. */
export class RandomData {
  #state: number;
  #ticks = EPOCH;
  readonly #last = new Map<number, number>();

  /** Starts from `seed`. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 32 random bits, unsigned. */
  next(): number {
    // splitmix32
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  }

  /** A number from 0 up to but not including `limit`. */
  below(limit: number): number {
    return this.next() % limit;
  }

  /** Random bytes. */
  bytes(count: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length: count }, () => this.next());
  }

  /** Bits of a value of signal `id`: often near its last, sometimes special, sometimes anything. */
  bits(id: number): number {
    const last = this.#last.get(id) ?? 0x42700000;
    const kind = this.below(10);
    const bits = kind < 2
      ? last
      : kind < 7
      ? (last ^ (this.next() >>> (4 + this.below(28)))) >>> 0
      : kind < 9
      ? SPECIAL_BITS[this.below(SPECIAL_BITS.length)]!
      : this.next();
    this.#last.set(id, bits);
    return bits;
  }

  /** State flags: mostly none, sometimes one bit, sometimes anything. */
  flags(): number {
    const kind = this.below(8);
    return kind < 5 ? 0 : kind < 7 ? (1 << this.below(32)) >>> 0 : this.next();
  }

  /** The next time: steady steps, repeats, jumps both ways; with `wild` also any 64 bits, leap bits included. */
  ticks(wild = false): bigint {
    const kind = this.below(20);
    if (kind < 12) this.#ticks += 333_333n;
    else if (kind < 15) this.#ticks += BigInt(this.below(1_000_000_000));
    else if (kind < 17) this.#ticks -= BigInt(this.below(1_000_000_000));
    else if (kind === 18) this.#ticks = EPOCH + BigInt(this.next()) * 10_000n;
    else if (kind === 19 && wild) return (BigInt(this.next()) << 32n) | BigInt(this.next());
    return this.#ticks;
  }
}

/** Bits as they are after a conversion to double and back: signalling NaN become quiet. */
export function quietBits(bits: number): number {
  const isNaN = (bits & 0x7f800000) === 0x7f800000 && (bits & 0x007fffff) !== 0;
  return isNaN ? (bits | 0x00400000) >>> 0 : bits;
}
