/**
 * Event recording and live waveforms beside the capture of one Worker.
 *
 * @module
 */
import * as v from "valibot";
import { DecodeError } from "../../core/mod.ts";
import {
  type CaptureOptions,
  captureSchema,
  encodeEventRecord,
  type EventRecordContent,
  type NamedTrigger,
  orderSchema,
  type RecordedClock,
  type RecordedStream,
  type RecorderFigures,
  type RecorderMemory,
  type RecordingGateway,
  StreamRecorder,
  triggerSchema,
} from "../../event/mod.ts";
import { EventOutbox } from "./event_outbox.ts";
import { type LiveEncoding, LiveStream } from "./live_stream.ts";
import type { SvStreamOptions } from "./options.ts";
import type { RecordRing } from "./record_ring.ts";
import { recordContent, RecordType } from "./records.ts";
import type { StreamIntake } from "./stream_intake.ts";

/** What capture is told to record; plain data, so that it goes over the link. */
export interface RecordingOptions {
  /** Who records. */
  readonly gateway: RecordingGateway;
  /** `[event]`; undefined for no recording. */
  readonly capture?: CaptureOptions | undefined;
  /** All triggers of the gateway. */
  readonly triggers: readonly NamedTrigger[];
  /** Live messages by acronym of the stream. */
  readonly live: Readonly<Record<string, LiveEncoding>>;
}

const text = v.pipe(v.string(), v.maxLength(1024));

/** Options that have come over a link. */
export const recordingSchema: v.GenericSchema<unknown, RecordingOptions> = v.object({
  gateway: v.object({ id: text, name: text, company: text, program: text }),
  capture: v.optional(captureSchema),
  triggers: v.pipe(
    v.array(v.object({ name: text, options: triggerSchema })),
    v.maxLength(1024),
  ),
  live: v.record(
    text,
    v.object({
      samplesPerMessage: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4096)),
      xor: v.boolean(),
    }),
  ),
});

/** What a stream tells of its recording; JSON-safe. */
export interface RecordingFigures {
  /** Its recorder; null where nothing is recorded. */
  readonly recorder: RecorderFigures | null;
  /** Live messages that were made. */
  readonly liveMessages: number;
  /** Samples that were overwritten before they went out live. */
  readonly liveSkipped: number;
}

interface Entry {
  readonly stream: StreamIntake;
  readonly recorder: StreamRecorder | undefined;
  readonly live: LiveStream | undefined;
}

/** Time for cutting between two looks at the network, in milliseconds. */
const CUT_MS = 2;

/** The recorders of one Worker. */
export class Recording {
  readonly #entries: readonly Entry[];
  readonly #outbox: EventOutbox;
  readonly #memory: RecorderMemory;
  #turn = 0;
  #orders = 0;
  #badOrders = 0;

