import assert from "node:assert/strict";
import { linksOf, sourcesOf, streamsOf } from "./assets/overview_rows.js";
import { isSteady, Stamp } from "./assets/stamp.js";
import { sequences } from "./assets/symmetric.js";
import { nearest, parseWaveform, slidingRms } from "./assets/waveform.js";

Deno.test("dashboard: waveforms are read from CSV, with times from the trigger across a second", () => {
  const csv = [
    "time,Ia [A],Ua [V],Ia quality,Ua quality,marks",
    "2026-11-27T08:15:09.999750000Z,1.5,-63500.25,0,0,0",
    "2026-11-27T08:15:10.000000000Z,2.5,0,0,2048,0",
    "2026-11-27T08:15:10.000250000Z,-3,17,0,0,2",
    "2026-11-27T08:15:10.000500000Z,0,0,0,0,3",
    "",
  ].join("\r\n");
  const trigger = Date.parse("2026-11-27T08:15:10Z") * 1000 - 125;
  const { times, values, doubtful, missing } = parseWaveform(csv, 2, trigger);
  assert.deepEqual([...times].map((t) => Math.round(t * 1e6)), [
    -125_000,
    125_000,
    375_000,
    625_000,
  ]);
  // What was never received is no zero.
  assert.deepEqual(values.map((v: Float64Array) => [...v]), [
    [1.5, 2.5, -3, NaN],
    [-63500.25, 0, 17, NaN],
  ]);
  assert.deepEqual([[...doubtful], [...missing]], [[0, 1, 1, 1], [0, 0, 0, 1]]);
  assert.equal(parseWaveform("time,Ia,Ia quality,marks\r\n", 1, 0).times.length, 0);
});

Deno.test("dashboard: RMS over a cycle is that of a sine from its first cycle on", () => {
  const cycle = 80;
  const sine = Float64Array.from(
    { length: 400 },
    (_, k) => 100 * Math.SQRT2 * Math.sin(2 * Math.PI * k / cycle),
  );
  const rms = slidingRms(sine, cycle);
  assert.ok(rms.subarray(0, cycle - 1).every(Number.isNaN));
  assert.ok(rms.subarray(cycle - 1).every((v: number) => Math.abs(v - 100) < 1e-9));
  // While a sample of the cycle is missing there is none, and it is right again after that.
  sine[200] = NaN;
  const gapped = slidingRms(sine, cycle);
  assert.ok(gapped.subarray(200, 200 + cycle).every(Number.isNaN));
  assert.ok(gapped.subarray(200 + cycle).every((v: number) => Math.abs(v - 100) < 1e-9));
});

Deno.test("dashboard: symmetrical components of three phases", () => {
  const balanced = sequences([230, 10], [230, -110], [230, 130]);
  assert.ok(Math.abs(balanced.positive - 230) < 1e-9);
  assert.ok(balanced.negative < 1e-9 && balanced.zero < 1e-9);
  // The other direction is all negative, three of a kind are all zero sequence.
  const turned = sequences([230, 10], [230, 130], [230, -110]);
  assert.ok(Math.abs(turned.negative - 230) < 1e-9 && turned.positive < 1e-9);
  assert.ok(Math.abs(sequences([5, 40], [5, 40], [5, 40]).zero - 5) < 1e-9);
  // One phase alone is a third of each.
  for (const found of Object.values(sequences([3, 0], [0, 0], [0, 0]))) {
    assert.ok(Math.abs(found - 1) < 1e-9);
  }
});

Deno.test("dashboard: the nearest sample is found", () => {
  const times = Float64Array.from([0, 1, 2, 4]);
  for (const [ms, place] of [[-5, 0], [0.4, 0], [0.6, 1], [2.9, 2], [3.1, 3], [99, 3]] as const) {
    assert.equal(nearest(times, ms), place, String(ms));
  }
});

/** Takes the place of the browser's clock. */
function heldClock(): { at: (ms: number) => void; restore: () => void } {
  const { now } = performance;
  let heldMs = 0;
  performance.now = () => heldMs;
  return { at: (ms) => void (heldMs = ms), restore: () => void (performance.now = now) };
}

