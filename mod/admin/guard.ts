/**
 * What every request goes through before anything looks at it: Host, Origin, and the headers of every answer.
 *
 * @module
 */
import { type AdminConfig, isLoopback } from "../gateway/mod.ts";
import { parseHostPort } from "../config/mod.ts";
import { ProblemError } from "./problem.ts";

/** Headers of every answer. Nothing from elsewhere is loaded, and nobody may frame or embed it. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "Cache-Control": "no-store",
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
};

/**
 * Throws {@linkcode ProblemError} (403) for a request that a page of another origin may have sent.
 *
 * The name in `Host` must be this gateway's, so that no page reaches it under a name of its own (DNS
 * rebinding); an `Origin` must be that of the request; what a browser says of itself is believed.
 */
export function guard(request: Request, admin: AdminConfig): void {
  const url = new URL(request.url);
  const host = url.hostname.replace(/^\[|\]$/g, "").toLowerCase();
  const own = parseHostPort(admin.listen)?.hostname.toLowerCase();
  const known = isLoopback(host) || host === own ||
    admin.hosts.some((name) => name.toLowerCase() === host);
  if (!known) {
    throw new ProblemError(
      403,
      "host",
      `This gateway is not called "${host}"; its names stand in [admin] hosts`,
    );
  }
  const origin = request.headers.get("Origin");
  if (origin !== null && origin !== url.origin) {
    throw new ProblemError(403, "origin", `Expected no Origin or ${url.origin}, found ${origin}`);
  }
  const site = request.headers.get("Sec-Fetch-Site");
  const isNavigation = request.headers.get("Sec-Fetch-Mode") === "navigate" &&
    request.method === "GET";
  if (site !== null && site !== "same-origin" && site !== "none" && !isNavigation) {
    throw new ProblemError(403, "origin", `Expected a request of this site, found ${site}`);
  }
}
