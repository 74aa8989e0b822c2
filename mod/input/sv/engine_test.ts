import assert from "node:assert/strict";
import fc from "fast-check";
import { statOfCommonStatus } from "../../c37118/mod.ts";
import { StateFlags } from "../../core/mod.ts";
import { macBytes } from "../../sv/mod.ts";
import { EngineBench, leStream, MADE_RMS, madeFrame, optionsOf } from "./testing.ts";

const SECOND = 1_700_000_000;

function bench(more = ""): EngineBench {
  return new EngineBench(optionsOf(leStream(more)));
}

Deno.test("engine: samples of a balanced stream become phasors, frequency and RMS values at UTC instants", () => {
  const one = bench();
  one.run(SECOND, 0, 4000);
  one.run(SECOND + 1, 0, 400);
  const { frames, events, complaints } = one.read();
  assert.deepEqual(complaints, []);
  assert.deepEqual(events, [{ stream: 0, change: "live" }]);
  assert.ok(frames.length >= 50, `${frames.length} frames`);
  const at = (type: string, label = "") => one.position("MU1", type, label);
  frames.forEach(({ device, frame: { instant, values, flags, arrivalMicros } }, i) => {
    assert.equal(device, "MU1");
    const slot = (instant.seconds - SECOND) * 50 + Math.round(instant.nanos / 20e6);
    assert.equal(slot, (frames[0]!.frame.instant.nanos / 20e6) + i, "one frame for each slot");
    assert.equal(instant.nanos % 20_000_000, 0);
    const close = (index: number, expected: number, tolerance: number) =>
      assert.ok(
        Math.abs(values[index]! - expected) <= tolerance,
        `value ${index} is ${values[index]}, expected ${expected}`,
      );
    close(at("IPHM", "Ia"), MADE_RMS.current, 0.01);
    close(at("VPHM", "Uc"), MADE_RMS.voltage, 5);
    close(at("VPHM", "U1"), MADE_RMS.voltage, 5);
    close(at("VPHA", "Ua"), 0, 0.01);
    close(at("VPHA", "Ub"), -120, 0.01);
    close(at("IPHA", "I1"), 0, 0.01);
    close(at("FREQ"), 50, 1e-4);
    close(at("DFDT"), 0, 1e-2);
    close(at("ALOG", "Ub RMS"), MADE_RMS.voltage, 5);
    close(at("FLAG"), 0, 0);
    assert.deepEqual([...flags], [...flags].fill(0));
    // The last sample of the window was taken a cycle or so after the instant, and came 300 us later.
    const delay = arrivalMicros - (instant.seconds * 1e6 + instant.nanos / 1000);
    assert.ok(delay > 20_000 && delay < 40_000, `delay ${delay}`);
  });
});

Deno.test("engine: status and time quality are written as those of a PMU are", () => {
  const one = bench();
  one.run(SECOND, 0, 1000, { quality: 0x800, smpSynch: 1 }); // test, a local clock
  const { frames } = one.read();
  assert.ok(frames.length > 0);
  for (const { frame: { values } } of frames) {
    const word = values[one.position("MU1", "FLAG")]!;
    assert.equal(statOfCommonStatus(word), 0xa1f0);
    // What an aligner adds, for one, leaves the rest as it was.
    assert.equal(statOfCommonStatus(word | 0x200200), 0xa3f0);
    assert.equal(values[one.position("MU1", "QUAL")], 11 * 2 ** 24);
  }
});

Deno.test("engine: with class both a stream is two devices, and components are chosen", () => {
  const one = bench(`class = "both"\nsequence = "all"\nrms = false\nframesPerSecond = 25`);
  one.run(SECOND, 0, 4000);
  one.run(SECOND + 1, 0, 4000);
  const { frames } = one.read();
  const devices = new Set(frames.map(({ device }) => device));
  assert.deepEqual([...devices].sort(), ["MU1_M", "MU1_P"]);
  assert.ok(frames.filter(({ device }) => device === "MU1_M").length > 25);
  assert.throws(() => one.position("MU1_P", "ALOG", "Ua RMS"));
  const zero = frames[0]!.frame.values[one.position("MU1_P", "VPHM", "U0")]!;
  assert.ok(zero < 10, `zero sequence ${zero}`);
});

