/**
 * Measurements of one data packet as a struct of arrays that is used again and again.
 *
 * @module
 */

/** Decoded measurements. Entries at and above `count` are left over from earlier packets. */
export class MeasurementBatch {
  /** Number of measurements. */
  count = 0;
  /** Signal indexes. */
  ids: Int32Array;
  /** Upper halves of the timestamps; bits 31 and 30 are leap bits. 0 with a lower half of 0: no time. */
  ticksHi: Uint32Array;
  /** Lower halves of the timestamps. */
  ticksLo: Uint32Array;
  /** State flags. */
  flags: Uint32Array;
  /** Values, as the 32 bits of a binary32. */
  valueBits: Uint32Array;
  /** The same memory as `valueBits`, as numbers. */
  values: Float32Array;

  /** Starts with room for `capacity` measurements. */
  constructor(capacity = 1024) {
    this.ids = new Int32Array(capacity);
    this.ticksHi = new Uint32Array(capacity);
    this.ticksLo = new Uint32Array(capacity);
    this.flags = new Uint32Array(capacity);
    this.valueBits = new Uint32Array(capacity);
    this.values = new Float32Array(this.valueBits.buffer);
  }

  /** Number of measurements that there is room for. */
  get capacity(): number {
    return this.ids.length;
  }

  /** Makes room for `capacity` measurements; the content is lost when it has to grow. */
  reserve(capacity: number): void {
    if (capacity <= this.ids.length) return;
    const size = Math.max(capacity, this.ids.length * 2);
    this.count = 0;
    this.ids = new Int32Array(size);
    this.ticksHi = new Uint32Array(size);
    this.ticksLo = new Uint32Array(size);
    this.flags = new Uint32Array(size);
    this.valueBits = new Uint32Array(size);
    this.values = new Float32Array(this.valueBits.buffer);
  }
}
