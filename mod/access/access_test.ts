import assert from "node:assert/strict";
import fc from "fast-check";
import { threadMicros } from "../../bench/load/clock.ts";
import {
  ConfigError,
  type Device,
  type SignalDraft,
  SignalRegistry,
  type SignalType,
  type Steps,
} from "../core/mod.ts";
import { FilterError } from "../filter/mod.ts";
import {
  AccessControl,
  type AccessRules,
  activeMeasurements,
  checkRules,
  metadataSteps,
} from "./mod.ts";
import { longestStepMs } from "../../tests/support/figures.ts";

const NODE = "e7a5235d-cb6f-4864-a96e-a8686f36e599";

function device(acronym: string, more: Partial<Device> = {}): Device {
  return {
    acronym,
    id: `b9650400-d17c-41df-b974-${String(acronym.length).padStart(12, "0")}`,
    name: acronym,
    parentAcronym: "",
    protocol: "IEEE C37.118.2-2011",
    accessId: 2,
    framesPerSecond: 30,
    company: "GPA",
    vendor: "ABB",
    longitude: -89.8038,
    latitude: NaN,
    ...more,
  };
}

function draft(type: SignalType, index = 0, label = "", phase = ""): SignalDraft {
  return { type, label, phase, unit: "", index, description: `${label} ${type}` };
}

/** SHELBY with six signals (handles 0 to 5) and CORDOVA with two (6, 7). */
function makeRegistry(label = "Bus 1"): SignalRegistry {
  const registry = new SignalRegistry(NODE, "PPA");
  register(registry, label);
  return registry;
}

function register(registry: SignalRegistry, label: string): void {
  registry.register(device("SHELBY"), [
    draft("FREQ"),
    draft("DFDT"),
    draft("VPHM", 1, label, "A"),
    draft("VPHA", 1, label, "A"),
    draft("IPHM", 2, "Cordova"),
    draft("IPHA", 2, "Cordova"),
  ]);
  registry.register(device("CORDOVA", { company: "", parentAcronym: "PDC" }), [
    draft("FREQ"),
    draft("STAT", 1),
  ]);
}

function handles(access: AccessControl, name = "x"): number[] {
  return [...access.permitted(name)].flatMap((bit, handle) => bit === 1 ? handle : []);
}

function control(rules: AccessRules, registry = makeRegistry()): AccessControl {
  const access = new AccessControl(registry, { nodeId: NODE, updatedOnMicros: 1e15 });
  access.setSubscriber("x", rules);
  return access;
}

const SHELBY_FREQ = makeRegistry().get(0)!;

const RIGHTS: readonly (readonly [
  name: string,
  allow: readonly string[],
  deny: readonly string[],
  handles: readonly number[],
])[] = [
  ["nothing is allowed by default", [], [], []],
  ["deny alone allows nothing", [], ["FALSE"], []],
  ["an expression", ["SignalType = 'FREQ'"], [], [0, 6]],
  ["a FILTER statement", ["FILTER ActiveMeasurements WHERE Device = 'CORDOVA'"], [], [6, 7]],
  ["several rules add up", ["SignalType = 'FREQ'", "SignalType = 'STAT'"], [], [0, 6, 7]],
  ["several statements in a rule add up", ["SignalType = 'DFDT'; PPA:1"], [], [0, 1]],
  ["deny wins", ["TRUE"], ["Device = 'SHELBY'"], [6, 7]],
  ["deny wins over an explicit signal", ["PPA:1"], ["SignalType = 'FREQ'"], []],
  ["deny of everything", ["TRUE"], ["TRUE"], []],
  ["a GUID", [SHELBY_FREQ.id], [], [0]],
  ["a GUID in braces", [`{${SHELBY_FREQ.id.toUpperCase()}}`], [], [0]],
  ["a key", ["ppa:3"], [], [2]],
  ["a point tag", [`"${SHELBY_FREQ.pointTag}"`], [], [0]],
  ["a point tag without quotes", [SHELBY_FREQ.pointTag.toLowerCase()], [], [0]],
  ["an explicit signal denied", ["Device = 'SHELBY'"], ["PPA:1", "PPA:2"], [2, 3, 4, 5]],
  ["an unknown signal", ["PPA:99"], ["PPA:98"], []],
  // PhasorType is NULL for what is no phasor.
  ["an allow rule that is NULL grants nothing", ["PhasorType = 'V'"], [], [2, 3]],
  ["a deny rule that is NULL denies", ["TRUE"], ["PhasorType = 'V'"], [4, 5]],
  ["a deny rule without NULL", ["TRUE"], ["IsNull(PhasorType, '') = 'V'"], [0, 1, 4, 5, 6, 7]],
  ["an allow rule that fails grants nothing", ["1 / Len(Company) > 0 OR TRUE"], [], [
    0,
    1,
    2,
    3,
    4,
    5,
  ]],
  ["a deny rule that fails denies", ["TRUE"], ["1 / Len(Company) = 7"], [0, 1, 2, 3, 4, 5]],
  ["a conversion that fails denies", ["TRUE"], ["Convert(SignalType, 'Int32') = 1"], []],
];

