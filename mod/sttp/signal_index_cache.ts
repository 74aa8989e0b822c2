/**
 * Signal index caches: which runtime index stands for which signal (specs/sttp.md 6).
 *
 * @module
 */
import {
  ByteReader,
  ByteWriter,
  DecodeError,
  finishSteps,
  type Steps,
  uuidFromBytes,
  uuidToBytes,
} from "../core/mod.ts";
import { compress, decompress, looksLikeGzip } from "./gzip.ts";
import { decodeText, encodeText, type TextEncoding } from "./text.ts";

/** One signal of a cache. */
export interface CacheRecord {
  /** Runtime index, not negative, valid for this cache only. */
  readonly signalIndex: number;
  /** GUID, lower case. */
  readonly signalId: string;
  /** Source part of the measurement key. */
  readonly source: string;
  /** Number part of the measurement key; 2^64-1 when the key has none. */
  readonly id: bigint;
}

/** The body of a cache. */
export interface SignalIndexCache {
  /** GUID of the subscriber, chosen by the publisher. */
  readonly subscriberId: string;
  /** Signals in any order. */
  readonly records: readonly CacheRecord[];
  /** GUIDs of signals that were asked for and are not permitted. */
  readonly unauthorized: readonly string[];
}

/** A cache to be written; the number of a key may be a whole number below 2^53. */
export interface CacheToEncode extends Omit<SignalIndexCache, "records"> {
  /** Signals in any order, each looked at once. */
  readonly records: {
    readonly length: number;
    [Symbol.iterator](): Iterator<Omit<CacheRecord, "id"> & { readonly id: bigint | number }>;
  };
}

/** How the payload of UpdateSignalIndexCache is formed (6.1). */
export interface CacheFormat {
  /** Protocol version; from 2 on a cache index byte leads. */
  readonly version: number;
  /** Body is gzip. */
  readonly gzip: boolean;
  /** Encoding of the sources. */
  readonly encoding: TextEncoding;
  /** Most signals that are kept, and most that are not permitted; further ones are read over. No limit if absent. */
  readonly maxSignals?: number | undefined;
}

/** A payload of UpdateSignalIndexCache, decoded. */
export interface CacheUpdate {
  /** Slot: 0 even, 1 odd. */
  readonly cacheIndex: 0 | 1;
  /** The cache. */
  readonly cache: SignalIndexCache;
}

const NO_ID = 0xffffffffffffffffn;
/** Bytes of a record with an empty source. */
const RECORD_BYTES = 32;

/** Records that are written or read in one step. */
const STEP_RECORDS = 2000;

/** The uncompressed body of a cache (6.2). */
export function encodeSignalIndexCache(
  cache: CacheToEncode,
  encoding: TextEncoding,
): Uint8Array<ArrayBuffer> {
  return finishSteps(encodeSignalIndexCacheSteps(cache, encoding));
}

/** Does what {@linkcode encodeSignalIndexCache} does, in steps. */
export function* encodeSignalIndexCacheSteps(
  cache: CacheToEncode,
  encoding: TextEncoding,
): Steps<Uint8Array<ArrayBuffer>> {
  const writer = new ByteWriter(28 + cache.records.length * (RECORD_BYTES + 8));
  const guid = new Uint8Array(16);
  const writeGuid = (id: string) => {
    uuidToBytes(id, guid);
    writer.raw(guid);
  };
  writer.u32(0);
  writeGuid(cache.subscriberId);
  writer.u32(cache.records.length);
  let source = "", sourceBytes = new Uint8Array(0), written = 0;
  for (const record of cache.records) {
    if (record.source !== source) {
      source = record.source;
      sourceBytes = encodeText(source, encoding);
    }
    writer.u32(record.signalIndex);
    writeGuid(record.signalId);
    writer.u32(sourceBytes.length).raw(sourceBytes);
    if (typeof record.id === "bigint") writer.u64(record.id);
    else writer.u32(Math.floor(record.id / 2 ** 32)).u32(record.id);
    if (++written % STEP_RECORDS === 0) yield;
  }
  writer.u32(cache.unauthorized.length);
  for (const id of cache.unauthorized) {
    writeGuid(id);
    if (++written % STEP_RECORDS === 0) yield;
  }
  writer.setU32(0, writer.length);
  return writer.bytes();
}

/**
 * Reads an uncompressed body with the tolerance of 6.2: the size at its head is not relied on, and
 * the part of unauthorised signals may be missing.
 *
 * Throws {@linkcode DecodeError} for bodies that end early and for negative indexes.
 */
export function decodeSignalIndexCache(
  body: Uint8Array,
  encoding: TextEncoding,
): SignalIndexCache {
  return finishSteps(decodeSignalIndexCacheSteps(body, { encoding }));
}

