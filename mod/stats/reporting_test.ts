import assert from "node:assert/strict";
import type { StatisticRow } from "../core/mod.ts";
import {
  InputStatistics,
  isStatisticsAcronym,
  NOT_APPLICABLE,
  PublisherStatistics,
  ReportingInterval,
  STATISTICS,
  SubscriberStatistics,
  SystemStatistics,
} from "./mod.ts";

const values = (rows: readonly StatisticRow[]) =>
  Object.fromEntries(rows.map((r) => [r.source + r.suffix, r.value]));

Deno.test("reporting interval: ends at whole multiples, each once", () => {
  const interval = new ReportingInterval(10, 1_700_000_003.5e6);
  const due: (number | undefined)[] = [];
  for (const second of [9.9, 10, 10.4, 19.999, 20.2, 30]) {
    due.push(interval.due((1_700_000_000 + second) * 1e6));
  }
  assert.deepEqual(due, [
    undefined,
    1_700_000_010,
    undefined,
    undefined,
    1_700_000_020,
    1_700_000_030,
  ]);
  assert.equal(interval.nextMicros, 1_700_000_040e6);
});

Deno.test("reporting interval: a clock that steps", () => {
  const interval = new ReportingInterval(10, 1000e6);
  // Forwards over several ends: the last of them.
  assert.equal(interval.due(1047e6), 1040);
  // Back by a little: the end at 1040 is not reported again.
  assert.equal(interval.due(1039e6), undefined);
  assert.equal(interval.due(1041e6), undefined);
  assert.equal(interval.due(1050e6), 1050);
  // Back by an hour: goes on by the new time.
  assert.equal(interval.due(500e6), undefined);
  assert.equal(interval.due(510e6), 510);
});

Deno.test("publisher statistics: intervals add up to the totals", () => {
  const s = new PublisherStatistics(0);
  s.connection(true);
  s.close("UP", 0, { bytesSent: 0, clients: 0 });
  for (let ms = 0; ms < 10_000; ms += 20) {
    s.measurements(4, ms);
    s.latency(ms === 0 ? 1000 : 3000);
  }
  s.latency(7200e6); // a clock that is off by hours is no latency
  const first = values(s.close("UP", 10_000, { bytesSent: 5000, clients: 2 }));
  assert.deepEqual(first, {
    "UP!PUB-ST1": 1,
    "UP!PUB-ST2": 2,
    "UP!PUB-ST3": 2000,
    "UP!PUB-ST4": 5000,
    "UP!PUB-ST5": 2000,
    "UP!PUB-ST6": 5000,
    "UP!PUB-ST7": 200,
    "UP!PUB-ST8": 200,
    "UP!PUB-ST9": 200,
    "UP!PUB-ST10": 1,
    "UP!PUB-ST11": 3,
    "UP!PUB-ST12": 2.996,
    "UP!PUB-ST13": 10,
  });
  s.connection(false);
  s.connection(true);
  s.measurements(7, 15_000);
  const second = values(s.close("UP", 20_000, { bytesSent: 5100, clients: 1 }));
  assert.deepEqual([1, 2, 3, 4, 5, 6, 7, 8].map((n) => second[`UP!PUB-ST${n}`]), [
    0, // not all the time
    1,
    7,
    100,
    2007,
    5100,
    0,
    7,
  ]);
});

Deno.test("subscriber statistics: without proof of who they are nobody is authenticated", () => {
  for (const authenticates of [true, false]) {
    const s = new SubscriberStatistics(1000);
    const facts = { bytesReceived: 900, authenticates, authorized: 12, unauthorized: 3 };
    s.connection(true);
    s.close("SUB1", 1000, facts);
    s.measurements(50, 2500);
    const rows = values(s.close("SUB1", 11_000, { ...facts, bytesReceived: 1900 }));
    assert.deepEqual([1, 2, 3, 4, 5, 6, 7, 8, 15].map((n) => rows[`SUB1!SUB-ST${n}`]), [
      1,
      authenticates ? 1 : 0,
      50,
      1000,
      12,
      3,
      50,
      1900,
      10,
    ]);
    assert.ok(Number.isNaN(rows["SUB1!SUB-ST12"]));
  }
});

Deno.test("system statistics: of the interval and on average", () => {
  const s = new SystemStatistics(0, { cpuMicros: 1e6, memoryBytes: 50e6, ioBytes: 1000 });
  s.close("EDGE1", 10_000, { cpuMicros: 2e6, memoryBytes: 60e6, ioBytes: 21_000 });
  const rows = s.close("EDGE1", 20_000, { cpuMicros: 6e6, memoryBytes: 80e6, ioBytes: 21_000 });
  assert.deepEqual(values(rows), {
    "EDGE1!SYSTEM-ST1": 40,
    "EDGE1!SYSTEM-ST2": 25,
    "EDGE1!SYSTEM-ST3": 80,
    "EDGE1!SYSTEM-ST4": 70,
    "EDGE1!SYSTEM-ST9": 0,
    "EDGE1!SYSTEM-ST10": 1,
    "EDGE1!SYSTEM-ST15": 20,
  });
});

Deno.test("input statistics: once close is called, only close ends intervals", () => {
  const s = new InputStatistics(0);
  s.bytes(5);
  assert.equal(s.advance(10_000), true);
  s.bytes(7);
  s.close(13_000);
  assert.equal(s.inputStream().bytesReceived, 7);
  s.bytes(9);
  assert.equal(s.advance(60_000), false);
  s.close(63_000);
  assert.equal(s.inputStream().bytesReceived, 9);
  assert.ok(Number.isNaN(values(s.rows("IN"))["IN!IS-ST2"]));
});

Deno.test("statistics: every number of every table is either real or not applicable, once", () => {
  const common = { PMU: 7, IS: 28, OS: 27, PUB: 13, SUB: 15, SYSTEM: 15 };
  const numbers: Record<string, number> = { ...common, CLOCK: 9 };
  const known = [...STATISTICS, ...NOT_APPLICABLE].map((s) => s.suffix).sort();
  const all = Object.entries(numbers).flatMap(([table, count]) =>
    Array.from({ length: count }, (_, i) => `!${table}-ST${i + 1}`)
  );
  assert.deepEqual(known, all.sort());
});

Deno.test("statistics: acronyms that a device must not have", () => {
  for (
    const acronym of [
      "SHELBY!PMU",
      "A!IS",
      "A!1!PMU",
      "E!SYSTEM",
      "X!PUB",
      "X!SUB",
      "X!OS",
      "E!CLOCK",
    ]
  ) {
    assert.ok(isStatisticsAcronym(acronym), acronym);
  }
  for (const acronym of ["SHELBY", "PMU", "A!PMU1", "A!PMU!B", "IS", "A!#1"]) {
    assert.ok(!isStatisticsAcronym(acronym), acronym);
  }
});
