import assert from "node:assert/strict";
import { getStaticTOMLValue, parseTOML } from "toml-eslint-parser";
import * as v from "valibot";
import { archiveSchema } from "./mod.ts";

Deno.test("sample.toml passes, and shows every key with its default", () => {
  const text = Deno.readTextFileSync(new URL("./sample.toml", import.meta.url));
  const { archive } = getStaticTOMLValue(parseTOML(text)) as { archive: { directory: string } };
  const { directory } = archive;
  assert.deepEqual(v.parse(archiveSchema, archive), archive);
  assert.deepEqual({ directory, ...v.parse(archiveSchema, {}) }, archive);
});

for (
  const [name, options, message] of [
    ["no records", { maxRecords: 0 }, /from 1 to 1000000, found 0/],
    ["negative age", { maxAgeDays: -1 }, /from 0 to 36500, found -1/],
    ["no bytes", { maxMB: 0 }, /found 0/],
    ["unknown key", { maxGB: 1 }, /never/],
    ["a directory that is none", { directory: "" }, /printable characters/],
  ] as [string, Record<string, unknown>, RegExp][]
) {
  Deno.test(`archive refused: ${name}`, () => {
    const result = v.safeParse(archiveSchema, options);
    assert.equal(result.success, false);
    assert.match(result.issues!.map((i) => i.message).join(), message);
  });
}
