import assert from "node:assert/strict";
import { type Gateway, readConfig } from "../../mod/gateway/mod.ts";
import { checkSeries } from "./expected.ts";
import { GATEWAY_ID, inputsRun, inputToml, outputOf, PLAIN_OUTPUT, Site } from "./site.ts";
import { freePort } from "../support/ports.ts";
import { until } from "../support/waiting.ts";

const CLIENT = `
[subscriber.client]
plainAddress = ["127.0.0.1"]
allow = ["Device LIKE 'PMU%'"]
deny = ["Device = 'PMU7' OR Device = 'PMU99'"]
`;

/** A configuration as {@linkcode Site.gateway} makes it of `toml`, for the first gateway of the site. */
function configOf(site: Site, toml: string) {
  return readConfig(
    `[gateway]\nid = "${GATEWAY_ID}"\nname = "EDGE"\nmemoryMB = 500\nstateDir = "${site.folder}/state1"\n` +
      `[statistics]\nenabled = false\n${toml}`,
    "next",
  );
}

function stateOf(gateway: Gateway, part: string): string | undefined {
  return gateway.status().parts[part]?.state;
}

Deno.test("reconfigure: one of 40 inputs is changed, others lose no frame and their subscriber no connection", async () => {
  await Site.with(async (site) => {
    const pmus = await Promise.all(
      Array.from({ length: 40 }, (_, i) => site.pmu(i + 1, { rate: 25 })),
    );
    const toml = (more: string) =>
      pmus.map(({ pmu }, i) => inputToml(i + 1, pmu.port, i === 6 ? more : "")).join("") +
      PLAIN_OUTPUT + CLIENT;
    const gateway = await site.gateway(toml(""));
    await inputsRun(gateway, 40);
    const subscriber = site.subscriber({ port: outputOf(gateway).port });
    const others = pmus.filter((_, i) => i !== 6);
    const granted = gateway.registry.signals().filter(({ device }) => device !== "PMU7");
    const shortest = () =>
      Math.min(...granted.map(({ id }) => subscriber.series.get(id)?.size ?? 0));
    await until(() => shortest() > 9, "data of 39 PMUs");
    const took: number[] = [];
    for (const more of ["dataLossMs = 4000", 'name = "Seven"', ""]) {
      const { plan, failed, ms } = await gateway.apply(configOf(site, toml(more)));
      took.push(ms);
      assert.deepEqual(failed, []);
      assert.deepEqual(
        plan.changes.map(({ part, change }) => `${part} ${change}`),
        ["input.pmu7 restarted"],
      );
      await until(() => stateOf(gateway, "input.pmu7") === "running", "the changed input");
    }
    assert.ok(Math.min(...took) < 1000, `applied in ${took} ms`);
    console.log(`reconfigure: ${took.map((ms) => ms.toFixed(1)).join(", ")} ms for 1 of 40 inputs`);
    const before = shortest();
    await until(() => shortest() > before + 9, "data after the changes");
    await site.drain(gateway, "client", subscriber);
    // Numbers of PMUs are positions in this list, so the changed one keeps its place without being looked at.
    const compared = checkSeries(subscriber, pmus, {
      isExpected: (reference) => !/^PMU7-/.test(reference),
      skip: new Set([6]),
    });
    assert.ok(compared > others.length * 9);
    assert.equal(subscriber.caches.length, 1, "the subscriber kept its cache");
    assert.deepEqual(subscriber.troubles, []);
    assert.equal(outputOf(gateway).subscribers()["client"]!.connections, 1);
  });
});

Deno.test("reconfigure: parts come and go, rights change, and what is untouched goes on", async () => {
  await Site.with(async (site) => {
    const [one, two] = [await site.pmu(1), await site.pmu(2)];
    const input = (n: number, pmu: typeof one) => inputToml(n, pmu.pmu.port);
    const first = input(1, one) + PLAIN_OUTPUT + CLIENT;
    const gateway = await site.gateway(first);
    await inputsRun(gateway, 1);
    const subscriber = site.subscriber({ port: outputOf(gateway).port, metadata: false });
    await until(() => subscriber.measurements > 100, "data");
    const devices = () => gateway.registry.devices().map(({ acronym }) => acronym);

    // An input, an aligner and an output with a subscriber of the aligner come.
    const second = first + input(2, two) +
      "[align.wide]\nframesPerSecond = 60\nwaitMs = 100\n" +
      '[output.extra]\ntype = "sttp"\nlisten = "127.0.0.1:0"\ninsecure = true\n';
    const added = await gateway.apply(configOf(site, second));
    assert.deepEqual(
      added.plan.changes.map(({ part, change }) => `${part} ${change}`).sort(),
      ["align.wide added", "input.pmu2 added", "output.extra added"],
    );
    await inputsRun(gateway, 2);
    await until(() => (gateway.stream("wide")?.frames ?? 0) > 30, "aligned frames");
    const late = site.subscriber({ port: outputOf(gateway, "extra").port, metadata: false });
    await until(() => late.measurements > 100, "data from the new output");
    await until(
      () =>
        gateway.registry.signals().some((s) => s.device === "PMU2" && subscriber.series.has(s.id)),
      "a running FILTER subscription to take the new input in",
    );

    // The subscriber of both outputs moves to the aligner, then loses its rights; an input goes.
    const third = (second + "").replace(
      "allow = [",
      'stream = "wide"\nallow = [',
    );
    await gateway.apply(configOf(site, third));
    const seen = subscriber.measurements;
    await until(
      () => subscriber.measurements > seen + 100,
      "aligned data after the change of stream",
    );

    const fourth = third.replace(
      "allow = [\"Device LIKE 'PMU%'\"]",
      "allow = [\"Device = 'PMU1'\"]",
    )
      .replace(input(2, two), "");
    await gateway.apply(configOf(site, fourth));
    assert.deepEqual(devices().filter((d) => d.startsWith("PMU")), ["PMU1"]);
    await until(() => two.pmu.receiverCount === 0, "the end of the connection to the device");
    assert.equal(stateOf(gateway, "input.pmu2"), undefined);

    // All of it goes again.
    await gateway.apply(configOf(site, first));
    assert.equal(gateway.sttpOutput("extra"), undefined);
    assert.equal(gateway.stream("wide"), undefined);
    assert.deepEqual(Object.keys(gateway.status().parts), ["input.pmu1", "output.main"]);
    const before = subscriber.measurements;
    await until(() => subscriber.measurements > before + 100, "data as at first");
    assert.equal(gateway.status().streams["received"]!.errors, 0);
  });
});

