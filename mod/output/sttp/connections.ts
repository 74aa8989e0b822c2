/**
 * All subscribers of an output and their connections: who is served, with what, and until when.
 *
 * @module
 */
import {
  type CertificateExpiry,
  type CertificateFacts,
  expiryOf,
  ExpiryWarnings,
  factsIfReadable,
  type Identities,
  type Verdict,
} from "../../identity/mod.ts";
import type { Connection, TlsPeer } from "../../os/mod.ts";
import { type BlockOpening, FrameLog } from "../../sttp/mod.ts";
import { BlockAccess } from "./block_access.ts";
import type { BlockTaker } from "./block_taker.ts";
import { SttpMetadata } from "./metadata.ts";
import { MetadataMaker } from "./metadata_maker.ts";
import { UnsentCap } from "./unsent_cap.ts";
import { OutputStatistics } from "./output_statistics.ts";
import type { SttpOutputContext } from "./context.ts";
import { Refusals } from "./refusals.ts";
import type { SttpOutputOptions } from "./schema.ts";
import { Subscriber, type SubscriberSettings } from "./subscriber.ts";
import { SubscriberConnection } from "./subscriber_connection.ts";

/** Changes of rights and signals that come within this time are handled together. */
const REFRESH_DELAY_MS = 100;
/** How long caches are worked out in one turn of the event loop, in milliseconds; then data go first. */
const REFRESH_TURN_MS = 2;
/** How long filters are run and caches made in one turn of the event loop, in milliseconds. */
const WORK_TURN_MS = 2;
/** Interval at which the certificates of connected peers are judged anew. */
const REVIEW_MS = 60_000;

/** What a TLS peer has shown, and its part in the handshake. */
export interface ShownPeer {
  /** What it has shown. */
  readonly peer: TlsPeer;
  /** `client` if it has dialled the gateway, `server` if it was dialled. */
  readonly role: "client" | "server";
}

/** The connections of one output. */
export class SubscriberConnections {
  /** Subscribers by name. */
  readonly subscribers = new Map<string, Subscriber>();
  /** Connections that were refused. */
  readonly refusals: Refusals;
  /** Connections that were served. */
  accepted = 0;
  /** What waits in all connections together. */
  readonly cap: UnsentCap;
  /** What all connections together do. */
  readonly statistics: OutputStatistics;
  /** Rights, and what carries buffer blocks. */
  readonly access: BlockAccess;
  /** What makes metadata. */
  readonly metadataMaker: MetadataMaker;
  readonly #options: SttpOutputOptions;
  readonly #context: SttpOutputContext;
  readonly #again: () => void;
  readonly #metadata: SttpMetadata;
  readonly #logs = new Map<string, FrameLog>();
  readonly #open = new Set<SubscriberConnection>();
  readonly #peers = new Map<SubscriberConnection, ShownPeer>();
  readonly #certificates = new Map<SubscriberConnection, CertificateFacts>();
  readonly #expiry: ExpiryWarnings;
  #identities: Identities;
  #seenVersion: number;
  #refreshMs = Infinity;
  /** Subscribers whose caches and metadata are still to follow the last change. */
  readonly #toRefresh = new Set<Subscriber>();
  #reviewMs: number;

