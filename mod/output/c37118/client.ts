/**
 * One connection of a client: its session, what waits for it, and when it has had its time.
 *
 * @module
 */
import type { Clock, ProtocolError } from "../../core/mod.ts";
import {
  FrameType,
  peekHeader,
  SendQueue,
  type ServedStream,
  ServerSession,
} from "../../c37118/mod.ts";
import { type CloseReason, type Connection, StallWatch, type UdpSender } from "../../os/mod.ts";
import { Drop, type TakerBooks } from "./books.ts";
import type { C37118OutputOptions } from "./options.ts";
import { UNSENT_BYTES } from "./schema.ts";
import type { FrameContent, StreamFrame } from "./served_stream.ts";

/** Commands per second that a client may send in the long run, and at once. */
const COMMANDS_PER_SECOND = 20, COMMAND_BURST = 100;

/** Ends of a connection that are the peer's doing, or a defect here. */
const MISDEEDS: ReadonlySet<CloseReason> = new Set([
  "unreadLimit",
  "readRateLimit",
  "handlerFailed",
]);

/** What a connection needs of its output. */
export interface ClientContext {
  /** Name of the client. */
  readonly name: string;
  /** Settings of the output. */
  readonly options: C37118OutputOptions;
  /** What is served. */
  readonly stream: ServedStream & { told(): void };
  /** The books of the client. */
  readonly books: TakerBooks;
  /** Where its data go by UDP; undefined for data over its connection. */
  readonly sender: UdpSender | undefined;
  /** The time. */
  readonly clock: Clock;
  /** Something that the client did is wrong: a short stable word, and a sentence. */
  readonly complain: (kind: string, message: string) => void;
  /** Told once when the connection is over. */
  readonly onEnd: (client: StreamClient, reason: string) => void;
}

/** What a connection says of itself; JSON-safe. */
export interface ClientStatus {
  /** Address and port. */
  readonly peer: string;
  /** True while it has asked for data. */
  readonly started: boolean;
  /** Since when: microseconds since 1970. */
  readonly sinceMicros: number;
  /** Commands that came. */
  readonly commands: number;
  /** Bytes handed to its connection, and by UDP. */
  readonly bytesSent: number;
  /** Frames that wait. */
  readonly queuedFrames: number;
  /** Bytes that wait. */
  readonly queuedBytes: number;
  /** Times that more would have waited than may. */
  readonly overruns: number;
  /** Milliseconds since it last took anything while something waited. */
  readonly stalledMs: number;
}

/** Puts a connection, a session and a queue together. */
export class StreamClient {
  /** Name of the client. */
  readonly name: string;
  /** Its session. */
  readonly session: ServerSession;
  /** Times that more would have waited than may. */
  overruns = 0;
  readonly #context: ClientContext;
  readonly #connection: Connection;
  readonly #queue: SendQueue;
  readonly #openedMs: number;
  readonly #sinceMicros: number;
  #commands = 0;
  #commandBudget = COMMAND_BURST;
  #budgetAtMs: number;
  #heardMs: number;
  #datagramBytes = 0;
  readonly #stall: StallWatch;
  #ended = false;