Deno.test("rights follow the rules", () => {
  for (const [name, allow, deny, expected] of RIGHTS) {
    assert.deepEqual({ name, handles: handles(control({ allow, deny })) }, {
      name,
      handles: expected,
    });
  }
});

Deno.test("rules that fail are named for the operator", () => {
  const access = control({ allow: ["TRUE"], deny: ["FALSE", "1 / Len(Company) = 7"] });
  const [fault, ...rest] = access.faults("x");
  assert.deepEqual(rest, []);
  assert.equal(fault?.list, "deny");
  assert.equal(fault?.index, 1);
  assert.equal(fault?.signals, 2);
  assert.match(fault?.message ?? "", /zero/);
});

const BAD_RULES: readonly (readonly [text: string, column: number, message: RegExp])[] = [
  ["", 1, /statement/],
  ["SignalType = ", 14, /value/],
  ["Nothing = 1", 1, /expected a column of table ActiveMeasurements/],
  ["FILTER DeviceDetail WHERE TRUE", 8, /ActiveMeasurements/],
  ["SignalType", 1, /Boolean/],
  ["SignalType AND TRUE", 12, /Booleans/],
  ["SignalID = 5", 10, /fit/],
  ["SignalID = 'abc'", 12, /Guid/],
  ["FramesPerSecond IN (30, 'fast')", 25, /number/],
  ["IIF(TRUE, TRUE, Len(5) = 1)", 21, /LEN/],
  [
    "Device = 'X' OR Description LIKE '%bus%'",
    17,
    /Description: it carries text that a device sends/,
  ],
  ["Phase = 'A'", 1, /guessed/],
  ["AlternateTag IS NULL", 1, /device sends/],
  ["DeviceID = 0", 1, /row number/],
  ["PhasorID = 1", 1, /row number/],
  ["UpdatedOn > #2020-01-01#", 1, /time/],
  ["UtcNow() > #2020-01-01#", 1, /time/],
  ["FILTER TOP 5 ActiveMeasurements WHERE TRUE", 1, /TOP/],
  ["FILTER ActiveMeasurements WHERE TRUE ORDER BY ID", 1, /ORDER BY/],
  ["RegExMatch('(', Device)", 12, /regular expression/],
];

Deno.test("rules are checked when they are read", () => {
  for (const [text, column, message] of BAD_RULES) {
    const problems = checkRules({ allow: ["TRUE"], deny: ["FALSE", text] });
    assert.equal(problems.length, 1, text);
    assert.equal(problems[0]?.list, "deny");
    assert.equal(problems[0]?.index, 1);
    assert.equal(problems[0]?.column, column, `${text}: ${problems[0]?.message}`);
    assert.match(problems[0]?.message ?? "", message);
  }
  assert.equal(
    checkRules({ allow: ["1 +", "Phase = 'A' AND PhasorID = 1"], deny: ["2 +"] }).length,
    4,
  );
});

