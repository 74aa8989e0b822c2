/**
 * The TSSC encoder (specs/sttp.md 9): writes packets in place, without allocation per measurement.
 *
 * @module
 */
import { MAX_PACKET_DATA } from "./constants.ts";
import {
  adapt,
  CODES,
  CONTROL,
  FLAGS_1,
  FLAGS_2,
  NEXT_ID,
  ONE_LEFT,
  POINT_WORDS,
  TSSC_HEADER_SIZE,
  TSSC_VERSION,
  TsscCode,
  TsscPoints,
  TsscTime,
  VALUE_1,
  VALUE_2,
  VALUE_3,
} from "./tssc_state.ts";

/** Room that must be left for a measurement to be taken (9.8 step 1). */
const RESERVE = 100;

/** Measurements of one time, as a frame log and a plan hold them. */
export interface MeasurementRun {
  /** Values as bit patterns, and flags. */
  readonly words: Int32Array;
  /** Where the values begin in `words`. */
  readonly valuesAt: number;
  /** Where the flags begin in `words`. */
  readonly flagsAt: number;
  /** By measurement: place of its value behind `valuesAt`, and of its flags behind `flagsAt`. */
  readonly positions: Int32Array;
  /** By measurement: signal index. */
  readonly indexes: Int32Array;
}

/**
 * One encoder belongs to one subscriber and one signal index cache.
 *
 * `begin`, `add` until it refuses or the packet is large enough, `end`; state goes on from packet to
 * packet until `reset`.
 */
export class TsscEncoder {
  readonly #points = new TsscPoints();
  readonly #time = new TsscTime();
  #last = 0;
  #sequence = 0;
  #count = 0;
  #out: Uint8Array = new Uint8Array(0);
  #pos = 0;
  #limit = -1;
  // The bit stream: bits that are not written yet, how many, and the byte that is reserved for them.
  #acc = 0;
  #bits = 0;
  #slot = -1;

  /** Starts anew: the next packet has sequence number 0. A packet that is begun is abandoned. */
  reset(): void {
    this.#points.clear();
    this.#time.clear();
    this.#last = 0;
    this.#sequence = 0;
    this.#limit = -1;
    this.#count = 0;
  }

  /** Sequence number of the packet that is begun, or else of the next one. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Measurements in the packet so far. */
  get count(): number {
    return this.#count;
  }

  /** Bytes that the packet has so far, version and sequence number included, counted from `offset`. */
  position(offset: number): number {
    return this.#pos - offset;
  }

  /**
   * Begins a packet at `offset` of `out`: version byte, sequence number, then a block of at most
   * 32,768 bytes or what room there is.
   */
  begin(out: Uint8Array, offset: number): void {
    out[offset] = TSSC_VERSION;
    out[offset + 1] = this.#sequence >>> 8;
    out[offset + 2] = this.#sequence;
    const start = offset + TSSC_HEADER_SIZE;
    this.#out = out;
    this.#pos = start;
    this.#limit = Math.min(start + MAX_PACKET_DATA, out.length) - RESERVE;
    this.#acc = 0;
    this.#bits = 0;
    this.#slot = -1;
    this.#count = 0;
  }

