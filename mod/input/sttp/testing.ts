/**
 * For tests: a publisher that says what a test wants, over plain TCP.
 *
 * @module
 */
import {
  Command,
  encodeCachePayload,
  encodeMetadata,
  encodeSignalIndexCache,
  FrameSplitter,
  noBaseTimes,
  Response,
  responseFrame,
  writeCompact,
  writeDataPacketHeader,
} from "../../sttp/mod.ts";

/** GUID of signal `n`. */
export function guidOf(n: number): string {
  return `11111111-1111-4111-8111-${n.toString(16).padStart(12, "0")}`;
}

/** Publishes signals 0, 1, 2 ... of one device to one subscriber at a time, which gets no compressed data. */
export class ScriptedPublisher {
  /** Port that it listens on. */
  readonly port: number;
  /** Caches that were confirmed. */
  confirmed = 0;
  readonly #signals: number;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  #connection: Deno.TcpConn | undefined;

  /** Listens; `signals` is the number of its signals. */
  constructor(signals: number) {
    this.#signals = signals;
    this.port = this.#listener.addr.port;
    void this.#accept();
  }

  /** Sends one packet with values of these signals at a second since 1970. */
  async publish(second: number, values: ReadonlyMap<number, number>): Promise<void> {
    const out = new Uint8Array(5 + 17 * values.size);
    const format = {
      includeTime: true,
      millisecondResolution: false,
      baseTimes: noBaseTimes(),
    };
    const ticks = BigInt(second + 62_135_596_800) * 10_000_000n;
    let at = 5;
    for (const [index, value] of values) {
      const bits = new Int32Array(Float32Array.of(value).buffer)[0]!;
      const hi = Number(ticks >> 32n), lo = Number(ticks & 0xffffffffn);
      at = writeCompact(out, at, format, index, hi, lo, 0, bits);
    }
    writeDataPacketHeader(out, 0, false, 0, values.size);
    await this.#say(Response.DataPacket, Command.Subscribe, out.subarray(0, at));
  }

  /** Ends the connection; the subscriber may come again. */
  hangUp(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  /** Ends everything. */
  close(): void {
    this.#listener.close();
    this.hangUp();
  }

  async #accept(): Promise<void> {
    try {
      for await (const connection of this.#listener) {
        this.#connection = connection;
        void this.#serve(connection);
      }
    } catch {
      // closed
    }
  }

  async #serve(connection: Deno.TcpConn): Promise<void> {
    const splitter = new FrameSplitter({ frame: (body) => void this.#answer(body[0]!) }, 1 << 20);
    const buffer = new Uint8Array(65_536);
    try {
      for (;;) {
        const count = await connection.read(buffer);
        if (count === null) return;
        splitter.push(buffer.subarray(0, count));
      }
    } catch {
      // closed
    }
  }

  async #answer(command: number): Promise<void> {
    switch (command) {
      case Command.ConfirmUpdateSignalIndexCache:
        this.confirmed++;
        return;
      case Command.MetadataRefresh:
        return await this.#say(Response.Succeeded, command, this.#metadata());
      case Command.Subscribe:
        await this.#say(Response.UpdateSignalIndexCache, command, this.#cache());
    }
    await this.#say(Response.Succeeded, command, new TextEncoder().encode("yes"));
  }

  #metadata(): Uint8Array {
    const columns = (...names: string[]) =>
      names.map((name) => ({ name, type: "string" as const }));
    return encodeMetadata({
      name: "DataSet",
      tables: [
        { name: "DeviceDetail", columns: columns("Acronym"), rows: [["SHELBY"]] },
        {
          name: "MeasurementDetail",
          columns: columns("SignalID", "DeviceAcronym", "SignalAcronym", "SignalReference"),
          rows: Array.from({ length: this.#signals }, (_, n) => [
            guidOf(n),
            "SHELBY",
            "ALOG",
            `SHELBY-AV${n + 1}`,
          ]),
        },
      ],
    }, { encoding: "utf-8", gzip: false });
  }

  #cache(): Uint8Array {
    const body = encodeSignalIndexCache({
      subscriberId: guidOf(0),
      records: Array.from({ length: this.#signals }, (_, n) => ({
        signalIndex: n,
        signalId: guidOf(n),
        source: "UP",
        id: n,
      })),
      unauthorized: [],
    }, "utf-8");
    return encodeCachePayload(body, 0, { version: 2, gzip: false, encoding: "utf-8" });
  }

  async #say(response: number, command: number, payload: Uint8Array): Promise<void> {
    const frame = responseFrame(response, command, payload);
    for (let at = 0; at < frame.length;) at += await this.#connection!.write(frame.subarray(at));
  }
}
