/**
 * Who may take a stream and who does: clients by name and address, and destinations.
 *
 * @module
 */
import { parseHostPort } from "../../config/mod.ts";
import { type Frame, messageOf } from "../../core/mod.ts";
import { AddressList, type Verdict } from "../../identity/mod.ts";
import { type Connection, type Listener, listenTcp, type UdpSender } from "../../os/mod.ts";
import type { Complaints, DeliveryBook } from "../../stats/mod.ts";
import { TakerBooks } from "./books.ts";
import { type ClientStatus, StreamClient } from "./client.ts";
import type { C37118OutputContext } from "./context.ts";
import { Destination, type DestinationStatus, openSender } from "./destination.ts";
import type { C37118OutputOptions } from "./options.ts";
import type { FrameContent, OutputStream, StreamFrame } from "./served_stream.ts";

/** Most bytes per second that a client may send in the long run: commands have 18. */
const READ_BYTES_PER_SECOND = 8192;

/** What an operator sees of a client. */
export interface NamedClientStatus {
  /** Its connections. */
  readonly connections: readonly ClientStatus[];
  /** Its books. */
  readonly ledger: DeliveryBook;
}

/** What an operator sees of a destination. */
export interface NamedDestinationStatus extends DestinationStatus {
  /** Its books. */
  readonly ledger: DeliveryBook;
}

/** Everybody who takes one stream. */
export class Clients {
  /** Connections that were refused, by reason. */
  readonly refusals: Record<string, number> = {};
  /** Connections that were served. */
  accepted = 0;
  readonly #context: C37118OutputContext;
  readonly #stream: OutputStream;
  readonly #complaints: Complaints;
  readonly #open = new Set<StreamClient>();
  readonly #books = new Map<string, TakerBooks>();
  readonly #destinations: Destination[] = [];
  #options: C37118OutputOptions;
  #lists: readonly { readonly name: string; readonly list: AddressList }[] = [];
  #listener: Listener | undefined;
  #endedBytes = 0;
  #sent = 0; // of books that are gone

  /** Serves nobody yet. */
  constructor(
    options: C37118OutputOptions,
    context: C37118OutputContext,
    stream: OutputStream,
    complaints: Complaints,
  ) {
    this.#options = options;
    this.#context = context;
    this.#stream = stream;
    this.#complaints = complaints;
    this.update(options);
  }

  /** Port for commands; 0 while there is none. */
  get port(): number {
    return this.#listener?.port ?? 0;
  }

  /** Connections that are served. */
  get size(): number {
    return this.#open.size;
  }

