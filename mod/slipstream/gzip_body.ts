/**
 * The body of messages above 4096 samples: one gzip member (RFC 1952; specs/slipstream.md 7).
 *
 * @module
 */
import { gunzipSync, gzipSync } from "node:zlib";
import { DecodeError, messageOf } from "../core/mod.ts";

/** The member header that the reference writes: no name, its idea of an unset date, best compression, unknown system. */
const MEMBER_HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 9, 0x6e, 0x88, 2, 0xff);
/** Smallest member: header, one empty block, CRC-32 and size. */
const LEAST_MEMBER = 20;

/**
 * Replaces the body from `start` to `end` of `buffer` by its gzip member and returns where that ends.
 *
 * Level 8 gives fewer bytes than the reference's level 9 on every vector that is compressed. The
 * platform's level 9 takes half as long again and gives up to 1.6 % less, or a little more. What
 * deflate adds to a body that cannot be compressed has room in what bounds a body.
 */
export function compressBody(buffer: Uint8Array, start: number, end: number): number {
  const member = gzipSync(buffer.subarray(start, end), { level: 8 });
  member.set(MEMBER_HEADER);
  buffer.set(member, start);
  return start + member.length;
}

/** The body in a gzip member; throws a DecodeError for damage, for more than `most` bytes, and for more than one member. */
export function decompressBody(member: Uint8Array, most: number): Uint8Array {
  let body: Uint8Array;
  try {
    body = gunzipSync(member, { maxOutputLength: most });
  } catch (error) {
    throw damaged(`expected one member of at most ${most} bytes, found ${messageOf(error)}`);
  }
  // The platform joins members that follow each other and passes over zeros at the end; the size at the very end of
  // one member is that of the whole body.
  const size = member.length < LEAST_MEMBER ? -1 : sizeAtEnd(member);
  if (size !== body.length) {
    throw damaged(`expected one member of ${body.length} bytes, found ${size} at its end`);
  }
  return body;
}

function sizeAtEnd(member: Uint8Array): number {
  const at = member.length - 4;
  return (member[at]! | member[at + 1]! << 8 | member[at + 2]! << 16 | member[at + 3]! << 24) >>> 0;
}

function damaged(what: string): DecodeError {
  return new DecodeError("gzip", `Cannot decompress a message's body: ${what}`, { field: "gzip" });
}
