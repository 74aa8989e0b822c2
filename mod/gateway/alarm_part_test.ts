import assert from "node:assert/strict";
import * as v from "valibot";
import { type AlarmOptions, alarmSchema } from "../alarm/mod.ts";
import {
  type Device,
  type Frame,
  type FrameSink,
  type Log,
  makeFrame,
  makeLayout,
  SignalRegistry,
  StateFlags,
} from "../core/mod.ts";
import { AlarmPart } from "./alarm_part.ts";
import { until } from "../../tests/support/waiting.ts";

const GATEWAY = "0b3e2f5c-6a0d-4c1b-8f3e-5d2c1b0a9f8e";
const START = 1_700_000_000;
const { CalculatedValue, SuspectData, SuspectTime } = StateFlags;

function alarms(
  tables: Readonly<Record<string, Record<string, unknown>>>,
): Record<string, AlarmOptions> {
  return Object.fromEntries(
    Object.entries(tables).map(([name, table]) => [
      name,
      v.parse(alarmSchema, { signals: ["SignalType = 'FREQ'"], condition: "over", ...table }),
    ]),
  );
}

function device(acronym: string): Device {
  return {
    acronym,
    id: "5b1f7c3e-2d64-4f0a-9c55-7e8d1a2b3c4d",
    name: acronym,
    parentAcronym: "",
    protocol: "",
    accessId: 0,
    framesPerSecond: 50,
    company: "",
    vendor: "",
    longitude: NaN,
    latitude: NaN,
  };
}

/** The part `alarms` with devices of one frequency each. */
class Bench {
  readonly registry = new SignalRegistry(GATEWAY, "EDGE");
  /** What went out, as `name value second+nanos flags`. */
  readonly sent: string[] = [];
  readonly lines: string[] = [];
  readonly part: AlarmPart;
  monotonicMs = 0;
  readonly #frames = new Map<string, Frame>();

  constructor(of: Record<string, AlarmOptions>) {
    const note = (line: string) => void this.lines.push(line);
    const log: Log = { debug: note, info: note, warn: note, error: note };
    const sink: FrameSink = { accept: (frame) => this.#take(frame) };
    this.part = new AlarmPart(of, {
      name: "EDGE",
      company: "",
      registry: this.registry,
      sinks: [sink],
      clock: { nowMicros: () => (START + 1000) * 1e6, monotonicMs: () => this.monotonicMs },
      log,
    });
  }

  static async with(of: Record<string, AlarmOptions>, test: (bench: Bench) => Promise<void>) {
    const bench = new Bench(of);
    await bench.part.start();
    try {
      await test(bench);
    } finally {
      await bench.part.stop();
    }
  }

  /** A device comes. */
  add(acronym: string): void {
    const draft = { type: "FREQ", label: "", phase: "", unit: "Hz", index: 0, description: "" };
    const { signals } = this.registry.register(device(acronym), [{ ...draft, type: "FREQ" }]);
    const handles = signals.map(({ handle }) => handle);
    this.#frames.set(
      acronym,
      makeFrame(makeLayout(acronym, handles, [{ device: acronym, offset: 0, count: 1 }], 50)),
    );
  }

  /** A frame of a device, and then the lent buffer is overwritten. */
  send(
    acronym: string,
    second: number,
    nanos: number,
    hertz: number,
    flags = 0,
    stream = "received",
  ) {
    const frame = this.#frames.get(acronym)!;
    frame.instant.seconds = START + second;
    frame.instant.nanos = nanos;
    frame.values[0] = hertz;
    frame.flags[0] = flags;
    this.part.sinkFor(stream).accept(frame);
    frame.values[0] = NaN;
    frame.instant.seconds = 0;
  }

  /** Waits for rules to be matched: so many signals are watched by the alarm. */
  watch(name: string, count: number, send: () => void): Promise<void> {
    return until(() => {
      send();
      return this.part.stateOf(name)?.["watched"] === count;
    }, () => [name, "to watch", count, this.part.status()]);
  }

