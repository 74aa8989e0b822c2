/**
 * What every configured stream has in common inside capture: its publisher, its books, whether it is alive.
 *
 * @module
 */
import { macBytes, type SvPdu, visibleBytes } from "../../sv/mod.ts";
import type { RecordRing } from "./record_ring.ts";

/** What is done with a frame. */
export const Admission = {
  /** Take it. */
  Take: 0,
  /** It was counted and is dropped. */
  Drop: 1,
  /** Take it: another publisher, or the simulator, has taken over. */
  Takeover: 2,
  /** It was counted and is dropped: another publisher is heard. */
  Other: 3,
} as const;

/** What a stream is doing. */
export type StreamState = "waiting" | "live" | "lost";

/** Why a frame of a configured stream did not go on to its samples. */
export const FrameDrop = {
  /** Simulated, and the stream ignores that. */
  Simulated: 0,
  /** Real, while simulated frames are taken in its place. */
  Replaced: 1,
  /** From another publisher than the one that is heard. */
  OtherPublisher: 2,
} as const;

/** Words for {@linkcode FrameDrop}. */
export const FRAME_DROPS: readonly string[] = ["simulated", "replaced", "otherPublisher"];

/** Simulated frames hold their place for so long after the last one. */
const SIMULATION_HOLD_MS = 1000;

/** How a stream is found and what is done with simulated frames. */
export interface IntakeOptions {
  /** `svID`. */
  readonly svId: string;
  /** APPID. */
  readonly appid: number;
  /** Destination address on Ethernet; left out any. */
  readonly destination?: string | undefined;
  /** VLAN identifier; left out any. */
  readonly vlan?: number | undefined;
  /** What is done with simulated frames. */
  readonly simulation: "ignore" | "accept";
}

/** The state of one stream. */
export abstract class Intake {
  /** Number in the options of the input. */
  readonly number: number;
  /** Place in its engine. */
  readonly place: number;
  /** What it is called in log and status. */
  readonly title: string;
  /** How it is found. */
  readonly address: IntakeOptions;
  /** `svID` as on the wire. */
  readonly svId: Uint8Array;
  /** Destination address; undefined for any. */
  readonly destination: Uint8Array | undefined;
  /** Frames that came, by stream and before anything was dropped. */
  frames = 0;
  /** Frames whose samples were handed on. */
  taken = 0;
  /** Frames that were not, by {@linkcode FrameDrop}. */
  readonly dropped: Float64Array = new Float64Array(FRAME_DROPS.length);
  /** Frames that a report was made of. */
  reports = 0;
  /** State. */
  state: StreamState = "waiting";
  /** For how long no frame came, in milliseconds; grows by ticks. */
  quietMs = 0;
  /** Silence after which it counts as lost. */
  readonly lossMs: number;
  /** Times that it was lost. */
  losses = 0;
  /** Times that `confRev` changed. */
  confRevChanges = 0;
  /** Times that another publisher took over. */
  publisherChanges = 0;
  /** Source address of the publisher that is heard: high 16 bits, and low 32, signed; -1 before the first. */
  sourceHigh: number = -1;
  /** See `sourceHigh`. */
  sourceLow = 0;
  /** Whether simulated frames are what is taken now. */
  isSimulated = false;
  /** Arrival of the last frame: whole seconds since 1970. */
  arrivalSeconds = 0;
  /** Nanoseconds within the second. */
  arrivalNanos = 0;
  /** A data set or `confRev` that is not the configured one was seen last. */
  isMisconfigured = false;
  #simulatedUntilMs = -Infinity;

  /** Makes the state of stream `number`, which has `place` in its engine and is lost after `lossMs`. */
  constructor(
    number: number,
    place: number,
    title: string,
    address: IntakeOptions,
    lossMs: number,
  ) {
    this.number = number;
    this.place = place;
    this.title = title;
    this.address = address;
    this.svId = visibleBytes(address.svId);
    this.destination = address.destination === undefined
      ? undefined
      : macBytes(address.destination);
    this.lossMs = lossMs;
  }

  /** What is configured, for a complaint that something else came. */
  abstract get expectation(): string;
  /** `confRev` of the last frame; -1 before it. */
  abstract get confRev(): number;
  /** `smpSynch` of the last frame; -1 before it. */
  abstract get smpSynch(): number;

  /**
   * Takes the ASDUs `first` up to but not including `end` of a frame that arrived at `seconds` and `nanos`; returns
   * bits of `StreamNotice`.
   */
  abstract accept(
    bytes: Uint8Array,
    view: DataView,
    pdu: SvPdu,
    first: number,
    end: number,
    seconds: number,
    nanos: number,
    isSimulated: boolean,
    out: RecordRing,
  ): number;

  /** Lets time pass to `seconds` and `nanos`; returns bits of `StreamNotice`. */
  abstract poll(seconds: number, nanos: number): number;

  /** Makes every report that can be made, as records of `out`. */
  abstract estimate(out: RecordRing): void;

  /** Forgets what the publisher before said. */
  abstract reset(): void;

  /**
   * Decides whether a frame is taken; one that is not was counted. The source address is that of the frame.
   *
   * Returns an {@linkcode Admission}.
   */
  admit(simulated: boolean, high: number, low: number, nowMs: number): number {
    this.frames++;
    if (simulated) {
      if (this.address.simulation === "ignore") return this.#drop(FrameDrop.Simulated);
      this.#simulatedUntilMs = nowMs + SIMULATION_HOLD_MS;
    } else if (nowMs < this.#simulatedUntilMs) return this.#drop(FrameDrop.Replaced);
    const isSame = high === this.sourceHigh && low === this.sourceLow;
    if (isSame && simulated === this.isSimulated) {
      this.taken++;
      return Admission.Take;
    }
    const isFirst = this.sourceHigh < 0;
    // Whoever speaks keeps the stream, until it is quiet.
    if (!isFirst && simulated === this.isSimulated && this.state === "live") {
      this.#drop(FrameDrop.OtherPublisher);
      return Admission.Other;
    }
    this.sourceHigh = high;
    this.sourceLow = low;
    this.isSimulated = simulated;
    this.taken++;
    if (isFirst) return Admission.Take;
    if (!isSame) this.publisherChanges++;
    this.reset();
    return Admission.Takeover;
  }

  #drop(reason: number): number {
    this.dropped[reason]!++;
    return Admission.Drop;
  }
}
