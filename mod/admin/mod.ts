/**
 * The admin API (Hono): state, configuration, rights, users and trail, over HTTPS, by roles.
 *
 * @module
 */
export { type AdminApp, adminApp } from "./app.ts";
export { type Alarm, alarmsOf } from "./alarms.ts";
export { ClaimToken } from "./claim.ts";
export { type AdminContext } from "./context.ts";
export { AdminHost, type AdminHostOptions } from "./host.ts";
export { type Json, openApi } from "./openapi.ts";
export { OwnCertificate } from "./own_certificate.ts";
export { type PartMetrics, prometheusText } from "./prometheus.ts";
export { RequestRate } from "./request_rate.ts";
export { hasRole, type User } from "./roles.ts";
export { type Call, type Route, type RouteAccess, type RouteOptions } from "./route.ts";
export { ROUTES } from "./routes.ts";
export { type AdminServer, serveAdmin } from "./server.ts";
