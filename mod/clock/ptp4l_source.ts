/**
 * The sockets around a session with ptp4l: asking, push notifications, the daemon's going away and coming back.
 *
 * @module
 */
import type { Clock, Log } from "../core/mod.ts";
import { DecodeError } from "../core/mod.ts";
import {
  Backoff,
  pause,
  removeAbandonedSockets,
  UnixDatagram,
  UnixSocketError,
} from "../os/mod.ts";
import {
  decodeMessage,
  encodeSet,
  ManagementAction,
  managementContent,
  ManagementId,
  MessageType,
  type PortIdentity,
  samePort,
} from "../ptp/mod.ts";
import type { Ptp4lPicture } from "./ptp4l_picture.ts";
import { type Ptp4lCounters, Ptp4lSession } from "./ptp4l_session.ts";

/** How a ptp4l is reached. */
export interface Ptp4lSourceOptions {
  /** Path of the daemon's socket. */
  readonly socket: string;
  /** Folder for the gateway's own sockets, where the daemon may write. */
  readonly clientDir: string;
  /** The daemon's domain; undefined to try those that are in use. */
  readonly domainNumber?: number | undefined;
  /** The daemon's transportSpecific. */
  readonly majorSdoId: number;
  /** Milliseconds between looks. */
  readonly intervalMs: number;
  /** Milliseconds to wait for an answer. */
  readonly timeoutMs: number;
  /** Whether to ask for push notifications. */
  readonly push: boolean;
}

/** How it stands with the daemon. */
export type Ptp4lLink =
  | "starting"
  | "answering"
  | "silent"
  | "missing"
  | "refused"
  | "denied"
  | "failed";

/** What the source needs around it. */
export interface Ptp4lSourceContext {
  /** The time. */
  readonly clock: Clock;
  /** Where events go. */
  readonly log: Log;
  /** Called after every answer and every notification. */
  readonly onChange: () => void;
}

/** Names that {@linkcode Ptp4lSource} gives to its sockets: process, and a number. */
const OWN_SOCKET = /^ptp4l-\d+-\d{1,3}\.sock$/;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 5000;
const SUBSCRIPTION_SECONDS = 180;
const RENEW_MS = 120_000;
/** Events 0 to 3: port state, Sync, parent data set, peer delay. */
const EVENT_MASK = `0f${"0".repeat(126)}`;

/** Reads a ptp4l until it is stopped. */
export class Ptp4lSource {
  /** How it stands with the daemon. */
  link: Ptp4lLink = "starting";
  /** Why, in a sentence; empty while it answers. */
  reason = "not asked yet";
  /** Notifications that came. */
  pushed = 0;
  /** Whether the daemon took the subscription; undefined before it has answered. */
  subscribed: boolean | undefined;
  readonly #options: Ptp4lSourceOptions;
  readonly #context: Ptp4lSourceContext;
  readonly #session: Ptp4lSession;
  readonly #eventClient = clientIdentity();
  readonly #abort = new AbortController();
  #number = 0;
  #socket: UnixDatagram | undefined;
  #events: UnixDatagram | undefined;
  #renewMs = NaN;
  #done: Promise<void> | undefined;

  /** Makes a source that is not running. */
  constructor(options: Ptp4lSourceOptions, context: Ptp4lSourceContext) {
    this.#options = options;
    this.#context = context;
    this.#session = new Ptp4lSession({ ...options, client: clientIdentity() });
  }

  /** What is known of the daemon. */
  get picture(): Ptp4lPicture {
    return this.#session.picture;
  }

  /** Numbers. */
  get counters(): Ptp4lCounters {
    return this.#session.counters;
  }

  /** The domain that is asked. */
  get domainNumber(): number {
    return this.#session.domainNumber;
  }

  /** Ids that the daemon does not know. */
  get absent(): string[] {
    return this.#session.absent;
  }

  /** The last error that the daemon answered to what it must know, in words; empty if none. */
  get lastError(): string {
    return this.#session.lastError;
  }

  /** Begins to ask. */
  start(): void {
    this.#done ??= this.#run();
  }

  /** Ends; safe to call twice. */
  async stop(): Promise<void> {
    this.#abort.abort();
    this.#socket?.close();
    this.#unsubscribe();
    await this.#done;
  }

  async #run(): Promise<void> {
    await this.#clear();
    const backoff = new Backoff(FIRST_RETRY_MS, LONGEST_RETRY_MS, Math.random);
    while (!this.#abort.signal.aborted) {
      try {
        await this.#talk(() => backoff.reset());
      } catch (error) {
        if (this.#abort.signal.aborted) break;
        const known = error instanceof UnixSocketError ? error : undefined;
        const link = known && known.reason !== "timeout" && known.reason !== "closed"
          ? known.reason
          : "failed";
        this.#session.lost();
        this.#unsubscribe();
        this.#set(link, known?.message ?? String(error));
        await pause(backoff.next(), this.#abort.signal);
      } finally {
        this.#socket?.close();
        this.#socket = undefined;
      }
    }
  }

  /** One socket's life: ends by a timeout, which costs the socket, or throws when the daemon cannot be reached. */
  async #talk(onAnswer: () => void): Promise<void> {
    const { clock } = this.#context;
    const { signal } = this.#abort;
    const socket = this.#open();
    this.#socket = socket;
    while (!signal.aborted) {
      const due = this.#session.dueMs(clock.monotonicMs());
      if (due > 0) await pause(due, signal);
      const request = this.#session.next(clock.monotonicMs());
      if (!request || signal.aborted) continue;
      await socket.send(request);
      if (!await this.#answer(socket)) {
        const asked = this.#session.domainNumber;
        this.#session.timeout();
        if (this.#session.silent) {
          this.#unsubscribe();
          this.#set(
            "silent",
            `${this.#options.socket} takes requests and answers none: check its domain (tried ` +
              `${asked}) and its transportSpecific (tried ${this.#options.majorSdoId})`,
          );
        }
        return;
      }
      onAnswer();
      this.#set("answering", "");
      this.#context.onChange();
      if (this.#options.push) await this.#keepSubscribed();
    }
  }