/** Does what {@linkcode decodeSignalIndexCache} does, in steps; the body must stay as it is meanwhile. */
export function* decodeSignalIndexCacheSteps(
  body: Uint8Array,
  { encoding, maxSignals = Infinity }: Pick<CacheFormat, "encoding" | "maxSignals">,
): Steps<SignalIndexCache> {
  const reader = new ByteReader(body);
  reader.u32("size of the signal index cache");
  const subscriberId = uuidFromBytes(body, reader.take(16, "subscriber ID"));
  const count = reader.u32("number of records");
  checkCount(count, RECORD_BYTES, reader, "number of records");
  const records: CacheRecord[] = [];
  let source = "";
  let sourceBytes: Uint8Array = new Uint8Array(0); // nearly always that of the record before
  for (let i = 0; i < count; i++) {
    const at = reader.offset;
    const signalIndex = reader.i32("signal index");
    if (signalIndex < 0) {
      throw new DecodeError(
        "signalIndex",
        `Cannot read a signal index cache: expected an index of 0 or more, found ${signalIndex}`,
        { offset: at, field: "signal index", value: signalIndex },
      );
    }
    if (records.length >= maxSignals) {
      reader.take(16, "signal ID");
      reader.take(reader.u32("size of the source"), "source");
      reader.take(8, "source ID");
      if (i % STEP_RECORDS === STEP_RECORDS - 1) yield;
      continue;
    }
    const signalId = uuidFromBytes(body, reader.take(16, "signal ID"));
    const size = reader.u32("size of the source");
    const bytes = reader.slice(size, "source");
    if (!sameBytes(bytes, sourceBytes)) {
      sourceBytes = bytes;
      source = decodeText(bytes, encoding);
    }
    records.push({ signalIndex, signalId, source, id: reader.u64("source ID") });
    if (i % STEP_RECORDS === STEP_RECORDS - 1) yield;
  }
  const unauthorized: string[] = [];
  if (reader.remaining >= 4) {
    const denied = reader.u32("number of unauthorised signals");
    checkCount(denied, 16, reader, "number of unauthorised signals");
    for (let i = 0; i < denied; i++) {
      const at = reader.take(16, "unauthorised signal ID");
      if (unauthorized.length < maxSignals) unauthorized.push(uuidFromBytes(body, at));
      if (i % STEP_RECORDS === STEP_RECORDS - 1) yield;
    }
  }
  return { subscriberId, records, unauthorized };
}

/** The payload of UpdateSignalIndexCache (6.1) around a body of {@linkcode encodeSignalIndexCache}. */
export function encodeCachePayload(
  body: Uint8Array,
  cacheIndex: 0 | 1,
  format: CacheFormat,
): Uint8Array<ArrayBuffer> {
  return cachePayloadOf(format.gzip ? compress(body) : body, cacheIndex, format.version);
}

/** The payload of UpdateSignalIndexCache around a body as it is sent, compressed or not. */
export function cachePayloadOf(
  content: Uint8Array,
  cacheIndex: 0 | 1,
  version: number,
): Uint8Array<ArrayBuffer> {
  const lead = version >= 2 ? 1 : 0;
  const payload = new Uint8Array(lead + content.length);
  if (lead > 0) payload[0] = cacheIndex;
  payload.set(content, lead);
  return payload;
}

/**
 * Reads the payload of UpdateSignalIndexCache.
 *
 * A body that is not compressed although that was agreed is accepted. Throws
 * {@linkcode DecodeError}; what comes out of gzip is limited to `maxBytes`.
 */
export function decodeCachePayload(
  payload: Uint8Array,
  format: CacheFormat,
  maxBytes?: number,
): CacheUpdate {
  return finishSteps(decodeCachePayloadSteps(payload, format, maxBytes));
}

/**
 * Does what {@linkcode decodeCachePayload} does, in steps, of which the first, gunzip, is the longest: 12 ms for 100,000
 * signals. The payload is needed in that step alone.
 */
export function* decodeCachePayloadSteps(
  payload: Uint8Array,
  format: CacheFormat,
  maxBytes?: number,
): Steps<CacheUpdate> {
  const lead = format.version >= 2 ? 1 : 0;
  if (payload.length < lead) {
    throw new DecodeError("truncated", "Cannot read a signal index cache: found an empty payload");
  }
  const content = payload.subarray(lead);
  const cacheIndex = lead > 0 && payload[0] !== 0 ? 1 : 0;
  const zipped = format.gzip && looksLikeGzip(content);
  const body = zipped ? decompress(content, maxBytes) : content.slice();
  if (body.length > STEP_RECORDS * RECORD_BYTES) yield;
  return { cacheIndex, cache: yield* decodeSignalIndexCacheSteps(body, format) };
}

/** Source and number of a measurement key, split at the last colon (6.2). */
export function splitMeasurementKey(key: string): { source: string; id: bigint } {
  const colon = key.lastIndexOf(":");
  const source = colon < 0 ? "" : key.slice(0, colon);
  const number = key.slice(colon + 1).trim();
  if (/^\d{1,20}$/.test(number)) {
    const id = BigInt(number);
    if (id <= NO_ID) return { source, id };
  }
  return { source: colon < 0 ? key : source, id: NO_ID };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function checkCount(count: number, size: number, reader: ByteReader, field: string): void {
  if (count * size <= reader.remaining) return;
  throw new DecodeError(
    "count",
    `Cannot read a signal index cache: expected ${field} for ${reader.remaining} bytes, found ${count}`,
    { offset: reader.offset - 4, field, value: count },
  );
}
