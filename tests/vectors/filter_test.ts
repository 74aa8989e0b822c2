import assert from "node:assert/strict";
import { main } from "./main.ts";

const FOLDER = new URL("../../../shared/vectors/filter", import.meta.url).pathname;

Deno.test("every filter vector comes out as it says", async () => {
  let present = true;
  try {
    Deno.statSync(FOLDER);
  } catch {
    present = false;
  }
  if (!present) {
    console.log(`skipped: ${FOLDER} is absent`);
    return;
  }
  assert.equal(await main(["filter", FOLDER]), 0);
});
