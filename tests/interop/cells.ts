/**
 * Cells of the version-by-mode matrix: what a client is told to do, and whether what it got is what was sent.
 *
 * @module
 */
import { fromCompactFlags, toCompactFlags } from "../../mod/sttp/mod.ts";
import { LineProcess, PYTHON, pythonProgram } from "./peers.ts";
import { floatOf } from "./received.ts";
import type { SentValues } from "./sent_values.ts";

/** One step of a cell; see `python/cells.py`. */
export type CellStep =
  | { readonly subscribe: string }
  | {
    readonly run: number;
    readonly wait?: boolean;
    readonly refused?: boolean;
    readonly answered?: boolean;
    readonly least?: number;
  }
  | { readonly unsubscribe: true }
  | { readonly rows: readonly string[] };

/** What a client is told to do. */
export interface CellSpec {
  /** Name. */
  readonly cell: string;
  /** Attributes of the library's `Config`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Attributes of the library's `Settings`. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Steps. */
  readonly steps: readonly CellStep[];
}

/** A measurement as printed: signal, ticks, flags, bits of the float32 in hex. */
export type CellMeasurement = [string, string, number, string];

/** What happened, in order. */
export type CellEvent =
  | ["cache", string[]]
  | ["data", CellMeasurement[]]
  | ["subscribe"]
  | ["unsubscribe"];

/** What a client reported of one cell. */
export interface CellLine {
  /** Name. */
  readonly cell: string;
  /** What happened. */
  readonly events: readonly CellEvent[];
  /** What the library reported as errors. */
  readonly errors: readonly string[];
  /** What the library reported besides. */
  readonly status: readonly string[];
  /** GUID and signal reference of all measurements of the metadata. */
  readonly metadata: readonly [string, string][];
  /** Measurement keys (`SOURCE:number`) in the order of the metadata. */
  readonly keys: readonly string[];
  /** Rows of the metadata by table. */
  readonly tables: Readonly<Record<string, number>>;
  /** GUIDs that the library's own engine selects, or "error". */
  readonly rows: readonly (string[] | "error")[];
  /** False if the library's reader ended during Unsubscribe. */
  readonly alive: boolean;
}

/** Runs cells in one process of the Python library and returns what it reported, by name. */
export async function runCells(
  port: number,
  cells: readonly CellSpec[],
  timeoutMs: number,
): Promise<Map<string, CellLine>> {
  const file = await Deno.makeTempFile({ suffix: ".json" });
  await Deno.writeTextFile(file, JSON.stringify(cells));
  const client = new LineProcess(PYTHON, [
    pythonProgram("cells.py"),
    "127.0.0.1",
    String(port),
    file,
  ]);
  try {
    await client.line("done", timeoutMs);
    // Printed by cells.py in the form of CellLine.
    const lines = client.lines.filter((l) => "cell" in l) as unknown as CellLine[];
    return new Map(lines.map((line) => [line.cell, line]));
  } finally {
    await client.stop();
    await Deno.remove(file);
  }
}

/** How strictly the data of a cell are compared. */
export interface CellRules {
  /** Flags come in the six bits of the compact format. */
  readonly compactFlags?: boolean;
  /** Stamps are left out. */
  readonly timeless?: boolean;
  /** Only some frames come, at least this many of each signal. */
  readonly latestOnly?: number;
  /** What the publisher says that it sends, in its answer to the last Subscribe. */
  readonly answer: string;
  /** Most frames of a device that may be missing between two subscriptions to the same signals. */
  readonly gapFrames?: number;
  /** NaN must not come. */
  readonly withoutNaN?: boolean;
  /** Least number of stamps of each signal after the last subscribe. */
  readonly atLeast: number;
}

