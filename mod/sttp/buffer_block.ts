/**
 * Buffer blocks: bytes for a signal that are delivered in order and confirmed (specs/sttp.md 11.1).
 *
 * @module
 */
import { ByteReader, ByteWriter } from "../core/mod.ts";

/** One buffer block. */
export interface BufferBlock {
  /** Number of the block in its connection, from 0. */
  readonly sequence: number;
  /** Signal index cache that the index refers to; 0 in protocol version 1. */
  readonly cacheIndex: 0 | 1;
  /** Runtime index of the signal. */
  readonly signalIndex: number;
  /** The bytes; a view when decoded. */
  readonly data: Uint8Array;
}

/** The payload of BufferBlock; version 1 has no cache index. */
export function encodeBufferBlock(block: BufferBlock, version: number): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(9 + block.data.length).u32(block.sequence);
  if (version >= 2) writer.u8(block.cacheIndex);
  return writer.u32(block.signalIndex).raw(block.data).bytes();
}

/** Reads the payload of BufferBlock. */
export function decodeBufferBlock(payload: Uint8Array, version: number): BufferBlock {
  const reader = new ByteReader(payload);
  const sequence = reader.u32("sequence number");
  const cacheIndex = version >= 2 && reader.u8("cache index") !== 0 ? 1 : 0;
  const signalIndex = reader.i32("signal index");
  return { sequence, cacheIndex, signalIndex, data: payload.subarray(reader.offset) };
}
