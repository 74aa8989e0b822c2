/**
 * The STTP output: listens for subscribers or dials them, and gives each what it was granted.
 *
 * @module
 */
import { parseHostPort } from "../../config/mod.ts";
import {
  acronymOf,
  type Frame,
  type FrameSink,
  messageOf,
  type Metric,
  type Part,
  type PartState,
  type PartStatus,
  ProtocolError,
  type StatisticRow,
} from "../../core/mod.ts";
import { type CertificateExpiry, expiryOf, type Identities } from "../../identity/mod.ts";
import {
  connectTls,
  type KeyPairPem,
  type Listener,
  listenTcp,
  listenTls,
  nextTurn,
  type Refusal,
  type TlsListener,
} from "../../os/mod.ts";
import type { BlockOpening } from "../../sttp/mod.ts";
import type { BlockTaker } from "./block_taker.ts";
import { SubscriberConnections } from "./connections.ts";
import type { SttpOutputContext } from "./context.ts";
import { Dialer } from "./dialer.ts";
import { KeyMaterial } from "./key_material.ts";
import { metricsOf } from "./report.ts";
import type { SttpDial, SttpOutputOptions } from "./schema.ts";
import type { SubscriberSettings, SubscriberStatus } from "./subscriber.ts";

/** Interval of everything that is done by time, in milliseconds. */
const TICK_MS = 50;
/** Interval at which files of key and certificate are looked at. */
const WATCH_MS = 30_000;
/** Interval at which certificates are looked at that may expire. */
const EXPIRY_MS = 60_000;
/** Most bytes per second that a dialled subscriber may send, as for accepted ones. */
const READ_BYTES_PER_SECOND = 2 * 1024 * 1024;

/** An STTP output as the gateway sees it. */
export interface SttpOutput extends Part {
  /** Port that it listens on, 0 while it does not. */
  readonly port: number;
  /** Where frames of a stream (`received`, or the name of an aligner) go in. */
  sinkFor(stream: string): FrameSink;
  /** Every subscriber with its connections and books. */
  subscribers(): Record<string, SubscriberStatus>;
  /**
   * Takes another set of subscribers into use; connections that it no longer allows are ended.
   *
   * Rights are not among this: they change through the access control of the context.
   */
  updateSubscribers(
    subscribers: Readonly<Record<string, SubscriberSettings>>,
    identities: Identities,
  ): void;
  /**
   * These signals carry buffer blocks from now on: subscribers without `bufferBlocks` do not see them.
   */
  carryBlocks(handles: Iterable<number>): void;
  /**
   * Sends a buffer block, lent for the call, to every subscriber that has subscribed to its signal.
   *
   * Each subscription has `opening` before the first block of the signal, and again when its version
   * is another.
   *
   * Returns the number of connections that took it; throws RangeError unless `carryBlocks` has named
   * the signal.
   */
  publishBlock(handle: number, bytes: Uint8Array, opening?: BlockOpening): number;
  /** The connections that have subscribed to a signal that carries blocks: each is given blocks as it has room. */
  blockTakers(handle: number): BlockTaker[];
  /**
   * Sends a message for people to a subscriber, now and at each new connection until it confirms.
   *
   * The time is put before it. False if the subscriber is unknown or the message too long (64 Ki
   * characters).
   */
  notify(subscriber: string, text: string): boolean;
  /** Withholds everything from a subscriber and ends its connections, until `restore`. */
  revoke(name: string): void;
  /** Takes `revoke` back. */
  restore(name: string): void;
  /** Ends the connections of a subscriber, which may connect again; returns their number. */
  disconnect(name: string): number;
  /**
   * Reads key and certificate again and shows them in new handshakes; open connections stay.
   *
   * True if another pair is in use now. A pair that cannot be read or does not fit is logged, and the old one stays.
   */
  reloadCertificate(): Promise<boolean>;
  /** The output's own certificate and those of connected subscribers, with the time that they have left. */
  certificates(): CertificateExpiry[];
}

/** Makes an STTP output; nothing is opened before `start`. */
export function createSttpOutput(
  name: string,
  options: SttpOutputOptions,
  context: SttpOutputContext,
): SttpOutput {
  return new SttpOutputPart(name, options, context);
}

class SttpOutputPart implements SttpOutput {
  readonly name: string;
  readonly #options: SttpOutputOptions;
  readonly #context: SttpOutputContext;
  readonly #connections: SubscriberConnections;
  readonly #dialers: { readonly to: SttpDial; readonly dialer: Dialer }[] = [];
  readonly #material: KeyMaterial;
  #listener: Listener | undefined;
  #tlsListener: TlsListener | undefined;
  #watchMs = Infinity;
  #expiryMs = Infinity;
  #timer: ReturnType<typeof setInterval> | undefined;
  #immediate: ReturnType<typeof setImmediate> | undefined;
  #isLater = false;
  #isPumping = false;
  #state: PartState = "stopped";
  #reason = "";
  #sinceMicros: number;

