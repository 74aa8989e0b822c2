import assert from "node:assert/strict";
import { checkSeries } from "./expected.ts";
import { inputsRun, inputToml, keyPair, outputOf, Site, TLS_OUTPUT } from "./site.ts";
import { fuzzSockets } from "./socket_fuzz.ts";
import { until } from "../support/waiting.ts";

const INPUTS = 3000;

Deno.test(`the gateway's sockets: ${INPUTS} hostile inputs over TLS and plain TCP harm nobody`, async () => {
  await Site.with(async (site) => {
    const pmu = await site.pmu(1);
    const [known, stranger, own] = [
      await keyPair("known"),
      await keyPair("stranger"),
      await keyPair("good"),
    ];
    const limits = "maxHandshakesPerSecond = 1000\nmaxHandshakes = 64\n";
    const gateway = await site.gateway(
      inputToml(1, pmu.pmu.port) + TLS_OUTPUT + limits + `
[output.plain]
type = "sttp"
listen = "127.0.0.1:0"
insecure = true
[subscriber.bad]
pins = ["${known.fingerprint256}"]
plainAddress = ["127.0.0.1"]
allow = ["True"]
[subscriber.good]
pins = ["${own.fingerprint256}"]
allow = ["Device = 'PMU1'"]
`,
    );
    await inputsRun(gateway, 1);
    const outputs = [outputOf(gateway), outputOf(gateway, "plain")] as const;
    const good = site.subscriber({
      port: outputs[0].port,
      tls: { own, gatewayPin: gateway.identity!.fingerprint256 },
    });
    await until(() => good.measurements > 100, "data");
    const count = await fuzzSockets(
      { tlsPort: outputs[0].port, plainPort: outputs[1].port, known, stranger },
      INPUTS,
      20_261_127,
    );
    const summary = JSON.stringify(count);
    assert.ok(Object.values(count.connections).every((number) => number > 5), summary);
    assert.ok(count.answered > 10_000, summary);
    // The connections of those that have gone are over, and each part runs as before.
    const sessions = () =>
      outputs.flatMap((output) => output.subscribers()["bad"]!.sessions.map((s) => s.peer));
    await until(() => sessions().length === 0, () => `no bad session; ${sessions()}`);
    for (const [name, { state, reason }] of Object.entries(gateway.status().parts)) {
      assert.equal(state, "running", `${name}: ${reason}`);
    }
    assert.deepEqual(site.log.with(/session failed/), []);
    for (const output of outputs) {
      const { complaints, ledger } = output.subscribers()["bad"]!;
      assert.ok(Object.keys(complaints).length >= 3, JSON.stringify(complaints));
      assert.ok(complaints["refused"]! > 20, "the inputs do not reach the commands");
      assert.equal(ledger.balance, 0);
      assert.equal(ledger.queued, 0);
    }
    // The neighbour got every value, over one connection and in sequence.
    await site.drain(gateway, "good", good);
    assert.ok(checkSeries(good, [pmu]) > 100);
    assert.equal(good.client.connects, 1);
    assert.equal(good.client.counters?.outOfSequence, 0);
    assert.deepEqual(good.troubles, []);
    assert.equal(outputs[0].subscribers()["good"]!.ledger.balance, 0);
  });
});
