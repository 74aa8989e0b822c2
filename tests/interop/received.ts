/**
 * What a client printed, in a form that can be compared with what was sent.
 *
 * @module
 */
import type { LineProcess } from "./peers.ts";

/** Metadata as a client parsed it. */
export interface ClientMetadata {
  /** DeviceDetail. */
  readonly devices: readonly { readonly acronym: string }[];
  /** MeasurementDetail. */
  readonly measurements: readonly {
    readonly id: string;
    readonly reference: string;
    readonly type: string;
    readonly device: string;
    readonly tag: string;
  }[];
  /** PhasorDetail. */
  readonly phasors: readonly {
    readonly device: string;
    readonly label: string;
    readonly type: string;
    readonly phase: string;
  }[];
}

/** Summary of a client. */
export interface ClientSummary {
  /** Measurements. */
  readonly received: number;
  /** Different signals. */
  readonly signals: number;
  /** What the library reported as errors. */
  readonly errors: readonly string[];
}

/** Measurements of one signal: ticks to value bits and flags. */
export type Series = Map<string, { readonly bits: number; readonly flags: number }>;

/** Everything that a client received. */
export interface Received {
  /** Metadata. */
  readonly metadata: ClientMetadata;
  /** Series by signal reference (`PMU1-PM4`). */
  readonly series: ReadonlyMap<string, Series>;
  /** Measurements that came twice, or of signals that the metadata do not have. */
  readonly extra: readonly string[];
  /** Summary. */
  readonly summary: ClientSummary;
}

/** Waits for a client to end and takes in what it printed. */
export async function collect(client: LineProcess, timeoutMs: number): Promise<Received> {
  const summary = await client.line<ClientSummary>("summary", timeoutMs);
  await client.ended();
  const metadata = await client.line<ClientMetadata>("metadata");
  const references = new Map(metadata.measurements.map((m) => [m.id, m.reference]));
  const series = new Map<string, Series>();
  const extra: string[] = [];
  for (const line of client.lines) {
    if (!("batch" in line)) continue;
    // The client programs of this folder print batches in this form.
    for (const [id, ticks, flags, hex] of line.batch as [string, string, number, string][]) {
      const reference = references.get(id);
      if (reference === undefined) {
        extra.push(`${id} at ${ticks}: not in the metadata`);
        continue;
      }
      let entries = series.get(reference);
      if (!entries) series.set(reference, entries = new Map());
      if (entries.has(ticks)) extra.push(`${reference} at ${ticks}: twice`);
      entries.set(ticks, { bits: parseInt(hex, 16), flags });
    }
  }
  return { metadata, series, extra, summary };
}

const view = new DataView(new ArrayBuffer(4));

/** The float32 that stands for `bits`. */
export function floatOf(bits: number): number {
  view.setUint32(0, bits);
  return view.getFloat32(0);
}

/** STTP ticks of a second and microseconds within it. */
export function ticksOf(second: number, micros: number): string {
  return String((BigInt(second) * 1_000_000n + BigInt(micros)) * 10n + 621_355_968_000_000_000n);
}
