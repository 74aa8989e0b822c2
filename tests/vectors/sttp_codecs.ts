/**
 * Runs `signal-index-cache.json`, `base-times.json`, `cipher-keys.json` and the metadata samples.
 *
 * @module
 */
import type { DataSet } from "../../mod/core/mod.ts";
import {
  compress,
  DATA_PACKET_HEADER_SIZE,
  decodeBaseTimes,
  decodeCachePayload,
  decodeCipherKeys,
  decodeMetadata,
  decodeSignalIndexCache,
  decompress,
  decryptDataPacket,
  encodeBaseTimes,
  encodeCachePayload,
  encodeCipherKeys,
  encodeMetadata,
  encodeSignalIndexCache,
  encryptDataPacket,
  MeasurementBatch,
  noBaseTimes,
  parseDataPacketHeader,
  parseResponse,
  readCompact,
  readMetadataXml,
  Response,
  responseFrame,
  type SignalIndexCache,
  type TextEncoding,
  writeMetadataXml,
} from "../../mod/sttp/mod.ts";
import { firstByteDifference, fromHex, type Report, toHex, type VectorFile } from "./report.ts";
import { compactDifference } from "./sttp_compact.ts";
import { check, difference, halves, joined, listOf, type MeasurementRow } from "./sttp_common.ts";

interface CacheCase {
  readonly name: string;
  readonly subscriberID: string;
  readonly records: readonly {
    readonly signalIndex: number;
    readonly signalID: string;
    readonly source: string;
    readonly id: string;
  }[];
  readonly responsePayloads: Readonly<Record<string, string>>;
  readonly [body: string]: unknown;
}

const BODIES: readonly (readonly [string, TextEncoding])[] = [
  ["bodyUtf8", "utf-8"],
  ["bodyUtf16LE", "utf-16le"],
  ["bodyUtf16BE", "utf-16be"],
];

/** Bodies in every encoding, and response payloads of every version, both ways. */
export function runSignalIndexCache(content: Record<string, unknown>, report: Report): void {
  for (const c of listOf<CacheCase>(content, "cases")) {
    const cache: SignalIndexCache = {
      subscriberId: c.subscriberID,
      records: c.records.map((r) => ({
        signalIndex: r.signalIndex,
        signalId: r.signalID,
        source: r.source,
        id: BigInt(r.id),
      })),
      unauthorized: [],
    };
    for (const [key, encoding] of BODIES) {
      const body = c[key];
      if (typeof body !== "string") continue; // not every case has every encoding
      const bytes = fromHex(body);
      check(
        `${c.name} ${key} encoded`,
        report,
        () => firstByteDifference(encodeSignalIndexCache(cache, encoding), bytes),
      );
      check(
        `${c.name} ${key} decoded`,
        report,
        () => cacheDifference(decodeSignalIndexCache(bytes, encoding), cache),
      );
    }
    const short = c["bodyUtf8NoUnauthorizedPart"];
    if (typeof short === "string") {
      check(
        `${c.name} without unauthorised part decoded`,
        report,
        () => cacheDifference(decodeSignalIndexCache(fromHex(short), "utf-8"), cache),
      );
    }
    for (const [key, hex] of Object.entries(c.responsePayloads)) {
      runCachePayload(`${c.name} ${key}`, key, fromHex(hex), cache, report);
    }
  }
}

/** The key is `v1-plain`, `v2-odd-gzip` and the like. */
function runCachePayload(
  name: string,
  key: string,
  payload: Uint8Array,
  cache: SignalIndexCache,
  report: Report,
): void {
  const parts = key.split("-");
  const version = Number(parts[0]!.slice(1));
  const gzip = parts.includes("gzip");
  const cacheIndex = parts.includes("odd") ? 1 : 0;
  const format = { version, gzip, encoding: "utf-8" } as const;
  check(`${name} encoded`, report, () => {
    const body = encodeSignalIndexCache(cache, "utf-8");
    const found = encodeCachePayload(body, cacheIndex, format);
    if (!gzip) return firstByteDifference(found, payload);
    const lead = version >= 2 ? 1 : 0;
    if (lead > 0 && found[0] !== payload[0]) {
      return `expected index ${payload[0]}, found ${found[0]}`;
    }
    return firstByteDifference(
      decompress(found.subarray(lead)),
      decompress(payload.subarray(lead)),
    );
  });
  check(`${name} decoded`, report, () => {
    const update = decodeCachePayload(payload, format);
    if (update.cacheIndex !== cacheIndex) {
      return `expected cache index ${cacheIndex}, found ${update.cacheIndex}`;
    }
    return cacheDifference(update.cache, cache);
  });
}

function cacheDifference(found: SignalIndexCache, expected: SignalIndexCache): string | undefined {
  const plain = (cache: SignalIndexCache) => ({
    ...cache,
    records: cache.records.map((r) => ({ ...r, id: String(r.id) })),
  });
  return difference(plain(found), plain(expected));
}

/** UpdateBaseTimes both ways. */
export function runBaseTimes(content: Record<string, unknown>, report: Report): void {
  interface Case {
    readonly timeIndex: number;
    readonly offsets: readonly [string, string];
    readonly payload: string;
  }
  listOf<Case>(content, "cases").forEach((c, i) => {
    const payload = fromHex(c.payload);
    const offsets = c.offsets.map(halves);
    check(`case ${i} encoded`, report, () => {
      const times = noBaseTimes();
      times.timeIndex = c.timeIndex === 0 ? 0 : 1;
      offsets.forEach(({ hi, lo }, k) => [times.hi[k], times.lo[k]] = [hi, lo]);
      return firstByteDifference(encodeBaseTimes(times), payload);
    });
    check(`case ${i} decoded`, report, () => {
      const { timeIndex, hi, lo } = decodeBaseTimes(payload);
      const found = [0, 1].map((k) => String(BigInt.asIntN(64, joined(hi[k]!, lo[k]!))));
      return difference({ timeIndex, offsets: found }, {
        timeIndex: c.timeIndex,
        offsets: c.offsets,
      });
    });
  });
}

