/**
 * A subscriber over a real socket that keeps everything it received.
 *
 * @module
 */
import type { DataSet } from "../../mod/core/mod.ts";
import { Identities } from "../../mod/identity/mod.ts";
import { SttpClient } from "../../mod/input/sttp/mod.ts";
import { type KeyPair, systemClock } from "../../mod/os/mod.ts";
import { clientModes, type SubscriberCache, type SubscriptionRequest } from "../../mod/sttp/mod.ts";

/** How long the gateway may say nothing: all of a test is one thread, which others hold up. */
const PATIENCE_MS = 120_000;

/** One measurement. */
export interface Point {
  /** Value. */
  readonly value: number;
  /** State flags. */
  readonly flags: number;
}

/** How to make a {@linkcode Subscriber}. */
export interface SubscriberOptions {
  /** Port of the gateway on 127.0.0.1. */
  readonly port: number;
  /** Own key and certificate, and the pin of the gateway; plain TCP without it. */
  readonly tls?: { readonly own: KeyPair; readonly gatewayPin: string };
  /** Protocol version; default 2. */
  readonly version?: number;
  /** Ask for TSSC; default true. */
  readonly compress?: boolean;
  /** What is asked for; default everything. */
  readonly filter?: string;
  /** Ask for metadata, and subscribe anew when they change, which loses data; default true. */
  readonly metadata?: boolean;
  /** More of the subscription. */
  readonly request?: Partial<SubscriptionRequest>;
}

/** Stamp of a measurement as one number: the lower 53 bits of its ticks. */
export function stampOf(ticksHi: number, ticksLo: number): number {
  return (ticksHi & 0x1fffff) * 2 ** 32 + ticksLo;
}

/** The same of whole seconds since 1970 and ticks (100 ns) within the second. */
export function stampOfTime(seconds: number, ticks: number): number {
  const all = (BigInt(seconds) + 62_135_596_800n) * 10_000_000n + BigInt(ticks);
  return Number(all & ((1n << 53n) - 1n));
}

/** A subscriber that keeps everything. */
export class Subscriber {
  /** Measurements by GUID and stamp. */
  readonly series = new Map<string, Map<number, Point>>();
  /** Stamps by GUID in the order in which they came. */
  readonly order = new Map<string, number[]>();
  /** Measurements that came twice, or of no signal of the cache. */
  readonly extra: string[] = [];
  /** All measurements, extras included. */
  measurements = 0;
  /** Caches in the order in which they came. */
  readonly caches: SubscriberCache[] = [];
  /** Metadata in the order in which they came. */
  readonly metadata: DataSet[] = [];
  /** Buffer blocks in the order in which they came, with the GUID of their signal. */
  readonly blocks: { readonly id: string | undefined; readonly bytes: Uint8Array }[] = [];
  /** What was refused, complained of, or ended a connection. */
  readonly troubles: string[] = [];
  /** Answers to subscriptions. */
  readonly subscribed: string[] = [];
  /** The client. */
  readonly client: SttpClient;
  /** Called with each packet after it was kept. */
  onPacket: (() => void) | undefined;

  /** Makes and starts one. */
  constructor(options: SubscriberOptions) {
    const clock = systemClock();
    const { tls } = options;
    const gateway = tls && new Identities({
      subscribers: [{ name: "gateway", enabled: true, pins: [tls.gatewayPin] }],
    });
    this.client = new SttpClient({
      hostname: "127.0.0.1",
      port: options.port,
      clock,
      reconnectMinMs: 50,
      reconnectMaxMs: 200,
      ...(tls && gateway && {
        tls: {
          keyPem: tls.own.keyPem,
          certPem: tls.own.certPem,
          judge: (peer) =>
            gateway.identifyTls({ ...peer, nowMs: clock.nowMicros() / 1000, role: "server" }),
        },
      }),
      session: {
        metadata: options.metadata ?? true,
        handshakeTimeoutMs: PATIENCE_MS,
        silenceTimeoutMs: PATIENCE_MS,
        modes: clientModes(options.version ?? 2, options.compress ?? true),
        request: {
          ...options.request,
          filterExpression: options.filter ?? "FILTER ActiveMeasurements WHERE TRUE",
        },
      },
      events: {
        cache: (cache) => void this.caches.push(cache),
        metadata: (dataSet) => void this.metadata.push(dataSet),
        subscribed: (text) => void this.subscribed.push(text),
        refused: (command, text) => void this.troubles.push(`refused ${command}: ${text}`),
        complain: (kind, message) => void this.troubles.push(`${kind}: ${message}`),
        disconnected: (message) => void this.troubles.push(`disconnected: ${message}`),
        bufferBlock: (index, data, cache) =>
          void this.blocks.push({ id: cache?.signalIdOf(index), bytes: data.slice() }),
        measurements: (batch, cache) => {
          this.measurements += batch.count;
          for (let i = 0; i < batch.count; i++) {
            const id = cache.signalIdOf(batch.ids[i]!);
            const stamp = stampOf(batch.ticksHi[i]!, batch.ticksLo[i]!);
            if (id === undefined) {
              this.extra.push(`index ${batch.ids[i]} is not in the cache`);
              continue;
            }
            let series = this.series.get(id);
            if (!series) {
              this.series.set(id, series = new Map());
              this.order.set(id, []);
            }
            if (series.has(stamp)) this.extra.push(`${id} at ${stamp}: twice`);
            series.set(stamp, { value: batch.values[i]!, flags: batch.flags[i]! });
            this.order.get(id)!.push(stamp);
          }
          this.onPacket?.();
        },
      },
    });
    this.client.start();
  }

  /** GUIDs by signal reference, from the newest metadata. */
  references(): Map<string, string> {
    const rows = tableOf(this.metadata.at(-1), "MeasurementDetail");
    return new Map(rows.map((r) => [String(r["SignalReference"]), String(r["SignalID"])]));
  }

  /** Measurements of a signal by its reference; empty if none came. */
  seriesOf(reference: string): ReadonlyMap<number, Point> {
    const id = this.references().get(reference);
    return (id !== undefined && this.series.get(id)) || new Map<number, Point>();
  }

  /** GUIDs of the newest cache. */
  signals(): string[] {
    return this.caches.at(-1)?.records.map((r) => r.signalId) ?? [];
  }

  /** Ends it. */
  async stop(): Promise<void> {
    await this.client.stop();
  }
}

/** Rows of a table as objects; none if it is absent. */
export function tableOf(
  dataSet: DataSet | undefined,
  name: string,
): Record<string, unknown>[] {
  const table = dataSet?.tables.find((t) => t.name === name);
  if (!table) return [];
  return table.rows.map((row) =>
    Object.fromEntries(table.columns.map((c, i) => [c.name, row[i] ?? null]))
  );
}
