/**
 * A subscriber without manners: it sends what the test wants, confirms what the test wants, and notes what comes.
 *
 * @module
 */
import { Identities } from "../../mod/identity/mod.ts";
import { type Connection, connectTcp, connectTls, type KeyPair } from "../../mod/os/mod.ts";
import {
  buildConnectionString,
  clientModes,
  Command,
  commandFrame,
  DATA_PACKET_HEADER_SIZE,
  decodeCachePayload,
  decodeText,
  DEFAULT_REQUEST,
  FrameSplitter,
  MeasurementBatch,
  operationalModesFrame,
  parseDataPacketHeader,
  parseResponse,
  Response,
  type SignalIndexCache,
  subscribeFrame,
  TsscDecoder,
} from "../../mod/sttp/mod.ts";

/** One side of an STTP connection by hand. Asks for version 2 with TSSC. */
export class RawSubscriber {
  /** Answers: response, command and text. */
  readonly answers: { response: number; command: number; text: string }[] = [];
  /** Caches in the order in which they came. */
  readonly caches: SignalIndexCache[] = [];
  /** GUIDs of measurements in the order in which they came. */
  readonly received: string[] = [];
  /** Packets out of sequence. */
  gaps = 0;
  /** Whether caches are confirmed. */
  confirms = true;
  /** Why the connection is over. */
  closed: string | undefined;
  /** The connection. */
  readonly connection: Connection;
  readonly #slots: (SignalIndexCache | undefined)[] = [];
  readonly #decoders: TsscDecoder[] = [];
  readonly #batch = new MeasurementBatch();
  readonly #splitter = new FrameSplitter({ frame: (body) => this.#take(body) }, 1 << 26);

  private constructor(connection: Connection) {
    this.connection = connection;
    connection.onData = (bytes) => this.#splitter.push(bytes);
    connection.onClose = (_, message) => this.closed = message;
  }

  /** Dials a port of this host; with `tls` over TLS. */
  static async dial(
    port: number,
    tls?: { readonly own: KeyPair; readonly gatewayPin: string },
  ): Promise<RawSubscriber> {
    if (!tls) return new RawSubscriber(await connectTcp({ hostname: "127.0.0.1", port }));
    const gateway = new Identities({
      subscribers: [{ name: "gateway", enabled: true, pins: [tls.gatewayPin] }],
    });
    const { connection } = await connectTls({
      hostname: "127.0.0.1",
      port,
      keyPem: tls.own.keyPem,
      certPem: tls.own.certPem,
      judge: (peer) => gateway.identifyTls({ ...peer, nowMs: Date.now(), role: "server" }),
    });
    return new RawSubscriber(connection);
  }

  /** Defines operational modes. */
  hello(): this {
    this.connection.write(operationalModesFrame(clientModes(2)));
    return this;
  }

  /** Subscribes. */
  subscribe(filterExpression = "FILTER ActiveMeasurements WHERE TRUE"): this {
    const text = buildConnectionString({ ...DEFAULT_REQUEST, filterExpression });
    this.connection.write(subscribeFrame(text, clientModes(2).encoding));
    return this;
  }

  /** Sends a command. */
  send(command: number, payload?: Uint8Array): this {
    this.connection.write(commandFrame(command, payload));
    return this;
  }

  /** Texts of answers with a response code. */
  texts(response: number): string[] {
    return this.answers.filter((a) => a.response === response).map((a) => a.text);
  }

  #take(body: Uint8Array): void {
    const { response, command, payload } = parseResponse(body);
    if (response === Response.UpdateSignalIndexCache) {
      const { cache, cacheIndex } = decodeCachePayload(payload, {
        version: 2,
        gzip: true,
        encoding: clientModes(2).encoding,
      });
      this.caches.push(cache);
      this.#slots[cacheIndex] = cache;
      this.#decoders[cacheIndex] = new TsscDecoder();
      if (this.confirms) this.send(Command.ConfirmUpdateSignalIndexCache);
    } else if (response === Response.DataPacket) this.#data(payload);
    else {
      const isText = response === Response.Failed ||
        (response === Response.Succeeded && command !== Command.MetadataRefresh);
      this.answers.push({
        response,
        command,
        text: isText ? decodeText(payload, clientModes(2).encoding) : "",
      });
    }
  }

  #data(payload: Uint8Array): void {
    const { cacheIndex, count } = parseDataPacketHeader(payload);
    const cache = this.#slots[cacheIndex], decoder = this.#decoders[cacheIndex];
    if (!cache || !decoder) throw new Error("Expected a cache before data");
    const batch = this.#batch;
    batch.reserve(count);
    if (!decoder.decode(payload, DATA_PACKET_HEADER_SIZE, payload.length, count, batch)) {
      this.gaps++;
      return;
    }
    const ids = new Map(cache.records.map((r) => [r.signalIndex, r.signalId]));
    for (let i = 0; i < count; i++) this.received.push(ids.get(batch.ids[i]!) ?? "unknown");
  }
}
