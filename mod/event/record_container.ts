/**
 * The container of all event records: what it is, a version, the content, its SHA-256.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { encode } from "cborg";
import * as v from "valibot";
import { DecodeError, messageOf } from "../core/mod.ts";
import type { RecordedTrigger } from "./record_content.ts";
import { decodeStrictly } from "./strict_cbor.ts";

/** First word of each record. */
export const RECORD_KIND = "tieline-event-record";
/** Longest record that is read, in bytes. */
export const MAX_RECORD_BYTES: number = 256 * 1024 * 1024;

const bytesSchema = v.instance(Uint8Array);
const containerSchema = v.tuple([v.string(), v.number(), bytesSchema, bytesSchema]);

/** The bytes of a record with this content; the version says what it holds. */
export function sealRecord(version: number, content: unknown): Uint8Array<ArrayBuffer> {
  const body = encode(content);
  const digest = createHash("sha256").update(body).digest();
  return new Uint8Array(encode([RECORD_KIND, version, body, new Uint8Array(digest)]));
}

/** The version and the content of a record, whose SHA-256 is right; throws DecodeError for anything else. */
export function openRecord(
  bytes: Uint8Array,
): { readonly version: number; readonly content: unknown } {
  if (bytes.length > MAX_RECORD_BYTES) {
    throw refused("size", `at most ${MAX_RECORD_BYTES} bytes`, `${bytes.length}`);
  }
  const [kind, version, body, digest] = parsed(containerSchema, read(bytes));
  if (kind !== RECORD_KIND) throw refused("kind", `"${RECORD_KIND}"`, `"${kind}"`);
  const found = createHash("sha256").update(body).digest();
  if (digest.length !== 32 || found.some((byte, i) => byte !== digest[i])) {
    throw refused("sha256", "the SHA-256 of the content", "another one: the record is damaged");
  }
  return { version, content: read(body) };
}

/** A value of this shape. Throws DecodeError with the first field that is otherwise. */
export function parsed<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw refused(v.getDotPath(issue) ?? "record", issue.expected ?? "a record", issue.received);
}

/** The error of a record that cannot be read. */
export function refused(field: string, expected: string, found: string): DecodeError {
  return new DecodeError(
    "eventRecord",
    `Cannot read an event record: expected ${expected} (${field}), found ${found}`,
    { field },
  );
}

/** Triggers as CBOR has them. */
export function triggerMaps(triggers: readonly RecordedTrigger[]): Record<string, unknown>[] {
  return triggers.map(({ value, at, since, settings, ...trigger }) => ({
    ...trigger,
    value: orNull(value),
    at: [at.seconds, at.nanos],
    since: [since.seconds, since.nanos],
    settings: { ...settings },
  }));
}

/** What {@linkcode triggerMaps} made, after it was checked. */
export interface TriggerMap extends Omit<RecordedTrigger, "value" | "at" | "since"> {
  /** Null where there is none. */
  readonly value: number | null;
  /** Seconds and nanoseconds. */
  readonly at: readonly [number, number];
  /** Seconds and nanoseconds. */
  readonly since: readonly [number, number];
}

/** Triggers that were read. */
export function triggersOfMaps(maps: readonly TriggerMap[]): RecordedTrigger[] {
  return maps.map(({ value, at, since, ...trigger }) => ({
    ...trigger,
    value: value ?? NaN,
    at: { seconds: at[0], nanos: at[1] },
    since: { seconds: since[0], nanos: since[1] },
  }));
}

/** CBOR has NaN, but not every reader expects one: what is not known is null. */
export function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function read(bytes: Uint8Array): unknown {
  try {
    return decodeStrictly(bytes);
  } catch (error) {
    throw refused("cbor", "CBOR", messageOf(error));
  }
}
