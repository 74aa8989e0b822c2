/**
 * Routable sampled values: from datagrams to the engine (IEC TR 61850-90-5, clause 9).
 *
 * @module
 */
import { ipBytes } from "../../core/mod.ts";
import { isC37118, PayloadType, SpduSequence, SvPdu, SvReject, SvSession } from "../../sv/mod.ts";
import type { CaptureEngine } from "./engine.ts";

/** Senders whose sequence numbers are followed. */
const MAX_SENDERS = 256;
/** A sender that says nothing for so long makes room for another one. */
const FORGET_MICROS = 60e6;

/** A socket that PDUs come from: publishers on one host number theirs each for itself. */
interface Sender {
  readonly sequence: SpduSequence;
  readonly high: number;
  readonly low: number;
  lastMicros: number;
}

/** What the datagrams of all senders came to. */
export interface SessionFigures {
  /** Session PDUs that never came. */
  readonly lost: number;
  /** Session PDUs that came twice; they are dropped. */
  readonly duplicate: number;
  /** Session PDUs that came late. */
  readonly late: number;
  /** C37.118 frames on the same port; they are not for this input. */
  readonly c37118: number;
  /** Session PDUs of senders beyond those whose numbers are followed; they are taken all the same. */
  readonly notFollowed: number;
}

/** Decodes datagrams for an engine. */
export class SessionSource {
  readonly #engine: CaptureEngine;
  readonly #session = new SvSession();
  readonly #pdu = new SvPdu();
  readonly #senders = new Map<string, Sender>();
  /** What senders had come to that were forgotten. */
  readonly #forgotten = { lost: 0, duplicate: 0, late: 0 };
  #c37118 = 0;
  #notFollowed = 0;

  /** Decodes for `engine`. */
  constructor(engine: CaptureEngine) {
    this.#engine = engine;
  }

  /**
   * One datagram from `port` of `address`, lent for the call, which arrived at `micros` (microseconds since 1970).
   */
  take(bytes: Uint8Array, address: string, port: number, micros: number): void {
    if (isC37118(bytes)) {
      this.#c37118++;
      return;
    }
    const session = this.#session, engine = this.#engine;
    const reason = session.decode(bytes, 0, bytes.length);
    const sender = reason === SvReject.None ? this.#senderOf(address, port, micros) : undefined;
    engine.datagram(bytes.length, reason);
    if (!sender || !sender.sequence.accept(session.spduNumber)) return;
    const seconds = Math.floor(micros / 1e6);
    const nanos = Math.floor((micros - seconds * 1e6) * 1000);
    for (let i = 0; i < session.payloadCount; i++) {
      if (session.type[i] !== PayloadType.SampledValues) continue;
      const fault = session.decodeApdu(bytes, i, this.#pdu);
      if (fault !== SvReject.None) {
        engine.rejectApdu(fault);
        continue;
      }
      engine.apdu(
        bytes,
        this.#pdu,
        session.appid[i]!,
        session.simulation[i] !== 0,
        sender.high,
        sender.low,
        seconds,
        nanos,
      );
    }
  }

  /** What came of it until now. */
  figures(): SessionFigures {
    let { lost, duplicate, late } = this.#forgotten;
    for (const { sequence } of this.#senders.values()) {
      lost += sequence.lost;
      duplicate += sequence.duplicate;
      late += sequence.late;
    }
    return { lost, duplicate, late, c37118: this.#c37118, notFollowed: this.#notFollowed };
  }

  #senderOf(address: string, port: number, micros: number): Sender {
    const key = `${address} ${port}`;
    const known = this.#senders.get(key);
    if (known) {
      known.lastMicros = micros;
      return known;
    }
    if (this.#senders.size >= MAX_SENDERS) this.#forgetSilent(micros);
    // The last six octets tell senders apart as a source address on Ethernet does.
    const octets = ipBytes(address) ?? new Uint8Array(4);
    const six = new Uint8Array(6);
    six.set(octets.subarray(-6), 6 - Math.min(6, octets.length));
    const view = new DataView(six.buffer);
    const sender = {
      sequence: new SpduSequence(),
      high: view.getUint16(0),
      low: view.getInt32(2),
      lastMicros: micros,
    };
    if (this.#senders.size < MAX_SENDERS) this.#senders.set(key, sender);
    else this.#notFollowed++;
    return sender;
  }

  #forgetSilent(nowMicros: number): void {
    for (const [key, { sequence, lastMicros }] of this.#senders) {
      if (nowMicros - lastMicros < FORGET_MICROS) continue;
      this.#senders.delete(key);
      this.#forgotten.lost += sequence.lost;
      this.#forgotten.duplicate += sequence.duplicate;
      this.#forgotten.late += sequence.late;
    }
  }
}
