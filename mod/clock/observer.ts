/**
 * Watches PTP on the wire without taking part: who is grandmaster, who could be, whether the profile is kept.
 *
 * @module
 */
import { DecodeError } from "../core/mod.ts";
import {
  compareClocks,
  decodeMessage,
  durationText,
  isUsable,
  messageName,
  MessageType,
  type PortIdentity,
  portText,
  type Profile,
  PROFILES,
  PtpFlags,
  type PtpMessage,
} from "../ptp/mod.ts";
import { DelayWatch } from "./delay_watch.ts";
import { judgeDomain } from "./domain_rules.ts";
import { Findings } from "./findings.ts";
import { taiUtcOf } from "./leap_watch.ts";
import {
  judgeAnnounce,
  judgeFrame,
  judgePeerRequests,
  judgePort,
  judgeUtc,
} from "./observer_rules.ts";
import { ObservedPort } from "./observed_port.ts";
import { roleOf } from "./observed_role.ts";
import { describePort, qualityText, RECEIVER, whyBetter } from "./observer_report.ts";
import type { ObservedFrame, ObserverOptions, ObserverReport } from "./observer_types.ts";

/** Ports that are remembered; beyond it the one that was silent longest is forgotten. */
const MAX_PORTS = 128;
/** Milliseconds after which a silent port is forgotten. */
const FORGET_MS = 120_000;
/** The observer. Pure: messages, stamps and moments are handed in. */
export class PtpObserver {
  /** Hears of changes: another grandmaster, another quality, a step. */
  onEvent: (kind: "grandmaster" | "step", text: string) => void = () => {};
  /** TAI - UTC that the clock believes, in seconds; NaN for that of the table. */
  taiUtc: number = NaN;
  readonly #options: ObserverOptions;
  readonly #profile: Profile;
  readonly #findings = new Findings();
  readonly #ports = new Map<string, ObservedPort>();
  readonly #messages: Record<string, number> = {};
  readonly #refused: Record<string, number> = {};
  readonly #domains = new Set<number>();
  #best: ObservedPort | undefined;
  #lostText = "";
  readonly #delays = new DelayWatch();
  #startMs = NaN;

  /** Makes an observer that has seen nothing. */
  constructor(options: ObserverOptions) {
    this.#options = options;
    this.#profile = PROFILES[options.profile];
  }

  /** Domain that should be in use. */
  get domainNumber(): number {
    return this.#options.domainNumber ?? this.#profile.domainNumber;
  }

  /** TAI - UTC in seconds at a second of UTC. */
  taiUtcAt(utcSeconds: number): number {
    return Number.isNaN(this.taiUtc) ? taiUtcOf(utcSeconds) : this.taiUtc;
  }

