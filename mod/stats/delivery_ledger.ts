/**
 * The delivery ledger: measurements for one subscriber, offered = sent + filtered + queued + dropped, by second of arrival.
 *
 * @module
 */
import { unknownReason } from "./ingest_ledger.ts";
import { SecondRing } from "./second_ring.ts";

/** What a ledger says of all time or of one second. */
export interface DeliveryBook {
  /** Measurements that could have gone to the subscriber. */
  readonly offered: number;
  /** Measurements that were encoded and handed to its connection. */
  readonly sent: number;
  /** Measurements that it was not to have, by reason (not subscribed, no right, throttled ...). */
  readonly filtered: Readonly<Record<string, number>>;
  /** Measurements that wait now. */
  readonly queued: number;
  /** Measurements that it should have had and did not get, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** `offered - sent - filtered - queued - dropped`: 0 when the books balance. */
  readonly balance: number;
}

/** Counts the measurements for one subscriber, in bulk. Reasons are numbers: indexes into the lists given at the start. */
export class DeliveryLedger {
  /** Words for the reasons of filtering, in the order of their numbers. */
  readonly filterReasons: readonly string[];
  /** Words for the reasons of dropping, in the order of their numbers. */
  readonly dropReasons: readonly string[];
  readonly #ring: SecondRing;

  /** Knows the reasons and keeps the last `seconds` seconds. */
  constructor(filterReasons: readonly string[], dropReasons: readonly string[], seconds = 120) {
    this.filterReasons = filterReasons;
    this.dropReasons = dropReasons;
    this.#ring = new SecondRing(3 + filterReasons.length + dropReasons.length, seconds);
  }

  /** `count` measurements of a frame were there. `arrivalMicros` is the frame's arrival in all calls, microseconds since 1970. */
  offered(arrivalMicros: number, count: number): void {
    this.#ring.add(0, arrivalMicros, count);
  }
  /** `count` measurements were sent. */
  sent(arrivalMicros: number, count: number): void {
    this.#ring.add(1, arrivalMicros, count);
  }
  /** `count` measurements joined the queue (positive) or left it (negative), wherever they went then. */
  queued(arrivalMicros: number, count: number): void {
    this.#ring.add(2, arrivalMicros, count);
  }
  /** `count` measurements were filtered out for `reason`; an unknown number is a RangeError. */
  filtered(reason: number, arrivalMicros: number, count: number): void {
    if (!(reason >= 0 && reason < this.filterReasons.length)) {
      throw unknownReason(reason, this.filterReasons);
    }
    this.#ring.add(3 + reason, arrivalMicros, count);
  }
  /** `count` measurements were dropped for `reason`; an unknown number is a RangeError. */
  dropped(reason: number, arrivalMicros: number, count: number): void {
    if (!(reason >= 0 && reason < this.dropReasons.length)) {
      throw unknownReason(reason, this.dropReasons);
    }
    this.#ring.add(3 + this.filterReasons.length + reason, arrivalMicros, count);
  }

  /** `offered - sent - filtered - queued - dropped` since the start: 0 when the books balance. */
  balance(): number {
    return this.totals().balance;
  }
  /** Everything since the start. */
  totals(): DeliveryBook {
    return this.#bookOf(this.#ring.totals);
  }
  /** The seconds that are held, oldest first, with their books. */
  bySecond(): (DeliveryBook & { readonly second: number })[] {
    return this.#ring.seconds().map((second) => ({
      second,
      ...this.#bookOf(this.#ring.row(second)!),
    }));
  }

  #bookOf(row: Float64Array): DeliveryBook {
    const filtered: Record<string, number> = {};
    const dropped: Record<string, number> = {};
    const split = 3 + this.filterReasons.length;
    let balance = row[0]! - row[1]! - row[2]!;
    for (let i = 3; i < row.length; i++) balance -= row[i]!;
    this.filterReasons.forEach((reason, i) => filtered[reason] = row[3 + i]!);
    this.dropReasons.forEach((reason, i) => dropped[reason] = row[split + i]!);
    return { offered: row[0]!, sent: row[1]!, filtered, queued: row[2]!, dropped, balance };
  }
}
