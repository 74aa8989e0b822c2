import assert from "node:assert/strict";
import * as v from "valibot";
import { MemoryLog } from "../../core/testing.ts";
import { Identities } from "../../identity/mod.ts";
import { connectTls, makeSelfSigned, systemClock } from "../../os/mod.ts";
import { sttpOutputSchema } from "./schema.ts";
import { createSttpOutput } from "./sttp_output.ts";
import { FakeAccess, GATEWAY_ID, LISTENING, makeRegistry, TestClient } from "./testing.ts";
import { until } from "../../../tests/support/waiting.ts";

const COUNT = 12;
/** How long each selection takes: with the next one more than a turn may last. */
const SELECT_MS = 3;

/** Rights whose selections take their time; remembers in which turn and which call each was made. */
class SlowAccess extends FakeAccess {
  slow = false;
  /** Turns of the event loop. */
  turn = 0;
  readonly turns: number[] = [];
  /** Calls out of the event loop: what is put off to the end of one comes after all of its work. */
  #call = 0;
  readonly calls: number[] = [];

  override *selectSteps(permitted: Uint8Array) {
    if (this.slow) {
      if (this.calls.at(-1) !== this.#call) queueMicrotask(() => this.#call++);
      this.calls.push(this.#call);
      this.turns.push(this.turn);
      const end = performance.now() + SELECT_MS;
      while (performance.now() < end);
    }
    return yield* super.selectSteps(permitted);
  }
}

Deno.test("output/sttp: after a change of rights subscribers follow in turns, and data need not wait for all", async () => {
  const { registry } = makeRegistry(4);
  const access = new SlowAccess(registry);
  const names = Array.from({ length: COUNT }, (_, i) => `s${i}`);
  for (const name of names) access.grant(name, [0, 1]);
  const pairs = await Promise.all(names.map((commonName) => makeSelfSigned({ commonName })));
  const output = createSttpOutput(
    "output.test",
    v.parse(sttpOutputSchema, { ...LISTENING }),
    {
      gatewayId: GATEWAY_ID,
      registry,
      access,
      identities: new Identities({
        subscribers: names.map((name, i) => ({
          name,
          enabled: true,
          pins: [pairs[i]!.fingerprint256],
        })),
      }),
      identity: await makeSelfSigned({ commonName: "gateway" }),
      subscribers: Object.fromEntries(
        names.map((name) => [name, { enabled: true, stream: "received" }]),
      ),
      clock: systemClock(),
      log: new MemoryLog(),
    },
  );
  await output.start();
  const clients: TestClient[] = [];
  try {
    for (const pair of pairs) {
      const judge = () => ({ name: "gateway" });
      const where = { hostname: "127.0.0.1", port: output.port };
      const client = new TestClient((await connectTls({ ...where, ...pair, judge })).connection);
      client.hello();
      client.subscribe();
      clients.push(client);
      await until(() => client.caches.length === 1, "the cache");
    }
    access.slow = true;
    const turns = setInterval(() => access.turn++, 0);
    for (const name of names) access.grant(name, [0, 1, 2]);
    await until(() => clients.every((c) => c.caches.length === 2), "all new caches");
    clearInterval(turns);
    for (const { caches } of clients) assert.equal(caches[1]!.records.length, 3);
    assert.equal(access.calls.length, COUNT);
    // A call has two kinds of work, each of which ends with the selection in which its 2 ms are over.
    assert.ok(new Set(access.calls).size >= COUNT / 2, access.calls.join());
    // Something else had its turn; how often depends on what else the machine does.
    assert.ok(new Set(access.turns).size > 1, access.turns.join());
  } finally {
    for (const { connection } of clients) connection.destroy();
    await output.stop();
  }
});
