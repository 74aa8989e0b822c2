/**
 * SNTP: what is asked, what is answered, and what an answer is worth (RFC 4330, RFC 5905).
 *
 * @module
 */
import { ByteReader, ByteWriter, DecodeError } from "../core/mod.ts";
import type { LeapNotice } from "./reading.ts";

/** An answer of a server, checked. */
export interface SntpReply {
  /** Distance to a reference clock, 1 to 15. */
  readonly stratum: number;
  /** Leap second that it announces. */
  readonly leap: LeapNotice;
  /** Resolution of its clock in nanoseconds. */
  readonly precisionNs: number;
  /** Bound of its own error: half of the way to its reference, and dispersion, in nanoseconds. */
  readonly rootErrorNs: number;
  /** Name of its reference: text for stratum 1, else an address. */
  readonly reference: string;
  /** When the request came in, by the server's clock: microseconds since 1970. */
  readonly receivedMicros: number;
  /** Nanoseconds from there to the answer, by the server's clock. */
  readonly turnaroundNs: number;
}

/** One exchange with a server. */
export interface SntpSample {
  /** Own clock minus the server's, in nanoseconds. */
  readonly offsetNs: number;
  /** Way there and back, in nanoseconds. */
  readonly delayNs: number;
  /** Bound of the error of the reference as it arrives here: half the way, the server's own, its resolution. */
  readonly errorNs: number;
  /** Stratum of the server. */
  readonly stratum: number;
  /** Monotonic milliseconds. */
  readonly ms: number;
}

/** Octets of a request and the least of an answer. */
const LENGTH = 48;
/** Seconds from 1900 to 1970. */
const SECONDS_1900_TO_1970 = 2_208_988_800;
const TWO_32 = 4_294_967_296;
/** A server that is further than this from its reference is not to be followed. */
const MAX_ROOT_ERROR_NS = 1e9;

/** A request; its transmit time stamp is a nonce that the answer must repeat. */
export function encodeSntpRequest(nonce: readonly [number, number]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(LENGTH);
  writer.u8(0x23).raw(new Uint8Array(39)); // no leap warning, version 4, client
  return writer.u32(nonce[0]).u32(nonce[1]).bytes();
}

/**
 * Reads an answer.
 *
 * Throws a `DecodeError`: `truncated`; `foreign` if it is no answer to our request; `kiss` with the server's word when
 * it wants to be left alone; `unsynchronized` and `value` when the server is not to be followed.
 */
export function decodeSntpReply(bytes: Uint8Array, nonce: readonly [number, number]): SntpReply {
  const reader = new ByteReader(bytes);
  const first = reader.u8("LI, VN, mode");
  const stratum = reader.u8("stratum");
  reader.u8("poll");
  const precision = reader.u8("precision") << 24 >> 24;
  const rootDelay = reader.u32("root delay") / 65536;
  const rootDispersion = reader.u32("root dispersion") / 65536;
  const reference = reader.slice(4, "reference id");
  reader.take(8, "reference timestamp");
  const origin = [reader.u32("origin"), reader.u32("origin")];
  const received = [reader.u32("receive"), reader.u32("receive")] as const;
  const sent = [reader.u32("transmit"), reader.u32("transmit")] as const;
  if ((first & 7) !== 4) throw fault("foreign", "mode", "4", first & 7);
  if (origin[0] !== nonce[0] || origin[1] !== nonce[1]) {
    throw fault("foreign", "origin timestamp", "the one that was sent", "another");
  }
  const name = stratum <= 1 ? ascii(reference) : [...reference].join(".");
  if (stratum === 0) throw fault("kiss", "stratum", "1 to 15", name);
  if (stratum > 15) throw fault("unsynchronized", "stratum", "1 to 15", stratum);
  if (first >>> 6 === 3) throw fault("unsynchronized", "leap indicator", "0 to 2", 3);
  if (sent[0] === 0 && sent[1] === 0) throw fault("value", "transmit timestamp", "a time", 0);
  const turnaroundNs = (seconds(sent[0]) - seconds(received[0])) * 1e9 +
    (sent[1] - received[1]) / TWO_32 * 1e9;
  if (turnaroundNs < 0) throw fault("value", "transmit timestamp", "one after receive", "before");
  const rootErrorNs = (rootDelay / 2 + rootDispersion) * 1e9;
  if (rootErrorNs >= MAX_ROOT_ERROR_NS) {
    throw fault("value", "root delay and dispersion", "below 1 s", rootErrorNs / 1e9);
  }
  return {
    stratum,
    leap: LEAP[first >>> 6] ?? "none",
    precisionNs: 2 ** Math.max(-32, Math.min(0, precision)) * 1e9,
    rootErrorNs,
    reference: name,
    receivedMicros: seconds(received[0]) * 1e6 + received[1] / TWO_32 * 1e6,
    turnaroundNs,
  };
}

/** The sample of an exchange that was sent and received at these microseconds since 1970 by the own clock. */
export function sntpSample(
  reply: SntpReply,
  sentMicros: number,
  receivedMicros: number,
  ms: number,
): SntpSample {
  const delayNs = (receivedMicros - sentMicros) * 1000 - reply.turnaroundNs;
  // Server minus own at the middle of both ways: ((T2 - T1) + (T3 - T4)) / 2.
  const there = (reply.receivedMicros - sentMicros) * 1000;
  const back = (reply.receivedMicros - receivedMicros) * 1000 + reply.turnaroundNs;
  return {
    offsetNs: -(there + back) / 2,
    delayNs,
    errorNs: Math.max(0, delayNs) / 2 + reply.rootErrorNs + reply.precisionNs,
    stratum: reply.stratum,
    ms,
  };
}

/** The sample with the least delay among the last eight: queues only ever add to it (RFC 5905, 10). */
export class SntpFilter {
  readonly #samples: SntpSample[] = [];

  /** Takes a sample and returns the one to go by. */
  add(sample: SntpSample): SntpSample {
    this.#samples.push(sample);
    if (this.#samples.length > 8) this.#samples.shift();
    return this.#samples.reduce((best, s) => s.delayNs < best.delayNs ? s : best);
  }

  /** Forgets everything: the own clock stepped. */
  clear(): void {
    this.#samples.length = 0;
  }
}

const LEAP: readonly LeapNotice[] = ["none", "insert", "delete"];

/** Seconds since 1970; counts below 2^31 are of the era that begins in 2036. */
function seconds(count: number): number {
  return count - SECONDS_1900_TO_1970 + (count < TWO_32 / 2 ? TWO_32 : 0);
}

function ascii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes).replace(/[^\x20-\x7e]/g, "");
}

function fault(
  kind: string,
  field: string,
  expected: string,
  value: number | string,
): DecodeError {
  return new DecodeError(
    kind,
    `Cannot use an NTP answer: expected ${field} ${expected}, found ${value}`,
    { field, value },
  );
}
