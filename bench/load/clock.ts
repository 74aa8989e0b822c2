/**
 * A clock that all processes of this host share.
 *
 * @module
 */
const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;
const CLOCK_THREAD_CPUTIME_ID = 3;

const { clock_gettime } = Deno.dlopen("libc.so.6", {
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
}).symbols;
const spec = new BigInt64Array(2);
const words = new Int32Array(spec.buffer);
const bytes = new Uint8Array(spec.buffer);

/** CLOCK_MONOTONIC in microseconds: the same in every process, never set. */
export function sharedMicros(): number {
  return read(CLOCK_MONOTONIC);
}

/** CLOCK_REALTIME in microseconds since 1970, with its fractions of a millisecond. */
export function wallMicros(): number {
  return read(CLOCK_REALTIME);
}

/** Processor time of the calling thread in microseconds, whatever else the host does. */
export function threadMicros(): number {
  return read(CLOCK_THREAD_CPUTIME_ID);
}

/** How far UTC lies from the monotonic clock in the course of a run: hosts set and slew their clocks. */
export class WallOffsets {
  readonly #samples: [micros: number, offset: number][] = [];
  readonly #timer = setInterval(() => this.#sample(), 100);

  /** Begins to watch. */
  constructor() {
    this.#sample();
  }

  /** The offset in microseconds at a moment of the monotonic clock. */
  at(micros: number): number {
    let low = 0;
    for (let high = this.#samples.length; high - low > 1;) {
      const middle = (low + high) >> 1;
      if (this.#samples[middle]![0] <= micros) low = middle;
      else high = middle;
    }
    return this.#samples[low]![1];
  }

  /** Ends; returns by how much the offset changed in all, in microseconds. */
  stop(): number {
    clearInterval(this.#timer);
    this.#sample();
    return this.#samples.at(-1)![1] - this.#samples[0]![1];
  }

  #sample(): void {
    const micros = sharedMicros();
    this.#samples.push([micros, wallMicros() - micros]);
  }
}

function read(clock: number): number {
  clock_gettime(clock, bytes);
  // Two little-endian 64-bit fields: seconds, which need 53 bits at most, and nanoseconds.
  return (words[1]! * 2 ** 32 + (words[0]! >>> 0)) * 1e6 + words[2]! / 1000;
}
