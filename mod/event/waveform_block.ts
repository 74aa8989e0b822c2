/**
 * What STTP buffer blocks of a waveform signal hold: descriptors, live messages, parts of event records.
 *
 * `docs/waveform-blocks.md` describes the bytes.
 *
 * @module
 */
import { encode } from "cborg";
import * as v from "valibot";
import { messageOf, uuidFromBytes, uuidToBytes } from "../core/mod.ts";
import type { StreamOptions } from "../slipstream/mod.ts";
import { BlockKind, refusedBlock } from "./block_kind.ts";
import { LIVE_MARK_ANEW, readMarkedMessage } from "./live_marks.ts";
import type { RecordedStream, RecordingGateway } from "./record_content.ts";
import { encodingMap, MARK_LEGEND, streamMap } from "./record.ts";
import { encodingSchema, gatewaySchema, streamSchema } from "./record_schema.ts";
import { decodeStrictly } from "./strict_cbor.ts";

/** First word of each descriptor. */
export const DESCRIPTOR_KIND = "tieline-waveform";
/** Version of the blocks; 1 had no marks. */
export const DESCRIPTOR_VERSION = 2;
/** Bytes before the data of a record part: kind, identity, total, offset. */
const PART_HEADER = 25;

/** What the blocks of a waveform signal are. */
export interface WaveformDescriptor {
  /** Who sends. */
  readonly gateway: RecordingGateway;
  /** The stream. */
  readonly stream: RecordedStream;
  /** Options of the live messages; undefined if there are none. */
  readonly encoding: StreamOptions | undefined;
}

/** One block, decoded. */
export type WaveformBlock =
  | { readonly kind: "descriptor"; readonly descriptor: WaveformDescriptor }
  | {
    readonly kind: "message";
    /** Marks as runs: mark, length, and so on; a length of 0, the last, goes to the end of the message. */
    readonly marks: readonly number[];
    readonly message: Uint8Array;
  }
  | {
    readonly kind: "part";
    readonly record: string;
    readonly total: number;
    readonly offset: number;
    readonly data: Uint8Array;
  };

/** The block of a descriptor. */
export function encodeDescriptorBlock(descriptor: WaveformDescriptor): Uint8Array<ArrayBuffer> {
  const { gateway, stream, encoding } = descriptor;
  const body = encode({
    kind: DESCRIPTOR_KIND,
    version: DESCRIPTOR_VERSION,
    gateway: { ...gateway },
    stream: streamMap(stream),
    encoding: encoding ? encodingMap(encoding) : null,
    markLegend: {
      ...MARK_LEGEND,
      [LIVE_MARK_ANEW]: "the numbering begins anew with this sample",
    },
  });
  const block = new Uint8Array(1 + body.length);
  block[0] = BlockKind.Descriptor;
  block.set(body, 1);
  return block;
}

/** The block with the bytes of a record from `offset` on, at most `length` of them. */
export function encodeRecordPart(
  record: string,
  bytes: Uint8Array,
  offset: number,
  length: number,
): Uint8Array<ArrayBuffer> {
  const data = bytes.subarray(offset, offset + length);
  const block = new Uint8Array(PART_HEADER + data.length);
  block[0] = BlockKind.RecordPart;
  uuidToBytes(record, block, 1);
  const view = new DataView(block.buffer);
  view.setUint32(17, bytes.length);
  view.setUint32(21, offset);
  block.set(data, PART_HEADER);
  return block;
}

const descriptorSchema = v.object({
  kind: v.literal(DESCRIPTOR_KIND),
  version: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(DESCRIPTOR_VERSION)),
  gateway: gatewaySchema,
  stream: streamSchema,
  encoding: v.nullable(encodingSchema),
});

/** Reads a block; messages and parts are views of it. Throws DecodeError for anything else. */
export function decodeWaveformBlock(block: Uint8Array): WaveformBlock {
  switch (block[0]) {
    case BlockKind.Descriptor:
      return { kind: "descriptor", descriptor: readDescriptor(block.subarray(1)) };
    case BlockKind.Message:
      return { kind: "message", marks: [0, 0], message: block.subarray(1) };
    case BlockKind.MarkedMessage:
      return readMarkedMessage(block);
    case BlockKind.RecordPart: {
      if (block.length < PART_HEADER) {
        throw refusedBlock(`at least ${PART_HEADER} bytes`, `${block.length}`);
      }
      const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
      const total = view.getUint32(17), offset = view.getUint32(21);
      if (offset + block.length - PART_HEADER > total) {
        throw refusedBlock(`a part within ${total} bytes`, `one that ends beyond`);
      }
      return {
        kind: "part",
        record: uuidFromBytes(block, 1),
        total,
        offset,
        data: block.subarray(PART_HEADER),
      };
    }
    default:
      throw refusedBlock("a descriptor, a message or a part of a record", `kind ${block[0]}`);
  }
}

function readDescriptor(body: Uint8Array): WaveformDescriptor {
  let value: unknown;
  try {
    value = decodeStrictly(body);
  } catch (error) {
    throw refusedBlock("CBOR", messageOf(error));
  }
  const result = v.safeParse(descriptorSchema, value, { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    throw refusedBlock(
      `${issue.expected} (${v.getDotPath(issue) ?? "descriptor"})`,
      issue.received,
    );
  }
  const { gateway, stream, encoding } = result.output;
  return {
    gateway,
    stream: { ...stream, latitude: stream.latitude ?? NaN, longitude: stream.longitude ?? NaN },
    encoding: encoding
      ? {
        uuid: encoding.uuid,
        variables: stream.channels.length,
        samplingRate: stream.rate,
        samplesPerMessage: encoding.samplesPerMessage,
        xor: encoding.xor,
        ...(encoding.spatial && { spatial: encoding.spatial }),
      }
      : undefined,
  };
}
