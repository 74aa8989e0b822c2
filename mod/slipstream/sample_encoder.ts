/**
 * Messages from samples that come one by one.
 *
 * @module
 */
import type { Instant } from "../core/mod.ts";
import { type Columns, Encoder } from "./encoder.ts";
import type { StreamOptions } from "./options.ts";

/**
 * Collects samples and writes a message when there are enough of them, or earlier when asked to.
 *
 * Allocates only in the constructor, apart from what {@linkcode Encoder} says.
 */
export class SampleEncoder {
  readonly #encoder: Encoder;
  readonly #columns: Columns;
  readonly #time: Instant = { seconds: 0, nanos: 0 };
  #count = 0;

  /** Makes an encoder. Throws a RangeError for options that cannot be used. */
  constructor(options: StreamOptions) {
    this.#encoder = new Encoder(options);
    const { variables, samplesPerMessage } = options;
    this.#columns = {
      values: Array.from({ length: variables }, () => new Int32Array(samplesPerMessage)),
      quality: Array.from({ length: variables }, () => new Uint32Array(samplesPerMessage)),
    };
  }

  /** Options of the stream. */
  get options(): StreamOptions {
    return this.#encoder.options;
  }

  /** Holds the message that was written last, from its start; valid until the next one. */
  get buffer(): Uint8Array<ArrayBuffer> {
    return this.#encoder.buffer;
  }

  /** Samples that are in no message yet. */
  get pending(): number {
    return this.#count;
  }

  /**
   * Takes a sample, one value and one quality word per variable. Returns the size of the message
   * that is now complete in `buffer`, or 0.
   *
   * `time` counts only for the first sample of a message. Throws a RangeError for too few values or
   * a time that cannot be written; the sample, or with a wrong time the whole message, is then not kept.
   */
  push(time: Instant, values: ArrayLike<number>, quality: ArrayLike<number>): number {
    const { variables, samplesPerMessage } = this.options;
    if (values.length < variables || quality.length < variables) {
      throw new RangeError(
        `Cannot take a sample: expected ${variables} values and quality words, found ` +
          `${values.length} and ${quality.length}`,
      );
    }
    const k = this.#count;
    if (k === 0) {
      this.#time.seconds = time.seconds;
      this.#time.nanos = time.nanos;
    }
    for (let v = 0; v < variables; v++) {
      this.#columns.values[v]![k] = values[v]!;
      this.#columns.quality[v]![k] = quality[v]!;
    }
    this.#count = k + 1;
    return this.#count === samplesPerMessage ? this.flush() : 0;
  }

  /** Writes what is pending as a message and returns its size; 0 if nothing is pending. */
  flush(): number {
    const count = this.#count;
    if (count === 0) return 0;
    this.#count = 0;
    return this.#encoder.encode(this.#time, this.#columns, 0, count);
  }
}
