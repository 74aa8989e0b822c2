import assert from "node:assert/strict";
import fc from "fast-check";
import { metadataSteps } from "../../access/mod.ts";
import { type Device, finishSteps, type SignalDraft, SignalRegistry } from "../../core/mod.ts";
import { metadataDocumentSteps } from "../../sttp/mod.ts";
import { packRights, unpackRights } from "./metadata_protocol.ts";
import { MetadataBench } from "./metadata_worker.ts";
import { RegistryCopier } from "./registry_copier.ts";
import { GATEWAY_ID } from "./testing.ts";

const OPTIONS = { nodeId: GATEWAY_ID };
const REQUEST = {
  filter: "",
  encoding: "utf-8",
  gzip: false,
  external: true,
  internal: true,
} as const;

function device(acronym: string, name: string): Device {
  return {
    acronym,
    id: `00000000-0000-4000-8000-00000000000${acronym.length}`,
    name,
    parentAcronym: acronym === "A" ? "" : "A",
    protocol: "test",
    accessId: 1,
    framesPerSecond: 60,
    company: "",
    vendor: "",
    longitude: NaN,
    latitude: NaN,
  };
}

function drafts(count: number, description: string): SignalDraft[] {
  return Array.from({ length: count }, (_, i) => ({
    type: "VPHM",
    label: `V${i}`,
    phase: "A",
    unit: "",
    index: i + 1,
    description,
  }));
}

const CHANGE = fc.oneof(
  fc.record({
    acronym: fc.constantFrom("A", "BB", "CCC"),
    name: fc.constantFrom("one", "two"),
    // More than one message holds, now and then.
    count: fc.oneof(fc.nat(5), fc.constantFrom(199, 200, 201, 450)),
    description: fc.constantFrom("x", "y"),
  }),
  fc.record({ acronym: fc.constantFrom("A", "BB", "CCC") }),
  fc.constant("update" as const),
);

Deno.test("a copy is what the registry is, whatever has changed between and during updates", () => {
  fc.assert(
    fc.property(fc.array(CHANGE, { maxLength: 12 }), fc.nat(3), (changes, pauses) => {
      const registry = new SignalRegistry(GATEWAY_ID, "T");
      const bench = new MetadataBench();
      const copier = new RegistryCopier(registry, (order) => {
        bench.take(structuredClone(order));
      });
      bench.take({ kind: "begin", keySource: "T", options: OPTIONS });
      let running: ReturnType<RegistryCopier["update"]> | undefined;
      for (const change of changes) {
        if (change === "update") finishSteps(running ?? copier.update());
        else if ("count" in change) {
          registry.register(
            device(change.acronym, change.name),
            drafts(change.count, change.description),
          );
        } else registry.unregister(change.acronym);
        // An update that has begun goes on over the changes that follow.
        running = change === "update" ? undefined : running ?? copier.update();
        for (let n = 0; n < pauses && running && !running.next().done; n++);
      }
      if (running) finishSteps(running);
      finishSteps(copier.update());
      const permitted = new Uint8Array(registry.size).fill(1);
      const tables = finishSteps(metadataSteps(registry, OPTIONS, { permitted }));
      const answer = bench.take({
        kind: "make",
        rights: packRights(permitted),
        request: REQUEST,
        nowMicros: 0,
      });
      assert.ok(answer?.kind === "document");
      assert.deepEqual(answer.bytes, finishSteps(metadataDocumentSteps(tables, REQUEST)));
    }),
  );
});

Deno.test("a signal that changes while the device before it is sent is sent as it has become", () => {
  const registry = new SignalRegistry(GATEWAY_ID, "T");
  const described: string[] = [];
  const copier = new RegistryCopier(registry, (order) => {
    if (order.kind !== "devices") return;
    for (const { signals } of order.devices) described.push(...signals.map((s) => s.description));
  });
  registry.register(device("A", "one"), drafts(400, "first"));
  registry.register(device("BB", "one"), drafts(1, "x"));
  const running = copier.update();
  running.next(); // half of the first device
  registry.register(device("BB", "one"), drafts(1, "y"));
  finishSteps(running);
  finishSteps(copier.update());
  assert.equal(described.at(-1), "y");
});

Deno.test("rights are the same bits after they have crossed", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1), { maxLength: 100 }), (rights) => {
      const unpacked = unpackRights(packRights(Uint8Array.from(rights)));
      assert.deepEqual([...unpacked.subarray(0, rights.length)], rights);
      assert.ok(unpacked.subarray(rights.length).every((bit) => bit === 0));
      assert.ok(unpacked.length < rights.length + 8);
    }),
  );
});
