/**
 * Frames of the command channel: four bytes of length, then the body (specs/sttp.md 1.2 and 1.3).
 *
 * @module
 */
import { DecodeError, ProtocolError } from "../core/mod.ts";
import { MAX_FRAME_BEFORE_VALIDATION } from "./constants.ts";

/** Takes frame bodies (without the length). `frame` is lent: it is valid for the length of the call. */
export interface FrameHandler {
  /** Takes one body of at least one byte. */
  frame(body: Uint8Array): void;
}

/** A response taken apart; the payload is a view. */
export interface ResponseBody {
  /** Response code. */
  readonly response: number;
  /** Command that it belongs to. */
  readonly command: number;
  /** What follows the inner size, which itself is ignored (1.3). */
  readonly payload: Uint8Array;
}

const EMPTY = new Uint8Array(0);
/** A partial frame's buffer above this size is given back once the frame is complete. */
const KEEP_BYTES = 65536;

/** A whole command frame: length, command code, payload (1.2). */
export function commandFrame(
  command: number,
  payload: Uint8Array = EMPTY,
): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(5 + payload.length);
  setU32(frame, 0, payload.length + 1);
  frame[4] = command;
  frame.set(payload, 5);
  return frame;
}

/** A whole response frame: length, response code, command code, payload size, payload (1.3). */
export function responseFrame(
  response: number,
  command: number,
  payload: Uint8Array = EMPTY,
): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(RESPONSE_HEADER_SIZE + payload.length);
  writeResponseHeader(frame, 0, response, command, payload.length);
  frame.set(payload, RESPONSE_HEADER_SIZE);
  return frame;
}

/** Bytes of a response frame before its payload, the length included. */
export const RESPONSE_HEADER_SIZE = 10;

/**
 * Writes the ten bytes before a response's payload at `offset` of `out`.
 *
 * For senders that build the payload in place and know its size afterwards. A datagram (1.4) is
 * the same without the first four bytes.
 */
export function writeResponseHeader(
  out: Uint8Array,
  offset: number,
  response: number,
  command: number,
  payloadSize: number,
): void {
  setU32(out, offset, payloadSize + 6);
  out[offset + 4] = response;
  out[offset + 5] = command;
  setU32(out, offset + 6, payloadSize);
}

/** Takes a response body apart (1.3); bodies below 6 bytes are a {@linkcode DecodeError}. */
export function parseResponse(body: Uint8Array): ResponseBody {
  if (body.length < 6) {
    throw new DecodeError(
      "truncated",
      `Cannot read a response: expected at least 6 bytes after the length, found ${body.length}`,
      { offset: 0, field: "response", value: body.length },
    );
  }
  return { response: body[0]!, command: body[1]!, payload: body.subarray(6) };
}

/** Takes a datagram apart (1.4); a {@linkcode DecodeError} unless its inner size is what follows. */
export function parseDatagram(datagram: Uint8Array): ResponseBody {
  const body = parseResponse(datagram);
  const size = datagram[2]! * 0x1000000 + (datagram[3]! << 16) + (datagram[4]! << 8) + datagram[5]!;
  if (size === body.payload.length) return body;
  throw new DecodeError(
    "size",
    `Cannot read a datagram: expected ${size} bytes of payload, found ${body.payload.length}`,
    { offset: 2, field: "payload size", value: size },
  );
}

/**
 * Cuts a byte stream into frames, in either direction.
 *
 * A frame that arrives whole is lent as a view of the caller's bytes; one that arrives in pieces is
 * gathered in a buffer that grows with what has arrived, never with what was announced. Frames of
 * length 0 are ignored (1.5). A length above `limit` is a {@linkcode ProtocolError} of kind
 * `oversize`, after which the splitter takes nothing more.
 */
export class FrameSplitter {
  /** Largest length that is accepted; may be changed at any time, also from within the handler. */
  limit: number;
  readonly #handler: FrameHandler;
  readonly #header = new Uint8Array(4);
  #headerSize = 0;
  #length = -1;
  #buffer: Uint8Array = EMPTY;
  #size = 0;
  #stopped = false;

  /** Delivers frames to `handler`. */
  constructor(handler: FrameHandler, limit: number = MAX_FRAME_BEFORE_VALIDATION) {
    this.#handler = handler;
    this.limit = limit;
  }

  /** Bytes that are held for a frame that is not complete. */
  get buffered(): number {
    return this.#headerSize + this.#size;
  }

  /** Takes nothing more, and drops what is left of the bytes that are being pushed. */
  stop(): void {
    this.#stopped = true;
    this.#buffer = EMPTY;
    this.#size = 0;
  }

  /** Takes the next bytes of the stream, in pieces of any size. Errors of the handler pass through. */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length && !this.#stopped) {
      if (this.#length < 0) {
        at = this.#readHeader(bytes, at);
        continue;
      }
      const missing = this.#length - this.#size;
      const there = bytes.length - at;
      if (there < missing) {
        this.#keep(bytes, at, there);
        return;
      }
      let body: Uint8Array;
      if (this.#size === 0) {
        body = bytes.subarray(at, at + missing);
      } else {
        this.#keep(bytes, at, missing);
        body = this.#buffer.subarray(0, this.#length);
      }
      at += missing;
      this.#length = -1;
      this.#headerSize = 0;
      this.#size = 0;
      this.#handler.frame(body);
      if (this.#buffer.length > KEEP_BYTES) this.#buffer = EMPTY;
    }
  }

  #readHeader(bytes: Uint8Array, at: number): number {
    const header = this.#header;
    while (this.#headerSize < 4 && at < bytes.length) header[this.#headerSize++] = bytes[at++]!;
    if (this.#headerSize < 4) return at;
    const length = header[0]! * 0x1000000 + (header[1]! << 16) + (header[2]! << 8) + header[3]!;
    if (length > this.limit) {
      this.stop();
      throw new ProtocolError(
        "oversize",
        `Cannot take a frame: expected a length of at most ${this.limit}, found ${length}`,
      );
    }
    if (length === 0) this.#headerSize = 0;
    else this.#length = length;
    return at;
  }

  #keep(bytes: Uint8Array, at: number, count: number): void {
    const needed = this.#size + count;
    if (needed > this.#buffer.length) {
      const capacity = Math.min(this.#length, Math.max(needed, this.#buffer.length * 2, 4096));
      const grown = new Uint8Array(Math.max(capacity, needed));
      grown.set(this.#buffer.subarray(0, this.#size));
      this.#buffer = grown;
    }
    this.#buffer.set(bytes.subarray(at, at + count), this.#size);
    this.#size = needed;
  }
}

function setU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
