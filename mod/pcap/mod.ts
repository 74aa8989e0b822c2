/**
 * Reading captures: pcap and pcapng files, down to UDP datagrams and TCP streams. Pure.
 *
 * @module
 */
export { captureFormat, readCapture } from "./file.ts";
export { readPieces, readTransport } from "./transport.ts";
export {
  type CapturedPacket,
  type Endpoint,
  type EthernetFrame,
  formatEndpoint,
  type TcpStretch,
  type UdpDatagram,
  type VlanTag,
} from "./types.ts";
export { PCAP_FILE_HEADER, PCAP_RECORD_HEADER, writePcapHeader, writePcapRecord } from "./write.ts";
