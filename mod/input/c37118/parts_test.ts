import assert from "node:assert/strict";
import fc from "fast-check";
import * as v from "valibot";
import { instant } from "../../core/mod.ts";
import { MemoryLog } from "../../core/testing.ts";
import {
  encodeConfiguration,
  encodeConfiguration3,
  FrameType,
  type PmuConfiguration,
} from "../../c37118/mod.ts";
import { configuration, dataFrame, pmu } from "../../c37118/testing.ts";
import { checkDocument, parseTomlDocument } from "../../config/mod.ts";
import { cacheOf, readCache } from "./configuration_cache.ts";
import { devicesOf } from "./devices.ts";
import { c37118InputSchema } from "./schema.ts";
import { ClientSession } from "./session.ts";
import { GATEWAY_ID, inputOptions, KeepingSink, registry } from "./testing.ts";

const fileSchema = v.strictObject({ input: v.record(v.string(), c37118InputSchema) });

Deno.test("input/c37118: the sample is a configuration", async () => {
  const text = await Deno.readTextFile(new URL("./sample.toml", import.meta.url));
  const { input } = checkDocument(fileSchema, parseTomlDocument(text, "sample.toml"));
  assert.deepEqual(Object.keys(input), ["shelby", "pdc", "feeder"]);
  assert.equal(input["feeder"]?.timeZone, 60);
});

const bad: { name: string; toml: string; message: RegExp }[] = [
  { name: "no host", toml: "idCode = 1", message: /host: expected host for this transport/ },
  {
    name: "no group",
    toml: 'idCode = 1\ntransport = "multicast"',
    message: /group: expected group for this transport/,
  },
  { name: "no id", toml: 'host = "h"', message: /idCode: expected this key/ },
  {
    name: "zone",
    toml: 'host = "h"\nidCode = 1\ntimeZone = "1:00"',
    message: /timeZone: expected an offset/,
  },
  {
    name: "waits",
    toml: 'host = "h"\nidCode = 1\nreconnectMaxMs = 100',
    message: /reconnectMaxMs: expected reconnectMinMs or more/,
  },
  {
    name: "device without key",
    toml: 'host = "h"\nidCode = 1\ndevices = [{ acronym = "A" }]',
    message: /devices: expected idCode, station or position/,
  },
  {
    name: "acronym twice",
    toml:
      'host = "h"\nidCode = 1\ndevices = [{ acronym = "A", idCode = 1 }, { acronym = "A", idCode = 2 }]',
    message: /devices: expected each acronym once/,
  },
];
for (const { name, toml, message } of bad) {
  Deno.test(`input/c37118 schema refuses: ${name}`, () => {
    const document = parseTomlDocument(`[input.x]\ntype = "c37118"\n${toml}`, "t.toml");
    assert.throws(() => checkDocument(fileSchema, document), { message });
  });
}

const naming: {
  name: string;
  pmus: Partial<PmuConfiguration>[];
  devices: Parameters<typeof devicesOf>[1]["devices"];
  expect: string[];
  unmatched?: string[];
}[] = [
  { name: "one PMU has the name of the stream", pmus: [{}], devices: [], expect: ["S"] },
  {
    name: "one PMU may have a name of its own",
    pmus: [{}],
    devices: [{ acronym: "A", idCode: 7 }],
    expect: ["A"],
  },
  {
    name: "by id, by station, by position, by nothing",
    pmus: [{ idCode: 1 }, { station: "Two", idCode: 2 }, { idCode: 3 }, { idCode: 4 }],
    devices: [
      { acronym: "C", position: 3 },
      { acronym: "B", station: "TWO" },
      { acronym: "A", idCode: 1 },
    ],
    expect: ["A", "B", "C", "S!4", "S"],
  },
  {
    name: "equal ids are told apart by position",
    pmus: [{ idCode: 1 }, { idCode: 1 }, { idCode: 2 }],
    devices: [],
    expect: ["S!#1", "S!#2", "S!2", "S"],
  },
  {
    name: "an entry that could be two PMUs is neither",
    pmus: [{ idCode: 1 }, { idCode: 1 }],
    devices: [{ acronym: "A", idCode: 1 }],
    expect: ["S!#1", "S!#2", "S"],
    unmatched: ["A"],
  },
  {
    name: "entries for equal ids are given in order",
    pmus: [{ idCode: 1 }, { idCode: 1 }],
    devices: [{ acronym: "A", idCode: 1 }, { acronym: "B", idCode: 1 }],
    expect: ["A", "B", "S"],
  },
  {
    name: "a PMU may have the name of the concentrator",
    pmus: [{ idCode: 1 }, { idCode: 2 }],
    devices: [{ acronym: "S", idCode: 1 }],
    expect: ["S", "S!2", "S!STREAM"],
  },
  { name: "no PMU at all", pmus: [], devices: [], expect: ["S"] },
];
for (const { name, pmus, devices, expect, unmatched } of naming) {
  Deno.test(`input/c37118 names: ${name}`, () => {
    const of = configuration({ pmus: pmus.map((p, i) => pmu({ station: `P${i}`, ...p })) });
    const result = devicesOf(of, { acronym: "S", devices, framesPerSecond: 0 }, GATEWAY_ID);
    assert.deepEqual(result.entries.map((e) => e.device.acronym), expect);
    assert.deepEqual(result.unmatched, unmatched ?? []);
    // QUAL is the last value of the layout, whoever it belongs to.
    assert.equal(result.entries.at(-1)!.drafts.at(-1)!.type, "QUAL");
  });
}

