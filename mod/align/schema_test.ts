import assert from "node:assert/strict";
import { getStaticTOMLValue, parseTOML } from "toml-eslint-parser";
import * as v from "valibot";
import { ALIGNER_DEFAULTS, alignerOptions, alignSchema } from "./mod.ts";

Deno.test("sample.toml passes, and shows every key with its default", () => {
  const text = Deno.readTextFileSync(new URL("./sample.toml", import.meta.url));
  const document = getStaticTOMLValue(parseTOML(text)) as { align: { main: unknown } };
  const config = v.parse(alignSchema, document.align.main);
  assert.deepEqual(alignerOptions("main", config), {
    name: "main",
    framesPerSecond: 60,
    waitMs: 200,
    ...ALIGNER_DEFAULTS,
  });
  assert.deepEqual(config, document.align.main);
});

Deno.test("defaults are filled in", () => {
  const config = v.parse(alignSchema, { framesPerSecond: 25, waitMs: 40 });
  assert.deepEqual(config, { inputs: ["*"], framesPerSecond: 25, waitMs: 40, ...ALIGNER_DEFAULTS });
});

for (
  const [name, change, message] of [
    ["no rate", { framesPerSecond: undefined }, /number/],
    ["rate 0", { framesPerSecond: 0 }, /expected a whole number from 1 to 240, found 0/],
    ["rate 241", { framesPerSecond: 241 }, /from 1 to 240/],
    ["rate 29.97", { framesPerSecond: 29.97 }, /whole number/],
    ["wait 0", { waitMs: 0 }, /expected a number from 1 to 600000, found 0/],
    ["wait NaN", { waitMs: NaN }, /number/],
    ["wait mode", { waitMode: "never" }, /"absolute" \| "relative" \| "dataTime"/],
    ["no inputs", { inputs: [] }, /length/],
    ["unknown key", { wait: 5 }, /never/],
  ] as [string, Record<string, unknown>, RegExp][]
) {
  Deno.test(`refused: ${name}`, () => {
    const result = v.safeParse(alignSchema, { framesPerSecond: 50, waitMs: 100, ...change });
    assert.equal(result.success, false);
    assert.match(result.issues!.map((i) => i.message).join(), message);
  });
}
