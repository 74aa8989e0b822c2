/**
 * What is wrong with a trail: its hashes, its chain, its seals and the keys that made them.
 *
 * @module
 */
import { type AuditEntry, type AuditHead, readEntry } from "./entry.ts";
import {
  type AuditSeal,
  type Handover,
  isHandoverSigned,
  isSealBy,
  keyPrint,
  readHandover,
  readSeal,
  SEAL_SECONDS,
} from "./seal.ts";

/** A key that sealed a part of the trail. */
export interface SealingKey {
  /** Its fingerprint, see {@linkcode keyPrint}. */
  readonly print: string;
  /** Number of the first entry that it sealed, as far as the trail goes back. */
  readonly first: number;
  /** Number of the last one. */
  readonly last: number;
  /** When the first of these entries was written, ISO 8601 UTC. */
  readonly from: string;
  /** When the last one was. */
  readonly to: string;
  /** Its seals in the trail. */
  readonly seals: number;
  /**
   * Why it is believed: it is one of those that were handed in, it signed its own retirement, or only its successor
   * names it, since keys were changed while the program did not run.
   */
  readonly by: "certificate" | "handover" | "successor";
}

/** What {@linkcode verifyTrail} found. */
export interface Verification {
  /** Entries that were read. */
  readonly entries: number;
  /** Seals in the trail whose signature was checked. */
  readonly seals: number;
  /** The newest entry. */
  readonly last: AuditEntry | undefined;
  /** The keys that sealed it, oldest first. */
  readonly keys: readonly SealingKey[];
  /** What is wrong; empty if the trail is whole. */
  readonly problems: readonly string[];
}

/** A stretch of the trail that one key sealed. */
interface Stretch {
  readonly first: AuditEntry;
  last: AuditEntry;
  /** Seals with the number of their entry; those over another entry than the one before are problems already. */
  readonly seals: { readonly seal: AuditSeal; readonly entry: number }[];
  /** How it ends. */
  handover: Handover | undefined;
  isSigned: boolean;
}

/**
 * Checks a trail: every hash, the chain, its numbers, every seal, and that the newest seal is covered.
 *
 * `head` is the seal that stands beside the trail. `trusted` are public keys of the device (SPKI, DER in base64): the
 * newest stretch must be sealed by one of them; a key that retired is known by the entry in which it handed over, which
 * the seals of its successor cover. `nowMs` is the time at which a running gateway must have sealed it lately; without
 * it, a cut that also took the seal beside the trail cannot show.
 */
export function verifyTrail(
  lines: Iterable<string>,
  head: AuditSeal | undefined,
  trusted: readonly string[],
  nowMs?: number,
): Verification {
  const problems: string[] = [];
  const stretches: Stretch[] = [];
  let entries = 0;
  let last: AuditEntry | undefined;
  let headSeen = false;
  for (const line of lines) {
    const entry = readEntry(line);
    if (!entry) {
      problems.push(`After entry ${last?.number ?? 0}: a line that is no entry, or was changed`);
      continue;
    }
    entries++;
    problems.push(...chainProblems(entry, last));
    if (head && entry.number === head.number) {
      headSeen = true;
      if (entry.hash !== head.hash) {
        problems.push(`Entry ${entry.number} is not the one that was sealed`);
      }
    }
    let stretch = stretches.at(-1);
    if (entry.action === "audit.key") {
      const handover = readHandover(entry.detail);
      if (!handover) problems.push(`Entry ${entry.number} hands over to no key`);
      else if (stretch && last) {
        stretch.handover = handover;
        stretch.isSigned = isHandoverSigned(handover, last);
        if (handover.signature !== "" && !stretch.isSigned) {
          problems.push(`The handover in entry ${entry.number} is not by the key that it retires`);
        }
        stretch = undefined;
      }
    }
    if (!stretch) {
      stretch = { first: entry, last: entry, seals: [], handover: undefined, isSigned: false };
      stretches.push(stretch);
    }
    stretch.last = entry;
    if (entry.action === "audit.seal") {
      const seal = readSeal(entry.detail);
      if (seal && last && isOver(seal, last)) stretch.seals.push({ seal, entry: entry.number });
      else problems.push(foreign(entry.number, last?.number));
    }
    last = entry;
  }
  const keys = stretches.map((stretch, i) =>
    sealingKey(stretch, stretches[i - 1]?.handover, trusted, problems)
  );
  problems.push(...endProblems(head, headSeen, last, trusted, nowMs));
  const seals = keys.reduce((sum, key) => sum + key.seals, 0);
  return { entries, seals, last, keys, problems };
}

