/**
 * The recorder of one stream: triggers, capture and compression beside its ring.
 *
 * @module
 */
import { type Instant, setFromSample, type WaveformRing } from "../core/mod.ts";
import type { CaptureEvent, TriggerCause } from "./capture_event.ts";
import { type CapturePiece, CaptureWindow } from "./capture_window.ts";
import type { CaptureOptions, TriggerSink } from "./options.ts";
import { PieceEncoder, pieceSamplesOf } from "./piece_encoder.ts";
import type {
  RecordedClock,
  RecordedPiece,
  RecordedStream,
  RecordedTrigger,
} from "./record_content.ts";
import type { RecorderContext, RecorderFigures, RecorderSink } from "./recorder_types.ts";
import { orderTimes, settingsOf, type TriggerOrder } from "./trigger_order.ts";
import { sampleNumber } from "./waveform_stream.ts";
import { type NamedTrigger, watchesStream, WaveformTriggers } from "./waveform_triggers.ts";

/** An event whose messages have reached this many bytes goes on in another record. */
const MAX_EVENT_BYTES = 16 * 1024 * 1024;
/** Fewer bytes than this make no record of their own for want of memory. */
const MIN_EVENT_BYTES = 256 * 1024;
/** A jump of the numbering this close to what the arrivals say is a gap, in seconds. */
const GAP_ERROR_SECONDS = 0.1;

/** Length of a ring that is enough for a stream, in seconds: what goes before a trigger, and a piece. */
export function neededRingSeconds(
  stream: string,
  capture: CaptureOptions,
  triggers: readonly NamedTrigger[],
): number {
  const before = triggers
    .filter(({ options: { record, ...options } }) =>
      record.includes("*") || record.includes(stream) ||
      (record.includes("self") && watchesStream({ ...options, record }, stream))
    )
    .map(({ options }) => (options.preMs ?? capture.preMs) + options.delayMs);
  return Math.max(capture.preMs, ...before) / 1000 + 1;
}

interface Draft {
  readonly pieces: RecordedPiece[];
  readonly prefix: RecordedPiece[];
  bytes: number;
}

/**
 * Watches the ring of one stream, and makes records of what its triggers, and those of others, ask for.
 *
 * The caller says `advance` after samples have come, `cut` when it has time, and `restarting` before
 * the ring is restarted (`WaveformRing.beforeRestart`).
 */
export class StreamRecorder {
  /** What is recorded. */
  readonly stream: RecordedStream;
  /** Configuration revision of the samples that come now. */
  confRev: number;
  /** Tells what the publisher says of its clock, when a record is complete. */
  clockOf: () => RecordedClock | undefined = () => undefined;
  readonly #ring: WaveformRing;
  readonly #context: RecorderContext;
  readonly #sink: RecorderSink;
  readonly #triggers: WaveformTriggers;
  readonly #window: CaptureWindow;
  readonly #encoder: PieceEncoder;
  readonly #drafts = new Map<CaptureEvent, Draft>();
  readonly #post: number;
  #seen: number;
  #restarts: number;
  #arrivalSeconds = 0.5;
  #arrivalNanos = 0;
  #records = 0;
  #bytes = 0;

