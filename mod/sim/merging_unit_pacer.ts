/**
 * Sends the frames of merging units when they are due, on a thread that may sleep.
 *
 * @module
 */
import { LatencyHistogram } from "../core/mod.ts";
import type { FrameSink } from "./merging_unit.ts";
import type { MergingUnitFleet } from "./merging_unit_fleet.ts";

/** A clock to the nanosecond that can be slept by; see `openRealTime` of `mod/os`. */
export interface PacerClock {
  /** Whole seconds since 1970 when it was read last. */
  readonly seconds: number;
  /** Nanoseconds within that second. */
  readonly nanos: number;
  /** Reads the time. */
  read(): void;
  /** Sleeps until the time given. */
  sleepUntil(seconds: number, nanos: number): void;
}

/** A sink that gathers frames until it is told to send them; `PacketSender` is one. */
export interface BatchSink extends FrameSink {
  /** Sends what has been gathered; returns the number of frames that were taken. */
  flush(): number;
}

/** How late the simulator may be before it passes frames over, unless told otherwise. */
const MAX_LATE_SECONDS = 0.1;

/** Paces a fleet. */
export class MergingUnitPacer {
  /** How much later than due frames were handed to the kernel, in microseconds, one entry per wake-up. */
  readonly lateMicros: LatencyHistogram = new LatencyHistogram();
  readonly #fleet: MergingUnitFleet;
  readonly #sink: BatchSink;
  readonly #clock: PacerClock;
  readonly #gatherNanos: number;
  readonly #maxLateSeconds: number;

  /**
   * Sends the frames of `fleet` into `sink` by `clock`. Frames that are due within `gatherNanos` of each other go
   * together, all of them when the last is due; default 0, which wakes up for each.
   * What is late by more than `maxLateSeconds`, default a tenth of a second, is passed over.
   */
  constructor(
    fleet: MergingUnitFleet,
    sink: BatchSink,
    clock: PacerClock,
    gatherNanos = 0,
    maxLateSeconds = MAX_LATE_SECONDS,
  ) {
    this.#fleet = fleet;
    this.#sink = sink;
    this.#clock = clock;
    this.#gatherNanos = gatherNanos;
    this.#maxLateSeconds = maxLateSeconds;
    clock.read();
    fleet.start(clock.seconds, clock.nanos);
  }

  /** Sends for about `forMs` milliseconds, sleeping in between, and returns. */
  run(forMs: number): void {
    const clock = this.#clock, fleet = this.#fleet;
    clock.read();
    const endSeconds = clock.seconds, endNanos = clock.nanos + forMs * 1e6;
    for (;;) {
      const untilNanos = fleet.nextNanos + this.#gatherNanos;
      if ((fleet.nextSeconds - endSeconds) * 1e9 + untilNanos > endNanos) {
        clock.sleepUntil(endSeconds + Math.floor(endNanos / 1e9), Math.floor(endNanos % 1e9));
        return;
      }
      clock.sleepUntil(fleet.nextSeconds + Math.floor(untilNanos / 1e9), untilNanos % 1e9);
      clock.read();
      const late = clock.seconds - fleet.nextSeconds + (clock.nanos - untilNanos) / 1e9;
      if (late > this.#maxLateSeconds) fleet.skip(clock.seconds, clock.nanos);
      else this.lateMicros.add(Math.max(0, late * 1e6));
      fleet.sendDue(this.#sink, clock.seconds, clock.nanos);
      this.#sink.flush();
    }
  }
}
