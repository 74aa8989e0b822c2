/**
 * A C37.118 client without I/O: bytes and time in; commands, frames and events out.
 *
 * @module
 */
import { Command, encodeCommand } from "../../c37118/mod.ts";
import type { ReceivedConfiguration } from "./configuration_collector.ts";
import type { Channel } from "./channel.ts";
import { type ReceiverContext, StreamReceiver } from "./receiver.ts";
import type { C37118InputOptions } from "./options.ts";
import { ClientSequence, type SequenceState } from "./sequence.ts";
import type { StreamOptions } from "./stream_plan.ts";

/** Options of a {@linkcode ClientSession}: those of the input, with the acronym filled in. */
export type SessionOptions = StreamOptions & Omit<C37118InputOptions, "acronym">;

/** What a {@linkcode ClientSession} does to the world. */
export interface SessionEvents {
  /** Sends a command frame to the device. */
  readonly send: (bytes: Uint8Array<ArrayBuffer>) => void;
  /** Ends the connection, to be made anew after a while. */
  readonly disconnect: (reason: string) => void;
  /** Keeps a configuration that says something new. */
  readonly keep: (received: ReceivedConfiguration) => void;
}

/** One client, over any number of connections. Times: `nowMs` never steps, `nowMicros` is UTC since 1970. */
export class ClientSession {
  /** The receiving half: books, statistics, configuration. */
  readonly receiver: StreamReceiver;
  /** Way for data: a TCP connection or the UDP socket. */
  readonly data: Channel;
  /** Way for what comes back on a TCP connection that carries commands beside UDP data. */
  readonly replies: Channel;
  readonly #options: SessionOptions;
  readonly #events: SessionEvents;
  readonly #sequence: ClientSequence;
  #nowMs: number;
  #nowMicros = 0.5; // a fraction, so that the field is a double from the start
  #advancedMs = -Infinity;
  #canCommand = false;

  /** Makes a session without a connection. */
  constructor(
    options: SessionOptions,
    context: ReceiverContext,
    events: SessionEvents,
    nowMs: number,
  ) {
    this.#options = options;
    this.#events = events;
    this.#nowMs = nowMs;
    const sequence = new ClientSequence(options, {
      send: (command) => this.#send(command),
      disconnect: (reason) => {
        this.receiver.statistics.connection(false);
        events.disconnect(reason);
      },
      fallBackToCache: () => this.receiver.trust(),
    });
    this.#sequence = sequence;
    this.receiver = new StreamReceiver(
      options,
      context,
      {
        onData: () => {
          if (sequence.isSilent) this.receiver.statistics.connection(true);
          sequence.data(this.#nowMs);
        },
        onConfiguration: (received, isNew) => {
          const { layout } = this.receiver.plan!.registered; // there is one: it has just come
          sequence.configuration(
            this.#nowMs,
            received.configuration.type,
            layout.framesPerSecond,
          );
          if (isNew) events.keep(received);
        },
        onWanted: (delayMs) => sequence.wanted(this.#nowMs, delayMs),
        onHeader: () => sequence.header(this.#nowMs),
        onParseErrors: (count) => sequence.parseErrors(this.#nowMs, count),
      },
      nowMs,
    );
    this.data = this.receiver.channel();
    this.replies = this.receiver.channel();
  }

  /** Where the client stands. */
  get state(): SequenceState {
    return this.#sequence.state;
  }
  /** True while data stay away for longer than the limit, or none have come. */
  get isSilent(): boolean {
    return this.#sequence.isSilent;
  }
  /** Times that data stayed away for too long. */
  get dataLosses(): number {
    return this.#sequence.dataLosses;
  }
  /** Commands that were sent. */
  get commands(): number {
    return this.#sequence.commands;
  }

  /** Takes the configuration of an earlier run. */
  useCache(received: ReceivedConfiguration): void {
    this.receiver.useCache(received);
    this.#sequence.setRate(this.receiver.plan?.registered.layout.framesPerSecond ?? 0);
  }

  /**
   * The connection is there; without `canCommand` nothing is sent.
   *
   * A client that stops the flow first decodes nothing before it knows the configuration of this connection; one that
   * only listens, or shares the stream with others, goes on with what is known, cached or not.
   */
  opened(nowMs: number, nowMicros: number, canCommand: boolean): void {
    this.#setTime(nowMs, nowMicros);
    this.#canCommand = canCommand;
    // The rest of a frame that the last connection began will not come.
    this.data.reset();
    this.replies.reset();
    if (canCommand && !this.#options.skipStop) this.receiver.distrust();
    else this.receiver.trust();
    this.#sequence.opened(nowMs, canCommand);
  }

  /** The connection is gone, whoever ended it. */
  closed(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#sequence.closed();
    this.receiver.statistics.connection(false);
  }

  /** Bytes of a TCP connection; `isReply` if data come another way. They reached this host at `arrivalMicros`. */
  stream(bytes: Uint8Array, nowMs: number, arrivalMicros: number, isReply = false): void {
    this.#setTime(nowMs, arrivalMicros);
    this.#sequence.heard(nowMs);
    (isReply ? this.replies : this.data).stream(bytes, nowMs, arrivalMicros);
  }

  /** A datagram. It reached this host at `arrivalMicros`. */
  datagram(bytes: Uint8Array, nowMs: number, arrivalMicros: number): void {
    this.#setTime(nowMs, arrivalMicros);
    this.#sequence.heard(nowMs);
    this.data.datagram(bytes, nowMs, arrivalMicros);
  }

  /** Does what is due; returns in how many milliseconds it wants to be called again. */
  tick(nowMs: number, nowMicros: number): number {
    this.#setTime(nowMs, nowMicros);
    if (nowMs - this.#advancedMs >= 1000) {
      this.#advancedMs = nowMs;
      this.data.poll(nowMs, nowMicros);
      this.replies.poll(nowMs, nowMicros);
      this.receiver.advance(nowMs);
    }
    const wasSilent = this.isSilent;
    const wait = this.#sequence.tick(nowMs);
    if (!wasSilent && this.isSilent) this.receiver.statistics.connection(false);
    return wait;
  }

  /** Asks the device to stop, where that is allowed: for a shutdown in order. */
  sayGoodbye(nowMs: number, nowMicros: number): void {
    this.#setTime(nowMs, nowMicros);
    if (this.#canCommand && !this.#options.skipStop && this.state !== "closed") {
      this.#send(Command.DataOff);
    }
  }

  #setTime(nowMs: number, nowMicros: number): void {
    this.#nowMs = nowMs;
    this.#nowMicros = nowMicros;
  }

  #send(command: number): void {
    const soc = Math.floor(this.#nowMicros / 1e6);
    const fracSec = Math.floor(this.#nowMicros - soc * 1e6);
    const prefix = { idCode: this.#options.idCode, soc, fracSec };
    this.#events.send(encodeCommand(prefix, command));
  }
}
