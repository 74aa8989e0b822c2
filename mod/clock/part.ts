/**
 * The part `clock`: sources, the state of the clock, its events, the floor on disk.
 *
 * @module
 */
import type {
  Clock,
  ClockReport,
  Log,
  Metric,
  Part,
  PartStatus,
  StatisticRow,
} from "../core/mod.ts";
import type { ClockCapture, OpenClockCapture } from "./capture.ts";
import { clockMetrics, clockStatistics } from "./clock_metrics.ts";
import { EventBook } from "./event_book.ts";
import { KernelWatch } from "./kernel_watch.ts";
import { PtpObserver } from "./observer.ts";
import { ObserverSource } from "./observer_source.ts";
import type { ClockOptions } from "./options.ts";
import { type Selected, SourceSelection } from "./selection.ts";
import { makeSources, type TimeSource } from "./sources.ts";
import { type ClockEvent, ClockStateMachine, type Moment } from "./state_machine.ts";
import { type ClockStatus, known, reportStatus, sourceStatus } from "./status.ts";
import { TimeFloor } from "./time_floor.ts";
import { type SourceJudgement, SourceTracker } from "./tracker.ts";

/** What the part needs of the gateway. */
export interface ClockContext {
  /** Acronym of the gateway, source of the statistics of its clock. */
  readonly name: string;
  /** Folder for what must survive. */
  readonly stateDir: string;
  /** The time. */
  readonly clock: Clock;
  /** Where events go. */
  readonly log: Log;
  /** Called when the state has changed. */
  readonly onState?: () => void;
  /** How `tieline capture` is reached, where it hears PTP and reads the kernel's clock for this process. */
  readonly openCapture?: OpenClockCapture | undefined;
}

/** The gateway's clock, watched. */
export interface ClockPart extends Part {
  /** What is known of the clock now. */
  readonly report: ClockReport;
  /** No time before this can be right: microseconds since 1970. */
  readonly floorMicros: number;
  /** Pairs of sources that differ by more than both admit, in words. */
  readonly disagreements: readonly string[];
  /** All of that with its sources and what happened, for people. */
  clockStatus(): ClockStatus;
}

/** Makes the part of `[clock]`; nothing is opened before it is started. */
export function createClockPart(options: ClockOptions, context: ClockContext): ClockPart {
  return new Watched(options, context);
}

const EVALUATE_MS = 1000;
/** Milliseconds after the start from which it is said that no source can be followed. */
const PATIENCE_MS = 10_000;
/** What an operator is warned of, beside states that are not good. */
const BAD_KINDS: readonly ClockEvent["kind"][] = ["step", "disagreement", "floor", "leap"];
/** Bound of the error up to which a source can say that the floor is wrong, in nanoseconds. */
const PLAUSIBLE_NS = 1e9;

class Watched implements ClockPart {
  readonly name = "clock";
  readonly #options: ClockOptions;
  readonly #context: ClockContext;
  readonly #floor: TimeFloor;
  readonly #selection = new SourceSelection();
  readonly #trackers: Map<string, SourceTracker>;
  readonly #events: EventBook;
  #sources: TimeSource[] = [];
  #machine: ClockStateMachine;
  #kernel: KernelWatch | undefined;
  #selected: Selected = { chosen: undefined, disagreements: [] };
  #judgements: readonly SourceJudgement[] = [];
  readonly #observer: PtpObserver | undefined;
  #observed: ObserverSource | undefined;
  #capture: ClockCapture | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sinceMicros: number;
  /** When a source has to be found; Infinity once one was, or is said to be missing. */
  #patientMs = Infinity;

  constructor(options: ClockOptions, context: ClockContext) {
    this.#options = options;
    this.#context = context;
    this.#events = new EventBook(context.log);
    this.#floor = new TimeFloor(context.stateDir, context.log);
    this.#trackers = new Map();
    this.#sinceMicros = context.clock.nowMicros();
    this.#machine = this.#newMachine();
    const { observer, stepLimitUs } = options;
    this.#observer = observer &&
      new PtpObserver({ ...observer, domainNumber: observer.domain, stepNs: stepLimitUs * 1000 });
    if (this.#observer) {
      this.#observer.onEvent = (_, text) => this.#say("network", text, this.#now());
    }
  }

  get report(): ClockReport {
    return this.#machine.report;
  }

  get disagreements(): readonly string[] {
    return this.#selected.disagreements;
  }

  get floorMicros(): number {
    return this.#floor.floorMicros;
  }

