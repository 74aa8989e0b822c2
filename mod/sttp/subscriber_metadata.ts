/**
 * Metadata of a subscriber's session: when they are asked for, and what becomes of the answer (specs/sttp.md 12).
 *
 * @module
 */
import { createHash } from "node:crypto";
import { ByteWriter, DecodeError } from "../core/mod.ts";
import { Command } from "./constants.ts";
import { decompress, looksLikeGzip } from "./gzip.ts";
import { METADATA_LIMITS, readMetadataXml } from "./metadata_xml.ts";
import { effectiveCompression } from "./operational_modes.ts";
import type { SubscriberSessionState } from "./subscriber_session_state.ts";
import { decodeText, encodeText } from "./text.ts";

/** Least time between two requests for metadata after changes of configuration. */
const REFRESH_EVERY_MS = 1000;

/** Asks for metadata and reads them. */
export class SubscriberMetadata {
  readonly #session: SubscriberSessionState;
  readonly #done: (changed: boolean) => void;
  #dueMs = Infinity; // by when the answer must have come; Infinity when none is awaited
  #refreshWanted = false;
  #requestedMs = -Infinity;
  #digest = "";

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

  /** True if it is time to ask again: never while an answer is awaited, which a busy publisher gives late. */
  get isRefreshDue(): boolean {
    return this.#refreshWanted && this.#dueMs === Infinity &&
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
    let changed = false;
    try {
      changed = this.#read(payload);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#session.complain("metadata", error.message);
    }
    this.#finish(changed);
  }

  /** True if the document differs from the one before it. */
  #read(payload: Uint8Array): boolean {
    const { options, modes, events } = this.#session;
    const limits = options.metadataLimits ?? METADATA_LIMITS;
    const zipped = effectiveCompression(modes).metadata && looksLikeGzip(payload);
    const bytes = zipped ? decompress(payload, limits.maxBytes) : payload;
    if (bytes.length > limits.maxBytes) {
      throw new DecodeError("oversize", `Cannot read metadata: found ${bytes.length} bytes`);
    }
    const text = decodeText(bytes, modes.encoding).replace(/^\uFEFF/, "");
    const dataSet = readMetadataXml(text, limits);
    const digest = createHash("sha256").update(bytes).digest("hex");
    const changed = digest !== this.#digest;
    this.#digest = digest;
    events.metadata?.(dataSet, changed);
    return changed;
  }

  #finish(changed: boolean): void {
    this.#dueMs = Infinity;
    this.#done(changed);
  }
}
