import assert from "node:assert/strict";
import { type SignalDraft, SignalRegistry } from "../core/mod.ts";
import { keepIdentityMap, readIdentityMap } from "./identity_map.ts";

const GATEWAY = "6f1c1b6e-3b6f-4f5f-9a55-0c2b9a3a7e10";

function keptLog() {
  const lines: string[] = [];
  const note = (message: string) => void lines.push(message);
  return { lines, debug: note, info: note, warn: note, error: note };
}

function register(registry: SignalRegistry, acronym: string, count: number): void {
  registry.register(
    {
      acronym,
      id: "00000000-0000-4000-8000-000000000001",
      name: acronym,
      parentAcronym: "",
      protocol: "test",
      accessId: 1,
      framesPerSecond: 60,
      company: "",
      vendor: "",
      longitude: NaN,
      latitude: NaN,
    },
    Array.from({ length: count }, (_, i): SignalDraft => ({
      type: "ALOG",
      label: `Ä ${i}`,
      phase: "",
      unit: "",
      index: i + 1,
      description: "",
    })),
  );
}

for (const count of [0, 1, 999, 1000, 1001, 2500]) {
  Deno.test(`the map of GUIDs: ${count} entries are written in steps and read again`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      const path = `${folder}/signals.json`;
      const registry = new SignalRegistry(GATEWAY, "EDGE");
      const stop = keepIdentityMap(registry, path, keptLog());
      register(registry, "BEFORE", 1);
      register(registry, "PMU", count);
      await stop();
      const map = registry.toMap();
      assert.equal(map.length, 1 + count);
      assert.equal(await Deno.readTextFile(path), JSON.stringify(map));
      assert.deepEqual(await readIdentityMap(path, keptLog()), map);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("the map of GUIDs: what has not changed is not written, what failed is tried again", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/state/signals.json`;
    const registry = new SignalRegistry(GATEWAY, "EDGE");
    register(registry, "PMU", 3);
    const unchanged = keepIdentityMap(registry, path, keptLog());
    register(registry, "PMU", 3);
    await unchanged();
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
    const log = keptLog();
    const stop = keepIdentityMap(registry, path, log);
    register(registry, "OTHER", 1);
    await stop();
    assert.match(log.lines.join(), /Cannot write the map/, "there is no such folder");
    await Deno.mkdir(`${folder}/state`);
    await stop();
    assert.equal(await Deno.readTextFile(path), JSON.stringify(registry.toMap()));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
