/**
 * A subscriber on real sockets: dials a publisher over TLS or plain TCP, and dials again when it is lost.
 *
 * @module
 */
import { type Clock, messageOf, type Steps } from "../../core/mod.ts";
import type { Verdict } from "../../identity/mod.ts";
import {
  Backoff,
  type Connection,
  connectTcp,
  connectTls,
  inTurns,
  openUdp,
  pause,
  type TlsPeer,
  type UdpSocket,
} from "../../os/mod.ts";
import {
  type SubscriberCounters,
  type SubscriberEvents,
  SubscriberSession,
  type SubscriberSessionOptions,
  type SubscriberState,
} from "../../sttp/mod.ts";

/** What a client shows and how it judges the publisher. */
export interface ClientTls {
  /** Private key, PEM. */
  readonly keyPem: string;
  /** Certificate and chain, PEM. */
  readonly certPem: string;
  /** Decides who the publisher is. */
  readonly judge: (peer: TlsPeer) => Verdict;
}

/** What a client tells besides what its session does. */
export interface ClientEvents extends Omit<SubscriberEvents, "transmit" | "close"> {
  /** A connection stands; `peer` is absent without TLS. */
  connected?(peer: TlsPeer | undefined): void;
  /** There is no connection (any more); the next attempt follows in `retryMs`. */
  disconnected?(message: string, retryMs: number): void;
}

/** The UDP data channel of a client. */
export interface ClientUdp {
  /** Port to receive on; default any. */
  readonly port?: number;
  /** Port that the publisher is told, where something between passes on to `port`; default `port`. */
  readonly announcedPort?: number;
}

/** How a client is made. */
export interface SttpClientOptions {
  /** Host name or address of the publisher. */
  readonly hostname: string;
  /** Port of the publisher. */
  readonly port: number;
  /** Over TLS with these; absent: plain TCP. */
  readonly tls?: ClientTls;
  /** What the session is given. */
  readonly session: Omit<SubscriberSessionOptions, "events" | "nowMs">;
  /** Asks for data by datagrams and opens a socket for them; absent: data come over the connection. */
  readonly udp?: ClientUdp;
  /** Takes what comes out. */
  readonly events: ClientEvents;
  /** The time. */
  readonly clock: Clock;
  /** Longest wait for a connection, in milliseconds; default 10,000. */
  readonly connectTimeoutMs?: number;
  /** First wait before dialling again, in milliseconds; default 1000. */
  readonly reconnectMinMs?: number;
  /** Longest wait before dialling again, in milliseconds; default 30,000. */
  readonly reconnectMaxMs?: number;
}

const TICK_MS = 100;
/** A connection that held for this long lets the next wait start small again. */
const STABLE_MS = 10_000;

/**
 * An STTP subscriber that keeps itself connected.
 *
 * @example
 * ```ts
 * import { systemClock } from "../../os/mod.ts";
 * import { SttpClient } from "./mod.ts";
 *
 * const client = new SttpClient({
 *   hostname: "127.0.0.1",
 *   port: 7165,
 *   clock: systemClock(),
 *   session: { request: { filterExpression: "FILTER ActiveMeasurements WHERE SignalType = 'FREQ'" } },
 *   events: { measurements: (batch) => console.log(batch.count) },
 * });
 * client.start();
 * await client.stop();
 * ```
 */
export class SttpClient {
  readonly #options: SttpClientOptions;
  readonly #backoff: Backoff;
  #abort: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();
  #session: SubscriberSession | undefined;
  #connection: Connection | undefined;
  #connects = 0;
  #endedBytes = 0;

