import assert from "node:assert/strict";
import * as v from "valibot";
import { secretFile, secretSource } from "./mod.ts";

Deno.test("secret source: a name of systemd or of the environment, or none", () => {
  for (
    const [reference, expected] of [
      ["credential:ann.hash", { kind: "credential", name: "ann.hash" }],
      ["env:TIELINE_KEY", { kind: "env", name: "TIELINE_KEY" }],
      ["env:_x1", { kind: "env", name: "_x1" }],
      ["/etc/tieline/key.pem", undefined],
      ["credential:", undefined],
      ["credential:../../etc/shadow", undefined],
      ["credential:..", undefined],
      ["credential:.hidden", undefined],
      ["credential:a/b", undefined],
      ["env:", undefined],
      ["env:1X", undefined],
      ["env:A=B", undefined],
      ["env:A B", undefined],
      [" env:A", undefined],
      ["Env:A", undefined],
      [`env:${"A".repeat(300)}`, undefined],
    ] as const
  ) {
    assert.deepEqual(secretSource(reference), expected, reference);
    // What begins like a name and is none must not be taken for a path.
    const isPath = !/^(credential|env):/.test(reference);
    const ok = v.safeParse(secretFile(), reference).success;
    assert.equal(ok, isPath || expected !== undefined, reference);
  }
});
