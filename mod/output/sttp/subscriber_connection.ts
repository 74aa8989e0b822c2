/**
 * One connection of a subscriber: its session, what may wait in it, and when it has stalled.
 *
 * @module
 */
import { type Clock, type Log, messageOf } from "../../core/mod.ts";
import { type CloseReason, type Connection, StallWatch } from "../../os/mod.ts";
import type { Complaints } from "../../stats/mod.ts";
import {
  type DeliveryCounter,
  type FrameLog,
  type MetadataRequest,
  type NotificationStore,
  type PublisherRights,
  PublisherSession,
  type PublisherSessionStatus,
  type SlowRule,
} from "../../sttp/mod.ts";
import type { SttpOutputOptions } from "./schema.ts";
import { DataChannels, type DataChannelStatus } from "./udp.ts";

/** Encoded in one go before other connections have their turn, in bytes. */
const TURN_BYTES = 65_536;

/** Ends of a connection that are the peer's doing, or a defect here. */
const MISDEEDS: ReadonlySet<CloseReason> = new Set([
  "unreadLimit",
  "readRateLimit",
  "handlerFailed",
]);

/** What a connection needs of its output. */
export interface SubscriberContext {
  /** Name of the subscriber. */
  readonly name: string;
  /** Settings of the output. */
  readonly options: SttpOutputOptions;
  /** The stream that the subscriber reads. */
  readonly log: FrameLog;
  /** Its rights. */
  readonly rights: PublisherRights;
  /** Its books. */
  readonly books: DeliveryCounter;
  /** What it is to be notified of. */
  readonly notifications: NotificationStore;
  /** GUID for its signal index caches. */
  readonly subscriberId: string;
  /** The time. */
  readonly clock: Clock;
  /** Where events go. */
  readonly logger: Log;
  /** The subscriber's complaints, those of earlier connections included. */
  readonly complaints: Complaints;
  /** Makes metadata; rejects with an error whose message is for the subscriber. */
  readonly metadata: (request: MetadataRequest) => Promise<Uint8Array>;
  /** What becomes of it when it is too slow, at this moment. */
  readonly slow: () => SlowRule;
  /** Asks for another turn of `pump`. */
  readonly again: () => void;
  /** Told once when the connection is over. */
  readonly onEnd: (connection: SubscriberConnection, reason: string) => void;
  /** Told when it is about to be ended because it was too slow. */
  readonly onTooSlow: () => void;
}

/** What a connection says of itself; JSON-safe. */
export interface SubscriberConnectionStatus extends PublisherSessionStatus {
  /** Address and port of the peer. */
  readonly peer: string;
  /** True over TLS. */
  readonly secure: boolean;
  /** Since when: microseconds since 1970. */
  readonly sinceMicros: number;
  /** Bytes received. */
  readonly bytesReceived: number;
  /** Bytes handed to the connection and to its data channels. */
  readonly bytesSent: number;
  /** Bytes that wait in the connection. */
  readonly bytesWaiting: number;
  /** Milliseconds since the connection last took anything while something waited; 0 if it is not stalled. */
  readonly stalledMs: number;
  /** Its UDP data channel, the last one where there were several. */
  readonly udp?: DataChannelStatus;
}

/** Puts a connection and a session together. */
export class SubscriberConnection {
  /** Name of the subscriber. */
  readonly name: string;
  /** The session, for changes of rights. */
  readonly session: PublisherSession;
  /** While true nothing more is encoded for it, since too much waits in all connections together. */
  held = false;
  readonly #context: SubscriberContext;
  readonly #connection: Connection;
  readonly #channels: DataChannels;
  readonly #sinceMicros: number;
  #allowedBytes: number;
  readonly #stall: StallWatch;
  #waitingMetadata: MetadataRequest | undefined;
  #closeAtMs = Infinity;
  #closeReason = "";
  #ended = false;

  /** Begins to serve a peer that is identified. */
  constructor(connection: Connection, context: SubscriberContext) {
    const { clock } = context;
    this.name = context.name;
    this.#context = context;
    this.#connection = connection;
    this.#channels = new DataChannels(connection, context.options);
    this.#sinceMicros = clock.nowMicros();
    this.#stall = new StallWatch(connection, clock.monotonicMs());
    this.#allowedBytes = context.options.maxUnsentBytes;
    this.session = new PublisherSession({
      log: context.log,
      rights: context.rights,
      books: context.books,
      subscriberId: context.subscriberId,
      queueBytes: context.options.queueBytes,
      get slow() {
        return context.slow();
      },
      baseTimes: context.options.baseTimes,
      udp: this.#channels.grant,
      notifications: context.notifications,
      blockBytes: context.options.blockBytes,
      nowMs: clock.monotonicMs(),
      events: {
        transmit: (bytes) => this.#transmit(bytes),
        metadata: (request) => this.#startMetadata(request),
        close: (lingerMs, message) => this.#close(lingerMs, message),
        complain: (kind, message) => this.#complain(kind, message),
        note: (message) => context.logger.info(`${this.name}: ${message}`),
      },
    });
    connection.onData = (bytes) => {
      this.session.receive(bytes, clock.monotonicMs());
      if (this.session.isWorking) context.again();
    };
    connection.onDrain = () => context.again();
    connection.onClose = (reason, message) => {
      // What the peer has done is a complaint; that it went away, or was sent away, is none.
      if (MISDEEDS.has(reason)) this.#complain(reason, message);
      this.#end(message);
    };
  }