Deno.test("reconfigure: a part that cannot work is told, and applying the former one undoes it", async () => {
  await Site.with(async (site) => {
    const squatter = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const first = PLAIN_OUTPUT + CLIENT;
    const gateway = await site.gateway(first);
    const port = outputOf(gateway).port;
    const taken =
      `[output.late]\ntype = "sttp"\ninsecure = true\nlisten = "127.0.0.1:${squatter.addr.port}"\n`;
    const { failed } = await gateway.apply(configOf(site, first + taken));
    assert.deepEqual(failed.map(({ part }) => part), ["output.late"]);
    assert.match(failed[0]!.reason, /in use/i);
    const undone = await gateway.apply(configOf(site, first));
    assert.deepEqual(undone.failed, []);
    assert.deepEqual(Object.keys(gateway.status().parts), ["output.main"]);
    assert.equal(outputOf(gateway).port, port, "the other output was not touched");
    squatter.close();
  });
});

Deno.test("reconfigure: another name of the gateway starts everything anew; the state folder stays", async () => {
  await Site.with(async (site) => {
    const { pmu } = await site.pmu(1);
    const toml = inputToml(1, pmu.port) + PLAIN_OUTPUT + CLIENT;
    const gateway = await site.gateway(toml);
    await inputsRun(gateway, 1);
    const renamed = configOf(site, toml);
    const { plan } = await gateway.apply({
      ...renamed,
      gateway: { ...renamed.gateway, name: "OTHER" },
    });
    assert.ok(plan.everything);
    await inputsRun(gateway, 1);
    assert.equal(gateway.status().name, "OTHER");
    const subscriber = site.subscriber({ port: outputOf(gateway).port });
    await until(() => subscriber.measurements > 100, "data after the new start");
    await assert.rejects(
      gateway.apply({ ...renamed, gateway: { ...renamed.gateway, stateDir: "/elsewhere" } }),
      /gateway\.stateDir.*cannot be changed in a running program/,
    );
    assert.equal(gateway.status().name, "OTHER");
  });
});

Deno.test("reconfigure: two at once are applied one after the other", async () => {
  await Site.with(async (site) => {
    const [one, two] = [await site.pmu(1), await site.pmu(2)];
    const gateway = await site.gateway(PLAIN_OUTPUT + CLIENT);
    const a = inputToml(1, one.pmu.port), b = inputToml(2, two.pmu.port);
    await Promise.all([
      gateway.apply(configOf(site, a + PLAIN_OUTPUT + CLIENT)),
      gateway.apply(configOf(site, b + PLAIN_OUTPUT + CLIENT)),
      gateway.apply(configOf(site, a + b + PLAIN_OUTPUT + CLIENT)),
    ]);
    await inputsRun(gateway, 2);
    assert.deepEqual(
      Object.keys(gateway.status().parts).sort(),
      ["input.pmu1", "input.pmu2", "output.main"],
    );
  });
});

Deno.test("reconfigure: a part that is started again by hand while it is taken away stays away", async () => {
  await Site.with(async (site) => {
    const port = freePort();
    const gateway = await site.gateway(PLAIN_OUTPUT.replace(":0", `:${port}`) + CLIENT);
    assert.equal(outputOf(gateway).port, port);
    await Promise.all([
      gateway.restartPart("output.main"),
      gateway.apply(configOf(site, CLIENT)),
    ]);
    assert.equal(stateOf(gateway, "output.main"), undefined);
    await assert.rejects(Deno.connect({ hostname: "127.0.0.1", port }));
    assert.equal(await gateway.restartPart("output.main"), false);
  });
});
