/**
 * The admin API: every request is guarded, identified, checked against its schemas and answered.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import * as v from "valibot";
import type { AnySchema } from "../config/mod.ts";
import { messageOf } from "../core/mod.ts";
import type { HttpPeer } from "../os/mod.ts";
import { Complaints } from "../stats/mod.ts";
import { Authenticator, CHALLENGE, CLAIMANT } from "./authenticator.ts";
import { readBody } from "./body.ts";
import { type AdminContext, doneBy } from "./context.ts";
import { guard, SECURITY_HEADERS } from "./guard.ts";
import { ProblemError, problemOf, problemResponse } from "./problem.ts";
import { RefusalBook } from "./refusal_book.ts";
import { hasRole, type User } from "./roles.ts";
import type { Route, RouteAccess } from "./route.ts";
import { ROUTES } from "./routes.ts";

/** The API without sockets. */
export interface AdminApp {
  /** Answers a request. */
  fetch(request: Request, peer: HttpPeer): Promise<Response>;
  /**
   * Guards and identifies a request for a WebSocket, whose token stands in its protocols; `id` names it in the trail.
   *
   * Throws {@linkcode ProblemError} for one that is refused.
   */
  identify(
    request: Request,
    authorization: string | null,
    peer: HttpPeer,
    id: string,
  ): Promise<User>;
  /** Reads hashes of tokens anew that stand outside of the configuration, and locks nobody out for some minutes. */
  renew(): void;
  /** Notes what was refused again and again; called at least every minute. */
  tick(): void;
  /** Notes what is still to be noted. */
  close(): void;
}

const MAX_BODY_BYTES = 64 * 1024;
/** Characters that the trail keeps of what somebody wrote whom nobody knows. */
const MAX_STRANGE = 300;
const NOBODY: User = { name: "", roles: [] };

/**
 * The routes of the admin API.
 *
 * Each names who may use it; a request whose `Host` is not one of the gateway's names or that comes
 * from another origin is refused before anything else.
 */
export function adminApp(context: AdminContext): AdminApp {
  const { gateway, clock, audit, log } = context;
  const book = new RefusalBook(audit, clock);
  const complaints = new Complaints(log);
  const authenticator = new Authenticator(
    () => gateway.config.admin,
    context.claim,
    { monotonicMs: () => clock.monotonicMs(), nowMicros: () => gateway.certificateMicros() },
    (peer, name, why) => {
      const { address: from } = peer;
      complaints.note(
        `login from ${from}`,
        `Refused a login from ${from}: ${why}`,
        clock.monotonicMs(),
      );
      book.note({ who: name, from, action: "auth.login", detail: why });
    },
    (why) => complaints.note("token", why, clock.monotonicMs()),
  );
  const app = new Hono<{ Bindings: { readonly peer: HttpPeer; readonly id: string } }>();

  for (const route of ROUTES) {
    app.on(route.method, route.path, async (c) => {
      const { peer, id } = c.env;
      const access = accessOf(route.access, route.path, gateway.config.admin.metrics);
      const user = await admit(c.req.raw, peer, access, id, route.summary);
      const call = {
        user,
        peer,
        id,
        action: route.action ?? "",
        request: c.req.raw,
        params: c.req.param(),
        context,
      };
      const before = context.keeper.status().running.digest;
      let result: unknown;
      try {
        const query = queryOf(route.query, c);
        const body = await bodyOf(route, c.req.raw);
        result = await route.handle({ ...call, query, body });
      } catch (error) {
        if (route.action !== undefined) {
          const detail = messageOf(error);
          const fact = doneBy(call, detail, route.ifMatch ? { before } : {});
          await audit.note({ ...fact, outcome: "refused" });
        }
        throw error;
      }
      const response = result instanceof Response ? result : c.json(result as object); // handlers give plain data
      // HEAD is answered as GET, without what nobody would read to its end, such as live values.
      if (c.req.raw.method === "HEAD") await response.body?.cancel();
      return response;
    });
  }
  app.notFound((c) => {
    const methods = ROUTES.filter((r) => matches(r.path, c.req.path)).map((r) => r.method);
    if (methods.length > 0) {
      throw new ProblemError(405, "method", `${c.req.method} is not possible here`, {}, {
        Allow: [...methods, ...(methods.includes("GET") ? ["HEAD"] : [])].join(", "),
      });
    }
    throw new ProblemError(404, "notFound", `Nothing stands at ${c.req.path}`);
  });
  app.onError((error, c) => {
    const known = problemOf(error);
    if (known) return problemResponse(known, c.env.id);
    // What it was is for the log, not for whoever asks.
    log.error(`Request ${c.env.id} failed: ${error.stack ?? error.message}`);
    return problemResponse(
      new ProblemError(500, "internal", "The gateway failed at this"),
      c.env.id,
    );
  });

  const admit = async (
    request: Request,
    peer: HttpPeer,
    access: RouteAccess,
    id: string,
    what: string,
  ): Promise<User> => {
    if (access === "open") return NOBODY;
    const user = await authenticator.identify(request.headers.get("Authorization"), peer);
    if (!user) {
      // Pages ask who they are before anybody has logged in.
      if (access !== "user") {
        const detail = `without a token: ${what}`;
        book.note({ who: "", from: peer.address, action: "auth.login", detail, request: id });
      }
      throw new ProblemError(
        401,
        "noToken",
        "Expected a bearer token or a client certificate",
        {},
        CHALLENGE,
      );
    }
    const isClaimant = user.name === CLAIMANT && user.roles.length === 0;
    const allowed = access === "claim"
      ? isClaimant
      : !isClaimant && (access === "user" || hasRole(user, ...access));
    if (allowed) return user;
    const needed = typeof access === "string" ? access : access.join(" or ");
    book.note({
      who: user.name,
      from: peer.address,
      action: "auth.role",
      detail: `${request.method} ${new URL(request.url).pathname} (${what}) needs ${needed}`,
      request: id,
    });
    throw new ProblemError(403, "role", `This needs the role ${needed}`);
  };

  /** Counts and guards a request; throws ProblemError for one that nobody looks at. */
  const enter = (request: Request, authorization: string | null, peer: HttpPeer): void => {
    const who = authenticator.recognise(authorization, peer);
    const { pathname } = new URL(request.url);
    context.requests.admit(peer.address, who, pathname, clock.monotonicMs());
    guard(request, gateway.config.admin);
  };

  /** A request that was not looked at is in the trail too, whatever it was for. */
  const noteTurnedAway = (
    error: unknown,
    authorization: string | null,
    peer: HttpPeer,
    id: string,
  ): void => {
    if (!(error instanceof ProblemError)) return;
    const { address: from } = peer, detail = error.message.slice(0, MAX_STRANGE);
    if (error.status === 403) {
      book.note({ who: "", from, action: "auth.guard", detail, request: id });
    } else if (error.status === 429) {
      const who = authenticator.recognise(authorization, peer) ?? "";
      book.note({ who, from, action: "auth.rate", detail, request: id });
      complaints.note(
        "tooManyRequests",
        `Refused requests of ${from}: ${detail}`,
        clock.monotonicMs(),
      );
    }
  };

  return {
    async fetch(request, peer) {
      const id = crypto.randomUUID(), authorization = request.headers.get("Authorization");
      let response: Response;
      try {
        enter(request, authorization, peer);
        response = await app.fetch(request, { peer, id });
      } catch (error) {
        // Hono's own handler has seen everything else.
        response = problemResponse(
          problemOf(error) ?? new ProblemError(400, "request", "Not understood"),
          id,
        );
        noteTurnedAway(error, authorization, peer, id);
      }
      for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
        if (!response.headers.has(name)) response.headers.set(name, value);
      }
      response.headers.set("X-Request-Id", id);
      return response;
    },
    async identify(request, authorization, peer, id) {
      try {
        enter(request, authorization, peer);
      } catch (error) {
        noteTurnedAway(error, authorization, peer, id);
        throw error;
      }
      const headers = new Headers(authorization === null ? {} : { Authorization: authorization });
      const asked = new Request(request.url, { headers });
      return await admit(asked, peer, ["VIEWER"], id, "live values");
    },
    renew: () => authenticator.renew(),
    tick() {
      book.flush(clock.monotonicMs());
      complaints.flush(clock.monotonicMs());
    },
    close: () => book.flush(Infinity),
  };
}

