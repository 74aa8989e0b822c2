/**
 * The data path of a subscriber's session: caches, base times, keys and data packets.
 *
 * @module
 */
import { DecodeError } from "../core/mod.ts";
import { type BaseTimeOffsets, noBaseTimes } from "./base_times.ts";
import { type CipherKeys, decryptDataPacket } from "./cipher_keys.ts";
import { type CompactFormat, readCompact } from "./compact.ts";
import { DATA_PACKET_HEADER_SIZE, parseDataPacketHeader } from "./data_packet.ts";
import { MeasurementBatch } from "./measurement_batch.ts";
import type { SubscriberCache } from "./subscriber_cache.ts";
import { TsscDecoder } from "./tssc_decoder.ts";

/** A cache and the decoder that belongs to it. */
interface Slot {
  readonly cache: SubscriberCache;
  readonly decoder: TsscDecoder;
}

/** What became of a data packet. */
export const PacketOutcome = {
  /** Its measurements are in the batch, and its cache in `cache`. */
  Decoded: 0,
  /** There is no cache for it; dropped (8.4). */
  WithoutCache: 1,
  /** It is out of sequence; dropped (9.2). */
  OutOfSequence: 2,
  /** It could not be decrypted, or is a datagram that makes no sense; dropped (10.3). */
  Undecodable: 3,
} as const;

/** Room for points in a decoder beyond twice the signals of its cache. */
const SPARE_POINTS = 1024;

/** Decodes data packets with the state that the other responses of the session have set. */
export class SubscriberData {
  /** Measurements of the last decoded packet. */
  readonly batch = new MeasurementBatch();
  /** Cache of the last decoded packet. */
  cache: SubscriberCache | undefined;
  readonly #maxMeasurements: number;
  readonly #useNewest: boolean;
  readonly #slots: [Slot | undefined, Slot | undefined] = [undefined, undefined];
  #newest: 0 | 1 = 0;
  #keys: CipherKeys | undefined;
  #format: CompactFormat = {
    includeTime: true,
    millisecondResolution: false,
    baseTimes: noBaseTimes(),
  };

  /** Refuses packets of more than `maxMeasurements`; `useNewest` ignores the cache flag of packets. */
  constructor(maxMeasurements: number, useNewest: boolean) {
    this.#maxMeasurements = maxMeasurements;
    this.#useNewest = useNewest;
  }

  /** A subscription begins: base times are unknown, caches stay until others come. */
  begin(includeTime: boolean, millisecondResolution: boolean): void {
    this.#format = { includeTime, millisecondResolution, baseTimes: noBaseTimes() };
  }

  /** The subscription has ended: forgets the caches. */
  clear(): void {
    this.#slots[0] = undefined;
    this.#slots[1] = undefined;
    this.cache = undefined;
  }

  /** A cache has come: a new decoder begins. */
  setCache(cache: SubscriberCache): void {
    const decoder = new TsscDecoder(2 * cache.records.length + SPARE_POINTS);
    this.#slots[cache.cacheIndex] = { cache, decoder };
    this.#newest = cache.cacheIndex;
  }

  /** The cache of a slot. */
  cacheAt(cacheIndex: 0 | 1): SubscriberCache | undefined {
    return this.#slots[cacheIndex]?.cache;
  }

  /** Base times have come. */
  setBaseTimes(baseTimes: BaseTimeOffsets): void {
    this.#format = { ...this.#format, baseTimes };
  }

  /** Keys have come: from now on every data packet is encrypted (10.3). */
  setKeys(keys: CipherKeys): void {
    this.#keys = keys;
  }

  /** True when data packets are encrypted. */
  get encrypted(): boolean {
    return this.#keys !== undefined;
  }

  /**
   * Decodes the payload of a DataPacket into `batch`, and returns a {@linkcode PacketOutcome}.
   *
   * Throws {@linkcode DecodeError} for packets that cannot be decoded. A `datagram` must hold known
   * signals only: the cipher does not tell that bytes were changed, but it spoils whole blocks then,
   * and with them the index of a signal.
   */
  decode(payload: Uint8Array, datagram = false): number {
    let bytes = payload;
    if (this.#keys) {
      try {
        bytes = decryptDataPacket(payload, this.#keys);
      } catch (error) {
        if (error instanceof DecodeError) return PacketOutcome.Undecodable;
        throw error;
      }
    }
    const { tssc, cacheIndex, count } = parseDataPacketHeader(bytes);
    if (count > this.#maxMeasurements) {
      throw new DecodeError(
        "count",
        `Cannot take a data packet: expected at most ${this.#maxMeasurements} measurements, found ${count}`,
        { offset: 1, field: "count", value: count },
      );
    }
    const slot = this.#slots[this.#useNewest ? this.#newest : cacheIndex];
    if (!slot) return PacketOutcome.WithoutCache;
    this.cache = slot.cache;
    const at = DATA_PACKET_HEADER_SIZE;
    if (tssc) {
      return slot.decoder.decode(bytes, at, bytes.length, count, this.batch)
        ? PacketOutcome.Decoded
        : PacketOutcome.OutOfSequence;
    }
    const end = readCompact(bytes, at, bytes.length, count, this.#format, this.batch);
    if (end !== bytes.length) {
      throw new DecodeError(
        "trailing",
        `Cannot read a data packet: expected ${count} measurements to end at ${bytes.length}, found ${end}`,
        { offset: end, field: "data packet", value: end },
      );
    }
    return datagram && this.#holdsUnknown(slot.cache)
      ? PacketOutcome.Undecodable
      : PacketOutcome.Decoded;
  }

  #holdsUnknown(cache: SubscriberCache): boolean {
    const { ids, count } = this.batch;
    for (let i = 0; i < count; i++) if (cache.positionOf(ids[i]!) < 0) return true;
    return false;
  }
}
