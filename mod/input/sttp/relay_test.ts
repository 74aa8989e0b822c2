import assert from "node:assert/strict";
import fc from "fast-check";
import {
  cloneFrame,
  type DataSet,
  finishSteps,
  type Frame,
  LeapFlags,
  setTicks,
  SignalRegistry,
  StateFlags,
} from "../../core/mod.ts";
import { MeasurementBatch, SubscriberCache } from "../../sttp/mod.ts";
import { readCatalog } from "./catalog.ts";
import { Relay } from "./relay.ts";

const GATEWAY = "6f1f7f6e-3f5b-4f0e-9a53-0c9a5d2b7a11";
const NAMES = {
  prefix: "SUB",
  deviceId: (a: string) => `00000000-0000-4000-8000-${hex(a.length)}`,
};
const MISSING = StateFlags.BadData | StateFlags.DiscardedValue;

function hex(n: number): string {
  return n.toString(16).padStart(12, "0");
}

/** GUID of signal `n`. */
function guid(n: number): string {
  return `11111111-1111-4111-8111-${hex(n)}`;
}

/** Metadata of devices D0, D1 ... with so many signals each, numbered through. */
function metadata(counts: readonly number[]): DataSet {
  const rows: string[][] = [];
  counts.forEach((count, device) => {
    for (let i = 0; i < count; i++) {
      rows.push([guid(rows.length), `D${device}`, "ALOG", `D${device}-AV${i + 1}`]);
    }
  });
  return {
    name: "DataSet",
    tables: [
      {
        name: "DeviceDetail",
        columns: [{ name: "Acronym", type: "string" }],
        rows: counts.map((_, i) => [`D${i}`]),
      },
      {
        name: "MeasurementDetail",
        columns: ["SignalID", "DeviceAcronym", "SignalAcronym", "SignalReference"].map((name) => ({
          name,
          type: "string" as const,
        })),
        rows,
      },
    ],
  };
}

/** A cache of signals by number; their runtime indexes are 10 times the position. */
function cacheOf(numbers: readonly number[], slot: 0 | 1 = 0): SubscriberCache {
  return new SubscriberCache(slot, {
    subscriberId: guid(0),
    records: numbers.map((n, i) => ({
      signalIndex: 10 * i,
      signalId: guid(n),
      source: "UP",
      id: BigInt(n),
    })),
    unauthorized: [],
  });
}

interface Entry {
  readonly position: number;
  readonly second: number;
  readonly value: number;
  readonly flags?: number;
  /** Leap bits 63 and 62, shifted down. */
  readonly leap?: number;
}

function batchOf(entries: readonly Entry[]): MeasurementBatch {
  const batch = new MeasurementBatch(Math.max(1, entries.length));
  const ticks = { hi: 0, lo: 0 };
  entries.forEach(({ position, second, value, flags, leap }, i) => {
    batch.ids[i] = 10 * position;
    if (second > 0) setTicks(ticks, second, 0);
    else ticks.hi = ticks.lo = 0;
    batch.ticksHi[i] = (ticks.hi | ((leap ?? 0) << 30)) >>> 0;
    batch.ticksLo[i] = ticks.lo;
    batch.values[i] = value;
    batch.flags[i] = flags ?? 0;
  });
  batch.count = entries.length;
  return batch;
}

function setUp(counts: readonly number[], numbers?: readonly number[], maxSignals = 1000) {
  const registry = new SignalRegistry(GATEWAY, "EDGE");
  const frames: Frame[] = [];
  const complaints: string[] = [];
  const total = counts.reduce((a, b) => a + b, 0);
  const make = (dataSet = metadata(counts), before?: Relay) =>
    finishSteps(Relay.makeSteps(
      cacheOf(numbers ?? Array.from({ length: total }, (_, i) => i)),
      readCatalog(dataSet, NAMES),
      {
        ...NAMES,
        source: "sub",
        registry,
        maxSignals,
        before,
        sink: {
          accept(frame) {
            frames.push(cloneFrame(frame));
            frame.values.fill(-1); // a lent frame is its owner's
            frame.flags.fill(0xffffffff);
          },
        },
        registering: () => {},
        complain: (kind) => void complaints.push(kind),
      },
    ));
  return { registry, frames, complaints, make };
}

