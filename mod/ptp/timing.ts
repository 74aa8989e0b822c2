/**
 * Delay and offset from time stamps and corrections (IEEE 1588, 11.2 to 11.4); exact, in 2^-16 ns.
 *
 * @module
 */
import { type PtpTimestamp, timestampDifference } from "./identity.ts";
import {
  addIntervals,
  halfInterval,
  subtractIntervals,
  type TimeInterval,
  ZERO_INTERVAL,
} from "./interval.ts";

/** A Sync as it left and as it came. */
export interface SyncTimes {
  /** When the master sent it: of the Sync when it is one-step, else of the Follow_Up. */
  readonly t1: PtpTimestamp;
  /** When it was received. */
  readonly t2: PtpTimestamp;
  /** Corrections of Sync and, when it is two-step, Follow_Up, added. */
  readonly correction: TimeInterval;
}

/** A Delay_Req as it left, and its Delay_Resp. */
export interface DelayTimes {
  /** When the Delay_Req was sent. */
  readonly t3: PtpTimestamp;
  /** When the master received it. */
  readonly t4: PtpTimestamp;
  /** correctionField of the Delay_Resp, which holds that of the Delay_Req. */
  readonly correction: TimeInterval;
}

/** A peer delay exchange as the requester sees it. */
export interface PeerDelayTimes {
  /** When the Pdelay_Req was sent. */
  readonly t1: PtpTimestamp;
  /** requestReceiptTimestamp; 0 with `t3` 0 when the turnaround stands in the corrections. */
  readonly t2: PtpTimestamp;
  /** responseOriginTimestamp of the follow-up; the same as `t2` when the responder is one-step. */
  readonly t3: PtpTimestamp;
  /** When the Pdelay_Resp was received. */
  readonly t4: PtpTimestamp;
  /** Corrections of Pdelay_Resp and, when it is two-step, Pdelay_Resp_Follow_Up, added. */
  readonly correction: TimeInterval;
}

/** `(master to slave + slave to master) / 2`, rounded towards minus infinity (11.3). */
export function meanPathDelay(sync: SyncTimes, delay: DelayTimes): TimeInterval {
  const there = masterToSlave(sync);
  const back = subtractIntervals(timestampDifference(delay.t4, delay.t3), delay.correction);
  return halfInterval(addIntervals(there, back));
}

/** `[(t4 - t1) - (t3 - t2) - corrections] / 2`, rounded towards minus infinity (11.4). */
export function meanLinkDelay(times: PeerDelayTimes): TimeInterval {
  const round = timestampDifference(times.t4, times.t1);
  const turnaround = timestampDifference(times.t3, times.t2);
  return halfInterval(subtractIntervals(subtractIntervals(round, turnaround), times.correction));
}

/**
 * Slave minus master, with the mean path delay (end to end) or the mean link delay (peer to peer).
 *
 * `delayAsymmetry` is positive when the way from master to slave is slower than the mean.
 */
export function offsetFromMaster(
  sync: SyncTimes,
  meanDelay: TimeInterval,
  delayAsymmetry: TimeInterval = ZERO_INTERVAL,
): TimeInterval {
  return subtractIntervals(subtractIntervals(masterToSlave(sync), meanDelay), delayAsymmetry);
}

/** `t2 - t1 - correction`: the way of a Sync, as far as both clocks agree. */
export function masterToSlave(sync: SyncTimes): TimeInterval {
  return subtractIntervals(timestampDifference(sync.t2, sync.t1), sync.correction);
}
