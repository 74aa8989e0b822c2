import assert from "node:assert/strict";
import { SampleMarks, WaveformRing } from "../core/mod.ts";
import { seqDataOf } from "./encode.ts";
import { SampleStream, type SampleStreamOptions } from "./sample_stream.ts";
import { StreamNotice } from "./stream_notice.ts";
import type { SequenceCounters } from "./sequence_counters.ts";
import { content, type Feed, feed, pass, S } from "./stream_feed_test.ts";
import { writeUtcTime } from "./utc_time.ts";

const RATE = 4000;
const STEP = 1 / RATE;

function stream(options: SampleStreamOptions = {}, channels = 2): SampleStream {
  return new SampleStream(new WaveformRing(channels, RATE, 400), { window: 8, ...options });
}

/** Frames of one ASDU, each 0.2 ms after its sample, in the order given. */
function inOrder(counts: readonly number[], from = 0): Feed[] {
  return counts.map((count, i) => ({ counts: [count], at: from + (counts[0]! + i) * STEP + 2e-4 }));
}

/** All that came in is in exactly one counter, and the ring holds what was accepted and filled. */
function balance(s: SampleStream): void {
  const c = s.counters;
  assert.equal(
    c.received,
    c.accepted + c.duplicate + c.conflict + c.late + c.outlier + c.misconfigured + c.wrongRate,
  );
}