  /** IP address of the peer. */
  get address(): string {
    return this.#connection.remoteAddress;
  }

  /** Address and port of the peer. */
  get peer(): string {
    return `${this.#connection.remoteAddress}:${this.#connection.remotePort}`;
  }

  /** Bytes handed to the connection and to its data channels. */
  get bytesSent(): number {
    return this.#connection.bytesWritten + this.#channels.bytesSent;
  }

  /** Encodes what waits while the connection has room. */
  pump(): void {
    this.session.pumpBlocks(this.#room());
    const turn = Math.min(this.#dataRoom(), TURN_BYTES);
    if (this.session.pump(turn) >= turn && turn > 0 && this.#dataRoom() > 0) this.#context.again();
    if (this.session.overruns > 0 && this.#context.slow() === "disconnect" && !this.#ended) {
      this.#context.onTooSlow();
      this.destroy(`it fell more than ${this.#context.options.queueBytes} bytes behind`);
    }
  }

  /** Encoded bytes that wait in the connection. */
  get waitingBytes(): number {
    return this.#connection.writableLength;
  }

  /** Does what is due: keep-alive, throttled data, the stall limit. */
  tick(): void {
    const { clock, options } = this.#context;
    const nowMs = clock.monotonicMs();
    if (nowMs >= this.#closeAtMs) {
      this.#end(this.#closeReason);
      this.#connection.close();
      return;
    }
    this.session.tick(nowMs, clock.nowMicros(), this.#dataRoom());
    this.pump();
    if (this.#waitingMetadata && this.#room() > 0) {
      const request = this.#waitingMetadata;
      this.#waitingMetadata = undefined;
      this.#startMetadata(request);
    }
    if (this.stalledMs(nowMs) > options.stallTimeoutMs) {
      const message = `it took nothing for ${options.stallTimeoutMs / 1000} s`;
      this.#complain("stalled", message);
      this.destroy(message);
    }
  }

  /** Milliseconds since the connection last took anything while something waited. */
  stalledMs(nowMs: number): number {
    return this.#stall.stalledMs(nowMs);
  }

  /** Ends the connection at once. */
  destroy(reason: string): void {
    if (this.#ended) return;
    this.#end(reason);
    this.#connection.destroy();
  }

  /** What the connection says of itself. */
  status(): SubscriberConnectionStatus {
    const connection = this.#connection;
    const udp = this.#channels.status();
    return {
      ...(udp ? { udp } : {}),
      peer: this.peer,
      secure: connection.secure,
      sinceMicros: this.#sinceMicros,
      ...this.session.status(),
      bytesReceived: connection.bytesRead,
      bytesSent: this.bytesSent,
      bytesWaiting: connection.writableLength,
      stalledMs: Math.round(this.stalledMs(this.#context.clock.monotonicMs())),
    };
  }

  #room(): number {
    return this.held ? 0 : this.#context.options.unsentBytes - this.#connection.writableLength;
  }

  /** Room for data: datagrams do not wait for the connection, what has no room is dropped. */
  #dataRoom(): number {
    return this.session.overUdp ? TURN_BYTES : this.#room();
  }

  #transmit(bytes: Uint8Array): void {
    if (this.#connection.writableLength > this.#allowedBytes) {
      // From a timer of its own: the session is at work further up the stack.
      queueMicrotask(() => {
        if (this.#ended) return;
        const message = `more than ${this.#allowedBytes} bytes wait for it`;
        this.#complain("unsentLimit", message);
        this.destroy(message);
      });
      return;
    }
    this.#connection.write(bytes);
  }

  #startMetadata(request: MetadataRequest): void {
    if (this.#room() <= 0) {
      this.#waitingMetadata = request; // one document at a time waits in a connection
      return;
    }
    const { session } = this;
    this.#context.metadata(request).then((bytes) => {
      if (this.#ended) return;
      this.#allowedBytes = this.#context.options.maxUnsentBytes + bytes.length;
      session.answerMetadata(bytes);
    }, (error) => {
      if (!this.#ended) session.refuseMetadata(messageOf(error));
    });
  }

  /** Leaves the peer `lingerMs` to read what was sent; what it still sends is thrown away. */
  #close(lingerMs: number, message: string): void {
    this.#connection.onData = () => {};
    this.#closeAtMs = this.#context.clock.monotonicMs() + lingerMs;
    this.#closeReason = message;
  }

  #complain(kind: string, message: string): void {
    const { complaints, clock } = this.#context;
    complaints.note(kind, `${this.name}: ${printable(message)}`, clock.monotonicMs());
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.session.end();
    this.#context.onEnd(this, reason);
  }
}

/** What a peer has sent may stand in a message: one line of it is enough, without control characters. */
function printable(message: string): string {
  return message.slice(0, 512).replace(/\p{Cc}/gu, " ");
}
