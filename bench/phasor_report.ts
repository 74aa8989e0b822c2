/**
 * `deno task bench:phasor [--all] [--write]`: every test of IEC/IEEE 60255-118-1 against its limit.
 *
 * Prints a table for class P and M at 25 and 50 reports per second for 50 Hz, 30 and 60 for 60 Hz; with `--all` at
 * every standard rate from 10 to 120. `--write` puts the tables into `docs/phasor.md`. Exits 1 on a missed limit.
 *
 * @module
 */
import type { NominalHz } from "../mod/phasor/mod.ts";
import type { Setting } from "./phasor_measure.ts";
import { allRows, isMet, ordinaryRate, type Row } from "./phasor_tests.ts";

const RATES: readonly (readonly [NominalHz, readonly number[]])[] = Deno.args.includes("--all")
  ? [[50, [10, 25, 50, 100]], [60, [10, 12, 15, 20, 30, 60, 120]]]
  : [[50, [25, 50]], [60, [30, 60]]];

const settings: Setting[] = (["P", "M"] as const).flatMap((performanceClass) =>
  RATES.flatMap(([nominalHz, rates]) =>
    rates.map((framesPerSecond) => ({ performanceClass, nominalHz, framesPerSecond }))
  )
);
const sections: string[] = [];
let missed = 0;
for (const setting of settings) {
  const rows = allRows(setting);
  const bad = rows.filter((row) => !isMet(row));
  missed += bad.length;
  const section = `${title(setting)}\n\n${table(rows)}`;
  sections.push(section);
  console.log(`${section}\n`);
}
const count = settings.length;
console.log(missed === 0 ? `every limit met in ${count} settings` : `${missed} limits MISSED`);
if (Deno.args.includes("--write")) await write(sections);
Deno.exit(missed > 0 ? 1 : 0);

function title(setting: Setting): string {
  const { performanceClass, nominalHz, framesPerSecond } = setting;
  return `### Class ${performanceClass}, ${nominalHz} Hz, ${framesPerSecond}/s ` +
    `(${ordinaryRate(setting)} samples/s)`;
}

function table(rows: readonly Row[]): string {
  const lines = rows.map((row) => [
    row.test,
    row.figure,
    shown(row.limit),
    shown(row.measured),
    isMet(row) ? `${Math.floor(100 * (1 - row.measured / row.limit))} %` : "MISSED",
  ]);
  const all = [["Test", "Figure", "Limit", "Measured", "Margin"], ...lines];
  const widths = [0, 1, 2, 3, 4].map((i) => Math.max(...all.map((line) => line[i]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${
      cells.map((cell, i) => i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join(
        " | ",
      )
    } |`;
  const rule = `| ${
    widths.map((w, i) => i < 2 ? "-".repeat(w) : `${"-".repeat(w - 1)}:`).join(" | ")
  } |`;
  return [line(all[0]!), rule, ...all.slice(1).map(line)].join("\n");
}

/** Three digits; what is below rounding of the input is told as such. */
function shown(value: number): string {
  if (!Number.isFinite(value)) return "none";
  if (value === 0) return "0";
  if (value < 1e-6) return "< 0.000001";
  return value >= 100 ? value.toFixed(0) : Number(value.toPrecision(3)).toString();
}

/** Replaces what follows the mark in the page. */
async function write(sections: readonly string[]): Promise<void> {
  const page = new URL("../docs/phasor.md", import.meta.url);
  const mark = "<!-- below: written by deno task bench:phasor --write -->";
  const text = await Deno.readTextFile(page);
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`Cannot write the tables: expected the line ${mark} in ${page}`);
  await Deno.writeTextFile(page, `${text.slice(0, at)}${mark}\n\n${sections.join("\n\n")}\n`);
}
