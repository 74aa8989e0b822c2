/**
 * `tieline filter 'EXPRESSION' --config FILE`: the rows of ActiveMeasurements that an expression matches.
 *
 * The signals are those of the running gateway of the configuration, asked for over its admin API with
 * the token in TIELINE_TOKEN, or those of the persisted map when it does not run. The rights are those of the file: so a rule
 * can be tried before it is put to use.
 *
 * @module
 */
import { Command } from "commander";
import * as v from "valibot";
import { AccessControl, activeMeasurements } from "../access/mod.ts";
import type { DataTable, SignalRegistry } from "../core/mod.ts";
import { compileFilter, FilterError } from "../filter/mod.ts";
import {
  type GatewayConfig,
  readConfig,
  registryOfKnown,
  registryOfMap,
  storedIdentityMap,
} from "../gateway/mod.ts";
import { systemClock } from "../os/mod.ts";
import { AdminClient } from "./admin_client.ts";
import { CommandError } from "./options.ts";

/** Options of the command. */
interface FilterCommandOptions {
  readonly config: string;
  readonly subscriber?: string;
  readonly offline?: boolean;
  readonly json?: boolean;
}

/** The `filter` command. */
export function filterCommand(): Command {
  return new Command("filter")
    .description(
      "show the rows of ActiveMeasurements that a filter expression matches: those of the running " +
        "gateway, or what it has noted down when it does not run",
    )
    .argument("<expression>", "FILTER statement, condition, or list of signals")
    .requiredOption("--config <file>", "configuration, TOML")
    .option("--subscriber <name>", "only what the rules of this subscriber in the file allow")
    .option("--offline", "do not ask a running gateway")
    .option("--json", "one JSON object per row, with all columns")
    .action(filter);
}

async function filter(expression: string, options: FilterCommandOptions): Promise<void> {
  const config = readConfig(await Deno.readTextFile(options.config), options.config);
  if (options.subscriber !== undefined && !Object.hasOwn(config.subscriber, options.subscriber)) {
    console.error(`${options.config} has no [subscriber.${options.subscriber}]`);
    Deno.exit(1);
  }
  const { registry, source } = await signalsOf(config, options.offline === true);
  try {
    const { table, total } = matchingRows(expression, config, registry, {
      nowMicros: systemClock().nowMicros(),
      ...(options.subscriber !== undefined && { subscriber: options.subscriber }),
    });
    for (const line of options.json ? jsonLines(table) : tableLines(table)) console.log(line);
    const whose = options.subscriber === undefined ? "" : ` that ${options.subscriber} may see`;
    console.error(`${table.rows.length} of ${total} signals${whose}, ${source}`);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    console.error([error.message, ...caretLines(expression, error.offset)].join("\n"));
    Deno.exit(1);
  }
}

/**
 * The rows of ActiveMeasurements that `expression` matches, in its order, and how many there are in all.
 *
 * With a subscriber there are only the rows that its rules in `config` allow. Throws FilterError.
 */
export function matchingRows(
  expression: string,
  config: GatewayConfig,
  registry: SignalRegistry,
  { subscriber, nowMicros }: { readonly subscriber?: string; readonly nowMicros: number },
): { readonly table: DataTable; readonly total: number } {
  const nodeId = config.gateway.id;
  let permitted: Uint8Array | undefined;
  if (subscriber !== undefined) {
    const access = new AccessControl(registry, { nodeId });
    const { allow = [], deny = [] } = config.subscriber[subscriber] ?? {};
    access.setSubscriber(subscriber, { allow, deny });
    permitted = access.permitted(subscriber);
    access.close();
  }
  const table = activeMeasurements(registry, nodeId, permitted);
  const dataSet = { name: "DataSet", tables: [table] };
  const rows = compileFilter(expression, dataSet, { bareTags: true })
    .selectRows(dataSet, { nowMicros })
    .map(({ row }) => table.rows[row]!);
  return { table: { ...table, rows }, total: table.rows.length };
}

/** The part of `text` around an offset, and a caret under it; nothing for an offset of -1. */
export function caretLines(text: string, offset: number): string[] {
  if (offset < 0) return [];
  const at = Math.min(offset, text.length);
  const lineStart = text.lastIndexOf("\n", at - 1) + 1;
  const lineEnd = text.indexOf("\n", at);
  const from = Math.max(lineStart, at - CARET_CONTEXT);
  const to = Math.min(lineEnd < 0 ? text.length : lineEnd, at + CARET_CONTEXT);
  // deno-lint-ignore no-control-regex -- a tab or the like would move the caret
  const shown = text.slice(from, to).replace(/[\u0000-\u001f\u007f]/g, " ");
  const before = from > lineStart ? "…" : "";
  const width = before.length + [...text.slice(from, at)].length;
  return [
    `  ${before}${shown}${lineEnd < 0 && to === text.length || to === lineEnd ? "" : "…"}`,
    `  ${" ".repeat(width)}^`,
  ];
}

/** Characters that are shown on either side of an error. */
const CARET_CONTEXT = 60;

/** The signals of the running gateway, or of the map. */
async function signalsOf(
  config: GatewayConfig,
  isOffline: boolean,
): Promise<{ registry: SignalRegistry; source: string }> {
  let why = "";
  if (!isOffline) {
    try {
      const known = await askGateway(config);
      return { registry: registryOfKnown(config, known), source: "of the running gateway" };
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      why = `. The running gateway was not asked. ${error.message}`;
    }
  }
  const map = await storedIdentityMap(config.gateway.stateDir).catch((error) => {
    throw new CommandError(
      `Cannot use signals.json in ${config.gateway.stateDir}: ${error.message}`,
    );
  });
  return {
    registry: registryOfMap(config, map),
    source: `noted down in ${config.gateway.stateDir}: all that were ever seen, without those of ` +
      `STTP inputs; FramesPerSecond, Protocol, coordinates and Description are unknown${why}`,
  };
}

/** What the gateway of `config` answers. Throws a CommandError if none, or another one, runs there, or nobody may ask. */
async function askGateway(config: GatewayConfig): Promise<unknown> {
  const client = await AdminClient.ofConfig(config);
  const { id } = await client.json(v.object({ id: v.string() }), "GET", "/api/status");
  if (id !== config.gateway.id) throw new CommandError(`Another one answers there: ${id}`);
  const devices: unknown[] = [];
  for (;;) {
    const path = `/api/metadata?limit=${PAGE}&offset=${devices.length}`;
    const page = await client.json(pageSchema, "GET", path);
    devices.push(...page.devices);
    if (page.devices.length === 0 || devices.length >= page.total) return { devices };
  }
}

/** Devices per request. */
const PAGE = 100;
const pageSchema = v.object({ total: v.number(), devices: v.array(v.unknown()) });

function jsonLines({ columns, rows }: DataTable): string[] {
  return rows.map((row) =>
    JSON.stringify(Object.fromEntries(columns.map((c, i) => [c.name, row[i]])))
  );
}

/** Columns of the table for people. */
const SHOWN = ["ID", "PointTag", "SignalReference", "SignalType", "Device", "Phase", "SignalID"];

function tableLines({ columns, rows }: DataTable): string[] {
  if (rows.length === 0) return [];
  const at = SHOWN.map((name) => columns.findIndex((c) => c.name === name));
  const cells = [SHOWN, ...rows.map((row) => at.map((i) => String(row[i] ?? "")))];
  const widths = SHOWN.map((_, i) => Math.max(...cells.map((line) => line[i]!.length)));
  return cells.map((line) => line.map((cell, i) => cell.padEnd(widths[i]!)).join("  ").trimEnd());
}
