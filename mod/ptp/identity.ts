/**
 * Who speaks: clock and port identities, and the time stamps of PTP (IEEE 1588, 5.3.3 to 5.3.5).
 *
 * @module
 */
import { type ByteReader, type ByteWriter, DecodeError } from "../core/mod.ts";
import { interval, type TimeInterval } from "./interval.ts";

/** A port of a clock. */
export interface PortIdentity {
  /** 8 octets as 16 lower-case hex digits; text order is the unsigned order of the standard. */
  readonly clockIdentity: string;
  /** From 1; 0 is the clock itself, 65535 all ports. */
  readonly portNumber: number;
}

/** Every clock and every port. */
export const ALL_PORTS: PortIdentity = { clockIdentity: "ffffffffffffffff", portNumber: 0xffff };

/** A PTP time stamp: seconds and nanoseconds of whatever timescale the sender keeps, mostly TAI. */
export interface PtpTimestamp {
  /** Whole seconds since the epoch of the timescale, below 2^48. */
  readonly seconds: number;
  /** Nanoseconds within the second, below 1,000,000,000. */
  readonly nanos: number;
}

/** The time stamp of those who do not know better: 0. */
export const NO_TIMESTAMP: PtpTimestamp = { seconds: 0, nanos: 0 };

/** How good a clock says that it is (7.6.2.4 to 7.6.3). */
export interface ClockQuality {
  /** 6 locked to a primary reference, 7 holdover, 248 default, 255 slave only; see `clockClassText`. */
  readonly clockClass: number;
  /** Code of the greatest error; see `clockAccuracyNs`. */
  readonly clockAccuracy: number;
  /** Logarithm of the PTP variance; 0xFFFF if unknown. */
  readonly offsetScaledLogVariance: number;
}

/** Lower, equal or higher as -1, 0 or 1, in the order of the standard. */
export function comparePorts(a: PortIdentity, b: PortIdentity): number {
  if (a.clockIdentity !== b.clockIdentity) return a.clockIdentity < b.clockIdentity ? -1 : 1;
  return Math.sign(a.portNumber - b.portNumber);
}

/** Whether both are the same port. */
export function samePort(a: PortIdentity, b: PortIdentity): boolean {
  return a.clockIdentity === b.clockIdentity && a.portNumber === b.portNumber;
}

/** `020000fffe000a01-1`, as people write a port. */
export function portText(port: PortIdentity): string {
  return `${port.clockIdentity}-${port.portNumber}`;
}

/** `a - b`; exact below 104 days, rounded to a double beyond. */
export function timestampDifference(a: PtpTimestamp, b: PtpTimestamp): TimeInterval {
  return interval((a.seconds - b.seconds) * 1e9 + (a.nanos - b.nanos));
}

/** Reads 8 octets as hex. */
export function readClockIdentity(reader: ByteReader, field: string): string {
  return hexOf(reader.slice(8, field));
}

/** Writes 16 hex digits as 8 octets. */
export function writeClockIdentity(writer: ByteWriter, identity: string): void {
  if (!/^[0-9a-f]{16}$/.test(identity)) {
    throw new DecodeError(
      "value",
      `Cannot encode clockIdentity: expected 16 lower-case hex digits, found "${identity}"`,
      { field: "clockIdentity", value: identity },
    );
  }
  writer.raw(bytesOf(identity));
}

/** Reads a PortIdentity, 10 octets. */
export function readPortIdentity(reader: ByteReader, field: string): PortIdentity {
  return { clockIdentity: readClockIdentity(reader, field), portNumber: reader.u16(field) };
}

/** Writes a PortIdentity, 10 octets. */
export function writePortIdentity(writer: ByteWriter, port: PortIdentity): void {
  writeClockIdentity(writer, port.clockIdentity);
  writer.u16(port.portNumber);
}

/** Reads a Timestamp, 10 octets; nanoseconds of a second or more are a `DecodeError` of kind `timestamp`. */
export function readTimestamp(reader: ByteReader, field: string): PtpTimestamp {
  const high = reader.u16(field), low = reader.u32(field);
  const at = reader.offset;
  const nanos = reader.u32(field);
  if (nanos >= 1e9) {
    throw new DecodeError(
      "timestamp",
      `Cannot read ${field}: expected nanoseconds below 1000000000 at offset ${at}, found ${nanos}`,
      { offset: at, field, value: nanos },
    );
  }
  return { seconds: high * 0x1_0000_0000 + low, nanos };
}

/** Writes a Timestamp, 10 octets. */
export function writeTimestamp(writer: ByteWriter, time: PtpTimestamp): void {
  writer.u16(Math.floor(time.seconds / 0x1_0000_0000)).u32(time.seconds >>> 0).u32(time.nanos);
}

/** Reads a ClockQuality, 4 octets. */
export function readClockQuality(reader: ByteReader, field: string): ClockQuality {
  return {
    clockClass: reader.u8(field),
    clockAccuracy: reader.u8(field),
    offsetScaledLogVariance: reader.u16(field),
  };
}

/** Writes a ClockQuality, 4 octets. */
export function writeClockQuality(writer: ByteWriter, quality: ClockQuality): void {
  writer.u8(quality.clockClass).u8(quality.clockAccuracy).u16(quality.offsetScaledLogVariance);
}

/** Lower-case hex of bytes. */
export function hexOf(bytes: Uint8Array): string {
  let hex = "";
  for (let i = 0; i < bytes.length; i++) hex += (bytes[i]! + 0x100).toString(16).slice(1);
  return hex;
}

/** Bytes of hex digits. */
export function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(hex.length >> 1);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}
