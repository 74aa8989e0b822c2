/**
 * Runs an aligner: gives it frames and the time, and wakes it when a slot is due.
 *
 * @module
 */
import { type AlignConfig, Aligner, alignerOptions, type WaitAdvice } from "../align/mod.ts";
import {
  type Clock,
  type ClockReport,
  clockStateFlags,
  counter,
  type Frame,
  type FrameSink,
  gauge,
  type Layout,
  type Log,
  type Metric,
  type Part,
  type PartStatus,
  type SignalRegistry,
} from "../core/mod.ts";
import type { AlignedFigures } from "../output/c37118/mod.ts";

/** How close to a deadline the timer aims; the rest is waited for in turns of the event loop, in which sockets wait. */
const CLOSE_MS = 1;
/** Longest sleep: frames that arrive meanwhile may bring the next deadline forward. */
const LONGEST_MS = 250;
/** Interval at which waits that are too short are looked for, each source being told of once, and sources that are gone. */
const ADVICE_MS = 5000;
/** Looks in a row that find a source gone before it is no longer waited for: a restart of its input is no reason. */
const GONE_LOOKS = 6;

/** What an aligner's part needs of the gateway. */
export interface AlignContext {
  /** Signals, for the kinds that down-sampling depends on. */
  readonly registry: SignalRegistry;
  /** Where aligned frames go. */
  readonly sink: FrameSink;
  /** The time. */
  readonly clock: Clock;
  /** What is known of it; undefined if nobody watches it. */
  readonly clockReport?: () => ClockReport | undefined;
  /** Where events go. */
  readonly log: Log;
}

/** The part `align.NAME`: takes frames of its inputs, gives out one frame per slot. */
export class AlignPart implements Part, FrameSink {
  readonly name: string;
  readonly #config: AlignConfig;
  readonly #context: AlignContext;
  readonly #wanted: ReadonlySet<string> | undefined;
  readonly #warned = new Set<string>();
  readonly #seen = new Set<number>();
  readonly #unwanted = new Set<number>();
  /** What is aligned, by source: its newest layout, and in how many looks it was found gone. */
  readonly #sources = new Map<
    string,
    { readonly layout: Layout; looks: number; received: number }
  >();
  #aligner: Aligner;
  #sinceMicros: number;
  #running = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #turn: ReturnType<typeof setImmediate> | undefined;
  #sleepUntil = Infinity;
  #adviceMs = 0;
  #withheld = 0;

  /** Makes the part; it takes frames once it is started. */
  constructor(name: string, config: AlignConfig, context: AlignContext) {
    this.name = `align.${name}`;
    this.#config = config;
    this.#context = context;
    this.#wanted = config.inputs.includes("*") ? undefined : new Set(config.inputs);
    this.#aligner = this.#make();
    this.#sinceMicros = context.clock.nowMicros();
  }

  /** Begins to take frames. */
  start(): Promise<void> {
    if (!this.#running) {
      this.#running = true;
      this.#sinceMicros = this.#context.clock.nowMicros();
      this.#adviceMs = this.#context.clock.monotonicMs() + ADVICE_MS;
      this.#sleep();
    }
    return Promise.resolve();
  }

