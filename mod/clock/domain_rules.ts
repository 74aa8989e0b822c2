/**
 * What is wrong with a PTP domain as a whole: nobody announces, several send, delay mechanisms are mixed.
 *
 * @module
 */
import type { Findings } from "./findings.ts";
import type { ObservedPort } from "./observed_port.ts";
import { whyBetter } from "./observer_report.ts";
import type { FindingCode } from "./observer_types.ts";

/** How long nobody is missed who announces himself, in milliseconds. */
const PATIENCE_MS = 5000;

/** A domain as it is seen now. */
export interface ObservedDomain {
  /** Its number. */
  readonly domainNumber: number;
  /** The best of those that announce themselves; undefined without any. */
  readonly best: ObservedPort | undefined;
  /** All that announce themselves. */
  readonly ports: readonly ObservedPort[];
  /** Identity of the grandmaster that was lost and has no successor; empty for none. */
  readonly lost: string;
  /** Milliseconds since the observer began. */
  readonly waitedMs: number;
  /** Whether both delay mechanisms are in use. */
  readonly isMixed: boolean;
}

/** Notes what is wrong with a domain at `ms`. */
export function judgeDomain(domain: ObservedDomain, ms: number, findings: Findings): void {
  const { domainNumber, best, ports, lost, waitedMs, isMixed } = domain;
  const note = (code: FindingCode, text: string) => findings.note(code, "", text, ms);
  if (!best && lost !== "") {
    note("grandmaster-lost", `The grandmaster ${lost} is lost and no other announces itself`);
  } else if (!best && waitedMs > PATIENCE_MS) {
    note("no-grandmaster", `Nobody announces itself in domain ${domainNumber}`);
  }
  const senders = new Map(
    ports.filter((p) => p.isSending(ms)).map((p) => [p.announce!.grandmasterIdentity, p]),
  );
  const names = [...senders.keys()].join(" and ");
  if (senders.size > 1) {
    note("two-grandmasters", `${names} send Sync in domain ${domainNumber} at once`);
  }
  const identity = best?.announce?.grandmasterIdentity ?? "";
  const other = [...senders.values()][0];
  if (best && other && !senders.has(identity)) {
    const name = other.announce!.grandmasterIdentity;
    const why = whyBetter(best, other);
    note("not-the-best", `${name} sends Sync, although ${identity} is better: ${why}`);
  }
  if (isMixed) note("mixed-delay", "End-to-end and peer-to-peer delay are mixed");
}
