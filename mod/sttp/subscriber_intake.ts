/**
 * What comes to a subscriber beside answers: data packets, datagrams and buffer blocks (specs/sttp.md 8.4, 9.2, 10, 11).
 *
 * @module
 */
import { DecodeError } from "../core/mod.ts";
import { type BufferBlock, decodeBufferBlock } from "./buffer_block.ts";
import { Command, DataPacketFlags, Response } from "./constants.ts";
import { parseDatagram } from "./framing.ts";
import { BlockOrder } from "./subscriber_blocks.ts";
import { PacketOutcome, SubscriberData } from "./subscriber_data.ts";
import type { SubscriberSessionState } from "./subscriber_session_state.ts";

/** How long packets may be out of sequence before something is done about it. */
const RESYNC_MS = 5000;
const MAX_PACKET_MEASUREMENTS = 262_144;

/** What is done about a stream that has lost its sequence. */
export interface Resynchronisation {
  /** Subscribes anew. */
  subscribe(): void;
  /** Ends the session. */
  close(kind: string, message: string): void;
}

/** Takes data and blocks, and hands on what is in them. */
export class SubscriberIntake {
  /** Caches, keys and decoders. */
  readonly data: SubscriberData;
  readonly #session: SubscriberSessionState;
  readonly #resynchronise: Resynchronisation;
  readonly #blocks: BlockOrder;
  #outOfSequenceMs = NaN;
  #resubscribed = false;

  /** Takes data for a session; `resynchronise` is for streams that have lost their sequence. */
  constructor(session: SubscriberSessionState, resynchronise: Resynchronisation) {
    this.#session = session;
    this.#resynchronise = resynchronise;
    const { maxPacketMeasurements, useNewestCache } = session.options;
    this.data = new SubscriberData(
      maxPacketMeasurements ?? MAX_PACKET_MEASUREMENTS,
      useNewestCache ?? false,
    );
    this.#blocks = new BlockOrder((block) => this.#deliver(block));
  }

  /** A subscription begins. */
  begin(includeTime: boolean, millisecondResolution: boolean): void {
    this.#outOfSequenceMs = NaN;
    this.data.begin(includeTime, millisecondResolution);
  }

  /** Takes the payload of a DataPacket; throws DecodeError. */
  packet(payload: Uint8Array, datagram = false): void {
    const { counters, state, events } = this.#session;
    if (state !== "subscribed" && state !== "subscribing") {
      counters.unsubscribed++;
      return;
    }
    const { data } = this;
    switch (data.decode(payload, datagram)) {
      case PacketOutcome.Decoded:
        this.#outOfSequenceMs = NaN;
        this.#resubscribed = false;
        counters.packets++;
        counters.measurements += data.batch.count;
        if (data.cache) events.measurements(data.batch, data.cache);
        return;
      case PacketOutcome.WithoutCache:
        counters.withoutCache++;
        this.#session.complain(
          "cache",
          "Dropped a data packet: there is no signal index cache for it",
        );
        return;
      case PacketOutcome.OutOfSequence:
        counters.outOfSequence++;
        return this.#outOfSequence();
      case PacketOutcome.Undecodable:
        counters.undecodable++;
        this.#session.complain("cipher", "Dropped a data packet: it cannot be decrypted");
        return;
    }
  }

  /** Takes one datagram (1.4); damaged ones are dropped. */
  datagram(bytes: Uint8Array): void {
    const { counters, options } = this.#session;
    try {
      const { response, payload } = parseDatagram(bytes);
      if (options.encryptedDatagrams && !this.data.encrypted) {
        throw new DecodeError(
          "unencrypted",
          "Cannot take a datagram: expected cipher keys from the publisher before it",
        );
      }
      const tssc = ((payload[0] ?? 0) & DataPacketFlags.Compressed) !== 0;
      if (response === Response.DataPacket && !tssc) this.packet(payload, true);
      // Blocks are never encrypted: where data are, anybody could have sent this one.
      else if (response === Response.BufferBlock && !this.data.encrypted) this.block(payload);
      else counters.ignored++; // 10.1
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      counters.undecodable++;
      this.#session.complain("datagram", error.message);
    }
  }

  /** Takes the payload of a BufferBlock; throws DecodeError. */
  block(payload: Uint8Array): void {
    const block = decodeBufferBlock(payload, this.#session.modes.version);
    if (!this.#blocks.take(block) || this.#session.ended) return;
    this.#session.command(Command.ConfirmBufferBlock, payload.slice(0, 4));
  }

  #deliver({ signalIndex, cacheIndex, data }: BufferBlock): void {
    const { counters, events } = this.#session;
    counters.bufferBlocks++;
    events.bufferBlock?.(signalIndex, data, this.data.cacheAt(cacheIndex));
  }

  /** There is no resend in the protocol: subscribes anew once, then gives up (9.2). */
  #outOfSequence(): void {
    const { nowMs, state, counters } = this.#session;
    this.#session.complain("sequence", "Dropped a TSSC packet that is out of sequence");
    if (Number.isNaN(this.#outOfSequenceMs)) this.#outOfSequenceMs = nowMs;
    if (state !== "subscribed" || nowMs - this.#outOfSequenceMs < RESYNC_MS) return;
    if (this.#resubscribed) {
      this.#resynchronise.close(
        "sequence",
        "TSSC packets stay out of sequence although subscribed anew",
      );
      return;
    }
    this.#resubscribed = true;
    counters.resubscriptions++;
    this.#resynchronise.subscribe();
  }
}