/** Compares all data of a cell with what was sent; returns faults, none if all is equal. */
export function compareCell(line: CellLine, sent: SentValues, rules: CellRules): string[] {
  const faults: string[] = line.errors.map((e) => `error: ${e}`);
  const references = new Map(line.metadata);
  const answer = line.status.findLast((text) => text.includes("Client subscribed using"));
  if (!answer?.includes(rules.answer)) {
    faults.push(`expected "${rules.answer}", answered "${answer}"`);
  }
  if (!line.alive) faults.push("the reader of the library ended during Unsubscribe");
  let cache: string[] = [];
  let series = new Map<string, CellMeasurement[]>();
  const lastStamps = new Map<string, string>();
  const finish = (last: boolean) => {
    for (const id of cache) {
      const reference = references.get(id);
      const own = series.get(id) ?? [];
      const before = lastStamps.get(id);
      if (rules.gapFrames !== undefined && before !== undefined && reference !== undefined) {
        const gap = framesBetween(reference, before, own[0]?.[1] ?? "", sent);
        if (!(gap >= 0 && gap <= rules.gapFrames)) {
          faults.push(`${reference}: ${gap} frames are missing between subscriptions`);
        }
      }
      if (own.length > 0) lastStamps.set(id, own.at(-1)![1]);
      if (reference === undefined) faults.push(`${id}: not in the metadata`);
      else checkSeries(reference, own, sent, rules, last, faults);
    }
    const strangers = [...series.keys()].filter((id) => !cache.includes(id));
    if (strangers.length > 0) faults.push(`${strangers.length} signals that are in no cache`);
    series = new Map();
  };
  for (const event of line.events) {
    if (event[0] === "cache") {
      // What came before belongs to the subscription before. Before the first there is none: there, threads of the
      // library, one for TCP and one for UDP, told of cache and data the other way round.
      if (series.size > 0 && cache.length > 0) finish(false);
      cache = event[1];
    } else if (event[0] === "data") {
      for (const measurement of event[1]) {
        const own = series.get(measurement[0]);
        if (own) own.push(measurement);
        else series.set(measurement[0], [measurement]);
      }
    }
  }
  if (cache.length === 0) faults.push("no signals were subscribed");
  finish(true);
  return faults;
}

/** Frames that were sent after `from` and before `to`; NaN if either is no stamp of theirs. */
function framesBetween(reference: string, from: string, to: string, sent: SentValues): number {
  const stamps = sent.stamps(reference);
  const a = stamps.indexOf(from), b = stamps.indexOf(to);
  return a < 0 || b < 0 ? NaN : b - a - 1;
}

function checkSeries(
  reference: string,
  own: readonly CellMeasurement[],
  sent: SentValues,
  rules: CellRules,
  last: boolean,
  faults: string[],
): void {
  const least = last ? rules.atLeast : 0;
  if (rules.timeless) {
    const problem = alignedProblem(reference, own, sent);
    if (problem !== undefined) faults.push(problem);
    else if (own.length < least) faults.push(`${reference}: only ${own.length} values`);
    return;
  }
  let before = -1;
  const stamps = sent.stamps(reference);
  const order = new Map(stamps.map((s, i) => [s, i]));
  for (const [, ticks, flags, hex] of own) {
    const expected = sent.at(reference, ticks);
    const at = order.get(ticks) ?? -1;
    if (!expected || at < 0) {
      faults.push(`${reference} at ${ticks}: never sent`);
      continue;
    }
    const value = floatOf(parseInt(hex, 16));
    if (!Object.is(value, expected.value)) {
      faults.push(`${reference} at ${ticks}: expected ${expected.value}, found ${value}`);
    }
    if (rules.withoutNaN && Number.isNaN(value)) faults.push(`${reference} at ${ticks}: NaN`);
    const wanted = expected.flags === undefined || !rules.compactFlags
      ? expected.flags
      : fromCompactFlags(toCompactFlags(expected.flags));
    if (wanted !== undefined && flags !== wanted) {
      faults.push(`${reference} at ${ticks}: expected flags ${wanted}, found ${flags}`);
    }
    if (rules.latestOnly === undefined) {
      for (let i = before + 1; i < at && before >= 0; i++) {
        const left = sent.at(reference, stamps[i]!)!;
        if (!rules.withoutNaN || !Number.isNaN(left.value)) {
          faults.push(`${reference} at ${stamps[i]}: missing`);
        }
      }
      if (at <= before) faults.push(`${reference} at ${ticks}: twice or out of order`);
    }
    before = at;
  }
  if (own.length < (last ? rules.latestOnly ?? least : 0)) {
    faults.push(`${reference}: only ${own.length} values`);
  }
}

/** Without stamps: the values must be those of consecutive frames somewhere. */
function alignedProblem(
  reference: string,
  own: readonly CellMeasurement[],
  sent: SentValues,
): string | undefined {
  const values = own.map((m) => floatOf(parseInt(m[3], 16)));
  if (own.some((m) => m[1] !== "0")) return `${reference}: has stamps`;
  const all = sent.stamps(reference).map((s) => sent.at(reference, s)!.value);
  for (let start = 0; start + values.length <= all.length; start++) {
    if (values.every((v, i) => Object.is(v, all[start + i]))) return undefined;
  }
  return `${reference}: not consecutive frames`;
}