Deno.test("input/c37118 cache: what is written is read again, whole or in fragments", () => {
  const one = configuration();
  const full = configuration({ type: FrameType.Config3, version: 2 });
  for (
    const frames of [
      [encodeConfiguration(one, one)],
      encodeConfiguration3(full, full),
      encodeConfiguration3(full, full, 60),
    ]
  ) {
    const { received, problem } = readCache(cacheOf(frames), 7, false);
    assert.equal(problem, undefined);
    assert.equal(received!.configuration.pmus[0]!.station, "SHELBY");
    assert.deepEqual(received!.frames, frames);
    assert.match(readCache(cacheOf([...frames, ...frames]), 7, false).problem!, /goes on/);
  }
});

Deno.test("input/c37118 cache: any file is a configuration or a problem", () => {
  const good = cacheOf([encodeConfiguration(configuration(), configuration())]);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, x]) => good.with(at, x)),
      ),
      (bytes) => {
        const { received, problem } = readCache(bytes, 7, false);
        assert.equal(received === undefined, typeof problem === "string");
      },
    ),
  );
});

Deno.test("input/c37118 session: any bytes, cuts and times leave the books balanced", () => {
  const of = configuration();
  const pieces = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.constant(encodeConfiguration(of, of)),
    fc.nat(50).map((n) => dataFrame(of, 1_735_689_600, n * 20_000, n, n % 3 === 0 ? 0x0400 : 0)),
    fc.tuple(fc.nat(80), fc.nat(255)).map(([at, x]) => dataFrame(of, 1, 0, 1).with(at % 48, x)),
  );
  const steps = fc.array(
    fc.record({
      what: fc.constantFrom("stream", "stream", "datagram", "reply", "tick", "open", "close"),
      bytes: pieces,
      cut: fc.nat(80),
      ms: fc.nat(3000),
    }),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(steps, (list) => {
      const sink = new KeepingSink();
      const session = new ClientSession(
        { ...inputOptions({}), acronym: "S" },
        { source: "s", registry: registry(), sink, log: new MemoryLog() },
        { send: () => {}, disconnect: () => {}, keep: () => {} },
        0,
      );
      let now = 0;
      for (const { what, bytes, cut, ms } of list) {
        now += ms;
        const micros = now * 1000 + 1e15;
        if (what === "open") session.opened(now, micros, ms % 2 === 0);
        else if (what === "close") session.closed(now);
        else if (what === "tick") assert.ok(session.tick(now, micros) > 0);
        else if (what === "datagram") session.datagram(bytes, now, micros);
        else {
          session.stream(bytes.subarray(0, cut), now, micros, what === "reply");
          session.stream(bytes.subarray(cut), now, micros, what === "reply");
        }
      }
      assert.equal(session.receiver.ledger.balance(), 0);
      assert.equal(session.receiver.ledger.totals().accepted, sink.frames.length);
    }),
    { numRuns: 200 },
  );
});