Deno.test("rules that cannot be used leave the rights as they were", () => {
  const access = control({ allow: ["PPA:1"], deny: [] });
  const { version } = access;
  assert.throws(
    () => access.setSubscriber("x", { allow: ["TRUE", "Phase = 'A'"], deny: ["1 +"] }),
    (error) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(error.problems.map((p) => p.key), ["allow[1]", "deny[0]"]);
      return true;
    },
  );
  assert.deepEqual(handles(access), [0]);
  assert.equal(access.version, version);
});

Deno.test("a label from the wire changes no rights", () => {
  const rules = { allow: ["Device = 'SHELBY' AND SignalType LIKE 'VPH%'"], deny: ["PPA:99"] };
  const ids = (label: string): string[] => {
    const registry = makeRegistry(label);
    const access = control(rules, registry);
    return handles(access).map((h) => registry.get(h)!.reference);
  };
  assert.deepEqual(ids("Bus 1"), ids("CORDOVA FREQ"));
  const registry = makeRegistry();
  const access = control(rules, registry);
  register(registry, "renamed");
  assert.deepEqual(
    handles(access).map((h) => registry.get(h)!.reference),
    ["SHELBY-PM1", "SHELBY-PA1"],
  );
});

Deno.test("version grows with rights and signals, and listeners hear of it", () => {
  const registry = makeRegistry();
  const access = control({ allow: ["TRUE"], deny: [] }, registry);
  let heard = 0;
  const stop = access.onChange(() => heard++);
  const before = access.permitted("x");
  const { version } = access;
  access.setSubscriber("x", { allow: ["TRUE"], deny: [] });
  assert.equal(access.version, version, "the same rules change nothing");
  assert.equal(access.permitted("x"), before, "rights are kept");
  access.setSubscriber("x", { allow: ["PPA:1"], deny: [] });
  assert.equal(access.version, version + 1);
  assert.deepEqual(handles(access), [0]);
  assert.equal(before[7], 1, "an array that was given out never changes");
  registry.unregister("SHELBY");
  assert.equal(access.version, version + 2);
  assert.deepEqual(handles(access), []);
  register(registry, "Bus 1"); // CORDOVA is as it was: one change
  assert.deepEqual(handles(access), [0]);
  access.removeSubscriber("x");
  assert.deepEqual(handles(access), []);
  assert.equal(heard, 4);
  stop();
  access.close();
  registry.unregister("SHELBY");
  assert.equal(heard, 4);
});

Deno.test("a selection runs on what is permitted only", () => {
  const registry = makeRegistry();
  const access = control({ allow: ["Device = 'CORDOVA'", "PPA:2"], deny: [] }, registry);
  const id = (handle: number): string => registry.get(handle)!.id;
  const select = (text: string) => {
    const { signals, unauthorized } = access.select("x", text);
    return { signals: signals.map((s) => s.handle), unauthorized };
  };
  const all = { signals: [1, 6, 7], unauthorized: [] };
  assert.deepEqual(select("FILTER ActiveMeasurements WHERE TRUE"), all);
  // What is withheld takes no place in TOP.
  assert.deepEqual(select("FILTER TOP 2 ActiveMeasurements WHERE TRUE ORDER BY ID"), {
    signals: [1, 6],
    unauthorized: [],
  });
  // Rows on which the expression would fail do not exist: SHELBY's frequency has key 1.
  assert.deepEqual(select("1 / (Convert(Split(ID, ':', 1), 'Int32') - 1) >= 0"), all);
  // Row numbers do not tell how many devices there are.
  assert.deepEqual(select("DeviceID = 1"), { signals: [6, 7], unauthorized: [] });
  // By name: what is withheld or unknown is listed, in the order of asking, once.
  assert.deepEqual(select(`${id(0)}; ${id(6)}; ${id(0)}; ${NODE}`), {
    signals: [6],
    unauthorized: [id(0), NODE],
  });
  assert.deepEqual(select(`PPA:3; PPA:2; "${registry.get(4)!.pointTag}"; PPA:99; nobody:x`), {
    signals: [1],
    unauthorized: [id(2), id(4)],
  });
  assert.deepEqual(select(`SignalID = {${id(0)}}`), { signals: [], unauthorized: [] });
  assert.throws(() => access.select("x", "Device = "), FilterError);
  assert.throws(() => access.select("x", "UtcNow() > #2020-01-01#"), { code: "clock" });
  assert.equal(access.select("x", "UtcNow() > #2020-01-01#", Date.now() * 1000).signals.length, 3);
  assert.deepEqual(access.select("nobody", `TRUE; ${id(1)}`), {
    signals: [],
    unauthorized: [id(1)],
  });
});

