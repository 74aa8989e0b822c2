/**
 * Gzip of caches and metadata with a limit on what comes out (specs/sttp.md 4.1, 6.1, 12.1).
 *
 * @module
 */
import { constants, crc32, deflateRawSync, gunzipSync } from "node:zlib";
import { DecodeError, finishSteps, messageOf, type Steps } from "../core/mod.ts";

/** Largest text or cache that is taken out of a gzip member, in bytes. */
export const MAX_UNCOMPRESSED = 64 * 1024 * 1024;

/** Bytes that are compressed in one step: about a millisecond. */
const STEP_BYTES = 64 * 1024;
/** Head of a gzip member without a name, a time or a word on the system (RFC 1952). */
const GZIP_HEAD = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/** A last block of DEFLATE without anything in it (RFC 1951). */
const LAST_BLOCK = [0x03, 0x00];

/** Compresses on the calling thread; for small inputs. */
export function compress(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return finishSteps(compressSteps(bytes));
}

/** `bytes` as one gzip member, in steps. */
export function* compressSteps(bytes: Uint8Array): Steps<Uint8Array<ArrayBuffer>> {
  const writer = new GzipWriter();
  for (let at = 0; at < bytes.length; at += STEP_BYTES) {
    if (at > 0) yield;
    writer.push(bytes.subarray(at, at + STEP_BYTES));
  }
  return writer.finish();
}

/**
 * Makes one gzip member of pieces.
 *
 * Each piece is compressed by itself and ends at a whole byte, so that the next one goes on behind it; this costs a
 * hundredth in size. The asynchronous functions of `node:zlib` and CompressionStream hold the thread for as long as they
 * work here, and the option `dictionary`, which would save that hundredth, has no effect.
 */
export class GzipWriter {
  readonly #pieces: Uint8Array[] = [Uint8Array.from(GZIP_HEAD)];
  #checksum = 0;
  #size = 0;

  /** Compresses a piece, lent for the call: about a millisecond for 64 KiB. */
  push(piece: Uint8Array): void {
    this.#checksum = crc32(piece, this.#checksum);
    this.#size += piece.length;
    this.#pieces.push(deflateRawSync(piece, { finishFlush: constants.Z_SYNC_FLUSH }));
  }

  /** The member, with all that was pushed. */
  finish(): Uint8Array<ArrayBuffer> {
    const tail = new Uint8Array(8);
    const view = new DataView(tail.buffer);
    view.setUint32(0, this.#checksum, true);
    view.setUint32(4, this.#size % 2 ** 32, true);
    return joinBytes([...this.#pieces, Uint8Array.from(LAST_BLOCK), tail]);
  }
}

/** Pieces as one. */
export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** Decompresses on the calling thread; throws {@linkcode DecodeError} for damage or too much output. */
export function decompress(
  bytes: Uint8Array,
  maxOutputBytes: number = MAX_UNCOMPRESSED,
): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: maxOutputBytes });
  } catch (error) {
    throw gzipError(error, maxOutputBytes);
  }
}

/** True if `bytes` begin like a gzip member (RFC 1952). */
export function looksLikeGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 18 && bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8;
}

function gzipError(error: unknown, maxOutputBytes: number): DecodeError {
  const found = messageOf(error);
  return new DecodeError(
    "gzip",
    `Cannot decompress: expected a gzip member of at most ${maxOutputBytes} bytes, found ${found}`,
  );
}
