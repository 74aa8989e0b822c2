/**
 * What `tieline capture` does for the clock of a gateway that may not: hears PTP, reads the kernel's clock.
 *
 * Messages are handed on as they are; whoever has rights reads nothing in them.
 *
 * @module
 */
import * as v from "valibot";
import { messageOf } from "../../core/mod.ts";
import {
  type KernelClock,
  type KernelClockRefusal,
  type KernelClocks,
  openKernelClocks,
  PtpTap,
  type TapListener,
  type TappedFrame,
} from "../../os/mod.ts";
import type { PtpTransport } from "../../ptp/mod.ts";
import { packetRecord } from "./packet_record.ts";
import { RecordType, textRecord } from "./records.ts";

/** What the record `Watch` may say. */
export const clockWatchSchema = v.strictObject({
  interface: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(15))),
  transports: v.pipe(v.array(v.picklist(["ethernet", "udp4", "udp6"])), v.maxLength(3)),
  adapterStamps: v.boolean(),
});

/** What to watch. */
export interface ClockWatchOptions {
  /** Interface that PTP is heard on; none for the kernel's clock alone. */
  readonly interface?: string | undefined;
  /** How the messages travel that are heard. */
  readonly transports: readonly PtpTransport[];
  /** Whether to take the stamps of the adapter where it makes any. */
  readonly adapterStamps: boolean;
}

/** What the record `ClockStatus` says. */
export interface ClockWatchStatus {
  /** The kernel's account of its clock, or why it cannot be had. */
  readonly kernel: KernelClock | KernelClockRefusal;
  /** CLOCK_REALTIME minus the monotonic clock of this process, in milliseconds; null if not known closely enough. */
  readonly hostOffsetMs: number | null;
  /** Why PTP is not heard; empty when it is. */
  readonly problem: string;
  /** PTP messages that were thrown away: too many at once, too long, or the gateway did not read. */
  readonly dropped: number;
  /** PTP messages that the kernel dropped for want of room. */
  readonly kernelDrops: number;
}

/** Of 100 ms: 2000 messages a second, several times what the clocks of a substation send. */
const FRAMES_PER_LOOK = 200;
const STATUS_MS = 1000;
/** Seconds between attempts to open an interface. */
const RETRY_SECONDS = 5;
/** Two readings of both clocks that are farther apart tell nothing of a step. */
const SANDWICH_MS = 0.5;

/** Watches until it is closed. */
export class ClockWatch implements TapListener {
  readonly #options: ClockWatchOptions;
  readonly #send: (record: Uint8Array<ArrayBuffer>) => boolean;
  readonly #kernel: KernelClocks | KernelClockRefusal = openKernelClocks();
  readonly #timer: ReturnType<typeof setInterval>;
  #tap: PtpTap | undefined;
  #problem = "";
  #dropped = 0;
  #kernelDrops = 0;
  #seconds = 0;

  /** Begins; `send` is false for a record that finds no room. */
  constructor(
    options: ClockWatchOptions,
    send: (record: Uint8Array<ArrayBuffer>) => boolean,
  ) {
    this.#options = options;
    this.#send = send;
    this.#openTap();
    this.#timer = setInterval(() => this.#tick(), STATUS_MS);
    this.#tell();
  }

  /** A message came. */
  frame(frame: TappedFrame): void {
    if (!this.#send(packetRecord(frame))) this.#dropped++;
  }

  /** The interface is gone; it is looked for again. */
  ended(reason: string): void {
    this.#closeTap();
    this.#problem = reason;
  }

  /** Ends; safe to call twice. */
  close(): void {
    clearInterval(this.#timer);
    this.#closeTap();
    if (!("why" in this.#kernel)) this.#kernel.close();
  }

  #openTap(): void {
    const { interface: name, transports, adapterStamps } = this.#options;
    if (name === undefined) return;
    try {
      this.#tap = new PtpTap({
        interface: name,
        transports,
        adapterStamps,
        framesPerLook: FRAMES_PER_LOOK,
      }, this);
      this.#problem = "";
    } catch (error) {
      this.#problem = messageOf(error);
    }
  }

  #closeTap(): void {
    const tap = this.#tap;
    if (!tap) return;
    this.#tap = undefined;
    tap.close();
    this.#dropped += tap.dropped;
    this.#kernelDrops += tap.kernelDrops;
  }

  #tick(): void {
    if (++this.#seconds % RETRY_SECONDS === 0 && !this.#tap) this.#openTap();
    this.#tell();
  }

  #tell(): void {
    const before = performance.now();
    const kernel = "why" in this.#kernel ? this.#kernel : this.#kernel.read();
    const after = performance.now();
    const isClose = !("why" in kernel) && after - before <= SANDWICH_MS;
    const status: ClockWatchStatus = {
      kernel,
      hostOffsetMs: isClose ? kernel.nowMicros / 1000 - (before + after) / 2 : null,
      problem: this.#problem,
      dropped: this.#dropped + (this.#tap?.dropped ?? 0),
      kernelDrops: this.#kernelDrops + (this.#tap?.kernelDrops ?? 0),
    };
    this.#send(textRecord(RecordType.ClockStatus, status));
  }
}
