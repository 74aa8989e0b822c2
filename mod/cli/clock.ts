/**
 * `tieline clock --config FILE`: what the running gateway knows of its clock, as a table.
 *
 * @module
 */
import { Command } from "commander";
import * as v from "valibot";
import type { ClockStatus } from "../clock/mod.ts";
import { messageOf } from "../core/mod.ts";
import { readConfig } from "../gateway/mod.ts";
import { durationText } from "../ptp/mod.ts";
import { AdminClient } from "./admin_client.ts";

/** Events that are shown. */
const SHOWN_EVENTS = 10;

/** The `clock` command. */
export function clockCommand(): Command {
  return new Command("clock")
    .description("show what the running gateway knows of its clock: sources, state, events")
    .requiredOption("--config <file>", "configuration, TOML")
    .option("--json", "everything, as one JSON object")
    .action(async ({ config, json }: { config: string; json?: boolean }) => {
      const known = readConfig(await Deno.readTextFile(config), config);
      const { listen } = known.admin;
      const ask = async () =>
        (await AdminClient.ofConfig(known)).json(answerSchema, "GET", "/api/clock");
      Deno.exitCode = await showClock(listen, ask, json === true);
    });
}

const answerSchema = v.object({ clock: v.nullable(v.record(v.string(), v.unknown())) });

/** Asks the gateway whose admin API listens at `listen`, prints, and returns the exit code. */
export async function showClock(
  listen: string,
  ask: () => Promise<{ readonly clock: Record<string, unknown> | null }>,
  json: boolean,
  print: (line: string) => void = console.log,
  complain: (line: string) => void = console.error,
): Promise<number> {
  let answer: { readonly clock: Record<string, unknown> | null };
  try {
    answer = await ask();
  } catch (error) {
    complain(`No clock from the gateway at ${listen}: ${messageOf(error)}`);
    return 1;
  }
  if (!answer.clock) {
    complain("The gateway watches no clock: its configuration has no [clock]");
    return 1;
  }
  // What the gateway of the same program wrote.
  const status = answer.clock as unknown as ClockStatus;
  for (const line of json ? [JSON.stringify(status)] : clockLines(status)) print(line);
  return 0;
}

/** The table for people. */
export function clockLines(status: ClockStatus): string[] {
  const { state, errorNs, source, sinceMicros, grandmaster, taiUtc, taiUtcValid, leap } = status;
  const lines = [
    `state      ${state} since ${time(sinceMicros)}${sourceText(state, source)}`,
    `error      ${errorNs === null ? "unknown" : `at most ${ns(errorNs)}`}`,
    `told       MSG_TQ ${status.told.messageTimeQuality & 15}, STAT 0x${
      status.told.stat.toString(16).padStart(4, "0")
    }, smpSynch ${status.told.smpSynch}`,
    `TAI - UTC  ${taiUtc} s${taiUtcValid ? "" : ", nobody vouches for it"}`,
  ];
  if (grandmaster !== "") lines.splice(2, 0, `grandm.    ${grandmaster}`);
  if (leap !== "none") {
    lines.push(
      `leap       a second is to be ${leap === "insert" ? "inserted" : "deleted"} at ${
        status.leapAtSeconds === null ? "midnight" : time(status.leapAtSeconds * 1e6)
      }`,
    );
  }
  const rows = status.sources.map((s) => [
    s.followed ? "*" : s.usable ? "+" : "-",
    s.name,
    s.offsetNs === null ? "" : ns(s.offsetNs),
    s.deviationNs === null ? "" : ns(s.deviationNs),
    s.delayNs === null ? "" : ns(s.delayNs),
    s.errorNs === null ? "" : ns(s.errorNs),
    s.reason,
  ]);
  lines.push("", ...table([["", "source", "offset", "deviation", "delay", "error", ""], ...rows]));
  lines.push(...status.disagreements.map((text) => `! ${text}`));
  if (status.network) lines.push("", ...networkLines(status.network));
  const events = status.events.slice(-SHOWN_EVENTS);
  if (events.length > 0) lines.push("", ...events.map((e) => `${time(e.atMicros)}  ${e.text}`));
  return lines;
}

/** A source that is named is followed, was until it was lost, or is watched until it can be. */
function sourceText(state: ClockStatus["state"], source: string): string {
  if (source === "") return "";
  if (state === "holdover") return `, ${source} is lost`;
  return state === "free" ? `, looking at ${source}` : `, following ${source}`;
}

function networkLines(network: NonNullable<ClockStatus["network"]>): string[] {
  const { profile, domain, grandmaster, delayMechanism, clocks, findings, unlisted } = network;
  const { problems, lost } = network;
  const rows = clocks.map((c) => [
    c.rank > 0 ? String(c.rank) : "",
    c.port,
    c.role,
    c.twoStep === undefined ? "" : c.twoStep ? "two-step" : "one-step",
    c.offsetNs === null ? "" : ns(c.offsetNs),
    c.inaccuracyNs === null ? "" : ns(c.inaccuracyNs),
    [c.quality, c.reason && `after the one before: ${c.reason}`].filter((t) => t !== "").join("; "),
  ]);
  return [
    `network    ${profile}, domain ${domain}, ${
      grandmaster === "" ? "no grandmaster" : `grandmaster ${grandmaster}`
    }, delay ${delayMechanism}`,
    ...table([["", "clock", "role", "", "offset+way", "admits", ""], ...rows]),
    ...problems.map((text) => `! ${text}`),
    ...(lost > 0 ? [`! ${lost} messages came and were not looked at`] : []),
    ...findings.map(({ text, count }) => `! ${text}${count > 1 ? ` (${count} times)` : ""}`),
    ...(unlisted > 0 ? [`! ${unlisted} times something else, for which there is no room`] : []),
  ];
}

function table(cells: readonly (readonly string[])[]): string[] {
  const widths = cells[0]!.map((_, i) => Math.max(...cells.map((line) => line[i]!.length)));
  return cells.map((line) => line.map((cell, i) => cell.padEnd(widths[i]!)).join("  ").trimEnd());
}

function ns(value: number): string {
  return durationText(Math.round(value));
}

function time(micros: number): string {
  return new Date(micros / 1000).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");
}
