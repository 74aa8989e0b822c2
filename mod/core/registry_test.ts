import assert from "node:assert/strict";
import {
  acronymOf,
  type Device,
  isUuid,
  type SignalDraft,
  signalKey,
  SignalRegistry,
} from "./mod.ts";

const GATEWAY = "6f1c1b6e-3b6f-4f5f-9a55-0c2b9a3a7e10";

function device(acronym: string): Device {
  return {
    acronym,
    id: "00000000-0000-4000-8000-000000000001",
    name: acronym,
    parentAcronym: "",
    protocol: "IEEE C37.118",
    accessId: 1,
    framesPerSecond: 60,
    company: "GPA",
    vendor: "ABB",
    longitude: NaN,
    latitude: NaN,
  };
}

function phasor(label: string, index: number): SignalDraft {
  return { type: "VPHM", label, phase: "A", unit: "Volts", index, description: label };
}

const freq: SignalDraft = {
  type: "FREQ",
  label: "",
  phase: "",
  unit: "Hz",
  index: 0,
  description: "",
};

Deno.test("registry: references, tags and keys by the house's conventions", () => {
  const registry = new SignalRegistry(GATEWAY, "EDGE");
  const { signals } = registry.register(device("SHELBY"), [phasor("VA", 1), freq]);
  assert.deepEqual(signals.map((s) => s.reference), ["SHELBY-PM1", "SHELBY-FQ"]);
  assert.deepEqual(signals.map((s) => s.pointTag), ["GPA_SHELBY-PM1:ABBV", "GPA_SHELBY:ABBF"]);
  assert.deepEqual(signals.map(signalKey), ["EDGE:1", "EDGE:2"]);
  assert.ok(signals.every((s) => isUuid(s.id)));
  assert.equal(registry.handleOf(signals[1]!.id), signals[1]!.handle);
});

Deno.test("registry: signals that keep their GUIDs have keys of their own, the same in every order", () => {
  const ids = [1, 2, 3].map((n) => `00000000-0000-4000-8000-00000000000${n}`);
  const drafts = ids.map((id, i): SignalDraft => ({ ...phasor(`V${i}`, i + 1), id }));
  const keysOf = (drafts: readonly SignalDraft[]) => {
    const registry = new SignalRegistry(GATEWAY, "EDGE");
    const own = registry.register(device("SHELBY"), [freq]).signals;
    const relayed = registry.register(device("UP!D"), drafts).signals;
    assert.equal(new Set([...own, ...relayed].map(signalKey)).size, 1 + drafts.length);
    return relayed.map((s) => `${s.id} ${signalKey(s)}`).sort();
  };
  assert.deepEqual(keysOf(drafts), keysOf(drafts.toReversed()));
});

Deno.test("registry: an inserted phasor does not inherit a GUID, and the map survives a restart", () => {
  const first = new SignalRegistry(GATEWAY, "EDGE");
  const [va, vb] = first.register(device("D"), [phasor("VA", 1), phasor("VB", 2)]).signals;
  const second = new SignalRegistry(GATEWAY, "EDGE", first.toMap());
  const { signals, changes } = second.register(device("D"), [
    phasor("VA", 1),
    phasor("VN", 2),
    phasor("VB", 3),
  ]);
  assert.equal(signals[0]!.id, va!.id);
  assert.equal(signals[2]!.id, vb!.id);
  assert.equal(signals[2]!.number, vb!.number);
  assert.notEqual(signals[1]!.id, vb!.id);
  assert.equal(signals[1]!.number, 3);
  assert.deepEqual(changes, [{ reference: "D-PM2", before: vb!.id, after: signals[1]!.id }]);
});

Deno.test("registry: the same gateway UUID gives the same GUIDs without a map", () => {
  const ids = [1, 2].map(() =>
    new SignalRegistry(GATEWAY, "EDGE").register(device("D"), [phasor("VA", 1), phasor("VA", 2)])
      .signals.map((s) => s.id)
  );
  assert.deepEqual(ids[0], ids[1]);
  assert.notEqual(ids[0]![0], ids[0]![1]);
});