/** A state with one input and one subscriber. */
function status(micros: number, sent: number, more: Record<string, unknown> = {}) {
  const bySecond = Array.from(
    { length: 10 },
    (_, i) => ({ second: i, received: i === 9 ? 7 : 60 }),
  );
  return {
    name: "EDGE",
    id: "",
    startedMicros: 0,
    nowMicros: micros,
    fingerprint: "",
    signals: 0,
    streams: { received: { frames: micros / 1e6 * 60, errors: 0 } },
    parts: {
      "input.a": {
        state: "running",
        sinceMicros: 0,
        detail: {
          configuration: { framesPerSecond: 60 },
          bySecond,
          books: { dropped: { crc: 2, duplicate: 1 } },
          totals: { missingFrames: 4 },
          ...more,
        },
      },
      "input.b": { state: "waiting", sinceMicros: 0, reason: "Connection refused" },
      "output.up": {
        state: "running",
        sinceMicros: 0,
        detail: {
          subscribers: {
            cc: {
              connected: true,
              enabled: true,
              revoked: false,
              sessions: [{
                peer: "1.2.3.4:5",
                mode: "TSSC",
                state: "subscribed",
                secure: true,
                queuedFrames: 3,
              }],
              ledger: { sent, dropped: { slow: 5 } },
            },
          },
        },
      },
      "output.pdc": {
        state: "running",
        sinceMicros: 0,
        detail: {
          clients: {
            hall: {
              connections: [{ peer: "1.2.3.4:6", queuedFrames: 2 }],
              ledger: { sent: 2 * sent, dropped: { slow: sent } },
            },
            spare: { connections: [], ledger: { sent: 0, dropped: { slow: 0 } } },
          },
          destinations: { "239.1.2.3:4713": { ledger: { sent, dropped: { udp: 0 } } } },
        },
      },
    },
    configuration: {
      version: 1,
      digest: "",
      author: "",
      timeMicros: 0,
      pending: null,
      note: "",
      needsSignature: false,
    },
  };
}

Deno.test("dashboard: that a stamp stands still is told, whatever its clock says", () => {
  const nowMicros = 1.7e15, now = heldClock();
  try {
    now.at(1000);
    const late = new Stamp(), fast = new Stamp();
    assert.equal(late.standsStill(nowMicros - 600e6, nowMicros), true, "an old one at first");
    assert.equal(fast.standsStill(nowMicros, nowMicros), false);
    now.at(1100);
    assert.equal(late.standsStill(nowMicros - 599e6, nowMicros), false, "it moves");
    now.at(4200);
    const looks = [1, 2, 3].map(() => fast.standsStill(nowMicros, nowMicros));
    assert.deepEqual(looks, [false, false, true], "it stands, and not only the page stood");
    assert.equal(fast.standsStill(nowMicros + 1, nowMicros), false, "it moves again");
  } finally {
    now.restore();
  }
  assert.deepEqual(["FREQ", "STAT", "ALRM"].map(isSteady), [true, false, false]);
});

Deno.test("dashboard: the overview works out rates, losses and who is away", () => {
  const before = status(10e6, 1000), now = status(12e6, 3000);
  const [a, b] = sourcesOf(now, before);
  assert.deepEqual(
    [a!.state, a!.perSecond, a!.nominal, a!.lost, a!.losing],
    ["closed", 60, 60, 7, false],
  );
  assert.deepEqual([b!.state, b!.perSecond, b!.about], [
    "away",
    null,
    "waiting: Connection refused",
  ]);
  const [link] = linksOf(now, before);
  assert.deepEqual(
    [link!.state, link!.link, link!.perSecond, link!.queued, link!.dropped],
    ["closed", "TLS", 1000, 3, 5],
  );
  assert.deepEqual(
    linksOf(now, before).slice(1).map((l) => [l.name, l.state, l.link, l.perSecond, l.queued]),
    [
      ["hall", "warning", "C37.118", 2000, 2],
      ["spare", "away", "away", 0, 0],
      ["239.1.2.3:4713", "closed", "C37.118, UDP", 1000, 0],
    ],
  );
  assert.equal(streamsOf(now, before)[0]!.perSecond, 60);
  // A part that was started anew counts from nought: that is no rate.
  assert.equal(linksOf(status(14e6, 12), now)[0]!.perSecond, null);
  assert.equal(streamsOf(status(10e6, 0), now)[0]!.perSecond, null);
  const slow = Array.from({ length: 10 }, (_, i) => ({ second: i, received: 50 }));
  assert.equal(sourcesOf(status(12e6, 0, { bySecond: slow }), before)[0]!.state, "warning");
  const losing = sourcesOf(status(12e6, 0, { totals: { missingFrames: 9 } }), before)[0]!;
  assert.deepEqual([losing.state, losing.losing], ["warning", true]);
});