  #take({ layout, instant, values, flags }: Frame): void {
    assert.equal(layout.handles.length, 1);
    const { label } = this.registry.get(layout.handles[0]!)!;
    const quality = [
      flags[0]! & CalculatedValue ? "" : " measured",
      flags[0]! & SuspectData ? " stale" : "",
      flags[0]! & SuspectTime ? " time" : "",
    ].join("");
    this.sent.push(`${label} ${values[0]} ${instant.seconds - START}+${instant.nanos}${quality}`);
  }
}

Deno.test("alarm part: new signals join, states go out when they change and again later", async () => {
  await Bench.with(alarms({ high: { limit: 50.1, hysteresis: 0.05 } }), async (bench) => {
    const { part, sent, registry } = bench;
    assert.equal(registry.signals()[0]!.reference, "EDGE!ALARM-AL1");
    bench.add("A");
    let n = 0;
    await bench.watch("high", 1, () => bench.send("A", 0, ++n, 50));
    part.tick();
    assert.deepEqual(sent.splice(0).length, 1, "its first value makes it known");
    bench.send("A", 1, 20_000_123, 50.2, SuspectTime);
    assert.deepEqual(sent.splice(0), ["high 1 1+20000123 time"], "the stamp to the nanosecond");
    bench.add("B");
    await bench.watch("high", 2, () => bench.send("B", 1, ++n, 50.3));
    assert.deepEqual(sent.splice(0), [], "another signal beyond the limit is the same state");
    assert.deepEqual(
      part.raised().map(({ name, severity, signal, text, count }) => [
        name,
        severity,
        signal.reference,
        text,
        count,
      ]),
      [
        ["high", 500, "A-FQ", "A-FQ is 50.2 Hz: over 50.1 Hz", 1],
        ["high", 500, "B-FQ", "B-FQ is 50.3 Hz: over 50.1 Hz", 1],
      ],
    );
    bench.send("A", 2, 0, 50);
    assert.deepEqual(sent.splice(0), []);
    bench.send("B", 1, 500_000_000, 50);
    assert.deepEqual(sent.splice(0), ["high 0 1+500000000"]);
    assert.deepEqual(part.raised(), []);
    // A device that is earlier than another: states still follow each other.
    bench.send("A", 3, 0, 50.2);
    bench.send("A", 4, 0, 50);
    bench.send("B", 3, 0, 50.2);
    assert.deepEqual(sent.splice(0), ["high 1 3+0", "high 0 4+0", "high 1 4+1000"]);
    // Its own timer may have ticked while rules were matched; from here on it cannot.
    for (let i = 0; i < 10 && sent.length === 0; i++) part.tick();
    assert.deepEqual(sent.splice(0).map((s) => s.slice(0, 8)), ["high 1 4"]);
    for (let i = 0; i < 9; i++) part.tick();
    assert.deepEqual(sent.splice(0), []);
    part.tick();
    assert.match(sent.splice(0)[0]!, /^high 1 4\+\d+ stale$/, "nothing newer came");
    // A device that goes takes its state along.
    registry.unregister("B");
    await until(() => part.raised().length === 0, "the alarm to go");
    assert.match(sent.splice(0)[0]!, /^high 0 4\+\d+ stale$/);
    assert.equal(part.stateOf("high")!["watched"], 1);
    const metrics = Object.fromEntries(part.metrics().map((m) => [m.name, m.value]));
    assert.equal(metrics["alarm_raises_total"], 4);
    assert.equal(metrics["alarm_raised_signals"], 0);
    assert.ok(bench.lines.some((l) => l === "Alarm high: A-FQ is 50.2 Hz: over 50.1 Hz"));
  });
});

