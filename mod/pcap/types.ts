/**
 * What the capture readers give out.
 *
 * @module
 */

/** A packet as it was captured. */
export interface CapturedPacket {
  /** Number in the file, from 1. */
  readonly number: number;
  /** Capture time in microseconds since 1970, with fractions; NaN where the file has none. */
  readonly timeMicros: number;
  /** Link type of its interface (LINKTYPE_ value). */
  readonly linkType: number;
  /** The captured bytes, a view of the file. */
  readonly bytes: Uint8Array;
}

/** One end of a conversation. */
export interface Endpoint {
  /** IPv4 or IPv6 address as text. */
  readonly address: string;
  /** Port. */
  readonly port: number;
}

/** A UDP datagram. */
export interface UdpDatagram {
  /** Protocol. */
  readonly protocol: "udp";
  /** Number of the packet that completes it. */
  readonly packet: number;
  /** Capture time of that packet. */
  readonly timeMicros: number;
  /** Sender. */
  readonly from: Endpoint;
  /** Receiver. */
  readonly to: Endpoint;
  /** Content. */
  readonly payload: Uint8Array;
}

/** A stretch of a TCP stream in order, or the news that bytes are missing before it. */
export interface TcpStretch {
  /** Protocol. */
  readonly protocol: "tcp";
  /** Number of the packet that completes it. */
  readonly packet: number;
  /** Capture time of that packet. */
  readonly timeMicros: number;
  /** Sender. */
  readonly from: Endpoint;
  /** Receiver. */
  readonly to: Endpoint;
  /** Content, following what came before in this direction. */
  readonly payload: Uint8Array;
  /** True if bytes before this stretch were never captured, or the connection is a new one. */
  readonly gap: boolean;
}

/** An 802.1Q tag. */
export interface VlanTag {
  /** PCP, 0 to 7. */
  readonly priority: number;
  /** DEI. */
  readonly dropEligible: boolean;
  /** VID, 0 to 4095. */
  readonly id: number;
}

/** An Ethernet frame. */
export interface EthernetFrame {
  /** Protocol. */
  readonly protocol: "ethernet";
  /** Number of the packet. */
  readonly packet: number;
  /** Capture time. */
  readonly timeMicros: number;
  /** Receiver, for example `01:1b:19:00:00:00`. */
  readonly destination: string;
  /** Sender. */
  readonly source: string;
  /** Tags, the outer one first. */
  readonly vlans: readonly VlanTag[];
  /** EtherType behind the tags; below 1536 a length. */
  readonly etherType: number;
  /** Content with padding, a view of the file. */
  readonly payload: Uint8Array;
  /** The whole frame from the receiver's address on, a view of the file. */
  readonly bytes: Uint8Array;
}

/** An endpoint as `address:port`, IPv6 in brackets. */
export function formatEndpoint(endpoint: Endpoint): string {
  return endpoint.address.includes(":")
    ? `[${endpoint.address}]:${endpoint.port}`
    : `${endpoint.address}:${endpoint.port}`;
}