/** Frames as [device, second, values]. */
function shown(frames: readonly Frame[]): [string, number, number[]][] {
  return frames.map((f) => [f.layout.source, f.instant.seconds, [...f.values]]);
}

const at = (second: number, position: number, value = position): Entry => ({
  second,
  position,
  value,
});

Deno.test("relay: one frame per device and stamp, at once when it is whole", () => {
  const { make, frames, registry } = setUp([2, 1]);
  const relay = make();
  relay.accept(batchOf([at(5, 0), at(5, 1), at(5, 2)]), 77);
  assert.deepEqual(shown(frames), [["sub!SUB!D0", 5, [0, 1]], ["sub!SUB!D1", 5, [2]]]);
  assert.equal(frames[0]!.arrivalMicros, 77);
  assert.deepEqual(frames[0]!.layout.devices, [{ device: "SUB!D0", offset: 0, count: 2 }]);
  assert.deepEqual([relay.frames, relay.signals, relay.unplaced], [2, 3, 0]);
  assert.deepEqual(relay.devices, ["SUB!D0", "SUB!D1"]);
  assert.deepEqual(registry.signals().map((s) => s.reference), [
    "SUB!D0-AV1",
    "SUB!D0-AV2",
    "SUB!D1-AV1",
  ]);
  assert.deepEqual(registry.signals().map((s) => s.id), [guid(0), guid(1), guid(2)]);
});

Deno.test("relay: several stamps in one packet, in order", () => {
  const { make, frames } = setUp([2]);
  make().accept(batchOf([at(5, 0), at(5, 1), at(6, 0, 7), at(6, 1, 8)]), 0);
  assert.deepEqual(shown(frames), [["sub!SUB!D0", 5, [0, 1]], ["sub!SUB!D0", 6, [7, 8]]]);
});

Deno.test("relay: a frame that comes in two packets is one frame", () => {
  const { make, frames } = setUp([3]);
  const relay = make();
  relay.accept(batchOf([at(5, 0)]), 0);
  assert.equal(frames.length, 0);
  relay.accept(batchOf([at(5, 1), at(5, 2)]), 0);
  assert.deepEqual(shown(frames), [["sub!SUB!D0", 5, [0, 1, 2]]]);
});

Deno.test("relay: what did not come is NaN and flagged, and goes out with the next stamp", () => {
  const { make, frames } = setUp([3]);
  const relay = make();
  relay.accept(batchOf([at(5, 1)]), 0);
  relay.accept(batchOf([at(6, 0), at(6, 1), at(6, 2)]), 0);
  assert.deepEqual(shown(frames)[0], ["sub!SUB!D0", 5, [NaN, 1, NaN]]);
  assert.deepEqual([...frames[0]!.flags], [MISSING, 0, MISSING]);
  // With one value each time it is whole with one: it does not wait for a stamp more each time.
  relay.accept(batchOf([at(7, 1)]), 0);
  assert.equal(frames.length, 2);
  relay.accept(batchOf([at(8, 1)]), 0);
  assert.equal(frames.length, 4, "the frame of 7 went with the next stamp, that of 8 at once");
});

Deno.test("relay: a frame that was taken to be whole too early happens once, not for ever", () => {
  const { make, frames } = setUp([3]);
  const relay = make();
  relay.accept(batchOf([at(5, 0)]), 0);
  // The stamp before had one value; now frames of three values come in two packets each.
  for (let second = 6; second < 12; second++) {
    relay.accept(batchOf([at(second, 0), at(second, 1)]), 0);
    relay.accept(batchOf([at(second, 2)]), 0);
  }
  relay.flush();
  const stamps = frames.map((f) => f.instant.seconds);
  const twice = stamps.filter((s, i) => stamps.indexOf(s) !== i);
  assert.ok(twice.length <= 1, `stamps ${stamps}`);
  assert.deepEqual(shown(frames).at(-1), ["sub!SUB!D0", 11, [0, 1, 2]]);
});