  /** Watches `ring`, whose samples are those of `stream`. Throws ConfigError for triggers that do not fit it. */
  constructor(
    stream: RecordedStream,
    ring: WaveformRing,
    context: RecorderContext,
    sink: RecorderSink,
  ) {
    this.stream = stream;
    this.confRev = stream.confRev;
    this.#ring = ring;
    this.#restarts = ring.restarts;
    this.#context = context;
    this.#sink = sink;
    const { capture, triggers, newId } = context;
    const { rate } = stream;
    const onTrigger: TriggerSink = {
      triggered: (trigger, at, since, channel, value) =>
        this.#fired(trigger, at, since, channel, value),
    };
    this.#triggers = new WaveformTriggers(stream, ring, triggers, onTrigger);
    this.#post = this.#samples(capture.postMs);
    this.#window = new CaptureWindow({
      rate,
      maxSamples: this.#samples(capture.maxMs),
      pieceSamples: pieceSamplesOf(rate),
      eventsPerMinute: capture.eventsPerMinute,
    });
    this.#encoder = new PieceEncoder(ring, newId());
    this.#seen = ring.next;
  }

  /** True if nothing is being recorded. */
  get isIdle(): boolean {
    return this.#window.isIdle;
  }

  /** Samples have come, the last of them with a frame that arrived at `seconds` and `nanos`. */
  advance(seconds: number, nanos: number): void {
    const { next } = this.#ring;
    this.#arrivalSeconds = seconds;
    this.#arrivalNanos = nanos;
    if (this.#ring.restarts !== this.#restarts) this.#restarted();
    if (next === this.#seen) return;
    this.#triggers.advance();
    this.#window.pass(next - this.#seen);
    this.#seen = next;
    if (this.#triggers.isExtending) this.#window.extend(next - 1, this.#post);
  }

  /** Cuts one piece, if there is one; true if there was. */
  cut(): boolean {
    if (this.#window.isIdle) return false;
    const { first, next } = this.#ring;
    return this.#take(this.#window.take(first, next, false));
  }

  /** An order of another stream, an alarm or a person. */
  trigger(order: TriggerOrder): void {
    const { name, kind, source, channel, value, at, since, settings } = order;
    const { rate } = this.stream;
    const cause = {
      told: { name, kind, source, channel, value, at, since, settings },
      at: sampleNumber(at.seconds, at.nanos, rate),
      since: sampleNumber(since.seconds, since.nanos, rate),
    };
    this.#record(order.event, cause, order.preMs, order.postMs);
  }

  /**
   * The ring is about to be restarted at sample `k`, by a frame that arrived at `seconds` and `nanos`.
   *
   * What the arrivals explain is a gap, all else a step of the clock that numbers the samples.
   */
  restarting(k: number, seconds: number, nanos: number): void {
    const { next } = this.#ring;
    if (next > this.#seen) this.advance(this.#arrivalSeconds, this.#arrivalNanos);
    this.#flush();
    const { rate } = this.stream;
    const passed = seconds - this.#arrivalSeconds + (nanos - this.#arrivalNanos) / 1e9;
    const jumped = (k - next) / rate;
    const isGap = jumped >= 0 && Math.abs(jumped - passed) < GAP_ERROR_SECONDS;
    const gone = isGap ? k - next : passed > GAP_ERROR_SECONDS ? Math.round(passed * rate) : 0;
    this.#window.restart(next, k, gone);
  }

  /** Nothing more will come for now: what is being recorded ends with what is there. */
  stop(): void {
    this.#window.stop(this.#ring.next);
    this.#flush();
  }

  /** What was counted. */
  figures(): RecorderFigures {
    return {
      ...this.#window.figures(),
      records: this.#records,
      bytes: this.#bytes,
      unwatched: this.#triggers.skipped,
      byTrigger: this.#triggers.figures(),
    };
  }

  #restarted(): void {
    this.#restarts = this.#ring.restarts;
    this.#seen = this.#ring.first;
    this.#triggers.restarted();
  }

  #samples(ms: number): number {
    return Math.round((ms * this.stream.rate) / 1000);
  }

  #instant(k: number): Instant {
    const instant = { seconds: 0, nanos: 0 };
    setFromSample(instant, 0, 0, k, this.stream.rate);
    return instant;
  }

  /** A trigger of this stream has fired. */
  #fired(index: number, at: number, since: number, channel: number, value: number): void {
    const { triggers, capture, newId } = this.#context;
    const { name, options } = triggers[index]!;
    const streams = options.record.filter((stream) => stream !== "self");
    const own = this.stream.name;
    const isOwn = streams.length < options.record.length || streams.includes("*") ||
      streams.includes(own);
    const event = this.#window.idAt(at) ?? newId();
    const told: RecordedTrigger = {
      name,
      kind: options.kind,
      source: own,
      channel: this.stream.channels[channel]?.name ?? "",
      value,
      at: this.#instant(at),
      since: this.#instant(since),
      settings: settingsOf(options),
    };
    const times = orderTimes(options, capture);
    if (isOwn) this.#record(event, { told, at, since }, times.preMs, times.postMs);
    const others = streams.filter((stream) => stream !== own);
    const devices = capture.devices.length > 0 ? options.recordDevices : [];
    if (others.length === 0 && devices.length === 0) return;
    this.#sink.fired({ ...told, event, streams: others, devices, ...times });
  }

  #record(event: string, cause: TriggerCause, preMs: number, postMs: number): void {
    const { first, next } = this.#ring;
    const pre = this.#samples(preMs), post = this.#samples(postMs);
    this.#window.trigger(event, cause, pre, post, first, next);
  }

  #flush(): void {
    const { first, next } = this.#ring;
    while (this.#take(this.#window.take(first, next, true)));
  }

  #take(piece: CapturePiece | undefined): boolean {
    if (!piece) return false;
    const { event, from, to } = piece;
    const draft = this.#draft(event);
    if (to > from) {
      const part = this.#encoder.encode(from, to);
      (piece.isPrefix ? draft.prefix : draft.pieces).push(part);
      draft.bytes += part.message.length;
      this.#context.memory.bytes += part.message.length;
    }
    if (piece.isLast) this.#finish(event, draft);
    else if (draft.bytes >= this.#most()) {
      this.#window.split(event, this.#context.newId());
      this.#finish(event, draft);
    }
    return true;
  }

  /** Bytes of messages that an event may hold now. */
  #most(): number {
    const { bytes, limit } = this.#context.memory;
    return bytes > limit ? MIN_EVENT_BYTES : MAX_EVENT_BYTES;
  }

  #draft(event: CaptureEvent): Draft {
    let draft = this.#drafts.get(event);
    if (!draft) {
      draft = { pieces: [], prefix: [], bytes: 0 };
      this.#drafts.set(event, draft);
    }
    return draft;
  }

  #finish(event: CaptureEvent, draft: Draft): void {
    this.#drafts.delete(event);
    this.#records++;
    this.#bytes += draft.bytes;
    this.#context.memory.bytes -= draft.bytes;
    const clock = this.clockOf();
    this.#sink.recorded({
      id: this.#context.newId(),
      event: event.id,
      continues: event.continues,
      gateway: this.#context.gateway,
      stream: { ...this.stream, confRev: this.confRev },
      ...(clock && { clock }),
      encoding: this.#encoder.options,
      triggers: event.causes.map((cause) => cause.told),
      unlistedTriggers: event.unlisted,
      pieces: [...draft.prefix.sort((a, b) => a.first - b.first), ...draft.pieces],
      lostSamples: event.lost,
      missingSamples: event.missing,
      shortSamples: event.short,
      jumps: event.jumps,
      isCut: event.isCut,
    });
  }
}
