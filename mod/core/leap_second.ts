/**
 * A leap second, and what frames say of it by their time stamps.
 *
 * @module
 */
import { LeapFlags } from "./flags.ts";

/** A leap second that is announced, or has been. */
export interface LeapSecond {
  /** UTC midnight at which it falls, or fell: seconds since 1970. */
  readonly atSeconds: number;
  /** Whether a second is taken away, not added. */
  readonly isDeleted: boolean;
}

/** Seconds before midnight from which frames say that a leap second is pending (C37.118.2, table 4). */
const PENDING_SECONDS = 60;
/** Seconds after it for which they say that it has occurred. */
const OCCURRED_SECONDS = 86_400;

/**
 * `Frame.leap` of a frame that is stamped with `utcSeconds`, whole seconds since 1970. It goes by the stamp and not by
 * the moment of sending: a frame that waited over midnight belongs to the second before.
 */
export function leapFlagsAt(second: LeapSecond | undefined, utcSeconds: number): number {
  if (!second) return LeapFlags.None;
  const since = utcSeconds - second.atSeconds;
  if (since < -PENDING_SECONDS || since >= OCCURRED_SECONDS) return LeapFlags.None;
  const direction = second.isDeleted ? LeapFlags.Delete : LeapFlags.None;
  return (since < 0 ? LeapFlags.Pending : LeapFlags.Occurred) | direction;
}
