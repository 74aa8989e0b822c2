/**
 * The link between capture and gateway: records of bytes, the same in shared memory and on a Unix socket.
 *
 * Every number is little-endian. A record is a multiple of 8 octets long:
 *
 * ```
 *  0  u32  length of the whole record
 *  4  u8   type
 *  5  u8   flags; of a frame its `LeapFlags`
 *  6  u16  index; of a frame the number of its device
 *  8       body
 * ```
 *
 * The body of a frame is: arrival (f64, microseconds since 1970), whole seconds (f64), nanoseconds (u32), number of
 * values (u32), the values (f32 each), their flags (u32 each). That of a part of an event record is: number of the
 * record (u32), its octets (u32), offset of the part (u32), octets of the part (u32), identity (16 octets), the part; its
 * index is the number of the stream. That of a live message
 * is: the octets of its block (u32), nothing (u32), the block that subscribers get. That of all other records is JSON in UTF-8, filled up with blanks.
 *
 * @module
 */
import { commonStatusOf } from "../../c37118/mod.ts";
import { DecodeError, type Frame } from "../../core/mod.ts";

/** Version of the link; both ends have to be of one. */
export const LINK_VERSION = 4;

/** Types of records. */
export const RecordType = {
  /** Fills the end of a ring in shared memory; never on a socket. */
  Pad: 0,
  /** From capture, first of all: the version. */
  Hello: 1,
  /** From capture: the values of one device at one instant. */
  Frame: 2,
  /** From capture: a stream came, stays away, or changed. */
  Event: 3,
  /** From capture: an error that an operator should read once. */
  Complaint: 4,
  /** From capture, every second: counters. */
  Status: 5,
  /** From capture: streams that are seen and not configured. */
  Discovered: 6,
  /** From capture: a part of an event record, see `event_outbox.ts`. */
  EventRecord: 7,
  /** From capture: a trigger has fired that other streams are recorded for. */
  Fired: 8,
  /** From capture: what the live messages of a stream are; again when that has changed. */
  LiveStream: 9,
  /** From capture: one live message of a stream; the index is that of the stream. */
  Live: 10,
  /** From capture: a PTP message, see `packet_record.ts`. */
  Packet: 11,
  /** From capture, every second, to who sent `Watch`: the kernel's account of its clock, counters. */
  ClockStatus: 12,
  /** To capture: what to capture; the first and only one of a connection. */
  Configure: 16,
  /** To capture: a trigger of the disturbance recorder. */
  Trigger: 17,
  /** To capture, before `Configure`: what to record. */
  Recording: 18,
  /** To capture, in place of `Configure`: PTP to hear, and the kernel's clock to read. */
  Watch: 19,
} as const;

/** Octets before the body. */
export const RECORD_HEADER = 8;
/** Longest record that either end takes. */
export const MAX_RECORD_BYTES: number = 1024 * 1024;

const FRAME_HEADER = 24;
/** Where the values of a frame stand, from the start of its record. */
export const FRAME_VALUES: number = RECORD_HEADER + FRAME_HEADER;

/**
 * Writes status and time quality, the last two values of every device, as those of a PMU are: the common status word,
 * and the time quality byte in the uppermost octet.
 */
export function writeStatus(view: DataView, at: number, stat: number, timeQuality: number): void {
  view.setFloat32(at, commonStatusOf(stat), true);
  view.setFloat32(at + 4, timeQuality * 0x1000000, true);
}

/** Length of the record of a frame with `count` values. */
export function frameRecordBytes(count: number): number {
  return roundUp(FRAME_VALUES + 8 * count);
}

/** Length of the record of a text with `bytes` octets. */
export function textRecordBytes(bytes: number): number {
  return roundUp(RECORD_HEADER + bytes);
}

/** Writes the header of a record at `at`. */
export function writeHeader(
  view: DataView,
  at: number,
  length: number,
  type: number,
  index: number,
  flags: number,
): void {
  view.setUint32(at, length, true);
  view.setUint8(at + 4, type);
  view.setUint8(at + 5, flags);
  view.setUint16(at + 6, index, true);
}

/** A record of JSON on its own, for a socket. */
export function textRecord(type: number, content: unknown): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(JSON.stringify(content));
  const bytes = new Uint8Array(textRecordBytes(text.length)).fill(0x20);
  bytes.set(text, RECORD_HEADER);
  writeHeader(new DataView(bytes.buffer), 0, bytes.length, type, 0, 0);
  return bytes;
}

/** The JSON of a record. Throws a DecodeError where it is none. */
export function recordContent(bytes: Uint8Array, at: number, length: number): unknown {
  // A copy, since text cannot be decoded from shared memory.
  const text = new TextDecoder().decode(bytes.slice(at + RECORD_HEADER, at + length));
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DecodeError("json", `Cannot read a record of the link: ${String(error)}`, {
      offset: at,
    });
  }
}

/**
 * Reads the frame record at `at` into `frame`, whose layout says how many values it has to have.
 *
 * Throws a DecodeError where the record says otherwise.
 */
export function readFrame(view: DataView, at: number, length: number, frame: Frame): void {
  const { values, flags, instant } = frame;
  const count = length >= FRAME_VALUES ? view.getUint32(at + 28, true) : -1;
  if (count !== values.length || length !== frameRecordBytes(count)) {
    throw new DecodeError(
      "count",
      `Cannot read a frame of the link: expected ${values.length} values, found ${count} in ${length} octets`,
      { offset: at },
    );
  }
  frame.leap = view.getUint8(at + 5);
  frame.arrivalMicros = view.getFloat64(at + 8, true);
  instant.seconds = view.getFloat64(at + 16, true);
  instant.nanos = view.getUint32(at + 24, true);
  let from = at + FRAME_VALUES;
  for (let i = 0; i < count; i++, from += 4) values[i] = view.getFloat32(from, true);
  for (let i = 0; i < count; i++, from += 4) flags[i] = view.getUint32(from, true);
}

/** Length of the record at `at`. Throws a DecodeError for one that cannot be. */
export function recordLength(view: DataView, at: number): number {
  const length = view.getUint32(at, true);
  if (length < RECORD_HEADER || length > MAX_RECORD_BYTES || length % 8 !== 0) {
    throw new DecodeError(
      "length",
      `Cannot read a record of the link: expected a multiple of 8 from 8 to ${MAX_RECORD_BYTES}, found ${length}`,
      { offset: at },
    );
  }
  return length;
}

function roundUp(length: number): number {
  return (length + 7) & ~7;
}
