/**
 * Writers of data packets: whole response frames in a buffer that is used again (specs/sttp.md 7 to 9).
 *
 * @module
 */
import { type CompactFormat, MAX_COMPACT_BYTES, writeCompact } from "./compact.ts";
import { Command, MAX_PACKET_DATA, Response } from "./constants.ts";
import { DATA_PACKET_HEADER_SIZE, writeDataPacketHeader } from "./data_packet.ts";
import { RESPONSE_HEADER_SIZE, writeResponseHeader } from "./framing.ts";
import { type MeasurementRun, TsscEncoder } from "./tssc_encoder.ts";
import { TSSC_HEADER_SIZE } from "./tssc_state.ts";

/** Where the measurements of a packet begin in its frame. */
const DATA_AT = RESPONSE_HEADER_SIZE + DATA_PACKET_HEADER_SIZE;

/** Writes data packets one after the other. */
export interface PacketWriter {
  /** Measurements in the open packet; 0 when none is open. */
  readonly count: number;
  /** Bytes that the open packet has at least. */
  readonly dataBytes: number;
  /** Upper half of the ticks of the packet's first measurement. */
  readonly firstHi: number;
  /** Lower half of the ticks of the packet's first measurement. */
  readonly firstLo: number;
  /** Begins afresh for another cache, without an open packet. */
  reset(): void;
  /** Sets the cache and the time of what is added next. */
  begin(cacheIndex: 0 | 1, ticksHi: number, ticksLo: number): void;
  /** Adds a measurement, opening a packet if none is; false if the packet is full and must be ended first. */
  add(signalIndex: number, flags: number, valueBits: number): boolean;
  /** Adds the measurements `from` to below `to` as `add` does; returns the first for which the packet was full. */
  addRun(run: MeasurementRun, from: number, to: number): number;
  /** Ends the open packet and returns its frame, lent until the next call. */
  end(): Uint8Array;
}

/** Writes TSSC packets. */
export class TsscPackets implements PacketWriter {
  count = 0;
  firstHi = 0;
  firstLo = 0;
  readonly #frame = new Uint8Array(DATA_AT + TSSC_HEADER_SIZE + MAX_PACKET_DATA);
  readonly #encoder = new TsscEncoder();
  #cacheIndex: 0 | 1 = 0;
  #hi = 0;
  #lo = 0;

  get dataBytes(): number {
    return this.count === 0 ? 0 : this.#encoder.position(DATA_AT);
  }

  reset(): void {
    this.count = 0;
    this.#encoder.reset();
  }

  begin(cacheIndex: 0 | 1, ticksHi: number, ticksLo: number): void {
    this.#cacheIndex = cacheIndex;
    this.#hi = ticksHi;
    this.#lo = ticksLo;
  }

  add(signalIndex: number, flags: number, valueBits: number): boolean {
    if (this.count === 0) this.#open();
    if (!this.#encoder.add(signalIndex, this.#hi, this.#lo, flags, valueBits)) return false;
    this.count++;
    return true;
  }

  addRun(run: MeasurementRun, from: number, to: number): number {
    if (from >= to) return from;
    if (this.count === 0) this.#open();
    const next = this.#encoder.addRun(run, from, to, this.#hi, this.#lo);
    this.count += next - from;
    return next;
  }

  end(): Uint8Array {
    const end = this.#encoder.end();
    return finish(this.#frame, end, true, this.#cacheIndex, this);
  }

  #open(): void {
    this.firstHi = this.#hi;
    this.firstLo = this.#lo;
    this.#encoder.begin(this.#frame, DATA_AT);
  }
}

/** Writes packets of compact measurements. */
export class CompactPackets implements PacketWriter {
  count = 0;
  firstHi = 0;
  firstLo = 0;
  readonly #frame: Uint8Array;
  readonly #format: CompactFormat;
  #at = DATA_AT;
  #cacheIndex: 0 | 1 = 0;
  #hi = 0;
  #lo = 0;

  /**
   * Writes in `format`, whose base times may change between packets, at most `maxDataBytes` of
   * measurements into one packet.
   */
  constructor(format: CompactFormat, maxDataBytes: number = MAX_PACKET_DATA) {
    this.#frame = new Uint8Array(DATA_AT + maxDataBytes);
    this.#format = format;
  }

  get dataBytes(): number {
    return this.#at - DATA_AT;
  }

  reset(): void {
    this.count = 0;
    this.#at = DATA_AT;
  }

  begin(cacheIndex: 0 | 1, ticksHi: number, ticksLo: number): void {
    this.#cacheIndex = cacheIndex;
    this.#hi = ticksHi;
    this.#lo = ticksLo;
  }

  add(signalIndex: number, flags: number, valueBits: number): boolean {
    if (this.#at + MAX_COMPACT_BYTES > this.#frame.length) return false;
    if (this.count === 0) {
      this.firstHi = this.#hi;
      this.firstLo = this.#lo;
    }
    this.#at = writeCompact(
      this.#frame,
      this.#at,
      this.#format,
      signalIndex,
      this.#hi,
      this.#lo,
      flags,
      valueBits,
    );
    this.count++;
    return true;
  }

  addRun(run: MeasurementRun, from: number, to: number): number {
    const { words, valuesAt, flagsAt, positions, indexes } = run;
    for (let i = from; i < to; i++) {
      const at = positions[i]!;
      if (!this.add(indexes[i]!, words[flagsAt + at]!, words[valuesAt + at]!)) return i;
    }
    return to;
  }

  end(): Uint8Array {
    const frame = finish(this.#frame, this.#at, false, this.#cacheIndex, this);
    this.#at = DATA_AT;
    return frame;
  }
}

/** Writes the heads of the packet that ends at `end`, and counts from 0 again. */
function finish(
  frame: Uint8Array,
  end: number,
  tssc: boolean,
  cacheIndex: 0 | 1,
  writer: { count: number },
): Uint8Array {
  writeResponseHeader(
    frame,
    0,
    Response.DataPacket,
    Command.Subscribe,
    end - RESPONSE_HEADER_SIZE,
  );
  writeDataPacketHeader(frame, RESPONSE_HEADER_SIZE, tssc, cacheIndex, writer.count);
  writer.count = 0;
  return frame.subarray(0, end);
}
