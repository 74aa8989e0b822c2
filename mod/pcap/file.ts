/**
 * Capture files: classic pcap (both byte orders, microseconds and nanoseconds) and pcapng.
 *
 * @module
 */
import { DecodeError } from "../core/mod.ts";
import type { CapturedPacket } from "./types.ts";

/** What kind of capture file `bytes` begin like, or undefined for neither. */
export function captureFormat(bytes: Uint8Array): "pcap" | "pcapng" | undefined {
  if (bytes.length < 4) return undefined;
  const magic = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
  if (magic === SECTION_HEADER) return "pcapng";
  return CLASSIC.has(magic) ? "pcap" : undefined;
}

/**
 * The packets of a capture file in the order of the file.
 *
 * Throws a `DecodeError` when the file is neither format, is cut short or has an impossible length;
 * packets before the fault have been given out by then.
 */
export function* readCapture(bytes: Uint8Array): Generator<CapturedPacket> {
  const format = captureFormat(bytes);
  if (format === "pcap") return yield* readClassic(bytes);
  if (format === "pcapng") return yield* readNext(bytes);
  throw new DecodeError("magic", "Cannot read a capture: expected a pcap or pcapng file", {
    offset: 0,
    field: "magic number",
  });
}

// Magic number as read big-endian: byte order and fractions per microsecond.
const CLASSIC: ReadonlyMap<number, { readonly little: boolean; readonly perMicro: number }> =
  new Map([
    [0xa1b2c3d4, { little: false, perMicro: 1 }],
    [0xd4c3b2a1, { little: true, perMicro: 1 }],
    [0xa1b23c4d, { little: false, perMicro: 1000 }],
    [0x4d3cb2a1, { little: true, perMicro: 1000 }],
  ]);

function* readClassic(bytes: Uint8Array): Generator<CapturedPacket> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { little, perMicro } = CLASSIC.get(view.getUint32(0))!; // captureFormat has looked
  need(bytes, 0, 24, "file header");
  const linkType = view.getUint32(20, little) & 0x0fffffff;
  let number = 0;
  for (let at = 24; at < bytes.length;) {
    need(bytes, at, 16, "packet header");
    const length = view.getUint32(at + 8, little);
    need(bytes, at + 16, length, "packet");
    yield {
      number: ++number,
      timeMicros: view.getUint32(at, little) * 1e6 + view.getUint32(at + 4, little) / perMicro,
      linkType,
      bytes: bytes.subarray(at + 16, at + 16 + length),
    };
    at += 16 + length;
  }
}

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;
const MAX_INTERFACES = 4096;

interface Interface {
  readonly linkType: number;
  readonly snapLength: number;
  /** Microseconds per unit of the time stamp. */
  readonly unitMicros: number;
  /** Seconds to add to time stamps. */
  readonly offsetSeconds: number;
}

function* readNext(bytes: Uint8Array): Generator<CapturedPacket> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let little = false;
  let interfaces: Interface[] = [];
  let number = 0;
  for (let at = 0; at < bytes.length;) {
    need(bytes, at, 12, "block");
    if (view.getUint32(at) === SECTION_HEADER) {
      little = view.getUint32(at + 8) !== 0x1a2b3c4d;
      if (little && view.getUint32(at + 8, true) !== 0x1a2b3c4d) {
        throw fault("byte order", at + 8, "0x1A2B3C4D", view.getUint32(at + 8));
      }
      interfaces = [];
    }
    const type = view.getUint32(at, little);
    const length = view.getUint32(at + 4, little);
    if (length < 12 || length % 4 !== 0) throw fault("block length", at + 4, "12 or more", length);
    need(bytes, at, length, "block");
    const body = at + 8, end = at + length - 4;
    if (type === INTERFACE_DESCRIPTION) {
      if (interfaces.length >= MAX_INTERFACES) {
        throw fault("interfaces", at, `at most ${MAX_INTERFACES}`, interfaces.length + 1);
      }
      interfaces.push(readInterface(bytes, view, body, end, little));
    } else if (type === ENHANCED_PACKET) {
      need(bytes, body, 20, "packet block", end);
      const from = interfaces[view.getUint32(body, little)];
      if (!from) {
        throw fault("interface", body, "one described before", view.getUint32(body, little));
      }
      const size = view.getUint32(body + 12, little);
      need(bytes, body + 20, size, "packet", end);
      const units = view.getUint32(body + 4, little) * 4294967296 +
        view.getUint32(body + 8, little);
      yield {
        number: ++number,
        timeMicros: units * from.unitMicros + from.offsetSeconds * 1e6,
        linkType: from.linkType,
        bytes: bytes.subarray(body + 20, body + 20 + size),
      };
    } else if (type === SIMPLE_PACKET) {
      need(bytes, body, 4, "packet block", end);
      const from = interfaces[0];
      if (!from) throw fault("interface", body, "one described before", 0);
      const original = view.getUint32(body, little);
      const size = from.snapLength > 0 ? Math.min(original, from.snapLength) : original;
      need(bytes, body + 4, size, "packet", end);
      yield {
        number: ++number,
        timeMicros: NaN,
        linkType: from.linkType,
        bytes: bytes.subarray(body + 4, body + 4 + size),
      };
    }
    at += length;
  }
}

const OPTION_RESOLUTION = 9;
const OPTION_OFFSET = 14;

function readInterface(
  bytes: Uint8Array,
  view: DataView,
  body: number,
  end: number,
  little: boolean,
): Interface {
  need(bytes, body, 8, "interface block", end);
  let unitMicros = 1, offsetSeconds = 0;
  for (let at = body + 8; at + 4 <= end;) {
    const code = view.getUint16(at, little), length = view.getUint16(at + 2, little);
    if (code === 0) break;
    need(bytes, at + 4, length, "option", end);
    if (code === OPTION_RESOLUTION && length >= 1) {
      const power = bytes[at + 4]!;
      unitMicros = power & 0x80 ? 1e6 / 2 ** (power & 0x7f) : 1e6 / 10 ** power;
    } else if (code === OPTION_OFFSET && length >= 8) {
      offsetSeconds = Number(view.getBigInt64(at + 4, little));
    }
    at += 4 + ((length + 3) & ~3);
  }
  return {
    linkType: view.getUint16(body, little),
    snapLength: view.getUint32(body + 4, little),
    unitMicros,
    offsetSeconds,
  };
}

function need(
  bytes: Uint8Array,
  at: number,
  size: number,
  field: string,
  end: number = bytes.length,
): void {
  if (at + size <= end) return;
  throw new DecodeError(
    "truncated",
    `Cannot read a capture: expected ${size} bytes of ${field} at offset ${at}, found ${
      Math.max(0, end - at)
    }`,
    { offset: at, field, value: Math.max(0, end - at) },
  );
}

function fault(field: string, offset: number, expected: string, value: number): DecodeError {
  return new DecodeError(
    "value",
    `Cannot read a capture: expected ${field} ${expected} at offset ${offset}, found ${value}`,
    { offset, field, value },
  );
}
