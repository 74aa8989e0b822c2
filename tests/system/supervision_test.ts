import assert from "node:assert/strict";
import { signalKey } from "../../mod/core/mod.ts";
import type { Gateway } from "../../mod/gateway/mod.ts";
import { pointsOf, samePoint, stampOfRecord } from "./expected.ts";
import {
  detailOf,
  inputsRun,
  inputToml,
  outputOf,
  PLAIN_OUTPUT,
  PLAIN_SUBSCRIBER,
  Site,
} from "./site.ts";
import { until } from "../support/waiting.ts";
import { freePort } from "../support/ports.ts";

/** GUIDs, keys and tags by reference. */
function namesOf(gateway: Gateway): Record<string, string[]> {
  return Object.fromEntries(
    gateway.registry.signals().map((s) => [s.reference, [s.id, signalKey(s), s.pointTag]]),
  );
}

Deno.test("supervision: an output whose port is taken says why and is tried again; its neighbours run", async () => {
  await Site.with(async (site) => {
    // None of those that the kernel gives to others as soon as it is free.
    const squatter = Deno.listen({ hostname: "127.0.0.1", port: freePort() });
    const { pmu } = await site.pmu(1);
    const gateway = await site.gateway(
      inputToml(1, pmu.port) + PLAIN_OUTPUT + PLAIN_SUBSCRIBER +
        `[output.taken]\ntype = "sttp"\ninsecure = true\nlisten = "127.0.0.1:${squatter.addr.port}"\n`,
    );
    const state = () => gateway.status().parts["output.taken"]!;
    assert.equal(state().state, "failed");
    assert.match(state().reason!, /EADDRINUSE|in use/i);
    assert.deepEqual(gateway.readiness(), { ready: false, waiting: ["output.taken"] });
    await inputsRun(gateway, 1);
    const subscriber = site.subscriber({ port: outputOf(gateway).port });
    await until(() => subscriber.measurements > 0, "data through the other output");
    // As often as it was tried meanwhile, each time with the wait that follows.
    const told = site.log.complaints(/EADDRINUSE|in use/i).map(({ text }) => text);
    assert.ok(told.length >= 1 && told.every((text) => /trying again in/.test(text)), `${told}`);
    squatter.close();
    await until(() => state().state === "running", "another attempt");
    assert.equal(outputOf(gateway, "taken").port, squatter.addr.port);
    assert.deepEqual(gateway.readiness(), { ready: true, waiting: [] });
    const restarts = gateway.metrics().find((m) => m.part === "output.taken")!.metrics
      .find((m) => m.name === "part_restarts_total")!.value;
    assert.ok(restarts >= 1);
    const second = site.subscriber({ port: outputOf(gateway, "taken").port });
    await until(() => second.measurements > 0, "data through the output that came late");
  });
});

Deno.test("supervision: a PMU that goes away and comes back keeps its GUIDs, keys and subscriptions", async () => {
  await Site.with(async (site) => {
    const port = freePort();
    const first = await site.pmu(1, { transport: { kind: "tcp", port } });
    const other = await site.pmu(2);
    const gateway = await site.gateway(
      inputToml(1, port) + inputToml(2, other.pmu.port) + PLAIN_OUTPUT + PLAIN_SUBSCRIBER,
    );
    await inputsRun(gateway, 2);
    const before = namesOf(gateway);
    const subscriber = site.subscriber({ port: outputOf(gateway).port });
    await until(() => subscriber.seriesOf("PMU1-FQ").size > 10, "data");
    await first.pmu.close();
    const state = () => gateway.status().parts["input.pmu1"]!;
    await until(() => state().state === "waiting", "the loss to be seen");
    assert.match(state().reason!, /./);
    const back = await site.pmu(1, { transport: { kind: "tcp", port } });
    const taken = () => back.records.filter((r) => r.receivers > 0);
    await until(() => taken().length > 5, "data after the return");
    const record = taken()[5]!;
    const at = stampOfRecord(record);
    await until(() => subscriber.seriesOf("PMU1-FQ").has(at), "them at the subscriber");
    assert.deepEqual(namesOf(gateway), before);
    assert.equal(state().state, "running");
    assert.ok(Number(detailOf(gateway, "input.pmu1")["connects"]) >= 2);
    // The subscription has gone on by itself, with the values of the returned PMU.
    assert.equal(subscriber.caches.length, 1);
    for (const [suffix, point] of pointsOf(back.pmu, record)) {
      samePoint(subscriber.seriesOf(`PMU1-${suffix}`).get(at), point, suffix);
    }
    // Said once when it went, once when it came.
    const lines = site.log.lines.filter((l) => l.from === "input.pmu1");
    assert.equal(lines.filter((l) => /The connection failed/.test(l.text)).length, 1);
    assert.equal(lines.filter((l) => /Data come again/.test(l.text)).length, 1);
  });
});

