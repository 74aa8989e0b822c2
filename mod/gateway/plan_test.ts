import assert from "node:assert/strict";
import { readConfig } from "./config.ts";
import { planChanges } from "./plan.ts";

const BASE = `
[gateway]
id = "5b1f7c3e-2d64-4f0a-9c55-7e8d1a2b3c4d"
name = "EDGE"
company = "PPA"
[input.shelby]
type = "c37118"
host = "10.0.0.1"
idCode = 1
[input.lowell]
type = "c37118"
host = "10.0.0.2"
idCode = 2
company = "OWN"
[align.wide]
framesPerSecond = 30
waitMs = 100
[output.up]
type = "sttp"
insecure = true
[subscriber.center]
plainAddress = ["127.0.0.1"]
allow = ["Device = 'SHELBY'"]
[revoked]
fingerprints = []
`;

const cases: {
  readonly name: string;
  /** What is put in place of what. */
  readonly edits: readonly (readonly [string, string])[];
  readonly changes: readonly string[];
  readonly everything?: boolean;
  readonly program?: readonly string[];
}[] = [
  { name: "nothing", edits: [], changes: [] },
  {
    name: "comments, blanks and defaults that are written out",
    edits: [["idCode = 1", "# the PMU\n\nidCode   =   1\nport = 4712"]],
    changes: [],
  },
  {
    name: "a key of an input restarts it",
    edits: [['"10.0.0.1"', '"10.0.0.9"']],
    changes: ["input.shelby restarted host"],
  },
  {
    name: "several keys of one part are one change",
    edits: [['"10.0.0.1"', '"10.0.0.9"\nport = 5000']],
    changes: ["input.shelby restarted host,port"],
  },
  {
    name: "a part comes, another goes",
    edits: [["[input.shelby]", "[input.madison]"], ["SHELBY", "MADISON"]],
    changes: ["input.lowell", "input.shelby removed", "input.madison added"].slice(1).concat(
      "subscriber.center changed allow",
    ),
  },
  {
    name: "rights, pins and the like of a subscriber change in place",
    edits: [["plainAddress = [", 'deny = ["True"]\nplainAddress = ["127.0.0.2", ']],
    changes: ["subscriber.center changed plainAddress,deny"],
  },
  {
    name: "another type of input",
    edits: [[
      'type = "c37118"\nhost = "10.0.0.1"\nidCode = 1',
      'type = "sttp"\nhost = "h"\ninsecure = true',
    ]],
    changes: ["input.shelby restarted *"],
  },
  {
    name: "the company reaches the inputs that name none",
    edits: [['"PPA"', '"TVA"']],
    changes: ["gateway changed company", "input.shelby restarted company"],
  },
  {
    name: "alarms come with the part that looks after them",
    edits: [[
      "[revoked]",
      `[alarm.low]\ncondition = "under"\nsignals = ["True"]\nlimit = 1\n[revoked]`,
    ]],
    changes: ["alarm.low added", "alarms added"],
  },
  {
    name: "log and deny-list change in place, statistics start anew",
    edits: [[
      "[revoked]\nfingerprints = []",
      `[log]\nlevel = "debug"\n[statistics]\nenabled = false\n[revoked]\nfingerprints = ["${
        "ab".repeat(32)
      }"]`,
    ]],
    changes: [
      "log changed level",
      "statistics restarted enabled",
      "revoked changed fingerprints",
    ],
  },
  {
    name: "the budget is only looked at when a configuration is checked",
    edits: [['name = "EDGE"', 'name = "EDGE"\nmemoryMB = 400']],
    changes: ["gateway changed memoryMB"],
  },
  {
    name: "another name of the gateway restarts everything",
    edits: [['"EDGE"', '"OTHER"']],
    changes: ["gateway restarted name"],
    everything: true,
  },
  {
    name: "another state folder cannot be applied",
    edits: [['name = "EDGE"', 'name = "EDGE"\nstateDir = "/elsewhere"']],
    changes: ["gateway restarted stateDir"],
    everything: true,
    program: ["gateway.stateDir"],
  },
];