Deno.test("relay: what is not whole goes out when the relay ends", () => {
  const { make, frames } = setUp([2]);
  const relay = make();
  relay.accept(batchOf([at(5, 1)]), 0);
  relay.flush();
  relay.flush();
  assert.deepEqual(shown(frames), [["sub!SUB!D0", 5, [NaN, 1]]]);
});

Deno.test("relay: flags and leap seconds are kept", () => {
  const cases: [number, number][] = [
    [0, LeapFlags.None],
    [2, LeapFlags.Occurred],
    [3, LeapFlags.Occurred | LeapFlags.Delete],
  ];
  for (const [leap, expected] of cases) {
    const { make, frames } = setUp([1]);
    make().accept(
      batchOf([{ position: 0, second: 1_700_000_000, value: 1, flags: 0x80010001, leap }]),
      0,
    );
    assert.deepEqual(
      [frames[0]!.instant.seconds, frames[0]!.leap, frames[0]!.flags[0]],
      [1_700_000_000, expected, 0x80010001],
    );
  }
});

Deno.test("relay: measurements without time or without place are counted and go nowhere", () => {
  const { make, frames } = setUp([1]);
  const relay = make();
  relay.accept(batchOf([at(0, 0), at(5, 99), { ...at(5, 0), position: -1 }]), 0);
  assert.deepEqual([relay.unplaced, frames.length], [3, 0]);
});

Deno.test("relay: GUIDs of other devices of this gateway are refused, those of its own are not", () => {
  const { make, frames, registry, complaints } = setUp([2]);
  const device = {
    acronym: "SHELBY",
    id: guid(99),
    name: "",
    parentAcronym: "",
    protocol: "",
    accessId: 0,
    framesPerSecond: 0,
    company: "",
    vendor: "",
    longitude: NaN,
    latitude: NaN,
  };
  const draft = {
    type: "FREQ",
    label: "",
    phase: "",
    unit: "",
    index: 0,
    description: "",
  } as const;
  registry.register(device, [{ ...draft, id: guid(1) }]);
  const relay = make();
  assert.deepEqual(complaints, ["guidTaken"]);
  assert.equal(relay.signals, 1);
  relay.accept(batchOf([at(5, 0), at(5, 1)]), 0);
  assert.deepEqual(shown(frames), [["sub!SUB!D0", 5, [0]]]);
  assert.equal(relay.unplaced, 1);
  assert.equal(registry.get(registry.handleOf(guid(1))!)!.device, "SHELBY");
  // A second relay of the same input finds its own signals and takes them over.
  make();
  assert.deepEqual(complaints, ["guidTaken", "guidTaken"]);
  assert.ok(registry.handleOf(guid(0)) !== undefined);
});

Deno.test("relay: signals beyond the limit, and repeated ones, are refused", () => {
  const many = setUp([5], undefined, 3);
  const relay = many.make();
  assert.equal(relay.signals, 3);
  assert.deepEqual(many.complaints, ["tooManySignals", "tooManySignals"]);
  const twice = setUp([2], [0, 1, 0]);
  const second = twice.make();
  assert.equal(second.signals, 2);
  assert.deepEqual(twice.complaints, ["guidTwice"]);
  second.accept(batchOf([at(5, 0), at(5, 1), at(5, 2)]), 0);
  assert.deepEqual(shown(twice.frames), [["sub!SUB!D0", 5, [0, 1]]]);
});

