import assert from "node:assert/strict";
import fc from "fast-check";
import * as v from "valibot";
import { makeFrame, makeLayout, setFromMicros, StateFlags, toMicros } from "../core/mod.ts";
import { AlarmLayout, type AlarmOptions, alarmSchema, AlarmWatch } from "./mod.ts";

const { BadData, BadTime, SuspectTime, SuspectData } = StateFlags;
const T0 = 1_700_000_000e6;

function options(table: Record<string, unknown>): AlarmOptions {
  return v.parse(alarmSchema, { signals: ["True"], ...table });
}

/** One value: milliseconds after the beginning, value, flags. */
type Step = readonly [ms: number, value: number, flags?: number];

/** What an alarm tells of values, as `+500` where it is raised and `-700` where it clears. */
function run(
  table: Record<string, unknown>,
  steps: readonly Step[],
  { isAngle = false, gapMs = Infinity } = {},
): string {
  const watch = new AlarmWatch("x", options(table));
  const slot = watch.join(7, { isAngle, gapMicros: gapMs * 1000 });
  const told: string[] = [];
  for (const [ms, value, flags = 0] of steps) {
    if (watch.take(slot, Math.fround(value), flags, T0 + ms * 1000)) {
      told.push(`${watch.raised > 0 ? "+" : "-"}${ms}`);
    }
  }
  return told.join(" ");
}

const LOW = { condition: "under", limit: 59.95, hysteresis: 0.03, delayMs: 500 };

