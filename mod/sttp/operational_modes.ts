/**
 * The operational modes word that opens every session (specs/sttp.md 4.1).
 *
 * @module
 */
import { ByteReader } from "../core/mod.ts";
import { Command, OperationalModeBits as Bits } from "./constants.ts";
import { commandFrame } from "./framing.ts";
import type { TextEncoding } from "./text.ts";

/** What a client asks for when it connects. */
export interface OperationalModes {
  /** Protocol version, 0 to 31; 1 to 3 exist. */
  readonly version: number;
  /** GZip is available. */
  readonly gzip: boolean;
  /** TSSC is available. */
  readonly tssc: boolean;
  /** Encoding of all text; the obsolete "ANSI" is taken as UTF-8 (4.7). */
  readonly encoding: TextEncoding;
  /** The client asked for the obsolete "ANSI" encoding. */
  readonly ansi: boolean;
  /** Implementation extension id, 0 is none. */
  readonly extension: number;
  /** GEP only: portable binary formats. */
  readonly portableFormats: boolean;
  /** Wants external metadata. */
  readonly receiveExternalMetadata: boolean;
  /** Wants internal metadata. */
  readonly receiveInternalMetadata: boolean;
  /** Compress payload data. */
  readonly compressPayloadData: boolean;
  /** Compress the signal index cache. */
  readonly compressSignalIndexCache: boolean;
  /** Compress metadata. */
  readonly compressMetadata: boolean;
}

/** What is compressed in effect (4.1), before a UDP data channel is considered. */
export interface EffectiveCompression {
  /** Metadata is gzip. */
  readonly metadata: boolean;
  /** Signal index caches are gzip. */
  readonly signalIndexCache: boolean;
  /** Data packets are TSSC, as long as no UDP data channel is in use. */
  readonly tssc: boolean;
}

const ENCODINGS: readonly TextEncoding[] = ["utf-16le", "utf-16be", "utf-8", "utf-8"];

/** Takes a modes word apart. Never fails: versions outside 1 to 3 are for the caller to refuse. */
export function decodeOperationalModes(word: number): OperationalModes {
  const field = (word & Bits.EncodingMask) >>> 8;
  return {
    version: word & Bits.VersionMask,
    gzip: (word & Bits.GZip) !== 0,
    tssc: (word & Bits.Tssc) !== 0,
    encoding: ENCODINGS[field]!,
    ansi: field === 3,
    extension: (word & Bits.ExtensionMask) >>> 16,
    portableFormats: (word & Bits.PortableFormats) !== 0,
    receiveExternalMetadata: (word & Bits.ReceiveExternalMetadata) !== 0,
    receiveInternalMetadata: (word & Bits.ReceiveInternalMetadata) !== 0,
    compressPayloadData: (word & Bits.CompressPayloadData) !== 0,
    compressSignalIndexCache: (word & Bits.CompressSignalIndexCache) !== 0,
    compressMetadata: (word & Bits.CompressMetadata) !== 0,
  };
}

/** The modes word as an unsigned 32-bit number; reserved bits are 0. */
export function encodeOperationalModes(modes: OperationalModes): number {
  const encoding = modes.ansi ? 3 : ENCODINGS.indexOf(modes.encoding);
  let word = (modes.version & Bits.VersionMask) | (encoding << 8) |
    ((modes.extension & 0xff) << 16);
  if (modes.gzip) word |= Bits.GZip;
  if (modes.tssc) word |= Bits.Tssc;
  if (modes.portableFormats) word |= Bits.PortableFormats;
  if (modes.receiveExternalMetadata) word |= Bits.ReceiveExternalMetadata;
  if (modes.receiveInternalMetadata) word |= Bits.ReceiveInternalMetadata;
  if (modes.compressPayloadData) word |= Bits.CompressPayloadData;
  if (modes.compressSignalIndexCache) word |= Bits.CompressSignalIndexCache;
  if (modes.compressMetadata) word |= Bits.CompressMetadata;
  return word >>> 0;
}

/** Reads the payload of DefineOperationalModes; bytes behind the word are ignored (2). */
export function parseOperationalModes(payload: Uint8Array): OperationalModes {
  return decodeOperationalModes(new ByteReader(payload).u32("operational modes"));
}

/** The whole frame of DefineOperationalModes. */
export function operationalModesFrame(modes: OperationalModes): Uint8Array<ArrayBuffer> {
  const word = encodeOperationalModes(modes);
  return commandFrame(
    Command.DefineOperationalModes,
    Uint8Array.of(word >>> 24, word >>> 16, word >>> 8, word),
  );
}

/** What the published clients ask for by default (4.1): everything compressed, UTF-8. */
export function clientModes(version: number, compress = true): OperationalModes {
  return {
    version,
    gzip: true,
    tssc: compress,
    encoding: "utf-8",
    ansi: false,
    extension: 0,
    portableFormats: false,
    receiveExternalMetadata: false,
    receiveInternalMetadata: false,
    compressPayloadData: compress,
    compressSignalIndexCache: compress,
    compressMetadata: compress,
  };
}

/** Compression that holds when all conditions of 4.1 are met. */
export function effectiveCompression(modes: OperationalModes): EffectiveCompression {
  return {
    metadata: modes.compressMetadata && modes.gzip,
    signalIndexCache: modes.compressSignalIndexCache && modes.gzip,
    tssc: modes.compressPayloadData && modes.tssc,
  };
}
