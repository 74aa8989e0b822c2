/**
 * Who sends a request: by bearer token or client certificate.
 *
 * @module
 */
import { type Clock, messageOf } from "../core/mod.ts";
import { sha256 } from "../config/mod.ts";
import { type AdminConfig, adminIdentities, type AdminUser } from "../gateway/mod.ts";
import { hashToken, Identities, isTokenOf, parseToken } from "../identity/mod.ts";
import type { HttpPeer } from "../os/mod.ts";
import type { ClaimToken } from "./claim.ts";
import { Lockout } from "./lockout.ts";
import { ProblemError } from "./problem.ts";
import type { User } from "./roles.ts";
import { tokenHashOf } from "./token_hash.ts";

/** Tokens that were proven lately and need no hashing; each costs a few hundred bytes. */
const MAX_PROVEN = 256;
/** Hashings at a time; each takes a processor and 16 MiB. */
const MAX_HASHING = 2;
/** How long after {@linkcode Authenticator.renew} nobody is locked out. */
const SPARED_MS = 5 * 60_000;

/** Name under which the holder of the claim token acts. */
export const CLAIMANT = "claim";

/** Says who sends a request. */
export class Authenticator {
  readonly #admin: () => AdminConfig;
  readonly #claim: ClaimToken | undefined;
  readonly #clock: Clock;
  readonly #refused: (peer: HttpPeer, name: string, why: string) => void;
  readonly #unreadable: (why: string) => void;
  readonly #lockout = new Lockout();
  readonly #proven = new Map<string, { readonly name: string; readonly token: string }>();
  readonly #logins = new Map<string, Promise<User>>();
  #hashing = 0;
  #decoy: Promise<string> | undefined;
  #identities: { readonly admin: AdminConfig; readonly known: Identities } | undefined;

  /**
   * `admin` is asked at each request, so that a change of users holds at once; certificates are judged by the UTC of
   * `clock`; `refused` hears of logins
   * that failed, `unreadable` of tokens' hashes that are not where the configuration says.
   */
  constructor(
    admin: () => AdminConfig,
    claim: ClaimToken | undefined,
    clock: Clock,
    refused: (peer: HttpPeer, name: string, why: string) => void,
    unreadable: (why: string) => void,
  ) {
    this.#admin = admin;
    this.#claim = claim;
    this.#clock = clock;
    this.#refused = refused;
    this.#unreadable = unreadable;
  }

  /**
   * The user; undefined if the request shows nothing.
   *
   * Throws {@linkcode ProblemError} (401, 429 or 503) for a token that is not known, and while its address
   * is locked out or too many others are being looked at.
   */
  async identify(authorization: string | null, peer: HttpPeer): Promise<User | undefined> {
    return authorization === null
      ? this.#byCertificate(peer)
      : await this.#byToken(authorization, peer);
  }

  /** Name of the user if that can be told without work: by a certificate, or a token that was proven. */
  recognise(authorization: string | null, peer: HttpPeer): string | undefined {
    if (authorization === null) return this.#byCertificate(peer)?.name;
    return this.#proven.get(sha256(tokenTextOf(authorization)))?.name;
  }