Deno.test("alarm: conditions, delays, hysteresis and quality", () => {
  const cases: [string, string, string][] = [
    [
      "under, as the concentrators' guide has it: delay 0.5 s, clears at 59.98",
      run(LOW, [[0, 60], [100, 59.9], [500, 59.9], [600, 59.9], [700, 59.96], [800, 59.98], [
        900,
        59.9,
      ]]),
      "+600 -800",
    ],
    ["under: on the limit is not below it", run({ ...LOW, delayMs: 0 }, [[0, 59.95]]), ""],
    ["atMost: on the limit", run({ condition: "atMost", limit: 59.95 }, [[0, 59.95]]), "+0"],
    [
      "over: on the limit is not beyond it, the limit being a 32-bit float",
      run({ condition: "over", limit: 60.05 }, [[0, 60.05], [1, 60.06], [2, 60.05]]),
      "+1 -2",
    ],
    ["atLeast", run({ condition: "atLeast", limit: 60.05 }, [[0, 60.05], [1, 60.04]]), "+0 -1"],
    [
      "a delay that is broken begins anew",
      run(LOW, [[0, 59.9], [400, 59.96], [450, 59.9], [940, 59.9], [950, 59.9]]),
      "+950",
    ],
    [
      "clear delay, broken once",
      run({ condition: "over", limit: 1, clearDelayMs: 100 }, [
        [0, 2],
        [10, 0],
        [60, 2],
        [70, 0],
        [169, 0],
        [170, 0],
      ]),
      "+0 -170",
    ],
    [
      "equal without tolerance is equal to what was sent",
      run({ condition: "equal", limit: 60.1 }, [[0, 60], [1, 60.1], [2, 60]]),
      "+1 -2",
    ],
    [
      "equal with tolerance and hysteresis",
      run({ condition: "equal", limit: 10, tolerance: 1, hysteresis: 1 }, [
        [0, 12],
        [1, 11],
        [2, 12],
        [3, 12.1],
      ]),
      "+1 -3",
    ],
    [
      "notEqual with tolerance and hysteresis",
      run({ condition: "notEqual", limit: 10, tolerance: 1, hysteresis: 0.5 }, [
        [0, 11],
        [1, 11.1],
        [2, 10.6],
        [3, 10.5],
      ]),
      "+1 -3",
    ],
    [
      "outside, both edges",
      run({ condition: "outside", low: -1, high: 1, hysteresis: 0.5 }, [
        [0, 1],
        [1, 1.1],
        [2, 0.6],
        [3, 0.5],
        [4, -1.5],
        [5, -0.6],
        [6, -0.5],
      ]),
      "+1 -3 +4 -6",
    ],
    [
      "rate of change from value to value, up and down",
      run({ condition: "rateOfChange", limit: 10 }, [
        [0, 0],
        [100, 0.9],
        [200, 2],
        [300, 2.5],
        [400, 1],
      ]),
      "+200 -300 +400",
    ],
    [
      "rate of change over a window: a single spike is none",
      run({ condition: "rateOfChange", limit: 10, windowMs: 200 }, [
        [0, 0],
        [100, 1.8],
        [200, 0.5],
        [300, 2],
        [400, 2.6],
      ]),
      "+400",
    ],
    [
      "flatline, from the last change; a bad value between is no change",
      run({ condition: "flatline", delayMs: 1000 }, [
        [0, 1],
        [500, 2],
        [1000, 2],
        [1200, 9, BadData],
        [1499, 2],
        [1500, 2],
        [1600, 3],
      ]),
      "+1500 -1600",
    ],
    [
      "flatline with tolerance: a slow drift is a change",
      run({ condition: "flatline", delayMs: 1000, tolerance: 0.1 }, [
        [0, 1],
        [500, 1.08],
        [900, 1.16],
        [1900, 1.2],
      ]),
      "+1900",
    ],
    [
      "flatline over a gap: begins anew unless raised",
      run({ condition: "flatline", delayMs: 1000 }, [
        [0, 1],
        [600, 1],
        [1200, 1],
        [1700, 1],
        [2200, 1],
        [9000, 1],
        [9100, 2],
      ], { gapMs: 550 }),
      "+2200 -9100",
    ],
    [
      "bad quality: bad, missing, bad time; doubtful is not bad",
      run({ condition: "badQuality" }, [
        [0, 1, SuspectData | SuspectTime],
        [1, 1, BadData],
        [2, 1],
        [3, NaN],
        [4, 1],
        [5, 1, BadTime],
        [6, 1],
      ]),
      "+1 -2 +3 -4 +5 -6",
    ],
    [
      "a bad value says nothing: the delay begins anew, what is raised stays",
      run(LOW, [
        [0, 59.9],
        [400, 59.9, BadData],
        [500, 59.9],
        [1000, 59.9],
        [1100, 60, BadData],
        [1200, NaN],
        [1300, 60],
      ]),
      "+1000 -1300",
    ],
    [
      "useBad looks at bad values, never at missing ones",
      run({ condition: "over", limit: 1, useBad: true }, [[0, NaN, BadData], [1, 2, BadData]]),
      "+1",
    ],
    [
      "a gap makes the delay begin anew",
      run(LOW, [[0, 59.9], [600, 59.9], [1000, 59.9], [1100, 59.9]], { gapMs: 500 }),
      "+1100",
    ],
    [
      "late and repeated values are passed over",
      run({ condition: "over", limit: 1 }, [[10, 2], [10, 0], [5, 0], [11, 2]]),
      "+10",
    ],
    [
      "a clock that was set back by more than a minute",
      run({ condition: "over", limit: 1 }, [[100_000, 2], [0, 0]]),
      "+100000 -0",
    ],
    [
      "angles: the short way round",
      run({ condition: "equal", limit: 180, tolerance: 2 }, [[0, -179], [1, 179], [2, -177]], {
        isAngle: true,
      }),
      "+0 -2",
    ],
    [
      "angles: through 180 degrees is no jump",
      run({ condition: "rateOfChange", limit: 100 }, [[0, 179], [100, -179], [200, -150]], {
        isAngle: true,
      }),
      "+200",
    ],
    ["switched off", run({ condition: "over", limit: 1, enabled: false }, [[0, 2]]), ""],
  ];
  for (const [name, told, expected] of cases) assert.equal(told, expected, name);
});