  /** Serves nobody yet; `again` is called when `pump` has something to do. */
  constructor(
    name: string,
    options: SttpOutputOptions,
    context: SttpOutputContext,
    again: () => void,
  ) {
    this.#options = options;
    this.#context = context;
    this.#again = again;
    this.refusals = new Refusals(name, context.clock, context.log);
    this.cap = new UnsentCap(options.maxTotalUnsentBytes);
    this.#expiry = new ExpiryWarnings(context.clock, context.log);
    this.statistics = new OutputStatistics(context.clock);
    this.access = new BlockAccess(
      context.access,
      (name) => this.subscribers.get(name)?.settings.bufferBlocks ?? false,
    );
    const { registry, clock, log } = context;
    this.metadataMaker = new MetadataMaker({
      registry,
      options: context.access.options,
      clock,
      log,
      maxWaiting: options.maxConnections, // each has one request at a time
    });
    this.#metadata = new SttpMetadata({
      registry,
      access: this.access,
      maker: this.metadataMaker,
      clock,
    });
    this.#identities = context.identities;
    this.#seenVersion = this.access.version;
    this.#reviewMs = context.clock.monotonicMs() + REVIEW_MS;
    this.update(context.subscribers, context.identities);
  }

  /** Connections that are served now. */
  get size(): number {
    return this.#open.size;
  }

  /** Connections of one subscriber. */
  of(name: string): SubscriberConnection[] {
    return [...this.#open].filter((c) => c.name === name);
  }

  /** Bytes handed to the connections that are served now. */
  get openBytes(): number {
    let bytes = 0;
    for (const connection of this.#open) bytes += connection.bytesSent;
    return bytes;
  }

  /** The log of a stream that somebody reads; a frame that nobody reads need not be copied. */
  logInUse(stream: string): FrameLog | undefined {
    const log = this.#logs.get(stream);
    return log && log.readers > 0 ? log : undefined;
  }

  /** Who a TLS peer is. */
  judge(shown: ShownPeer): Verdict {
    const { certificateMicros, clock } = this.#context;
    const nowMs = (certificateMicros?.() ?? clock.nowMicros()) / 1000;
    return this.#identities.identifyTls({ ...shown.peer, nowMs, role: shown.role });
  }

  /** Who a plain TCP peer is. */
  judgePlain(address: string): Verdict {
    return this.#identities.identifyPlain({ address });
  }

  /** Takes other subscribers and identities into use; connections that they do not allow are ended. */
  update(
    subscribers: Readonly<Record<string, SubscriberSettings>>,
    identities: Identities,
  ): void {
    this.#identities = identities;
    for (const [name, settings] of Object.entries(subscribers)) {
      const known = this.subscribers.get(name);
      if (!known) {
        const context = { ...this.#context, access: this.access };
        this.subscribers.set(name, new Subscriber(name, settings, context));
        continue;
      }
      const before = known.settings;
      known.settings = settings;
      if (before.bufferBlocks !== settings.bufferBlocks) this.access.changed();
      if (!settings.enabled) this.end(name, "it was disabled");
      else if (before.stream !== settings.stream) this.end(name, "its stream was changed");
    }
    for (const name of [...this.subscribers.keys()]) {
      if (Object.hasOwn(subscribers, name)) continue;
      this.end(name, "it was taken out of the configuration");
      this.subscribers.delete(name);
    }
    this.#review();
  }

  /** Begins a session with an identified peer, or refuses it; true if it began. */
  serve(
    connection: Connection,
    name: string,
    shown?: ShownPeer,
    ended: (reason: string) => void = () => {},
  ): boolean {
    const subscriber = this.subscribers.get(name);
    if (!subscriber || !subscriber.settings.enabled || subscriber.revoked) {
      this.refusals.note("disabled", `${name} may not connect`);
      connection.destroy();
      return false;
    }
    const { maxConnections, connectionsPerSubscriber } = this.#options;
    if (this.size >= maxConnections || this.of(name).length >= connectionsPerSubscriber) {
      this.refusals.noRoom(connection, `${name} has too many connections`);
      return false;
    }
    if (this.#openFrom(connection.remoteAddress) >= this.#options.connectionsPerAddress) {
      this.refusals.noRoom(connection, `${connection.remoteAddress} has too many connections`);
      return false;
    }
    const { clock, log } = this.#context;
    const served = new SubscriberConnection(connection, {
      name,
      options: this.#options,
      log: this.#logFor(subscriber.settings.stream),
      rights: subscriber.rights,
      books: this.statistics.counting(subscriber.ledger),
      notifications: subscriber.notifications,
      subscriberId: subscriber.id,
      clock,
      logger: log,
      complaints: subscriber.complaints,
      metadata: (request) => this.#metadata.document(subscriber, request),
      slow: () => subscriber.settings.slow ?? this.#options.slow,
      again: this.#again,
      onTooSlow: () => subscriber.slowDisconnects++,
      onEnd: (over, reason) => {
        this.#open.delete(over);
        this.#peers.delete(over);
        this.#certificates.delete(over);
        subscriber.connectionEnded(over.status());
        this.statistics.connectionEnded(over.bytesSent);
        log.info(`${name}: connection from ${over.peer} is over: ${reason}`);
        ended(reason);
      },
    });
    subscriber.metadataDigest ??= this.#metadata.digest(subscriber);
    this.accepted++;
    this.#open.add(served);
    if (shown) this.#peers.set(served, shown);
    const facts = factsIfReadable(shown?.peer.certificateDer);
    if (facts) {
      this.#certificates.set(served, facts);
      this.#expiry.check([expiryOf("subscriber", name, facts, clock.nowMicros())]);
    }
    log.info(`${name}: connected from ${served.peer}`);
    return true;
  }

  /** The certificates of connected subscribers, each once. */
  certificates(): CertificateExpiry[] {
    const nowMicros = this.#context.clock.nowMicros();
    const known = new Map<string, CertificateExpiry>();
    for (const [{ name }, facts] of this.#certificates) {
      const key = `${name} ${facts.fingerprint}`;
      if (!known.has(key)) known.set(key, expiryOf("subscriber", name, facts, nowMicros));
    }
    return [...known.values()];
  }

  /** Warns of certificates that end soon, each once a day. */
  warnOfExpiry(certificates: readonly CertificateExpiry[]): void {
    this.#expiry.check(certificates);
  }

  /** Lets every connection encode what waits for it. */
  pump(): void {
    if (this.cap.tight) this.#checkCap();
    for (const connection of this.#open) this.#guard(connection, () => connection.pump());
    if (this.#toRefresh.size > 0) this.#refreshSome();
    this.#workSome();
  }

  /** Does what is due. */
  tick(): void {
    const nowMs = this.#context.clock.monotonicMs();
    this.refusals.tick(nowMs);
    for (const { complaints } of this.subscribers.values()) complaints.flush(nowMs);
    this.#checkCap();
    for (const connection of [...this.#open]) this.#guard(connection, () => connection.tick());
    if (this.access.version !== this.#seenVersion) {
      this.#seenVersion = this.access.version;
      this.#refreshMs = Math.min(this.#refreshMs, nowMs + REFRESH_DELAY_MS);
    }
    if (nowMs >= this.#refreshMs) this.#refresh();
    if (nowMs >= this.#reviewMs) this.#review();
    this.#workSome(); // also while no data flow
  }

  /** Gives a buffer block to every connection whose subscription has its signal; returns their number. */
  publishBlock(handle: number, bytes: Uint8Array, opening: BlockOpening | undefined): number {
    let taken = 0;
    for (const connection of this.#open) {
      this.#guard(connection, () => {
        if (connection.session.publishBlock(handle, bytes, opening)) taken++;
      });
    }
    return taken;
  }

  /** The connections that want blocks of a signal. */
  blockTakers(handle: number): BlockTaker[] {
    return [...this.#open]
      .filter(({ session }) => session.blockRoom(handle) !== undefined)
      .map((connection) => ({
        room: (of) => this.#open.has(connection) ? connection.session.blockRoom(of) : undefined,
        publish: (of, bytes, opening) => {
          if (!this.#open.has(connection)) return;
          this.#guard(connection, () => {
            if (connection.session.publishBlock(of, bytes, opening)) this.#again();
          });
        },
      }));
  }

  /** Keeps a message for a subscriber and sends it to its connections; false if it was not taken. */
  notify(name: string, text: string): boolean {
    const taken = this.subscribers.get(name)?.notifications.add(text) ?? false;
    if (!taken) return false;
    for (const connection of this.of(name)) {
      this.#guard(connection, () => connection.session.sendNotifications());
    }
    return true;
  }

  /** Ends the connections of a subscriber; returns their number. */
  end(name: string, reason: string): number {
    const connections = this.of(name);
    for (const connection of connections) connection.destroy(reason);
    return connections.length;
  }

  /** Ends all connections, and the Worker that makes metadata for them. */
  endAll(reason: string): void {
    this.metadataMaker.stop();
    for (const connection of [...this.#open]) connection.destroy(reason);
    this.refusals.endAll();
  }

  #checkCap(): void {
    this.cap.check(this.#open, this.#context.clock.monotonicMs());
  }

  #openFrom(address: string): number {
    let count = 0;
    for (const connection of this.#open) if (connection.address === address) count++;
    return count;
  }

  #logFor(stream: string): FrameLog {
    let log = this.#logs.get(stream);
    if (!log) this.#logs.set(stream, log = new FrameLog(this.#options.logBytes));
    return log;
  }

  /** Does something for one connection; a defect there ends that connection and nothing else. */
  #guard(connection: SubscriberConnection, work: () => void): void {
    try {
      work();
    } catch (error) {
      const message = error instanceof Error ? error.stack ?? error.message : String(error);
      this.#context.log.error(`${connection.name}: its session failed: ${message}`);
      connection.destroy("its session failed");
    }
  }

  /** Rights or signals have changed: caches follow, and metadata is announced to those who see the change. */
  #refresh(): void {
    this.#refreshMs = Infinity;
    for (const subscriber of this.subscribers.values()) this.#toRefresh.add(subscriber);
    this.#refreshSome();
  }

  /** Lets subscribers follow the change one by one, data of all going out in between. */
  #refreshSome(): void {
    const { clock } = this.#context;
    const endMs = clock.monotonicMs() + REFRESH_TURN_MS;
    for (const subscriber of this.#toRefresh) {
      if (clock.monotonicMs() >= endMs) {
        this.#again();
        return;
      }
      this.#toRefresh.delete(subscriber);
      const connections = this.of(subscriber.name);
      if (connections.length === 0) {
        subscriber.metadataDigest = undefined;
        continue;
      }
      const digest = this.#metadata.digest(subscriber);
      const changed = digest !== subscriber.metadataDigest;
      subscriber.metadataDigest = digest;
      for (const connection of connections) {
        this.#guard(connection, () => {
          connection.session.refresh();
          if (changed) connection.session.announceConfiguration();
        });
      }
    }
  }

  /** Works out rights, runs filters and makes caches, data of all going out in between. */
  #workSome(): void {
    const { clock } = this.#context;
    const endMs = clock.monotonicMs() + WORK_TURN_MS;
    let more: boolean;
    do {
      more = this.access.work();
      for (const connection of this.#open) {
        const { session } = connection;
        if (!session.isWorking) continue;
        more = true;
        this.#guard(connection, () => session.work());
        if (clock.monotonicMs() >= endMs) break;
      }
    } while (more && clock.monotonicMs() < endMs);
    if (more) this.#again();
  }

  /** Judges connected peers anew: certificates expire, pins and deny-lists change. */
  #review(): void {
    this.#reviewMs = this.#context.clock.monotonicMs() + REVIEW_MS;
    for (const connection of [...this.#open]) {
      const shown = this.#peers.get(connection);
      const verdict = shown ? this.judge(shown) : this.judgePlain(connection.address);
      if (verdict.refused !== undefined) connection.destroy(verdict.message);
      else if (verdict.name !== connection.name) {
        connection.destroy(`its certificate now belongs to "${verdict.name}"`);
      }
    }
  }
}