  #byCertificate(peer: HttpPeer): User | undefined {
    if (!peer.tls?.certificateDer) return undefined;
    const admin = this.#admin();
    if (this.#identities?.admin !== admin) {
      const known = new Identities({ subscribers: adminIdentities(admin) });
      this.#identities = { admin, known };
    }
    const nowMs = this.#clock.nowMicros() / 1000;
    const verdict = this.#identities.known.identifyTls({ ...peer.tls, nowMs });
    // A certificate that nobody knows is as good as none: browsers show what they have.
    if (verdict.refused !== undefined) return undefined;
    return { name: verdict.name, roles: admin.user[verdict.name]!.roles };
  }

  /**
   * Forgets which tokens were right, so that hashes that stand outside of the configuration are read again, and takes
   * all locks off for some minutes.
   */
  renew(): void {
    this.#proven.clear();
    this.#lockout.spare(this.#clock.monotonicMs() + SPARED_MS);
  }

  async #byToken(authorization: string, peer: HttpPeer): Promise<User> {
    const text = tokenTextOf(authorization);
    const digest = sha256(text);
    const proven = this.#proven.get(digest);
    if (proven) {
      const known = this.#userOf(proven.name);
      if (known?.enabled && known.token === proven.token) {
        return { name: proven.name, roles: known.roles };
      }
      this.#proven.delete(digest);
    }
    const nowMs = this.#clock.monotonicMs();
    const name = parseToken(text)?.name ?? "";
    const leftMs = this.#lockout.leftMs(peer.address, name, nowMs);
    if (leftMs > 0) {
      this.#refused(peer, name, "locked out");
      throw new ProblemError(
        429,
        "lockedOut",
        "Too many failed logins from this address, or under this name",
        {},
        { "Retry-After": String(Math.ceil(leftMs / 1000)) },
      );
    }
    // Not once there are users, wherever they came from: an edit of the file spends no token.
    if (isUnclaimed(this.#admin()) && this.#claim?.isIt(text)) {
      this.#lockout.succeeded(peer.address, name);
      return { name: CLAIMANT, roles: [] };
    }
    // A page asks for many things at once: one token is looked at once, whoever waits for it.
    const key = `${peer.address} ${digest}`;
    let login = this.#logins.get(key);
    if (!login) {
      login = this.#login(text, digest, peer, nowMs).finally(() => this.#logins.delete(key));
      this.#logins.set(key, login);
    }
    return await login;
  }

  async #login(text: string, digest: string, peer: HttpPeer, nowMs: number): Promise<User> {
    const token = parseToken(text), name = token?.name ?? "";
    const configured = this.#userOf(name)?.token;
    const isRight = await this.#hash(text, configured);
    // As configured now: hashing took its time.
    const known = this.#userOf(name);
    if (!token || !isRight || !known?.enabled || known.token !== configured) {
      const locked = this.#lockout.failed(peer.address, name, nowMs);
      this.#refused(peer, name, locked ? "unknown token; locked out" : "unknown token");
      throw new ProblemError(401, "unknownToken", "This token is not known", {}, CHALLENGE);
    }
    this.#lockout.succeeded(peer.address, name);
    this.#proven.set(digest, { name: token.name, token: known.token! }); // it was right
    if (this.#proven.size > MAX_PROVEN) {
      this.#proven.delete(this.#proven.keys().next().value!); // it is not empty
    }
    return { name: token.name, roles: known.roles };
  }

  #userOf(name: string): AdminUser | undefined {
    const { user } = this.#admin();
    return Object.hasOwn(user, name) ? user[name] : undefined;
  }

  /** The hash; undefined, told in the log, where a secret by name is not there: nobody is let in by it. */
  async #hashFor(configured: string): Promise<string | undefined> {
    try {
      return await tokenHashOf(configured);
    } catch (error) {
      this.#unreadable(messageOf(error));
      return undefined;
    }
  }

  /** Costs the same whether there is such a user or not. */
  async #hash(text: string, configured: string | undefined): Promise<boolean> {
    if (this.#hashing >= MAX_HASHING) {
      throw new ProblemError(
        503,
        "busy",
        "Too many logins at a time",
        {},
        { "Retry-After": "1" },
      );
    }
    this.#hashing++;
    try {
      const hash = configured === undefined ? undefined : await this.#hashFor(configured);
      const decoy = await (this.#decoy ??= hashToken("", new Uint8Array(16)));
      const isRight = await isTokenOf(text, hash ?? decoy);
      return isRight && hash !== undefined;
    } finally {
      this.#hashing--;
    }
  }
}

function tokenTextOf(authorization: string): string {
  return /^Bearer +(\S{1,256})$/i.exec(authorization)?.[1] ?? "";
}

/** True while a gateway has no user. */
export function isUnclaimed({ user }: AdminConfig): boolean {
  return Object.keys(user).length === 0;
}

/** What an answer with 401 asks for. */
export const CHALLENGE = { "WWW-Authenticate": 'Bearer realm="tieline"' };