  /**
   * Adds a measurement; false if the packet is full, in which case nothing has changed.
   *
   * `id` is the signal index. Halves of ticks, flags and bits of the value may be given signed or
   * unsigned.
   */
  add(id: number, ticksHi: number, ticksLo: number, flags: number, valueBits: number): boolean {
    if (this.#pos > this.#limit) return false;
    const point = this.#points.of(id);
    const words = this.#points.words;
    const at = point * POINT_WORDS;
    const lastAt = this.#last * POINT_WORDS;
    const next = words[lastAt + NEXT_ID]!;
    if (next !== id) {
      words[lastAt + NEXT_ID] = id;
      this.#writeId(next ^ id);
    }
    const hi = ticksHi | 0, lo = ticksLo | 0;
    if (lo !== this.#time.lo || hi !== this.#time.hi) this.#writeTime(hi, lo);
    const state = flags | 0;
    if (state !== words[at + FLAGS_1]) {
      this.#writeFlags(state, words[at + FLAGS_2]!);
      words[at + FLAGS_2] = words[at + FLAGS_1]!;
      words[at + FLAGS_1] = state;
    }
    const raw = valueBits | 0;
    const v1 = words[at + VALUE_1]!;
    if (raw === v1) {
      this.#code(TsscCode.Value1);
    } else {
      const v2 = words[at + VALUE_2]!;
      if (raw === v2) {
        this.#code(TsscCode.Value2);
      } else {
        if (raw === words[at + VALUE_3]) this.#code(TsscCode.Value3);
        else if (raw === 0) this.#code(TsscCode.ValueZero);
        else this.#writeValue(raw ^ v1);
        words[at + VALUE_3] = v2;
      }
      words[at + VALUE_2] = v1;
      words[at + VALUE_1] = raw;
    }
    this.#last = point;
    this.#count++;
    return true;
  }

  /**
   * Adds the measurements `from` to below `to` of a run, until the packet is full; returns the first that was not added.
   *
   * Does what `add` does for each of them, with the state of the bit stream in local variables: nearly all measurements
   * of a stream follow the one that they followed the last time, with the same flags.
   */
  addRun(
    run: MeasurementRun,
    from: number,
    to: number,
    ticksHi: number,
    ticksLo: number,
  ): number {
    const { words: source, valuesAt, flagsAt, positions, indexes } = run;
    if (from >= to) return from;
    const first = positions[from]!;
    const isAdded = this.add(
      indexes[from]!,
      ticksHi,
      ticksLo,
      source[flagsAt + first]!,
      source[valuesAt + first]!,
    );
    if (!isAdded) return from;
    const points = this.#points, out = this.#out, limit = this.#limit;
    let { words, counts, dense } = points;
    let pos = this.#pos, acc = this.#acc, bits = this.#bits, slot = this.#slot, last = this.#last;
    let i = from + 1;
    for (; i < to && pos <= limit; i++) {
      const id = indexes[i]!, position = positions[i]!;
      const state = source[flagsAt + position]!, raw = source[valuesAt + position]!;
      const lastAt = last * POINT_WORDS;
      const point = id >= 0 && id < dense.length ? dense[id]! : 0;
      const at = point * POINT_WORDS;
      if (point === 0 || words[lastAt + NEXT_ID] !== id || words[at + FLAGS_1] !== state) {
        this.#pos = pos;
        this.#acc = acc;
        this.#bits = bits;
        this.#slot = slot;
        this.#last = last;
        this.add(id, ticksHi, ticksLo, state, raw); // there is room: it is added
        ({ words, counts, dense } = points);
        pos = this.#pos;
        acc = this.#acc;
        bits = this.#bits;
        slot = this.#slot;
        last = this.#last;
        this.#count--; // it is counted below
        continue;
      }
      let code: number = TsscCode.Value1, x = 0, nibbles = 0;
      const v1 = words[at + VALUE_1]!;
      if (raw !== v1) {
        const v2 = words[at + VALUE_2]!;
        if (raw === v2) code = TsscCode.Value2;
        else {
          if (raw === words[at + VALUE_3]) code = TsscCode.Value3;
          else if (raw === 0) code = TsscCode.ValueZero;
          else {
            x = raw ^ v1;
            nibbles = (35 - Math.clz32(x)) >> 2;
            code = TsscCode.ValueZero + nibbles;
          }
          words[at + VALUE_3] = v2;
        }
        words[at + VALUE_2] = v1;
        words[at + VALUE_1] = raw;
      }
      let control = words[lastAt + CONTROL]!;
      let value = 1, size = 1;
      if (code !== (control & 63)) {
        if (code === ((control >> 6) & 63)) size = 2;
        else if (code === ((control >> 12) & 63)) size = 3;
        else {
          value = code;
          size = 4 + ((control >> 18) & 7);
        }
      }
      counts[last * CODES + code]!++;
      control -= ONE_LEFT;
      words[lastAt + CONTROL] = control < ONE_LEFT ? adapt(counts, last * CODES, control) : control;
      last = point;
      if (slot < 0) slot = pos++;
      acc = (acc << size) | value;
      bits += size;
      if (bits >= 8) {
        bits -= 8;
        out[slot] = acc >> bits;
        acc &= (1 << bits) - 1;
        slot = bits > 0 ? pos++ : -1;
      }
      if (nibbles & 1) {
        if (slot < 0) slot = pos++;
        acc = (acc << 4) | (x & 15);
        bits += 4;
        x >>>= 4;
        if (bits >= 8) {
          bits -= 8;
          out[slot] = acc >> bits;
          acc &= (1 << bits) - 1;
          slot = bits > 0 ? pos++ : -1;
        }
      }
      for (nibbles >>= 1; nibbles > 0; nibbles--) {
        out[pos++] = x;
        x >>>= 8;
      }
    }
    this.#pos = pos;
    this.#acc = acc;
    this.#bits = bits;
    this.#slot = slot;
    this.#last = last;
    this.#count += i - from - 1;
    return i;
  }

  /** Ends the packet and returns the offset behind it; the sequence number advances, past 0 (9.2). */
  end(): number {
    if (this.#bits > 0) {
      this.#code(TsscCode.End);
      if (this.#bits > 0) this.#out[this.#slot] = this.#acc << (8 - this.#bits);
    }
    this.#sequence = this.#sequence === 65535 ? 1 : this.#sequence + 1;
    this.#limit = -1;
    return this.#pos;
  }

  #writeId(x: number): void {
    const nibbles = (35 - Math.clz32(x)) >> 2;
    this.#code(Math.min(nibbles, 7));
    this.#xor(x, nibbles === 7 ? 8 : nibbles);
  }

  #writeValue(x: number): void {
    const nibbles = (35 - Math.clz32(x)) >> 2;
    this.#code(TsscCode.ValueZero + nibbles);
    this.#xor(x, nibbles);
  }

  #writeTime(hi: number, lo: number): void {
    const time = this.#time;
    const code = time.codeOf(hi, lo);
    this.#code(code);
    if (code === TsscCode.TimeXor) this.#varint64((hi ^ time.hi) >>> 0, (lo ^ time.lo) >>> 0);
    time.advance(hi, lo);
  }