Deno.test("metadata is trimmed to the rights", () => {
  const registry = makeRegistry();
  const access = control(
    { allow: ["Device = 'SHELBY'"], deny: ["SignalType LIKE 'I%'"] },
    registry,
  );
  const counts = (name: string, filter?: string) =>
    access.metadata(name, filter).tables.map((t) => [t.name, t.rows.length]);
  assert.deepEqual(counts("x"), [
    ["DeviceDetail", 1],
    ["MeasurementDetail", 4],
    ["PhasorDetail", 1],
    ["SchemaVersion", 1],
  ]);
  assert.deepEqual(counts("nobody").map(([, n]) => n), [0, 0, 0, 1]);
  assert.deepEqual(
    counts(
      "x",
      "FILTER MeasurementDetail WHERE SignalAcronym = 'FREQ'; FILTER PhasorDetail WHERE FALSE;",
    )
      .map(([, n]) => n),
    [1, 1, 0, 1],
  );
  assert.deepEqual(counts("x", "FILTER SchemaVersion WHERE FALSE").map(([, n]) => n), [1, 4, 1, 1]);
  assert.deepEqual(
    counts("x", "FILTER TOP 1 MeasurementDetail WHERE TRUE ORDER BY ID DESC").map(([, n]) => n),
    [1, 1, 1, 1],
  );
  assert.throws(() => counts("x", "FILTER Nothing WHERE TRUE"), { code: "unknownTable" });
  const [devices, measurements, phasors] = access.metadata("x").tables;
  const cells = (table: typeof devices, row: number) =>
    Object.fromEntries(table!.columns.map((c, i) => [c.name, table!.rows[row]![i]]));
  const shelby = cells(devices, 0);
  assert.equal(shelby.Acronym, "SHELBY");
  assert.equal(shelby.Longitude, "-89.8038");
  assert.equal(shelby.Latitude, null);
  assert.equal(shelby.NodeID, NODE);
  assert.deepEqual(cells(measurements, 2), {
    DeviceAcronym: "SHELBY",
    ID: "PPA:3",
    SignalID: registry.get(2)!.id,
    PointTag: registry.get(2)!.pointTag,
    SignalReference: "SHELBY-PM1",
    SignalAcronym: "VPHM",
    PhasorSourceIndex: 1,
    Description: "Bus 1 VPHM",
    Internal: true,
    Enabled: true,
    UpdatedOn: 1e15,
  });
  assert.deepEqual(phasors!.rows, [[1, "SHELBY", "Bus 1", "V", "A", null, 1, 1e15]]);
});

Deno.test("the name of a concentrator that is withheld stays hidden", () => {
  const access = control({ allow: ["TRUE"], deny: [] });
  const devices = access.metadata("x").tables[0]!;
  const column = devices.columns.findIndex((c) => c.name === "ParentAcronym");
  assert.deepEqual(devices.rows.map((row) => row[column]), ["", ""]);
});

