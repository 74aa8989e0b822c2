/**
 * The statistics of an output as a whole, over all connections that it has and had.
 *
 * @module
 */
import { type Clock, type Frame, type StatisticRow, toMicros } from "../../core/mod.ts";
import { PublisherStatistics } from "../../stats/mod.ts";
import type { DeliveryCounter } from "../../sttp/mod.ts";

/** Counts what goes out; measurements are taken over at each tick, so that encoding reads no clock. */
export class OutputStatistics {
  readonly #clock: Clock;
  readonly #statistics: PublisherStatistics;
  #sent = 0;
  #taken = 0;
  #endedBytes = 0;

  /** Starts counting. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#statistics = new PublisherStatistics(clock.monotonicMs());
  }

  /** Books that pass everything on to `books` and count here what was sent. */
  counting(books: DeliveryCounter): DeliveryCounter {
    return {
      offered: (arrival, count) => books.offered(arrival, count),
      sent: (arrival, count) => {
        this.#sent += count;
        books.sent(arrival, count);
      },
      queued: (arrival, count) => books.queued(arrival, count),
      filtered: (reason, arrival, count) => books.filtered(reason, arrival, count),
      dropped: (reason, arrival, count) => books.dropped(reason, arrival, count),
    };
  }

  /** A frame that somebody reads came in: its age is the latency, without what a queue adds. */
  frame(frame: Frame): void {
    this.#statistics.latency(this.#clock.nowMicros() - toMicros(frame.instant));
  }

  /** The output works, or does not. */
  running(isRunning: boolean): void {
    this.#statistics.connection(isRunning);
  }

  /** A connection that has sent `bytes` is over. */
  connectionEnded(bytes: number): void {
    this.#endedBytes += bytes;
  }

  /** To be called many times a second. */
  tick(): void {
    this.#statistics.measurements(this.#sent - this.#taken, this.#clock.monotonicMs());
    this.#taken = this.#sent;
  }

  /** Ends the reporting interval; `openBytes` is what the connections of this moment have sent. */
  close(source: string, openBytes: number, clients: number): StatisticRow[] {
    this.tick();
    return this.#statistics.close(source, this.#clock.monotonicMs(), {
      bytesSent: this.#endedBytes + openBytes,
      clients,
    });
  }
}
