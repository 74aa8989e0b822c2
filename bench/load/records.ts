/**
 * What sender and subscriber remember of each frame, in memory while they run and in a file afterwards.
 *
 * @module
 */

/** Which frame, and when: one record of three doubles. */
export interface FrameMoment {
  /** Number of the device from 0. */
  readonly device: number;
  /** Number of the slot since 1970 at the rate of the load. */
  readonly slot: number;
  /** CLOCK_MONOTONIC in microseconds. */
  readonly micros: number;
}

/** Room for a number of records, taken before the load begins. */
export class FrameMoments {
  /** Records kept. */
  count = 0;
  /** Records for which there was no room. */
  lost = 0;
  readonly #data: Float64Array<ArrayBuffer>;

  /** Makes room for `capacity` records. */
  constructor(capacity: number) {
    this.#data = new Float64Array(3 * capacity);
  }

  /** Keeps one record. */
  add(device: number, slot: number, micros: number): void {
    const at = 3 * this.count;
    if (at >= this.#data.length) {
      this.lost++;
      return;
    }
    this.#data[at] = device;
    this.#data[at + 1] = slot;
    this.#data[at + 2] = micros;
    this.count++;
  }

  /** Writes the records to a file. */
  async save(path: string): Promise<void> {
    if (this.lost > 0) throw new Error(`${this.lost} records did not fit`);
    await Deno.writeFile(path, new Uint8Array(this.#data.buffer, 0, 24 * this.count));
  }
}

/** Reads a file of records. */
export async function readMoments(path: string): Promise<FrameMoment[]> {
  const data = new Float64Array((await Deno.readFile(path)).buffer);
  return Array.from({ length: data.length / 3 }, (_, i) => ({
    device: data[3 * i]!,
    slot: data[3 * i + 1]!,
    micros: data[3 * i + 2]!,
  }));
}