  #writeFlags(flags: number, before: number): void {
    if (flags === before) {
      this.#code(TsscCode.FlagsBefore);
      return;
    }
    this.#code(TsscCode.FlagsNew);
    const out = this.#out;
    let rest = flags >>> 0;
    while (rest > 127) {
      out[this.#pos++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    out[this.#pos++] = rest;
  }

  /** Writes a code through the last point (9.7), and counts it there. */
  #code(code: number): void {
    const last = this.#last;
    const { words, counts } = this.#points;
    const at = last * POINT_WORDS + CONTROL;
    let control = words[at]!;
    let value = 1, size = 1;
    if (code !== (control & 63)) {
      if (code === ((control >> 6) & 63)) size = 2;
      else if (code === ((control >> 12) & 63)) size = 3;
      else {
        value = code;
        size = 4 + ((control >> 18) & 7);
      }
    }
    counts[last * CODES + code]!++;
    control -= ONE_LEFT;
    words[at] = control < ONE_LEFT ? adapt(counts, last * CODES, control) : control;
    this.#writeBits(value, size);
  }

  #writeBits(value: number, size: number): void {
    if (this.#slot < 0) this.#slot = this.#pos++;
    const acc = (this.#acc << size) | value;
    const bits = this.#bits + size;
    if (bits < 8) {
      this.#acc = acc;
      this.#bits = bits;
      return;
    }
    const rest = bits - 8;
    this.#out[this.#slot] = acc >> rest;
    this.#acc = acc & ((1 << rest) - 1);
    this.#bits = rest;
    this.#slot = rest > 0 ? this.#pos++ : -1;
  }

  /** Writes `nibbles` times four bits of an XOR value (9.6). */
  #xor(x: number, nibbles: number): void {
    let rest = x;
    if (nibbles & 1) {
      this.#writeBits(x & 15, 4);
      rest = x >>> 4;
    }
    const out = this.#out;
    let pos = this.#pos;
    for (let i = nibbles >> 1; i > 0; i--) {
      out[pos++] = rest;
      rest >>>= 8;
    }
    this.#pos = pos;
  }

  /** Seven bits per byte, least significant first; a ninth byte holds the top eight (9.6). */
  #varint64(hi: number, lo: number): void {
    const out = this.#out;
    for (let i = 0; i < 8; i++) {
      const group = lo & 127;
      lo = ((lo >>> 7) | (hi << 25)) >>> 0;
      hi >>>= 7;
      if (hi === 0 && lo === 0) {
        out[this.#pos++] = group;
        return;
      }
      out[this.#pos++] = group | 128;
    }
    out[this.#pos++] = lo;
  }
}
