import assert from "node:assert/strict";
import * as v from "valibot";
import { checkDocument, parseTomlDocument } from "../../config/mod.ts";
import { ConfigError } from "../../core/mod.ts";
import { Instants } from "../../phasor/mod.ts";
import { devicesOf } from "./devices.ts";
import { presetOf } from "./presets.ts";
import { svInputSchema } from "./schema.ts";
import { leStream, optionsOf } from "./testing.ts";

Deno.test("sv schema: sample.toml shows what can be said", async () => {
  const text = await Deno.readTextFile(new URL("./sample.toml", import.meta.url));
  const schema = v.object({ input: v.record(v.string(), svInputSchema) });
  const { input } = checkDocument(schema, parseTomlDocument(text, "sample.toml"));
  assert.deepEqual(Object.keys(input), ["process_bus", "remote", "replay"]);
  const bus = input["process_bus"]!;
  assert.deepEqual(devicesOf(bus).map((d) => d.acronym), ["BAY1_P", "BAY1_M", "BAY2"]);
  const [bay1, bay2] = bus.streams;
  assert.equal(bay1!.rate, 4000);
  assert.equal(bay1!.destination, "01:0c:cd:04:00:01");
  assert.deepEqual(bay1!.channels.map((c) => c.label), [
    ..."abcn".split("").map((p) => `I${p}`),
    ..."abcn".split("").map((p) => `U${p}`),
  ]);
  const device = devicesOf(bus)[2]!;
  assert.deepEqual(
    device.drafts.filter((d) => d.type === "IPHM").map((d) => [d.label, d.phase]),
    [["Iline a", "A"], ["Iline b", "B"], ["Iline c", "C"], ["line1", "+"], ["line2", "-"], [
      "line0",
      "0",
    ]],
  );
  assert.equal(bay2!.framesPerSecond, 25);
});

Deno.test("sv schema: options that have been through it pass again unchanged, as the link needs", () => {
  const once = optionsOf(leStream(`class = "both"\nvlan = 3\nconfRev = 4\nframesPerSecond = 25`));
  assert.deepEqual(v.parse(svInputSchema, JSON.parse(JSON.stringify(once))), once);
});

Deno.test("sv presets: names of profiles and variants", () => {
  for (
    const [name, hz, rate, asdus, labels] of [
      ["9-2LE", 60, 4800, 1, "Ia Ib Ic In Ua Ub Uc Un"],
      ["9-2LE-256", 50, 12_800, 8, "Ia Ib Ic In Ua Ub Uc Un"],
      ["F14400S6I4U4", 60, 14_400, 6, "Ia Ib Ic In Ua Ub Uc Un"],
      ["F4800S2I8U3", 50, 4800, 2, "I1a I1b I1c I1n I2a I2b I2c I2n Ua Ub Uc"],
      ["F96000S1I1U1", 50, 96_000, 1, "I1 U1"],
    ] as const
  ) {
    const preset = presetOf(name, hz);
    assert.equal(preset?.rate, rate, name);
    assert.equal(preset?.asdus, asdus, name);
    assert.equal(preset?.channels.map((c) => c.label).join(" "), labels, name);
  }
  for (const name of ["9-2", "F0S1I4U4", "F4800S0I4U4", "F4800S1I0U0", "F4800S1I20U20", "F4800"]) {
    assert.equal(presetOf(name, 50), undefined, name);
  }
});

const refused: readonly (readonly [name: string, toml: string, message: RegExp])[] = [
  ["no source", "", /exactly one of interface, udp and pcap/],
  ["two sources", 'interface = "e"\nudp = {}', /exactly one of interface, udp and pcap/],
  ["an interface with a blank", 'interface = "e 0"', /expected the name of an interface/],
  ["a block of no power of two", 'interface = "e"\nblockBytes = 5000', /power of two/],
  ["a ring of 32 MiB", 'interface = "e"\nringBytes = 33554432', /expected a whole number from/],
  ["no room for Workers", 'interface = "e"\nringBytes = 65536', /room for two blocks/],
  ["no preset and no channels", leStream("").replace("preset", "#"), /channels or a preset/],
  ["an unknown preset", leStream("").replace("9-2LE", "9-3"), /found "9-3"/],
  ["another frequency", leStream("").replace("50", "16"), /expected 50 or 60, found 16/],
  ["an svID in Greek", leStream("").replace("MU01", "μ"), /printable ASCII/],
  ["a datSet in Greek", leStream('datSet = "μ"'), /a datSet of .*printable ASCII/],
  ["an address", leStream('destination = "1:2"'), /expected an address such as/],
  ["a label that is no channel", leStream('frequencyFrom = ["X"]'), /labels of channels/],
  [
    "a temperature for frequency",
    `interface = "e"\n[[input.streams]]\nacronym = "A"\nsvId = "A"\nnominalHz = 50\nrate = 4000\n` +
    `frequencyFrom = ["T"]\nchannels = [{ label = "I", kind = "current", scale = 1 }, ` +
    `{ label = "T", kind = "other", scale = 1 }]`,
    /labels of channels that measure/,
  ],
  [
    "a waveform shorter than the windows of class M",
    leStream('class = "both"\nframesPerSecond = 10\nwaveformSeconds = 1'),
    /more than the 1\.03 s .* class M take at 10 synchrophasors/,
  ],
  ["two labels for frequency", leStream('frequencyFrom = ["Ua", "Ub"]'), /one label, or three/],
  ["too slow", leStream("rate = 400"), /16 samples per nominal cycle/],
  [
    "synchrophasors on an interface",
    `interface = "e"\n[[input.synchrophasors]]\nsvId = "1_X"\nrate = 50\npmus = [{ acronym = "X" }]`,
    /come by UDP/,
  ],
  [
    "one svID twice",
    `${leStream()}[[input.streams]]\nacronym = "MU2"\nsvId = "MU01"\nnominalHz = 50\npreset = "9-2LE"`,
    /each svID once/,
  ],
  [
    "one acronym twice",
    `${leStream()}[[input.streams]]\nacronym = "MU1"\nsvId = "MU02"\nnominalHz = 50\npreset = "9-2LE"`,
    /each acronym once/,
  ],
];

Deno.test("sv schema: the shortest waveform holds the windows of every class and rate that it lets through", () => {
  for (const hz of [50, 60] as const) {
    for (const performanceClass of ["P", "M"] as const) {
      for (const framesPerSecond of [1, 9, 10, 12, 24, 25, 30, 59, 60, 120]) {
        const { span } = new Instants({
          performanceClass,
          nominalHz: hz,
          framesPerSecond,
          sampleRate: 4000,
          difference: "half-cycle",
        });
        const toml = leStream(
          `class = "${performanceClass}"\nframesPerSecond = ${framesPerSecond}\nrate = 4000\nwaveformSeconds = 1`,
        ).replace("nominalHz = 50", `nominalHz = ${hz}`);
        if (span <= 4000) optionsOf(toml);
        else assert.throws(() => optionsOf(toml), ConfigError);
      }
    }
  }
});

for (const [name, toml, message] of refused) {
  Deno.test(`sv schema refuses: ${name}`, () => {
    assert.throws(
      () => optionsOf(toml),
      (error) => error instanceof ConfigError && message.test(error.message),
    );
  });
}