Deno.test("engine: loss is told within 20 ms, return at once, and the pause says missing", () => {
  const one = bench();
  one.run(SECOND, 0, 4000);
  one.pass(8);
  assert.deepEqual(one.read().events.map((e) => e["change"]), ["live"], "10 ms are not over");
  one.pass(8);
  assert.deepEqual(one.read().events.map((e) => e["change"]), ["live", "lost"]);
  assert.equal(one.engine.status()[0]!.state, "lost");
  const before = one.output.frames.length;
  one.pass(400);
  one.run(SECOND + 1, 1640, 4000);
  const { events, frames } = one.read();
  assert.deepEqual(events.map((e) => e["change"]), ["live", "lost", "returned"]);
  const status = one.engine.status()[0]!;
  assert.equal(status.state, "live");
  assert.equal(status.losses, 1);
  const bad = frames.slice(before).filter(({ frame }) =>
    (frame.flags[one.position("MU1", "FREQ")]! & StateFlags.BadData) !== 0
  );
  assert.ok(bad.length > 10, `${bad.length} frames of the pause are bad`);
  const last = frames.at(-1)!.frame;
  assert.equal(last.flags[one.position("MU1", "FREQ")], 0, "good again");
});

Deno.test("engine: a machine that stands still is no loss", () => {
  const one = bench();
  one.run(SECOND, 0, 400);
  const { engine } = one;
  engine.tick(10_000, true);
  assert.deepEqual(one.read().events.map((e) => e["change"]), ["live"]);
  one.run(SECOND, 400, 800);
  assert.equal(engine.status()[0]!.losses, 0);
});

interface Case {
  readonly name: string;
  readonly more?: string;
  readonly send: (one: EngineBench) => void;
  readonly status?: Record<string, unknown>;
  readonly samples?: Record<string, number>;
  readonly frames?: Record<string, number>;
  readonly totals?: Record<string, unknown>;
  readonly complaint?: RegExp;
  readonly changes?: string[];
}

