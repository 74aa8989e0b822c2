/**
 * Serves the admin API over HTTPS, or over plain HTTP on a loopback address.
 *
 * @module
 */
import { join } from "node:path";
import { hostname } from "node:os";
import { type AdminConfig, isLoopback } from "../gateway/mod.ts";
import {
  type HttpListener,
  type HttpPeer,
  listenHttp,
  loadOrMakeIdentity,
  readSecret,
  type TextSocket,
} from "../os/mod.ts";
import { parseHostPort } from "../config/mod.ts";
import { certificateFacts } from "../identity/mod.ts";
import { Complaints } from "../stats/mod.ts";
import { type AdminApp, adminApp } from "./app.ts";
import type { AdminContext } from "./context.ts";
import { LiveStream, serveSocket } from "./live.ts";
import { ProblemError, problemOf, problemResponse } from "./problem.ts";

/** A running admin server. */
export interface AdminServer {
  /** Where it answers, for example `https://127.0.0.1:8280`. */
  readonly url: string;
  /** Pin of its certificate, `sha256:...`; empty without TLS. */
  readonly pin: string;
  /** Address as it was configured. */
  readonly listen: string;
  /**
   * Takes another certificate into use at the same address. Rejects if it cannot be used, and for a change
   * between HTTP and HTTPS, which needs another address.
   */
  reload(options: AdminConfig): Promise<void>;
  /** See {@linkcode AdminApp.renew}. */
  renew(): void;
  /** Tells what was refused again and again; called at least every minute. */
  tick(): void;
  /** Ends it; requests that run are cut off. */
  stop(): Promise<void>;
}

/** Before a token in the protocols of a WebSocket, since browsers can set no other header there. */
const BEARER_PROTOCOL = "tieline.bearer.";

/** Serves the API as the configuration says. Rejects if the address or the certificate cannot be used. */
export async function serveAdmin(
  context: AdminContext,
  options: AdminConfig,
): Promise<AdminServer> {
  const { log, clock, gateway } = context;
  const app = adminApp(context);
  const complaints = new Complaints(log);
  const address = parseHostPort(options.listen)!; // the schema has checked it
  const { stateDir } = gateway.config.gateway;
  let pair = options.insecure ? undefined : await pairOf(options, stateDir);
  const listener: HttpListener = await listenHttp({
    ...address,
    ...(pair && { tls: pair }),
    handle: (request, peer) => app.fetch(request, peer),
    webSocket: (request, peer) => webSocket(app, context, request, peer),
    onRefused: ({ reason, message }) => complaints.note(reason, message, clock.monotonicMs()),
    onError: (error) => log.error(`A request failed: ${error}`),
  });
  context.certificate.show(pair?.certPem);
  const shown = address.hostname.includes(":") ? `[${address.hostname}]` : address.hostname;
  return {
    url: `${pair ? "https" : "http"}://${shown}:${listener.port}`,
    get pin() {
      return pair ? `sha256:${certificateFacts(pair.certPem).fingerprint}` : "";
    },
    listen: options.listen,
    async reload(next) {
      if (next.insecure !== options.insecure) {
        throw new Error("Plain HTTP and HTTPS cannot take turns at one address: change listen too");
      }
      const other = next.insecure ? undefined : await pairOf(next, stateDir);
      if (other && (other.certPem !== pair?.certPem || other.keyPem !== pair.keyPem)) {
        listener.reload(other);
        pair = other;
        const pin = certificateFacts(other.certPem).fingerprint;
        log.info(`The admin API has another certificate: pin sha256:${pin}`);
      }
      // Another server may have shown another one meanwhile.
      context.certificate.show(pair?.certPem);
    },
    renew: () => app.renew(),
    tick() {
      app.tick();
      context.certificate.tick();
      complaints.flush(clock.monotonicMs());
    },
    async stop() {
      app.close();
      await listener.close();
    },
  };
}

async function pairOf({ certificate, key, listen, hosts }: AdminConfig, stateDir: string) {
  if (certificate !== undefined && key !== undefined) {
    return { certPem: await readSecret(certificate), keyPem: await readSecret(key) };
  }
  const { hostname: own } = parseHostPort(listen)!; // the schema has checked it
  const names = ["localhost", hostname(), ...hosts, ...(isLoopback(own) ? [] : [own])];
  const isAddress = (name: string) => /^[\d.]+$|:/.test(name);
  return await loadOrMakeIdentity(join(stateDir, "admin"), {
    commonName: hostname() || "tieline",
    dnsNames: [...new Set(names.filter((name) => name !== "" && !isAddress(name)))],
    ipAddresses: [...new Set(["127.0.0.1", "::1", ...names.filter(isAddress)])]
      .filter((ip) => ip !== "0.0.0.0" && ip !== "::"),
    usages: ["serverAuth"],
  });
}

async function webSocket(
  app: AdminApp,
  context: AdminContext,
  request: Request,
  peer: HttpPeer,
): Promise<Response | { protocol: string; take: (socket: TextSocket) => void }> {
  const url = new URL(request.url), id = crypto.randomUUID();
  try {
    if (url.pathname !== "/api/live") {
      throw new ProblemError(404, "notFound", `No WebSocket stands at ${url.pathname}`);
    }
    const protocols = (request.headers.get("Sec-WebSocket-Protocol") ?? "").split(",").map((p) =>
      p.trim()
    );
    const bearer = protocols.find((p) => p.startsWith(BEARER_PROTOCOL));
    const authorization = bearer === undefined
      ? request.headers.get("Authorization")
      : `Bearer ${bearer.slice(BEARER_PROTOCOL.length)}`;
    const user = await app.identify(request, authorization, peer, id);
    const rate = Number(url.searchParams.get("rate") ?? "10");
    const filter = url.searchParams.get("filter") ?? "";
    if (!Number.isInteger(rate) || rate < 1 || rate > 10 || filter.length > 4096) {
      throw new ProblemError(
        422,
        "query",
        "Expected rate from 1 to 10 and a filter of at most 4096 characters",
      );
    }
    const stream = await LiveStream.open(context, user, { filter, rate });
    // The token must not be sent back: only the plain protocol is chosen.
    const protocol = protocols.includes("tieline") ? "tieline" : "";
    return { protocol, take: (socket) => serveSocket(stream, socket) };
  } catch (error) {
    const problem = problemOf(error);
    if (!problem) throw error;
    const answer = problemResponse(problem, id);
    answer.headers.set("X-Request-Id", id);
    return answer;
  }
}
