/**
 * Statistics of a C37.118 output stream.
 *
 * @module
 */
import type { StatisticRow } from "../core/mod.ts";
import { Spread } from "./spread.ts";
import { OUTPUT_STREAM_STATISTICS, statisticRows } from "./statistics.ts";
import { TrafficStatistics } from "./traffic_statistics.ts";

/** What a stream and its aligner have counted since their start. */
export interface OutputStreamFacts {
  /** Measurements that the frames of the stream have room for. */
  readonly expected: number;
  /** Measurements that came in them. */
  readonly received: number;
  /** Measurements that were made of several. */
  readonly downsampled: number;
  /** Measurements of PMUs that were sorted by arrival. */
  readonly sorted: number;
  /** Data frames that were encoded. */
  readonly frames: number;
  /** Measurements that the aligner could not use. */
  readonly discarded: number;
  /** Frames that the aligner gave out before their wait was over. */
  readonly ahead: number;
  /** Measurements handed to clients, each client's counted. */
  readonly sent: number;
  /** Bytes handed to clients. */
  readonly bytesSent: number;
  /** Connections now. */
  readonly clients: number;
}

type Counted = Pick<
  OutputStreamFacts,
  "expected" | "received" | "downsampled" | "sorted" | "frames" | "discarded" | "ahead" | "sent"
>;

/** Statistics of one output stream over all who take it. */
export class OutputStreamStatistics extends TrafficStatistics {
  readonly #latency = new Spread();
  #before: Counted = {
    expected: 0,
    received: 0,
    downsampled: 0,
    sorted: 0,
    frames: 0,
    discarded: 0,
    ahead: 0,
    sent: 0,
  };
  #discarded = 0;
  #taken = 0;

  /** `total` measurements were handed to clients since the start; to be called many times a second. */
  sent(total: number, monotonicMs: number): void {
    this.measurements(total - this.#taken, monotonicMs);
    this.#taken = total;
  }

  /** A frame was encoded `micros` microseconds after its stamp. */
  override latency(micros: number): void {
    super.latency(micros);
    if (Math.abs(micros) <= HOUR_MICROS) this.#latency.add(micros);
  }

  /** Ends the reporting interval. */
  close(source: string, monotonicMs: number, facts: OutputStreamFacts): StatisticRow[] {
    this.sent(facts.sent, monotonicMs);
    const f = this.end(monotonicMs, facts.bytesSent);
    const grown = (key: keyof Counted) => {
      const was = this.#before[key], is = facts[key];
      return is >= was ? is - was : is; // an aligner that starts anew counts from 0
    };
    const discarded = grown("discarded"), received = grown("received");
    this.#discarded += discarded;
    const rows = statisticRows(source, OUTPUT_STREAM_STATISTICS, [
      discarded,
      received,
      grown("expected"),
      received,
      grown("sorted"),
      f.measurements,
      grown("downsampled"),
      grown("ahead"),
      grown("frames"),
      f.connected,
      this.#latency.minMs,
      this.#latency.maxMs,
      this.#latency.meanMs,
      facts.clients,
      f.bytes,
      facts.received,
      facts.bytesSent,
      ...f.rates,
      ...f.latencies,
      this.#discarded,
      facts.downsampled,
      f.upTimeSeconds,
    ]);
    this.#before = facts;
    this.#latency.reset();
    return rows;
  }
}

const HOUR_MICROS = 3600e6;