Deno.test("registry: a device that goes away and comes back has its handles again, nobody else has", () => {
  const registry = new SignalRegistry(GATEWAY, "EDGE");
  const before = registry.register(device("A"), [freq]).signals[0]!;
  registry.unregister("A");
  assert.equal(registry.handleOf(before.id), undefined);
  assert.equal(registry.signals().length, 0);
  const other = registry.register(device("B"), [freq]).signals[0]!;
  assert.notEqual(other.handle, before.handle);
  const again = registry.register(device("A"), [freq]).signals[0]!;
  assert.deepEqual([again.handle, again.id], [before.handle, before.id]);
});

Deno.test("registry: a signal that leaves a device is no longer present", () => {
  const registry = new SignalRegistry(GATEWAY, "EDGE");
  const [va, vb] = registry.register(device("A"), [phasor("VA", 1), phasor("VB", 2)]).signals;
  const version = registry.version;
  let told = 0;
  const stop = registry.onChange(() => told++);
  registry.register(device("A"), [phasor("VA", 1)]);
  stop();
  registry.register(device("A"), [phasor("VA", 1), phasor("VB", 2)]);
  registry.register(device("A"), [phasor("VA", 1)]);
  assert.equal(told, 1);
  assert.equal(registry.version, version + 3);
  assert.equal(registry.handleOf(va!.id), va!.handle);
  assert.equal(registry.handleOf(vb!.id), undefined);
});

Deno.test("registry: signals over STTP keep GUID, tag and key; equal tags are told apart", () => {
  const registry = new SignalRegistry(GATEWAY, "EDGE");
  const id = "8d3b0b34-5f7e-4d1c-a8b3-5b2b1c3d4e5f";
  const kept = { ...freq, id, pointTag: "UP:F", key: { source: "UP", number: 77 } };
  const signal = registry.register(device("A"), [kept]).signals[0]!;
  assert.deepEqual([signal.id, signal.pointTag, signalKey(signal)], [id, "UP:F", "UP:77"]);
  const twin = registry.register(device("B"), [{ ...freq, pointTag: "UP:F" }]).signals[0]!;
  assert.equal(twin.pointTag, "UP:F#2");
});

Deno.test("registry: a damaged map is skipped", () => {
  const entry = {
    id: "nonsense",
    device: "A",
    type: "FREQ" as const,
    label: "",
    phase: "",
    unit: "Hz",
    occurrence: 1,
    number: 5,
    reference: "A-FQ",
  };
  const registry = new SignalRegistry(GATEWAY, "EDGE", [entry]);
  assert.ok(isUuid(registry.register(device("A"), [freq]).signals[0]!.id));
});

Deno.test("acronym: blanks become underscores, the rest of the forbidden goes", () => {
  assert.equal(acronymOf(" Station A (north)  "), "STATION_A_NORTH");
});

Deno.test("registry: a signal that moves to another device stays when the old device goes or changes", () => {
  const id = "8d3b0b34-5f7e-4d1c-a8b3-5b2b1c3d4e5f";
  const moved = { ...freq, id };
  for (const part of ["unregister", "register"] as const) {
    const registry = new SignalRegistry(GATEWAY, "EDGE");
    const before = registry.register(device("A"), [moved, phasor("VA", 1)]).signals[0]!;
    registry.register(device("B"), [moved]);
    assert.deepEqual(registry.signals().map((s) => s.device), ["A", "B"]);
    if (part === "unregister") registry.unregister("A");
    else registry.register(device("A"), [phasor("VA", 1)]);
    assert.equal(registry.handleOf(id), before.handle, part);
    assert.equal(registry.get(before.handle)!.device, "B");
    assert.equal(registry.signals().filter((s) => s.id === id).length, 1);
    registry.unregister("B");
    assert.equal(registry.handleOf(id), undefined);
  }
});

