/**
 * What a profile asks, held against what is seen.
 *
 * @module
 */
import {
  type AnnounceMessage,
  clockClassText,
  DelayMechanism,
  delayMechanismName,
  durationText,
  messageName,
  MessageType,
  portText,
  type Profile,
  PtpFlags,
  type PtpMessage,
  TimeBudget,
} from "../ptp/mod.ts";
import type { Findings } from "./findings.ts";
import { MIDNIGHT_SLACK } from "./leap_watch.ts";
import type { IntervalMeter, ObservedPort } from "./observed_port.ts";
import type { FindingCode, ObservedFrame } from "./observer_types.ts";

/** Mean intervals may differ by this part from what a profile says (IEEE 1588, 9.5.9.2). */
const RATE_TOLERANCE = 0.3;
/** Gaps from which a rate is judged. */
const JUDGED_GAPS = 4;
/** Boundary clocks on the way that the budget allows. */
const MAX_STEPS = 3;
const DAY = 86_400;

/** Transport, VLAN and delay mechanism of one frame. */
export function judgeFrame(
  frame: ObservedFrame,
  message: PtpMessage,
  profile: Profile,
  findings: Findings,
): void {
  const { transport, vlanPriority, sender, ms } = frame;
  if (!profile.transports.includes(transport)) {
    findings.note(
      "transport",
      sender,
      `${sender} sends PTP over ${transport}, ${profile.title} allows ${
        profile.transports.join(", ")
      }`,
      ms,
    );
  }
  const wanted = profile.vlanPriority;
  if (wanted !== undefined && vlanPriority !== -1 && vlanPriority !== wanted) {
    findings.note(
      "vlan-priority",
      sender,
      `${sender} sends ${
        vlanPriority === undefined ? "without VLAN tag" : `with VLAN priority ${vlanPriority}`
      }, ${profile.title} asks for priority ${wanted}`,
      ms,
    );
  }
  const mechanism = mechanismOf(message.messageType);
  if (mechanism !== undefined && mechanism !== profile.delayMechanism) {
    const source = portText(message.header.source);
    findings.note(
      "delay-mechanism",
      source,
      `${source} sends ${messageName(message.messageType)}, ${profile.title} measures delay ${
        delayMechanismName(profile.delayMechanism)
      }`,
      ms,
    );
  }
}

/** What one Announce says. */
export function judgeAnnounce(
  port: ObservedPort,
  message: AnnounceMessage,
  frame: ObservedFrame,
  profile: Profile,
  budgetNs: number,
  findings: Findings,
): void {
  const { ms } = frame;
  const name = portText(port.identity);
  const note = (code: Parameters<Findings["note"]>[0], text: string) =>
    findings.note(code, name, `${name} ${text}`, ms);
  const { header, tlvs, stepsRemoved, grandmasterClockQuality } = message;
  if (
    header.logMessageInterval !== profile.logAnnounceInterval && header.logMessageInterval !== 127
  ) {
    note(
      "interval-field",
      `announces every ${2 ** header.logMessageInterval} s, ${profile.title} says ${
        2 ** profile.logAnnounceInterval
      } s`,
    );
  }
  const { announceTlv } = profile;
  if (announceTlv && !tlvs.some((tlv) => tlv.kind === announceTlv)) {
    note("tlv-missing", `announces without the TLV of ${profile.title}`);
  }
  if (profile.alternateTimeOffset && !tlvs.some((tlv) => tlv.kind === "alternateTimeOffset")) {
    findings.note(
      "tlv-missing",
      `${name} alternate`,
      `${name} announces without ALTERNATE_TIME_OFFSET_INDICATOR`,
      ms,
    );
  }
  const inaccuracy = port.inaccuracyNs;
  if (inaccuracy !== undefined && inaccuracy > budgetNs) {
    note(
      "inaccuracy",
      `admits an inaccuracy of ${durationText(inaccuracy)}, ${durationText(budgetNs)} are allowed`,
    );
  }
  if (stepsRemoved > MAX_STEPS) {
    note(
      "too-many-clocks",
      `is ${stepsRemoved} boundary clocks away from its grandmaster; of ${TimeBudget.TotalNs} ns ` +
        `${TimeBudget.GrandmasterNs} + ${stepsRemoved} x ${TimeBudget.BoundaryClockNs} are used up`,
    );
  }
  if ([7, 14, 52, 58, 187, 193].includes(grandmasterClockQuality.clockClass)) {
    note(
      "degraded",
      `announces class ${grandmasterClockQuality.clockClass}: ${
        clockClassText(grandmasterClockQuality.clockClass)
      }`,
    );
  }
}