  /** Waits for the answer; false when it does not come in time. */
  async #answer(socket: UnixDatagram): Promise<boolean> {
    const { clock } = this.#context;
    while (this.#session.waiting) {
      const left = this.#session.dueMs(clock.monotonicMs());
      try {
        this.#session.receive(await socket.receive(Math.max(1, left)), clock.monotonicMs());
      } catch (error) {
        if (error instanceof UnixSocketError && error.reason === "timeout") return false;
        throw error;
      }
    }
    return true;
  }

  /** Subscribes, and again in time; a daemon that refuses is not asked again before it has been away. */
  async #keepSubscribed(): Promise<void> {
    if (this.subscribed === false) return;
    const now = this.#context.clock.monotonicMs();
    if (now < this.#renewMs) return;
    this.#renewMs = now + RENEW_MS;
    const socket = this.#open();
    // The same identity moves a subscription from the old socket to the new one.
    const client = this.#eventClient;
    try {
      await socket.send(
        encodeSet(
          {
            source: client,
            domainNumber: this.#session.domainNumber,
            majorSdoId: this.#options.majorSdoId,
          },
          0,
          ManagementId.SubscribeEventsNp,
          { duration: SUBSCRIPTION_SECONDS, bitmask: EVENT_MASK },
        ),
      );
      this.subscribed = granted(await socket.receive(this.#options.timeoutMs), client);
    } catch (error) {
      socket.close();
      // The questions will tell if the daemon has gone; without an answer it is tried at the next renewal.
      if (error instanceof UnixSocketError) return;
      throw error;
    }
    if (!this.subscribed) {
      socket.close();
      this.#context.log.info(`${this.#options.socket} does not push; it is asked instead`);
      return;
    }
    this.#events?.close();
    this.#events = socket;
    void this.#listen(socket, client);
  }

  async #listen(socket: UnixDatagram, client: PortIdentity): Promise<void> {
    try {
      for (;;) {
        const bytes = await socket.receive();
        this.#notify(bytes, client);
      }
    } catch (error) {
      if (!(error instanceof UnixSocketError)) throw error;
      if (this.#events === socket) this.#unsubscribe();
    }
  }

  #notify(bytes: Uint8Array, client: PortIdentity): void {
    try {
      const message = decodeMessage(bytes);
      if (
        message.messageType !== MessageType.Management ||
        message.action !== ManagementAction.Response ||
        !samePort(message.targetPortIdentity, client)
      ) {
        this.counters.foreign++;
        return;
      }
      const content = managementContent(message);
      if (!("data" in content)) return;
      this.pushed++;
      const port = message.header.source.portNumber;
      this.picture.take(content, port, this.#context.clock.monotonicMs());
      this.#context.onChange();
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.counters.malformed++;
    }
  }

  #unsubscribe(): void {
    this.#events?.close();
    this.#events = undefined;
    this.subscribed = undefined;
    this.#renewMs = NaN;
  }

  /** Takes away what gateways that were killed have left. */
  async #clear(): Promise<void> {
    const { clientDir } = this.#options;
    const removed = await removeAbandonedSockets(clientDir, OWN_SOCKET);
    if (removed.length > 0) {
      this.#context.log.info(
        `${removed.length} sockets that an earlier process left in ${clientDir} are removed`,
      );
    }
  }

  #open(): UnixDatagram {
    const { clientDir, socket } = this.#options;
    const name = `ptp4l-${Deno.pid}-${(this.#number++) % 1000}.sock`;
    return UnixDatagram.open(`${clientDir}/${name}`, socket);
  }

  #set(link: Ptp4lLink, reason: string): void {
    const before = this.link;
    this.link = link;
    this.reason = reason;
    if (before === link) return;
    if (link === "answering") {
      this.#context.log.info(
        `${this.#options.socket} answers in domain ${this.#session.domainNumber}`,
      );
    } else this.#context.log.warn(`ptp4l is ${link}: ${reason}`);
    this.#context.onChange();
  }
}

/** Whether the answer to a subscription grants it. */
function granted(bytes: Uint8Array, client: PortIdentity): boolean {
  try {
    const message = decodeMessage(bytes);
    if (message.messageType !== MessageType.Management) return false;
    const content = managementContent(message);
    return samePort(message.targetPortIdentity, client) && "data" in content &&
      content.id === ManagementId.SubscribeEventsNp;
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}

let clients = 0;

/** An identity that no other client of a daemon on this host has: letters TL, a count, the process. */
function clientIdentity(): PortIdentity {
  const count = (clients++ & 0xffff).toString(16).padStart(4, "0");
  const process = (Deno.pid >>> 16).toString(16).padStart(4, "0");
  return { clockIdentity: `746c${count}0000${process}`, portNumber: Deno.pid & 0xffff };
}
