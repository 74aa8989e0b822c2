/**
 * What the tests of the output share: rights without rules, a log that is kept, and a client on a connection.
 *
 * @module
 */
import { makeFrame, makeLayout, type Signal, SignalRegistry, type Steps } from "../../core/mod.ts";
import type { Connection } from "../../os/mod.ts";
import {
  Command,
  commandFrame,
  DATA_PACKET_HEADER_SIZE,
  decodeCachePayload,
  decodeText,
  encodeText,
  FrameSplitter,
  MeasurementBatch,
  parseDataPacketHeader,
  parseResponse,
  Response,
  type SignalIndexCache,
  TsscDecoder,
} from "../../sttp/mod.ts";
import type { SubscriberAccess } from "./subscriber.ts";

/** The gateway's GUID in tests. */
export const GATEWAY_ID = "6d1b5f2e-6f0b-4c7e-9d57-2f6f3a6f1a11";

/** Settings of an output on any port of this host, which gives handshakes the time that a busy machine needs. */
export const LISTENING = {
  type: "sttp",
  listen: "127.0.0.1:0",
  handshakeTimeoutMs: 60_000,
} as const;

/** A registry with one device of `count` analogs. */
export function makeRegistry(
  count: number,
): { registry: SignalRegistry; signals: readonly Signal[] } {
  const registry = new SignalRegistry(GATEWAY_ID, "TEST");
  const { signals } = registry.register(
    {
      acronym: "SHELBY",
      id: "00000000-0000-4000-8000-000000000001",
      name: "Shelby",
      parentAcronym: "",
      protocol: "test",
      accessId: 1,
      framesPerSecond: 60,
      company: "",
      vendor: "",
      longitude: NaN,
      latitude: NaN,
    },
    Array.from({ length: count }, (_, i) => ({
      type: "ALOG",
      label: `A${i}`,
      phase: "",
      unit: "",
      index: i + 1,
      description: "",
    })),
  );
  return { registry, signals };
}

/** Rights by handle, the same for every filter text; changed by tests. */
export class FakeAccess implements SubscriberAccess {
  version = 1;
  readonly options = { nodeId: GATEWAY_ID };
  readonly #registry: SignalRegistry;
  #granted = new Map<string, Uint8Array>();

  constructor(registry: SignalRegistry) {
    this.#registry = registry;
  }

  /** Grants `handles` to a subscriber, and nothing else. */
  grant(name: string, handles: readonly number[]): void {
    const permitted = new Uint8Array(this.#registry.size);
    for (const handle of handles) permitted[handle] = 1;
    this.#granted.set(name, permitted);
    this.version++;
  }

  permittedNow(name: string): Uint8Array {
    return this.#granted.get(name) ?? new Uint8Array(0);
  }

  *permittedSteps(name: string): Steps<Uint8Array> {
    yield;
    return this.permittedNow(name);
  }

  work(): boolean {
    return false; // rights are worked out when they are granted
  }

  *selectSteps(permitted: Uint8Array): Steps<{ signals: Signal[]; unauthorized: string[] }> {
    yield;
    return { signals: this.#visible(permitted), unauthorized: [] };
  }

  #visible(permitted: Uint8Array): Signal[] {
    return this.#registry.signals().filter((s) => permitted[s.handle] === 1);
  }
}

/** A Worker that makes metadata, and fails when it is told to. */
export function testingWorker(): Worker {
  return new Worker(new URL("./testing_metadata_worker.ts", import.meta.url), { type: "module" });
}

/** Makes frames of all signals, each value its handle plus `base`. */
export function frameMaker(signals: readonly Signal[]) {
  const layout = makeLayout("test", signals.map((s) => s.handle), [], 60);
  const frame = makeFrame(layout);
  return (base: number) => {
    const now = Date.now();
    frame.instant.seconds = Math.floor(now / 1000);
    frame.instant.nanos = (now % 1000) * 1e6;
    frame.arrivalMicros = now * 1000;
    signals.forEach((s, i) => frame.values[i] = base + s.handle);
    return frame;
  };
}

/** What a client needs of a connection. */
export type ClientWire = Pick<
  Connection,
  "onData" | "onClose" | "write" | "close" | "destroy" | "pause" | "resume"
>;

/**
 * A connection that really does not read while it is paused, so that the kernel's buffers fill up.
 *
 * Node's TLS sockets go on reading.
 */
export class RawWire implements ClientWire {
  onData: Connection["onData"];
  onClose: Connection["onClose"];
  readonly #conn: Deno.Conn;
  #writes: Promise<unknown> = Promise.resolve();
  #gate: Promise<void> = Promise.resolve();
  #open = () => {};
  #over = false;

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
    this.#read();
  }