Deno.test("plan: limits and conditions of alarms change in place, and the last takes the part along", () => {
  const alarm = (text: string) => readConfig(`${BASE}${text}`, "test");
  const low = '[alarm.low]\nsignals = ["True"]\ncondition = "under"\nlimit = 59.9\n';
  const shown = (from: string, to: string) =>
    planChanges(alarm(from), alarm(to)).changes.map(({ part, change }) => `${part} ${change}`);
  assert.deepEqual(shown(low, low.replace("59.9", "59.8")), ["alarm.low changed"]);
  assert.deepEqual(shown(low, low.replace("under", "over")), ["alarm.low changed"]);
  assert.deepEqual(shown(low, low + low.replace("low", "more")), ["alarm.more added"]);
  assert.deepEqual(shown(low, ""), ["alarm.low removed", "alarms removed"]);
});

for (const { name, edits, changes, everything = false, program = [] } of cases) {
  Deno.test(`plan: ${name}`, () => {
    let text = BASE;
    for (const [from, to] of edits) {
      assert.ok(text.includes(from), from);
      text = text.replace(from, to);
    }
    const plan = planChanges(readConfig(BASE, "before"), readConfig(text, "after"));
    const shown = plan.changes.map(({ part, change, keys }) =>
      `${part} ${change}${keys.length > 0 ? ` ${keys.join(",")}` : ""}`
    );
    const wildcard = changes.filter((c) => c.endsWith(" *"));
    assert.deepEqual(
      shown.map((s) =>
        wildcard.includes(`${s.split(" ", 2).join(" ")} *`) ? `${s.split(" ", 2).join(" ")} *` : s
      ),
      changes,
    );
    assert.equal(plan.everything, everything);
    assert.deepEqual(plan.needsProgram, program);
  });
}

Deno.test("plan: what a C37.118 stream holds and who takes it changes in place, the rest restarts it", () => {
  const text = (more: string) =>
    `[gateway]\nid = "1f0e9c1a-6a52-4bb1-9d53-7c8f0a1b2c3d"\nname = "EDGE1"\n` +
    `[align.wide]\nframesPerSecond = 50\nwaitMs = 100\n` +
    `[output.pdc]\ntype = "c37118"\ninsecure = true\nstream = "wide"\nidCode = 7\n${more}\n`;
  const base = 'nominalHz = 50\nclients = { a = ["192.0.2.4"] }';
  const before = readConfig(text(base), "before");
  const cases: [string, string][] = [
    [base.replace("50", "60"), "changed nominalHz"],
    [base.replace("192.0.2.4", "192.0.2.5"), "changed clients.a"],
    [base.replace("a =", "b ="), "changed clients.a,clients.b"],
    [`${base}\nallow = ["True"]`, "changed allow"],
    [`${base}\ndevices = [{ device = "A", station = "Bay" }]`, "changed devices"],
    [`${base}\nphasors = "integer"\ncoordinates = "rectangular"`, "changed phasors,coordinates"],
    [`${base}\nchangeNoticeSeconds = 5`, "changed changeNoticeSeconds"],
    [`${base}\nlisten = "127.0.0.1:4713"`, "restarted listen"],
    [`${base}\nedition = 2005\nallow = ["True"]`, "restarted allow,edition"],
  ];
  for (const [more, expected] of cases) {
    const { changes, everything } = planChanges(before, readConfig(text(more), "after"));
    const found = changes.map(({ part, change, keys }) =>
      `${part} ${change} ${[...keys].sort().join()}`
    );
    const [kind, keys] = expected.split(" ");
    assert.deepEqual(found, [`output.pdc ${kind} ${keys!.split(",").sort().join()}`], more);
    assert.equal(everything, false);
  }
});
