import assert from "node:assert/strict";
import fc from "fast-check";
import { commonStatusOf, statOfCommonStatus } from "../../c37118/mod.ts";
import { StateFlags } from "../../core/mod.ts";
import {
  encodePdu,
  encodeSession,
  fractionOfNanos,
  SynchrophasorDataSet,
  writeUtcTime,
} from "../../sv/mod.ts";
import { SessionSource } from "./session_source.ts";
import { EngineBench, optionsOf } from "./testing.ts";

const TWO_PMUS = `
udp = {}
[[input.synchrophasors]]
svId = "1_STATION"
appid = 16416
rate = 50
[[input.synchrophasors.pmus]]
acronym = "NORTH"
phasors = [
  { label = "VA", kind = "voltage", phase = "A" },
  { label = "VB", kind = "voltage", phase = "B" },
  { label = "I1", kind = "current", phase = "+" },
]
analogs = ["MW"]
digitals = ["BREAKERS"]
[[input.synchrophasors.pmus]]
acronym = "SOUTH"
phasors = [{ label = "VA", kind = "voltage" }, { label = "IA", kind = "current" }]
digitals = ["BREAKERS"]
`;

interface Block {
  readonly stat: number;
  readonly phasors: readonly (readonly [number, number])[];
  readonly freq: number;
  readonly rocof: number;
  readonly analogs: readonly number[];
  readonly digitals: readonly number[];
}

interface Vector {
  readonly packets: readonly {
    readonly udpPayloadHex: string;
    readonly decoded: {
      readonly payloads: readonly {
        readonly asdus: readonly {
          readonly refrTm: { readonly seconds: number; readonly nanoseconds: number };
        }[];
      }[];
      readonly synchrophasors: readonly {
        readonly asdu: number;
        readonly pmus: readonly Block[];
      }[];
    };
  }[];
}

Deno.test("synchrophasors: every value of the vectors, each instant once, repeats counted", async () => {
  const path = new URL("../../../tests/fixtures/sv/r02-rsv-synchrophasor.json", import.meta.url);
  const vector: Vector = JSON.parse(await Deno.readTextFile(path));
  const one = new EngineBench(optionsOf(TWO_PMUS));
  const source = new SessionSource(one.engine);
  const expected = new Map<string, Block>();
  let asdus = 0;
  for (const { udpPayloadHex, decoded } of vector.packets) {
    const bytes = Uint8Array.from(udpPayloadHex.match(/../g)!, (octet) => parseInt(octet, 16));
    source.take(bytes, "192.0.2.1", 102, 1_735_689_602.2e6);
    for (const { asdu, pmus } of decoded.synchrophasors) {
      asdus++;
      const { refrTm } = decoded.payloads[0]!.asdus[asdu]!;
      const slot = Math.round(refrTm.nanoseconds / 20e6);
      pmus.forEach((block, i) =>
        expected.set(`${["NORTH", "SOUTH"][i]} ${refrTm.seconds} ${slot}`, block)
      );
    }
  }
  const { frames, complaints, events } = one.read();
  assert.deepEqual(complaints, []);
  assert.deepEqual(events, [{ stream: 0, change: "live" }]);
  assert.equal(frames.length, expected.size);
  for (const { device, frame: { instant, values, flags } } of frames) {
    const key = `${device} ${instant.seconds} ${instant.nanos / 20e6}`;
    const block = expected.get(key);
    assert.ok(block, key);
    assert.deepEqual(
      [...values],
      [
        ...block.phasors.flat(),
        block.freq,
        block.rocof,
        ...block.analogs,
        ...block.digitals,
        commonStatusOf(block.stat),
        0,
      ].map(Math.fround),
      key,
    );
    assert.equal(flags.length, values.length);
  }
  const [status] = one.engine.status();
  const { samples } = status!;
  assert.equal(samples["received"], asdus);
  assert.equal(samples["accepted"], expected.size / 2);
  assert.equal(samples["duplicate"], asdus - expected.size / 2);
});

const ONE_PMU = `
udp = {}
[[input.synchrophasors]]
svId = "7_WEST"
rate = 60
simulation = "accept"
[[input.synchrophasors.pmus]]
acronym = "WEST"
phasors = [{ label = "V1", kind = "voltage", phase = "+" }]
`;
const dataSet = new SynchrophasorDataSet([{ phasors: 1, analogs: 0, digitals: 0 }]);

interface Report {
  readonly index: number;
  readonly quality?: number;
  readonly smpSynch?: number | null;
  readonly confRev?: number;
  readonly stat?: number;
  readonly values?: readonly number[];
  readonly refrTm?: boolean;
  readonly seqData?: Uint8Array;
  readonly simulated?: boolean;
}

const SECOND = 1_700_000_000;

