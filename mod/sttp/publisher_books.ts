/**
 * Where a publisher's session books what became of each measurement.
 *
 * At any moment, for each second of arrival: offered = sent + filtered + queued + dropped.
 *
 * @module
 */

/** Why a measurement of a subscription was not to be sent, by number. */
export const FILTER_REASONS = ["rights", "noCache", "nan", "throttled"] as const;

/** Why a measurement that should have been sent was not, by number. */
export const DROP_REASONS = [
  "slow",
  "oversize",
  "resubscribed",
  "unsubscribed",
  "disconnected",
  "udp",
] as const;

/** Numbers of {@linkcode FILTER_REASONS}. */
export const FilterReason = {
  /** The subscriber has no right to it at this moment. */
  Rights: 0,
  /** No cache that holds the signal is confirmed. */
  NoCache: 1,
  /** It is NaN, and the subscriber asked not to get those. */
  Nan: 2,
  /** A throttled subscription got a newer value of the signal instead. */
  Throttled: 3,
} as const;

/** Numbers of {@linkcode DROP_REASONS}. */
export const DropReason = {
  /** The subscriber was too slow. */
  Slow: 0,
  /** Its frame is larger than the log. */
  Oversize: 1,
  /** The subscriber subscribed anew while it was queued. */
  Resubscribed: 2,
  /** The subscriber unsubscribed while it was queued. */
  Unsubscribed: 3,
  /** The connection ended while it was queued. */
  Disconnected: 4,
  /** There was no room for a datagram. */
  Udp: 5,
} as const;

/**
 * Counts measurements in bulk by arrival (microseconds since 1970); the gateway's delivery ledger fits.
 *
 * Reasons are indexes into {@linkcode FILTER_REASONS} and {@linkcode DROP_REASONS}.
 */
export interface DeliveryCounter {
  /** Measurements that the subscription is about were there. */
  offered(arrivalMicros: number, count: number): void;
  /** Measurements were encoded and handed to the connection. */
  sent(arrivalMicros: number, count: number): void;
  /** Measurements joined the queue, or left it (negative). */
  queued(arrivalMicros: number, count: number): void;
  /** Measurements were not to be sent. */
  filtered(reason: number, arrivalMicros: number, count: number): void;
  /** Measurements should have been sent and were not. */
  dropped(reason: number, arrivalMicros: number, count: number): void;
}