  /** Takes one message as it came; what cannot be read is counted. */
  accept(bytes: Uint8Array, frame: ObservedFrame): void {
    if (Number.isNaN(this.#startMs)) this.#startMs = frame.ms;
    let message: PtpMessage;
    try {
      message = decodeMessage(bytes);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#refused[error.kind] = (this.#refused[error.kind] ?? 0) + 1;
      this.#findings.note("malformed", frame.sender, `${frame.sender}: ${error.message}`, frame.ms);
      return;
    }
    const name = messageName(message.messageType);
    this.#messages[name] = (this.#messages[name] ?? 0) + 1;
    const domain = message.header.domainNumber;
    this.#domains.add(domain);
    if (message.messageType === MessageType.Management) return;
    if (domain !== this.domainNumber) {
      this.#findings.note(
        "domain",
        String(domain),
        `${portText(message.header.source)} is in domain ${domain}, expected ${this.domainNumber}`,
        frame.ms,
      );
    }
    judgeFrame(frame, message, this.#profile, this.#findings);
    this.#take(message, frame, this.#port(message, frame));
  }

  /** Looks at what has not come, and who is best; about once a second. */
  tick(ms: number): void {
    if (Number.isNaN(this.#startMs)) this.#startMs = ms;
    for (const [key, port] of this.#ports) {
      if (ms - port.lastMs > FORGET_MS) this.#ports.delete(key);
    }
    this.#choose(ms);
    const ours = this.#candidates().filter((p) => p.domainNumber === this.domainNumber);
    for (const port of ours) judgePort(port, this.#profile, ms, this.#findings);
    for (const port of this.#ports.values()) {
      if (port.domainNumber !== this.domainNumber) continue;
      judgePeerRequests(port, this.#profile, ms, this.#findings);
    }
    const best = this.#best;
    if (best) this.#lostText = "";
    judgeDomain(
      {
        domainNumber: this.domainNumber,
        best,
        ports: ours,
        lost: this.#lostText,
        waitedMs: ms - this.#startMs,
        isMixed: this.#delays.mechanism(ms) === "mixed",
      },
      ms,
      this.#findings,
    );
    this.#findings.expire(ms);
  }

  /** Inaccuracy and grandmasterID that the Announces of a port admit; undefined if it is not seen or has no TLV. */
  announced(
    domain: number,
    source: PortIdentity,
  ): { readonly inaccuracyNs: number; readonly grandmasterId: number } | undefined {
    const port = this.#ports.get(keyOf(domain, source));
    if (!port?.qualified || port.grandmasterId === 0) return undefined;
    return { inaccuracyNs: port.inaccuracyNs ?? NaN, grandmasterId: port.grandmasterId };
  }

  /** What is known at monotonic milliseconds `ms`. */
  report(ms: number): ObserverReport {
    const ranked = this.#ranked();
    const all = [...this.#ports.values()];
    const passing = all.filter(({ correctedBy }) => correctedBy.size > 0);
    const described = (port: ObservedPort, better: ObservedPort | undefined, rank: number) =>
      describePort(port, roleOf(port, passing), better, rank, ms);
    return {
      profile: this.#profile.title,
      domain: this.domainNumber,
      grandmaster: this.#best?.announce?.grandmasterIdentity ?? "",
      delayMechanism: this.#delays.mechanism(ms),
      peerTurnaroundNs: this.#delays.turnaroundNs ?? null,
      messages: { ...this.#messages },
      refused: { ...this.#refused },
      domains: [...this.#domains].sort((a, b) => a - b),
      clocks: [
        ...ranked.map((port, i) => described(port, ranked[i - 1], i + 1)),
        ...all.filter((p) => !ranked.includes(p)).map((port) => described(port, undefined, 0)),
      ],
      findings: this.#findings.all(),
      unlisted: this.#findings.overflow,
    };
  }

  #port({ header, messageType }: PtpMessage, frame: ObservedFrame): ObservedPort {
    const { source, domainNumber: domain } = header;
    const key = keyOf(domain, source);
    let port = this.#ports.get(key);
    if (!port) {
      if (this.#ports.size >= MAX_PORTS) {
        const oldest = [...this.#ports].reduce((a, b) => a[1].lastMs <= b[1].lastMs ? a : b);
        this.#ports.delete(oldest[0]);
      }
      this.#ports.set(key, port = new ObservedPort(source, domain));
    }
    port.heard(messageType, frame);
    const { senders } = port;
    if (senders.length > 1) {
      this.#findings.note(
        "two-senders",
        key,
        `${portText(source)} is sent by ${
          senders.join(" and ")
        }: a transparent clock under its own address, or somebody in its name`,
        frame.ms,
      );
    }
    return port;
  }

  #take(message: PtpMessage, frame: ObservedFrame, port: ObservedPort): void {
    const { ms } = frame;
    switch (message.messageType) {
      case MessageType.Announce: {
        if ((message.header.flags & PtpFlags.AlternateMaster) !== 0) return;
        const before = port.announce;
        port.announced(message, ms);
        judgeAnnounce(port, message, frame, this.#profile, this.#options.budgetNs, this.#findings);
        judgeUtc(port, message, frame, this.taiUtcAt(frame.stamp.seconds), this.#findings);
        if (before && qualityText(before) !== qualityText(message)) {
          this.onEvent(
            "grandmaster",
            `${message.grandmasterIdentity} is ${qualityText(message)}, it was ${
              qualityText(before)
            }`,
          );
        }
        return;
      }
      case MessageType.Sync:
        port.corrected(message.header.correction, frame.sender);
        if (!isUsable(message.header.correction)) {
          this.#findings.note(
            "correction-unusable",
            portText(port.identity),
            `${portText(port.identity)}: a Sync's correction does not fit its field`,
            ms,
          );
        }
        return this.#step(port, port.sync(message, frame));
      case MessageType.FollowUp:
        port.corrected(message.header.correction, frame.sender);
        return this.#step(
          port,
          port.followUp(
            message.header.sequenceId,
            message.preciseOriginTimestamp,
            message.header.correction,
          ),
        );
      default:
        if (message.messageType === MessageType.PdelayReq) port.peerRequests.mark(ms);
        if (port.domainNumber === this.domainNumber) this.#delays.take(message, ms);
    }
  }

  #step(port: ObservedPort, change: number | undefined): void {
    if (change === undefined || Math.abs(change) <= this.#options.stepNs) return;
    this.onEvent(
      "step",
      `${portText(port.identity)} and the host's clock moved apart by ${
        durationText(Math.round(change))
      }`,
    );
  }

  /** Ports that could be followed. */
  #candidates(): ObservedPort[] {
    return [...this.#ports.values()].filter((p) =>
      p.announce !== undefined && p.qualified && p.announce.stepsRemoved < 255
    );
  }

  /** Those of our domain, the best first. */
  #ranked(): ObservedPort[] {
    return this.#candidates().filter((p) => p.domainNumber === this.domainNumber)
      .sort((a, b) => {
        const { result } = compareClocks(a.clock(RECEIVER)!, b.clock(RECEIVER)!);
        return result.startsWith("A_") ? -1 : result.startsWith("B_") ? 1 : 0;
      });
  }

  #choose(ms: number): void {
    const alive = this.#ranked().filter((p) =>
      ms - p.announces.lastMs <= this.#announceTimeoutMs(p)
    );
    const best = alive[0];
    const identity = best?.announce?.grandmasterIdentity ?? "";
    const before = this.#best?.announce?.grandmasterIdentity ?? "";
    if (identity !== before) {
      const second = alive[1];
      const why = best && second ? `: ${whyBetter(best, second)}` : "";
      this.onEvent(
        "grandmaster",
        identity === ""
          ? `The grandmaster ${before} is lost: announce timeout`
          : `The grandmaster is ${identity}${why}${before ? `; it was ${before}` : ""}`,
      );
      if (identity === "") this.#lostText = before;
    }
    this.#best = best;
  }

  #announceTimeoutMs(port: ObservedPort): number {
    const log = port.announce?.header.logMessageInterval ?? this.#profile.logAnnounceInterval;
    // Unicast masters do not tell their interval.
    const seconds = log === 127 ? port.announces.seconds ?? 2 : 2 ** log;
    return (this.#profile.announceReceiptTimeout + 1) * seconds * 1000;
  }
}

function keyOf(domain: number, port: PortIdentity): string {
  return `${domain} ${portText(port)}`;
}
