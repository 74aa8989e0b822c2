import assert from "node:assert/strict";
import {
  type ClockReport,
  type Device,
  type Frame,
  type FrameSink,
  LeapFlags,
  SignalRegistry,
  StateFlags,
  type StatisticRow,
  UNWATCHED_CLOCK,
} from "../core/mod.ts";
import { MemoryLog } from "../core/testing.ts";
import { AccessControl } from "../access/mod.ts";
import { CLOCK_STATISTICS, NOT_APPLICABLE, statisticRows, STATISTICS } from "../stats/mod.ts";
import { StatisticsPart } from "./statistics_part.ts";

const GATEWAY = "0b3e2f5c-6a0d-4c1b-8f3e-5d2c1b0a9f8e";
/** A whole multiple of 10 s. */
const START = 1_700_000_000;

interface Report {
  readonly seconds: number;
  readonly nanos: number;
  readonly leap: number;
  readonly byReference: Readonly<Record<string, number>>;
  readonly flags: Readonly<Record<string, number>>;
}

/** A statistics part over one source of rows, on a virtual clock. */
class Bench {
  seconds = START + 3;
  rows: () => StatisticRow[] = () => [];
  readonly reports: Report[] = [];
  readonly log = new MemoryLog();
  readonly registry: SignalRegistry;
  readonly part: StatisticsPart;

  clockRows: () => StatisticRow[] = () => [];
  report: ClockReport | undefined;

  constructor(map: ReturnType<SignalRegistry["toMap"]> = []) {
    this.registry = new SignalRegistry(GATEWAY, "EDGE1", map);
    const sink: FrameSink = { accept: (frame) => this.#take(frame) };
    this.part = new StatisticsPart(10, {
      name: "EDGE1",
      company: "GPA",
      registry: this.registry,
      sinks: [sink],
      parts: [
        { name: "input.shelby", statistics: () => this.rows() },
        { name: "align.a" },
        { name: "clock", statistics: () => this.clockRows() },
      ],
      clockReport: () => this.report,
      clock: {
        nowMicros: () => this.seconds * 1e6,
        monotonicMs: () => this.seconds * 1000,
      },
      log: this.log,
    });
  }

  /** Moves the clock and lets the part see it. */
  at(seconds: number): void {
    this.seconds = seconds;
    this.part.tick();
  }

  #take({ layout, instant, leap, values, flags }: Frame): void {
    const names = [...layout.handles].map((h) => this.registry.get(h)!.reference);
    this.reports.push({
      seconds: instant.seconds,
      nanos: instant.nanos,
      leap,
      byReference: Object.fromEntries(names.map((name, i) => [name, values[i]!])),
      flags: Object.fromEntries(names.map((name, i) => [name, flags[i]!])),
    });
    // Lent: whoever keeps a frame has copied it.
    values.fill(-1);
  }
}

const row = (source: string, suffix: string, name: string, value: number): StatisticRow => ({
  source,
  suffix,
  name,
  value,
});

Deno.test("statistics part: one report at each whole multiple, with what was counted until then", async () => {
  const bench = new Bench();
  let counted = 0;
  bench.rows = () => {
    const value = counted;
    counted = 0; // the part ends the interval
    return [
      row("SHELBY", "!IS-ST1", "Total Frames", value),
      row("SHELBY", "!IS-ST6", "Minimum Latency", NaN),
      row("SHELBY", "!PMU-ST4", "Measurements Received", value * 2),
    ];
  };
  counted = 99; // before the start: belongs to no interval
  await bench.part.start();
  for (let ms = 3000; ms < 30_500; ms += 20) {
    bench.at(START + ms / 1000);
    counted++;
  }
  await bench.part.stop();
  assert.deepEqual(bench.reports.map((r) => [r.seconds - START, r.nanos]), [[10, 0], [20, 0], [
    30,
    0,
  ]]);
  assert.deepEqual(bench.reports.map((r) => r.byReference["SHELBY!IS-ST1"]), [350, 500, 500]);
  const last = bench.reports[2]!;
  assert.equal(last.byReference["SHELBY!PMU-ST4"], 1000);
  assert.equal(last.flags["SHELBY!IS-ST1"], StateFlags.CalculatedValue);
  assert.ok(Number.isNaN(last.byReference["SHELBY!IS-ST6"]));
  assert.equal(last.flags["SHELBY!IS-ST6"], StateFlags.CalculatedValue | StateFlags.BadData);
  assert.equal(last.byReference["EDGE1!SYSTEM-ST15"], 27);
});