Deno.test("input/c37118: a sink that throws costs its frame only, and is booked", () => {
  const log = new MemoryLog();
  const session = new ClientSession(
    { ...inputOptions({}), acronym: "S" },
    {
      source: "s",
      registry: registry(),
      sink: {
        accept: () => {
          throw new Error("defect");
        },
      },
      log,
    },
    { send: () => {}, disconnect: () => {}, keep: () => {} },
    0,
  );
  session.opened(0, 1, false);
  const of = configuration();
  session.stream(encodeConfiguration(of, of), 1, 1e15);
  for (let n = 0; n < 3; n++) session.stream(dataFrame(of, 1, n, n), 2, 1e15);
  const { received, accepted, dropped } = session.receiver.ledger.totals();
  assert.deepEqual([received, accepted, dropped["refused"]], [3, 0, 3]);
  assert.equal(log.with("refused by the gateway").length, 1);
});

Deno.test("input/c37118: a source whose clock is off is named once", () => {
  const log = new MemoryLog();
  const sink = new KeepingSink();
  const session = new ClientSession(
    { ...inputOptions({}), acronym: "S" },
    { source: "s", registry: registry(), sink, log },
    { send: () => {}, disconnect: () => {}, keep: () => {} },
    0,
  );
  session.opened(0, 1, false);
  const of = configuration();
  session.stream(encodeConfiguration(of, of), 1, 1e15);
  for (let n = 0; n < 50 * 60; n++) {
    const ms = 20 * n;
    // Stamps one hour ahead of their arrival.
    session.stream(
      dataFrame(of, 1e9 + 3600 + Math.floor(n / 50), (n % 50) * 20_000, n),
      ms,
      1e15 + ms * 1000 + 5000,
    );
  }
  assert.equal(sink.frames.length, 50 * 60);
  assert.deepEqual(sink.frames[0]!.instant, instant(1e9 + 3600));
  assert.equal(session.receiver.clock!.verdict().kind, "off");
  assert.equal(log.with("The clock of the source is off").length, 1);
});

Deno.test("input/c37118: a source that changes its names without end is followed at a bounded pace", () => {
  const log = new MemoryLog();
  const of = registry();
  const session = new ClientSession(
    { ...inputOptions({}), acronym: "S" },
    { source: "s", registry: of, sink: new KeepingSink(), log },
    { send: () => {}, disconnect: () => {}, keep: () => {} },
    0,
  );
  session.opened(0, 1, false);
  const say = (n: number, nowMs: number) => {
    const changed = configuration({ pmus: [pmu({ station: `S${n}`, cfgCnt: n })] });
    session.stream(encodeConfiguration(changed, changed), nowMs, 1e15);
  };
  const station = () => of.device("S")?.name;
  for (let n = 0; n < 1000; n++) say(n, 1 + n);
  assert.equal(station(), "S10"); // the first, and ten changes
  assert.equal(session.receiver.counters.ignoredConfigurations, 989);
  assert.equal(log.with("was not taken").length, 1);
  const accepted = () => session.receiver.ledger.totals().accepted;
  const frame = dataFrame(configuration(), 1, 0, 7);
  session.stream(frame, 1001, 1e15);
  assert.deepEqual([accepted(), session.receiver.trust()], [0, false], "no data under wrong names");
  say(999, 20_000);
  session.stream(frame, 20_001, 1e15);
  assert.deepEqual([station(), accepted()], ["S999", 1]);
});

Deno.test("input/c37118: a source gets no new names when too many signals have gone, and no data go under wrong ones", () => {
  const log = new MemoryLog(), sink = new KeepingSink();
  const of = registry();
  const session = new ClientSession(
    { ...inputOptions({}), acronym: "S" },
    { source: "s", registry: of, sink, log },
    { send: () => {}, disconnect: () => {}, keep: () => {} },
    0,
  );
  session.opened(0, 1, false);
  const first = configuration(), second = configuration({ pmus: [pmu({ station: "OTHER" })] });
  session.stream(encodeConfiguration(first, first), 1, 1e15);
  Object.defineProperty(of, "hasRoom", { value: false });
  session.stream(encodeConfiguration(second, second), 2, 1e15);
  session.stream(dataFrame(first, 1, 0, 7), 3, 1e15);
  assert.deepEqual([of.device("S")?.name, sink.frames.length], ["SHELBY", 0]);
  session.stream(encodeConfiguration(first, first), 4, 1e15);
  session.stream(dataFrame(first, 2, 0, 7), 5, 1e15);
  assert.equal(sink.frames.length, 1);
  assert.equal(log.with("too many signals have come and gone").length, 1);
});
