/**
 * A pipe between a client and the gateway that can be shut, so that the gateway meets a peer that does not read.
 *
 * A TLS socket of the platform goes on reading while its owner does not; this does not.
 *
 * @module
 */

/** Takes connections on a loopback port and pipes each to another port. */
export class Valve {
  /** Bytes that were passed on to clients. */
  passed = 0;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.TcpConn>();
  readonly #running: Promise<void>[] = [];
  readonly #target: () => number;
  #gate: Promise<void> = Promise.resolve();
  #release = () => {};

  /** Pipes to the port that `target` gives when a client comes. */
  constructor(target: () => number) {
    this.#target = target;
    this.#running.push(this.#accept());
  }

  /** Port that clients dial. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Reads no more of what the gateway sends. */
  shut(): void {
    this.#gate = new Promise((resolve) => this.#release = resolve);
  }

  /** Reads again. */
  release(): void {
    this.#release();
  }

  /** Ends everything. */
  async close(): Promise<void> {
    this.#release();
    this.#listener.close();
    for (const conn of this.#open) this.#end(conn);
    await Promise.allSettled(this.#running);
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      const gateway = await Deno.connect({ hostname: "127.0.0.1", port: this.#target() });
      this.#open.add(client).add(gateway);
      this.#running.push(this.#pipe(client, gateway, false), this.#pipe(gateway, client, true));
    }
  }

  async #pipe(from: Deno.TcpConn, to: Deno.TcpConn, gated: boolean): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (;;) {
        if (gated) await this.#gate;
        const size = await from.read(buffer);
        if (size === null) break;
        for (let at = 0; at < size;) at += await to.write(buffer.subarray(at, size));
        if (gated) this.passed += size;
      }
    } catch {
      // Either side has gone: the other follows.
    }
    this.#end(from);
    this.#end(to);
  }

  #end(conn: Deno.TcpConn): void {
    if (this.#open.delete(conn)) conn.close();
  }
}