  constructor(name: string, options: SttpOutputOptions, context: SttpOutputContext) {
    this.name = name;
    this.#options = options;
    this.#context = context;
    this.#sinceMicros = context.clock.nowMicros();
    this.#connections = new SubscriberConnections(name, options, context, () => this.#again());
    const { certificate, key } = options;
    this.#material = new KeyMaterial(
      { certificate, key, own: context.identity },
      name,
      context.log,
    );
    for (const to of options.dial) {
      const dialer: Dialer = new Dialer(
        (signal): Promise<void> => this.#dial(to, dialer, signal),
        context.clock,
      );
      this.#dialers.push({ to, dialer });
    }
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  async start(): Promise<void> {
    await this.stop();
    this.#enter("starting");
    try {
      if (!this.#options.insecure || this.#dialers.length > 0) await this.#material.load();
      if (this.#options.listen !== "") this.#listener = await this.#listen();
    } catch (error) {
      this.#enter("failed", messageOf(error));
      throw error;
    }
    for (const { dialer } of this.#dialers) dialer.start();
    this.#watchMs = this.#context.clock.monotonicMs() + WATCH_MS;
    this.#expiryMs = -Infinity;
    this.#timer = setInterval(() => {
      this.#connections.tick();
      this.#connections.statistics.tick();
      for (const { dialer } of this.#dialers) dialer.tick();
      this.#watchCertificates();
    }, TICK_MS);
    this.#enter("running");
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    clearImmediate(this.#immediate);
    this.#timer = undefined;
    this.#immediate = undefined;
    for (const { dialer } of this.#dialers) dialer.stop();
    this.#connections.endAll("the output stops");
    const listener = this.#listener;
    this.#listener = this.#tlsListener = undefined;
    await listener?.close();
    this.#enter("stopped");
  }

  sinkFor(stream: string): FrameSink {
    return {
      accept: (frame: Frame) => {
        const log = this.#connections.logInUse(stream);
        if (!log) return;
        this.#connections.statistics.frame(frame);
        log.accept(frame);
        this.#again();
      },
    };
  }

  updateSubscribers(
    subscribers: Readonly<Record<string, SubscriberSettings>>,
    identities: Identities,
  ): void {
    this.#connections.update(subscribers, identities);
  }

  carryBlocks(handles: Iterable<number>): void {
    this.#connections.access.hide(handles);
  }

  publishBlock(handle: number, bytes: Uint8Array, opening?: BlockOpening): number {
    if (!this.#connections.access.carriesBlocks(handle)) {
      throw new RangeError(`Cannot publish a block: signal ${handle} does not carry blocks`);
    }
    const taken = this.#connections.publishBlock(handle, bytes, opening);
    if (taken > 0) this.#again();
    return taken;
  }

  blockTakers(handle: number): BlockTaker[] {
    return this.#connections.blockTakers(handle);
  }

  notify(subscriber: string, text: string): boolean {
    const now = new Date(this.#context.clock.nowMicros() / 1000).toISOString();
    const stamp = `[${now.slice(0, 10)} ${now.slice(11, 23)}]`;
    return this.#connections.notify(subscriber, `${stamp} ${text}`);
  }

  revoke(name: string): void {
    const subscriber = this.#connections.subscribers.get(name);
    if (!subscriber) return;
    subscriber.revoked = true;
    this.#connections.end(name, "it was revoked");
  }

  restore(name: string): void {
    const subscriber = this.#connections.subscribers.get(name);
    if (subscriber) subscriber.revoked = false;
  }

  disconnect(name: string): number {
    return this.#connections.end(name, "it was disconnected by the operator");
  }

  reloadCertificate(): Promise<boolean> {
    return this.#refreshMaterial(true);
  }

  certificates(): CertificateExpiry[] {
    const { facts } = this.#material;
    const nowMicros = this.#context.clock.nowMicros();
    return [
      ...(facts ? [expiryOf("own", this.name, facts, nowMicros)] : []),
      ...this.#connections.certificates(),
    ];
  }

  status(): PartStatus {
    const connections = this.#connections;
    return {
      state: this.#state,
      sinceMicros: this.#sinceMicros,
      ...(this.#reason ? { reason: this.#reason } : {}),
      detail: {
        listen: this.#options.listen,
        port: this.port,
        secure: !this.#options.insecure,
        connections: connections.size,
        accepted: connections.accepted,
        refused: { ...connections.refusals.counts },
        waitingBytes: connections.cap.totalBytes,
        heldBack: connections.cap.heldBack,
        capDisconnects: connections.cap.disconnected,
        certificates: this.certificates(),
        certificateReloads: this.#material.reloads,
        certificateRefusal: this.#material.refusal,
        dial: this.#dialers.map(({ to, dialer }) => ({
          ...to,
          state: dialer.state,
          failures: dialer.failures,
          lastReason: dialer.lastReason,
        })),
        metadata: connections.metadataMaker.status(),
        subscribers: this.subscribers(),
      },
    };
  }

  subscribers(): Record<string, SubscriberStatus> {
    const all: Record<string, SubscriberStatus> = {};
    for (const [name, subscriber] of this.#connections.subscribers) {
      all[name] = subscriber.status(this.#connections.of(name));
    }
    return all;
  }

  metrics(): Metric[] {
    return metricsOf(this.#connections, this.certificates());
  }

  /** The source is the name in the configuration as acronym. */
  statistics(): StatisticRow[] {
    const { statistics, openBytes, size } = this.#connections;
    return statistics.close(acronymOf(this.name.replace(/^output\./, "")), openBytes, size);
  }

  #enter(state: PartState, reason = ""): void {
    this.#connections.statistics.running(state === "running");
    this.#state = state;
    this.#reason = reason;
    this.#sinceMicros = this.#context.clock.nowMicros();
  }

  async #listen(): Promise<Listener> {
    const connections = this.#connections;
    const { hostname, port } = parseHostPort(this.#options.listen)!; // the schema has checked it
    // A few more than are served, so that those beyond get an answer instead of a closed socket.
    const maxConnections = this.#options.maxConnections + 4;
    const onRefused = (refusal: Refusal) =>
      connections.refusals.note(refusal.reason, refusal.message);
    if (this.#options.insecure) {
      return await listenTcp({
        hostname,
        port,
        maxConnections,
        judge: ({ address }) => connections.judgePlain(address),
        onPeer: (connection, name) => void connections.serve(connection, name),
        onRefused,
      });
    }
    return this.#tlsListener = await listenTls({
      hostname,
      port,
      maxConnections,
      maxHandshakesPerSecond: this.#options.maxHandshakesPerSecond,
      maxHandshakes: this.#options.maxHandshakes,
      handshakeTimeoutMs: this.#options.handshakeTimeoutMs,
      ...this.#pair(),
      judge: (peer) => connections.judge({ peer, role: "client" }),
      onPeer: (connection, name, peer) =>
        void connections.serve(connection, name, { peer, role: "client" }),
      onRefused,
    });
  }

  /** The pair in use; `start` has loaded it. */
  #pair(): KeyPairPem {
    return this.#material.current!;
  }

  #refreshMaterial(always: boolean): Promise<boolean> {
    return this.#material.refresh(
      always,
      ({ keyPem, certPem }) => this.#tlsListener?.reload(keyPem, certPem),
    );
  }

  #watchCertificates(): void {
    const nowMs = this.#context.clock.monotonicMs();
    if (nowMs >= this.#watchMs) {
      this.#watchMs = nowMs + WATCH_MS;
      void this.#refreshMaterial(false);
    }
    if (nowMs >= this.#expiryMs) {
      this.#expiryMs = nowMs + EXPIRY_MS;
      this.#connections.warnOfExpiry(this.certificates());
    }
  }

  async #dial(to: SttpDial, dialer: Dialer, signal: AbortSignal): Promise<void> {
    const connections = this.#connections;
    const { connection, name, peer } = await connectTls({
      ...parseHostPort(to.address)!, // the schema has checked it
      ...this.#pair(),
      judge: (peer) => connections.judge({ peer, role: "server" }),
      maxReadBytesPerSecond: READ_BYTES_PER_SECOND,
      signal,
    });
    if (name !== to.subscriber) {
      connection.destroy();
      throw new ProtocolError(
        "wrongSubscriber",
        `Cannot serve ${to.address}: expected subscriber "${to.subscriber}", found "${name}"`,
      );
    }
    const shown = { peer, role: "server" } as const;
    if (!connections.serve(connection, name, shown, (reason) => dialer.ended(reason))) {
      throw new ProtocolError("refused", `Cannot serve subscriber "${name}" now`);
    }
  }

  /** Asks for a turn in which every connection encodes what waits for it. */
  #again(): void {
    if (this.#timer === undefined) return;
    if (!this.#isPumping) this.#immediate ??= setImmediate(() => this.#pump());
    else if (!this.#isLater) {
      // There is more than one turn's work: sockets are to be read first.
      this.#isLater = true;
      void nextTurn(true).then(() => {
        this.#isLater = false;
        if (this.#timer !== undefined) this.#pump();
      });
    }
  }

  #pump(): void {
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
    this.#isPumping = true;
    try {
      this.#connections.pump();
    } finally {
      this.#isPumping = false;
    }
  }
}