Deno.test("relay: a signal that metadata do not know belongs to the publisher, and moves when they do", () => {
  const { make, registry } = setUp([2]);
  const empty: DataSet = { name: "DataSet", tables: [] };
  assert.deepEqual(make(empty).devices, ["SUB"]);
  const handles = [0, 1].map((n) => registry.handleOf(guid(n)));
  assert.deepEqual(make().devices, ["SUB!D0"]);
  registry.unregister("SUB");
  assert.deepEqual([0, 1].map((n) => registry.handleOf(guid(n))), handles);
  assert.deepEqual(registry.signals().map((s) => s.device), ["SUB!D0", "SUB!D0"]);
});

Deno.test("relay: whatever the batches, every measurement is in exactly one frame of its stamp, or counted", () => {
  const entry = fc.record({
    position: fc.integer({ min: -1, max: 7 }),
    second: fc.integer({ min: 0, max: 6 }),
    value: fc.float({ noNaN: true }),
    flags: fc.nat(),
  });
  const arbitrary = fc.record({
    counts: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
    batches: fc.array(fc.array(entry, { maxLength: 12 }), { maxLength: 8 }),
  });
  fc.assert(fc.property(arbitrary, ({ counts, batches }) => {
    const { make, frames } = setUp(counts);
    const relay = make();
    const total = counts.reduce((a, b) => a + b, 0);
    for (const batch of batches) relay.accept(batchOf(batch), 0);
    relay.flush();
    const all = batches.flat();
    const unplaced = all.filter((e) => e.position < 0 || e.position >= total || e.second === 0);
    assert.equal(relay.unplaced, unplaced.length);
    assert.equal(relay.frames, frames.length);
    // Values that came for a place and a stamp, and those that went out for it.
    const came = new Map<string, number[]>(), went = new Map<string, number[]>();
    const add = (to: Map<string, number[]>, key: string, value: number) =>
      to.set(key, [...(to.get(key) ?? []), value]);
    for (const e of all) {
      if (!unplaced.includes(e)) add(came, `${e.position} ${e.second}`, Math.fround(e.value));
    }
    let first = 0;
    const offsets = new Map(counts.map((count, i) => {
      const entry: [string, number] = [`sub!SUB!D${i}`, first];
      first += count;
      return entry;
    }));
    for (const frame of frames) {
      const offset = offsets.get(frame.layout.source)!;
      frame.values.forEach((value, i) => {
        const isMissing = Number.isNaN(value);
        assert.equal(isMissing, frame.flags[i] === MISSING && isMissing);
        if (!isMissing) add(went, `${offset + i} ${frame.instant.seconds}`, value);
      });
    }
    assert.deepEqual([...went.keys()].sort(), [...came.keys()].sort());
    for (const [key, values] of went) {
      // A place that came twice for a stamp keeps the last value before its frame went out.
      for (const value of values) {
        assert.ok(came.get(key)!.some((v) => Object.is(v, value)), `${key}: ${value}`);
      }
      assert.ok(values.length <= came.get(key)!.length);
      assert.ok(Object.is(values.at(-1), came.get(key)!.at(-1)));
    }
  }));
});

Deno.test("relay: a device that is as it was keeps its layout, another one gets a new one", () => {
  const { frames, make } = setUp([2, 2]);
  const all = batchOf([0, 1, 2, 3].map((position) => ({ position, second: 9, value: position })));
  const layouts = (relay: Relay) => {
    relay.accept(all, 0);
    return frames.splice(0).map((f) => f.layout);
  };
  const first = make();
  const [a, b] = layouts(first);
  const second = make(metadata([2, 2]), first);
  assert.deepEqual(layouts(second).map((l) => l.id), [a!.id, b!.id]);
  const [devices, signals] = metadata([2, 2]).tables;
  const rows = signals!.rows.map((row, i) => i === 3 ? row.with(2, "FREQ") : row); // of another kind
  const changed = { name: "DataSet", tables: [devices!, { ...signals!, rows }] };
  const [c, d] = layouts(make(changed, second));
  assert.equal(c!.id, a!.id);
  assert.notEqual(d!.id, b!.id);
});
