/**
 * Runs `deno doc --lint` over the faces of all modules.
 *
 * The linter also calls a type private when it belongs to an npm package (every schema refers to
 * valibot's types). Its reports quote the line that declares the type, with its number; a report whose
 * line stands in none of our files is left out, all others fail the check.
 *
 * @module
 */
import { faces, sources } from "./tree.ts";

const PRIVATE_TYPE = /^error\[private-type-ref\]/;
const DECLARATION = /^ *(\d+) \| (.*)\n *\|[ -]*this is the referenced type$/m;

const ours = new Set<string>();
for (const path of await sources("mod")) {
  const lines = (await Deno.readTextFile(path)).split("\n");
  lines.forEach((line, i) => ours.add(`${i + 1} ${line.trim()}`));
}

/** True if a report is about a type that another package declares. */
function isForeign(report: string): boolean {
  const [, line, text] = DECLARATION.exec(report) ?? [];
  return PRIVATE_TYPE.test(report) && text !== undefined && !ours.has(`${line} ${text.trim()}`);
}

const { code, stderr } = await new Deno.Command(Deno.execPath(), {
  args: ["doc", "--lint", ...await faces("mod")],
  env: { NO_COLOR: "1" },
  stdout: "null",
}).output();
const output = new TextDecoder().decode(stderr);
const reports = output.split(/\n(?=error\[)/).filter((report) => report.startsWith("error["));
if (code !== 0 && reports.length === 0) {
  console.error(output.trimEnd()); // it did not get as far as linting
  Deno.exit(code);
}
const failures = reports.filter((report) => !isForeign(report));
for (const failure of failures) console.error(failure.trimEnd() + "\n");
console.log(`doc lint: ${failures.length} problems`);
if (failures.length > 0) Deno.exit(1);