Deno.test("statistics part: the clock's statistics go out at once when its state changes, and all carry its quality", async () => {
  const bench = new Bench();
  let state = 0;
  const leapSecond = { atSeconds: START + 20, isDeleted: false };
  bench.rows = () => [row("SHELBY", "!IS-ST1", "Total Frames", 7)];
  bench.clockRows = () =>
    statisticRows("EDGE1", CLOCK_STATISTICS, [state, 500, NaN, 3, 6, 1, 0, 0]);
  bench.report = { ...UNWATCHED_CLOCK, state: "locked", errorNs: 500 };
  bench.part.clockChanged(); // before the start: nobody is told
  await bench.part.start();
  bench.at(START + 10);
  bench.report = { ...UNWATCHED_CLOCK, state: "holdover", errorNs: 700, leapSecond };
  state = 2;
  bench.seconds = START + 13.25;
  bench.part.clockChanged();
  bench.at(START + 20);
  await bench.part.stop();
  bench.part.clockChanged();
  const [before, change, after, ...more] = bench.reports;
  assert.deepEqual(more, []);
  assert.equal(before!.flags["EDGE1!CLOCK-ST1"], StateFlags.CalculatedValue);
  assert.deepEqual([change!.seconds - START, change!.nanos], [13, 250_000_000]);
  assert.deepEqual(Object.keys(change!.byReference).length, CLOCK_STATISTICS.length);
  assert.equal(change!.byReference["EDGE1!CLOCK-ST1"], 2);
  const { None, Pending, Occurred } = LeapFlags;
  assert.deepEqual(bench.reports.map(({ leap }) => leap), [None, Pending, Occurred]);
  const suspect = StateFlags.CalculatedValue | StateFlags.SuspectTime;
  assert.equal(change!.flags["EDGE1!CLOCK-ST1"], suspect);
  assert.equal(change!.flags["EDGE1!CLOCK-ST3"], suspect | StateFlags.BadData);
  assert.equal(after!.flags["SHELBY!IS-ST1"], suspect);
});

Deno.test("statistics part: tags, keys and kinds by the conventions; nothing is granted without a rule", async () => {
  const bench = new Bench();
  bench.rows = () => [row("SHELBY", "!IS-ST1", "Total Frames", 1)];
  await bench.part.start();
  const signal = bench.registry.signals().find((s) => s.reference === "SHELBY!IS-ST1")!;
  assert.deepEqual(
    [signal.type, signal.device, signal.pointTag, signal.source, signal.index, signal.description],
    [
      "STAT",
      "SHELBY!IS",
      "GPA_SHELBY!IS:ST1",
      "EDGE1",
      1,
      "SHELBY: Total number of frames received from input stream during last reporting interval.",
    ],
  );
  const access = new AccessControl(bench.registry, { nodeId: GATEWAY });
  access.setSubscriber("station", { allow: ["Device = 'SHELBY'"], deny: [] });
  access.setSubscriber("statistics", { allow: ["SignalType = 'STAT'"], deny: [] });
  assert.ok(!access.permitted("station").includes(1));
  assert.equal(access.permitted("statistics")[signal.handle], 1);
  const detail = access.metadata("statistics").tables.find((t) => t.name === "MeasurementDetail")!;
  const column = (name: string) => detail.columns.findIndex((c) => c.name === name);
  const line = detail.rows.find((r) => r[column("SignalID")] === signal.id)!;
  assert.deepEqual([line[column("Internal")], line[column("SignalAcronym")]], [true, "STAT"]);
  access.close();
  await bench.part.stop();
  assert.deepEqual(bench.registry.signals(), []);
});

