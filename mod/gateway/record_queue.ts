/**
 * Event records on their way to subscribers: one copy of a record, and for each subscriber a place in it.
 *
 * @module
 */
import { encodeRecordPart } from "../event/mod.ts";
import type { BlockTaker } from "../output/sttp/mod.ts";

/** Bytes of an event record in one block. */
const PART_BYTES = 16 * 1024;
/** How soon records that wait are looked at again; twice as late each time that nobody took anything. */
const PUMP_MS = 10;
/** Longest time until then. */
const MAX_PUMP_MS = 160;

/** The waveform signal that carries a record. */
export interface RecordCarrier {
  /** Handle of the signal. */
  readonly handle: number;
  /** The descriptor that goes before its blocks. */
  readonly opening: { readonly version: number; readonly data: Uint8Array };
}

interface Delivery {
  readonly taker: BlockTaker;
  offset: number;
}

interface Held {
  readonly record: string;
  readonly bytes: Uint8Array;
  readonly carrier: RecordCarrier;
  deliveries: Delivery[];
}

/**
 * Gives records to subscribers, to each as it has room: nobody waits for another.
 *
 * When records take more than `maxBytes` the oldest are given up by those that still wait for them.
 */
export class RecordQueue {
  /** Deliveries that are complete. */
  sent = 0;
  /** Deliveries that were given up for want of memory. */
  dropped = 0;
  readonly #maxBytes: number;
  #held: Held[] = [];
  #bytes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Holds at most `maxBytes`. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of records that somebody waits for. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a record, lent, for these subscribers; returns how many deliveries were given up for it. */
  add(
    record: string,
    lent: Uint8Array,
    carrier: RecordCarrier,
    takers: readonly BlockTaker[],
  ): number {
    if (takers.length === 0) return 0;
    const before = this.dropped;
    if (lent.length > this.#maxBytes) this.dropped += takers.length;
    else {
      const deliveries = takers.map((taker) => ({ taker, offset: 0 }));
      this.#held.push({ record, bytes: lent.slice(), carrier, deliveries });
      this.#bytes += lent.length;
      while (this.#bytes > this.#maxBytes) {
        const oldest = this.#held.shift()!; // there is one: the newest alone is not too large
        this.#bytes -= oldest.bytes.length;
        this.dropped += oldest.deliveries.length;
      }
    }
    this.#pump(PUMP_MS);
    return this.dropped - before;
  }

  /** Forgets all. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#held = [];
    this.#bytes = 0;
  }

  /** Hands over what every subscriber has room for, one record after the other to each. */
  #pump(waitMs: number): void {
    clearTimeout(this.#timer);
    const busy = new Set<BlockTaker>();
    let any = false;
    this.#held = this.#held.filter((held) => {
      held.deliveries = held.deliveries.filter((delivery) => {
        if (busy.has(delivery.taker)) return true;
        const { offset } = delivery;
        const isDone = this.#send(held, delivery);
        any ||= isDone || delivery.offset > offset;
        if (!isDone) busy.add(delivery.taker);
        return !isDone;
      });
      if (held.deliveries.length > 0) return true;
      this.#bytes -= held.bytes.length;
      return false;
    });
    if (this.#held.length === 0) return;
    const nextMs = any ? PUMP_MS : Math.min(2 * waitMs, MAX_PUMP_MS);
    this.#timer = setTimeout(() => this.#pump(nextMs), nextMs);
  }

  /** Sends parts of a record to one subscriber; true if that is done with. */
  #send({ record, bytes, carrier }: Held, delivery: Delivery): boolean {
    const { handle, opening } = carrier;
    for (;;) {
      const room = delivery.taker.room(handle);
      if (room === undefined) return true; // it has gone
      // Some room is left to live messages, so that no part gives way to them.
      if (room < 4 * PART_BYTES) return false;
      const part = encodeRecordPart(record, bytes, delivery.offset, PART_BYTES);
      delivery.taker.publish(handle, part, opening);
      delivery.offset += PART_BYTES;
      if (delivery.offset < bytes.length) continue;
      this.sent++;
      return true;
    }
  }
}
