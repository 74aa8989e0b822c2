/**
 * A route: method, path, who may use it, what goes in and what comes out. All of the API is a list of these.
 *
 * @module
 */
import type * as v from "valibot";
import type { AnySchema } from "../config/mod.ts";
import type { AdminRole } from "../gateway/mod.ts";
import type { HttpPeer } from "../os/mod.ts";
import type { AdminContext } from "./context.ts";
import type { User } from "./roles.ts";

/**
 * Who may use a route: `open` everybody, `user` whoever is known, `claim` the holder of the claim token,
 * or one of these roles.
 */
export type RouteAccess = "open" | "user" | "claim" | readonly AdminRole[];

/** A request that was let in and checked. */
export interface Call<Q, B> {
  /** Who sends it; nobody on an open route. */
  readonly user: User;
  /** From where. */
  readonly peer: HttpPeer;
  /** The request; its body was read. */
  readonly request: Request;
  /** Identifier of the request. */
  readonly id: string;
  /** What the route is called in the audit trail; empty for one that changes nothing. */
  readonly action: string;
  /** Parts of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** Parameters of the query. */
  readonly query: Q;
  /** The body. */
  readonly body: B;
  /** What the API works on. */
  readonly context: AdminContext;
}

/** How a route is described. `Q` and `B` are schemas of query and body. */
export interface RouteOptions<Q extends AnySchema | undefined, B extends AnySchema | undefined> {
  /** Method. */
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** Path as Hono writes it: `/api/parts/:name/restart`. */
  readonly path: string;
  /** Who may use it. */
  readonly access: RouteAccess;
  /** One line for people. */
  readonly summary: string;
  /** Schema of the query, of texts. */
  readonly query?: Q;
  /** Schema of the body. */
  readonly body?: B;
  /** What the body is; `application/toml` is handed over as one text. */
  readonly bodyType?: "application/json" | "application/toml";
  /** Most bytes of the body; default 64 KiB. */
  readonly maxBytes?: number;
  /** Schema of the answer, if it is JSON. */
  readonly answer?: AnySchema;
  /** Type of an answer that is not JSON. */
  readonly answerType?: string;
  /** Types that the answer may have as well, where the query chooses. */
  readonly otherTypes?: readonly string[];
  /** Status of an answer that is neither 200 nor a problem, with the type of the first one. */
  readonly otherStatus?: number;
  /** What it is called in the audit trail, where what it refuses is noted too; left out if it changes nothing. */
  readonly action?: string;
  /** True if it needs `If-Match` with the ETag of the configuration. */
  readonly ifMatch?: boolean;
  /** Answers: a `Response`, or what is sent as JSON. */
  readonly handle: (
    call: Call<
      Q extends AnySchema ? v.InferOutput<Q> : undefined,
      B extends AnySchema ? v.InferOutput<B> : undefined
    >,
  ) => unknown;
}

/** A route whose schemas are no longer known to the compiler. */
export type Route =
  & Omit<RouteOptions<AnySchema | undefined, AnySchema | undefined>, "handle">
  & { readonly handle: (call: Call<unknown, unknown>) => unknown };

/** Makes a route; the schemas give the types of what the handler gets. */
export function route<
  Q extends AnySchema | undefined = undefined,
  B extends AnySchema | undefined = undefined,
>(options: RouteOptions<Q, B>): Route {
  // The app hands over what these very schemas gave.
  return options as unknown as Route;
}