  /** Bytes handed over since the start, to connections and by UDP. */
  get bytesSent(): number {
    let bytes = this.#endedBytes;
    for (const client of this.#open) bytes += client.bytesSent;
    for (const destination of this.#destinations) bytes += destination.bytesSent;
    return bytes;
  }

  /** Measurements handed over since the start. */
  get measurementsSent(): number {
    let sent = this.#sent;
    for (const { ledger } of this.#books.values()) sent += ledger.totals().sent;
    for (const { books } of this.#destinations) sent += books.ledger.totals().sent;
    return sent;
  }

  /** Opens sockets; rejects when one cannot be opened, with all of them closed again. */
  async open(): Promise<void> {
    const { listen, destinations, maxConnections } = this.#options;
    try {
      for (const address of destinations) {
        this.#destinations.push(new Destination(address, this.#options, this.#stream));
      }
      if (listen === "") return;
      this.#listener = await listenTcp({
        ...parseHostPort(listen)!, // the schema has checked it
        maxConnections,
        maxReadBytesPerSecond: READ_BYTES_PER_SECOND,
        judge: ({ address }) => this.#judge(address),
        onPeer: (connection, name) => this.#serve(connection, name),
        onRefused: ({ reason, message }) => this.#refuse(reason, message),
      });
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Closes every socket. */
  async close(): Promise<void> {
    for (const client of [...this.#open]) client.destroy("the output stops");
    for (const destination of this.#destinations.splice(0)) {
      destination.close();
      this.#endedBytes += destination.bytesSent;
      this.#sent += destination.books.ledger.totals().sent;
    }
    const listener = this.#listener;
    this.#listener = undefined;
    await listener?.close();
  }

  /** Takes other clients into use; those that may not connect any more are cut off. */
  update(options: C37118OutputOptions): void {
    this.#options = options;
    this.#lists = Object.entries(options.clients).map(([name, entries]) => ({
      name,
      list: new AddressList(entries),
    }));
    for (const { name } of this.#lists) {
      if (!this.#books.has(name)) this.#books.set(name, new TakerBooks());
    }
    for (const client of [...this.#open]) {
      const verdict = this.#judge(client.address);
      if (verdict.refused === undefined && verdict.name === client.name) continue;
      client.destroy("it may not connect any more");
    }
    for (const [name, { ledger }] of [...this.#books]) {
      if (Object.hasOwn(options.clients, name)) continue;
      this.#sent += ledger.totals().sent;
      this.#books.delete(name);
    }
  }

  /** True if somebody takes data now. */
  get wantsData(): boolean {
    if (this.#destinations.length > 0) return true;
    for (const { session } of this.#open) if (session.started) return true;
    return false;
  }

  /** True if anybody is to hear of a frame, be it in the books. */
  get isEmpty(): boolean {
    return this.#open.size === 0 && this.#destinations.length === 0;
  }

  /** Offers a frame to all: what is in it, and what it became, where somebody wants that. */
  offer(frame: Frame, content: FrameContent | undefined, made: StreamFrame | undefined): void {
    const { arrivalMicros, instant } = frame;
    const total = frame.layout.handles.length;
    for (const client of this.#open) client.offer(arrivalMicros, total, content, made);
    for (const destination of this.#destinations) {
      destination.offer(arrivalMicros, instant.seconds, total, content, made);
    }
  }

  /** The stream has another configuration. */
  configurationChanged(): void {
    for (const client of this.#open) client.configurationChanged();
    for (const destination of this.#destinations) destination.configurationChanged();
  }

  /** Does what is due. */
  tick(): void {
    for (const client of [...this.#open]) client.tick();
  }

  /** Clients by name with their connections and books. */
  status(): Record<string, NamedClientStatus> {
    const all: Record<string, NamedClientStatus> = {};
    for (const [name, { ledger }] of this.#books) {
      const connections = [...this.#open].filter((c) => c.name === name).map((c) => c.status());
      all[name] = { connections, ledger: ledger.totals() };
    }
    return all;
  }

  /** Destinations by address with their books. */
  destinations(): Record<string, NamedDestinationStatus> {
    return Object.fromEntries(this.#destinations.map((d) => [
      d.address,
      { ...d.status(), ledger: d.books.ledger.totals() },
    ]));
  }

  #judge(address: string): Verdict {
    const found = this.#lists.find(({ list }) => list.contains(address));
    if (found) return { name: found.name };
    return {
      refused: "addressNotAllowed",
      message: `Refused ${address}: it is no client's address`,
    };
  }

  #serve(connection: Connection, name: string): void {
    const { connectionsPerClient, dataPort } = this.#options;
    const own = [...this.#open].filter((c) => c.name === name).length;
    if (own >= connectionsPerClient) {
      connection.destroy();
      this.#refuse("tooManyOfClient", `Refused ${name}: it has ${own} connections`);
      return;
    }
    const { localAddress, remoteAddress } = connection;
    let sender: UdpSender | undefined;
    try {
      sender = dataPort > 0
        ? openSender(remoteAddress, dataPort, this.#options, localAddress)
        : undefined;
    } catch (error) {
      connection.destroy();
      this.#refuse("udp", `Refused ${name}: no socket for its data: ${messageOf(error)}`);
      return;
    }
    const { clock, log } = this.#context;
    this.accepted++;
    const client = new StreamClient(connection, {
      name,
      options: this.#options,
      stream: this.#stream,
      books: this.#books.get(name)!, // it was judged by its name
      sender,
      clock,
      complain: (kind, message) => this.#complaints.note(kind, message, clock.monotonicMs()),
      onEnd: (ended, reason) => {
        this.#open.delete(ended);
        this.#endedBytes += ended.bytesSent;
        log.info(`${name} (${remoteAddress}) is gone: ${reason}`);
      },
    });
    this.#open.add(client);
    log.info(`${name} (${remoteAddress}) is connected`);
  }

  #refuse(reason: string, message: string): void {
    this.refusals[reason] = (this.refusals[reason] ?? 0) + 1;
    this.#complaints.note(reason, message, this.#context.clock.monotonicMs());
  }
}
