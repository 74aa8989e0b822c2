/**
 * The waveform of one stream as it comes, in Slipstream messages of a few samples.
 *
 * @module
 */
import { type Instant, setFromSample, type WaveformRing } from "../../core/mod.ts";
import { LIVE_MARK_ANEW, messageHeadBytes, writeMessageHead } from "../../event/mod.ts";
import { Encoder, type StreamOptions } from "../../slipstream/mod.ts";
import type { RecordRing } from "./record_ring.ts";
import { RECORD_HEADER, RecordType } from "./records.ts";

/** Octets before the block in its record: its length, and nothing. */
const LIVE_HEADER = 8;

/** What a stream's live messages are; what capture tells of it. */
export interface LiveNotice {
  /** Number of the stream in the options of the input. */
  readonly stream: number;
  /** Options of the messages. */
  readonly encoding: StreamOptions;
  /** The publisher's configuration revision. */
  readonly confRev: number;
}

/** How the messages of a stream are made. */
export interface LiveEncoding {
  /** Samples of a message. */
  readonly samplesPerMessage: number;
  /** Differences by XOR. */
  readonly xor: boolean;
}

/**
 * Compresses the samples of one ring as they come, and writes the messages to the link, as the blocks
 * that subscribers get: what the gateway knows of a sample goes with it.
 */
export class LiveStream {
  readonly #stream: number;
  readonly #ring: WaveformRing;
  readonly #live: LiveEncoding;
  readonly #newId: () => string;
  readonly #out: RecordRing;
  readonly #time: Instant = { seconds: 0, nanos: 0 };
  #head: Uint8Array = new Uint8Array(0);
  #encoder: Encoder | undefined;
  #confRev = -1;
  #next = 0;
  #restarts = -1;
  #isAnew = false;
  #messages = 0;
  #skipped = 0;

  /** Messages of stream number `stream`, whose samples are in `ring`. */
  constructor(
    stream: number,
    ring: WaveformRing,
    live: LiveEncoding,
    newId: () => string,
    out: RecordRing,
  ) {
    this.#stream = stream;
    this.#ring = ring;
    this.#live = live;
    this.#newId = newId;
    this.#out = out;
  }

  /** Messages that were made. */
  get messages(): number {
    return this.#messages;
  }

  /** Samples that were overwritten before they were sent. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Sends all whole messages of what has come since the last call. */
  advance(confRev: number): void {
    const ring = this.#ring;
    if (confRev !== this.#confRev || !this.#encoder) this.#announce(confRev);
    if (ring.restarts !== this.#restarts) {
      this.#isAnew = this.#restarts >= 0;
      this.#restarts = ring.restarts;
      this.#next = ring.first;
    }
    this.#sendWhole();
  }

  /**
   * Sends what waits, in a message that is shorter than others: the ring is about to be restarted, or
   * nothing more comes for now.
   */
  flush(): void {
    const ring = this.#ring;
    if (!this.#encoder || ring.restarts !== this.#restarts) return;
    this.#sendWhole();
    const rest = ring.next - this.#next;
    if (rest > 0) this.#send(rest);
    this.#next += rest;
  }

  #sendWhole(): void {
    const ring = this.#ring;
    if (this.#next < ring.first) {
      this.#skipped += ring.first - this.#next;
      this.#next = ring.first;
    }
    const count = this.#live.samplesPerMessage;
    while (ring.next - this.#next >= count) {
      this.#send(count);
      this.#next += count;
    }
  }

  /** Another configuration of the publisher is another stream: messages do not say what they hold. */
  #announce(confRev: number): void {
    const ring = this.#ring;
    const encoding: StreamOptions = {
      uuid: this.#newId(),
      variables: ring.values.length,
      samplingRate: ring.rate,
      samplesPerMessage: this.#live.samplesPerMessage,
      xor: this.#live.xor,
    };
    const notice: LiveNotice = { stream: this.#stream, encoding, confRev };
    if (!this.#out.write(RecordType.LiveStream, notice)) return; // again with the next samples
    this.#confRev = confRev;
    this.#encoder = new Encoder(encoding);
    this.#head = new Uint8Array(messageHeadBytes(encoding.samplesPerMessage));
  }

  #send(count: number): void {
    const encoder = this.#encoder, ring = this.#ring, out = this.#out, head = this.#head;
    if (!encoder) return;
    const position = this.#next % ring.capacity;
    const first = this.#isAnew ? LIVE_MARK_ANEW : 0;
    this.#isAnew = false;
    setFromSample(this.#time, 0, 0, this.#next, ring.rate);
    const size = encoder.encode(this.#time, ring, position, count);
    const headSize = writeMessageHead(ring.marks, position, count, first, head);
    const length = (RECORD_HEADER + LIVE_HEADER + headSize + size + 7) & ~7;
    this.#messages++;
    const at = out.begin(length, RecordType.Live, this.#stream);
    if (at < 0) return; // counted by the ring
    out.view.setUint32(at + 8, headSize + size, true);
    out.view.setUint32(at + 12, 0, true);
    const { bytes } = out, { buffer } = encoder;
    let to = at + RECORD_HEADER + LIVE_HEADER;
    for (let i = 0; i < headSize; i++, to++) bytes[to] = head[i]!;
    for (let i = 0; i < size; i++, to++) bytes[to] = buffer[i]!;
    out.commit();
  }
}

/** The block of a live record, as a view of the link. */
export function liveBlock(view: DataView, at: number, length: number): Uint8Array | undefined {
  if (length < RECORD_HEADER + LIVE_HEADER) return undefined;
  const size = view.getUint32(at + 8, true);
  if (RECORD_HEADER + LIVE_HEADER + size > length) return undefined;
  return new Uint8Array(view.buffer, view.byteOffset + at + RECORD_HEADER + LIVE_HEADER, size);
}
