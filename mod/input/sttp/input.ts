/**
 * An STTP input as a part of the gateway: another publisher's signals, with their GUIDs and flags.
 *
 * @module
 */
import {
  acronymOf,
  type Clock,
  counter,
  type DataSet,
  type Frame,
  type FrameSink,
  gauge,
  type Log,
  type Metric,
  type Part,
  type PartState,
  type PartStatus,
  type SignalRegistry,
  type StatisticRow,
  type Steps,
  toMicros,
  uuidFromName,
} from "../../core/mod.ts";
import {
  type CertificateExpiry,
  type CertificateFacts,
  expiryMetrics,
  expiryOf,
  ExpiryWarnings,
  factsIfReadable,
  Identities,
} from "../../identity/mod.ts";
import { readSecret } from "../../os/mod.ts";
import { clientModes, type SubscriberCache } from "../../sttp/mod.ts";
import { Complaints, SubscriberStatistics } from "../../stats/mod.ts";
import { type Catalog, EMPTY_CATALOG, readCatalogSteps } from "./catalog.ts";
import { type ClientTls, SttpClient } from "./client.ts";
import { Relay } from "./relay.ts";
import type { SttpInputOptions } from "./schema.ts";

/** What the gateway hands to an STTP input. */
export interface SttpInputContext {
  /** Gives out handles. */
  readonly registry: SignalRegistry;
  /** Takes the frames, lent. */
  readonly sink: FrameSink;
  /** Where an operator reads. */
  readonly log: Log;
  /** The time. */
  readonly clock: Clock;
  /** When it is for judging certificates, in microseconds since 1970; default what `clock` says. */
  readonly certificateMicros?: () => number;
  /** The gateway's own key and certificate, PEM, where the configuration names no other. */
  readonly identity: { readonly keyPem: string; readonly certPem: string };
}

/** Name of the publisher among the identities of an input: it is the only one. */
const PUBLISHER = "publisher";
const FLUSH_MS = 10_000;

/** Makes the input of `[input.NAME]`. It is named `input.NAME`; the sources of its layouts are `NAME!DEVICE`. */
export function createSttpInput(
  name: string,
  options: SttpInputOptions,
  context: SttpInputContext,
): Part {
  return new SttpInput(name, options, context);
}

class SttpInput implements Part {
  readonly name: string;
  readonly #source: string;
  readonly #prefix: string;
  readonly #options: SttpInputOptions;
  readonly #context: SttpInputContext;
  readonly #complaints: Complaints;
  readonly #expiry: ExpiryWarnings;
  /** Of the certificate that it shows since it was started. */
  #ownFacts: CertificateFacts | undefined;
  #client: SttpClient | undefined;
  #catalog: Catalog = EMPTY_CATALOG;
  #relays: (Relay | undefined)[] = [undefined, undefined];
  #prepared: Relay | undefined;
  #newest: 0 | 1 = 0;
  #devices = new Set<string>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #state: PartState = "stopped";
  #reason: string | undefined;
  #sinceMicros: number;
  #measurements = 0;
  #frames = 0;
  #unplaced = 0;
  #statistics: SubscriberStatistics;
  #bytesReceived = 0;
  #authorized = 0;
  #unauthorized = 0;
  readonly #sink: FrameSink;

