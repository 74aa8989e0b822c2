/**
 * Waveforms and event records on their way to subscribers, in buffer blocks.
 *
 * @module
 */
import { type Log, type SignalRegistry, uuidFromName } from "../core/mod.ts";
import { encodeDescriptorBlock, type RecordedStream, type RecordingGateway } from "../event/mod.ts";
import type { LiveNotice } from "../input/sv/mod.ts";
import type { SttpOutput } from "../output/sttp/mod.ts";
import { RecordQueue } from "./record_queue.ts";

/** End of the acronym of the device that carries the waveform signal of a stream. */
export const WAVEFORM_SUFFIX = "!WAVE";
/** Records that wait for subscribers, in bytes. */
const MAX_WAITING = 32 * 1024 * 1024;

interface Waveform {
  readonly stream: RecordedStream;
  readonly handle: number;
  opening: { version: number; data: Uint8Array };
}

/** What went upstream. */
export interface UpstreamFigures {
  /** Live messages that a subscriber took. */
  readonly messages: number;
  /** Live messages that nobody wanted. */
  readonly unwanted: number;
  /** Event records that were handed over whole, counted once per connection. */
  readonly records: number;
  /** Event records that were given up because too many waited, counted once per connection. */
  readonly droppedRecords: number;
  /** Bytes of records that wait. */
  readonly waitingBytes: number;
}

/** Gives waveforms to the STTP outputs. */
export class EventUpstream {
  readonly #gateway: RecordingGateway;
  readonly #registry: SignalRegistry;
  readonly #outputs: () => Iterable<SttpOutput>;
  readonly #log: Log;
  readonly #waveforms = new Map<string, Waveform>();
  readonly #queue = new RecordQueue(MAX_WAITING);
  #version = 0;
  #messages = 0;
  #unwanted = 0;

  /** Prepares; signals are registered by {@linkcode EventUpstream.start}. */
  constructor(
    gateway: RecordingGateway,
    registry: SignalRegistry,
    outputs: () => Iterable<SttpOutput>,
    log: Log,
  ) {
    this.#gateway = gateway;
    this.#registry = registry;
    this.#outputs = outputs;
    this.#log = log;
  }

  /** Registers a waveform signal for each stream. */
  start(streams: readonly RecordedStream[]): void {
    for (const stream of streams) {
      const acronym = stream.name + WAVEFORM_SUFFIX;
      const { signals } = this.#registry.register(
        {
          acronym,
          id: uuidFromName(this.#registry.gatewayId, `device/${acronym}`),
          name: `${stream.title} waveform`,
          parentAcronym: "",
          protocol: "Slipstream",
          accessId: 0,
          framesPerSecond: 0,
          company: this.#gateway.company,
          vendor: "",
          longitude: stream.longitude,
          latitude: stream.latitude,
        },
        [{
          type: "ALOG",
          label: "waveform",
          phase: "",
          unit: "",
          index: 1,
          description: `${stream.title}: waveform at ${stream.rate} samples/s, in buffer blocks`,
        }],
      );
      const waveform: Waveform = {
        stream,
        handle: signals[0]!.handle,
        opening: { version: 0, data: new Uint8Array(0) },
      };
      this.#waveforms.set(stream.name, waveform);
      this.#describe(waveform, stream, undefined);
    }
    for (const output of this.#outputs()) this.join(output);
  }

  /** An output has come. */
  join(output: SttpOutput): void {
    output.carryBlocks([...this.#waveforms.values()].map(({ handle }) => handle));
  }

  /** Takes the signals back. */
  stop(): void {
    this.#queue.clear();
    for (const name of this.#waveforms.keys()) this.#registry.unregister(name + WAVEFORM_SUFFIX);
    this.#waveforms.clear();
  }

  /** From now on the live messages of a stream are these. */
  liveStream(name: string, { encoding, confRev }: LiveNotice): void {
    const waveform = this.#waveforms.get(name);
    if (waveform) this.#describe(waveform, { ...waveform.stream, confRev }, encoding);
  }

  /** A live message, as its block, lent. */
  live(name: string, block: Uint8Array): void {
    const waveform = this.#waveforms.get(name);
    if (!waveform) return;
    let taken = 0;
    for (const output of this.#outputs()) {
      taken += output.publishBlock(waveform.handle, block, waveform.opening);
    }
    if (taken > 0) this.#messages++;
    else this.#unwanted++;
  }

  /** An event record, lent; a copy is kept until it has left, if somebody wants it. */
  record(name: string, record: string, lent: Uint8Array): void {
    const waveform = this.#waveforms.get(name);
    if (!waveform) return;
    const takers = [...this.#outputs()].flatMap((output) => output.blockTakers(waveform.handle));
    const dropped = this.#queue.add(record, lent, waveform, takers);
    if (dropped > 0) {
      this.#log.warn(`Event records were not sent to ${dropped} subscribers: too many wait`);
    }
  }

  /** What went upstream. */
  figures(): UpstreamFigures {
    return {
      messages: this.#messages,
      unwanted: this.#unwanted,
      records: this.#queue.sent,
      droppedRecords: this.#queue.dropped,
      waitingBytes: this.#queue.bytes,
    };
  }

  #describe(
    waveform: Waveform,
    stream: RecordedStream,
    encoding: LiveNotice["encoding"] | undefined,
  ): void {
    waveform.opening = {
      version: ++this.#version,
      data: encodeDescriptorBlock({ gateway: this.#gateway, stream, encoding }),
    };
  }
}