  /** Ends; what waits in open slots is forgotten. */
  stop(): Promise<void> {
    if (this.#running) {
      this.#running = false;
      clearTimeout(this.#timer);
      clearImmediate(this.#turn);
      this.#aligner = this.#make();
      this.#sinceMicros = this.#context.clock.nowMicros();
    }
    return Promise.resolve();
  }

  /** Takes one lent frame of the stream of received frames. */
  accept(frame: Frame): void {
    if (!this.#running) return;
    if (!this.#seen.has(frame.layout.id)) this.#meet(frame.layout);
    if (this.#unwanted.has(frame.layout.id)) return;
    const { clock } = this.#context;
    const report = this.#context.clockReport?.();
    if (this.#isTimeless(report)) {
      this.#withheld++;
      return;
    }
    this.#aligner.ownTimeFlags = report ? clockStateFlags(report) : 0;
    const now = clock.nowMicros(), monotonic = clock.monotonicMs();
    this.#aligner.accept(frame, now, monotonic);
    if (this.#aligner.nextDueMicros(now, monotonic) < this.#sleepUntil) this.#sleep();
  }

  /** What the aligner did, by source, and when its wait is too short. */
  status(): PartStatus {
    const waits = this.#running && this.#isTimeless(this.#context.clockReport?.());
    return {
      state: waits ? "waiting" : this.#running ? "running" : "stopped",
      ...(waits ? { reason: "the time is not known: the clock is in fault" } : {}),
      sinceMicros: this.#sinceMicros,
      detail: {
        framesPerSecond: this.#config.framesPerSecond,
        waitMs: this.#config.waitMs,
        waitMode: this.#config.waitMode,
        values: this.#aligner.layout.handles.length,
        withheld: this.#withheld,
        ...this.#aligner.figures(),
        advice: this.#aligner.advice(),
      },
    };
  }

  /** What a C37.118 output of its frames says in its statistics, since the start. */
  alignedFigures(): AlignedFigures {
    return { discarded: this.#aligner.discardedMeasurements, ahead: this.#aligner.framesAhead };
  }

  /** The aligner's numbers. */
  metrics(): Metric[] {
    const f = this.#aligner.figures();
    return [
      counter("align_frames_received_total", "Frames from expected sources", f.received),
      counter("align_frames_published_total", "Aligned frames that went out", f.publishedFrames),
      counter(
        "align_frames_ahead_total",
        "Aligned frames that were complete early",
        f.framesAheadOfSchedule,
      ),
      counter("align_frames_empty_total", "Aligned frames of slots without data", f.emptyFrames),
      counter(
        "align_frames_withheld_total",
        "Frames that were not aligned since the time was not known",
        this.#withheld,
      ),
      counter("align_clock_steps_total", "Steps of the host's clock", f.clockSteps),
      gauge(
        "align_publish_delay_p99_seconds",
        "99th percentile from a slot's deadline to its going out",
        f.publishDelayP99Ms / 1000,
      ),
    ];
  }

  /** Whether slots cannot be told from the host's clock: it is known to be wrong, and the wait is measured on it. */
  #isTimeless(report: ClockReport | undefined): boolean {
    return report?.state === "fault" && this.#config.waitMode === "absolute";
  }

  /** A layout that was not seen before is a new source, or a new configuration of one. */
  #meet(layout: Layout): void {
    this.#seen.add(layout.id);
    // An STTP input names its layouts INPUT!DEVICE.
    const input = layout.source.split("!", 1)[0]!;
    const wanted = this.#wanted?.has(input) ?? true;
    if (!wanted || this.#isOfStatistics(layout)) this.#unwanted.add(layout.id);
    else {
      this.#aligner.expect(layout);
      this.#sources.set(layout.source, { layout, looks: 0, received: -1 });
    }
  }

  /** Waits no longer for sources that send nothing and whose signals have left the registry, with their input for example. */
  #forgetGone(): void {
    const { registry, log } = this.#context;
    const { sources } = this.#aligner.figures();
    for (const [name, source] of this.#sources) {
      const { layout, received } = source;
      source.received = sources[name]?.received ?? 0;
      const isGone = source.received === received &&
        layout.handles.every((handle) => registry.revisionOf(handle) === 0);
      source.looks = isGone ? source.looks + 1 : 0;
      if (source.looks < GONE_LOOKS) continue;
      this.#sources.delete(name);
      this.#seen.delete(layout.id);
      this.#aligner.forget(name);
      log.info(`No longer waiting for ${name}: its signals are gone`);
    }
  }

  /** Statistics and alarms come once in many seconds, own ones as relayed ones: no slot waits for them. */
  #isOfStatistics({ handles }: Layout): boolean {
    const { registry } = this.#context;
    const isSlow = (handle: number) => /^(STAT|ALRM)$/.test(registry.get(handle)?.type ?? "");
    return handles.length > 0 && handles.every(isSlow);
  }

  #make(): Aligner {
    this.#seen.clear();
    this.#unwanted.clear();
    this.#sources.clear();
    const { registry, sink, log } = this.#context;
    const name = this.name.slice("align.".length);
    return new Aligner(alignerOptions(name, this.#config), sink, (h) => registry.get(h)?.type, {
      layoutChanged: (layout) => log.info(`Aligning ${layout.handles.length} signals`),
      clockStepped: (ms) => log.warn(`The host's clock stepped by ${ms.toFixed(0)} ms`),
      sinkFailed: (error) => log.error(`A listener failed: ${error}`),
    });
  }

  readonly #wake = (): void => {
    if (!this.#running) return;
    const { clock } = this.#context;
    this.#aligner.advance(clock.nowMicros(), clock.monotonicMs());
    if (clock.monotonicMs() >= this.#adviceMs) this.#advise();
    this.#sleep();
  };

  #sleep(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
    if (!this.#running) return;
    const { clock } = this.#context;
    const now = clock.nowMicros();
    const due = this.#aligner.nextDueMicros(now, clock.monotonicMs());
    const leftMs = (due - now) / 1000;
    // Timers of this platform wake whole milliseconds late: aim short, and turn the loop for the rest.
    if (leftMs > CLOSE_MS) {
      const sleepMs = Math.min(LONGEST_MS, Math.max(1, Math.floor(leftMs - CLOSE_MS)));
      this.#sleepUntil = due;
      this.#timer = setTimeout(this.#wake, sleepMs);
    } else {
      this.#sleepUntil = -Infinity;
      this.#turn = setImmediate(this.#wake);
    }
  }

  #advise(): void {
    this.#adviceMs = this.#context.clock.monotonicMs() + ADVICE_MS;
    this.#forgetGone();
    for (const advice of this.#aligner.advice()) {
      if (!advice.tooShort || this.#warned.has(advice.source)) continue;
      this.#warned.add(advice.source);
      this.#context.log.warn(adviceText(advice, this.#config.waitMs));
    }
  }
}

/** A wait that is too short, and a better one, in a sentence. */
function adviceText(advice: WaitAdvice, waitMs: number): string {
  const ms = (n: number) => n.toFixed(1);
  return `waitMs = ${waitMs} is shorter than the delay of ${advice.source}: its frames arrive ` +
    `${ms(advice.p50Ms)} ms (median), ${ms(advice.p95Ms)} ms (95 %) and ${
      ms(advice.p99Ms)
    } ms (99 %) ` +
    `after their stamps, ${(advice.lateShare * 100).toFixed(1)} % came late; ` +
    `waitMs = ${Math.ceil(advice.suggestedWaitMs)} would do`;
}
