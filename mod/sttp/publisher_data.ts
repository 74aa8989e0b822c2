/**
 * The data channel of a publisher's session and the keys of its connection (specs/sttp.md 10).
 *
 * @module
 */
import { DecodeError } from "../core/mod.ts";
import { encodeCipherKeys } from "./cipher_keys.ts";
import { Command, MAX_PACKET_DATA, Response } from "./constants.ts";
import { responseFrame } from "./framing.ts";
import {
  type DatagramChannel,
  datagramDataBytes,
  type PublisherUdp,
  sendDataPacket,
} from "./publisher_channel.ts";
import { KeyRotation } from "./publisher_keys.ts";
import type { ChannelSettings } from "./publisher_settings.ts";

/** Where data packets go: to one channel per subscription, with keys that outlive it. */
export class DataPath {
  readonly #udp: PublisherUdp | string;
  readonly #transmit: (bytes: Uint8Array) => void;
  #channel: DatagramChannel | undefined;
  #keys: KeyRotation | undefined; // from the first UDP subscription to the end of the connection

  /** Grants UDP as `udp` says, and sends what goes over TCP to `transmit`. */
  constructor(udp: PublisherUdp | string | undefined, transmit: (bytes: Uint8Array) => void) {
    this.#udp = udp ?? "UDP data channels are not supported: subscribe without dataChannel.";
    this.#transmit = transmit;
  }

  /** True while data go by datagrams. */
  get overUdp(): boolean {
    return this.#channel !== undefined;
  }

  /** True when data packets are encrypted. */
  get encrypted(): boolean {
    return this.#keys !== undefined;
  }

  /** False while the first keys are on their way: what is encrypted then could not be read. */
  get mayEncode(): boolean {
    return this.#keys?.settled ?? true;
  }

  /** The keys, from the first encrypted subscription on. */
  get keys(): KeyRotation | undefined {
    return this.#keys;
  }

  /**
   * Opens what a subscription needs, UDP where `port` is not 0, beside what is open; `use` takes it.
   *
   * Throws DecodeError with a message for the subscriber where UDP is not to be had.
   */
  open(port: number, version: number): DatagramChannel | undefined {
    return port > 0 ? this.#grant(version).open(port) : undefined;
  }

  /** Sends the data of a new subscription to `channel`, or over TCP; returns what that demands. */
  use(channel: DatagramChannel | undefined): ChannelSettings {
    this.#channel = channel;
    const udp = channel && typeof this.#udp !== "string" ? this.#udp : undefined;
    const source = udp?.keySource;
    if (udp && source) {
      this.#keys ??= new KeyRotation({
        source,
        periodMs: udp.keyPeriodMs,
        flushed: udp.flushed,
        send: (keys) =>
          this.#transmit(
            responseFrame(Response.UpdateCipherKeys, Command.Subscribe, encodeCipherKeys(keys)),
          ),
      });
    }
    const { encrypted } = this;
    const maxDataBytes = udp ? datagramDataBytes(udp.packetBytes, encrypted) : MAX_PACKET_DATA;
    return { udp: udp !== undefined, encrypted, maxDataBytes };
  }

  /** Sends one data packet, given as the frame that would go over TCP in clear; false if it was lost. */
  send(frame: Uint8Array): boolean {
    return sendDataPacket(frame, this.#transmit, this.#channel, this.#keys?.keys);
  }

  /** The subscription has ended: closes its channel. */
  close(): void {
    this.#channel?.close();
    this.#channel = undefined;
  }

  #grant(version: number): PublisherUdp {
    if (typeof this.#udp === "string") throw unsupported(this.#udp);
    if (version === 1) {
      // One cache slot: datagrams that are late would be read with the wrong cache.
      throw unsupported("UDP data channels need protocol version 2 or 3.");
    }
    return this.#udp;
  }
}

function unsupported(message: string): DecodeError {
  return new DecodeError("unsupported", message);
}
