/**
 * What an operator sees of a stream.
 *
 * @module
 */
import { counter, gauge, type Metric } from "../../core/mod.ts";
import type { Complaints, DeliveryBook } from "../../stats/mod.ts";
import type { Clients } from "./clients.ts";
import type { C37118OutputOptions } from "./options.ts";
import type { OutputStream } from "./served_stream.ts";

/** The detail of the part's status. */
export function statusDetail(
  options: C37118OutputOptions,
  stream: OutputStream,
  clients: Clients,
  complaints: Complaints,
): Record<string, unknown> {
  const { shape } = stream;
  const pmus = shape?.configuration.pmus ?? [];
  const devices = new Set(shape?.blocks.map(({ device }) => device));
  const changesIn = stream.changesInSeconds;
  return {
    listen: options.listen,
    port: clients.port,
    secure: false,
    stream: options.stream,
    idCode: options.idCode,
    cfgCnt: stream.cfgCnt,
    framesPerSecond: shape?.configuration.dataRate ?? 0,
    pmus: pmus.map((pmu, i) => ({
      device: shape!.blocks[i]!.device, // there is one for each PMU
      station: pmu.station,
      idCode: pmu.idCode,
      phasors: pmu.phasors.length,
      analogs: pmu.analogs.length,
      digitals: pmu.digitals.length,
    })),
    missing: options.devices.map(({ device }) => device).filter((d) => !devices.has(d)),
    ...(changesIn === undefined ? {} : { changesInSeconds: Math.round(changesIn) }),
    configurationChanges: stream.changes,
    saturated: stream.saturated,
    figures: { ...stream.figures },
    connections: clients.size,
    accepted: clients.accepted,
    refused: { ...clients.refusals },
    clients: clients.status(),
    destinations: clients.destinations(),
    complaints: complaints.totals(),
  };
}

/** The numbers of the part. */
export function metricsOf(
  stream: OutputStream,
  clients: Clients,
  complaints: Complaints,
): Metric[] {
  const { figures } = stream;
  const all = [
    gauge("output_connections", "Connections of subscribers", clients.size),
    counter(
      "output_bytes_sent_total",
      "Bytes handed to connections and datagrams",
      clients.bytesSent,
    ),
    counter("output_frames_made_total", "Data frames that were encoded", figures.frames),
    counter("output_configuration_changes_total", "Changes of the configuration", stream.changes),
    counter("output_saturated_total", "Integers that had to be saturated", stream.saturated),
    gauge("output_pmus", "PMUs of the stream", stream.shape?.blocks.length ?? 0),
  ];
  for (const [reason, value] of Object.entries(clients.refusals)) {
    all.push(
      counter("output_refused_total", "Connections that were refused", value, { reason }),
    );
  }
  for (const [kind, value] of Object.entries(complaints.totals())) {
    all.push(counter("output_complaints_total", "What was wrong with clients", value, { kind }));
  }
  for (const [client, { connections, ledger }] of Object.entries(clients.status())) {
    const sum = (of: (c: typeof connections[number]) => number) =>
      connections.reduce((n, c) => n + of(c), 0);
    const overruns = sum((c) => c.overruns);
    all.push(
      gauge("output_client_connections", "Connections now", connections.length, { client }),
      gauge("output_client_queue_bytes", "Bytes that wait", sum((c) => c.queuedBytes), { client }),
      gauge("output_client_overruns", "Overflows of the queues of its connections", overruns, {
        client,
      }),
      ...bookMetrics(ledger, { client }),
    );
  }
  for (const [destination, { ledger }] of Object.entries(clients.destinations())) {
    all.push(...bookMetrics(ledger, { client: destination }));
  }
  return all;
}

function bookMetrics(ledger: DeliveryBook, labels: Record<string, string>): Metric[] {
  return [
    counter("output_client_offered_total", "Measurements offered", ledger.offered, labels),
    counter("output_client_sent_total", "Measurements sent", ledger.sent, labels),
    gauge("output_client_queued", "Measurements that wait", ledger.queued, labels),
    ...Object.entries(ledger.filtered).map(([reason, n]) =>
      counter("output_client_filtered_total", "Measurements not to be sent", n, {
        ...labels,
        reason,
      })
    ),
    ...Object.entries(ledger.dropped).map(([reason, n]) =>
      counter("output_client_dropped_total", "Measurements lost", n, { ...labels, reason })
    ),
  ];
}
