/**
 * A PTP message of a tap as a record of the link.
 *
 * ```
 *  5  u8   flags: `ByAdapter`, `Tagged`, and the number of its transport times 4
 *  6  u16  index: TCI of the VLAN tag
 *  8  f64  seconds
 * 16  u32  nanoseconds
 * 20  u16  octets of the payload
 * 22       address of the sender: 6, 4 or 16 octets, by the transport
 * 38       payload
 * ```
 *
 * @module
 */
import { DecodeError, ipBytes, ipText } from "../../core/mod.ts";
import { MAX_TAPPED_BYTES, type TappedFrame } from "../../os/mod.ts";
import { RecordType, writeHeader } from "./records.ts";

const ByAdapter = 1, Tagged = 2, TRANSPORT_SHIFT = 2;
const TRANSPORTS = ["ethernet", "udp4", "udp6"] as const;
const MAX_FLAGS = ByAdapter | Tagged | (TRANSPORTS.length - 1) << TRANSPORT_SHIFT;
const SENDER = 22, PAYLOAD = 38;

/** The record of `frame`. */
export function packetRecord(frame: TappedFrame): Uint8Array<ArrayBuffer> {
  const { transport, payload, sender, tci, seconds, nanos, byAdapter } = frame;
  const bytes = new Uint8Array(recordBytes(payload.length));
  const view = new DataView(bytes.buffer);
  const flags = (byAdapter ? ByAdapter : 0) | (tci >= 0 ? Tagged : 0) |
    TRANSPORTS.indexOf(transport) << TRANSPORT_SHIFT;
  writeHeader(view, 0, bytes.length, RecordType.Packet, tci >= 0 ? tci : 0, flags);
  view.setFloat64(8, seconds, true);
  view.setUint32(16, nanos, true);
  view.setUint16(20, payload.length, true);
  if (transport !== "ethernet") bytes.set(ipBytes(sender) ?? [], SENDER);
  else sender.split(":").forEach((octet, i) => view.setUint8(SENDER + i, parseInt(octet, 16)));
  bytes.set(payload, PAYLOAD);
  return bytes;
}

/**
 * The frame in the record at `at`; its payload is part of `view`.
 *
 * Throws a DecodeError for a length, flags or a stamp that cannot be.
 */
export function readPacket(view: DataView, at: number, length: number): TappedFrame {
  const count = length >= PAYLOAD ? view.getUint16(at + 20, true) : -1;
  if (count < 0 || count > MAX_TAPPED_BYTES || length !== recordBytes(count)) {
    throw new DecodeError(
      "length",
      `Cannot read a packet of the link: expected up to ${MAX_TAPPED_BYTES} octets, found ${count} in ${length}`,
      { offset: at },
    );
  }
  const flags = view.getUint8(at + 5);
  const seconds = view.getFloat64(at + 8, true), nanos = view.getUint32(at + 16, true);
  if (!Number.isSafeInteger(seconds) || seconds < 0 || nanos > 999_999_999) {
    throw new DecodeError(
      "stamp",
      `Cannot read a packet of the link: expected a time since 1970, found ${seconds} s and ${nanos} ns`,
      { offset: at + 8 },
    );
  }
  const transport = TRANSPORTS[flags >>> TRANSPORT_SHIFT];
  if (!transport) {
    throw new DecodeError(
      "flags",
      `Cannot read a packet of the link: expected flags up to ${MAX_FLAGS}, found ${flags}`,
      { offset: at + 5 },
    );
  }
  const octets = new Uint8Array(view.buffer, view.byteOffset + at + SENDER, 16);
  return {
    transport,
    payload: new Uint8Array(view.buffer, view.byteOffset + at + PAYLOAD, count),
    sender: transport === "ethernet"
      ? macText(octets)
      : ipText(octets, 0, transport === "udp4" ? 4 : 16),
    tci: (flags & Tagged) !== 0 ? view.getUint16(at + 6, true) : -1,
    seconds,
    nanos,
    byAdapter: (flags & ByAdapter) !== 0,
  };
}

function recordBytes(payloadBytes: number): number {
  return (PAYLOAD + payloadBytes + 7) & ~7;
}

function macText(octets: Uint8Array): string {
  const hex = (octet: number) => (octet + 0x100).toString(16).slice(1);
  return Array.from(octets.subarray(0, 6), hex).join(":");
}
