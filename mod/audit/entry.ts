/**
 * The entries of an audit trail, chained by their hashes.
 *
 * @module
 */
import { createHash } from "node:crypto";
import * as v from "valibot";

/** One thing that somebody did or was refused. */
export interface AuditFact {
  /** Who: name of a user, `file`, or `gateway` for what the program does by itself. */
  readonly who: string;
  /** From where: an IP address, or empty. */
  readonly from: string;
  /** What, in two words: `config.push`. */
  readonly action: string;
  /** Whether it was done. */
  readonly outcome: "done" | "refused";
  /** What it was about, for people. */
  readonly detail: string;
  /** Digest of what was changed before; empty where there is none. */
  readonly before?: string | undefined;
  /** Digest of what was changed afterwards. */
  readonly after?: string | undefined;
  /** Identifier of the request. */
  readonly request?: string | undefined;
}

/** One entry of the trail. */
export interface AuditEntry extends AuditFact {
  /** Number, from 1 upwards without gaps. */
  readonly number: number;
  /** When, ISO 8601 UTC. */
  readonly time: string;
  /** Hash of the entry before; empty for the first. */
  readonly previous: string;
  /** SHA-256 over the JSON of all other fields, in this order, hex. */
  readonly hash: string;
}

/** What an entry is known by. */
export type AuditHead = Pick<AuditEntry, "number" | "hash">;

/** Longest line of a trail, in characters: one that is escaped takes six. */
export const MAX_LINE = 32 * 1024;
const MAX_DETAIL = 4096;

/** Any text of an entry. */
export const entryText = v.pipe(v.string(), v.maxLength(MAX_DETAIL + 16));
/** The number of an entry. */
export const entryNumber = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

const entrySchema = v.strictObject({
  number: entryNumber,
  time: entryText,
  who: entryText,
  from: entryText,
  action: entryText,
  outcome: v.picklist(["done", "refused"]),
  detail: entryText,
  before: v.optional(entryText),
  after: v.optional(entryText),
  request: v.optional(entryText),
  previous: entryText,
  hash: entryText,
});

/** Makes the entry after the one with `previous` as its hash. Texts that are too long are cut. */
export function makeEntry(
  fact: AuditFact,
  number: number,
  previous: string,
  timeMs: number,
): AuditEntry {
  const content: Omit<AuditEntry, "hash"> = {
    number,
    time: new Date(timeMs).toISOString(),
    who: cut(fact.who, 128),
    from: cut(fact.from, 64),
    action: cut(fact.action, 64),
    outcome: fact.outcome,
    detail: cut(fact.detail, MAX_DETAIL),
    ...(fact.before && { before: cut(fact.before, 128) }),
    ...(fact.after && { after: cut(fact.after, 128) }),
    ...(fact.request && { request: cut(fact.request, 128) }),
    previous,
  };
  return { ...content, hash: hashOf(content) };
}

/** Reads one line; undefined if it is no entry, or its hash is not that of its content. */
export function readEntry(line: string): AuditEntry | undefined {
  if (line.length > MAX_LINE) return undefined;
  const entry = parseJson(entrySchema, line);
  if (!entry) return undefined;
  const { hash, ...content } = entry;
  return hashOf(content) === hash ? entry : undefined;
}

/** The number that a line begins with, which nothing vouches for yet; Infinity for one that is no entry. */
export function numberIn(line: string): number {
  return Number(/^\{"number":(\d{1,15}),/.exec(line)?.[1] ?? Infinity);
}

/** A JSON text that a schema takes; undefined for any other. */
export function parseJson<S extends v.GenericSchema>(
  schema: S,
  text: string,
): v.InferOutput<S> | undefined {
  try {
    const result = v.safeParse(schema, JSON.parse(text));
    return result.success ? result.output : undefined;
  } catch {
    return undefined; // no JSON
  }
}

function hashOf(content: Omit<AuditEntry, "hash">): string {
  return createHash("sha256").update(JSON.stringify(content)).digest("hex");
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 3)}...`;
}
