/**
 * A gateway with its admin API for tests: real parts, no listener.
 *
 * @module
 */
import { AuditLog } from "../audit/mod.ts";
import type { Clock } from "../core/mod.ts";
import {
  type AdminRole,
  Gateway,
  type GatewayKeeper,
  logFor,
  openConfigKeeper,
} from "../gateway/mod.ts";
import { hashToken, tokenText } from "../identity/mod.ts";
import { type HttpPeer, systemClock } from "../os/mod.ts";
import { type AdminApp, adminApp } from "./app.ts";
import { ClaimToken } from "./claim.ts";
import type { AdminContext } from "./context.ts";
import { OwnCertificate } from "./own_certificate.ts";
import { RequestRate } from "./request_rate.ts";

/** Users of the bench by name; `root` has what no single role has. */
export const USERS: Readonly<Record<string, readonly AdminRole[]>> = {
  viewer: ["VIEWER"],
  operator: ["OPERATOR"],
  engineer: ["ENGINEER"],
  secadm: ["SECADM"],
  secaud: ["SECAUD"],
  root: ["ENGINEER", "SECADM", "SECAUD"],
};

/** Longest that a part may be opening. */
const OPENING_MS = 60_000;

const SECRETS = Object.keys(USERS).map((name, i) =>
  tokenText(name, new Uint8Array(32).fill(i + 1))
);
const HASHES = await Promise.all(
  SECRETS.map((text, i) => hashToken(text, new Uint8Array(16).fill(i + 1))),
);

/** The token of a user of the bench. */
export function tokenOf(user: string): string {
  return SECRETS[Object.keys(USERS).indexOf(user)]!; // tests name users that there are
}

/** The tables of the users. */
export const USERS_TOML: string = Object.entries(USERS).map(([name, roles], i) =>
  `[admin.user.${name}]\nroles = ${JSON.stringify(roles)}\ntoken = "${HASHES[i]}" # of ${name}\n`
).join("");

/** What a request of a test may say. */
export interface Asked {
  /** User whose token is shown; `none` shows none. */
  readonly user?: string;
  /** Token, whatever the user. */
  readonly token?: string;
  /** Body; an object is sent as JSON. */
  readonly body?: unknown;
  /** Headers. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Host and scheme; default `http://127.0.0.1:8280`. */
  readonly origin?: string;
  /** Address of the peer. */
  readonly address?: string;
}

/** A gateway with its admin API. */
export class AdminBench {
  /** Folder of the test. */
  readonly folder: string;
  /** The gateway. */
  readonly gateway: Gateway;
  /** Its configuration. */
  readonly keeper: GatewayKeeper;
  /** Its audit trail. */
  readonly audit: AuditLog;
  /** What the API works on. */
  readonly context: AdminContext;
  /** The API. */
  readonly app: AdminApp;

  private constructor(folder: string, context: AdminContext, audit: AuditLog) {
    this.folder = folder;
    this.context = context;
    this.gateway = context.gateway;
    this.keeper = context.keeper;
    this.audit = audit;
    this.app = adminApp(context);
  }

  /**
   * Runs a test with a gateway of this configuration, `[gateway]` and, unless left out, users added.
   *
   * `apiClock` is what the API takes the time from, the gateway excepted.
   */
  static async with(
    toml: string,
    test: (bench: AdminBench) => Promise<void>,
    { users = true, apiClock }: { readonly users?: boolean; readonly apiClock?: Clock } = {},
  ): Promise<void> {
    const folder = await Deno.makeTempDir({ prefix: "tieline-admin-" });
    const file = `${folder}/site.toml`;
    await Deno.writeTextFile(
      file,
      `# The site\n[gateway]\nid = "0d9ac3b4-5e0f-4c7e-9f1a-77a8c8a3f2d1"\nname = "EDGE"\nmemoryMB = 500\n` +
        `stateDir = ${JSON.stringify(`${folder}/state`)}\n[statistics]\nenabled = false\n` +
        `${users ? USERS_TOML : ""}${toml}`,
    );
    const clock = systemClock();
    let running: Gateway | undefined;
    const keeper = await openConfigKeeper({ file, clock, gateway: () => running! });
    const gateway = running = new Gateway(keeper.config, clock);
    await gateway.start();
    const audit = await AuditLog.open({
      folder: `${folder}/state/audit`,
      keyPem: () => gateway.identity!.keyPem, // it is started
      clock,
      log: logFor("audit"),
    });
    const claim = users ? undefined : await ClaimToken.open(`${folder}/state`);
    // Tests ask as fast as they can.
    const requests = new RequestRate(() => 1e9);
    const context = {
      gateway,
      keeper,
      audit,
      claim,
      requests,
      certificate: new OwnCertificate(clock, logFor("admin"), () => gateway.certificateMicros()),
      clock: apiClock ?? clock,
      log: logFor("admin"),
      version: "test",
    };
    const bench = new AdminBench(folder, context, audit);
    try {
      await bench.#opened();
      await test(bench);
    } finally {
      await keeper.close();
      bench.app.close();
      await audit.close();
      await gateway.stop();
      await Deno.remove(folder, { recursive: true });
    }
  }

  /** Waits for parts that go on opening after the start, on a busy machine for seconds. */
  async #opened(): Promise<void> {
    const opening = () =>
      this.gateway.parts().filter((p) => p.status().state === "starting").map((p) => p.name);
    const endMs = performance.now() + OPENING_MS;
    while (opening().length > 0) {
      if (performance.now() > endMs) throw new Error(`Waited ${OPENING_MS} ms for ${opening()}`);
      await new Promise((go) => setTimeout(go, 10));
    }
  }

  /** Sends a request. */
  ask(method: string, path: string, asked: Asked = {}): Promise<Response> {
    const { user = "root", body, origin = "http://127.0.0.1:8280" } = asked;
    const token = asked.token ?? (user === "none" ? undefined : tokenOf(user));
    const isText = typeof body === "string";
    const peer: HttpPeer = { address: asked.address ?? "127.0.0.1", tls: undefined };
    return this.app.fetch(
      new Request(origin + path, {
        method,
        headers: {
          ...(token !== undefined && { Authorization: `Bearer ${token}` }),
          ...(body !== undefined &&
            { "Content-Type": isText ? "application/toml" : "application/json" }),
          ...asked.headers,
        },
        ...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
      }),
      peer,
    );
  }

  /** Sends a request that must succeed, and gives its answer as JSON. */
  async json(method: string, path: string, asked: Asked = {}): Promise<Record<string, unknown>> {
    const answer = await this.ask(method, path, asked);
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as Record<string, unknown>; // what it holds is for the test to say
  }

  /** ETag of the configuration, as `If-Match`. */
  get match(): Record<string, string> {
    return { "If-Match": `"${this.keeper.status().running.digest}"` };
  }
}
