/**
 * What an operator sees of a stream.
 *
 * @module
 */
import type { Metric } from "../../core/mod.ts";
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
  const one = (
    name: string,
    help: string,
    type: Metric["type"],
    value: number,
    labels?: Record<string, string>,
  ): Metric => ({ name: `output_${name}`, help, type, value, ...(labels ? { labels } : {}) });
  const all = [
    one("connections", "Connections of subscribers", "gauge", clients.size),
    one(
      "bytes_sent_total",
      "Bytes handed to connections and datagrams",
      "counter",
      clients.bytesSent,
    ),
    one("frames_made_total", "Data frames that were encoded", "counter", figures.frames),
    one("configuration_changes_total", "Changes of the configuration", "counter", stream.changes),
    one("saturated_total", "Integers that had to be saturated", "counter", stream.saturated),
    one("pmus", "PMUs of the stream", "gauge", stream.shape?.blocks.length ?? 0),
  ];
  for (const [reason, value] of Object.entries(clients.refusals)) {
    all.push(
      one("refused_total", "Connections that were refused", "counter", value, { reason }),
    );
  }
  for (const [kind, value] of Object.entries(complaints.totals())) {
    all.push(one("complaints_total", "What was wrong with clients", "counter", value, { kind }));
  }
  for (const [client, { connections, ledger }] of Object.entries(clients.status())) {
    const sum = (of: (c: typeof connections[number]) => number) =>
      connections.reduce((n, c) => n + of(c), 0);
    const overruns = sum((c) => c.overruns);
    all.push(
      one("client_connections", "Connections now", "gauge", connections.length, { client }),
      one("client_queue_bytes", "Bytes that wait", "gauge", sum((c) => c.queuedBytes), { client }),
      one("client_overruns", "Overflows of the queues of its connections", "gauge", overruns, {
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
  const one = (name: string, help: string, value: number, more = {}): Metric => ({
    name: `output_client_${name}`,
    help,
    type: name === "queued" ? "gauge" : "counter",
    value,
    labels: { ...labels, ...more },
  });
  return [
    one("offered_total", "Measurements offered", ledger.offered),
    one("sent_total", "Measurements sent", ledger.sent),
    one("queued", "Measurements that wait", ledger.queued),
    ...Object.entries(ledger.filtered).map(([reason, n]) =>
      one("filtered_total", "Measurements not to be sent", n, { reason })
    ),
    ...Object.entries(ledger.dropped).map(([reason, n]) =>
      one("dropped_total", "Measurements lost", n, { reason })
    ),
  ];
}
