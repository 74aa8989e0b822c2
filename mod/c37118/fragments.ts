/**
 * Putting CFG-3 together from fragments, with a CHK each (A) or one at the very end (B) (clause 6.5).
 *
 * @module
 */
import { DecodeError } from "../core/mod.ts";
import { peekHeader } from "./common.ts";
import { parseAssembledBody, parseConfigurationBody } from "./configuration_decode.ts";
import { LAST_FRAGMENT } from "./configuration_encode.ts";
import { crc16, crcMatches } from "./crc.ts";
import type { CommonHeader, Configuration } from "./types.ts";
import { FrameType } from "./types.ts";

/** Bounds of a {@linkcode FragmentAssembler}. */
export interface FragmentOptions {
  /** Cap of the assembled size in bytes; default 4 MiB. */
  readonly maxBytes?: number;
  /** Longest wait between two fragments in milliseconds; default 10 s. */
  readonly timeoutMs?: number;
}

/**
 * Collects the CFG-3 frames of one stream.
 *
 * A gap, a repeat, another IDCODE, a mix of A and B, a timeout or too many bytes throw the partial
 * set away and add 1 to `discarded`; CONT_IDX 1 always starts anew.
 */
export class FragmentAssembler {
  /** Partial sets that were thrown away. */
  discarded = 0;
  readonly #maxBytes: number;
  readonly #timeoutMs: number;
  #header: CommonHeader | undefined;
  #ownChecks = true;
  #slices: Uint8Array[] = [];
  #bytes = 0;
  #next = 0;
  #lastMs = 0;

  /** Makes an empty assembler. */
  constructor(options: FragmentOptions = {}) {
    this.#maxBytes = options.maxBytes ?? 4 << 20;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
  }

  /**
   * Takes one whole CFG-3 frame at monotonic time `nowMs`; copies what it keeps.
   *
   * Returns the configuration when it is complete, undefined while pieces are missing or after a
   * set was thrown away. Throws a `DecodeError` if the complete configuration is not acceptable.
   */
  add(frame: Uint8Array, nowMs: number): Configuration | undefined {
    const header = peekHeader(frame);
    const size = header.size;
    if (header.type !== FrameType.Config3 || frame.length < size) {
      throw new DecodeError(
        "type",
        `Cannot take a fragment: expected a whole CFG-3 frame, found type ${header.type}, ` +
          `${frame.length} of ${size} bytes`,
        { offset: 0, field: "SYNC", value: header.type },
      );
    }
    const ownCheck = crcMatches(frame, 0, size);
    const index = (frame[14]! << 8) | frame[15]!;
    if (this.#header && nowMs - this.#lastMs > this.#timeoutMs) this.#drop();
    if (index === 0) {
      this.#drop();
      if (!ownCheck) {
        throw new DecodeError("crc", "Cannot accept CFG-3: CHK is wrong and CONT_IDX is 0", {
          offset: size - 2,
          field: "CHK",
        });
      }
      return parseConfigurationBody(header, frame.subarray(0, size));
    }
    if (index === 1) this.#start(header, ownCheck);
    else if (!this.#continues(header, index, ownCheck)) {
      this.#drop();
      return undefined;
    }
    this.#lastMs = nowMs;
    this.#next = index + 1;
    const slice = frame.slice(16, this.#ownChecks ? size - 2 : size);
    this.#bytes += slice.length;
    if (this.#bytes > this.#maxBytes) {
      this.#drop();
      return undefined;
    }
    this.#slices.push(slice);
    return index === LAST_FRAGMENT ? this.#finish(frame) : undefined;
  }

  /** True while a set is incomplete. */
  get pending(): boolean {
    return this.#header !== undefined;
  }

  #start(header: CommonHeader, ownCheck: boolean): void {
    this.#drop();
    this.#header = header;
    this.#ownChecks = ownCheck;
  }

  #continues(header: CommonHeader, index: number, ownCheck: boolean): boolean {
    if (this.#header === undefined || header.idCode !== this.#header.idCode) return false;
    // The last fragment of B may pass by itself only by chance; only A can fail on its own check.
    if (this.#ownChecks && !ownCheck) return false;
    if (!this.#ownChecks && ownCheck && index !== LAST_FRAGMENT) return false;
    return index === LAST_FRAGMENT || index === this.#next;
  }

  #finish(frame: Uint8Array): Configuration | undefined {
    const header = this.#header!; // set since #continues was true
    const body = new Uint8Array(this.#bytes);
    let at = 0;
    for (const slice of this.#slices) {
      body.set(slice, at);
      at += slice.length;
    }
    const ownChecks = this.#ownChecks;
    this.#clear();
    if (ownChecks) return parseAssembledBody(header, body);
    if (!virtualCheck(frame, header, body)) {
      this.discarded++;
      return undefined;
    }
    return parseAssembledBody(header, body.subarray(0, body.length - 2));
  }

  #drop(): void {
    if (this.#header !== undefined) this.discarded++;
    this.#clear();
  }

  #clear(): void {
    this.#header = undefined;
    this.#slices = [];
    this.#bytes = 0;
    this.#next = 0;
  }
}

/** CHK of B covers a frame with FRAMESIZE 65535 and CONT_IDX 1; its common part is that of the fragments. */
function virtualCheck(last: Uint8Array, header: CommonHeader, body: Uint8Array): boolean {
  if (body.length < 2) return false;
  const image = new Uint8Array(16 + body.length);
  image.set(last.subarray(0, 16));
  image[2] = image[3] = 0xff;
  // SOC and FRACSEC of the first fragment: a sender stamps the virtual frame once.
  new DataView(image.buffer).setUint32(6, header.soc);
  new DataView(image.buffer).setUint32(
    10,
    ((header.timeQuality << 24) | header.fracSec) >>> 0,
  );
  image[14] = 0;
  image[15] = 1;
  image.set(body, 16);
  const at = image.length - 2;
  return crc16(image, 0, at) === ((image[at]! << 8) | image[at + 1]!);
}
