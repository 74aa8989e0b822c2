/**
 * Sends the measurements of a subscription in data packets of a good size.
 *
 * @module
 */
import { type DeliveryCounter, DropReason } from "./publisher_books.ts";
import type { PacketWriter } from "./publisher_packets.ts";
import type { MeasurementRun } from "./tssc_encoder.ts";

/** A packet is sent when it has reached this size, also when more frames wait. */
const TARGET_PACKET_BYTES = 12_288;

/** Where packets go. */
export interface PacketOutput {
  /** Sends the time of the first measurement (5.5 step 8). */
  startTime(ticksHi: number, ticksLo: number): void;
  /** Sends one whole data packet frame, lent for the call; false if there was no room for it. */
  packet(frame: Uint8Array): boolean;
}

/** Arrival of what is not booked when it goes out. */
export const NOT_BOOKED = -1;

const MICROS = 1e6;

/** Fills packets, sends them, and books what is in them as sent or dropped. */
export class PacketSender {
  /** Data packets that were sent. */
  packets = 0;
  /** Measurements that were sent. */
  measurements = 0;
  /** Bytes of the packets that were made. */
  bytes = 0;
  /** Upper half of the time that was set last; 0 before that. */
  ticksHi = 0;
  /** Lower half of the time that was set last. */
  ticksLo = 0;
  readonly #writer: PacketWriter;
  readonly #out: PacketOutput;
  readonly #books: DeliveryCounter;
  // What is in the open packet, by second of arrival.
  readonly #seconds: number[] = [];
  readonly #counts: number[] = [];
  #marks = 0;
  #marked = 0;
  #second = NOT_BOOKED;
  #started = false;

  /** Sends what `writer` makes to `out`. */
  constructor(writer: PacketWriter, out: PacketOutput, books: DeliveryCounter) {
    this.#writer = writer;
    this.#out = out;
    this.#books = books;
  }

  /** Begins afresh for another cache; nothing may be open. */
  reset(): void {
    this.#writer.reset();
  }

  /** Sets the cache, the time and the second of arrival (or `NOT_BOOKED`) of what is added next. */
  begin(cacheIndex: 0 | 1, ticksHi: number, ticksLo: number, arrivalSecond: number): void {
    if (arrivalSecond !== this.#second) {
      this.#mark();
      this.#second = arrivalSecond;
    }
    this.ticksHi = ticksHi;
    this.ticksLo = ticksLo;
    this.#writer.begin(cacheIndex, ticksHi, ticksLo);
  }

  /** Adds a measurement; a packet that is full goes out first. */
  add(signalIndex: number, flags: number, valueBits: number): void {
    if (this.#writer.add(signalIndex, flags, valueBits)) return;
    this.flush();
    this.#writer.add(signalIndex, flags, valueBits);
  }

  /** Adds the first `count` measurements of a run; packets that are full go out first. */
  addRun(run: MeasurementRun, count: number): void {
    for (let from = this.#writer.addRun(run, 0, count); from < count;) {
      this.flush();
      const next = this.#writer.addRun(run, from, count);
      if (next === from) throw new RangeError("Cannot add a measurement to an empty packet");
      from = next;
    }
  }

  /** Sends the open packet if it is large enough. */
  flushIfLarge(): void {
    if (this.#writer.dataBytes >= TARGET_PACKET_BYTES) this.flush();
  }

  /** Sends the open packet, if there is one. */
  flush(): void {
    const writer = this.#writer;
    if (writer.count === 0) return;
    if (!this.#started) this.#out.startTime(writer.firstHi, writer.firstLo);
    this.#started = true;
    this.#mark();
    const { count } = writer;
    const frame = writer.end();
    this.bytes += frame.length;
    const sent = this.#out.packet(frame);
    if (sent) {
      this.packets++;
      this.measurements += count;
    }
    this.#book(sent);
  }

  /** Notes how much of the open packet is of the second so far. */
  #mark(): void {
    const count = this.#writer.count - this.#marked;
    if (count === 0) return;
    this.#seconds[this.#marks] = this.#second;
    this.#counts[this.#marks++] = count;
    this.#marked += count;
  }

  #book(sent: boolean): void {
    for (let i = 0; i < this.#marks; i++) {
      const second = this.#seconds[i]!, count = this.#counts[i]!;
      if (second === NOT_BOOKED) continue;
      if (sent) this.#books.sent(second * MICROS, count);
      else this.#books.dropped(DropReason.Udp, second * MICROS, count);
    }
    this.#marks = 0;
    this.#marked = 0;
  }
}
