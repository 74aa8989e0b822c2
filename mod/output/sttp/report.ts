/**
 * What an output says of itself in numbers, for machines.
 *
 * @module
 */
import { counter, gauge, type Metric } from "../../core/mod.ts";
import { type CertificateExpiry, expiryMetrics } from "../../identity/mod.ts";
import type { SubscriberConnections } from "./connections.ts";

/** The metrics of an output with these connections and certificates. */
export function metricsOf(
  connections: SubscriberConnections,
  certificates: readonly CertificateExpiry[],
): Metric[] {
  const { totalBytes, heldBack, disconnected } = connections.cap;
  const all = [
    gauge("output_connections", "Connections of subscribers", connections.size),
    gauge("output_waiting_bytes", "Encoded bytes that wait in all connections", totalBytes),
    counter(
      "output_held_back_total",
      "Times that a connection was held back for the cap over all",
      heldBack,
    ),
    counter(
      "output_cap_disconnects_total",
      "Connections ended for the cap over all",
      disconnected,
    ),
    ...expiryMetrics(certificates),
    ...connections.metadataMaker.metrics(),
  ];
  for (const [reason, value] of Object.entries(connections.refusals.counts)) {
    all.push(counter("output_refused_total", "Connections that were refused", value, { reason }));
  }
  for (const [name, subscriber] of connections.subscribers) {
    all.push(...subscriber.metrics(connections.of(name)));
  }
  return all;
}