Deno.test("supervision: a gateway that is started again keeps GUIDs and keys, whatever order devices come in", async () => {
  await Site.with(async (site) => {
    const pmus = [await site.pmu(1), await site.pmu(2), await site.pmu(3)];
    const stateDir = `${site.folder}/kept`;
    const run = async (order: number[]): Promise<Record<string, string[]>> => {
      const gateway = await site.gateway(
        order.map((n) => inputToml(n, pmus[n - 1]!.pmu.port)).join("") + PLAIN_OUTPUT +
          PLAIN_SUBSCRIBER,
        { stateDir },
      );
      await inputsRun(gateway, order.length);
      const names = namesOf(gateway);
      await gateway.stop();
      return names;
    };
    const first = await run([1, 2]);
    // A new device comes first; nobody's key moves.
    const second = await run([3, 2, 1]);
    for (const [reference, names] of Object.entries(first)) {
      assert.deepEqual(second[reference], names, reference);
    }
    const third = await run([1, 2, 3]);
    assert.deepEqual(third, second);
    // The own certificate is kept as well: nobody has to pin it anew.
    const gateway = await site.gateway("", { stateDir });
    const pin = gateway.identity!.fingerprint256;
    await gateway.stop();
    const again = await site.gateway("", { stateDir });
    assert.equal(again.identity!.fingerprint256, pin);
    const { mode } = await Deno.stat(`${stateDir}/signals.json`);
    assert.equal(mode! & 0o777, 0o600);
  });
});

Deno.test("supervision: a map of GUIDs that is damaged is set aside, and GUIDs come out the same", async () => {
  await Site.with(async (site) => {
    const { pmu } = await site.pmu(1);
    const stateDir = `${site.folder}/kept`;
    const ids = async () => {
      const gateway = await site.gateway(inputToml(1, pmu.port), { stateDir });
      await inputsRun(gateway, 1);
      const found = gateway.registry.signals().map((s) => s.id);
      await gateway.stop();
      return found;
    };
    const before = await ids();
    for (const text of ["", "{", '[{"id": 5}]', '{"a": 1}']) {
      await Deno.writeTextFile(`${stateDir}/signals.json`, text);
      assert.deepEqual(await ids(), before, text);
      assert.equal(await Deno.readTextFile(`${stateDir}/signals.json.damaged`), text);
    }
    assert.equal(site.log.complaints(/set aside as .*signals\.json\.damaged/).length, 4);
  });
});

Deno.test("supervision: a stream that never sends its configuration is read with the one of an earlier run", async () => {
  await Site.with(async (site) => {
    const stateDir = `${site.folder}/kept`;
    // A UDP port that the gateway listens on; the simulator sends its configuration with the first frame.
    const port = freePort();
    const toml = `
[input.pmu1]
type = "c37118"
transport = "udp-listen"
localAddress = "127.0.0.1"
dataPort = ${port}
idCode = 1
` + PLAIN_OUTPUT + PLAIN_SUBSCRIBER;
    const first = await site.gateway(toml, { stateDir });
    const transport = { kind: "udp-spontaneous", address: "127.0.0.1", port } as const;
    const { pmu } = await site.pmu(1, { transport });
    await inputsRun(first, 1);
    const before = namesOf(first);
    await first.stop();
    const readings = (gateway: Gateway) =>
      detailOf(gateway, "input.pmu1") as {
        books: { dropped: { noConfig: number } };
        configuration: { cached: boolean };
        totals: { configurationFrames: number };
      }; // the shape of the input's report
    // A run begins in the middle of the stream: no configuration before the next minute. One into which a minute
    // falls tells nothing, and is made again.
    const inOneMinute = async (run: (gateway: Gateway) => Promise<void>, stateDir?: string) => {
      for (let attempt = 1;; attempt++) {
        const gateway = await site.gateway(toml, stateDir === undefined ? {} : { stateDir });
        await run(gateway);
        const { configurationFrames } = readings(gateway).totals;
        if (configurationFrames === 0 || attempt === 5) {
          assert.equal(configurationFrames, 0);
          return gateway;
        }
        await gateway.stop();
      }
    };
    const second = await inOneMinute(async (gateway) => {
      assert.deepEqual(namesOf(gateway), before, "known before the first frame");
      const subscriber = site.subscriber({ port: outputOf(gateway).port });
      await until(() => subscriber.seriesOf("PMU1-FQ").size > 30, "data");
      await subscriber.stop();
    }, stateDir);
    assert.equal(readings(second).configuration.cached, true);
    assert.ok(pmu.account.framesSent > 30);
    await second.stop();
    // A third run elsewhere, without the kept one, drops what it cannot read, and says so in its books.
    await inOneMinute((gateway) =>
      until(() => {
        const { books, totals } = readings(gateway);
        return books.dropped.noConfig > 10 || totals.configurationFrames > 0;
      }, "frames without configuration")
    );
  });
});
