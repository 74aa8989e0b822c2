/**
 * PTP messages of captures, over Ethernet and UDP, for `tieline decode`.
 *
 * @module
 */
import { DecodeError } from "../core/mod.ts";
import { type EthernetFrame, formatEndpoint, type UdpDatagram, type VlanTag } from "../pcap/mod.ts";
import { decodeMessage, messageToJson, type PtpJson } from "../ptp/mod.ts";

/** Where a PTP message of a capture was found. */
export interface PtpPlace {
  /** Number of the packet, from 1. */
  readonly pkt: number;
  /** Capture time in microseconds since 1970. */
  readonly timeMicros: number;
  /** Sender: MAC address, or `address:port`. */
  readonly from: string;
  /** Receiver: MAC address, or `address:port`. */
  readonly to: string;
  /** VLAN tags, where there are any. */
  readonly vlans?: readonly VlanTag[];
}

/** A PTP message of a capture. */
export type PtpFileMessage = PtpPlace & PtpJson;

/** What looks like PTP and cannot be read. */
export interface PtpRefused extends PtpPlace {
  /** Always null. */
  readonly ptp: null;
  /** Kind of the error. */
  readonly error: string;
  /** What was expected and found. */
  readonly message: string;
}

/** The PTP message of a piece of a capture; undefined if it is no PTP by EtherType or port. */
export function decodePtp(
  piece: UdpDatagram | EthernetFrame,
): PtpFileMessage | PtpRefused | undefined {
  if (!isPtp(piece)) return undefined;
  const place: PtpPlace = {
    pkt: piece.packet,
    timeMicros: piece.timeMicros,
    ...(piece.protocol === "ethernet"
      ? {
        from: piece.source,
        to: piece.destination,
        ...(piece.vlans.length > 0 ? { vlans: piece.vlans } : {}),
      }
      : { from: formatEndpoint(piece.from), to: formatEndpoint(piece.to) }),
  };
  try {
    return { ...place, ...messageToJson(decodeMessage(piece.payload)) };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { ...place, ptp: null, error: error.kind, message: error.message };
  }
}

const ETHER_TYPE = 0x88f7;
const EVENT_PORT = 319;
const GENERAL_PORT = 320;

function isPtp(piece: UdpDatagram | EthernetFrame): boolean {
  if (piece.protocol === "ethernet") return piece.etherType === ETHER_TYPE;
  return piece.to.port === EVENT_PORT || piece.to.port === GENERAL_PORT;
}