  constructor(name: string, options: SttpInputOptions, context: SttpInputContext) {
    this.name = `input.${name}`;
    this.#source = name;
    this.#prefix = options.acronym ?? (acronymOf(name) || "STTP");
    this.#options = options;
    this.#context = context;
    this.#complaints = new Complaints(context.log);
    this.#expiry = new ExpiryWarnings(context.clock, context.log);
    this.#sinceMicros = context.clock.nowMicros();
    this.#statistics = new SubscriberStatistics(context.clock.monotonicMs());
    this.#sink = {
      accept: (frame: Frame) => {
        this.#statistics.latency(frame.arrivalMicros - toMicros(frame.instant));
        context.sink.accept(frame);
      },
    };
  }

  async start(): Promise<void> {
    if (this.#client) return;
    const { clock, log } = this.#context;
    this.#statistics = new SubscriberStatistics(clock.monotonicMs());
    this.#bytesReceived = 0;
    const tls = this.#options.insecure ? undefined : await this.#tls();
    this.#ownFacts = factsIfReadable(tls?.certPem);
    const client = this.#client = new SttpClient({
      hostname: this.#options.host,
      port: this.#options.port,
      clock,
      connectTimeoutMs: this.#options.connectTimeoutMs,
      reconnectMinMs: this.#options.reconnectMinMs,
      reconnectMaxMs: this.#options.reconnectMaxMs,
      ...(tls && { tls }),
      ...(this.#options.udp && { udp: { port: this.#options.udpPort } }),
      session: {
        encryptedDatagrams: !this.#options.udpUnencrypted,
        modes: clientModes(this.#options.version, this.#options.compress),
        request: { filterExpression: this.#options.filter },
        silenceTimeoutMs: this.#options.dataLossMs,
        // Those beyond expectedSignals are refused, and counted as far as that costs little.
        maxSignals: Math.max(100_000, 2 * this.#options.expectedSignals),
      },
      events: {
        connected: () => this.#enter("starting", "connected, waiting for metadata"),
        disconnected: (message, retryMs) => {
          for (const relay of this.#relays) relay?.flush(); // the rest of a frame will not come
          this.#enter("waiting", message);
          this.#complain(
            "disconnected",
            `${message}; trying again in ${(retryMs / 1000).toFixed(1)} s`,
          );
        },
        prepareMetadata: (dataSet, changed) => this.#learnSteps(dataSet, changed),
        prepareCache: (cache) => this.#prepareSteps(cache),
        cache: () => this.#adopt(),
        subscribed: (text) => {
          this.#enter("running");
          log.info(`Subscribed: ${text}`);
        },
        refused: (_command, text) => {
          this.#enter("waiting", `refused: ${text}`);
          this.#complain("refused", `The publisher refused: ${text}`);
        },
        complain: (kind, message) => this.#complain(kind, message),
        measurements: (batch, cache) => {
          this.#measurements += batch.count;
          this.#statistics.measurements(batch.count, clock.monotonicMs());
          this.#relays[cache.cacheIndex]?.accept(batch, clock.nowMicros());
        },
      },
    });
    this.#enter("waiting", "connecting");
    const tick = () => {
      this.#complaints.flush(clock.monotonicMs());
      this.#expiry.check(this.#certificates());
    };
    this.#timer = setInterval(tick, FLUSH_MS);
    tick();
    client.start();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#client?.stop();
    this.#bytesReceived = this.#client?.bytesReceived ?? this.#bytesReceived;
    this.#client = undefined;
    this.#retire(0);
    this.#retire(1);
    for (const device of this.#devices) this.#context.registry.unregister(device);
    this.#devices = new Set();
    this.#catalog = EMPTY_CATALOG;
    this.#prepared = undefined;
    this.#enter("stopped");
  }

  status(): PartStatus {
    const relays = this.#relays.filter((r) => r !== undefined);
    return {
      state: this.#state,
      sinceMicros: this.#sinceMicros,
      ...(this.#reason !== undefined && { reason: this.#reason }),
      detail: {
        publisher: `${this.#options.host}:${this.#options.port}`,
        session: this.#client?.state ?? "ended",
        connects: this.#client?.connects ?? 0,
        devices: this.#devices.size,
        signals: this.#relays[this.#newest]?.signals ?? 0,
        measurements: this.#measurements,
        frames: this.#frames + sum(relays, (r) => r.frames),
        unplaced: this.#unplaced + sum(relays, (r) => r.unplaced),
        counters: this.#client?.counters ?? null,
        complaints: this.#complaints.totals(),
        certificates: this.#certificates(),
      },
    };
  }

  metrics(): Metric[] {
    const relays = this.#relays.filter((r) => r !== undefined);
    return [
      ...expiryMetrics(this.#certificates()),
      counter(
        "sttp_input_measurements_total",
        "Measurements received from a publisher",
        this.#measurements,
      ),
      counter(
        "sttp_input_frames_total",
        "Frames put together from them",
        this.#frames + sum(relays, (r) => r.frames),
      ),
      counter(
        "sttp_input_unplaced_total",
        "Measurements that belong to no signal that is relayed",
        this.#unplaced + sum(relays, (r) => r.unplaced),
      ),
      gauge("sttp_input_connected", "1 while subscribed", this.#state === "running" ? 1 : 0),
    ];
  }

  statistics(): StatisticRow[] {
    return this.#statistics.close(this.#prefix, this.#context.clock.monotonicMs(), {
      bytesReceived: this.#client?.bytesReceived ?? this.#bytesReceived,
      authenticates: !this.#options.insecure,
      authorized: this.#authorized,
      unauthorized: this.#unauthorized,
    });
  }

  /** Its own certificate; empty without TLS. */
  #certificates(): CertificateExpiry[] {
    return this.#ownFacts ? [expiryOf("own", this.name, this.#ownFacts, this.#nowMicros())] : [];
  }

  /** When it is for judging certificates. */
  #nowMicros(): number {
    const { clock, certificateMicros } = this.#context;
    return certificateMicros?.() ?? clock.nowMicros();
  }

  async #tls(): Promise<ClientTls> {
    const { pins, issuedBy, certificate, key } = this.#options;
    const identities = new Identities({
      subscribers: [{
        name: PUBLISHER,
        enabled: true,
        pins,
        ...(issuedBy && {
          issuedBy: {
            ca: await Promise.all(issuedBy.ca.map((path) => Deno.readTextFile(path))),
            subject: issuedBy.subject,
          },
        }),
      }],
    });
    const { identity } = this.#context;
    return {
      keyPem: key === undefined ? identity.keyPem : await readSecret(key),
      certPem: certificate === undefined ? identity.certPem : await readSecret(certificate),
      judge: (peer) =>
        identities.identifyTls({ ...peer, nowMs: this.#nowMicros() / 1000, role: "server" }),
    };
  }

  /** Takes metadata in, and those of the signals that are relayed already: they may have come before them. */
  *#learnSteps(dataSet: DataSet, changed: boolean): Steps<void> {
    this.#catalog = yield* readCatalogSteps(dataSet, {
      prefix: this.#prefix,
      deviceId: (acronym) => this.#deviceId(acronym),
    });
    const relay = this.#relays[this.#newest];
    if (!changed || !relay) return;
    const steps = this.#prepareSteps(relay.cache);
    // A cache that comes meanwhile is prepared with these metadata.
    while (this.#relays[this.#newest] === relay) {
      if (!steps.next().done) yield;
      else return this.#adopt();
    }
  }

  /** Makes the frames of a cache, and registers its devices. */
  *#prepareSteps(cache: SubscriberCache): Steps<void> {
    this.#prepared = yield* Relay.makeSteps(cache, this.#catalog, {
      source: this.#source,
      prefix: this.#prefix,
      deviceId: (acronym) => this.#deviceId(acronym),
      registry: this.#context.registry,
      sink: this.#sink,
      maxSignals: this.#options.expectedSignals,
      before: this.#relays[this.#newest],
      registering: (acronym) => this.#devices.add(acronym),
      complain: (kind, message) => this.#complain(kind, message),
    });
  }

  /** Takes the frames that were prepared into use, and devices out of the metadata that are in no cache any more. */
  #adopt(): void {
    const relay = this.#prepared;
    if (!relay) return;
    this.#prepared = undefined;
    const { cache } = relay;
    this.#authorized = cache.records.length;
    this.#unauthorized = cache.unauthorized.length;
    this.#retire(cache.cacheIndex);
    this.#relays[cache.cacheIndex] = relay;
    this.#newest = cache.cacheIndex;
    const kept = new Set(relay.devices);
    const { registry, log } = this.#context;
    for (const device of this.#devices) if (!kept.has(device)) registry.unregister(device);
    this.#devices = kept;
    log.info(`Relaying ${relay.signals} signals of ${relay.devices.length} devices`);
  }

  /** Forgets the relay of a slot, keeping what it counted. */
  #retire(slot: 0 | 1): void {
    const relay = this.#relays[slot];
    relay?.flush();
    this.#frames += relay?.frames ?? 0;
    this.#unplaced += relay?.unplaced ?? 0;
    this.#relays[slot] = undefined;
  }

  #deviceId(acronym: string): string {
    return uuidFromName(this.#context.registry.gatewayId, `device ${acronym}`);
  }

  #complain(kind: string, message: string): void {
    this.#complaints.note(kind, message, this.#context.clock.monotonicMs());
  }

  #enter(state: PartState, reason?: string): void {
    this.#statistics.connection(state === "running");
    if (state !== this.#state) this.#sinceMicros = this.#context.clock.nowMicros();
    this.#state = state;
    this.#reason = reason;
  }
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
