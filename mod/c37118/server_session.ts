/**
 * One client of a server: its commands, and what they are answered with (clause 6.6).
 *
 * @module
 */
import { ProtocolError } from "../core/mod.ts";
import { commandName } from "./command.ts";
import type { LentFrame, ParserCounters } from "./stream_parser.ts";
import { StreamParser } from "./stream_parser.ts";
import { Command, FrameType } from "./types.ts";

/** A stream as its server speaks of it. Frames that it gives are whole and are not changed afterwards. */
export interface ServedStream {
  /** IDCODE of the stream. */
  readonly idCode: number;
  /** True if commands for another IDCODE are executed too. */
  readonly acceptAnyId: boolean;
  /** The header frame; undefined for a device that does not answer. */
  header(): Uint8Array | undefined;
  /**
   * The frames that answer a request for CFG-1, CFG-2 or CFG-3 (a {@linkcode FrameType}): undefined for
   * a device that does not know it, empty while there is none yet, which is made up for later.
   */
  configuration(type: number): readonly Uint8Array[] | undefined;
}

/** What a session tells its owner. */
export interface ServerEvents {
  /** A command frame came, right or wrong. */
  commanded(): void;
  /** A frame of an answer is to be sent. */
  answer(frame: Uint8Array): void;
  /**
   * Something that came is not done: `wrongId`, `unknownCommand`, `unsupported` for what this server
   * does not give, `notACommand` for another frame. Nobody answers it (clause 6.6).
   */
  refused(error: ProtocolError): void;
}

/** The session of one client, without I/O: bytes and the time in, answers out. */
export class ServerSession {
  /** True while the client has asked for data. */
  started: boolean;
  /** Kind of configuration that the client asked for last: a {@linkcode FrameType}. */
  asked: number = FrameType.Config2;
  readonly #stream: ServedStream;
  readonly #events: ServerEvents;
  readonly #parser: StreamParser;
  /** Kinds of configuration that were asked for while there was none. */
  readonly #owed = new Set<number>();

  /** Begins a session; `started` if data flow without a command. */
  constructor(stream: ServedStream, events: ServerEvents, started = false) {
    this.#stream = stream;
    this.#events = events;
    this.started = started;
    this.#parser = new StreamParser((frame) => this.#take(frame), { role: "server" });
  }

  /** What parsing met. */
  get counters(): Readonly<ParserCounters> {
    return this.#parser.counters;
  }

  /** Takes bytes of a stream, lent for the call. */
  receive(bytes: Uint8Array, nowMs: number): void {
    this.#parser.push(bytes, nowMs);
  }

  /** Takes a datagram, lent for the call. */
  datagram(bytes: Uint8Array): void {
    this.#parser.datagram(bytes);
  }

  /** To be called now and then: gives up half a command that nothing follows. */
  poll(nowMs: number): void {
    this.#parser.poll(nowMs);
  }

  /**
   * The stream has another configuration: what was asked for before there was one is answered, and who takes
   * data is told in the kind that it asked for last, before the first frame of the new layout.
   */
  configurationChanged(): void {
    const due = new Set(this.#owed);
    if (this.started) due.add(this.asked);
    this.#owed.clear();
    for (const type of due) this.#sendConfiguration(type);
  }

  #take(frame: LentFrame): void {
    if (frame.type !== FrameType.Command) {
      const message = `Cannot serve a client: expected a command frame, found type ${frame.type}`;
      this.#events.refused(new ProtocolError("notACommand", message));
      return;
    }
    this.#events.commanded();
    const command = frame.view.getUint16(frame.offset + 14);
    const { idCode, acceptAnyId } = this.#stream;
    if (frame.idCode !== idCode && !acceptAnyId) {
      this.#refuse("wrongId", `expected IDCODE ${idCode}, found ${frame.idCode}`);
    } else this.#execute(command);
  }

  #execute(command: number): void {
    switch (command) {
      case Command.DataOff:
        this.started = false;
        return;
      case Command.DataOn:
        this.started = true;
        return;
      case Command.SendHeader: {
        const frame = this.#stream.header();
        if (frame) this.#events.answer(frame);
        else this.#refuse("unsupported", "this stream has no header frame");
        return;
      }
      case Command.SendConfig1:
        return this.#sendConfiguration(FrameType.Config1);
      case Command.SendConfig2:
        return this.#sendConfiguration(FrameType.Config2);
      case Command.SendConfig3:
        return this.#sendConfiguration(FrameType.Config3);
      default:
        this.#refuse(
          "unknownCommand",
          `expected a command from 1 to 6, found ${command} (${commandName(command)})`,
        );
    }
  }

  #sendConfiguration(type: number): void {
    const frames = this.#stream.configuration(type);
    if (!frames) {
      this.#refuse("unsupported", `this stream has no CFG-${NUMBER[type] ?? "?"}`);
      return;
    }
    this.asked = type;
    if (frames.length === 0) this.#owed.add(type);
    for (const frame of frames) this.#events.answer(frame);
  }

  #refuse(kind: string, why: string): void {
    this.#events.refused(new ProtocolError(kind, `Cannot execute a command: ${why}`));
  }
}

const NUMBER: Readonly<Record<number, number>> = {
  [FrameType.Config1]: 1,
  [FrameType.Config2]: 2,
  [FrameType.Config3]: 3,
};
