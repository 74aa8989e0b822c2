/**
 * Requests for metadata (specs/sttp.md 12.5) and the order in which they are answered.
 *
 * @module
 */
import { ByteReader, DecodeError } from "../core/mod.ts";
import { effectiveCompression, type OperationalModes } from "./operational_modes.ts";
import type { MetadataRequest } from "./publisher_types.ts";
import { decodeText } from "./text.ts";

/** Largest connection string or metadata filter that is looked at, in bytes. */
export const MAX_FILTER_BYTES = 524_288;
/** Requests that may wait at a time, the one that is worked on included. */
const MAX_REQUESTS = 4;

/** Hands requests on one at a time. */
export class MetadataRequests {
  readonly #waiting: MetadataRequest[] = [];
  readonly #begin: (request: MetadataRequest) => void;

  /** Hands each request to `begin` when it is its turn. */
  constructor(begin: (request: MetadataRequest) => void) {
    this.#begin = begin;
  }

  /** Adds a request; false if too many wait. */
  add(request: MetadataRequest): boolean {
    if (this.#waiting.length >= MAX_REQUESTS) return false;
    this.#waiting.push(request);
    if (this.#waiting.length === 1) this.#begin(request);
    return true;
  }

  /** Answers the oldest request, then begins the next; does nothing if there is none. */
  finish(answer: () => void): void {
    if (!this.#waiting.shift()) return;
    answer();
    const next = this.#waiting[0];
    if (next) this.#begin(next);
  }
}

/**
 * Reads the payload of MetadataRefresh; a size beyond the payload means no filter.
 *
 * Throws {@linkcode DecodeError} for a filter that is too long.
 */
export function metadataRequestOf(payload: Uint8Array, modes: OperationalModes): MetadataRequest {
  const all = modes.receiveExternalMetadata === modes.receiveInternalMetadata;
  return {
    filter: filterOf(payload, modes),
    encoding: modes.encoding,
    gzip: effectiveCompression(modes).metadata,
    external: all || modes.receiveExternalMetadata,
    internal: all || modes.receiveInternalMetadata,
  };
}

/** Throws {@linkcode DecodeError} for a filter or connection string that is too long. */
export function checkFilterSize(size: number): void {
  if (size <= MAX_FILTER_BYTES) return;
  throw new DecodeError(
    "oversize",
    `Cannot take a filter: expected at most ${MAX_FILTER_BYTES} bytes, found ${size}`,
    { field: "filterExpression", value: size },
  );
}

function filterOf(payload: Uint8Array, modes: OperationalModes): string {
  if (payload.length <= 4) return "";
  const reader = new ByteReader(payload);
  const size = reader.u32("size of the metadata filters");
  if (size > reader.remaining) return "";
  checkFilterSize(size);
  return decodeText(reader.slice(size, "metadata filters"), modes.encoding);
}