interface EncryptedPacket {
  readonly cipherIndex: number;
  readonly flagsByte: number;
  readonly plain: string;
  readonly payload: string;
  readonly udpDatagram: string;
  readonly measurements: readonly MeasurementRow[];
}

/** UpdateCipherKeys and encrypted packets, both ways. */
export function runCipherKeys(content: Record<string, unknown>, report: Report): void {
  interface Case {
    readonly activeIndex: number;
    readonly evenKey: string;
    readonly evenIV: string;
    readonly oddKey: string;
    readonly oddIV: string;
    readonly payload: string;
    readonly encryptedPackets: readonly EncryptedPacket[];
  }
  listOf<Case>(content, "cases").forEach((c, i) => {
    const keys = {
      activeIndex: c.activeIndex === 0 ? 0 : 1,
      even: { key: fromHex(c.evenKey), iv: fromHex(c.evenIV) },
      odd: { key: fromHex(c.oddKey), iv: fromHex(c.oddIV) },
    } as const;
    const payload = fromHex(c.payload);
    check(`case ${i} encoded`, report, () => firstByteDifference(encodeCipherKeys(keys), payload));
    check(`case ${i} decoded`, report, () => {
      const found = decodeCipherKeys(payload);
      return difference(
        [found.activeIndex, ...[found.even, found.odd].flatMap((k) => [toHex(k.key), toHex(k.iv)])],
        [c.activeIndex, c.evenKey, c.evenIV, c.oddKey, c.oddIV],
      );
    });
    c.encryptedPackets.forEach((packet, k) => {
      const name = `case ${i} packet ${k}`;
      const plain = Uint8Array.of(packet.flagsByte, ...fromHex(packet.plain));
      const encrypted = fromHex(packet.payload);
      check(`${name} encrypted`, report, () =>
        firstByteDifference(
          encryptDataPacket(plain, keys, packet.cipherIndex === 0 ? 0 : 1),
          encrypted,
        ));
      check(
        `${name} decrypted`,
        report,
        () => firstByteDifference(decryptDataPacket(encrypted, keys), plain),
      );
      check(`${name} datagram`, report, () => datagramDifference(packet, encrypted));
      check(`${name} measurements`, report, () => plainDifference(packet, plain));
    });
  });
}

function datagramDifference(packet: EncryptedPacket, encrypted: Uint8Array): string | undefined {
  const datagram = fromHex(packet.udpDatagram);
  const { response, command, payload } = parseResponse(datagram);
  if (response !== Response.DataPacket) return `expected a data packet, found ${response}`;
  return firstByteDifference(payload, encrypted) ??
    firstByteDifference(responseFrame(response, command, encrypted).subarray(4), datagram);
}

function plainDifference(packet: EncryptedPacket, plain: Uint8Array): string | undefined {
  const format = { includeTime: true, millisecondResolution: false, baseTimes: noBaseTimes() };
  const { count } = parseDataPacketHeader(plain);
  const batch = new MeasurementBatch();
  readCompact(plain, DATA_PACKET_HEADER_SIZE, plain.length, count, format, batch);
  return compactDifference(batch, packet.measurements, format);
}

/** The document, its row counts, its gzip form, and our own document of the same tables. */
export function runMetadata(content: Record<string, unknown>, report: Report): void {
  const { tables, xml, gzipBase64 } = content;
  if (typeof xml !== "string") return report.fail("xml", "expected a text");
  const dataSet = readMetadataXml(xml);
  check("row counts", report, () => difference(rowCounts(dataSet), tables));
  check(
    "document written and read again",
    report,
    () => difference(readMetadataXml(writeMetadataXml(dataSet)), dataSet),
  );
  if (typeof gzipBase64 === "string") {
    const gzip = Uint8Array.from(atob(gzipBase64), (c) => c.charCodeAt(0));
    const format = { encoding: "utf-8", gzip: true } as const;
    check(
      "gzip decoded",
      report,
      () =>
        firstByteDifference(decompress(gzip), new TextEncoder().encode(xml)) ??
          difference(decodeMetadata(gzip, format), dataSet),
    );
    check(
      "gzip encoded",
      report,
      () =>
        firstByteDifference(decompress(compress(decompress(gzip))), decompress(gzip)) ??
          difference(decodeMetadata(encodeMetadata(dataSet, format), format), dataSet),
    );
  }
}

/** A document alone; its row counts where a JSON file of the same name gives them. */
export function runMetadataXml(text: string, file: VectorFile, report: Report): void {
  const dataSet = readMetadataXml(text);
  check(
    "document written and read again",
    report,
    () => difference(readMetadataXml(writeMetadataXml(dataSet)), dataSet),
  );
  check(
    "rows",
    report,
    () => dataSet.tables.some((t) => t.rows.length > 0) ? undefined : "expected rows, found none",
  );
  const sibling = file.sibling(file.name.replace(/\.xml$/, ".json"));
  if (!sibling) return;
  const content: unknown = JSON.parse(new TextDecoder().decode(sibling));
  if (typeof content !== "object" || content === null || !("tables" in content)) return;
  const { tables } = content;
  check("row counts", report, () => difference(rowCounts(dataSet), tables));
}

function rowCounts(dataSet: DataSet): Record<string, number> {
  return Object.fromEntries(dataSet.tables.map((t) => [t.name, t.rows.length]));
}