const other = { source: macBytes("02:00:fe:00:00:99") };
const cases: readonly Case[] = [
  {
    name: "two publishers with one svID: the first is heard",
    send(one) {
      for (let i = 0; i < 200; i++) {
        one.sample({ second: SECOND, smpCnt: i });
        one.sample({ second: SECOND, smpCnt: i, add: 5000, frame: other });
      }
    },
    frames: { otherPublisher: 200 },
    samples: { accepted: 200, conflict: 0 },
    complaint: /Two publishers send svID "MU01".*02:00:fe:00:00:99/,
    changes: ["live"],
  },
  {
    name: "another publisher takes over after a pause",
    send(one) {
      one.run(SECOND, 0, 200);
      one.pass(40);
      one.run(SECOND, 400, 600, { frame: other });
    },
    frames: { otherPublisher: 0 },
    status: { publisherChanges: 1, source: "02:00:fe:00:00:99", state: "live" },
    changes: ["live", "lost", "publisher", "returned"],
  },
  {
    name: "an unknown svID with the APPID of a stream",
    send(one) {
      one.run(SECOND, 0, 10);
      one.run(SECOND, 10, 60, { svId: "STRANGER" });
    },
    totals: { unknown: 50 },
    samples: { received: 10 },
    complaint: /APPID 0x4000 .*svID "STRANGER"/,
  },
  {
    name: "another destination than configured",
    more: `destination = "01:0c:cd:04:00:02"`,
    send: (one) => one.run(SECOND, 0, 30),
    totals: { foreign: 30 },
    complaint: /another VLAN or destination/,
  },
  {
    name: "another VLAN than configured",
    more: "vlan = 7",
    send(one) {
      one.run(SECOND, 0, 30, { frame: { tags: [{ vid: 8 }] } });
      one.run(SECOND, 30, 40, { frame: { tags: [{ vid: 7 }] } });
      one.run(SECOND, 40, 50);
    },
    totals: { foreign: 40 },
    samples: { received: 10 },
  },
  {
    name: "a data set of another size",
    send: (one) => one.run(SECOND, 0, 30, { channels: 6 }),
    samples: { received: 30, misconfigured: 30, accepted: 0 },
    status: { misconfigured: true },
    complaint: /expected a data set of 64 octets.*found 48 octets/,
  },
  {
    name: "another confRev than configured",
    more: "confRev = 2",
    send: (one) => one.run(SECOND, 0, 30),
    samples: { misconfigured: 30 },
    status: { misconfigured: true, confRev: null },
  },
  {
    name: "another datSet than configured",
    more: `datSet = "MU/LLN0$RIGHT"`,
    send(one) {
      one.run(SECOND, 0, 20, { datSet: "MU/LLN0$RIGHT" });
      one.run(SECOND, 20, 30); // many publishers leave it out
      one.run(SECOND, 30, 60, { datSet: "MU/LLN0$OTHER" });
    },
    samples: { received: 60, accepted: 30, misconfigured: 30 },
    status: { misconfigured: true },
    complaint: /expected a data set MU.LLN0.RIGHT of 64 octets.*found MU.LLN0.OTHER of 64 octets/,
  },
  {
    name: "a change of confRev",
    send(one) {
      one.run(SECOND, 0, 400);
      one.run(SECOND, 400, 800, { confRev: 2 });
    },
    status: { confRevChanges: 1, confRev: 2 },
    samples: { accepted: 800 },
    changes: ["live", "confRev"],
  },
  {
    name: "simulated frames are ignored",
    send(one) {
      one.run(SECOND, 0, 100);
      one.run(SECOND, 100, 150, { frame: { simulation: true } });
    },
    frames: { simulated: 50 },
    samples: { received: 100 },
  },
  {
    name: "simulated frames take the place of real ones",
    more: `simulation = "accept"`,
    send(one) {
      for (let i = 0; i < 100; i++) one.sample({ second: SECOND, smpCnt: i });
      for (let i = 100; i < 200; i++) {
        one.sample({ second: SECOND, smpCnt: i });
        one.sample({ second: SECOND, smpCnt: i, frame: { simulation: true, ...other } });
      }
    },
    frames: { replaced: 99, otherPublisher: 0 },
    status: { simulated: true },
    changes: ["live", "simulated"],
  },
  {
    name: "missing, twice and swapped",
    send(one) {
      one.run(SECOND, 0, 100);
      one.run(SECOND, 101, 200);
      one.sample({ second: SECOND, smpCnt: 199 });
      one.sample({ second: SECOND, smpCnt: 201 });
      one.sample({ second: SECOND, smpCnt: 200 });
      one.run(SECOND, 202, 400);
    },
    samples: { missing: 1, duplicate: 1, reordered: 1, accepted: 399 },
  },
  {
    name: "noASDU that lies, and a cut frame",
    send(one) {
      const frame = madeFrame({ second: SECOND, smpCnt: 0 });
      const lying = frame.slice();
      lying[lying.indexOf(0x80, 20) + 2] = 3; // the value of noASDU
      for (let i = 0; i < 20; i++) one.frame(lying, SECOND, i * 1e5);
      one.frame(frame.subarray(0, 60), SECOND, 5e6);
      one.frame(frame.subarray(0, 15), SECOND, 5e6);
    },
    totals: { rejected: { "asdu-count": 20, "length-beyond": 1, header: 1 }, frames: 22 },
    complaint: /as many ASDUs as noASDU says/,
  },
];

Deno.test("engine: what is odd on the wire is counted, and told once", async (t) => {
  for (const { name, more, send, ...expected } of cases) {
    await t.step(name, () => {
      const one = bench(more);
      send(one);
      const { events, complaints } = one.read();
      const [status] = one.engine.status();
      const totals = one.engine.totals();
      assert.ok(status);
      pick(status, expected.status);
      pick(status.samples, expected.samples);
      pick(status.frames.dropped, expected.frames);
      pick(totals, expected.totals);
      if (expected.changes) assert.deepEqual(events.map((e) => e["change"]), expected.changes);
      if (expected.complaint) {
        const told = complaints.filter(({ message }) => expected.complaint!.test(message));
        assert.equal(told.length, 1, JSON.stringify(complaints));
      }
      balance(one);
    });
  }
});

