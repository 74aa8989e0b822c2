import assert from "node:assert/strict";
import { metadataSteps } from "../../access/mod.ts";
import { DecodeError, finishSteps, type SignalRegistry } from "../../core/mod.ts";
import { MemoryLog } from "../../core/testing.ts";
import { systemClock } from "../../os/mod.ts";
import { decodeMetadata, metadataDocumentSteps, type MetadataRequest } from "../../sttp/mod.ts";
import { MetadataMaker, type MetadataMakerContext } from "./metadata_maker.ts";
import { GATEWAY_ID, makeRegistry, testingWorker } from "./testing.ts";
import { until } from "../../../tests/support/waiting.ts";

const ALL: MetadataRequest = {
  filter: "",
  encoding: "utf-8",
  gzip: true,
  external: true,
  internal: true,
};
const OPTIONS = { nodeId: GATEWAY_ID, updatedOnMicros: 1_700_000_000_000_000 };

function maker(registry: SignalRegistry, more: Partial<MetadataMakerContext> = {}) {
  const log = new MemoryLog();
  const made = new MetadataMaker({
    registry,
    options: OPTIONS,
    clock: systemClock(),
    log,
    maxWaiting: 8,
    ...more,
  });
  return { made, log, [Symbol.dispose]: () => made.stop() };
}

/** The document as it is made on this thread. */
function expected(registry: SignalRegistry, permitted: Uint8Array, request: MetadataRequest) {
  const query = { permitted, filter: request.filter, nowMicros: 0 };
  const tables = finishSteps(metadataSteps(registry, OPTIONS, query));
  return finishSteps(metadataDocumentSteps(tables, request));
}

const isFailure = (error: unknown) =>
  error instanceof DecodeError && error.message.startsWith("Metadata could not be made");
const isBusy = (error: unknown) => error instanceof DecodeError && error.kind === "busy";

Deno.test("metadata made by the Worker are those of the codec, byte for byte, for all forms", async () => {
  const { registry } = makeRegistry(450);
  using t = maker(registry);
  const permitted = new Uint8Array(registry.size).fill(1);
  permitted[7] = permitted[449] = 0;
  for (
    const request of [
      ALL,
      { ...ALL, gzip: false },
      { ...ALL, encoding: "utf-16le" as const },
      { ...ALL, internal: false },
      { ...ALL, filter: "FILTER TOP 3 MeasurementDetail WHERE TRUE ORDER BY PointTag DESC" },
    ]
  ) {
    assert.deepEqual(
      await t.made.make(permitted, request),
      expected(registry, permitted, request),
      JSON.stringify(request),
    );
  }
  const { started, made, copiedSignals, failed } = t.made.status();
  assert.deepEqual([started, made, copiedSignals, failed], [1, 5, 450, 0]);
});

Deno.test("the Worker is told of changes alone", async () => {
  const { registry, signals } = makeRegistry(250);
  using t = maker(registry);
  const device = { ...registry.device("SHELBY")!, acronym: "OTHER", name: "Other" };
  const draft = { type: "FREQ", label: "", phase: "", unit: "Hz", index: 0, description: "f" };
  const check = async (copied: number, what: string) => {
    const permitted = new Uint8Array(registry.size).fill(1);
    assert.deepEqual(await t.made.make(permitted, ALL), expected(registry, permitted, ALL), what);
    assert.equal(t.made.status().copiedSignals, copied, what);
  };
  await check(250, "the first time");
  await check(250, "nothing has changed");
  registry.register(device, [{ ...draft, type: "FREQ" }]);
  await check(251, "a device comes");
  registry.register({ ...device, name: "Otherwise" }, [{ ...draft, type: "FREQ" }]);
  await check(252, "a device has another name");
  registry.unregister("SHELBY");
  await check(252, "a device goes");
  registry.register({ ...device, acronym: "SHELBY" }, signals.slice(0, 2));
  await check(254, "it comes back behind the other");
});

Deno.test("what is wrong with a filter is told, its time charged, and the Worker stays", async () => {
  const { registry } = makeRegistry(3);
  using t = maker(registry);
  const permitted = new Uint8Array(3).fill(1);
  let charged = 0;
  const request = { ...ALL, filter: "FILTER MeasurementDetail WHERE Nonsense = 1" };
  await assert.rejects(
    t.made.make(permitted, request, (ms) => charged += ms),
    (error) => error instanceof DecodeError && /Nonsense/.test(error.message),
  );
  assert.ok(charged > 0);
  await t.made.make(permitted, ALL);
  assert.deepEqual([t.made.status().started, t.made.status().failed, t.log.lines], [1, 0, []]);
});

Deno.test("a Worker that dies fails its request alone, and another is started after a while", async () => {
  const { registry } = makeRegistry(3);
  using t = maker(registry, { makeWorker: testingWorker, times: { backoffMs: 20 } });
  const permitted = new Uint8Array(3).fill(1);
  const dying = t.made.make(permitted, { ...ALL, filter: "die" });
  const waiting = t.made.make(permitted, ALL);
  await assert.rejects(dying, isFailure);
  assert.equal(t.made.status().worker, "backingOff");
  assert.equal(t.made.status().waiting, 1);
  assert.deepEqual(await waiting, expected(registry, permitted, ALL));
  const { started, failed, made, copiedSignals, worker } = t.made.status();
  assert.deepEqual([started, failed, made, copiedSignals, worker], [2, 1, 1, 6, "running"]);
  assert.match(t.log.lines.join(), /Asked to die/);
});

Deno.test("a Worker that does not answer is ended", async () => {
  const { registry } = makeRegistry(3);
  using t = maker(registry, { makeWorker: testingWorker, times: { backoffMs: 1, makeMs: 50 } });
  const permitted = new Uint8Array(3).fill(1);
  await assert.rejects(t.made.make(permitted, { ...ALL, filter: "hang" }), isFailure);
  assert.match(t.log.lines.join(), /did not answer for 0.05 s/);
  assert.equal(t.made.status().failed, 1);
});

Deno.test("too many requests, and those that wait too long, are refused", async () => {
  const { registry } = makeRegistry(3);
  using t = maker(registry, { makeWorker: testingWorker, maxWaiting: 2, times: { waitMs: 50 } });
  const permitted = new Uint8Array(3).fill(1);
  const hanging = t.made.make(permitted, { ...ALL, filter: "hang" });
  const waiting = [1, 2].map(() => t.made.make(permitted, ALL));
  await assert.rejects(t.made.make(permitted, ALL), isBusy, "beyond the bound");
  await Promise.all(waiting.map((late) => assert.rejects(late, isBusy, "too long")));
  assert.equal(t.made.status().refused, 3);
  assert.equal(t.made.status().waiting, 0);
  t.made.stop();
  await assert.rejects(hanging, isFailure);
  assert.deepEqual(t.log.lines, [], "an end that was wanted is no failure to tell of");
});

Deno.test("a Worker without work is ended, and started again for the next request", async () => {
  const { registry } = makeRegistry(3);
  using t = maker(registry, { times: { idleMs: 20 } });
  const permitted = new Uint8Array(3).fill(1);
  assert.equal(t.made.status().worker, "none", "before the first request");
  await t.made.make(permitted, ALL);
  await until(() => t.made.status().worker === "none", "the end of the Worker");
  const document = await t.made.make(permitted, ALL);
  const tables = decodeMetadata(document, { encoding: "utf-8", gzip: true }).tables;
  assert.equal(tables.find((table) => table.name === "MeasurementDetail")!.rows.length, 3);
  assert.equal(t.made.status().started, 2);
  assert.deepEqual(t.log.lines, []);
});