  /** Begins to serve a peer that may connect. */
  constructor(connection: Connection, context: ClientContext) {
    const { clock, options } = context;
    this.name = context.name;
    this.#context = context;
    this.#connection = connection;
    this.#openedMs =
      this.#heardMs =
      this.#budgetAtMs =
        clock.monotonicMs();
    this.#stall = new StallWatch(connection, this.#openedMs);
    this.#sinceMicros = clock.nowMicros();
    // The queue holds answers and frames of this stream: what is data has a place in the books.
    this.#queue = new SendQueue(
      options.queueBytes,
      (frame) => this.#dropped(frame as StreamFrame, Drop.Slow),
    );
    this.session = new ServerSession(context.stream, {
      commanded: () => this.#commanded(),
      answer: (frame) => this.#answer(frame),
      refused: (error) => this.#refused(error),
    }, options.start === "always");
    connection.onData = (bytes) => this.session.receive(bytes, clock.monotonicMs());
    connection.onDrain = () => this.#pump();
    connection.onClose = (reason, message) => {
      if (MISDEEDS.has(reason)) this.#complain(reason, message);
      this.#end(message);
    };
  }

  /** IP address of the peer. */
  get address(): string {
    return this.#connection.remoteAddress;
  }

  /** Bytes handed to its connection, and by UDP. */
  get bytesSent(): number {
    return this.#connection.bytesWritten + this.#datagramBytes;
  }

  /** A frame of `total` values was there, which became `frame`. */
  offer(
    arrivalMicros: number,
    total: number,
    content: FrameContent | undefined,
    frame: StreamFrame | undefined,
  ): void {
    const { books, options } = this.#context;
    if (!this.session.started) return books.notStarted(arrivalMicros, total);
    books.offered(arrivalMicros, total, content);
    if (!frame) return;
    this.#context.stream.told();
    if (this.#context.sender) return this.#sendDatagram(frame, this.#context.sender);
    const { ledger } = books;
    ledger.queued(arrivalMicros, frame.count);
    if (this.#queue.bytes + frame.bytes.length > options.queueBytes) {
      this.overruns++;
      if (options.slow === "disconnect") {
        this.#dropped(frame, Drop.Slow);
        this.destroy(`more than ${options.queueBytes} bytes wait for it`);
        return;
      }
      if (options.slow === "latest") this.#queue.dropData();
    }
    this.#queue.push(frame);
    this.#pump();
  }

  /** The stream has another configuration: who takes data is told before the first frame of it. */
  configurationChanged(): void {
    this.session.configurationChanged();
  }

  /** Does what is due: sends what waits, and ends what has had its time. */
  tick(): void {
    const { options, clock } = this.#context;
    const nowMs = clock.monotonicMs();
    this.session.poll(nowMs);
    this.#pump();
    if (this.stalledMs(nowMs) > options.stallTimeoutMs) {
      return this.#giveUp("stalled", `it took nothing for ${options.stallTimeoutMs / 1000} s`);
    }
    if (options.start === "always" || this.session.started) return;
    if (this.#commands === 0 && nowMs - this.#openedMs > options.handshakeTimeoutMs) {
      const seconds = options.handshakeTimeoutMs / 1000;
      return this.#giveUp("silent", `it sent no command in the first ${seconds} s`);
    }
    if (nowMs - this.#heardMs > options.idleTimeoutMs) {
      this.destroy(`it was silent for ${options.idleTimeoutMs / 1000} s`);
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

  /** What it says of itself. */
  status(): ClientStatus {
    return {
      peer: `${this.#connection.remoteAddress}:${this.#connection.remotePort}`,
      started: this.session.started,
      sinceMicros: this.#sinceMicros,
      commands: this.#commands,
      bytesSent: this.bytesSent,
      queuedFrames: this.#queue.length,
      queuedBytes: this.#queue.bytes + this.#connection.writableLength,
      overruns: this.overruns,
      stalledMs: Math.round(this.stalledMs(this.#context.clock.monotonicMs())),
    };
  }

  #answer(bytes: Uint8Array): void {
    if (this.#ended) return;
    if (this.#queue.push({ bytes, isData: false })) return this.#pump();
    const kind = peekHeader(bytes).type === FrameType.Header ? "header" : "configuration";
    // At the end of this turn: the session is at work further up the stack.
    queueMicrotask(() => this.#giveUp("answers", `there is no room for a ${kind} in its queue`));
  }

  #pump(): void {
    while (this.#queue.length > 0 && this.#connection.writableLength < UNSENT_BYTES) {
      const frame = this.#queue.shift()!; // it has one
      this.#connection.give(frame.bytes);
      if (frame.isData) this.#sent(frame as StreamFrame); // only frames of the stream are data
    }
  }

  #sendDatagram(frame: StreamFrame, sender: UdpSender): void {
    const { ledger } = this.#context.books;
    if (sender.send(frame.bytes)) {
      this.#datagramBytes += frame.bytes.length;
      ledger.sent(frame.arrivalMicros, frame.count);
    } else {
      this.overruns++;
      ledger.dropped(Drop.Udp, frame.arrivalMicros, frame.count);
    }
  }

  #sent({ arrivalMicros, count }: StreamFrame): void {
    const { ledger } = this.#context.books;
    ledger.queued(arrivalMicros, -count);
    ledger.sent(arrivalMicros, count);
  }

  #dropped({ arrivalMicros, count }: StreamFrame, reason: number): void {
    const { ledger } = this.#context.books;
    ledger.queued(arrivalMicros, -count);
    ledger.dropped(this.#ended ? Drop.Disconnected : reason, arrivalMicros, count);
  }

  #commanded(): void {
    const nowMs = this.#context.clock.monotonicMs();
    this.#commands++;
    this.#heardMs = nowMs;
    this.#spend(nowMs);
  }

  #refused(error: ProtocolError): void {
    this.#complain(error.kind, error.message);
    if (error.kind === "notACommand") this.#spend(this.#context.clock.monotonicMs());
  }

  /** What a client sends costs work here: beyond a rate it is ended. */
  #spend(nowMs: number): void {
    const refill = (nowMs - this.#budgetAtMs) * COMMANDS_PER_SECOND / 1000;
    this.#commandBudget = Math.min(COMMAND_BURST, this.#commandBudget + refill) - 1;
    this.#budgetAtMs = nowMs;
    if (this.#commandBudget >= 0 || this.#ended) return;
    queueMicrotask(() =>
      this.#giveUp("flood", `it sends more than ${COMMANDS_PER_SECOND} frames/s`)
    );
  }

  #giveUp(kind: string, message: string): void {
    if (this.#ended) return;
    this.#complain(kind, message);
    this.destroy(message);
  }

  #complain(kind: string, message: string): void {
    this.#context.complain(kind, `${this.name}: ${message}`);
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#queue.clear();
    this.#context.sender?.close();
    this.#context.onEnd(this, reason);
  }
}