Deno.test("engine: each reason for which a frame is no sampled values has a count of its own", () => {
  const one = bench();
  const plain = madeFrame({ second: SECOND, smpCnt: 0 });
  const changed = (at: number, value: number) => plain.with(at, value);
  const tag = [0x81, 0, 0, 0];
  const junk: [reason: string, bytes: Uint8Array][] = [
    ["header", plain.subarray(0, 15)],
    ["ether-type", changed(13, 0xb8)], // GOOSE
    [
      "tags",
      new Uint8Array([...plain.subarray(0, 12), ...Array(5).fill(tag).flat(), 0x88, 0xba]),
    ],
    ["length-small", changed(17, 7)],
    ["length-beyond", plain.subarray(0, 60)],
    ["apdu-tag", changed(22, 0x61)],
    ["ber-length", changed(23, 0x80)],
    ["overrun", changed(23, plain[23]! + 1)],
    ["no-asdu", changed(24, 0x8f)], // noASDU is an element that nobody knows
    ["asdu-count", changed(26, 3)],
    ["field-size", changed(25, 0)], // of noASDU
    ["missing", changed(37, 0x8f)], // smpCnt likewise
  ];
  const expected: Record<string, number> = {};
  junk.forEach(([reason, bytes], i) => {
    for (let n = 0; n <= i; n++) one.frame(bytes, SECOND, 0);
    expected[reason] = i + 1;
    assert.deepEqual(one.engine.totals().rejected, expected);
  });
  one.sample({ second: SECOND, smpCnt: 0 });
  one.read();
  assert.equal(one.engine.status()[0]!.samples["accepted"], 1);
  balance(one);
});

Deno.test("engine: any bytes are taken or counted, nothing is thrown, and the stream beside them is whole", () => {
  const one = bench();
  // A frame that is nearly right gets further; its svID keeps it apart from the stream.
  const near = madeFrame({ second: SECOND, smpCnt: 5, svId: "XXXX" });
  let smpCnt = 0;
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.tuple(fc.nat(near.length - 1), fc.nat(255)), { maxLength: 3 }),
      fc.nat(near.length),
      (bytes, changes, length) => {
        one.frame(bytes, SECOND, 0);
        const cut = near.slice(0, length);
        for (const [at, value] of changes) if (at < length) cut[at] = value;
        one.frame(cut, SECOND, 0);
        one.sample({ second: SECOND, smpCnt: smpCnt++ });
      },
    ),
    { numRuns: 1500 },
  );
  one.read();
  balance(one);
  assert.equal(one.engine.totals().frames, 3 * 1500);
  assert.equal(one.engine.status()[0]!.samples["accepted"], 1500);
});

Deno.test("engine: a publisher that changes with every frame is told of now and then, and counted", () => {
  const one = bench();
  for (let i = 0; i < 1000; i++) {
    one.sample({ second: SECOND, smpCnt: i, smpSynch: 1 + (i & 1), confRev: 1 + ((i >> 1) & 1) });
  }
  const { events } = one.read();
  assert.ok(events.length <= 11, `${events.length} events`);
  assert.ok(one.engine.status()[0]!.confRevChanges > 400);
  balance(one);
});

/** Every frame and every sample ends in exactly one place. */
function balance(one: EngineBench): void {
  const totals = one.engine.totals();
  const sum = (counts: Readonly<Record<string, number>>) =>
    Object.values(counts).reduce((a, b) => a + b, 0);
  let frames = sum(totals.rejected) + totals.unknown + totals.foreign;
  for (const { frames: book, samples: s } of one.engine.status()) {
    frames += book.received;
    assert.equal(book.received, book.taken + sum(book.dropped));
    assert.equal(
      s["received"],
      s["accepted"]! + s["duplicate"]! + s["conflict"]! + s["late"]! + s["outlier"]! +
        s["misconfigured"]! + s["wrongRate"]!,
    );
  }
  assert.equal(totals.frames, frames);
}

function pick(found: object, expected: Readonly<Record<string, unknown>> | undefined): void {
  for (const [key, value] of Object.entries(expected ?? {})) {
    assert.deepEqual((found as Record<string, unknown>)[key], value, key); // figures are plain objects
  }
}
