/**
 * What is decided about a peer.
 *
 * @module
 */

/** Why a peer is refused, as a stable word for counters. */
export type RefusalReason =
  | "noCertificate"
  | "unknownCertificate"
  | "malformedCertificate"
  | "expired"
  | "notYetValid"
  | "wrongIssuer"
  | "wrongUsage"
  | "revoked"
  | "disabled"
  | "addressNotAllowed";

/** A peer that is known. */
export interface Identified {
  /** Name of the subscriber in the configuration. */
  readonly name: string;
  /** Never there. */
  readonly refused?: undefined;
}

/** A peer that is turned away. */
export interface Refused {
  /** Why. */
  readonly refused: RefusalReason;
  /** Why, in a sentence for people. */
  readonly message: string;
  /** Name of the subscriber that it would have been, where that much is certain; for the log only. */
  readonly subscriber?: string;
}

/** Who a peer is, or why it is turned away; told apart by `refused`. */
export type Verdict = Identified | Refused;