  /** Records `streams`, and writes to `out`. Throws ConfigError for triggers that do not fit a stream. */
  constructor(
    options: RecordingOptions,
    streams: readonly StreamIntake[],
    protocol: string,
    out: RecordRing,
  ) {
    const { gateway, capture, triggers, live } = options;
    const limit = (capture?.memoryMB ?? 0) * 1e6 / 2;
    this.#memory = { bytes: 0, limit };
    this.#outbox = new EventOutbox(out, limit);
    const newId = () => crypto.randomUUID();
    this.#entries = streams.map((stream) => {
      const { ring, options: of } = stream;
      const described = recordedStream(of, protocol);
      const context = capture &&
        { gateway, capture, triggers, newId, memory: this.#memory };
      const sink = {
        fired: (order: unknown) => void out.write(RecordType.Fired, order),
        recorded: (content: EventRecordContent) =>
          this.#outbox.add({
            stream: stream.number,
            id: content.id,
            bytes: encodeEventRecord(content),
          }),
      };
      const recorder = !context ? undefined : new StreamRecorder(described, ring, context, sink);
      if (recorder) recorder.clockOf = () => clockOf(stream);
      const encoding = live[of.acronym];
      const liveStream = encoding && new LiveStream(stream.number, ring, encoding, newId, out);
      ring.beforeRestart = (k) => {
        liveStream?.flush();
        recorder?.restarting(k, stream.arrivalSeconds, stream.arrivalNanos);
      };
      return { stream, recorder, live: liveStream };
    });
  }

  /** Samples of the stream at `place` may have come. */
  advance(place: number): void {
    const { stream, recorder, live } = this.#entries[place]!;
    const { arrivalSeconds, arrivalNanos, samples } = stream;
    if (samples.confRev < 0) return; // nothing has come
    if (recorder) {
      recorder.confRev = samples.confRev;
      recorder.advance(arrivalSeconds, arrivalNanos);
    }
    live?.advance(samples.confRev);
  }

  /** The stream at `place` stays away: what is being recorded of it ends. */
  lost(place: number): void {
    const { recorder, live } = this.#entries[place]!;
    live?.flush();
    recorder?.stop();
  }

  /** Cuts for a while and sends what is ready; returns false if there is nothing to do. */
  work(): boolean {
    const entries = this.#entries;
    const endMs = performance.now() + CUT_MS;
    let idle = 0, any = false;
    // Each stream in its turn: one that records much does not hold up the others.
    while (idle < entries.length) {
      this.#turn = this.#turn + 1 < entries.length ? this.#turn + 1 : 0;
      if (entries[this.#turn]!.recorder?.cut()) {
        idle = 0;
        any = true;
        if (performance.now() >= endMs) break;
      } else idle++;
    }
    return this.#outbox.pump() || any;
  }

  /** A record from the gateway. */
  take(view: DataView, at: number, length: number): void {
    if (view.getUint8(at + 4) !== RecordType.Trigger) {
      this.#badOrders++;
      return;
    }
    const parsed = v.safeParse(orderSchema, contentOf(view, at, length));
    if (!parsed.success) {
      this.#badOrders++;
      return;
    }
    this.#orders++;
    const order = parsed.output;
    for (const { stream, recorder } of this.#entries) {
      const { acronym } = stream.options;
      if (
        order.streams.includes("*") ? acronym !== order.source : order.streams.includes(acronym)
      ) {
        recorder?.trigger(order);
      }
    }
  }

  /** Ends all recordings with what is there. */
  stop(): void {
    this.#entries.forEach((_, place) => this.lost(place));
  }

  /** True while records wait for room on the link. */
  get isSending(): boolean {
    return this.#outbox.bytes > 0;
  }

  /** What the stream at `place` tells. */
  figures(place: number): RecordingFigures {
    const { recorder, live } = this.#entries[place]!;
    return {
      recorder: recorder?.figures() ?? null,
      liveMessages: live?.messages ?? 0,
      liveSkipped: live?.skipped ?? 0,
    };
  }

  /** What all streams have in common; JSON-safe. */
  totals(): Readonly<Record<string, number>> {
    return {
      orders: this.#orders,
      badOrders: this.#badOrders,
      heldBytes: this.#memory.bytes,
      waitingBytes: this.#outbox.bytes,
      droppedRecords: this.#outbox.dropped,
    };
  }
}

/** What the publisher of a stream says of its clock. */
function clockOf({ samples }: StreamIntake): RecordedClock {
  const { smpSynch, gmIdentity } = samples;
  const isKnown = gmIdentity.some((octet) => octet !== 0);
  const hex = Array.from(gmIdentity, (octet) => octet.toString(16).padStart(2, "0")).join("");
  return { smpSynch, gmIdentity: isKnown ? hex : "" };
}

/** The JSON of a record; undefined where it is none. */
function contentOf(view: DataView, at: number, length: number): unknown {
  try {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    return recordContent(bytes, at, length);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/** A stream as its records describe it. */
export function recordedStream(options: SvStreamOptions, protocol: string): RecordedStream {
  return {
    name: options.acronym,
    title: options.name ?? options.svId,
    source: options.svId,
    protocol,
    confRev: options.confRev ?? 0,
    rate: options.rate,
    nominalHz: options.nominalHz,
    latitude: options.latitude ?? NaN,
    longitude: options.longitude ?? NaN,
    channels: options.channels.map(({ label, kind, phase, scale, offset }) => ({
      name: label,
      phase,
      unit: kind === "current" ? "A" : kind === "voltage" ? "V" : "",
      scale,
      offset,
    })),
  };
}