Deno.test("alarm: other limits in place, another condition, switched off, signals that go", () => {
  const over = (more = {}) => options({ condition: "over", limit: 10, hysteresis: 1, ...more });
  const watch = new AlarmWatch("x", over());
  const [a, b] = [1, 2].map((handle) => watch.join(handle, { isAngle: false, gapMicros: 1e9 }));
  assert.equal(watch.join(1, { isAngle: false, gapMicros: 1e9 }), a);
  assert.ok(watch.take(a!, 11, SuspectTime, T0));
  assert.ok(watch.take(b!, 12, 0, T0));
  assert.deepEqual([watch.raised, watch.raises, watch.size], [2, 2, 2]);
  assert.deepEqual(watch.states(), [
    { handle: 1, isRaised: true, sinceMicros: T0, value: 11, count: 1 },
    { handle: 2, isRaised: true, sinceMicros: T0, value: 12, count: 1 },
  ]);
  watch.adjust(over({ limit: 12.5 }));
  assert.equal(watch.raised, 2, "the next value decides");
  assert.ok(watch.take(a!, 11, 0, T0 + 1));
  assert.ok(!watch.take(b!, 12, 0, T0 + 1), "within the hysteresis");
  assert.deepEqual(watch.states().map((s) => s.handle), [2]);
  watch.leave(2);
  assert.deepEqual([watch.raised, watch.size], [0, 1]);
  assert.equal(watch.join(3, { isAngle: false, gapMicros: 1e9 }), b, "its place is used again");
  assert.deepEqual(watch.states(true).at(-1), {
    handle: 3,
    isRaised: false,
    sinceMicros: NaN,
    value: NaN,
    count: 0,
  });
  assert.ok(watch.take(b!, 20, 0, T0 + 2));
  watch.adjust(options({ condition: "under", limit: 5 }));
  assert.equal(watch.raised, 0, "another condition begins anew");
  assert.ok(watch.take(b!, 4, 0, T0 + 3));
  watch.adjust(options({ condition: "under", limit: 5, enabled: false }));
  assert.equal(watch.raised, 0);
  assert.ok(!watch.take(b!, 4, 0, T0 + 4));
  assert.equal(watch.raises, 4);
  for (let handle = 100; handle < 200; handle++) {
    watch.join(handle, { isAngle: false, gapMicros: 1e9 });
  }
  assert.equal(watch.size, 102);
});

Deno.test("alarm: the frames of a layout, told once for each frame and alarm; lent buffers are not kept", () => {
  const layout = makeLayout("pmu", [10, 11, 12], [{ device: "A", offset: 0, count: 3 }], 50);
  const frame = makeFrame(layout);
  const high = new AlarmWatch("high", options({ condition: "over", limit: 1 }));
  const low = new AlarmWatch("low", options({ condition: "under", limit: -1 }));
  const none = new AlarmWatch("none", options({ condition: "over", limit: 0 }));
  const how = { isAngle: false, gapMicros: 500_000 };
  const told: string[] = [];
  const alarms = new AlarmLayout([
    [high, [{ place: 0, slot: high.join(10, how) }, { place: 1, slot: high.join(11, how) }]],
    [low, [{ place: 2, slot: low.join(12, how) }]],
    [none, []],
  ], {
    changed: (watch, at) => void told.push(`${watch.name} ${watch.raised} ${toMicros(at) - T0}`),
  });
  const send = (ms: number, ...values: number[]) => {
    setFromMicros(frame.instant, T0 + ms * 1000);
    frame.values.set(values);
    alarms.accept(frame);
    frame.values.fill(1e9);
  };
  send(0, 0, 0, 0);
  send(20, 2, 2, -2);
  send(40, 0, 2, 0);
  send(60, 0, 0, 0);
  assert.deepEqual(told, [
    "high 2 20000",
    "low 1 20000",
    "high 1 40000",
    "low 0 40000",
    "high 0 60000",
  ]);
  assert.deepEqual([none.looked, high.looked], [0, 8]);
});