Deno.test("registry: a position whose owner changes is told each time, also after a restart", () => {
  const first = new SignalRegistry(GATEWAY, "EDGE");
  const seen = (registry: SignalRegistry, label: string) =>
    registry.register(device("PMU"), [{ ...freq, label }]).changes.map((c) => c.reference);
  assert.deepEqual(seen(first, "A"), []);
  assert.deepEqual(seen(first, "A"), []);
  assert.deepEqual(seen(first, "B"), ["PMU-FQ"]);
  assert.deepEqual(seen(first, "A"), ["PMU-FQ"], "back to the one before");
  first.unregister("PMU");
  assert.deepEqual(seen(first, "A"), [], "gone and back");
  const second = new SignalRegistry(GATEWAY, "EDGE", first.toMap());
  assert.deepEqual(seen(second, "A"), [], "the last owner was persisted");
  const third = new SignalRegistry(GATEWAY, "EDGE", first.toMap());
  assert.deepEqual(seen(third, "B"), ["PMU-FQ"]);
  assert.deepEqual(third.toMap().map((e) => e.number), [1, 2]);
});

Deno.test("registry: a device that changes its names without end does not fill the map", () => {
  const registry = new SignalRegistry(GATEWAY, "EDGE");
  const stays = registry.register(device("STAYS"), [phasor("VA", 1)]).signals[0]!;
  const names = (round: number) =>
    Array.from({ length: 400 }, (_, i) => phasor(`${round} ${i}`, i + 1));
  const first = registry.register(device("FICKLE"), names(0)).signals;
  for (let round = 1; round < 8; round++) registry.register(device("FICKLE"), names(round));
  assert.equal(registry.toMap().length, 1 + 4 * 400);
  // What is there keeps its number; what was given up comes out with the same GUID again.
  assert.equal(registry.toMap().find((e) => e.id === stays.id)!.number, stays.number);
  const again = registry.register(device("FICKLE"), names(0)).signals;
  assert.deepEqual(again.map((s) => s.id), first.map((s) => s.id));
  assert.equal(new Set([stays, ...again].map(signalKey)).size, 401);
});

Deno.test("registry: tells when too many signals have gone to take new names from peers", () => {
  const registry = new SignalRegistry(GATEWAY, "EDGE");
  const idOf = (n: number) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}`;
  const key = { source: "UP", number: 1 };
  const drafts = Array.from({ length: 100_000 }, (_, i) => ({ ...freq, id: idOf(i), key }));
  registry.register(device("UP!A"), drafts);
  assert.ok(registry.hasRoom);
  registry.unregister("UP!A");
  assert.deepEqual(
    [registry.hasRoom, registry.knows(idOf(7)), registry.knows(idOf(100_000))],
    [false, true, false],
  );
  registry.register(device("UP!A"), drafts); // they are there again
  assert.ok(registry.hasRoom);
});

Deno.test("registry: thousands that want the same tag get one each at once, and keep it", () => {
  const registry = new SignalRegistry(GATEWAY, "EDGE");
  const idOf = (n: number) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}`;
  const drafts = Array.from({ length: 20_000 }, (_, i) => ({ ...freq, id: idOf(i) }));
  const began = performance.now();
  const { signals } = registry.register(device("UP"), drafts);
  // A tenth of a second; it were a minute if each looked for a number from the first on.
  assert.ok(performance.now() - began < 10_000);
  const tags = signals.map((s) => s.pointTag);
  assert.deepEqual([tags[0], tags[1], tags[19_999]], [
    "GPA_UP:ABBF",
    "GPA_UP:ABBF#2",
    "GPA_UP:ABBF#20000",
  ]);
  assert.equal(new Set(tags).size, tags.length);
  const kept = registry.register(device("UP"), drafts.slice(1)).signals;
  assert.deepEqual(kept.map((s) => s.pointTag), tags.slice(1));
});

Deno.test("registry: a device that is registered again as it was is no change, another order is one", () => {
  const registry = new SignalRegistry(GATEWAY, "EDGE");
  let told = 0;
  registry.onChange(() => told++);
  const changes = (acronym: string, drafts: readonly SignalDraft[]) => {
    const before = registry.version;
    registry.register(device(acronym), drafts);
    assert.equal(told, registry.version);
    return registry.version - before;
  };
  const [a, b] = [phasor("VA", 1), phasor("VB", 2)];
  assert.equal(changes("D", [a, b]), 1);
  assert.equal(changes("D", [a, b]), 0);
  assert.equal(changes("D", [b, a]), 1);
  assert.equal(changes("D", [b]), 1);
  assert.equal(changes("D", [{ ...b, unit: "kV" }]), 1);
  registry.unregister("D");
  assert.equal(changes("D", [{ ...b, unit: "kV" }]), 1);
});