function send(
  one: EngineBench,
  source: SessionSource,
  spdu: number,
  reports: readonly Report[],
): void {
  const apdu = encodePdu(reports.map((report) => {
    const refrTm = new Uint8Array(8);
    const nanos = Math.round(report.index % 60 * 1e9 / 60);
    const second = SECOND + Math.floor(report.index / 60);
    writeUtcTime(refrTm, 0, second, fractionOfNanos(nanos), report.quality ?? 0x8a);
    return {
      svID: "7_WEST",
      smpCnt: report.index % 60,
      confRev: report.confRev ?? 1,
      ...(report.smpSynch === null ? {} : { smpSynch: report.smpSynch ?? 2 }),
      seqData: report.seqData ??
        dataSet.encode(report.values ?? [100, 30, 60, 0], [report.stat ?? 0]),
      ...(report.refrTm === false ? {} : { refrTm }),
    };
  }));
  const simulation = reports.some(({ simulated }) => simulated === true);
  const bytes = encodeSession({
    spduNumber: spdu,
    payloads: [{ appid: 0x4000, apdu, simulation }],
  });
  one.engine.batch(spdu);
  source.take(bytes, "192.0.2.7", 102, (SECOND + 0.1) * 1e6);
}

const cases: readonly {
  readonly name: string;
  readonly sent: readonly (readonly Report[])[];
  readonly counters: Readonly<Record<string, number>>;
  readonly flags?: number;
  readonly quality?: number;
  readonly stat?: number;
  readonly complaint?: RegExp;
  readonly confRevChanges?: number;
}[] = [
  {
    name: "a report that was lost comes with the next one",
    sent: [[{ index: 1 }], [{ index: 2 }, { index: 3 }]],
    counters: { accepted: 3, missing: 0 },
    flags: 0,
    quality: 0,
  },
  {
    name: "two that were lost leave a hole",
    sent: [[{ index: 1 }], [{ index: 3 }, { index: 4 }], [{ index: 62 }]],
    counters: { accepted: 4, missing: 1 },
  },
  {
    name: "one that was overtaken is taken, once",
    sent: [[{ index: 1 }], [{ index: 3 }], [{ index: 2 }], [{ index: 2 }], [{ index: 63 }]],
    counters: { accepted: 4, reordered: 1, duplicate: 1, late: 0, missing: 0 },
  },
  {
    name: "one from before the first is taken",
    sent: [[{ index: 5 }], [{ index: 3 }]],
    counters: { accepted: 2, reordered: 1, missing: 0 },
  },
  {
    name: "one that comes after a second is missing, and late",
    sent: [[{ index: 1 }], [{ index: 3 }], [{ index: 62 }], [{ index: 3 }], [{ index: 2 }]],
    counters: { accepted: 3, reordered: 0, duplicate: 1, late: 1, missing: 1 },
  },
  {
    name: "one that comes just within it is not",
    sent: [[{ index: 1 }], [{ index: 3 }], [{ index: 61 }], [{ index: 2 }], [{ index: 62 }]],
    counters: { accepted: 5, reordered: 1, late: 0, missing: 0 },
  },
  {
    name: "a clock that is set back by ten seconds counts from there, and holes before it are told",
    sent: [[{ index: 1200 }], [{ index: 1202 }], [{ index: 600 }], [{ index: 601 }]],
    counters: { accepted: 4, reordered: 0, late: 0, duplicate: 0, missing: 1 },
  },
  {
    name: "one that was overtaken says nothing of what changed",
    sent: [[{ index: 1 }], [{ index: 3, confRev: 2 }], [{ index: 2 }], [{ index: 4, confRev: 2 }]],
    counters: { accepted: 4, reordered: 1 },
    confRevChanges: 1,
  },
  {
    name: "a clock that is not synchronised",
    sent: [[{ index: 1, quality: 0xaa }]],
    counters: { accepted: 1 },
    flags: StateFlags.BadTime,
    quality: 11,
  },
  {
    name: "smpSynch 0",
    sent: [[{ index: 1, smpSynch: 0 }]],
    counters: { accepted: 1 },
    flags: StateFlags.BadTime,
    quality: 11,
  },
  {
    name: "smpSynch 3, which is reserved",
    sent: [[{ index: 1, smpSynch: 3 }]],
    counters: { accepted: 1 },
    flags: StateFlags.BadTime,
    quality: 11,
  },
  {
    name: "without smpSynch the stamp tells",
    sent: [[{ index: 1, smpSynch: null }]],
    counters: { accepted: 1 },
    flags: 0,
    quality: 0,
  },
  {
    name: "a simulated report is not to be used",
    sent: [[{ index: 1, simulated: true }]],
    counters: { accepted: 1 },
    flags: StateFlags.BadData,
    stat: 0x8000,
  },
  {
    name: "STAT says that data are invalid",
    sent: [[{ index: 1, stat: 0x8000 }]],
    counters: { accepted: 1 },
    flags: StateFlags.BadData,
    quality: 0,
  },
  {
    name: "without refrTm there is no time",
    sent: [[{ index: 1, refrTm: false }]],
    counters: { accepted: 0, untimed: 1 },
  },
  {
    name: "another data set",
    sent: [[{ index: 1, seqData: new Uint8Array(20) }]],
    counters: { accepted: 0, misconfigured: 1 },
    complaint: /expected a data set of 18 octets and confRev any, found 20 octets/,
  },
];

