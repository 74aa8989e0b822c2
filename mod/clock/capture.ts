/**
 * What another process hears and reads for a clock whose own process may do neither.
 *
 * @module
 */
import type { PtpTransport } from "../ptp/mod.ts";
import type { KernelClock, KernelClockRefusal, TappedFrame } from "../os/mod.ts";

/** A link to that process, which comes and goes. */
export interface ClockCapture {
  /** Why PTP is not heard; empty when it is. */
  readonly problem: string;
  /** The kernel's account of its clock, or why it cannot be had. */
  readonly kernel: KernelClock | KernelClockRefusal;
  /** Host's clock minus a monotonic one of that process, in milliseconds; NaN if not known. */
  readonly hostOffsetMs: number;
  /** Links that there were: `hostOffsetMs` of different ones do not belong together. */
  readonly links: number;
  /** PTP messages that came to the host and not here. */
  readonly lost: number;
  /** Begins. */
  start(): Promise<void>;
  /** Ends. */
  stop(): Promise<void>;
}

/** What to ask for. */
export interface ClockCaptureRequest {
  /** Unix socket of that process. */
  readonly socket: string;
  /** Interface that PTP is heard on; undefined where it is not wanted. */
  readonly interface: string | undefined;
  /** How the messages travel that are heard. */
  readonly transports: readonly PtpTransport[];
  /** Whether to take the stamps of the adapter where it makes any. */
  readonly adapterStamps: boolean;
}

/** Makes a link; messages go to `hear`, lent for the call. */
export type OpenClockCapture = (
  request: ClockCaptureRequest,
  hear: (frame: TappedFrame) => void,
) => ClockCapture;