const CASES: {
  readonly name: string;
  readonly options?: SampleStreamOptions;
  readonly feeds: readonly Feed[];
  /** Time to let pass afterwards. */
  readonly until?: number;
  readonly content?: readonly string[];
  readonly counters: Partial<SequenceCounters>;
  readonly notices?: number;
}[] = [
  {
    name: "samples in order, over the second",
    feeds: [
      { counts: [3999], at: 0.99995 },
      { counts: [0], at: 1.0002 },
      { counts: [1], at: 1.00045 },
    ],
    content: ["3999:3999", "4000:0", "4001:1"],
    counters: { accepted: 3, missing: 0, resync: 0 },
  },
  {
    name: "a loss is filled once the window has passed",
    feeds: inOrder([5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16]),
    content: ["5:5", "6:6", "7:-", ...range(8, 16)],
    counters: { accepted: 11, missing: 1 },
  },
  {
    name: "a loss is waited for while the window is open",
    feeds: inOrder([5, 6, 8, 9]),
    content: ["5:5", "6:6"],
    counters: { accepted: 4, missing: 0 },
  },
  {
    name: "a loss is filled by time where nothing follows",
    feeds: inOrder([5, 6, 8]),
    until: 0.00422 + 2e-4,
    content: ["5:5", "6:6", "7:-", "8:8"],
    counters: { accepted: 3, missing: 1 },
  },
  {
    name: "swapped samples come into their place",
    feeds: inOrder([1, 3, 2, 4]),
    content: range(1, 4),
    counters: { accepted: 4, reordered: 1, missing: 0 },
  },
  {
    name: "every frame twice, as PRP sends it",
    feeds: inOrder([1, 1, 2, 2, 3, 3]),
    content: range(1, 3),
    counters: { accepted: 3, duplicate: 3 },
  },
  {
    name: "a duplicate of a sample that still waits",
    feeds: inOrder([1, 3, 3, 2]),
    content: range(1, 3),
    counters: { accepted: 3, duplicate: 1, reordered: 1 },
  },
  {
    name: "one number with two contents: the first stays",
    feeds: [
      { counts: [1], at: 0.0005 },
      { counts: [1], at: 0.0005, values: [77] },
      { counts: [3], at: 0.001 },
      { counts: [3], at: 0.001, values: [78] },
    ],
    until: 0.0032,
    content: ["1:1", "2:-", "3:3"],
    counters: { accepted: 2, conflict: 2, missing: 1 },
    notices: StreamNotice.Conflict,
  },
  {
    name: "a sample that comes after its place was filled is late",
    feeds: [...inOrder([5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16]), { counts: [7], at: 0.0042 }],
    content: ["5:5", "6:6", "7:-", ...range(8, 16)],
    counters: { accepted: 11, missing: 1, late: 1 },
  },
  {
    name: "a sample from before the first is late",
    feeds: inOrder([5, 4, 6]),
    content: range(5, 6),
    counters: { accepted: 2, late: 1 },
  },
  {
    name: "one sample far off is an outlier",
    feeds: [...inOrder([1, 2]), { counts: [2000], at: 0.0009 }, { counts: [3], at: 0.001 }],
    content: range(1, 3),
    counters: { accepted: 3, outlier: 1, resync: 0 },
  },
  {
    name: "a step of the publisher's clock is believed with the second frame",
    feeds: [
      ...inOrder([1, 2]),
      { counts: [500], at: 0.0009 },
      { counts: [501], at: 0.00115 },
      { counts: [502], at: 0.0014 },
    ],
    content: range(501, 502),
    counters: { accepted: 4, outlier: 1, resync: 1 },
    notices: StreamNotice.Resync,
  },
  {
    name: "a step back is believed as well",
    feeds: [...inOrder([500, 501]), { counts: [100], at: 0.1256 }, { counts: [101], at: 0.1258 }],
    content: ["101:101"],
    counters: { accepted: 3, outlier: 1, resync: 1 },
    notices: StreamNotice.Resync,
  },
  {
    name: "a jump within one frame confirms nothing",
    feeds: [
      { counts: [2, 3], at: 0.001 },
      { counts: [500, 501], at: 0.0015 },
      { counts: [4, 5], at: 0.0015 },
      { counts: [502, 503], at: 0.002 },
    ],
    content: range(2, 5),
    counters: { accepted: 4, outlier: 4, resync: 0 },
  },
  {
    name: "a gap that the passed time explains is filled at once",
    feeds: [...inOrder([1]), { counts: [41], at: 41 * STEP + 3e-4 }],
    content: ["1:1", ...Array.from({ length: 39 }, (_, i) => `${i + 2}:-`), "41:41"],
    counters: { accepted: 2, missing: 39, outlier: 0 },
  },
  {
    name: "while nothing comes, what is due is filled, a window behind",
    feeds: inOrder([1, 2]),
    until: 2 * STEP + 2e-4 + 20 * STEP,
    content: ["1:1", "2:2", ...Array.from({ length: 11 }, (_, i) => `${i + 3}:-`)],
    counters: { accepted: 2, missing: 11 },
  },
  {
    name: "nothing is filled where the configuration says so",
    options: { fillGaps: false },
    feeds: inOrder([1, 2]),
    until: 0.02,
    content: range(1, 2),
    counters: { missing: 0 },
  },
  {
    name: "a second without frames is a loss",
    feeds: inOrder([1, 2]),
    until: 1.01,
    counters: { missing: 0, lost: 1 },
    notices: StreamNotice.Lost,
  },
  {
    name: "a stream that comes back begins anew",
    feeds: [...inOrder([1, 2]), { counts: [8], at: 3.0022 }, { counts: [9], at: 3.00245 }],
    content: ["12008:8", "12009:9"],
    counters: { accepted: 4, missing: 0, lost: 1, resync: 1, outlier: 0 },
    notices: StreamNotice.Lost | StreamNotice.Returned | StreamNotice.Resync,
  },
  {
    name: "a changed confRev begins anew",
    feeds: [...inOrder([1, 2]), { counts: [3], at: 0.001, asdu: { confRev: 2 } }],
    content: ["3:3"],
    counters: { accepted: 3, resync: 1 },
    notices: StreamNotice.ConfRev | StreamNotice.Resync,
  },
  {
    name: "an old frame with the old confRev changes nothing",
    feeds: [
      ...inOrder([1, 2]),
      { counts: [3], at: 0.001, asdu: { confRev: 2 } },
      { counts: [2], at: 0.001 },
      { counts: [4], at: 0.0012, asdu: { confRev: 2 } },
    ],
    content: range(3, 4),
    counters: { accepted: 4, resync: 1, late: 1 },
    notices: StreamNotice.ConfRev | StreamNotice.Resync,
  },
  {
    name: "another confRev than the configured one is dropped",
    options: { confRev: 1 },
    feeds: [...inOrder([1, 2]), { counts: [3], at: 0.001, asdu: { confRev: 2 } }],
    content: range(1, 2),
    counters: { accepted: 2, misconfigured: 1 },
    notices: StreamNotice.Misconfigured,
  },
  {
    name: "another data set is dropped",
    feeds: [...inOrder([1, 2]), { counts: [3], at: 0.001, channels: 3 }],
    content: range(1, 2),
    counters: { accepted: 2, misconfigured: 1 },
    notices: StreamNotice.Misconfigured,
  },
  {
    name: "another rate is dropped, in every way to say it",
    options: { nominalHz: 50 },
    feeds: [
      { counts: [1], at: 0.0005, asdu: { smpRate: 80 } },
      { counts: [2], at: 0.00075, asdu: { smpRate: 80, smpMod: 0 } },
      { counts: [3], at: 0.001, asdu: { smpRate: 4000, smpMod: 1 } },
      { counts: [4], at: 0.00125, asdu: { smpRate: 4000 } },
      { counts: [5], at: 0.0015, asdu: { smpRate: 96 } },
      { counts: [6], at: 0.00175, asdu: { smpRate: 4800, smpMod: 1 } },
      { counts: [7], at: 0.002, asdu: { smpRate: 1, smpMod: 2 } },
    ],
    content: range(1, 4),
    counters: { accepted: 4, wrongRate: 3 },
    notices: StreamNotice.WrongRate,
  },
  {
    name: "changes of smpSynch and gmIdentity are told",
    feeds: [
      { counts: [1], at: 0.0005, asdu: { gmIdentity: new Uint8Array(8) } },
      { counts: [2], at: 0.0007, asdu: { gmIdentity: new Uint8Array(8).fill(1) } },
      { counts: [3], at: 0.001, synch: 0 },
    ],
    content: range(1, 3),
    counters: { accepted: 3 },
    notices: StreamNotice.GmIdentity | StreamNotice.SmpSynch,
  },
  {
    name: "ASDUs that do not count on from each other go where they belong",
    feeds: [{ counts: [2, 3], at: 0.001 }, { counts: [5, 4], at: 0.0013 }, {
      counts: [7, 8],
      at: 0.0022,
    }],
    until: 0.0045,
    content: [...range(2, 5), "6:-", ...range(7, 8)],
    counters: { accepted: 6, reordered: 1, missing: 1, irregular: 2 },
  },
];