/** `/metrics` is as open as the configuration says. */
function accessOf(access: RouteAccess, path: string, metrics: "VIEWER" | "open"): RouteAccess {
  return path === "/metrics" && metrics === "open" ? "open" : access;
}

function queryOf(schema: AnySchema | undefined, c: Context): unknown {
  const all = c.req.queries();
  const twice = Object.entries(all).find(([, values]) => values.length > 1);
  if (twice) throw new ProblemError(422, "query", `Expected ${twice[0]} once`);
  const query = Object.fromEntries(Object.entries(all).map(([name, [value]]) => [name, value]));
  if (!schema) {
    const name = Object.keys(query)[0];
    if (name === undefined) return undefined;
    throw new ProblemError(422, "query", `Expected no parameters, found ${name}`);
  }
  return checked(schema, query, "query");
}

async function bodyOf(route: Route, request: Request): Promise<unknown> {
  if (!route.body) return undefined;
  const wanted = route.bodyType ?? "application/json";
  const type = request.headers.get("Content-Type")?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== wanted) {
    throw new ProblemError(415, "mediaType", `Expected ${wanted}, found ${type ?? "nothing"}`);
  }
  const text = await readBody(request, route.maxBytes ?? MAX_BODY_BYTES);
  if (wanted === "application/toml") return checked(route.body, text, "body");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ProblemError(400, "body", "Expected JSON");
  }
  return checked(route.body, value, "body");
}

function checked(schema: AnySchema, value: unknown, where: string): unknown {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const errors = result.issues.slice(0, 20).map((issue) => ({
    key: (issue.path ?? []).map((step) => String(step.key)).join("."),
    message: issue.message,
  }));
  const detail = errors.map(({ key, message }) => key ? `${key}: ${message}` : message).join("; ");
  throw new ProblemError(422, where, detail, { errors });
}

function matches(pattern: string, path: string): boolean {
  const source = pattern.split("/").map((part) =>
    part.startsWith(":") ? "[^/]+" : part === "*" ? ".*" : RegExp.escape(part)
  ).join("/");
  return new RegExp(`^${source}$`).test(path);
}
