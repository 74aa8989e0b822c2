/**
 * The common part of every frame: SYNC, FRAMESIZE, IDCODE, SOC, FRACSEC and CHK (clause 6.2).
 *
 * @module
 */
import { ByteWriter, DecodeError } from "../core/mod.ts";
import { crc16, crcMatches } from "./crc.ts";
import type { CommonHeader, Prefix } from "./types.ts";
import { FrameType } from "./types.ts";

/** Bytes of the common part before the body. */
export const PREFIX_SIZE = 14;

/** Size of the largest frame: FRAMESIZE has 16 bits. */
export const MAX_FRAME_SIZE = 65535;

/**
 * Smallest FRAMESIZE by frame type; 0 marks types that are not assigned.
 *
 * CFG-3 is 26 bytes at least, but its last fragment may be as short as 18.
 */
export const MIN_SIZE_OF_TYPE: readonly number[] = [16, 16, 24, 24, 18, 18, 0, 0];

/**
 * Reads and checks the common part of the frame that fills `bytes`: SYNC, FRAMESIZE and CHK.
 *
 * Throws a `DecodeError` of kind `sync`, `type`, `size`, `truncated` or `crc`.
 */
export function parseHeader(bytes: Uint8Array): CommonHeader {
  const header = peekHeader(bytes);
  if (bytes.length < header.size) {
    throw new DecodeError(
      "truncated",
      `Cannot read a frame: expected FRAMESIZE ${header.size} bytes, found ${bytes.length}`,
      { offset: 2, field: "FRAMESIZE", value: header.size },
    );
  }
  if (!crcMatches(bytes, 0, header.size)) {
    const at = header.size - 2;
    const found = (bytes[at]! << 8) | bytes[at + 1]!;
    throw new DecodeError(
      "crc",
      `Cannot accept a frame: expected CHK ${hex4(crc16(bytes, 0, at))}, found ${hex4(found)}`,
      { offset: at, field: "CHK", value: found },
    );
  }
  return header;
}

/** Reads the common part without looking at CHK or at the length of `bytes` beyond 14 bytes. */
export function peekHeader(bytes: Uint8Array): CommonHeader {
  if (bytes.length < PREFIX_SIZE) {
    throw new DecodeError(
      "truncated",
      `Cannot read a frame: expected at least ${PREFIX_SIZE} bytes, found ${bytes.length}`,
      { offset: 0, field: "SYNC", value: bytes.length },
    );
  }
  if (bytes[0] !== 0xaa) {
    throw new DecodeError("sync", `Cannot read a frame: expected SYNC 0xAA, found ${bytes[0]}`, {
      offset: 0,
      field: "SYNC",
      value: bytes[0]!,
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = (bytes[1]! >>> 4) & 7;
  const size = view.getUint16(2);
  const minimum = MIN_SIZE_OF_TYPE[type]!;
  if (minimum === 0 || bytes[1]! >= 0x80) {
    throw new DecodeError(
      "type",
      `Cannot read a frame: expected frame type 0 to 5, found SYNC 0xAA${
        hex4(bytes[1]!).slice(-2)
      }`,
      { offset: 1, field: "SYNC", value: bytes[1]! },
    );
  }
  if (size < minimum) {
    throw new DecodeError(
      "size",
      `Cannot read a frame: expected FRAMESIZE of at least ${minimum} for type ${type}, found ${size}`,
      { offset: 2, field: "FRAMESIZE", value: size },
    );
  }
  return {
    type,
    version: bytes[1]! & 15,
    size,
    idCode: view.getUint16(4),
    soc: view.getUint32(6),
    fracSec: view.getUint32(10) & 0xffffff,
    timeQuality: bytes[10]!,
  };
}

/** Starts a frame of `type`; FRAMESIZE and CHK are put in by {@linkcode finishFrame}. */
export function startFrame(type: number, prefix: Prefix, capacity = 256): ByteWriter {
  const version = prefix.version ?? (type === FrameType.Config3 ? 2 : 1);
  return new ByteWriter(capacity).u8(0xaa).u8((type << 4) | (version & 15)).u16(0)
    .u16(prefix.idCode).u32(prefix.soc ?? 0)
    .u32((((prefix.timeQuality ?? 0) << 24) | ((prefix.fracSec ?? 0) & 0xffffff)) >>> 0);
}

/**
 * Ends a frame: writes FRAMESIZE and CHK and returns the bytes.
 *
 * Throws a `DecodeError` of kind `size` if the frame exceeds 65535 bytes.
 */
export function finishFrame(writer: ByteWriter): Uint8Array<ArrayBuffer> {
  const size = writer.length + 2;
  if (size > MAX_FRAME_SIZE) {
    throw new DecodeError(
      "size",
      `Cannot write a frame: expected at most ${MAX_FRAME_SIZE} bytes, found ${size}`,
      { offset: 2, field: "FRAMESIZE", value: size },
    );
  }
  writer.setU16(2, size);
  writer.u16(0);
  const bytes = writer.bytes();
  writeCheck(bytes, 0, size);
  return bytes;
}

/** Writes CHK into the last two of the `size` bytes from `offset`. */
export function writeCheck(bytes: Uint8Array, offset: number, size: number): void {
  const at = offset + size - 2;
  const crc = crc16(bytes, offset, at);
  bytes[at] = crc >>> 8;
  bytes[at + 1] = crc & 0xff;
}

/** Four hex digits for messages. */
export function hex4(value: number): string {
  return `0x${value.toString(16).toUpperCase().padStart(4, "0")}`;
}
