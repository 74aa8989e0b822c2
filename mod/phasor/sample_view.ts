/**
 * The ring as one report sees it: samples are counted from the start of the report's second.
 *
 * Numbers of samples are far above 2^31, which costs an allocation wherever one is handed on; counts from the second
 * are small integers.
 *
 * @module
 */
import { SampleMarks, type WaveformRing } from "../core/mod.ts";
import type { ReportingInstant } from "./instants.ts";

/** Finds samples by their count from the start of a second, which may be negative. */
export class SampleView {
  /** Raw values by channel of the ring. */
  values: readonly Int32Array[] = [];
  /** Number of the sample that is counted as 0. */
  base = 0;
  /** First sample of the windows. */
  start = 0;
  /** Last sample of the windows. */
  end = 0;
  /** The oldest sample that is there. */
  from = 0;
  /** The first sample that has not come. */
  to = 0;
  #marks: Uint8Array = new Uint8Array(0);
  #capacity = 1;
  #origin = 0;

  /** Looks at the windows of an instant of `second` in a ring. */
  look(ring: WaveformRing, second: number, { start, end }: ReportingInstant): void {
    this.values = ring.values;
    this.#marks = ring.marks;
    this.#capacity = ring.capacity;
    this.base = second * ring.rate;
    this.start = start;
    this.end = end;
    this.#origin = this.base % ring.capacity;
    this.from = ring.first - this.base;
    this.to = ring.next - this.base;
  }

  /** Where a sample stands in the arrays. */
  position(sample: number): number {
    const position = (this.#origin + sample) % this.#capacity;
    return position < 0 ? position + this.#capacity : position;
  }

  /** True if a sample has not come, or never will. */
  isMissing(sample: number): boolean {
    return sample >= this.to || (this.#marks[this.position(sample)]! & SampleMarks.Filled) !== 0;
  }
}