  async start(): Promise<void> {
    if (this.#timer !== undefined) return;
    const { clock, log, stateDir } = this.#context;
    this.#sinceMicros = clock.nowMicros();
    await this.#floor.read();
    this.#capture = this.#openCapture();
    const kernel = this.#kernel = new KernelWatch(clock, this.#capture);
    if (!this.#capture && "why" in kernel.kernel) {
      log.warn(`The kernel's clock cannot be read: ${kernel.kernel.why}`);
    }
    this.#machine = this.#newMachine();
    this.#sources = makeSources(this.#options, {
      clock,
      log,
      stateDir,
      kernel: kernel.kernel,
      lastKernel: () => kernel.last,
      announced: (domain, port) => this.#observer?.announced(domain, port),
      onChange: () => this.#evaluate(),
    });
    this.#trackers.clear();
    for (const { name } of this.#sources) {
      this.#trackers.set(name, new SourceTracker(name, this.#options.stepLimitUs * 1000));
    }
    this.#patientMs = clock.monotonicMs() + PATIENCE_MS;
    this.#wait();
    this.#evaluate();
    for (const source of this.#sources) source.start();
    const { observer } = this.#options;
    if (observer && this.#observer) {
      this.#observed = new ObserverSource(
        observer,
        this.#observer,
        { clock, log },
        this.#capture,
      );
      await this.#observed.start();
    }
    await this.#capture?.start();
  }

  async stop(): Promise<void> {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#observed?.stop();
    this.#observed = undefined;
    await this.#capture?.stop();
    this.#capture = undefined;
    await Promise.all(this.#sources.map((source) => source.stop()));
    const { clock } = this.#context;
    if (this.#isGood()) void this.#floor.good(clock.nowMicros(), clock.monotonicMs(), true);
    await this.#floor.settled();
    this.#kernel?.close();
    this.#kernel = undefined;
    this.#sinceMicros = clock.nowMicros();
  }

  status(): PartStatus {
    const { state } = this.report;
    const running = this.#timer !== undefined;
    return {
      state: running ? "running" : "stopped",
      sinceMicros: this.#sinceMicros,
      ...(running && state !== "locked" ? { reason: `the clock is ${state}` } : {}),
      detail: { ...this.clockStatus() },
    };
  }

  clockStatus(): ClockStatus {
    const nowMicros = this.#context.clock.nowMicros();
    return {
      ...reportStatus(this.report, nowMicros),
      leap: this.#machine.leap.announced?.leap ?? "none",
      leapAtSeconds: known(this.#machine.leap.announced?.atSeconds),
      floorMicros: this.#floor.floorMicros,
      sources: this.#judgements.map((judged, i) =>
        sourceStatus(judged, this.report.source, this.#sources[i]?.detail() ?? {})
      ),
      disagreements: this.disagreements,
      ...(this.#observer && {
        network: {
          ...this.#observer.report(this.#context.clock.monotonicMs()),
          problems: this.#observed?.problems ?? [],
          lost: this.#observed?.lost ?? 0,
        },
      }),
      events: this.#events.all(),
    };
  }

  metrics(): Metric[] {
    return clockMetrics({
      report: this.report,
      judgements: this.#judgements,
      disagreements: this.disagreements.length,
      network: this.#observer?.report(this.#context.clock.monotonicMs()),
      lost: this.#observed?.lost ?? 0,
      counts: this.#events.counts,
    });
  }

  statistics(): StatisticRow[] {
    const { name, clock } = this.#context;
    return clockStatistics(name, {
      report: this.report,
      judgements: this.#judgements,
      disagreements: this.disagreements.length,
      counts: this.#events.counts,
    }, clock.nowMicros());
  }

  #newMachine(): ClockStateMachine {
    const { offsetLimitUs, lockedLimitUs, holdoverLimitUs, oscillator } = this.#options;
    return new ClockStateMachine(
      {
        offsetNs: offsetLimitUs * 1000,
        lockedNs: lockedLimitUs * 1000,
        freeNs: holdoverLimitUs * 1000,
        oscillator,
      },
      this.#now(),
      (event) => this.#note(event),
    );
  }

  #now(): Moment {
    const { clock } = this.#context;
    return { ms: clock.monotonicMs(), micros: clock.nowMicros() };
  }

  #note(event: ClockEvent): void {
    const isBad = BAD_KINDS.includes(event.kind) || (event.kind === "state" && !this.#isGood());
    this.#events.note(event, isBad, this.#context.clock.monotonicMs());
    if (event.kind === "state") this.#context.onState?.();
  }

  /** Looks again as the next second of the clock begins: leap bits change there. */
  #wait(): void {
    const leftMs = EVALUATE_MS - (this.#context.clock.nowMicros() / 1000) % EVALUATE_MS;
    this.#timer = setTimeout(() => {
      this.#wait();
      this.#evaluate();
    }, leftMs);
  }

  #isGood(): boolean {
    return this.report.state === "locked" || this.report.state === "local";
  }

  #evaluate(): void {
    if (this.#timer === undefined) return;
    const now = this.#now();
    this.#readKernel(now);
    this.#observer?.tick(now.ms);
    this.#judgements = this.#sources.map((source) =>
      this.#trackers.get(source.name)!.take(source.reading(now.ms), now.ms)
    );
    const before = this.#selected.disagreements;
    this.#selected = this.#selection.choose(this.#judgements, now.ms);
    this.#disagree(before, now);
    this.#checkFloor(now);
    const { chosen } = this.#selected;
    const follow = chosen && !this.#holdsBetter(chosen) ? chosen : undefined;
    this.#machine.update(follow, this.#reasons(), now);
    this.#missSources(now);
    if (this.#observer) this.#observer.taiUtc = this.#machine.leap.taiUtc;
    if (this.#isGood()) void this.#floor.good(now.micros, now.ms);
  }

  /** Says once after the start why nothing is followed: no change of state would tell. */
  #missSources(now: Moment): void {
    if (this.#selected.chosen) this.#patientMs = Infinity;
    if (now.ms < this.#patientMs) return;
    this.#patientMs = Infinity;
    if (this.report.state !== "free") return;
    this.#say("state", `nothing can be followed so far: ${this.#reasons()}`, now);
  }

  /** A holdover that is still better than another source is kept. */
  #holdsBetter(chosen: SourceJudgement): boolean {
    const { source, state, errorNs } = this.report;
    return state !== "free" && state !== "fault" && source !== "" && chosen.name !== source &&
      errorNs < chosen.errorNs && !this.#isUsable(source);
  }

  #isUsable(name: string): boolean {
    return this.#judgements.some((j) => j.name === name && j.reading.usable);
  }

  /** Why nothing is followed: what the source that was followed says, else all. */
  #reasons(): string {
    const { source } = this.report;
    const lost = this.#judgements.find((j) => j.name === source && !j.reading.usable);
    const list = lost ? [lost] : this.#judgements;
    return list.length === 0
      ? "no source is configured"
      : list.map(({ name, reading }) => `${name}: ${reading.reason}`).join("; ");
  }

  #openCapture(): ClockCapture | undefined {
    const { observer, captureSocket } = this.#options;
    return this.#context.openCapture?.({
      socket: captureSocket,
      interface: observer?.interface,
      transports: observer?.transports ?? [],
      adapterStamps: observer?.adapterStamps === true,
    }, (frame) => this.#observed?.frame(frame));
  }

  #readKernel(now: Moment): void {
    const kernel = this.#kernel;
    if (!kernel) return;
    const movedNs = kernel.read();
    if (!("why" in kernel.last)) this.#machine.frequency(kernel.last.frequencyPpm, now);
    const isStep = Math.abs(movedNs) > this.#options.stepLimitUs * 1000 &&
      this.#machine.stepped(movedNs, now);
    if (isStep) { for (const source of this.#sources) source.forget(); }
  }

  #disagree(before: readonly string[], now: Moment): void {
    const { disagreements } = this.#selected;
    if (before.length === 0 && disagreements.length > 0) {
      this.#say("disagreement", `Sources disagree: ${disagreements.join("; ")}`, now);
    } else if (before.length > 0 && disagreements.length === 0) {
      this.#say("disagreement", "Sources agree again", now);
    }
  }

  /** A clock that stands before the last good time is wrong, unless a good source says that the floor is. */
  #checkFloor(now: Moment): void {
    const { chosen } = this.#selected;
    const contradicts = chosen?.reading.traceable === true && chosen.errorNs < PLAUSIBLE_NS;
    switch (this.#floor.judge(now.micros, contradicts)) {
      case "behind":
        return this.#machine.fault("", now);
      case "before":
        if (this.report.state === "fault") return;
        return this.#machine.fault(`the clock stands before ${this.#floor.text}`, now);
      case "wrong":
        this.#say(
          "floor",
          `The last good time on disk is taken back: ${chosen!.name} says otherwise`, // it contradicts
          now,
        );
        void this.#floor.lower(now.micros);
    }
  }

  #say(kind: ClockEvent["kind"], text: string, now: Moment): void {
    this.#note({ atMicros: now.micros, kind, text, state: this.report.state });
  }
}
