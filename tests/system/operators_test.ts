import assert from "node:assert/strict";
import type { Gateway } from "../../mod/gateway/mod.ts";
import { checkSeries, stampOfRecord } from "./expected.ts";
import {
  ADMIN_TOML,
  AS_ROOT,
  inputsRun,
  inputToml,
  keyPair,
  outputOf,
  PLAIN_OUTPUT,
  PLAIN_SUBSCRIBER,
  Site,
  TLS_OUTPUT,
} from "./site.ts";
import { stampOfTime, type Subscriber } from "./subscriber.ts";
import { until } from "../support/waiting.ts";

/** How soon what an operator does has to hold. */
const SOON_MS = 1000;

/** An operator with all roles, over HTTP. */
class Operator {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const isText = typeof body === "string";
    return await fetch(this.#url + path, {
      method,
      headers: {
        ...AS_ROOT,
        ...(body !== undefined &&
          { "Content-Type": isText ? "application/toml" : "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
    });
  }

  async json(...request: Parameters<Operator["ask"]>): Promise<Record<string, unknown>> {
    const answer = await this.ask(...request);
    const text = await answer.text();
    assert.equal(answer.status, 200, `${request[0]} ${request[1]}: ${text}`);
    return JSON.parse(text) as Record<string, unknown>; // its shape is checked by the tests of the API
  }

  /** The configuration as it is shown, and what a change of it has to match. */
  async configuration(): Promise<{ text: string; match: Record<string, string> }> {
    const answer = await this.ask("GET", "/api/config");
    return { text: await answer.text(), match: { "If-Match": answer.headers.get("etag")! } };
  }
}

Deno.test("operators: one of 40 inputs is changed by a push; others lose no frame", async () => {
  await Site.with(async (site) => {
    const pmus = await Promise.all(
      Array.from({ length: 40 }, (_, i) => site.pmu(i + 1, { rate: 25 })),
    );
    const gateway = await site.gateway(
      ADMIN_TOML + pmus.map(({ pmu }, i) => inputToml(i + 1, pmu.port)).join("") + PLAIN_OUTPUT +
        PLAIN_SUBSCRIBER.replace("True", "Device <> 'PMU7'"),
    );
    const operator = new Operator((await site.admin(gateway)).host.url);
    await inputsRun(gateway, 40);
    const subscriber = site.subscriber({ port: outputOf(gateway).port });
    const granted = gateway.registry.signals().filter(({ device }) => device !== "PMU7");
    const shortest = () =>
      Math.min(...granted.map(({ id }) => subscriber.series.get(id)?.size ?? 0));
    await until(() => shortest() > 9, "data of 39 PMUs");
    const { text, match } = await operator.configuration();
    const began = performance.now();
    const change = await operator.json(
      "PUT",
      "/api/config?comment=slower",
      text.replace("[input.pmu7]", "[input.pmu7]\ndataLossMs = 4000"),
      match,
    );
    const ms = performance.now() - began;
    console.log(`operators: a push that touches one of 40 inputs took ${ms.toFixed(0)} ms`);
    assert.deepEqual(change["changes"], [
      { part: "input.pmu7", change: "restarted", keys: ["dataLossMs"] },
    ]);
    await until(
      () => gateway.status().parts["input.pmu7"]!.state === "running",
      "the changed input",
    );
    const before = shortest();
    await until(() => shortest() > before + 9, "data after the change");
    await site.drain(gateway, "client", subscriber);
    const compared = checkSeries(subscriber, pmus, {
      isExpected: (reference) => !/^PMU7-/.test(reference),
      skip: new Set([6]),
    });
    assert.ok(compared > 39 * 10, `${compared}`);
    assert.deepEqual([subscriber.caches.length, subscriber.troubles], [1, []]);
  });
});

async function withSubscriber(
  test: (bench: {
    readonly site: Site;
    readonly gateway: Gateway;
    readonly operator: Operator;
    readonly subscriber: Subscriber;
    readonly pmus: Awaited<ReturnType<Site["pmu"]>>[];
  }) => Promise<void>,
): Promise<void> {
  await Site.with(async (site) => {
    const pmus = [await site.pmu(1, { rate: 30 }), await site.pmu(2, { rate: 30 })];
    const center = await keyPair("center");
    const gateway = await site.gateway(
      ADMIN_TOML + pmus.map(({ pmu }, i) => inputToml(i + 1, pmu.port)).join("") + TLS_OUTPUT +
        `[subscriber.center] # the control center\npins = ["${center.fingerprint256}"]\nallow = ["True"]\n`,
    );
    const operator = new Operator((await site.admin(gateway)).host.url);
    await inputsRun(gateway, 2);
    const subscriber = site.subscriber({
      port: outputOf(gateway).port,
      tls: { own: center, gatewayPin: gateway.identity!.fingerprint256 },
    });
    await until(() => subscriber.measurements > 200, "data");
    await test({ site, gateway, operator, subscriber, pmus });
  });
}

Deno.test("operators: rights that the API changes hold within a second, and the text keeps its comments", async () => {
  await withSubscriber(async ({ gateway, operator, subscriber }) => {
    const signals = gateway.registry.signals();
    const newest = ({ id }: { readonly id: string }) => subscriber.order.get(id)?.at(-1) ?? 0;
    await until(() => signals.every((s) => newest(s) > 0), "data of all signals");
    const { match } = await operator.configuration();
    await operator.json(
      "PUT",
      "/api/subscribers/center/access",
      { allow: ["Device = 'PMU1'"], deny: ["SignalType = 'DIGI'"] },
      match,
    );
    const soon = Date.now() + SOON_MS;
    const limit = stampOfTime(Math.floor(soon / 1000), (soon % 1000) * 10_000);
    const isGranted = (s: typeof signals[number]) => s.device === "PMU1" && s.type !== "DIGI";
    // By stamps, which say when a value was made, however late this process reads it.
    await until(
      () => signals.filter(isGranted).every((s) => newest(s) > limit + 5_000_000),
      "what is granted",
    );
    for (const signal of signals) {
      if (!isGranted(signal)) {
        assert.ok(newest(signal) <= limit, `${signal.reference} was revoked`);
      }
    }
    assert.match(
      (await operator.configuration()).text,
      /\[subscriber\.center\] # the control center\n/,
    );
  });
});

Deno.test("operators: a revocation holds at once and over a new start, whatever else is changed, and goes by name", async () => {
  await withSubscriber(async ({ gateway, operator, subscriber }) => {
    await operator.json("POST", "/api/subscribers/center/revoke", { reason: "stolen laptop" });
    await until(() => subscriber.troubles.some((t) => /disconnected/.test(t)), "the end");
    const seen = subscriber.measurements;
    // Another output, other rights, and everything anew: it stays revoked.
    const { text, match } = await operator.configuration();
    await operator.json(
      "PUT",
      "/api/config",
      text.replace('allow = ["True"]', "allow = [\"Device = 'PMU1'\"]"),
      match,
    );
    const again = await operator.configuration();
    await operator.json(
      "PUT",
      "/api/config",
      again.text.replace('name = "EDGE"', 'name = "EDGE2"'),
      again.match,
    );
    await inputsRun(gateway, 2);
    assert.equal(outputOf(gateway).subscribers()["center"]!.revoked, true);
    assert.equal(subscriber.measurements, seen);
    const { alarms } = await operator.json("GET", "/api/alarms");
    assert.match(JSON.stringify(alarms), /subscriber\.center.*revoked by root: stolen laptop/);
    await operator.json("DELETE", "/api/subscribers/center/revoke");
    assert.equal(outputOf(gateway).subscribers()["center"]!.revoked, false);
    assert.deepEqual(gateway.revocations(), []);
  });
});

Deno.test("operators: a subscriber that is disconnected comes back, its neighbours notice nothing", async () => {
  await withSubscriber(async ({ operator, subscriber }) => {
    assert.deepEqual(await operator.json("POST", "/api/subscribers/center/disconnect"), {
      ended: 1,
    });
    await until(() => subscriber.caches.length === 2, "a second subscription");
    const { items } = await operator.json("GET", "/api/subscribers") as {
      items: {
        name: string;
        outputs: Record<string, { connected: boolean; connections: number }>;
      }[];
    };
    assert.deepEqual(
      items.map((
        { name, outputs },
      ) => [name, outputs["main"]!.connected, outputs["main"]!.connections]),
      [
        ["center", true, 2],
      ],
    );
  });
});

Deno.test("operators: latest and live values are those that the PMU sent", async () => {
  await withSubscriber(async ({ gateway, operator, pmus }) => {
    const { pmu, records } = pmus[0]!;
    const device = pmu.devices[0]!;
    const sent = (timeMicros: number, index: number): number | undefined => {
      const stamp = stampOfTime(Math.floor(timeMicros / 1e6), Math.round(timeMicros % 1e6) * 10);
      const record = records.find((r) => Math.abs(stampOfRecord(r) - stamp) <= 10);
      return record && pmu.model.valueAt(device, index, record.second, record.index, record.rate);
    };
    const isFirst = (id: string) =>
      gateway.registry.get(gateway.registry.handleOf(id)!)!.reference === "PMU1-PM1";
    const { ids, values, timesMicros } = await operator.json(
      "GET",
      `/api/values?filter=${encodeURIComponent("Device = 'PMU1' AND SignalType = 'VPHM'")}`,
    ) as { ids: string[]; values: number[]; timesMicros: number[] };
    const at = ids.findIndex(isFirst);
    assert.equal(values[at], sent(timesMicros[at]!, 0));

    const answer = await operator.ask(
      "GET",
      `/api/live?filter=${encodeURIComponent("Device = 'PMU1'")}`,
    );
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "", compared = 0;
    while (text.split("event: values").length < 12) text += (await reader.read()).value ?? "";
    await reader.cancel();
    // The shape of events is checked by the tests of the API.
    const signals = JSON.parse(/event: signals\ndata: (.*)/.exec(text)![1]!) as {
      reference: string;
    }[];
    const first = signals.findIndex((s) => s.reference === "PMU1-PM1");
    for (const [, data] of text.matchAll(/event: values\ndata: (.*)\n/g)) {
      const event = JSON.parse(data!) as { timeMicros: number; values: number[] };
      const value = sent(event.timeMicros, 0);
      if (value === undefined) continue;
      assert.equal(event.values[first], value);
      compared++;
    }
    assert.ok(compared >= 8, `${compared} of 11 events were compared`);
  });
});
