/**
 * The books of those who take a stream: offered = sent + filtered + queued + dropped, in measurements.
 *
 * @module
 */
import { DeliveryLedger } from "../../stats/mod.ts";
import type { FrameContent } from "./served_stream.ts";

const FILTER_REASONS = ["rights", "noPlace", "notStarted"] as const;
const DROP_REASONS = ["slow", "disconnected", "udp", "noConfiguration"] as const;
const RIGHTS = 0, NO_PLACE = 1, NOT_STARTED = 2;

/** Why a measurement was dropped, by number. */
export const Drop = {
  /** More waited for the client than may wait. */
  Slow: 0,
  /** The client went away. */
  Disconnected: 1,
  /** A datagram did not find room in the kernel, or is too large. */
  Udp: 2,
  /** There is no configuration, so that there is no frame. */
  NoConfiguration: 3,
} as const;

/** The books of one client by name, or of one destination, over all its connections. */
export class TakerBooks {
  /** Its ledger. */
  readonly ledger: DeliveryLedger = new DeliveryLedger(FILTER_REASONS, DROP_REASONS);

  /** A frame of `total` values was there; `content` is what it became, undefined if it became none. */
  offered(arrivalMicros: number, total: number, content: FrameContent | undefined): void {
    const { ledger } = this;
    ledger.offered(arrivalMicros, total);
    if (!content) {
      ledger.dropped(Drop.NoConfiguration, arrivalMicros, total);
      return;
    }
    if (content.withheld > 0) ledger.filtered(RIGHTS, arrivalMicros, content.withheld);
    if (content.unplaced > 0) ledger.filtered(NO_PLACE, arrivalMicros, content.unplaced);
  }

  /** A frame of `total` values was there, which the client has not asked for. */
  notStarted(arrivalMicros: number, total: number): void {
    this.ledger.offered(arrivalMicros, total);
    this.ledger.filtered(NOT_STARTED, arrivalMicros, total);
  }
}
