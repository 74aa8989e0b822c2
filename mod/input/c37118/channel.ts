/**
 * A way by which bytes come: one TCP connection after the other, or a UDP socket.
 *
 * @module
 */
import { type LentFrame, type ParserCounters, StreamParser } from "../../c37118/mod.ts";

/** Framing errors since the last look. */
export type ChannelErrors = Pick<
  ParserCounters,
  "crc" | "resync" | "badLength" | "badType" | "skippedBytes"
>;

/** What a {@linkcode Channel} tells its owner. */
export interface ChannelEvents {
  /** Bytes came, before their frames are told. */
  readonly enter: (count: number, nowMs: number, arrivalMicros: number) => void;
  /** A frame, lent. */
  readonly take: (frame: LentFrame) => void;
  /** Framing errors were met. */
  readonly errors: (errors: ChannelErrors) => void;
}

/** Finds frames in what comes by one way, and tells its errors apart from those of other ways. */
export class Channel {
  readonly #parser: StreamParser;
  readonly #events: ChannelEvents;
  #seen: ParserCounters;

  /** Makes a way on which nothing has come yet. */
  constructor(events: ChannelEvents) {
    this.#events = events;
    this.#parser = new StreamParser(events.take);
    this.#seen = { ...this.#parser.counters };
  }

  /** Takes bytes of a stream in any cut. `arrivalMicros` is when they reached this host. */
  stream(bytes: Uint8Array, nowMs: number, arrivalMicros: number): void {
    this.#events.enter(bytes.length, nowMs, arrivalMicros);
    this.#parser.push(bytes, nowMs);
    this.#tellErrors();
  }

  /** Takes one datagram. */
  datagram(bytes: Uint8Array, nowMs: number, arrivalMicros: number): void {
    this.#events.enter(bytes.length, nowMs, arrivalMicros);
    this.#parser.datagram(bytes);
    this.#tellErrors();
  }

  /** Gives up on what has waited too long; to be called about once a second. */
  poll(nowMs: number, nowMicros: number): void {
    this.#events.enter(0, nowMs, nowMicros);
    this.#parser.poll(nowMs);
    this.#tellErrors();
  }

  /** Forgets what is incomplete, for a new connection. */
  reset(): void {
    this.#parser.reset();
  }

  /** Makes the data frame size of a stream known. */
  expect(idCode: number, size: number, framesPerSecond: number): void {
    this.#parser.expect(idCode, size, framesPerSecond);
  }

  /** Forgets the data frame size of a stream. */
  forget(idCode: number): void {
    this.#parser.forget(idCode);
  }

  #tellErrors(): void {
    const { counters } = this.#parser;
    const seen = this.#seen;
    if (
      counters.skippedBytes === seen.skippedBytes && counters.crc === seen.crc &&
      counters.resync === seen.resync && counters.badLength === seen.badLength &&
      counters.badType === seen.badType
    ) return;
    this.#seen = { ...counters };
    this.#events.errors({
      crc: counters.crc - seen.crc,
      resync: counters.resync - seen.resync,
      badLength: counters.badLength - seen.badLength,
      badType: counters.badType - seen.badType,
      skippedBytes: counters.skippedBytes - seen.skippedBytes,
    });
  }
}
