/**
 * What a port is, by what it shows on the wire.
 *
 * @module
 */
import { MessageType } from "../ptp/mod.ts";
import type { ObservedPort } from "./observed_port.ts";
import type { ObservedClock } from "./observer_types.ts";

const MASTER = bits(
  MessageType.Announce,
  MessageType.Sync,
  MessageType.FollowUp,
  MessageType.DelayResp,
);
const PEER = bits(
  MessageType.PdelayReq,
  MessageType.PdelayResp,
  MessageType.PdelayRespFollowUp,
);

/**
 * The role of a port; `passing` are ports whose Syncs came with corrections.
 *
 * Peer delay is measured by transparent clocks, slaves and passive masters alike. A transparent clock is known by what
 * else comes from its address: Syncs in the name of another clock, with the time that they stayed in it.
 */
export function roleOf(
  port: ObservedPort,
  passing: readonly ObservedPort[],
): ObservedClock["role"] {
  const { announce, identity, sent } = port;
  if (announce) {
    return announce.grandmasterIdentity === identity.clockIdentity ? "grandmaster" : "boundary";
  }
  if ((sent & MASTER) !== 0) return "master";
  if ((sent & bits(MessageType.DelayReq)) !== 0) return "slave";
  if ((sent & PEER) === 0) return "unknown";
  const { senders } = port;
  const isPassedOn = (other: ObservedPort) =>
    other.identity.clockIdentity !== identity.clockIdentity &&
    senders.some((sender) => other.correctedBy.has(sender));
  return passing.some(isPassedOn) ? "transparent" : "peer";
}

function bits(...types: readonly number[]): number {
  return types.reduce((all, type) => all | (1 << type), 0);
}