Deno.test("ActiveMeasurements has the columns and values of the specification", () => {
  const registry = makeRegistry();
  const table = activeMeasurements(registry, NODE);
  assert.equal(table.columns.length, 25);
  assert.equal(table.rows.length, 8);
  const row = Object.fromEntries(table.columns.map((c, i) => [c.name, table.rows[4]![i]]));
  assert.deepEqual(row, {
    SourceNodeID: NODE,
    ID: "PPA:5",
    SignalID: registry.get(4)!.id,
    PointTag: registry.get(4)!.pointTag,
    AlternateTag: null,
    SignalReference: "SHELBY-PM2",
    Internal: 1,
    Subscribed: 0,
    Device: "SHELBY",
    DeviceID: 0,
    FramesPerSecond: 30,
    Protocol: "IEEE C37.118.2-2011",
    ProtocolType: "Frame",
    SignalType: "IPHM",
    EngineeringUnits: "Amps",
    PhasorID: 2,
    PhasorType: "I",
    Phase: "+",
    Adder: 0,
    Multiplier: 1,
    Company: "GPA",
    Longitude: "-89.8038",
    Latitude: null,
    Description: "Cordova IPHM",
    UpdatedOn: null,
  });
  const some = activeMeasurements(registry, NODE, Uint8Array.of(0, 0, 0, 0, 0, 0, 1));
  assert.deepEqual(some.rows.map((r) => r[8]), ["CORDOVA"]);
});

Deno.test("what is permitted is matched by an allow rule and by no deny rule", () => {
  // Each rule with its meaning, worked out without the filter language: undefined is NULL or a fault.
  const registry = makeRegistry();
  const signals = registry.signals();
  type Meaning = (s: typeof signals[number]) => boolean | undefined;
  const isPhasor: Meaning = (s) => /PH[AM]$/.test(s.type);
  const rules: readonly (readonly [string, Meaning])[] = [
    ["TRUE", () => true],
    ["FALSE", () => false],
    ["NULL", () => undefined],
    ["Device = 'shelby'", (s) => s.device === "SHELBY"],
    ["SignalType IN ('FREQ', 'VPHM')", (s) => s.type === "FREQ" || s.type === "VPHM"],
    ["SignalType LIKE '%A'", (s) => s.type.endsWith("A")],
    ["PhasorType = 'I'", (s) => isPhasor(s) ? s.type.startsWith("I") : undefined],
    ["PhasorType = 'I' OR TRUE", (s) => isPhasor(s) ? true : undefined],
    ["1 / Len(Company) = 1", (s) => s.device === "SHELBY" ? false : undefined],
    ["PPA:4", (s) => s.number === 4],
    [signals[6]!.id, (s) => s === signals[6]],
    [`"${signals[1]!.pointTag}"`, (s) => s === signals[1]],
  ];
  const some = fc.subarray([...rules.keys()], { maxLength: 4 });
  fc.assert(
    fc.property(some, some, (allow, deny) => {
      const text = (list: number[]) => list.map((i) => rules[i]![0]);
      const access = control({ allow: text(allow), deny: text(deny) }, registry);
      const expected = signals.filter((s) =>
        allow.some((i) => rules[i]![1](s) === true) &&
        deny.every((i) => rules[i]![1](s) === false)
      );
      assert.deepEqual(handles(access), expected.map((s) => s.handle));
      assert.deepEqual(access.select("x", "TRUE").signals, expected);
      assert.deepEqual(
        access.metadata("x").tables[1]!.rows.map((row) => row[2]),
        expected.map((s) => s.id),
      );
      access.close();
    }),
    { numRuns: 300 },
  );
});

/** A registry with `count` analogs of one device, and one subscriber with `rules`. */
function manySignals(count: number, rules: AccessRules) {
  const registry = new SignalRegistry(NODE, "PPA");
  const fill = (company = "GPA") =>
    registry.register(
      device("WIDE", { company }),
      Array.from({ length: count }, (_, i) => draft("ALOG", i + 1, `A${i}`)),
    );
  fill();
  const access = new AccessControl(registry, { nodeId: NODE });
  access.setSubscriber("x", rules);
  return { registry, access, fill };
}

const sum = (permitted: Uint8Array) => permitted.reduce((all, bit) => all + bit, 0);