  /** Prepares a client; nothing is dialled before {@linkcode start}. */
  constructor(options: SttpClientOptions) {
    this.#options = options;
    this.#backoff = new Backoff(
      options.reconnectMinMs ?? 1000,
      options.reconnectMaxMs ?? 30_000,
      Math.random,
    );
  }

  /** Where the session stands; `ended` while there is no connection. */
  get state(): SubscriberState {
    return this.#session?.state ?? "ended";
  }

  /** What the session of this connection counted. */
  get counters(): Readonly<SubscriberCounters> | undefined {
    return this.#session?.counters;
  }

  /** Bytes received over all connections. */
  get bytesReceived(): number {
    return this.#endedBytes + (this.#session?.counters.bytes ?? 0);
  }

  /** Connections that were made. */
  get connects(): number {
    return this.#connects;
  }

  /** Sends a command of the session; nothing is sent while it cannot take any. */
  command(code: number, payload?: Uint8Array): void {
    this.#session?.command(code, payload);
  }

  /** Begins to dial; does nothing if it has begun. */
  start(): void {
    if (this.#abort) return;
    this.#abort = new AbortController();
    this.#running = this.#run(this.#abort.signal);
  }

  /** Ends the connection and dials no more. */
  async stop(): Promise<void> {
    this.#abort?.abort();
    this.#connection?.destroy();
    await this.#running;
    this.#abort = undefined;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, events } = this.#options;
    while (!signal.aborted) {
      let why: string;
      try {
        const connection = await this.#dial(signal);
        const since = clock.monotonicMs();
        why = await this.#serve(connection, await this.#openUdp(connection));
        if (clock.monotonicMs() - since > STABLE_MS) this.#backoff.reset();
      } catch (error) {
        why = messageOf(error);
      }
      if (signal.aborted) return;
      const wait = this.#backoff.next();
      events.disconnected?.(why, wait);
      await pause(wait, signal);
    }
  }

  async #dial(signal: AbortSignal): Promise<Connection> {
    const { hostname, port, tls, events } = this.#options;
    const timeoutMs = this.#options.connectTimeoutMs ?? 10_000;
    if (!tls) {
      const connection = await connectTcp({ hostname, port, timeoutMs, signal });
      events.connected?.(undefined);
      return connection;
    }
    const { connection, peer } = await connectTls({ hostname, port, ...tls, timeoutMs, signal });
    events.connected?.(peer);
    return connection;
  }

  /** Opens the socket for datagrams of the peer of `connection`, and of nobody else. */
  async #openUdp(connection: Connection): Promise<UdpSocket | undefined> {
    const { udp, clock } = this.#options;
    if (!udp) return undefined;
    try {
      return await openUdp({
        hostname: connection.localAddress,
        port: udp.port ?? 0,
        sources: [connection.remoteAddress],
        clock,
        onDatagram: (bytes) => this.#session?.receiveDatagram(bytes, clock.monotonicMs()),
        onError: () => connection.destroy(),
      });
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  /** Runs a session until its connection ends; resolves with the reason. */
  #serve(connection: Connection, datagrams: UdpSocket | undefined): Promise<string> {
    const { clock, events, session: options } = this.#options;
    this.#connects++;
    this.#connection = connection;
    return new Promise((resolve) => {
      let why = "";
      const session = new SubscriberSession({
        ...options,
        ...(datagrams && {
          request: {
            ...options.request,
            udpPort: this.#options.udp?.announcedPort ?? datagrams.port,
          },
        }),
        nowMs: clock.monotonicMs(),
        events: {
          ...events,
          transmit: (bytes) => void connection.write(bytes),
          close: (_kind, message) => {
            why = message;
            connection.destroy();
          },
        },
      });
      this.#session = session;
      let isWorking = false;
      const work = () => {
        isWorking = true;
        inTurns(workSteps(session)).catch((error) => {
          why = messageOf(error);
          connection.destroy();
        }).finally(() => isWorking = false);
      };
      const timer = setInterval(() => session.tick(clock.monotonicMs()), TICK_MS);
      connection.onData = (bytes) => {
        session.receive(bytes, clock.monotonicMs());
        if (session.isWorking && !isWorking) work();
      };
      connection.onClose = (_reason, message) => {
        clearInterval(timer);
        datagrams?.close();
        session.end();
        this.#endedBytes += session.counters.bytes;
        this.#session = undefined;
        this.#connection = undefined;
        resolve(why || message);
      };
      session.start(clock.monotonicMs());
    });
  }
}

/** What a session has to work on, a large cache, as steps. */
function* workSteps(session: SubscriberSession): Steps<void> {
  while (session.work()) yield;
}
