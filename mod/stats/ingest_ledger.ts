/**
 * The ingest ledger: frames of one source, received = accepted + dropped (by reason), by second of arrival.
 *
 * @module
 */
import { SecondRing } from "./second_ring.ts";

/** What a ledger says of all time or of one second. */
export interface IngestBook {
  /** Frames that came in. */
  readonly received: number;
  /** Frames that went on. */
  readonly accepted: number;
  /** Frames that did not, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** `received - accepted - dropped`: 0 when the books balance. */
  readonly balance: number;
}

/** Counts the frames of one source. Reasons are numbers: indexes into the list given at the start. */
export class IngestLedger {
  /** Words for the reasons, in the order of their numbers. */
  readonly reasons: readonly string[];
  readonly #ring: SecondRing;

  /** Knows `reasons` for dropping and keeps the last `seconds` seconds. */
  constructor(reasons: readonly string[], seconds = 120) {
    this.reasons = reasons;
    this.#ring = new SecondRing(2 + reasons.length, seconds);
  }

  /** A frame came in. `arrivalMicros` is the frame's arrival in all three calls, in microseconds since 1970. */
  received(arrivalMicros: number, count = 1): void {
    this.#ring.add(0, arrivalMicros, count);
  }
  /** A frame went on. */
  accepted(arrivalMicros: number, count = 1): void {
    this.#ring.add(1, arrivalMicros, count);
  }
  /** A frame was dropped for `reason`, an index into `reasons`; another number is a RangeError. */
  dropped(reason: number, arrivalMicros: number, count = 1): void {
    if (!(reason >= 0 && reason < this.reasons.length)) throw unknownReason(reason, this.reasons);
    this.#ring.add(2 + reason, arrivalMicros, count);
  }

  /** `received - accepted - dropped` since the start: 0 when the books balance. */
  balance(): number {
    return bookOf(this.#ring.totals, this.reasons).balance;
  }
  /** Everything since the start. */
  totals(): IngestBook {
    return bookOf(this.#ring.totals, this.reasons);
  }
  /** The seconds that are held, or the `last` of them, oldest first, with their books. */
  bySecond(last: number = Infinity): (IngestBook & { readonly second: number })[] {
    return this.#ring.seconds(last).map((second) => ({
      second,
      ...bookOf(this.#ring.row(second)!, this.reasons),
    }));
  }
}

/** The error for a reason that was not registered. */
export function unknownReason(reason: number, reasons: readonly string[]): RangeError {
  return new RangeError(
    `Cannot book reason ${reason}: expected 0 to ${reasons.length - 1} (${reasons.join(", ")})`,
  );
}

function bookOf(row: Float64Array, reasons: readonly string[]): IngestBook {
  const dropped: Record<string, number> = {};
  let balance = row[0]! - row[1]!;
  reasons.forEach((reason, i) => {
    dropped[reason] = row[2 + i]!;
    balance -= row[2 + i]!;
  });
  return { received: row[0]!, accepted: row[1]!, dropped, balance };
}