function chainProblems(entry: AuditEntry, last: AuditEntry | undefined): string[] {
  const problems: string[] = [];
  if (last && entry.previous !== last.hash) {
    problems.push(
      `Entry ${entry.number} does not follow entry ${last.number}: its chain is broken`,
    );
  }
  if (last && entry.number !== last.number + 1) {
    problems.push(`Expected entry ${last.number + 1}, found ${entry.number}`);
  }
  if (!last && entry.number === 1 && entry.previous !== "") {
    problems.push("Entry 1 follows another one");
  }
  return problems;
}

/** Counts the seals of a stretch that are by the key that must have made them, and says why that key is believed. */
function sealingKey(
  { first, last, seals, handover, isSigned }: Stretch,
  before: Handover | undefined,
  trusted: readonly string[],
  problems: string[],
): SealingKey {
  const told = handover?.retired ?? before?.next;
  // Where no handover tells the key, it is one of the device's.
  const allowed = told === undefined ? trusted : [told];
  let good = 0, key = allowed[0] ?? "";
  for (const { seal, entry } of seals) {
    const by = allowed.find((k) => isSealBy(seal, k));
    if (by === undefined) problems.push(foreign(entry, seal.number));
    else {
      good++;
      key = by;
    }
  }
  const by = trusted.includes(key) ? "certificate" : isSigned ? "handover" : "successor";
  const print = keyPrint(key);
  if (handover && before && before.next !== handover.retired) {
    problems.push(`The key that entry ${first.number} hands over to is not the one that retires`);
  }
  if (handover && by === "successor") {
    problems.push(
      `Entries ${first.number} to ${last.number} are sealed by ${print}, which did not sign its retirement: ` +
        "the keys were changed while the program did not run. Name its certificate too if you know it",
    );
  }
  if (!handover && by !== "certificate") {
    problems.push(`From entry ${first.number} on ${print} seals, which is not this device's key`);
  }
  return {
    print,
    first: first.number,
    last: last.number,
    from: first.time,
    to: last.time,
    seals: good,
    by,
  };
}

function endProblems(
  head: AuditSeal | undefined,
  headSeen: boolean,
  last: AuditEntry | undefined,
  trusted: readonly string[],
  nowMs: number | undefined,
): string[] {
  const problems: string[] = [];
  if (head && !trusted.some((key) => isSealBy(head, key))) {
    problems.push("The seal beside the trail is not by this device");
  } else if (head && !headSeen) {
    problems.push(
      `The trail ends at entry ${
        last?.number ?? 0
      }, entry ${head.number} was sealed: its end was cut`,
    );
  }
  if (!head && last) problems.push("There is no seal beside the trail");
  if (nowMs !== undefined && last && last.action !== "program.stop") {
    const silent = (nowMs - Date.parse(last.time)) / 1000;
    if (silent > 2 * SEAL_SECONDS) {
      problems.push(
        `Nothing for ${
          (silent / 3600).toFixed(1)
        } h, and the program did not stop: its end was cut, or it is not running`,
      );
    }
  }
  return problems;
}

function isOver(seal: AuditSeal, entry: AuditHead): boolean {
  return seal.number === entry.number && seal.hash === entry.hash;
}

function foreign(entry: number, over: number | undefined): string {
  return `The seal in entry ${entry} is not by this device over entry ${over ?? 0}`;
}
