import assert from "node:assert/strict";
import * as v from "valibot";
import { type Proposal, proposalOf, proposalToml, type SeenStream } from "./proposal.ts";
import { svStreamSchema } from "./stream_schema.ts";

const SEEN: SeenStream = {
  svId: "Bay 1 MU-01",
  appid: 0x4001,
  destination: "01:0c:cd:04:00:01",
  vlan: 5,
  simulation: false,
  asdus: 1,
  dataSetBytes: 64,
  rate: 4000,
};
const ADDRESS = { svId: SEEN.svId, appid: 0x4001, destination: SEEN.destination, vlan: 5 };

const CASES: {
  readonly name: string;
  readonly seen?: Partial<SeenStream>;
  readonly hz?: 50 | 60;
  readonly expected: Partial<Proposal>;
}[] = [
  {
    name: "9-2LE at 50 Hz is told by its rate",
    expected: {
      acronym: "BAY_1_MU-01",
      settings: { ...ADDRESS, nominalHz: 50, preset: "9-2LE" },
      guessed: [],
      missing: [],
    },
  },
  {
    name: "9-2LE of the other kind",
    seen: { rate: 15_360, asdus: 8 },
    expected: { settings: { ...ADDRESS, nominalHz: 60, preset: "9-2LE-256" }, guessed: [] },
  },
  {
    name: "4,800 samples/s one by one are 9-2LE at 60 Hz, unless the neighbours have 50 Hz",
    seen: { rate: 4800 },
    expected: { settings: { ...ADDRESS, nominalHz: 60, preset: "9-2LE" }, guessed: ["nominalHz"] },
  },
  {
    name: "4,800 samples/s beside streams of 50 Hz",
    seen: { rate: 4800 },
    hz: 50,
    expected: {
      settings: { ...ADDRESS, nominalHz: 50, preset: "F4800S1I4U4" },
      guessed: ["nominalHz", "preset"],
    },
  },
  {
    name: "IEC 61869-9 does not tell the nominal frequency",
    seen: { rate: 4800, asdus: 2, vlan: null },
    expected: {
      settings: {
        svId: SEEN.svId,
        appid: 0x4001,
        destination: SEEN.destination,
        preset: "F4800S2I4U4",
      },
      guessed: ["preset"],
      missing: ["nominalHz"],
    },
  },
  {
    name: "a simulated stream is taken only as one",
    seen: { simulation: true },
    expected: {
      settings: { ...ADDRESS, nominalHz: 50, preset: "9-2LE", simulation: "accept" },
      guessed: ["simulation"],
    },
  },
  {
    name: "a rate that is not known yet, and a data set that is no row of channels",
    seen: { rate: null, dataSetBytes: 61, asdus: 3 },
    expected: {
      settings: { ...ADDRESS, asdus: 3 },
      missing: ["nominalHz", "rate", "channels"],
    },
  },
  {
    name: "an svID that makes no acronym",
    seen: { svId: "\u00e9" },
    expected: { acronym: "MU" },
  },
];

for (const { name, seen, hz, expected } of CASES) {
  Deno.test(`proposal: ${name}`, () => {
    const proposal = proposalOf({ ...SEEN, ...seen }, hz);
    for (const [key, value] of Object.entries(expected)) {
      assert.deepEqual(proposal[key as keyof Proposal], value, key);
    }
    const toml = proposalToml(proposal);
    for (const key of proposal.missing) assert.ok(toml.includes(`\n# ${key} = ...`), toml);
    if (proposal.missing.length > 0 || name.startsWith("an svID")) return;
    const { acronym, settings } = proposal;
    assert.ok(v.safeParse(svStreamSchema, { acronym, ...settings }).success);
    assert.ok(toml.includes(`appid = 0x4001\n`));
  });
}
