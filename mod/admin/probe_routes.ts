/**
 * Routes for machines that watch the gateway: health, readiness, metrics.
 *
 * @module
 */
import { counter } from "../core/mod.ts";
import { expiryMetrics } from "../identity/mod.ts";
import { inTurns } from "../os/mod.ts";
import type { AdminContext } from "./context.ts";
import { type PartMetrics, prometheusSteps } from "./prometheus.ts";
import { type Route, route } from "./route.ts";

/** Health and readiness are open and tell no names; metrics need a role unless configured otherwise. */
export const PROBE_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/healthz",
    access: "open",
    summary: "Whether the process answers",
    answerType: "text/plain",
    handle: () => new Response("ok\n"),
  }),
  route({
    method: "GET",
    path: "/readyz",
    access: "open",
    summary: "Whether every output and aligner runs (503 if not)",
    answerType: "text/plain",
    otherStatus: 503,
    handle: ({ context }) => {
      const { ready, waiting } = context.gateway.readiness();
      const text = ready ? "ready\n" : `waiting for ${waiting.length} parts\n`;
      return new Response(text, { status: ready ? 200 : 503 });
    },
  }),
  route({
    method: "GET",
    path: "/metrics",
    access: ["VIEWER"],
    summary: "The numbers of all parts for Prometheus (text format 0.0.4)",
    answerType: "text/plain",
    handle: async ({ context }) =>
      new Response(await inTurns(prometheusSteps(metricsOf(context))), {
        headers: { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" },
      }),
  }),
];

/** The numbers of the gateway, of its parts, each asked when it is its turn, and of the API. */
function* metricsOf(
  { gateway, audit, requests, certificate }: AdminContext,
): Generator<PartMetrics> {
  yield { part: "gateway", metrics: gateway.ownMetrics() };
  for (const part of gateway.parts()) yield { part: part.name, metrics: part.metrics() };
  yield {
    part: "admin",
    metrics: [
      ...expiryMetrics(certificate.status()),
      counter(
        "audit_lost_total",
        "Entries of the audit trail that could not be written",
        audit.lost,
      ),
      counter(
        "admin_requests_refused_total",
        "Requests that were refused since their client asked too often",
        requests.refused,
      ),
    ],
  };
}