Deno.test("statistics part: sources come and go, GUIDs and keys stay, also over a restart", async () => {
  const bench = new Bench();
  const one = [row("A", "!IS-ST1", "Total Frames", 1)];
  const two = [...one, row("B", "!IS-ST1", "Total Frames", 2)];
  const identities = (b: Bench) =>
    Object.fromEntries(b.registry.signals().map((s) => [s.reference, `${s.id} ${s.number}`]));
  bench.rows = () => two;
  await bench.part.start();
  const before = identities(bench);
  bench.rows = () => one;
  bench.at(START + 10);
  assert.equal(bench.registry.device("B!IS"), undefined);
  assert.equal(bench.reports[0]!.byReference["B!IS-ST1"], undefined);
  bench.rows = () => [...two].reverse();
  bench.at(START + 20);
  assert.deepEqual(identities(bench), before);
  assert.deepEqual(
    ["A!IS-ST1", "B!IS-ST1"].map((r) => bench.reports[1]!.byReference[r]),
    [1, 2],
  );
  await bench.part.stop();

  const again = new Bench(bench.registry.toMap());
  again.rows = () => two;
  await again.part.start();
  assert.deepEqual(identities(again), before);
  await again.part.stop();
});

Deno.test("statistics part: a device with the acronym of statistics keeps its signals", async () => {
  const bench = new Bench();
  bench.rows = () => [row("A", "!IS-ST1", "Total Frames", 1)];
  await bench.part.start();
  const device: Device = { ...bench.registry.device("A!IS")!, name: "somebody else" };
  const draft = {
    type: "FREQ",
    label: "",
    phase: "",
    unit: "Hz",
    index: 0,
    description: "",
  } as const;
  bench.registry.register(device, [draft]);
  bench.at(START + 10);
  assert.equal(bench.registry.device("A!IS"), device);
  assert.deepEqual(
    bench.registry.signals().filter((s) => s.device === "A!IS").map((s) => s.type),
    ["FREQ"],
  );
  assert.equal(bench.reports[0]!.byReference["A!IS-ST1"], undefined);
  assert.ok(bench.log.lines.some((l) => l.includes("A!IS are not published")));
  await bench.part.stop();
  assert.equal(bench.registry.device("A!IS"), device);
});

Deno.test("statistics part: a part that fails costs its own statistics only", async () => {
  const bench = new Bench();
  bench.rows = () => {
    throw new Error("out of order");
  };
  await bench.part.start();
  bench.at(START + 10);
  assert.equal(bench.reports[0]!.byReference["EDGE1!SYSTEM-ST15"], 7);
  assert.ok(bench.log.lines.some((l) => l.includes("input.shelby failed")));
  await bench.part.stop();
});

Deno.test("statistics part: status and metrics show the last interval by name", async () => {
  const bench = new Bench();
  bench.rows = () => [
    row("A", "!IS-ST1", "Total Frames", 600),
    row("A", "!IS-ST6", "Minimum Latency", NaN),
  ];
  await bench.part.start();
  assert.equal(bench.part.status().detail?.["intervalEndMicros"], null);
  bench.at(START + 10);
  const { state, detail } = bench.part.status();
  assert.equal(state, "running");
  assert.equal(detail?.["intervalEndMicros"], (START + 10) * 1e6);
  const sources = JSON.parse(JSON.stringify(detail?.["sources"]));
  assert.deepEqual(sources["A!IS"], { "Total Frames": 600, "Minimum Latency": null });
  const metric = bench.part.metrics().find((m) => m.labels?.["suffix"] === "!IS-ST1")!;
  assert.deepEqual(
    [metric.name, metric.type, metric.value, metric.labels],
    ["statistic", "gauge", 600, { source: "A", suffix: "!IS-ST1", name: "Total Frames" }],
  );
  await bench.part.stop();
  await bench.part.stop();
  assert.equal(bench.part.status().state, "stopped");
});

Deno.test("statistics: docs/statistics.md has a line for each, as the program has them", async () => {
  const text = await Deno.readTextFile(new URL("../../docs/statistics.md", import.meta.url));
  const lines = new Set(
    text.split("\n").map((line) => line.split("|").map((cell) => cell.trim()).join("|")),
  );
  const starts = [...lines];
  for (const { suffix, name, unit, description } of STATISTICS) {
    const start = `|\`${suffix}\`|${name}|${unit}|${description}|`;
    assert.ok(starts.some((line) => line.startsWith(start)), start);
  }
  for (const { suffix, name, reason } of NOT_APPLICABLE) {
    assert.ok(lines.has(`|\`${suffix}\`|${name}|${reason}|`), suffix);
  }
});
