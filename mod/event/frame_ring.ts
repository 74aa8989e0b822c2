/**
 * The newest frames of one device.
 *
 * @module
 */
import type { Frame } from "../core/mod.ts";
import type { RecordedFrames } from "./frame_record.ts";

/** Bytes of a frame beside its values: time and leap flags. */
const FRAME_BYTES = 13;
/** Bytes of a value with its flags. */
const VALUE_BYTES = 8;

/** A ring of the values of one device; everything is allocated by the constructor. */
export class FrameRing {
  readonly #places: Int32Array;
  readonly #capacity: number;
  readonly #seconds: Float64Array;
  readonly #nanos: Uint32Array;
  readonly #leap: Uint8Array;
  readonly #values: Float32Array; // frame by frame
  readonly #flags: Uint32Array;
  #next = 0;

  /** Holds `capacity` frames, of each the values at `places`. */
  constructor(places: Int32Array, capacity: number) {
    this.#places = places;
    this.#capacity = capacity;
    this.#seconds = new Float64Array(capacity);
    this.#nanos = new Uint32Array(capacity);
    this.#leap = new Uint8Array(capacity);
    this.#values = new Float32Array(capacity * places.length);
    this.#flags = new Uint32Array(capacity * places.length);
  }

  /** Frames of `count` values that there is room for in `bytes`, at least one. */
  static framesIn(bytes: number, count: number): number {
    return Math.max(1, Math.floor(bytes / (FRAME_BYTES + VALUE_BYTES * count)));
  }

  /** Number of the oldest frame that is there. */
  get first(): number {
    return Math.max(0, this.#next - this.#capacity);
  }

  /** Number that the next frame will have. */
  get next(): number {
    return this.#next;
  }

  /** True if the next frame takes the place of the oldest. */
  get isFull(): boolean {
    return this.#next >= this.#capacity;
  }

  /** Time of frame `number`, in microseconds since 1970. */
  micros(number: number): number {
    const at = number % this.#capacity;
    return this.#seconds[at]! * 1e6 + this.#nanos[at]! / 1000;
  }

  /** Copies a lent frame; allocates nothing. */
  add(frame: Frame): void {
    const at = this.#next % this.#capacity, places = this.#places;
    const { values, flags, instant } = frame;
    this.#seconds[at] = instant.seconds;
    this.#nanos[at] = instant.nanos;
    this.#leap[at] = frame.leap;
    for (let i = 0, to = at * places.length; i < places.length; i++, to++) {
      this.#values[to] = values[places[i]!]!;
      this.#flags[to] = flags[places[i]!]!;
    }
    this.#next++;
  }

  /** Copies of the frames with these numbers, column by column. */
  take(numbers: readonly number[]): RecordedFrames {
    const places = numbers.map((number) => number % this.#capacity);
    const width = this.#places.length;
    return {
      count: numbers.length,
      seconds: Float64Array.from(places, (at) => this.#seconds[at]!),
      nanos: Uint32Array.from(places, (at) => this.#nanos[at]!),
      leap: Uint8Array.from(places, (at) => this.#leap[at]!),
      values: Array.from(
        { length: width },
        (_, i) => Float32Array.from(places, (at) => this.#values[at * width + i]!),
      ),
      flags: Array.from(
        { length: width },
        (_, i) => Uint32Array.from(places, (at) => this.#flags[at * width + i]!),
      ),
    };
  }
}
