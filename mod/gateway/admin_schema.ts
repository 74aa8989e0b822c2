/**
 * What `[admin]` may say: where the admin API listens, and who may use it.
 *
 * @module
 */
import * as v from "valibot";
import { integer, parseHostPort, partName, secretFile, secretSource, text } from "../config/mod.ts";
import { isTokenHash, type SubscriberIdentity } from "../identity/mod.ts";

/** Roles by the names of IEC 62351-8; what each may do stands with the routes of the API. */
export const ADMIN_ROLES = ["VIEWER", "OPERATOR", "ENGINEER", "SECADM", "SECAUD"] as const;

/** A role. */
export type AdminRole = typeof ADMIN_ROLES[number];

/** One user of the admin API. */
export interface AdminUser {
  /** What it may do. */
  readonly roles: readonly AdminRole[];
  /** Hash of its bearer token, or the name of where it stands. */
  readonly token?: string | undefined;
  /** SHA-256 of its client certificates. */
  readonly pins: readonly string[];
  /** False turns it away. */
  readonly enabled: boolean;
}

/** The table, checked and with defaults; the schema describes each key. */
export interface AdminConfig {
  /** Address, `host:port`. */
  readonly listen: string;
  /** Plain HTTP. */
  readonly insecure: boolean;
  /** File with certificate and chain, PEM. */
  readonly certificate?: string | undefined;
  /** File with the private key, PEM, or the name of a secret. */
  readonly key?: string | undefined;
  /** Names that requests may carry beside loopback names and the address itself. */
  readonly hosts: readonly string[];
  /** Who may read `/metrics`. */
  readonly metrics: "VIEWER" | "open";
  /** Most requests of one client per second. */
  readonly maxRequestsPerSecond: number;
  /** Users by name. */
  readonly user: Readonly<Record<string, AdminUser>>;
}

const live = { apply: "live" } as const;

const userSchema = v.pipe(
  v.strictObject({
    roles: v.pipe(
      v.array(v.picklist(ADMIN_ROLES)),
      v.check((roles) => roles.length > 0, "expected at least one role"),
      v.description("What the user may do: roles of IEC 62351-8"),
    ),
    token: v.optional(v.pipe(
      v.string(),
      v.check(
        (s) => isTokenHash(s) || secretSource(s) !== undefined,
        // The value itself may be a token that was written here by mistake.
        'expected the hash that `tieline token new` prints, "credential:NAME" or "env:NAME", found something else',
      ),
      v.description(
        "Hash of the user's token, as `tieline token new` prints it, or where it stands: " +
          '"credential:NAME" or "env:NAME"',
      ),
      v.metadata({ secret: true }),
    )),
    pins: v.optional(
      v.pipe(
        v.array(text()),
        v.check((pins) => pins.length <= 2, "expected at most two pins"),
        v.description("SHA-256 of the user's client certificate (DER), hex; two allow a rotation"),
      ),
      [],
    ),
    enabled: v.optional(v.pipe(v.boolean(), v.description("False turns the user away")), true),
  }),
  v.forward(
    v.check(
      (user) => user.token !== undefined || user.pins.length > 0,
      "expected a token or pins, found neither",
    ),
    ["token"],
  ),
);

/** Schema of `[admin]`; defaults are filled in. */
export const adminSchema: v.GenericSchema<unknown, AdminConfig> = v.pipe(
  v.strictObject({
    listen: v.optional(
      v.pipe(
        v.string(),
        v.check(
          (s) => parseHostPort(s) !== undefined,
          (issue) =>
            `expected an address and port such as "127.0.0.1:8280", found ${issue.received}`,
        ),
        v.description("Address of the admin API and the dashboard; loopback unless written out"),
      ),
      "127.0.0.1:8280",
    ),
    insecure: v.optional(
      v.pipe(v.boolean(), v.description("Plain HTTP; on a loopback address only")),
      false,
    ),
    certificate: v.optional(v.pipe(
      secretFile(),
      v.description("File with certificate and chain (PEM); one of its own is made if left out"),
    )),
    key: v.optional(
      v.pipe(
        secretFile(),
        v.description('File with the private key (PEM), or "credential:NAME" or "env:NAME"'),
      ),
    ),
    hosts: v.optional(
      v.pipe(
        v.array(v.pipe(
          v.string(),
          v.check(
            (s) => /^[A-Za-z0-9.-]{1,253}$|^[0-9A-Fa-f:.]{2,45}$/.test(s),
            (issue) => `expected a host name or an IP address, found ${issue.received}`,
          ),
        )),
        v.description("Names of this gateway in requests, beside loopback names and its address"),
        v.metadata(live),
      ),
      [],
    ),
    metrics: v.optional(
      v.pipe(
        v.picklist(["VIEWER", "open"]),
        v.description("Who may read /metrics: users with that role, or everybody"),
        v.metadata(live),
      ),
      "VIEWER",
    ),
    maxRequestsPerSecond: v.optional(
      v.pipe(
        integer(10, 10_000),
        v.description(
          "Most requests per second of one user at one address, and of all others there; four times as many at once",
        ),
        v.metadata(live),
      ),
      50,
    ),
    user: v.optional(
      v.pipe(
        v.record(partName(), userSchema),
        v.description("Users of the admin API by name"),
        v.metadata(live),
      ),
      {},
    ),
  }),
  v.forward(
    v.check(
      (o) => !o.insecure || isLoopback(parseHostPort(o.listen)?.hostname ?? ""),
      "expected a loopback address, since insecure = true is plain HTTP",
    ),
    ["listen"],
  ),
  v.check(
    (o) => (o.certificate === undefined) === (o.key === undefined),
    "expected both certificate and key, or neither",
  ),
);

/** True for a name or address that only this host can reach. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Users with client certificates, as `identity` takes them. */
export function adminIdentities({ user }: AdminConfig): SubscriberIdentity[] {
  return Object.entries(user).filter(([, { pins }]) => pins.length > 0).map((
    [name, { pins, enabled }],
  ) => ({ name, pins, enabled }));
}
