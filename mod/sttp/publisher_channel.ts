/**
 * How the data packets of a publisher's session travel: over TCP or by datagrams, encrypted or not
 * (specs/sttp.md 10).
 *
 * @module
 */
import { type CipherKey, type CipherKeys, encryptDataPacket } from "./cipher_keys.ts";
import { Command, MAX_PACKET_DATA, Response } from "./constants.ts";
import { DATA_PACKET_HEADER_SIZE } from "./data_packet.ts";
import { RESPONSE_HEADER_SIZE, responseFrame, writeResponseHeader } from "./framing.ts";

/** Where datagrams to one port of the subscriber go. */
export interface DatagramChannel {
  /** Sends a datagram, whose bytes are given away; false if there was no room for it. */
  send(datagram: Uint8Array): boolean;
  /** Ends the channel. */
  close(): void;
}

/** What a session needs for UDP data channels. */
export interface PublisherUdp {
  /** Largest datagram, without the headers of UDP and IP, in bytes. */
  readonly packetBytes: number;
  /** Gives a fresh random key set at each call; absent: data are sent unencrypted. */
  readonly keySource?: () => CipherKey;
  /** Period of the rotation of keys, in milliseconds. */
  readonly keyPeriodMs: number;
  /** True when the network has taken all that was sent over TCP. */
  readonly flushed: () => boolean;
  /** Opens a channel to a port of the subscriber; throws DecodeError with a message for the subscriber. */
  open(port: number): DatagramChannel;
}

/** Bytes of a datagram before its payload: the head of a response without its length (1.4). */
const DATAGRAM_HEADER_BYTES = RESPONSE_HEADER_SIZE - 4;
const BLOCK_BYTES = 16;

/** Bytes of measurements that fit a datagram of `packetBytes`, at least one measurement. */
export function datagramDataBytes(packetBytes: number, encrypted: boolean): number {
  const room = Math.min(packetBytes, MAX_PACKET_DATA) - DATAGRAM_HEADER_BYTES - 1;
  const count = DATA_PACKET_HEADER_SIZE - 1;
  // The padding takes at least one byte.
  return encrypted ? Math.floor(room / BLOCK_BYTES) * BLOCK_BYTES - 1 - count : room - count;
}

/** Sends one data packet, given as the frame that would go over TCP in clear; false if it was lost. */
export function sendDataPacket(
  frame: Uint8Array,
  transmit: (bytes: Uint8Array) => void,
  channel: DatagramChannel | undefined,
  keys: CipherKeys | undefined,
): boolean {
  if (!keys) {
    if (channel) return channel.send(frame.slice(4));
    transmit(frame);
    return true;
  }
  const payload = encryptDataPacket(frame.subarray(RESPONSE_HEADER_SIZE), keys, keys.activeIndex);
  if (!channel) {
    transmit(responseFrame(Response.DataPacket, Command.Subscribe, payload));
    return true;
  }
  const datagram = new Uint8Array(RESPONSE_HEADER_SIZE + payload.length);
  writeResponseHeader(datagram, 0, Response.DataPacket, Command.Subscribe, payload.length);
  datagram.set(payload, RESPONSE_HEADER_SIZE);
  return channel.send(datagram.subarray(4));
}
