import assert from "node:assert/strict";
import { fuzzPublisher } from "./publisher_fuzz.ts";

Deno.test("PublisherSession: 20,000 hostile payloads of all commands do no harm to it or to another", () => {
  const { inputs, sessions, refusals } = fuzzPublisher(20_000, 20_261_121);
  assert.equal(inputs, 20_000);
  assert.ok(sessions > 300, `${sessions} sessions`);
  assert.ok(refusals > 500, `${refusals} refusals: the inputs do not reach the commands`);
});
