/**
 * Holds the house together: floors, faces, no cycles, and no I/O, clock or timer on floors 1 to 3.
 *
 * @module
 */
import assert from "node:assert/strict";
import { sources } from "../check/tree.ts";

/** Floor of each module; a module may import only from lower ones. */
const FLOORS: Readonly<Record<string, number>> = {
  core: 1,
  c37118: 2,
  sttp: 2,
  filter: 2,
  pcap: 2,
  ptp: 2,
  sv: 2,
  slipstream: 2,
  comtrade: 2,
  phasor: 2,
  config: 2,
  align: 3,
  alarm: 3,
  event: 3,
  access: 3,
  identity: 3,
  stats: 3,
  os: 4,
  archive: 5,
  "input/c37118": 5,
  "input/sttp": 5,
  "input/sv": 5,
  "output/c37118": 5,
  "output/sttp": 5,
  revision: 5,
  clock: 5,
  audit: 5,
  sim: 5,
  gateway: 6,
  dashboard: 6,
  admin: 7,
  cli: 8,
};

/** What floors 1 to 3 may take from the platform and from npm: computation only. */
const PURE_PACKAGES = new Set([
  "node:crypto",
  "node:zlib",
  "node:buffer",
  "cborg",
  "saxes",
  "toml-eslint-parser",
  "valibot",
  "@peculiar/x509",
]);

/** I/O, clocks and timers by name. */
const IMPURE =
  /\bDeno\.(?!test|bench)\w|\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.|\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bfetch\(|\bconsole\.|\bnew Worker\b|\bcrypto\.getRandomValues\b|\brandomBytes\b|\brandomUUID\b|\bMath\.random\b/;

function moduleOf(path: string): string {
  const parts = path.split("/").slice(1, -1);
  for (let n = parts.length; n > 0; n--) {
    const name = parts.slice(0, n).join("/");
    if (name in FLOORS) return name;
  }
  throw new Error(`${path} belongs to no module: give its folder a floor in this test`);
}

function resolve(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

async function importsOf(path: string): Promise<string[]> {
  const text = (await Deno.readTextFile(path)).replace(/\/\*[\s\S]*?\*\//g, "");
  const found: string[] = [];
  for (const [, a, b] of text.matchAll(/(?:from|import)\s+"([^"]+)"|import\(\s*"([^"]+)"/g)) {
    found.push((a ?? b)!);
  }
  return found;
}

/** The rules that one import breaks; empty when it is in order. */
function broken(path: string, specifier: string): string[] {
  const here = moduleOf(path);
  const floor = FLOORS[here]!;
  if (!specifier.startsWith(".")) {
    return floor <= 3 && !PURE_PACKAGES.has(specifier)
      ? [`${path}: floor ${floor} imports "${specifier}", which is not pure computation`]
      : [];
  }
  const target = resolve(path, specifier);
  const there = moduleOf(target);
  if (there === here) return [];
  const problems: string[] = [];
  const isFixture = [path, target].every((file) => /[/_]testing\.ts$/.test(file));
  if (!isFixture && !target.endsWith(`${there}/mod.ts`)) {
    problems.push(`${path}: imports ${target}, which is behind the face of ${there}`);
  }
  if (FLOORS[there]! >= floor) {
    problems.push(`${path}: floor ${floor} imports ${there} on floor ${FLOORS[there]}`);
  }
  return problems;
}

Deno.test("architecture: imports go only downwards and only through a module's face", async () => {
  const problems: string[] = [];
  for (const path of await sources("mod")) {
    for (const specifier of await importsOf(path)) problems.push(...broken(path, specifier));
  }
  assert.deepEqual(problems, []);
});

Deno.test("architecture: the rules can fail", () => {
  assert.equal(broken("mod/core/x.ts", "../sttp/mod.ts").length, 1);
  assert.equal(broken("mod/gateway/x.ts", "../sttp/tssc_encoder.ts").length, 1);
  assert.equal(broken("mod/c37118/x.ts", "../sttp/mod.ts").length, 1);
  assert.equal(broken("mod/core/x.ts", "node:net").length, 1);
  assert.deepEqual(broken("mod/output/sttp/x.ts", "../../sttp/mod.ts"), []);
  assert.deepEqual(broken("mod/output/sttp/testing.ts", "../../core/testing.ts"), []);
  assert.equal(broken("mod/output/sttp/x.ts", "../../core/testing.ts").length, 1);
  assert.equal(broken("mod/core/testing.ts", "../os/testing.ts").length, 1);
  assert.match("const t = Date.now()", IMPURE);
  assert.match("await Deno.readFile(p)", IMPURE);
});

Deno.test("architecture: no file is part of an import cycle", async () => {
  const graph = new Map<string, string[]>();
  for (const path of await sources("mod")) {
    const targets = (await importsOf(path)).filter((s) => s.startsWith("."));
    graph.set(path, targets.map((s) => resolve(path, s)));
  }
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: string[]) => {
    const at = trail.indexOf(path);
    if (at >= 0) cycles.push([...trail.slice(at), path].join(" -> "));
    else if (!done.has(path)) {
      for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
      done.add(path);
    }
  };
  for (const path of graph.keys()) visit(path, []);
  assert.deepEqual(cycles, []);
});

Deno.test("architecture: floors 1 to 3 do no I/O, read no clock and start no timer", async () => {
  const problems: string[] = [];
  for (const path of await sources("mod")) {
    if (FLOORS[moduleOf(path)]! > 3) continue;
    const code = (await Deno.readTextFile(path))
      .replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*$/gm, "");
    const match = IMPURE.exec(code);
    if (match) problems.push(`${path}: ${match[0]}`);
  }
  assert.deepEqual(problems, []);
});