Deno.test("alarm part: each time that an alarm is raised or cleared is logged, often ones as a number", async () => {
  await Bench.with(alarms({ high: { limit: 50.1 } }), async (bench) => {
    const { part, lines } = bench;
    bench.add("A");
    let n = 0;
    await bench.watch("high", 1, () => bench.send("A", 0, ++n, 50));
    const swing = (second: number) => {
      bench.send("A", second, 0, 50.2);
      bench.send("A", second, 500_000_000, 50);
    };
    for (let second = 1; second <= 3; second++) swing(second);
    const raised = "Alarm high: A-FQ is 50.2 Hz: over 50.1 Hz", cleared = "Alarm high has cleared";
    assert.deepEqual(lines.splice(0), [raised, cleared]);
    bench.monotonicMs = 60_000;
    part.tick();
    assert.deepEqual(lines.splice(0), [
      `${raised} (again 2 times in 60 s)`,
      `${cleared} (again 2 times in 60 s)`,
    ]);
    bench.monotonicMs = 120_000;
    part.tick();
    swing(4);
    assert.deepEqual(lines.splice(0), [raised, cleared]);
  });
});

Deno.test("alarm part: limits, streams and alarms change in place; GUIDs stay", async () => {
  const before = alarms({ high: { limit: 50.1 }, wide: { limit: 50.1, stream: "wide" } });
  await Bench.with(before, async (bench) => {
    const { part, sent, registry } = bench;
    bench.add("A");
    let n = 0;
    await bench.watch("high", 1, () => bench.send("A", 0, ++n, 50.2));
    assert.equal(sent.length, 1);
    assert.equal(part.stateOf("wide")!["watched"], 0, "its stream has sent nothing");
    await bench.watch("wide", 1, () => bench.send("A", 0, ++n, 50, 0, "wide"));
    const ids = registry.signals().filter((s) => s.type === "ALRM").map((s) => [s.label, s.id]);
    part.update(alarms({ wide: { limit: 50.1, stream: "wide" }, high: { limit: 50.3 } }));
    assert.equal(part.raised().length, 1, "the next value decides");
    sent.length = 0;
    await bench.watch("high", 1, () => bench.send("A", 1, ++n, 50.2));
    const ofHigh = sent.filter((s) => s.startsWith("high")); // the other is told when the timer ticks
    assert.deepEqual(ofHigh, ["high 0 1+" + ofHigh[0]!.slice(9)]);
    const after = registry.signals().filter((s) => s.type === "ALRM").map((s) => [s.label, s.id]);
    assert.deepEqual(Object.fromEntries(after), Object.fromEntries(ids));
    part.update(alarms({ high: { limit: 50.1, enabled: false } }));
    assert.equal(part.stateOf("wide"), undefined);
    bench.send("A", 2, 0, 51);
    assert.deepEqual(part.raised(), []);
    part.update(alarms({ high: { limit: 50.1, stream: "wide" } }));
    await bench.watch("high", 1, () => bench.send("A", 3, ++n, 51, 0, "wide"));
    bench.send("A", 4, 0, 51, 0, "wide");
    assert.equal(part.raised().length, 1);
    bench.send("A", 5, 0, 50);
    assert.equal(part.raised().length, 1, "the other stream is not looked at any more");
  });
});

Deno.test("alarm part: the acronym of somebody else is left to him, and an alarm does not watch itself", async () => {
  const of = alarms({ any: { condition: "badQuality", signals: ["True"] } });
  const taken = new Bench(of);
  taken.add("EDGE!ALARM");
  await taken.part.start();
  assert.match(taken.lines[0]!, /^Alarms are not published: a device has the acronym EDGE!ALARM/);
  await taken.part.stop();
  assert.ok(taken.registry.device("EDGE!ALARM"));
  await Bench.with(of, async (bench) => {
    const own = bench.registry.signals()[0]!;
    const frame = makeFrame(
      makeLayout(`alarms!${own.handle}`, [own.handle], [{
        device: own.device,
        offset: 0,
        count: 1,
      }], 0),
    );
    bench.add("A");
    let n = 0;
    await bench.watch("any", 1, () => {
      bench.part.sinkFor("received").accept(frame);
      bench.send("A", 0, ++n, 50);
    });
    assert.deepEqual(bench.part.raised(), []);
  });
  assert.equal(taken.part.status().state, "stopped");
});
