/**
 * The latest value of each signal, for throttled subscriptions (specs/sttp.md 5.6).
 *
 * @module
 */

/** State of a signal's place. */
const Empty = 0, Repeat = 1, Fresh = 2;

/** Latest values by handle; the set is not cleared when it is sent, but each value counts as sent once. */
export class LatestValues {
  /** Bit patterns of the values. */
  bits = new Uint32Array(0);
  /** State flags. */
  flags = new Uint32Array(0);
  /** Upper halves of the tick counts. */
  ticksHi = new Uint32Array(0);
  /** Lower halves of the tick counts. */
  ticksLo = new Uint32Array(0);
  /** Seconds of arrival. */
  seconds = new Float64Array(0);
  #state = new Uint8Array(0);

  /** Makes room for handles below `size`. */
  reserve(size: number): void {
    if (size <= this.#state.length) return;
    const grown = Math.max(size, 2 * this.#state.length);
    this.bits = extend(this.bits, new Uint32Array(grown));
    this.flags = extend(this.flags, new Uint32Array(grown));
    this.ticksHi = extend(this.ticksHi, new Uint32Array(grown));
    this.ticksLo = extend(this.ticksLo, new Uint32Array(grown));
    this.seconds = extend(this.seconds, new Float64Array(grown));
    this.#state = extend(this.#state, new Uint8Array(grown));
  }

  /**
   * Puts a value in its place, for which `reserve` made room.
   *
   * Returns the second of arrival of the value that it supersedes unsent, or -1.
   */
  put(
    handle: number,
    ticksHi: number,
    ticksLo: number,
    flags: number,
    bits: number,
    second: number,
  ): number {
    const superseded = this.#state[handle] === Fresh ? this.seconds[handle]! : -1;
    this.bits[handle] = bits;
    this.flags[handle] = flags;
    this.ticksHi[handle] = ticksHi;
    this.ticksLo[handle] = ticksLo;
    this.seconds[handle] = second;
    this.#state[handle] = Fresh;
    return superseded;
  }

  /** True if there is a value. */
  has(handle: number): boolean {
    return (this.#state[handle] ?? Empty) !== Empty;
  }

  /** True if there is a value that was not sent yet. */
  isFresh(handle: number): boolean {
    return this.#state[handle] === Fresh;
  }

  /** The value was sent; it stays for the next time. */
  markSent(handle: number): void {
    this.#state[handle] = Repeat;
  }

  /** Takes the value away. */
  clear(handle: number): void {
    this.#state[handle] = Empty;
  }

  /** One more than the highest handle that has a place. */
  get size(): number {
    return this.#state.length;
  }
}

function extend<A extends Uint32Array | Float64Array | Uint8Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