  write(bytes: Uint8Array): boolean {
    const copy = bytes.slice();
    this.#writes = this.#writes.then(() => this.#conn.write(copy)).catch(() => {});
    return true;
  }

  pause(): void {
    this.#gate = new Promise((resolve) => this.#open = resolve);
  }

  resume(): void {
    this.#open();
  }

  close(): void {
    this.destroy();
  }

  destroy(): void {
    this.#open();
    if (this.#over) return;
    this.#over = true;
    this.#conn.close();
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(65536);
    try {
      while (true) {
        const size = await this.#conn.read(buffer);
        if (size === null) break;
        await this.#gate;
        this.onData?.(buffer.subarray(0, size));
      }
    } catch {
      // The connection is over, which is what is told below.
    }
    this.destroy();
    this.onClose?.("closedByPeer", "The peer has closed the connection");
  }
}

/** A subscriber at the other end of a connection. */
export class TestClient {
  readonly texts: { response: number; command: number; text: string }[] = [];
  readonly metadata: Uint8Array[] = [];
  readonly caches: SignalIndexCache[] = [];
  readonly values: { id: string; value: number }[] = [];
  /** Codes of all responses in order. */
  readonly codes: number[] = [];
  /** Packets out of sequence. */
  gaps = 0;
  /** Confirm caches as they come. */
  confirms = true;
  closed: string | undefined;
  readonly connection: ClientWire;
  readonly #slots: (SignalIndexCache | undefined)[] = [];
  readonly #decoders: TsscDecoder[] = [];
  readonly #batch = new MeasurementBatch();
  readonly #splitter = new FrameSplitter({ frame: (b) => this.#response(b) }, 1 << 26);

  constructor(connection: ClientWire) {
    this.connection = connection;
    connection.onData = (bytes) => this.#splitter.push(bytes);
    connection.onClose = (_, message) => this.closed = message;
  }

  hello(): void {
    this.send(Command.DefineOperationalModes, Uint8Array.of(0xe0, 0, 2, 0x62));
  }

  send(command: number, payload = new Uint8Array(0)): void {
    this.connection.write(commandFrame(command, payload));
  }

  subscribe(more = "", filter = "all"): void {
    const text = encodeText(`${more};filterExpression={${filter}}`, "utf-8");
    const payload = new Uint8Array(5 + text.length);
    payload[0] = 2;
    new DataView(payload.buffer).setUint32(1, text.length);
    payload.set(text, 5);
    this.send(Command.Subscribe, payload);
  }

  /** Texts of a response code. */
  answers(response: number): string[] {
    return this.texts.filter((t) => t.response === response).map((t) => t.text);
  }

  #response(body: Uint8Array): void {
    const { response, command, payload } = parseResponse(body);
    this.codes.push(response);
    if (response === Response.Succeeded && command === Command.MetadataRefresh) {
      this.metadata.push(payload.slice());
    } else if (response === Response.Succeeded || response === Response.Failed) {
      this.texts.push({ response, command, text: decodeText(payload, "utf-8") });
    } else if (response === Response.UpdateSignalIndexCache) {
      const format = { version: 2, gzip: true, encoding: "utf-8" } as const;
      const { cache, cacheIndex } = decodeCachePayload(payload, format);
      this.caches.push(cache);
      this.#slots[cacheIndex] = cache;
      this.#decoders[cacheIndex] = new TsscDecoder();
      if (this.confirms) this.send(Command.ConfirmUpdateSignalIndexCache);
    } else if (response === Response.DataPacket) this.#data(payload);
  }

  #data(payload: Uint8Array): void {
    const { cacheIndex, count } = parseDataPacketHeader(payload);
    const batch = this.#batch;
    const decoder = this.#decoders[cacheIndex]!;
    batch.reserve(count);
    if (!decoder.decode(payload, DATA_PACKET_HEADER_SIZE, payload.length, count, batch)) {
      this.gaps++;
      return;
    }
    const records = this.#slots[cacheIndex]!.records;
    for (let i = 0; i < count; i++) {
      this.values.push({ id: records[batch.ids[i]!]!.signalId, value: batch.values[i]! });
    }
  }
}
