/**
 * UDP data channels of an STTP output: when they are granted, and with which keys (specs/sttp.md 10).
 *
 * @module
 */
import { DecodeError, messageOf } from "../../core/mod.ts";
import { type Connection, openUdpSender, type UdpSender } from "../../os/mod.ts";
import type { CipherKey, DatagramChannel, PublisherUdp } from "../../sttp/mod.ts";
import { type SttpOutputOptions, UDP_QUEUE_BYTES } from "./schema.ts";

/** What the data channel of a connection counts. */
export interface DataChannelStatus {
  /** Port that it sends from. */
  readonly port: number;
  /** Datagrams that were taken for sending. */
  readonly datagrams: number;
  /** Datagrams that were dropped because too many waited. */
  readonly dropped: number;
  /** Datagrams that the network has refused. */
  readonly failed: number;
}

/** The data channels of one connection, one at a time. */
export class DataChannels {
  /** What a session is to be given: UDP, or the words in which it is refused. */
  readonly grant: PublisherUdp | string;
  /** Bytes of datagrams that were taken for sending, over all channels. */
  bytesSent = 0;
  readonly #connection: Connection;
  #sender: UdpSender | undefined;

  /** Grants what `options` allow on `connection`. */
  constructor(connection: Connection, options: SttpOutputOptions) {
    this.#connection = connection;
    this.grant = this.#grant(options);
  }

  /** Counters of the newest channel. */
  status(): DataChannelStatus | undefined {
    const sender = this.#sender;
    if (!sender) return undefined;
    const { port, sent, dropped, failed } = sender;
    return { port, datagrams: sent, dropped, failed };
  }

  #grant(options: SttpOutputOptions): PublisherUdp | string {
    if (!options.udp) {
      return "UDP data channels are switched off here: subscribe without dataChannel.";
    }
    if (!options.udpUnencrypted && !this.#connection.secure) {
      return "UDP data channels need cipher keys, which are sent over TLS only: " +
        "connect over TLS, or subscribe without dataChannel.";
    }
    return {
      packetBytes: options.udpPacketBytes,
      keyPeriodMs: options.cipherKeyPeriodMs,
      ...(options.udpUnencrypted ? {} : { keySource: randomKey }),
      flushed: () => this.#connection.writableLength === 0,
      open: (port) => this.#open(port),
    };
  }

  #open(port: number): DatagramChannel {
    const { localAddress, remoteAddress: hostname } = this.#connection;
    try {
      const sender = this.#sender = openUdpSender({
        localAddress,
        hostname,
        port,
        queueBytes: UDP_QUEUE_BYTES,
      });
      return {
        send: (datagram) => {
          const isTaken = sender.send(datagram);
          if (isTaken) this.bytesSent += datagram.length;
          return isTaken;
        },
        close: () => sender.close(),
      };
    } catch (error) {
      throw new DecodeError(
        "udp",
        `The UDP data channel cannot be opened: ${messageOf(error)}`,
      );
    }
  }
}

function randomKey(): CipherKey {
  return {
    key: crypto.getRandomValues(new Uint8Array(32)),
    iv: crypto.getRandomValues(new Uint8Array(16)),
  };
}