for (const { name, options, feeds, until, content: expected, counters, notices } of CASES) {
  Deno.test(`sample stream: ${name}`, () => {
    const s = stream(options);
    let seen = 0;
    for (const given of feeds) seen |= feed(s, given);
    if (until !== undefined) seen |= pass(s, until);
    if (expected) assert.deepEqual(content(s), expected);
    for (const [key, value] of Object.entries(counters)) {
      assert.equal(s.counters[key as keyof SequenceCounters], value, key); // its own keys
    }
    assert.equal(seen, notices ?? 0);
    balance(s);
  });
}

Deno.test("sample stream: values, quality and marks stand in the ring as they came", () => {
  const s = new SampleStream(new WaveformRing(3, RATE, 100), { window: 4 });
  const values = [1, -(2 ** 31), 2 ** 31 - 1], quality = [0, 0xffffffff, 0x2001];
  feed(s, {
    counts: [9],
    at: 0.0024,
    synch: 5,
    simulated: true,
    asdu: { seqData: seqDataOf(values, quality) },
  });
  const at = (S * RATE + 9) % 100;
  assert.deepEqual(s.ring.values.map((a) => a[at]), values);
  assert.deepEqual(s.ring.quality.map((a) => a[at]), quality);
  assert.equal(s.ring.marks[at], SampleMarks.LocalClock | SampleMarks.Simulated);
  feed(s, { counts: [11], at: 0.0029, synch: 5 });
  pass(s, 0.005);
  assert.deepEqual(s.ring.values.map((a) => a[at + 1]), [0, 0, 0]);
  assert.deepEqual(s.ring.quality.map((a) => a[at + 1]), [1, 1, 1]);
  assert.equal(s.ring.marks[at + 1], SampleMarks.LocalClock | SampleMarks.Filled);
});

