import assert from "node:assert/strict";
import { readSecret, secretStamp } from "./mod.ts";

const VARIABLE = "TIELINE_TEST_SECRET";

Deno.test("secret: from a file, a credential and the environment; what is missing is told by its name alone", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tieline-secret-" });
  const before = Deno.env.get("CREDENTIALS_DIRECTORY");
  try {
    await Deno.writeTextFile(`${folder}/ann.hash`, "of ann\n");
    Deno.env.delete("CREDENTIALS_DIRECTORY");
    await assert.rejects(readSecret("credential:ann.hash"), /CREDENTIALS_DIRECTORY is not set/);
    await assert.rejects(secretStamp("credential:ann.hash"), /CREDENTIALS_DIRECTORY is not set/);
    Deno.env.set("CREDENTIALS_DIRECTORY", folder);
    Deno.env.set(VARIABLE, "of the environment");
    assert.equal(await readSecret(`${folder}/ann.hash`), "of ann\n");
    assert.equal(await readSecret("credential:ann.hash"), "of ann\n");
    assert.equal(await readSecret(`env:${VARIABLE}`), "of the environment");
    for (const reference of [`${folder}/no`, "credential:no", "env:TIELINE_TEST_NOTHING"]) {
      await assert.rejects(readSecret(reference), (error: Error) => {
        assert.ok(error instanceof Deno.errors.NotFound);
        assert.ok(error.message.includes(reference), error.message);
        return true;
      });
    }
    Deno.env.set(VARIABLE, "");
    await assert.rejects(readSecret(`env:${VARIABLE}`), /found none/);
    await Deno.writeFile(`${folder}/large`, new Uint8Array(300_000));
    await assert.rejects(readSecret("credential:large"), /at most 262144 bytes/);

    const stamp = await secretStamp("credential:ann.hash");
    assert.equal(await secretStamp("credential:ann.hash"), stamp);
    await Deno.writeTextFile(`${folder}/ann.hash`, "of another ann\n");
    assert.notEqual(await secretStamp("credential:ann.hash"), stamp);
    assert.equal(await secretStamp(`env:${VARIABLE}`), `env:${VARIABLE}`);
  } finally {
    Deno.env.delete(VARIABLE);
    if (before === undefined) Deno.env.delete("CREDENTIALS_DIRECTORY");
    else Deno.env.set("CREDENTIALS_DIRECTORY", before);
    await Deno.remove(folder, { recursive: true });
  }
});
