/**
 * What the platform lends: connections, TLS with client certificates, certificates, files, the clock.
 *
 * @module
 */
export * from "./backoff.ts";
export * from "./certificates.ts";
export * from "./clock.ts";
export * from "./connection.ts";
export * from "./stall_watch.ts";
export * from "./files.ts";
export { GroupMembership } from "./group_membership.ts";
export * from "./kernel_clock.ts";
export * from "./kernel_report.ts";
export { callHttp, type HttpAnswer, type HttpCall } from "./http_client.ts";
export { listenHttp } from "./http_listener.ts";
export type { HttpListener, HttpListenOptions, HttpPeer, TextSocket } from "./http_options.ts";
export { checkKeyPair, type KeyPairPem } from "./key_pair.ts";
export { pause } from "./pause.ts";
export { openRealTime, type RealTime } from "./real_time.ts";
export * from "./secret.ts";
export * from "./tcp.ts";
export * from "./tls.ts";
export type { TlsListener, TlsListenOptions } from "./tls_listener.ts";
export type { TlsPeer } from "./tls_peer.ts";
export { inTurns, nextTurn } from "./turns.ts";
export { type MulticastOptions, openUdp, type UdpOptions, type UdpSocket } from "./udp.ts";
export * from "./udp_sender.ts";
export * from "./unix_datagram.ts";
export { removeAbandonedSockets } from "./abandoned_sockets.ts";
export { type ProvableTls, proveClientCertificateRequired } from "./tls_proof.ts";
export { PacketSender, type PacketSenderOptions } from "./packet_sender.ts";
export { MAX_PACKET_RULES, type PacketFilter, type PacketRule } from "./packet_filter.ts";
export { PacketPoll } from "./packet_poll.ts";
export {
  PacketRing,
  type PacketRingOptions,
  type PacketStatistics,
  StampSource,
} from "./packet_ring.ts";
export {
  MAX_TAPPED_BYTES,
  PtpTap,
  type PtpTapOptions,
  type TapListener,
  type TappedFrame,
} from "./ptp_tap.ts";
export type { InterfaceState } from "./packet_socket.ts";
export { giveUpRawRights, type RawRights, rawRights } from "./rights.ts";
