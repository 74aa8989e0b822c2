/**
 * Metadata of a subscriber's session: when they are asked for, and what becomes of the answer (specs/sttp.md 12).
 *
 * @module
 */
import { createHash } from "node:crypto";
import { ByteWriter, DecodeError, type Steps } from "../core/mod.ts";
import { Command } from "./constants.ts";
import { decompress, looksLikeGzip } from "./gzip.ts";
import { METADATA_LIMITS, readMetadataSteps } from "./metadata_xml.ts";
import { effectiveCompression } from "./operational_modes.ts";
import type { SubscriberSessionState } from "./subscriber_session_state.ts";
import { encodeText } from "./text.ts";

/** Least time between two requests for metadata after changes of configuration. */
const REFRESH_EVERY_MS = 1000;
/** Steps that are done in the call that brings metadata: enough for a few hundred signals. */
const IMMEDIATE_STEPS = 4;
/** Bytes whose digest is made in one step. */
const DIGEST_BYTES = 256 * 1024;

/** Asks for metadata and reads them, in steps: those of 100,000 signals take a second. */
export class SubscriberMetadata {
  readonly #session: SubscriberSessionState;
  readonly #done: (changed: boolean) => void;
  #dueMs = Infinity; // by when the answer must have come; Infinity when none is awaited
  #refreshWanted = false;
  #requestedMs = -Infinity;
  #digest = "";
  #steps: Steps<boolean> | undefined;

  /** Calls `done` when a request is over; `changed` if another document than before has come. */
  constructor(session: SubscriberSessionState, done: (changed: boolean) => void) {
    this.#session = session;
    this.#done = done;
  }

  /** Asks for metadata. */
  request(): void {
    const { options, modes, nowMs, answerMs } = this.#session;
    this.#refreshWanted = false;
    this.#requestedMs = nowMs;
    this.#dueMs = nowMs + answerMs;
    const filter = options.metadataFilter ?? "";
    if (filter === "") return this.#session.command(Command.MetadataRefresh);
    const text = encodeText(filter, modes.encoding);
    const payload = new ByteWriter(4 + text.length).u32(text.length).raw(text).bytes();
    this.#session.command(Command.MetadataRefresh, payload);
  }

  /** Asks again at a tick, so that any number of changes causes one request a second. */
  requestSoon(): void {
    this.#refreshWanted = true;
  }

  /** True while an answer is awaited whose time is over. */
  get isLate(): boolean {
    return this.#session.nowMs >= this.#dueMs;
  }

  /** True while metadata are read. */
  get isReading(): boolean {
    return this.#steps !== undefined;
  }

  /** True if it is time to ask again: never while an answer is awaited, which a busy publisher gives late, or read. */
  get isRefreshDue(): boolean {
    return this.#refreshWanted && this.#dueMs === Infinity && !this.isReading &&
      this.#session.nowMs - this.#requestedMs >= REFRESH_EVERY_MS;
  }

  /** The answer has not come in time. */
  giveUp(): void {
    this.#session.complain("metadata", "Publisher has not answered MetadataRefresh in time");
    this.#finish(false);
  }

  /** The request was refused. */
  refused(text: string): void {
    if (this.#dueMs === Infinity) return;
    this.#session.complain("metadata", `Publisher has refused metadata: ${text}`);
    this.#finish(false);
  }

  /** Takes the payload of the answer, which is lent. */
  take(payload: Uint8Array): void {
    if (this.#dueMs === Infinity) {
      this.#session.counters.ignored++;
      this.#session.complain("unasked", "Publisher sent metadata that was not asked for");
      return;
    }
    this.#dueMs = Infinity;
    this.#steps = this.#readSteps(payload);
    for (let n = 0; n < IMMEDIATE_STEPS && this.#steps; n++) this.step();
  }

  /** Reads for about a millisecond. */
  step(): void {
    const steps = this.#steps;
    if (!steps) return;
    this.#steps = undefined; // should the document be unreadable
    let changed = false;
    try {
      const { done, value } = steps.next();
      if (!done) {
        this.#steps = steps;
        return;
      }
      changed = value;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#session.complain("metadata", error.message);
    }
    this.#finish(changed);
  }

  /** Forgets what is read. */
  drop(): void {
    this.#steps = undefined;
  }

  /**
   * True if the document differs from the one before it. The payload is needed in the first step alone, in which gunzip
   * is the longest: 15 ms for 20,000 signals.
   */
  *#readSteps(payload: Uint8Array): Steps<boolean> {
    const { options, modes, events } = this.#session;
    const limits = options.metadataLimits ?? METADATA_LIMITS;
    const zipped = effectiveCompression(modes).metadata && looksLikeGzip(payload);
    // A copy, also of a Buffer, whose `slice` is none.
    const bytes = zipped ? decompress(payload, limits.maxBytes) : new Uint8Array(payload);
    const dataSet = yield* readMetadataSteps(bytes, modes.encoding, limits);
    const digest = yield* digestSteps(bytes);
    const changed = digest !== this.#digest;
    this.#digest = digest;
    if (events.prepareMetadata) yield* events.prepareMetadata(dataSet, changed);
    events.metadata?.(dataSet, changed);
    return changed;
  }

  #finish(changed: boolean): void {
    this.#dueMs = Infinity;
    this.#done(changed);
  }
}

function* digestSteps(bytes: Uint8Array): Steps<string> {
  const hash = createHash("sha256");
  for (let at = 0; at < bytes.length; at += DIGEST_BYTES) {
    if (at > 0) yield;
    hash.update(bytes.subarray(at, at + DIGEST_BYTES));
  }
  return hash.digest("hex");
}
