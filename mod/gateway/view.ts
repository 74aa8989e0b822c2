/**
 * What a gateway shows of itself, as the admin API sees it.
 *
 * @module
 */
import type { Archive } from "../archive/mod.ts";
import type { ClockStatus } from "../clock/mod.ts";
import type { Metric, Part, PartStatus, SeenDevices } from "../core/mod.ts";
import type { OrderResult } from "./event_hub.ts";
import type { ManualOrder } from "./manual_order.ts";
import type { KnownSignals } from "./known_signals.ts";

/** What the admin API needs of a gateway. */
export interface GatewayView {
  /** Every part: state, since when, counters. */
  status(): GatewayStatus;
  /** The status without the parts. */
  summary(): Omit<GatewayStatus, "parts">;
  /** Every part, to be asked one by one where data must flow in between. */
  parts(): readonly Pick<Part, "name" | "status" | "metrics">[];
  /**
   * Devices that a part has met and that are not configured; undefined if there is no such part or it takes in none
   * by name.
   */
  seen(part: string): SeenDevices | undefined;
  /** The gateway's own numbers. */
  ownMetrics(): readonly Metric[];
  /** The numbers of every part. */
  metrics(): { readonly part: string; readonly metrics: readonly Metric[] }[];
  /** Every device with its signals, whoever may see them. */
  signals(): KnownSignals;
  /** The clock with its sources and events; undefined without `[clock]`. */
  clock(): ClockStatus | undefined;
  /** Event records on disk; undefined where none are kept. */
  readonly archive: Archive | undefined;
  /**
   * Records by hand. Throws a RangeError for a trigger or a stream that there is not, and where nothing is
   * recorded.
   */
  recordNow(order: ManualOrder): OrderResult;
  /** Whether every output and aligner runs; the names of those that do not. */
  readiness(): { readonly ready: boolean; readonly waiting: readonly string[] };
}

/** What `/api/status` shows. */
export interface GatewayStatus {
  /** Acronym of the gateway. */
  readonly name: string;
  /** UUID of the gateway. */
  readonly id: string;
  /** Microseconds since 1970. */
  readonly startedMicros: number;
  /** Microseconds since 1970. */
  readonly nowMicros: number;
  /** Pin of the gateway's own certificate. */
  readonly fingerprint: string;
  /** Resident memory in bytes. */
  readonly memoryBytes: number;
  /** Signals that are known now. */
  readonly signals: number;
  /** Frames by stream. */
  readonly streams: Readonly<Record<string, { readonly frames: number; readonly errors: number }>>;
  /** Every part by name. */
  readonly parts: Readonly<Record<string, PartStatus>>;
}
