/**
 * A receiver that asks for nothing: data by UDP, and the configuration once a minute.
 *
 * @module
 */
import { parseHostPort } from "../../config/mod.ts";
import { FrameType, type ServedStream } from "../../c37118/mod.ts";
import { openUdpSender, type UdpSender } from "../../os/mod.ts";
import { Drop, TakerBooks } from "./books.ts";
import type { C37118OutputOptions } from "./options.ts";
import { type FrameContent, MAX_DATAGRAM, type StreamFrame } from "./served_stream.ts";

const MINUTE = 60;

/** What a destination says of itself; JSON-safe. */
export interface DestinationStatus {
  /** Datagrams that were taken for sending. */
  readonly datagrams: number;
  /** Datagrams that were dropped because too many waited. */
  readonly dropped: number;
  /** Datagrams that the network has refused. */
  readonly failed: number;
  /** Bytes that were taken for sending. */
  readonly bytesSent: number;
}

/** Opens the sender of datagrams to an address. Throws when the local address cannot be used. */
export function openSender(
  hostname: string,
  port: number,
  options: C37118OutputOptions,
  localAddress?: string,
): UdpSender {
  const any = hostname.includes(":") ? "::" : "0.0.0.0";
  return openUdpSender({
    localAddress: options.localAddress ?? localAddress ?? any,
    hostname,
    port,
    queueBytes: options.queueBytes,
  });
}

/** One host or group that the stream is sent to. */
export class Destination {
  /** Address, `host:port`. */
  readonly address: string;
  /** Its books. */
  readonly books: TakerBooks = new TakerBooks();
  /** Bytes that were taken for sending. */
  bytesSent = 0;
  readonly #stream: ServedStream & { told(): void };
  readonly #sender: UdpSender;
  #isOwed = true;
  #minute = -1;

  /** Opens a socket for it. */
  constructor(
    address: string,
    options: C37118OutputOptions,
    stream: ServedStream & { told(): void },
  ) {
    this.address = address;
    this.#stream = stream;
    const { hostname, port } = parseHostPort(address)!; // the schema has checked it
    this.#sender = openSender(hostname, port, options);
  }

  /** The configuration goes out before the next frame. */
  configurationChanged(): void {
    this.#isOwed = true;
  }

  /** A frame of `total` values with the stamp `second` was there, which became `frame`. */
  offer(
    arrivalMicros: number,
    second: number,
    total: number,
    content: FrameContent | undefined,
    frame: StreamFrame | undefined,
  ): void {
    const { ledger } = this.books;
    this.books.offered(arrivalMicros, total, content);
    if (!frame) return;
    const minute = Math.floor(second / MINUTE);
    if (this.#isOwed || (second % MINUTE === 0 && minute !== this.#minute)) {
      this.#isOwed = false;
      this.#minute = minute;
      for (const bytes of this.#stream.configuration(FrameType.Config2) ?? []) this.#send(bytes);
    }
    this.#stream.told();
    if (this.#send(frame.bytes)) ledger.sent(arrivalMicros, frame.count);
    else ledger.dropped(Drop.Udp, arrivalMicros, frame.count);
  }

  /** What it says of itself. */
  status(): DestinationStatus {
    const { sent, dropped, failed } = this.#sender;
    return { datagrams: sent, dropped, failed, bytesSent: this.bytesSent };
  }

  /** Closes its socket. */
  close(): void {
    this.#sender.close();
  }

  #send(bytes: Uint8Array): boolean {
    const isTaken = bytes.length <= MAX_DATAGRAM && this.#sender.send(bytes);
    if (isTaken) this.bytesSent += bytes.length;
    return isTaken;
  }
}
