/**
 * Event records on their way over the link, in parts that leave room for frames.
 *
 * @module
 */
import { DecodeError, uuidFromBytes, uuidToBytes } from "../../core/mod.ts";
import type { RecordRing } from "./record_ring.ts";
import { RECORD_HEADER, RecordType } from "./records.ts";

/** Octets of an event record in one record of the link. */
const PART_BYTES = 32 * 1024;
/** Octets before the part: number, total, offset, length, identity. */
const PART_HEADER = 32;
/** Longest event record that is put together. */
const MAX_BYTES = 64 * 1024 * 1024;

/** An event record on its way. */
export interface EventParcel {
  /** Number of its stream in the options of the input. */
  readonly stream: number;
  /** Identity of the record. */
  readonly id: string;
  /** The record. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Octets of the link's record for `length` octets of an event record. */
function partRecordBytes(length: number): number {
  return (RECORD_HEADER + PART_HEADER + length + 7) & ~7;
}

/** Keeps finished event records until they have left. */
export class EventOutbox {
  readonly #out: RecordRing;
  readonly #limit: number;
  readonly #records: EventParcel[] = [];
  #bytes = 0;
  #number = 0;
  #offset = 0;
  #dropped = 0;

  /** Writes to `out`; holds at most `limit` octets. */
  constructor(out: RecordRing, limit: number) {
    this.#out = out;
    this.#limit = limit;
  }

  /** Octets that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Records that had no room. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes a record; one that has no room is dropped and counted. */
  add(parcel: EventParcel): void {
    const { length } = parcel.bytes;
    if (this.#bytes + length > this.#limit) {
      this.#dropped++;
      return;
    }
    this.#records.push(parcel);
    this.#bytes += length;
  }

  /** Sends what there is room for, leaving half of the link to frames; true if something left. */
  pump(): boolean {
    let any = false;
    for (let parcel; (parcel = this.#records[0]) && !this.#out.isHalfFull;) {
      const { bytes: record, stream, id } = parcel;
      const length = Math.min(PART_BYTES, record.length - this.#offset);
      const at = this.#out.begin(partRecordBytes(length), RecordType.EventRecord, stream);
      if (at < 0) return any;
      const { view, bytes } = this.#out;
      view.setUint32(at + 8, this.#number, true);
      view.setUint32(at + 12, record.length, true);
      view.setUint32(at + 16, this.#offset, true);
      view.setUint32(at + 20, length, true);
      uuidToBytes(id, bytes, at + 24);
      bytes.set(record.subarray(this.#offset, this.#offset + length), at + 40);
      this.#out.commit();
      any = true;
      this.#offset += length;
      if (this.#offset < record.length) continue;
      this.#records.shift();
      this.#bytes -= record.length;
      this.#offset = 0;
      this.#number = (this.#number + 1) >>> 0;
    }
    return any;
  }
}

/** Puts the parts of one Worker's event records together again. */
export class EventInbox {
  #number = -1;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #filled = 0;

  /**
   * Takes the part at `at`; the whole record when it is complete, which is the caller's.
   *
   * Throws a DecodeError for a part that does not follow the one before; the next record begins anew.
   */
  take(view: DataView, at: number, length: number): EventParcel | undefined {
    if (length < RECORD_HEADER + PART_HEADER) throw wrong("length", length);
    const number = view.getUint32(at + 8, true), total = view.getUint32(at + 12, true);
    const offset = view.getUint32(at + 16, true), part = view.getUint32(at + 20, true);
    if (partRecordBytes(part) !== length) throw wrong("octets of the part", part);
    if (offset === 0) {
      if (total > MAX_BYTES) throw wrong("octets of the record", total);
      this.#number = number;
      this.#bytes = new Uint8Array(total);
      this.#filled = 0;
    }
    const isNext = number === this.#number && offset === this.#filled &&
      total === this.#bytes.length && offset + part <= total;
    if (!isNext) {
      this.#number = -1;
      throw wrong("offset", offset);
    }
    const from = view.byteOffset + at + RECORD_HEADER + PART_HEADER;
    this.#bytes.set(new Uint8Array(view.buffer, from, part), offset);
    this.#filled += part;
    if (this.#filled < total) return undefined;
    const whole = this.#bytes;
    this.#number = -1;
    this.#bytes = new Uint8Array(0);
    const identity = new Uint8Array(view.buffer, view.byteOffset + at + 24, 16);
    return { stream: view.getUint16(at + 6, true), id: uuidFromBytes(identity), bytes: whole };
  }
}

function wrong(field: string, value: number): DecodeError {
  return new DecodeError(
    "eventPart",
    `Cannot read a part of an event record: expected the next part, found ${field} ${value}`,
    { field, value },
  );
}
