/**
 * Sampled values of captures, over Ethernet and routable over UDP, for `tieline decode`.
 *
 * @module
 */
import { DecodeError } from "../core/mod.ts";
import { type EthernetFrame, formatEndpoint, type UdpDatagram } from "../pcap/mod.ts";
import {
  EtherType,
  frameToJson,
  isC37118,
  parseFrame,
  parseSession,
  SESSION_PORT,
  type SessionJson,
  sessionToJson,
  type SvFrameJson,
} from "../sv/mod.ts";

/** Where in a capture sampled values were found. */
export interface SvPlace {
  /** Number of the packet, from 1. */
  readonly pkt: number;
  /** Capture time in microseconds since 1970. */
  readonly timeMicros: number;
}

/** A frame on Ethernet; the fields are those of the test vectors. */
export type SvFileFrame = SvPlace & SvFrameJson;

/** A routable session PDU; the fields are those of the test vectors. */
export type SvFileSession = SvPlace & SessionJson & {
  /** `address:port` of the sender. */
  readonly from: string;
  /** `address:port` of the receiver. */
  readonly to: string;
};

/** What looks like sampled values and cannot be read. */
export interface SvRefused extends SvPlace {
  /** Sender: MAC address, or `address:port`. */
  readonly from: string;
  /** Receiver: MAC address, or `address:port`. */
  readonly to: string;
  /** Always null. */
  readonly sv: null;
  /** Kind of the error. */
  readonly error: string;
  /** What was expected. */
  readonly message: string;
}

/** One line of output. */
export type SvFileLine = SvFileFrame | SvFileSession | SvRefused;

/** The sampled values of a piece of a capture; undefined if it holds none by EtherType or port. */
export function decodeSv(piece: UdpDatagram | EthernetFrame): SvFileLine | undefined {
  const place: SvPlace = { pkt: piece.packet, timeMicros: piece.timeMicros };
  if (piece.protocol === "ethernet") {
    if (!isSampledValues(piece)) return undefined;
    const ends = { from: piece.source, to: piece.destination };
    return orRefused({ ...place, ...ends }, () => {
      return { ...place, ...frameToJson(parseFrame(piece.bytes), piece.bytes) };
    });
  }
  // C37.118 frames may come to the same port.
  if (piece.to.port !== SESSION_PORT || isC37118(piece.payload)) return undefined;
  const ends = { from: formatEndpoint(piece.from), to: formatEndpoint(piece.to) };
  return orRefused({ ...place, ...ends }, () => {
    const { session, pdus } = parseSession(piece.payload);
    return { ...place, ...ends, ...sessionToJson(session, pdus, piece.payload) };
  });
}

/** True for a line that {@linkcode decodeSv} made. */
export function isSvLine(line: object): line is SvFileLine {
  return "asdus" in line || "payloads" in line || "sv" in line;
}

/** The EtherType, or that of an HSR tag with sampled values behind it. */
function isSampledValues({ etherType, payload }: EthernetFrame): boolean {
  if (etherType === EtherType.SampledValues) return true;
  return etherType === EtherType.Hsr && payload.length >= 6 &&
    ((payload[4]! << 8) | payload[5]!) === EtherType.SampledValues;
}

function orRefused(
  place: Omit<SvRefused, "sv" | "error" | "message">,
  read: () => SvFileFrame | SvFileSession,
): SvFileLine {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { ...place, sv: null, error: error.kind, message: error.message };
  }
}
