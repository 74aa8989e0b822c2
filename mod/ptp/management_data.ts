/**
 * The data of management TLVs, both ways. Lengths are exact; variable data may have one octet of padding.
 *
 * @module
 */
import { ByteReader, ByteWriter } from "../core/mod.ts";
import { finish } from "./fields.ts";
import { type DataCodec, type DataCodecs, STANDARD_CODECS } from "./management_codecs.ts";
import { NP_CODECS } from "./management_codecs_np.ts";
import { managementName } from "./management_ids.ts";
import type { DataId, ManagementData } from "./management_types.ts";

const CODECS: DataCodecs = { ...STANDARD_CODECS, ...NP_CODECS };

/** Whether this module reads and writes the data of an id. */
export function hasData(id: number): id is DataId {
  return id in CODECS;
}

/** Reads the data of an id; throws a `DecodeError` of kind `truncated` or `length` when its length is wrong. */
export function decodeManagementData<K extends DataId>(
  id: K,
  data: Uint8Array,
): ManagementData[K] {
  const codec: DataCodec<ManagementData[K]> = CODECS[id];
  const reader = new ByteReader(data);
  const value = codec.read(reader);
  finish(reader, managementName(id), codec.padding ?? 0);
  return value;
}

/** Writes the data of an id, padded to an even length. */
export function encodeManagementData<K extends DataId>(
  id: K,
  data: ManagementData[K],
): Uint8Array<ArrayBuffer> {
  const codec: DataCodec<ManagementData[K]> = CODECS[id];
  const writer = new ByteWriter(64);
  codec.write(writer, data);
  if (writer.length % 2 !== 0) writer.u8(0);
  return writer.bytes();
}