Deno.test("rights on many signals are worked out in steps, and count when they are", () => {
  const { access } = manySignals(3000, { allow: ["SignalReference LIKE '%1'"], deny: [] });
  const before = access.version;
  assert.equal(sum(access.permittedNow("x")), 0);
  let steps = 0;
  while (access.work()) steps++;
  assert.ok(steps >= 5, `${steps} steps`);
  assert.ok(access.version > before);
  assert.equal(sum(access.permittedNow("x")), 300);
  assert.deepEqual(access.permittedNow("x"), access.permitted("x"));
});

Deno.test("while other rules are worked out those before hold, and what stops stops first", () => {
  const { access, registry } = manySignals(3000, {
    allow: ["SignalReference LIKE '%1'"],
    deny: [],
  });
  access.permitted("x");
  access.setSubscriber("x", { allow: ["SignalReference LIKE '%7'"], deny: [] });
  assert.equal(sum(access.permittedNow("x")), 300);
  registry.register(device("OTHER"), [draft("FREQ")]);
  assert.equal(sum(access.permittedNow("x")), 300, "another device changes nothing");
  access.work();
  assert.equal(sum(access.permittedNow("x")), 0, "one step is enough for 300 signals");
  while (access.work());
  assert.equal(sum(access.permittedNow("x")), 300);
});

Deno.test("a signal whose device has changed is not permitted until it is judged", () => {
  const { access, fill } = manySignals(3000, { allow: ["Company = 'GPA'"], deny: [] });
  assert.equal(sum(access.permitted("x")), 3000);
  fill("GPA");
  assert.equal(sum(access.permittedNow("x")), 3000, "nothing has changed");
  fill("TVA");
  assert.equal(sum(access.permittedNow("x")), 0);
  fill("GPA");
  assert.equal(sum(access.permitted("x")), 3000);
});

Deno.test("a selection in steps is the one at once", () => {
  const rules = { allow: ["TRUE"], deny: ["SignalReference LIKE '%9'"] };
  const { access } = manySignals(3000, rules);
  const filter = "FILTER ActiveMeasurements WHERE SignalType = 'ALOG' ORDER BY PointTag DESC";
  const steps = access.selectSteps(access.permitted("x"), filter);
  let count = 1;
  let last = steps.next();
  for (; !last.done; last = steps.next()) count++;
  assert.ok(count > 10, `${count} steps`);
  assert.equal(last.value.signals.length, 2700);
  assert.deepEqual(last.value, access.select("x", filter));
});

Deno.test("no step on 20,000 signals takes as long as data may wait", () => {
  const { access, registry } = manySignals(20_000, {
    allow: ["SignalType = 'ALOG'"],
    deny: ["FALSE"],
  });
  const filter = "FILTER ActiveMeasurements WHERE SignalReference LIKE '%7%' ORDER BY PointTag";
  const tags = Array.from({ length: 5000 }, (_, i) => `"GPA_WIDE:ABBAV${i + 1}"`);
  for (
    const [what, steps] of [
      ["rights", () => {
        access.setSubscriber("x", { allow: ["TRUE"], deny: [] });
        access.setSubscriber("x", { allow: ["SignalType = 'ALOG'"], deny: ["FALSE"] });
        return access.permittedSteps("x");
      }],
      ["filter", () => access.selectSteps(access.permitted("x"), filter)],
      ["tags", () => access.selectSteps(access.permitted("x"), tags.join(";"))],
      [
        "metadata",
        () =>
          metadataSteps(registry, access.options, {
            permitted: access.permitted("x"),
            filter: "FILTER MeasurementDetail WHERE TRUE",
          }),
      ],
    ] as const
  ) {
    // Collections of garbage fall upon any step too.
    const longest = longestStepMs(20, () => {
      const all = times(steps());
      assert.ok(all.length > 10, `${what}: ${all.length} steps`);
      return all;
    });
    assert.ok(longest < 20, `${what}: ${longest} ms in one step`);
  }
});

/** Milliseconds of this thread's processor time that each step takes. */
function times(steps: Steps<unknown>): number[] {
  const all: number[] = [];
  for (let done: boolean | undefined = false; !done;) {
    const before = threadMicros();
    done = steps.next().done;
    all.push((threadMicros() - before) / 1000);
  }
  return all;
}