/** The states by the rules, worked out from the whole history at each value. */
function model(o: AlarmOptions, gapMs: number, steps: readonly Step[]): boolean[] {
  const f = Math.fround;
  const beyond = (x: number, isRaised: boolean): boolean => {
    const h = isRaised && "hysteresis" in o ? o.hysteresis : 0;
    switch (o.condition) {
      case "over":
        return x > f(o.limit - h);
      case "under":
        return x < f(o.limit + h);
      case "outside":
        return x < f(o.low + h) || x > f(o.high - h);
      case "equal":
        return x >= f(o.limit - (o.tolerance + h)) && x <= f(o.limit + (o.tolerance + h));
      default:
        throw new Error("not in the model");
    }
  };
  /** Values that were looked at, in an unbroken row. */
  let row: { ms: number; x: number }[] = [];
  const states: boolean[] = [];
  let isRaised = false, newest = -Infinity;
  for (const [ms, x, flags = 0] of steps) {
    if (ms > newest) {
      if (ms - newest > gapMs) row = [];
      newest = ms;
      if (Number.isNaN(x) || flags & BadData) row = [];
      else {
        row.push({ ms, x });
        // The longest run up to here that argues for a change of state.
        let from = row.length;
        while (from > 0 && beyond(row[from - 1]!.x, isRaised) !== isRaised) from--;
        const first = row[from];
        if (first && ms - first.ms >= (isRaised ? o.clearDelayMs : o.delayMs)) {
          isRaised = !isRaised;
          row = [];
        }
      }
    }
    states.push(isRaised);
  }
  return states;
}

Deno.test("alarm: any course of values gives the states that the rules give (property)", () => {
  const value = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: -6, max: 6 }).map((n) => n / 2) },
    { weight: 1, arbitrary: fc.constant(NaN) },
  );
  const step = fc.record({
    ms: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 1, max: 60 }) },
      { weight: 1, arbitrary: fc.integer({ min: -50, max: 400 }) },
    ),
    value,
    flags: fc.constantFrom(0, 0, 0, 0, 0, BadData, SuspectTime),
  });
  const table = fc.record({
    condition: fc.constantFrom("over", "under", "outside", "equal"),
    limit: fc.constantFrom(-1, 0, 0.5, 2),
    hysteresis: fc.constantFrom(0, 0.5, 1.5),
    delayMs: fc.constantFrom(0, 30, 100),
    clearDelayMs: fc.constantFrom(0, 50),
    tolerance: fc.constantFrom(0, 0.5),
  });
  fc.assert(
    fc.property(table, fc.array(step, { maxLength: 60 }), (t, list) => {
      const { condition, limit, tolerance, ...times } = t;
      const o = options({
        condition,
        ...times,
        ...(condition === "outside"
          ? { low: limit - 2, high: limit + 2 }
          : { limit, ...(condition === "equal" && { tolerance }) }),
      });
      let now = 0;
      const steps = list.map(({ ms, value, flags }): Step => [now += ms, value, flags]);
      const watch = new AlarmWatch("x", o);
      const slot = watch.join(1, { isAngle: false, gapMicros: 300_000 });
      let was = false, raises = 0;
      const states = steps.map(([ms, value, flags = 0]) => {
        const hasChanged = watch.take(slot, value, flags, T0 + ms * 1000);
        const is = watch.raised === 1;
        assert.equal(hasChanged, is !== was);
        if (is && !was) raises++;
        was = is;
        return is;
      });
      assert.deepEqual(states, model(o, 300, steps));
      assert.equal(watch.raises, raises);
      assert.equal(watch.looked + watch.skipped + watch.outOfOrder, steps.length);
    }),
    { numRuns: 500 },
  );
});

Deno.test("alarm: any 32-bit values, flags and times are taken, whatever the condition (property)", () => {
  const tables = [
    { condition: "over", limit: 0 },
    { condition: "notEqual", limit: 1, tolerance: 2 },
    { condition: "rateOfChange", limit: 3, windowMs: 5 },
    { condition: "flatline", delayMs: 100 },
    { condition: "badQuality", delayMs: 10 },
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...tables),
      fc.boolean(),
      fc.array(
        fc.tuple(fc.float(), fc.integer(), fc.double({ min: -1e15, max: 4e15, noNaN: true })),
      ),
      (table, isAngle, list) => {
        const watch = new AlarmWatch("x", options(table));
        const slot = watch.join(1, { isAngle, gapMicros: 1e6 });
        for (const [value, flags, at] of list) {
          watch.take(slot, value, flags >>> 0, at);
          assert.ok(watch.raised === 0 || watch.raised === 1);
        }
      },
    ),
  );
});
