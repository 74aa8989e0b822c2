/**
 * What a sampled-values input says of itself: status for people, metrics for machines.
 *
 * @module
 */
import type { Metric } from "../../core/mod.ts";
import type { IngestLedger, InputStatistics, SourceClockWatch } from "../../stats/mod.ts";
import { type RegisteredDevice, streamName } from "./devices.ts";
import type { DiscoveredStream } from "./discovery.ts";
import type { SvInputOptions } from "./options.ts";

/** One device with what is counted of it. */
export interface DeviceBooks {
  /** The device with its layout. */
  readonly device: RegisteredDevice;
  /** The statistics by their common names. */
  readonly statistics: InputStatistics;
  /** Frames received = accepted + dropped. */
  readonly ledger: IngestLedger;
  /** What is known of the publisher's clock. */
  readonly clock: SourceClockWatch;
}

/** What capture has reported last. */
export interface Reported {
  /** Status by number of the Worker. */
  readonly workers: Map<number, Record<string, unknown>>;
  /** Streams that are seen and not configured. */
  discovered: readonly DiscoveredStream[];
  /** The last change of each stream. */
  readonly events: Record<string, { readonly change: string; readonly atMicros: number }>;
  /** The interface. */
  interface?: { readonly state: string; readonly sinceMicros: number };
  /** Records that could not be read. */
  malformed: number;
}

/** The detail of an input's status: JSON-safe. */
export function statusDetail(
  options: SvInputOptions,
  reported: Reported,
  devices: readonly DeviceBooks[],
): Record<string, unknown> {
  return {
    source: options.interface ?? options.pcap?.file ?? `udp ${options.udp?.port}`,
    capture: options.interface === undefined ? "worker" : options.capture,
    interface: reported.interface ?? null,
    devices: Object.fromEntries(devices.map(({ device, statistics, ledger, clock }) => {
      const figures = clock.figures();
      return [device.acronym, {
        svId: device.svId,
        class: device.class ?? null,
        framesPerSecond: device.framesPerSecond,
        stream: streamOf(reported, device.stream) ?? null,
        lastChange: reported.events[streamName(options, device.stream) ?? ""] ?? null,
        books: ledger.totals(),
        bySecond: ledger.bySecond(10),
        statistics: finite({ ...statistics.inputStream() }),
        clock: { ...clock.verdict(), figures: figures ? finite({ ...figures }) : null },
      }];
    })),
    workers: [...reported.workers].map(([worker, status]) => ({ worker, ...without(status) })),
    seenButNotConfigured: reported.discovered,
    unlistedFrames: unlistedOf(reported),
    malformedRecords: reported.malformed,
  };
}

/** The metrics of an input. */
export function metricsOf(
  options: SvInputOptions,
  reported: Reported,
  devices: readonly DeviceBooks[],
): Metric[] {
  const metrics: Metric[] = [];
  const add = (
    type: Metric["type"],
    name: string,
    help: string,
    value: number,
    labels?: Readonly<Record<string, string>>,
  ) => metrics.push({ name, help, type, value, ...(labels ? { labels } : {}) });
  for (const { device, ledger, statistics, clock } of devices) {
    const labels = { device: device.acronym };
    const book = ledger.totals(), figures = clock.figures();
    const stream = streamOf(reported, device.stream);
    add("counter", "input_frames_received_total", "Frames received", book.received, labels);
    add("counter", "input_frames_accepted_total", "Frames that went on", book.accepted, labels);
    for (const [reason, value] of Object.entries(book.dropped)) {
      add("counter", "input_frames_dropped_total", "Frames that were dropped, by reason", value, {
        ...labels,
        reason,
      });
    }
    add(
      "counter",
      "input_measurements_total",
      "Measurements received",
      statistics.totals().measurements,
      labels,
    );
    add(
      "gauge",
      "input_connected",
      "1 while samples come",
      stream?.["state"] === "live" ? 1 : 0,
      labels,
    );
    if (figures) {
      for (const [quantile, micros] of [["0.5", figures.p50Micros], ["0.99", figures.p99Micros]]) {
        add("gauge", "input_delay_seconds", "Arrival minus time stamp", Number(micros) / 1e6, {
          ...labels,
          quantile: String(quantile),
        });
      }
    }
  }
  const names = [
    ...options.streams.map((s) => s.acronym),
    ...options.synchrophasors.map((s) => s.svId),
  ];
  names.forEach((name, i) => {
    const stream = streamOf(reported, i);
    const labels = { stream: name };
    const samples = record(stream?.["samples"]);
    for (const [outcome, value] of Object.entries(samples)) {
      add("counter", "sv_samples_total", "Samples, by what became of them", Number(value), {
        ...labels,
        outcome,
      });
    }
    add(
      "counter",
      "sv_losses_total",
      "Times that a stream stayed away",
      Number(stream?.["losses"] ?? 0),
      labels,
    );
  });
  for (const [worker, status] of reported.workers) {
    const labels = { worker: String(worker) };
    const capture = record(status["capture"]), totals = record(status["totals"]);
    add(
      "counter",
      "sv_frames_total",
      "Frames that capture was handed",
      Number(totals["frames"] ?? 0),
      labels,
    );
    for (const [reason, value] of Object.entries(record(totals["rejected"]))) {
      add(
        "counter",
        "sv_frames_rejected_total",
        "Frames that are no sampled values",
        Number(value),
        {
          ...labels,
          reason,
        },
      );
    }
    add(
      "counter",
      "sv_frames_unlisted_total",
      "Frames that discovery looked at and whose stream found no room among those that are seen",
      Number(totals["unlisted"] ?? 0),
      labels,
    );
    add(
      "counter",
      "sv_kernel_drops_total",
      "Frames dropped by the kernel for want of room",
      Number(capture["drops"] ?? 0),
      labels,
    );
    add(
      "counter",
      "sv_link_drops_total",
      "Records that found no room on the link",
      Number(status["linkDropped"] ?? 0),
      labels,
    );
  }
  return metrics;
}

/** Samples of stream `number` that never came. */
export function missingOf(reported: Reported, number: number): number {
  return Number(record(streamOf(reported, number)?.["samples"])["missing"] ?? 0);
}

/** Frames of streams that are seen and found no room in the list. */
function unlistedOf(reported: Reported): number {
  let sum = 0;
  for (const status of reported.workers.values()) {
    sum += Number(record(status["totals"])["unlisted"] ?? 0);
  }
  return sum;
}

/** What capture says of stream `number`. */
function streamOf(reported: Reported, number: number): Record<string, unknown> | undefined {
  for (const status of reported.workers.values()) {
    const streams = status["streams"];
    if (!Array.isArray(streams)) continue;
    const found = streams.find((s: unknown) => record(s)["stream"] === number);
    if (found !== undefined) return record(found);
  }
  return undefined;
}

/** Status of a Worker but for its streams, which stand with the devices. */
function without(status: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(status).filter(([key]) => key !== "streams"));
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** NaN and infinity are no JSON: they become null. */
function finite(figures: Record<string, number | boolean>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(figures).map(([k, v]) => [k, typeof v === "number" && !isFinite(v) ? null : v]),
  );
}