Deno.test("sample stream: a routable stream that is two seconds late is numbered by refrTm", () => {
  const s = stream({ useRefrTm: true });
  for (let i = 0; i < 6000; i++) {
    const refrTm = new Uint8Array(8);
    const time = i / RATE, second = Math.floor(time);
    writeUtcTime(refrTm, 0, S + second, Math.floor((time - second) * 2 ** 24), 0x8a);
    feed(s, { counts: [i % RATE], at: time + 2.3, asdu: { refrTm } });
  }
  assert.equal(s.ring.next, S * RATE + 6000);
  assert.equal(s.counters.accepted, 6000);
  assert.equal(Math.round(s.clock.delayNanos / 1e3), 2_300_000); // what status tells
  assert.equal(s.ring.marks[(s.ring.next - 1) % 400], SampleMarks.None);
  // A refrTm that says itself that it is wrong is not used.
  const refrTm = new Uint8Array(8);
  writeUtcTime(refrTm, 0, S + 99, 0, 0x20);
  feed(s, { counts: [2000], at: 3.8, asdu: { refrTm } });
  assert.ok(s.ring.next <= S * RATE + 16_001);
});

Deno.test("sample stream: a publisher that counts to 65534 loses nothing but the frame that shows it", () => {
  const s = stream();
  let notices = 0;
  for (let i = 0; i < 140_000; i++) {
    notices |= feed(s, { counts: [i % 65_535], at: 10 + i * STEP });
  }
  assert.ok((notices & StreamNotice.OddCount) !== 0);
  assert.deepEqual(
    [s.counters.outlier, s.counters.missing, s.counters.accepted, s.counters.resync],
    [1, 1, 139_999, 0],
  );
  balance(s);
});

Deno.test("sample stream: in a leap second, arrivals by UTC repeat a second and the ring begins anew", () => {
  const s = stream();
  let notices = 0;
  for (let i = 0; i < 3 * RATE; i++) {
    // Our clock is set back by a second after two.
    const at = i * STEP + 2e-4 - (i >= 2 * RATE ? 1 : 0);
    notices |= feed(s, { counts: [i % RATE], at });
  }
  assert.equal(notices, StreamNotice.Resync);
  assert.deepEqual([s.counters.accepted, s.counters.resync], [3 * RATE, 1]);
  assert.equal(s.ring.next, (S + 2) * RATE);
  balance(s);
});

Deno.test("sample stream: arrivals by TAI know no leap second", () => {
  const s = stream({ taiMinusUtc: 37 });
  for (let i = 0; i < 3 * RATE; i++) feed(s, { counts: [i % RATE], at: 37 + i * STEP + 2e-4 });
  assert.equal(s.counters.accepted, 3 * RATE);
  const out = { seconds: 0, nanos: 0 };
  s.clock.instantOf(s.ring.next, out);
  assert.deepEqual(out, { seconds: S + 3, nanos: 0 });
});

Deno.test("sample stream: a ring too small for its window is refused", () => {
  assert.throws(() => new SampleStream(new WaveformRing(1, 4000, 159)), RangeError);
  assert.equal(new SampleStream(new WaveformRing(1, 4000, 160)).window, 40);
});

Deno.test("sample stream: after a reset all begins anew, and the books go on", () => {
  const s = stream();
  for (const given of inOrder([1, 2])) feed(s, given);
  s.reset();
  assert.equal(feed(s, { counts: [3000], at: 7.7502 }), StreamNotice.None);
  assert.deepEqual(content(s), ["31000:3000"]);
  assert.equal(s.counters.accepted, 3);
});

function range(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `${from + i}:${from + i}`);
}