/** What one Announce says of UTC, where TAI - UTC is `taiUtc` seconds. */
export function judgeUtc(
  port: ObservedPort,
  { header, currentUtcOffset }: AnnounceMessage,
  { stamp, ms }: ObservedFrame,
  taiUtc: number,
  findings: Findings,
): void {
  const utc = stamp.seconds, midnight = Math.round(utc / DAY) * DAY;
  // Offset and flags change within two Announces of a leap second.
  if (Math.abs(utc - midnight) < MIDNIGHT_SLACK) return;
  const name = portText(port.identity);
  if ((header.flags & PtpFlags.CurrentUtcOffsetValid) !== 0 && currentUtcOffset !== taiUtc) {
    const text = `says that TAI - UTC is ${currentUtcOffset} s, ${taiUtc} s is expected`;
    findings.note("utc-offset", name, `${name} ${text}`, ms);
  }
  const leap = header.flags & (PtpFlags.Leap61 | PtpFlags.Leap59);
  const dayEnd = new Date((Math.floor(utc / DAY) + 1) * DAY * 1000);
  if (leap !== 0 && dayEnd.getUTCDate() !== 1) {
    const text = "announces a leap second on a day that is not the last of a month";
    findings.note("leap-day", name, `${name} ${text}`, ms);
  }
}

/** What a port that could be followed has sent, and what it has not. */
export function judgePort(
  port: ObservedPort,
  profile: Profile,
  ms: number,
  findings: Findings,
): void {
  const name = portText(port.identity);
  const { announces, syncs } = port, { logAnnounceInterval, logSyncInterval } = profile;
  const rate = { name, profile, ms, findings };
  judgeRate(
    { ...rate, code: "announce-rate", what: "Announce", log: logAnnounceInterval },
    announces,
  );
  judgeRate({ ...rate, code: "sync-rate", what: "Sync", log: logSyncInterval }, syncs);
  const syncSeconds = port.syncs.seconds ?? 2 ** profile.logSyncInterval;
  const silentMs = ms - port.syncs.lastMs;
  const announcing = ms - port.announces.lastMs < 4000 * 2 ** profile.logAnnounceInterval;
  if (announcing && silentMs > profile.announceReceiptTimeout * syncSeconds * 1000) {
    findings.note(
      "sync-lost",
      name,
      `${name} announces and sends no Sync for ${(silentMs / 1000).toFixed(0)} s`,
      ms,
    );
  }
  if (port.followUpsMissing > 0) {
    findings.note(
      "follow-up-missing",
      name,
      `${name}: ${port.followUpsMissing} Syncs without their Follow_Up`,
      ms,
    );
    port.followUpsMissing = 0;
  }
}

/** How often a port asks for the delay to its peer, where the profile measures delay so. */
export function judgePeerRequests(
  port: ObservedPort,
  profile: Profile,
  ms: number,
  findings: Findings,
): void {
  if (profile.delayMechanism !== DelayMechanism.P2P) return;
  const log = profile.logMinDelayInterval, name = portText(port.identity);
  judgeRate(
    { name, profile, ms, findings, code: "peer-delay-rate", what: "Pdelay_Req", log },
    port.peerRequests,
  );
}

/** What a port sends again and again, every 2^`log` seconds by its profile. */
interface ExpectedRate {
  readonly code: FindingCode;
  readonly name: string;
  readonly what: string;
  readonly log: number;
  readonly profile: Profile;
  readonly ms: number;
  readonly findings: Findings;
}

function judgeRate(expected: ExpectedRate, { seconds, count }: IntervalMeter): void {
  if (seconds === undefined || count < JUDGED_GAPS) return;
  const { code, name, what, log, profile, ms, findings } = expected;
  const wanted = 2 ** log;
  if (Math.abs(seconds / wanted - 1) <= RATE_TOLERANCE) return;
  findings.note(
    code,
    name,
    `${name} sends ${what} every ${seconds.toPrecision(3)} s, ${profile.title} says ${wanted} s`,
    ms,
  );
}

function mechanismOf(messageType: number): number | undefined {
  switch (messageType) {
    case MessageType.DelayReq:
    case MessageType.DelayResp:
      return DelayMechanism.E2E;
    case MessageType.PdelayReq:
    case MessageType.PdelayResp:
    case MessageType.PdelayRespFollowUp:
      return DelayMechanism.P2P;
  }
  return undefined;
}
