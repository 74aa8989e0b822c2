/**
 * A C37.118 device that does what a test tells it: it answers for its configuration, and sends whatever bytes.
 *
 * @module
 */
import { Command, FrameType, parseCommand, StreamParser } from "../../mod/c37118/mod.ts";
import type { PmuSimulator } from "../../mod/sim/mod.ts";

/** What a device does besides; by itself it sends no data. */
export interface HandPmuBehaviour {
  /** Somebody has connected. */
  readonly connected?: (device: HandPmu) => void;
  /** Data are wanted. */
  readonly started?: (device: HandPmu) => void;
}

/** A device on a TCP port of its own, whose frames are made by a simulator that nobody is connected to. */
export class HandPmu {
  /** Makes frames. */
  readonly simulator: PmuSimulator;
  /** Whether commands are answered. */
  answers = true;
  /** Connections that were taken. */
  connections = 0;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #behaviour: HandPmuBehaviour;
  readonly #running: Promise<void>[] = [];
  #conn: Deno.TcpConn | undefined;
  #writing: Promise<void> = Promise.resolve();

  /** Listens. */
  constructor(simulator: PmuSimulator, behaviour: HandPmuBehaviour = {}) {
    this.simulator = simulator;
    this.#behaviour = behaviour;
    this.#running.push(this.#accept());
  }

  /** Port that it listens on. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Sends bytes, if somebody is connected. */
  send(bytes: Uint8Array): void {
    const conn = this.#conn;
    const copy = bytes.slice();
    this.#writing = this.#writing.then(async () => {
      for (let at = 0; conn && conn === this.#conn && at < copy.length;) {
        at += await conn.write(copy.subarray(at));
      }
    }).catch(() => {}); // the gateway has hung up, which some tests are about
  }

  /** Sends data frames of the simulator: `count` of them from slot `index` of `second` on. */
  sendFrames(second: number, index: number, count: number): void {
    for (let i = index; i < index + count; i++) this.send(this.simulator.dataFrame(second, i));
  }

  /** Sends the configuration. */
  sendConfiguration(): void {
    for (const f of this.simulator.configurationFrames(FrameType.Config2)) this.send(f);
  }

  /** Ends the connection. */
  hangUp(): void {
    const conn = this.#conn;
    this.#conn = undefined;
    conn?.close();
  }

  /** Ends everything. */
  async close(): Promise<void> {
    this.#listener.close();
    this.hangUp();
    await Promise.allSettled(this.#running);
    await this.#writing;
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) {
      this.hangUp();
      this.#conn = conn;
      this.connections++;
      this.#behaviour.connected?.(this);
      this.#running.push(this.#serve(conn));
    }
  }

  async #serve(conn: Deno.TcpConn): Promise<void> {
    const parser = new StreamParser((f) => {
      if (f.type !== FrameType.Command || !this.answers) return;
      const { command } = parseCommand(f.bytes.subarray(f.offset, f.offset + f.size));
      if (command === Command.SendConfig2) this.sendConfiguration();
      if (command === Command.DataOn) this.#behaviour.started?.(this);
    }, { role: "server" });
    const buffer = new Uint8Array(4096);
    try {
      for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
        parser.push(buffer.subarray(0, n), performance.now());
      }
    } catch {
      // Closed here or by the gateway.
    }
    if (this.#conn === conn) this.hangUp();
  }
}