for (const { name, sent, counters, flags, quality, stat, ...rest } of cases) {
  Deno.test(`synchrophasors: ${name}`, () => {
    const one = new EngineBench(optionsOf(ONE_PMU));
    const source = new SessionSource(one.engine);
    sent.forEach((reports, i) => send(one, source, i + 1, reports));
    const { frames, complaints } = one.read();
    const [status] = one.engine.status();
    const { complaint, confRevChanges } = rest;
    if (confRevChanges !== undefined) assert.equal(status!.confRevChanges, confRevChanges);
    for (const [key, value] of Object.entries(counters)) {
      assert.equal(status!.samples[key], value, key);
    }
    assert.equal(frames.length, counters["accepted"]);
    for (const { frame } of frames) {
      assert.deepEqual([...frame.values.subarray(0, 4)], [100, 30, 60, 0]);
      if (flags !== undefined) assert.equal(frame.flags[0]! & (flags || 0xffffffff), flags);
      if (stat !== undefined) assert.equal(statOfCommonStatus(frame.values.at(-2)!), stat);
      if (quality !== undefined) assert.equal(frame.values.at(-1), quality * 2 ** 24);
    }
    assert.equal(complaints.length, complaint ? 1 : 0);
    if (complaint) assert.match(complaints[0]!.message, complaint);
  });
}

Deno.test("synchrophasors: in whatever order reports come, each instant goes on once and the books balance", () => {
  // Steps as networks and clocks make them: on, back by a little, by seconds, by more than is remembered.
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 3 }) },
    { weight: 3, arbitrary: fc.integer({ min: -5, max: 5 }) },
    { weight: 1, arbitrary: fc.integer({ min: -150, max: 150 }) },
    { weight: 1, arbitrary: fc.constantFrom(-599, 599, -1300, 1300) },
  );
  fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 120 }), (steps) => {
    const one = new EngineBench(optionsOf(ONE_PMU));
    const source = new SessionSource(one.engine);
    let index = 1_000_000, newest = -1;
    let kept = new Set<number>();
    const wanted: number[] = [];
    steps.forEach((by, i) => {
      index += by;
      send(one, source, i + 1, [{ index }]);
      // What has to go on: what is newer, and what was not there yet within a second.
      if (newest < 0 || Math.abs(index - newest) >= 600) kept = new Set();
      const isFresh = kept.size === 0 || index > newest;
      if (isFresh || (!kept.has(index) && newest - index < 60)) wanted.push(index);
      if (isFresh) newest = index;
      if (wanted.at(-1) === index) kept.add(index);
    });
    const { frames } = one.read();
    const came = frames.map(({ frame: { instant: { seconds, nanos } } }) =>
      (seconds - SECOND) * 60 + Math.round(nanos * 60 / 1e9)
    );
    assert.deepEqual(came, wanted);
    const { samples: s } = one.engine.status()[0]!;
    assert.equal(s["received"], steps.length);
    assert.equal(s["accepted"], wanted.length);
    assert.equal(
      s["received"],
      s["accepted"]! + s["duplicate"]! + s["late"]! + s["untimed"]! + s["misconfigured"]!,
    );
  }));
});

Deno.test("synchrophasors: stamps are those of the rate, and silence is loss", () => {
  const one = new EngineBench(optionsOf(ONE_PMU));
  const source = new SessionSource(one.engine);
  for (let i = 0; i < 60; i++) send(one, source, i + 1, [{ index: i, values: [NaN, 0, 60, 0] }]);
  one.pass(40);
  assert.deepEqual(one.read().events.map((e) => e["change"]), ["live"]);
  one.pass(40);
  const { events, frames } = one.read();
  assert.deepEqual(events.map((e) => e["change"]), ["live", "lost"]);
  frames.forEach(({ frame: { instant, flags } }, i) => {
    assert.deepEqual(instant, { seconds: SECOND, nanos: Math.floor(i * 1e7 / 60) * 100 });
    assert.ok((flags[0]! & StateFlags.BadData) !== 0, "NaN is no value");
    assert.equal(flags[1], 0);
  });
});
