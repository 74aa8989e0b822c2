/**
 * Statistics of STTP endpoints: a publisher as a whole, and a subscriber.
 *
 * @module
 */
import type { StatisticRow } from "../core/mod.ts";
import { RateMeter } from "./rate_meter.ts";
import { Spread } from "./spread.ts";
import { PUBLISHER_STATISTICS, statisticRows, SUBSCRIBER_STATISTICS } from "./statistics.ts";

const HOUR_MICROS = 3600e6;

/** What both ends of a connection know at the end of an interval. */
export interface TrafficFigures {
  /** 1 if it was connected all the time. */
  readonly connected: number;
  /** Measurements of the interval. */
  readonly measurements: number;
  /** Bytes of the interval. */
  readonly bytes: number;
  /** Measurements and bytes since the start. */
  readonly totals: readonly number[];
  /** Least, most and mean measurements in the whole seconds of the interval. */
  readonly rates: readonly number[];
  /** Least, greatest and mean latency since the start, in milliseconds. */
  readonly latencies: readonly number[];
  /** Seconds since the start. */
  readonly upTimeSeconds: number;
}

/** What both ends of a connection count. Calls allocate nothing. */
export class TrafficStatistics {
  readonly #startMs: number;
  readonly #rate: RateMeter;
  readonly #latency = new Spread();
  #measurements = 0;
  #isConnected = false;
  #wasConnected = false;
  #measurementsAtOpen = 0;
  #bytesAtOpen = 0;

  /** Starts counting at `monotonicMs`. */
  constructor(monotonicMs: number) {
    this.#startMs = monotonicMs;
    this.#rate = new RateMeter(monotonicMs);
  }

  /** `count` measurements went through. */
  measurements(count: number, monotonicMs: number): void {
    this.#measurements += count;
    this.#rate.add(count, monotonicMs);
  }

  /** A frame went through `micros` microseconds after its stamp; more than an hour is no latency. */
  latency(micros: number): void {
    if (Math.abs(micros) <= HOUR_MICROS) this.#latency.add(micros);
  }

  /** The connection came or went. */
  connection(isConnected: boolean): void {
    this.#isConnected = isConnected;
    if (!isConnected) this.#wasConnected = false;
  }

  /** Ends the reporting interval; `bytes` went through since the start. */
  protected end(monotonicMs: number, bytes: number): TrafficFigures {
    this.#rate.advance(monotonicMs);
    const figures: TrafficFigures = {
      connected: Number(this.#wasConnected),
      measurements: this.#measurements - this.#measurementsAtOpen,
      bytes: bytes - this.#bytesAtOpen,
      totals: [this.#measurements, bytes],
      rates: [this.#rate.min || 0, this.#rate.max || 0, this.#rate.mean || 0],
      latencies: [this.#latency.minMs, this.#latency.maxMs, this.#latency.meanMs],
      upTimeSeconds: (monotonicMs - this.#startMs) / 1000,
    };
    this.#wasConnected = this.#isConnected;
    this.#measurementsAtOpen = this.#measurements;
    this.#bytesAtOpen = bytes;
    this.#rate.reset();
    return figures;
  }
}

/** Statistics of a publisher with all its connections. */
export class PublisherStatistics extends TrafficStatistics {
  /** Ends the interval; `bytesSent` since the start, `clients` connected now. */
  close(
    source: string,
    monotonicMs: number,
    { bytesSent, clients }: { readonly bytesSent: number; readonly clients: number },
  ): StatisticRow[] {
    const f = this.end(monotonicMs, bytesSent);
    return statisticRows(source, PUBLISHER_STATISTICS, [
      f.connected,
      clients,
      f.measurements,
      f.bytes,
      ...f.totals,
      ...f.rates,
      ...f.latencies,
      f.upTimeSeconds,
    ]);
  }
}

/** What a subscriber knows of itself at the end of an interval. */
export interface SubscriberFacts {
  /** Bytes received since the start. */
  readonly bytesReceived: number;
  /** True if a connection proves who both sides are. */
  readonly authenticates: boolean;
  /** Signals that the publisher grants. */
  readonly authorized: number;
  /** Signals that were asked for and are not granted. */
  readonly unauthorized: number;
}

/** Statistics of a subscriber. */
export class SubscriberStatistics extends TrafficStatistics {
  /** Ends the interval. */
  close(source: string, monotonicMs: number, facts: SubscriberFacts): StatisticRow[] {
    const f = this.end(monotonicMs, facts.bytesReceived);
    return statisticRows(source, SUBSCRIBER_STATISTICS, [
      f.connected,
      facts.authenticates ? f.connected : 0,
      f.measurements,
      f.bytes,
      facts.authorized,
      facts.unauthorized,
      ...f.totals,
      ...f.rates,
      ...f.latencies,
      f.upTimeSeconds,
    ]);
  }
}
