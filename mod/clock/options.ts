/**
 * Options of `[clock]` in a configuration, as they are after checking.
 *
 * @module
 */
import type { ProfileName, PtpTransport } from "../ptp/mod.ts";

/** Names of the groups of sources. */
export const SOURCE_GROUPS = ["ptp4l", "ntp", "kernel"] as const;

/** `[clock.ptp4l]` after checking. */
export interface Ptp4lOptions {
  /** Unix socket of the daemon. */
  readonly socket: string;
  /** Folder for the gateway's own sockets. */
  readonly clientDir?: string | undefined;
  /** Domain of the daemon. */
  readonly domain?: number | undefined;
  /** transportSpecific of the daemon. */
  readonly transportSpecific: number;
  /** Milliseconds between looks. */
  readonly intervalMs: number;
  /** Milliseconds to wait for an answer. */
  readonly timeoutMs: number;
  /** Whether to subscribe to changes. */
  readonly push: boolean;
  /** Whether a timescale that is not TAI is taken as UTC. */
  readonly acceptArbitraryTimescale: boolean;
  /** Microseconds that phc2sys leaves at most. */
  readonly systemErrorUs: number;
}

/** `[clock.ntp]` after checking. */
export interface NtpOptions {
  /** Servers. */
  readonly servers: string[];
  /** UDP port. */
  readonly port: number;
  /** Seconds between requests. */
  readonly intervalSeconds: number;
  /** Milliseconds to wait for an answer. */
  readonly timeoutMs: number;
  /** Milliseconds within which the clock counts as synchronised. */
  readonly precisionMs: number;
}

/** `[clock.observer]` after checking. */
export interface ObserverConfig {
  /** Interface. */
  readonly interface: string;
  /** Profile that the network should keep. */
  readonly profile: ProfileName;
  /** Domain that should be in use. */
  readonly domain?: number | undefined;
  /** What is listened to. */
  readonly transports: PtpTransport[];
  /** Whether to take the stamps of the adapter. */
  readonly adapterStamps: boolean;
  /** Nanoseconds that may be admitted. */
  readonly budgetNs: number;
}

/** `[clock]` after checking. */
export interface ClockOptions {
  /** Groups of sources in the order of preference. */
  readonly order: (typeof SOURCE_GROUPS)[number][];
  /** A running ptp4l. */
  readonly ptp4l?: Ptp4lOptions | undefined;
  /** NTP servers. */
  readonly ntp?: NtpOptions | undefined;
  /** A listener on the PTP network. */
  readonly observer?: ObserverConfig | undefined;
  /** Who reads the kernel's clock and hears PTP: this process, or `tieline capture`. */
  readonly capture: "self" | "process";
  /** Unix socket of `tieline capture`. */
  readonly captureSocket: string;
  /** Microseconds. */
  readonly offsetLimitUs: number;
  /** Microseconds. */
  readonly lockedLimitUs: number;
  /** Microseconds. */
  readonly holdoverLimitUs: number;
  /** Microseconds. */
  readonly stepLimitUs: number;
  /** What runs in holdover. */
  readonly oscillator: "crystal" | "tcxo" | "ocxo";
}
