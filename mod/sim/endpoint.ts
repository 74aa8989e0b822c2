/**
 * The sockets of a simulated stream: where receivers come from and commands arrive.
 *
 * @module
 */
import type { ServerSession } from "../c37118/mod.ts";
import type { Clock } from "../core/mod.ts";
import type { PmuSimulatorOptions } from "./options.ts";
import { type Receiver, TcpReceiver, UdpReceiver } from "./receiver.ts";

/** What an endpoint tells its simulator. */
export interface EndpointEvents {
  /** A receiver has come: the session that its commands go to; undefined turns it away. */
  joined(receiver: Receiver): ServerSession | undefined;
  /** A receiver is gone. */
  left(receiver: Receiver): void;
}

/** Open sockets. */
export interface Endpoint {
  /** Port for commands; 0 when there is none. */
  readonly port: number;
  /** Closes every socket and waits until nothing runs any more. */
  close(): Promise<void>;
}

/** Opens what the transport of `options` needs; rejects when a socket cannot be opened. */
export function openEndpoint(
  options: PmuSimulatorOptions,
  clock: Clock,
  events: EndpointEvents,
): Promise<Endpoint> {
  const hostname = options.hostname ?? "127.0.0.1";
  const { transport } = options;
  // Async, so that what the platform throws becomes a rejection.
  return Promise.resolve().then(() => {
    switch (transport.kind) {
      case "tcp":
        return tcpEndpoint(options, hostname, transport.port, undefined, clock, events);
      case "tcp-udp":
        return tcpEndpoint(options, hostname, transport.port, transport.dataPort, clock, events);
      case "udp":
        return udpEndpoint(hostname, transport.port, events);
      case "udp-spontaneous":
        return spontaneousEndpoint(hostname, transport.address, transport.port, events);
    }
  });
}

function tcpEndpoint(
  options: PmuSimulatorOptions,
  hostname: string,
  port: number,
  dataPort: number | undefined,
  clock: Clock,
  events: EndpointEvents,
): Endpoint {
  const listener = bound(hostname, port, () => Deno.listen({ hostname, port }));
  const dataSocket = dataPort === undefined ? undefined : datagramSocket(hostname, 0);
  const open = new Set<TcpReceiver>();
  const running = new Set<Promise<void>>();
  const nowMs = () => clock.monotonicMs();

  const serve = async (conn: Deno.TcpConn) => {
    const tcp = new TcpReceiver(
      conn,
      options.maxQueueBytes ?? 262_144,
      (options.stalledSeconds ?? 10) * 1000,
      nowMs,
    );
    // With a data port, commands and their answers stay on TCP and data frames take the other way.
    const receiver: Receiver = dataSocket === undefined || dataPort === undefined
      ? tcp
      : new SplitReceiver(tcp, new UdpReceiver(dataSocket, conn.remoteAddr.hostname, dataPort));
    const session = events.joined(receiver);
    if (!session) return tcp.close();
    open.add(tcp);
    const buffer = new Uint8Array(4096);
    try {
      conn.setNoDelay(true);
      for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
        session.receive(buffer.subarray(0, n), nowMs());
      }
    } catch {
      // A reset connection ends like a closed one.
    } finally {
      open.delete(tcp);
      receiver.close();
      events.left(receiver);
    }
  };
  const accept = async () => {
    try {
      for await (const conn of listener) {
        const task = serve(conn);
        running.add(task);
        task.finally(() => running.delete(task));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error; // the listener was closed
    }
  };
  const accepting = accept();
  return {
    port: listener.addr.port,
    async close() {
      listener.close();
      for (const tcp of open) tcp.close();
      await accepting;
      await Promise.all(running);
      dataSocket?.close();
    },
  };
}

/** Answers on TCP, data on UDP. */
class SplitReceiver implements Receiver {
  readonly #tcp: TcpReceiver;
  readonly #udp: UdpReceiver;

  constructor(tcp: TcpReceiver, udp: UdpReceiver) {
    this.#tcp = tcp;
    this.#udp = udp;
  }

  send(frame: Uint8Array): number {
    const data = (frame[1]! & 0x70) === 0;
    return data ? this.#udp.send(frame) : this.#tcp.send(frame);
  }

  flushed(): Promise<void> {
    return this.#tcp.flushed();
  }

  close(): void {
    this.#udp.close();
    this.#tcp.close();
  }
}

function udpEndpoint(hostname: string, port: number, events: EndpointEvents): Endpoint {
  const socket = datagramSocket(hostname, port);
  const peers = new Map<string, { readonly receiver: Receiver; readonly session: ServerSession }>();
  const receive = async () => {
    const buffer = new Uint8Array(65_536);
    for (;;) {
      let received: [Uint8Array, Deno.Addr];
      try {
        received = await socket.receive(buffer);
      } catch (error) {
        if (error instanceof Deno.errors.BadResource) return; // closed here
        if (error instanceof Deno.errors.Interrupted) return;
        continue; // an ICMP error about something sent before
      }
      const [bytes, address] = received;
      if (address.transport !== "udp") continue;
      const key = `${address.hostname}:${address.port}`;
      let peer = peers.get(key);
      if (!peer) {
        const receiver = new UdpReceiver(socket, address.hostname, address.port);
        let session = events.joined(receiver);
        if (!session) {
          // UDP has no goodbye: the oldest that gets no data makes room.
          const idle = [...peers].find(([, p]) => !p.session.started);
          if (!idle) continue;
          peers.delete(idle[0]);
          events.left(idle[1].receiver);
          session = events.joined(receiver);
          if (!session) continue;
        }
        peers.set(key, peer = { receiver, session });
      }
      peer.session.datagram(bytes);
    }
  };
  const receiving = receive();
  return {
    port: portOf(socket),
    async close() {
      socket.close();
      await receiving;
    },
  };
}

function spontaneousEndpoint(
  hostname: string,
  address: string,
  port: number,
  events: EndpointEvents,
): Endpoint {
  // Bound to an address, since the kernel sends multicast through the interface of that address.
  const socket = datagramSocket(hostname, 0);
  events.joined(new UdpReceiver(socket, address, port));
  return {
    port: 0,
    close() {
      socket.close();
      return Promise.resolve();
    },
  };
}

function datagramSocket(hostname: string, port: number): Deno.DatagramConn {
  return bound(hostname, port, () => Deno.listenDatagram({ transport: "udp", hostname, port }));
}

/** What `bind` opens; the platform's error does not say for which address. */
function bound<T>(hostname: string, port: number, bind: () => T): T {
  try {
    return bind();
  } catch (error) {
    if (error instanceof Error) {
      error.message = `Cannot listen on ${hostname}:${port}: ${error.message}`;
    }
    throw error;
  }
}

function portOf(socket: Deno.DatagramConn): number {
  return socket.addr.transport === "udp" ? socket.addr.port : 0;
}
