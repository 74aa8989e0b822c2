/**
 * What a new configuration would change in a running gateway, part by part.
 *
 * @module
 */
import { type AnySchema, differences, metadataAt, type PathKey, unwrap } from "../config/mod.ts";
import { ConfigError } from "../core/mod.ts";
import { captureOf, recordingOf } from "./event_config.ts";
import { type GatewayConfig, gatewaySchema } from "./schema.ts";

/** What happens to a part. `changed` is in place: nothing of it is interrupted. */
export type ChangeKind = "added" | "removed" | "restarted" | "changed";

/** What happens to one part. */
export interface PartChange {
  /** Its name: `input.shelby`, `subscriber.center`, or the section (`log`) where there are no names. */
  readonly part: string;
  /** What happens to it. */
  readonly change: ChangeKind;
  /** The keys that differ, in the order of the new configuration; empty for `added` and `removed`. */
  readonly keys: readonly string[];
}

/** What a new configuration would change. */
export interface ConfigPlan {
  /** Every part that is touched; the others are not. */
  readonly changes: readonly PartChange[];
  /** True if every part starts anew, because what they all rest on changes. */
  readonly everything: boolean;
  /** Keys that take effect only with a new start of the program; with any, nothing can be applied. */
  readonly needsProgram: readonly string[];
}

/** Sections that change part by part; a change elsewhere, unless all of it is live, restarts everything. */
const BY_PART = new Set([
  "input",
  "align",
  "alarm",
  "output",
  "subscriber",
  "statistics",
  "event",
  "trigger",
  "live",
  "archive",
  "clock",
  "admin",
  "config",
  "log",
  "revoked",
]);

/**
 * Compares the configuration that runs with another one.
 *
 * Whether a key takes effect in place stands beside it in the schema (`apply`).
 */
export function planChanges(before: GatewayConfig, after: GatewayConfig): ConfigPlan {
  const a = effective(before), b = effective(after);
  const [had, has] = [partsOf(a), partsOf(b)];
  const byPart = new Map<string, { change: ChangeKind; keys: string[] }>();
  const needsProgram: string[] = [];
  let everything = false;
  for (const path of differences(a, b)) {
    const { part, rest } = partOf(path);
    const { apply } = metadataAt(gatewaySchema as AnySchema, path, valueWith(path, a, b));
    if (apply === "program") needsProgram.push(path.join("."));
    const change: ChangeKind = !had.has(part)
      ? "added"
      : !has.has(part)
      ? "removed"
      : apply === "live"
      ? "changed"
      : "restarted";
    if (change !== "changed" && !BY_PART.has(String(path[0]))) everything = true;
    const known = byPart.get(part);
    if (!known) byPart.set(part, { change, keys: rest.length > 0 ? [rest.join(".")] : [] });
    else {
      if (change !== "changed") known.change = change;
      known.keys.push(rest.join("."));
    }
  }
  const alarms = hasAlarms(b);
  // One part looks after all alarms, and takes changes of them in place.
  if (hasAlarms(a) !== alarms) {
    byPart.set("alarms", { change: alarms ? "added" : "removed", keys: [] });
  }
  followEvents(a, b, byPart);
  const changes = [...byPart].map(([part, { change, keys }]): PartChange => ({
    part,
    change,
    keys: change === "added" || change === "removed" ? [] : keys,
  }));
  return { changes, everything, needsProgram };
}

/** Parts that are made of `[event]`, triggers and live streams start anew when those change. */
function followEvents(
  before: GatewayConfig,
  after: GatewayConfig,
  byPart: Map<string, { change: ChangeKind; keys: string[] }>,
): void {
  const touched = [...byPart.keys()].filter((part) =>
    part === "event" || part.startsWith("trigger.") || part.startsWith("live.")
  );
  const add = (part: string, was: boolean, is: boolean) => {
    if (byPart.has(part) || (!was && !is)) return;
    byPart.set(part, { change: !was ? "added" : !is ? "removed" : "restarted", keys: [] });
  };
  const [was, is] = [hasArchive(before), hasArchive(after)];
  if (was !== is) {
    byPart.delete("archive");
    add("archive", was, is);
  }
  const inputs = [...byPart.keys()].some((part) =>
    part.startsWith("input.") &&
    (before.input[part.slice(6)]?.type === "sv" || after.input[part.slice(6)]?.type === "sv")
  );
  // The hub knows the streams of all inputs; the inputs carry the triggers of all streams.
  if (touched.length > 0 || inputs) add("events", hasEvents(before), hasEvents(after));
  if (touched.length === 0) return;
  for (const [name, { type }] of Object.entries(after.input)) {
    if (type === "sv" && before.input[name]?.type === "sv") add(`input.${name}`, true, true);
  }
}

/** True if a configuration records events or sends waveforms. */
export function hasEvents(config: GatewayConfig): boolean {
  return recordingOf(config) !== undefined;
}

/** True if a configuration has alarms. */
export function hasAlarms(config: GatewayConfig): boolean {
  return Object.keys(config.alarm).length > 0;
}

/** True if a configuration keeps event records. */
export function hasArchive(config: GatewayConfig): boolean {
  return captureOf(config) !== undefined;
}

/** The configuration as its parts see it: what they inherit stands in each of them. */
export function effective(config: GatewayConfig): GatewayConfig {
  const { company } = config.gateway;
  if (company === undefined) return config;
  const input = Object.fromEntries(
    Object.entries(config.input).map(([name, options]) => [
      name,
      options.type !== "sttp" && options.company === undefined ? { ...options, company } : options,
    ]),
  );
  return { ...config, input };
}

/** What a change of keys that need a new start of the program is refused with. */
export function notInPlace(keys: readonly string[]): ConfigError {
  return new ConfigError(
    "configuration",
    keys.map((key) => ({
      line: 0,
      column: 0,
      key,
      message: "cannot be changed in a running program; change the file and start it again",
    })),
  );
}

/** Sections of named tables: records in the schema. */
const NAMED = new Set(
  // The schema of the whole is a strict object; its entries are not part of its generic type.
  Object.entries((gatewaySchema as unknown as { entries: Record<string, unknown> }).entries)
    .filter(([, schema]) => (unwrap(schema) as { type?: string }).type === "record")
    .map(([section]) => section),
);

function partOf(path: readonly PathKey[]): { part: string; rest: readonly PathKey[] } {
  const depth = NAMED.has(String(path[0])) ? 2 : 1;
  return { part: path.slice(0, depth).join("."), rest: path.slice(depth) };
}

function partsOf(config: GatewayConfig): Set<string> {
  const parts = new Set<string>();
  for (const [section, table] of Object.entries(config)) {
    if (!NAMED.has(section)) parts.add(section);
    else for (const name of Object.keys(table as object)) parts.add(`${section}.${name}`);
  }
  return parts;
}

/** The side that has the value at `path`, for the discriminator of its variant. */
function valueWith(path: readonly PathKey[], a: GatewayConfig, b: GatewayConfig): unknown {
  let here: unknown = b;
  for (const step of path.slice(0, -1)) {
    // Configurations are plain tables.
    here = (here as Record<PathKey, unknown> | undefined)?.[step];
  }
  return here === undefined ? a : b;
}
