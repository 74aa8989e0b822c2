/**
 * The admin API of a running program: server, audit trail and claim token, and how they follow the configuration.
 *
 * @module
 */
import { join } from "node:path";
import { AuditLog } from "../audit/mod.ts";
import { type Clock, type Log, messageOf } from "../core/mod.ts";
import type {
  AdminConfig,
  ConfigPlan,
  Gateway,
  GatewayConfig,
  GatewayKeeper,
} from "../gateway/mod.ts";
import type { EditAside, FailedPart, VersionInfo } from "../revision/mod.ts";
import { isUnclaimed } from "./authenticator.ts";
import { ClaimToken } from "./claim.ts";
import type { AdminContext } from "./context.ts";
import { OwnCertificate } from "./own_certificate.ts";
import { RequestRate } from "./request_rate.ts";
import { type AdminServer, serveAdmin } from "./server.ts";
import { missingTokens } from "./token_hash.ts";

/** What an admin host needs. */
export interface AdminHostOptions {
  /** The gateway, started. */
  readonly gateway: Gateway;
  /** Its configuration. */
  readonly keeper: GatewayKeeper;
  /** The time. */
  readonly clock: Clock;
  /** Where events go. */
  readonly log: Log;
  /** Version of the program. */
  readonly version: string;
}

const TICK_MS = 30_000;
/** How long a server that is replaced may still send its answers. */
const FAREWELL_MS = 1000;

/** Serves the admin API of a program. */
export class AdminHost {
  /** The audit trail. */
  readonly audit: AuditLog;
  /** The claim token; undefined if there are users. */
  readonly claim: ClaimToken | undefined;
  readonly #context: AdminContext;
  readonly #timer: ReturnType<typeof setInterval>;
  /** Servers that were replaced and still send their answers, each with the timer of its end. */
  readonly #leaving = new Map<AdminServer, ReturnType<typeof setTimeout>>();
  readonly #ending = new Set<Promise<void>>();
  #server: AdminServer;

  private constructor(context: AdminContext, audit: AuditLog, server: AdminServer) {
    this.#context = context;
    this.audit = audit;
    this.claim = context.claim;
    this.#server = server;
    this.#timer = setInterval(() => {
      this.#server.tick();
      void audit.tick();
    }, TICK_MS);
    Deno.unrefTimer(this.#timer);
  }

  /** Opens the trail, makes a claim token if there is no user, and serves. */
  static async start(options: AdminHostOptions): Promise<AdminHost> {
    const { gateway, clock, log, keeper, version } = options;
    const { stateDir } = gateway.config.gateway;
    const audit = await AuditLog.open({
      folder: join(stateDir, "audit"),
      keyPem: () => gateway.identity!.keyPem, // the gateway is started
      clock,
      log,
    });
    const claim = isUnclaimed(gateway.config.admin) ? await ClaimToken.open(stateDir) : undefined;
    const requests = new RequestRate(() => gateway.config.admin.maxRequestsPerSecond);
    const certificate = new OwnCertificate(clock, log, () => gateway.certificateMicros());
    const context = { ...options, audit, claim, requests, certificate };
    for (const problem of await missingTokens(gateway.config.admin)) log.error(problem);
    const server = await serveAdmin(context, gateway.config.admin);
    const { running: { number, digest }, note } = keeper.status();
    await audit.note({
      who: "gateway",
      from: "",
      action: "program.start",
      outcome: "done",
      // The note tells of a change that was taken back, and of a file that could not be used.
      detail: `Tieline ${version}, configuration version ${number}${note && `: ${note}`}`,
      after: digest,
    });
    await audit.sealFirst();
    return new AdminHost(context, audit, server);
  }

  /** Where it answers. */
  get url(): string {
    return this.#server.url;
  }

  /** Pin of its certificate; empty without TLS. */
  get pin(): string {
    return this.#server.pin;
  }

  /** Follows a configuration; what cannot work comes back, and the former server goes on. */
  async follow(next: GatewayConfig, plan: ConfigPlan): Promise<readonly FailedPart[]> {
    const mine = plan.changes.find(({ part }) => part === "admin");
    if (!mine) return [];
    const missing = await missingTokens(next.admin);
    if (missing.length > 0) return missing.map((reason) => ({ part: "admin", reason }));
    if (Object.keys(next.admin.user).length === 0) {
      this.#context.log.warn(
        "No user is configured any more, so that nobody may use the API: write one into the file, " +
          "or start the program again for a claim token",
      );
    }
    if (mine.change === "changed") return [];
    try {
      await this.#replace(next.admin);
      return [];
    } catch (error) {
      return [{ part: "admin", reason: messageOf(error) }];
    }
  }

  /** Notes that a change was taken back because nobody confirmed it. */
  undone(version: VersionInfo, running: VersionInfo): void {
    void this.audit.note({
      who: "gateway",
      from: "",
      action: "config.undo",
      outcome: "done",
      detail: `nobody confirmed version ${version.number}, version ${running.number} runs again`,
      before: version.digest,
      after: running.digest,
    });
  }

  /** Notes that an edit of the file made way for the version that runs. */
  setAside({ path, digest, dropped }: EditAside, running: VersionInfo): void {
    const gone = dropped ? "; the oldest edit that was kept so is gone" : "";
    void this.audit.note({
      who: "gateway",
      from: "",
      action: "config.aside",
      outcome: "done",
      detail: `an edit of the file that was not taken in is in ${path}${gone}`,
      before: digest,
      after: running.digest,
    });
  }

  /**
   * Takes an edit of the file in, and notes it; the certificate and secrets that stand elsewhere are read anew, and
   * locks are taken off.
   */
  async reload(): Promise<void> {
    this.#server.renew();
    const { keeper, gateway, log } = this.#context;
    try {
      await this.#server.reload(gateway.config.admin);
    } catch (error) {
      log.error(`The admin API keeps its certificate: ${messageOf(error)}`);
    }
    const before = keeper.status().running.digest;
    const fact = { who: "file", from: "", action: "config.file", before } as const;
    try {
      const result = await keeper.reload();
      if (!result?.version) return;
      const detail = `version ${result.version.number}`;
      await this.audit.note({ ...fact, outcome: "done", detail, after: result.digest });
    } catch (error) {
      const detail = messageOf(error);
      await this.audit.note({ ...fact, outcome: "refused", detail });
    }
  }

  /** Ends. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    for (const server of this.#leaving.keys()) this.#end(server);
    this.#end(this.#server);
    await Promise.all(this.#ending);
    await this.audit.close();
  }

  async #replace(options: AdminConfig): Promise<void> {
    const former = this.#server, isFixed = !options.listen.endsWith(":0");
    if (former.listen === options.listen && isFixed) {
      await former.reload(options);
      return;
    }
    // A change that is taken back at once finds its address taken by the server that was about to leave.
    const back = [...this.#leaving.keys()].find(({ listen }) =>
      isFixed && listen === options.listen
    );
    if (back) {
      await back.reload(options);
      clearTimeout(this.#leaving.get(back));
      this.#leaving.delete(back);
    } else await Promise.all(this.#ending);
    this.#server = back ?? await serveAdmin(this.#context, options);
    // The answer to the very change goes out over the former one.
    this.#leaving.set(former, setTimeout(() => this.#end(former), FAREWELL_MS));
    this.#context.log.info(`Admin API at ${this.url}`);
  }

  #end(server: AdminServer): void {
    clearTimeout(this.#leaving.get(server));
    this.#leaving.delete(server);
    const ending: Promise<void> = server.stop().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}
