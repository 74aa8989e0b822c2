import assert from "node:assert/strict";
import {
  Command,
  type Configuration,
  DataDecoder,
  DataEncoder,
  encodeCommand,
  encodeConfiguration3,
  encodeHeaderFrame,
  FrameType,
  nominalHz,
  peekHeader,
} from "../../mod/c37118/mod.ts";
import { makeFrame, makeLayout } from "../../mod/core/mod.ts";
import { PmuSimulator, type PmuSimulatorOptions, SlotScheduler } from "../../mod/sim/mod.ts";
import { checkCommon, checkData } from "./dissected_frames.ts";
import { bitsOf, dissect, type Dissected } from "./dissector.ts";
import { testWith } from "./peers.ts";
import type { CapturedDatagram } from "./pcap_writer.ts";

const clock = { nowMicros: () => 1_700_000_000e6, monotonicMs: () => 0 };
const SECONDS = Array.from({ length: 12 }, (_, i) => 1_700_000_000 + i);

function simulator(more: Partial<PmuSimulatorOptions>): PmuSimulator {
  return new PmuSimulator({
    idCode: 77,
    rate: 60,
    transport: { kind: "tcp", port: 0 },
    devices: [{ device: 0 }],
    model: { badQuality: true, missing: 0.03 },
    ...more,
  }, { clock, scheduler: new SlotScheduler(clock) });
}

/** Simulators of all sixteen values of FORMAT, with other things varied beside them. */
function simulators(): PmuSimulator[] {
  return Array.from({ length: 16 }, (_, f) => {
    const formats = {
      polar: (f & 1) !== 0,
      phasorFloat: (f & 2) !== 0,
      analogFloat: (f & 4) !== 0,
      frequencyFloat: (f & 8) !== 0,
    };
    const nominalHz = f % 3 === 0 ? 50 : 60;
    return simulator({
      idCode: 100 + f,
      rate: [60, 50, 1, 240, 30][f % 5]!,
      timeBase: f % 2 === 0 ? 1_000_000 : 16_777_215,
      version: f % 4 === 3 ? 2 : 1,
      devices: Array.from({ length: 1 + f % 3 }, (_, i) => ({
        device: i,
        formats,
        nominalHz,
        phasors: 10 - 3 * i,
        analogs: 1 + i,
        digitals: 2 - i,
        cfgCnt: f,
      })),
    });
  });
}

testWith(
  ["tshark"],
  "tshark agrees with every data frame: 16 formats, CFG-2 and CFG-3, simulator and encoder",
  async () => {
    const datagrams: CapturedDatagram[] = [];
    const checks: ((dissected: Dissected) => void)[] = [];
    let port = 20_000;
    const add = (bytes: Uint8Array, check: (d: Dissected) => void) => {
      datagrams.push({ port, bytes });
      checks.push(check);
    };
    for (const pmu of simulators()) {
      for (const type of [FrameType.Config2, FrameType.Config3]) {
        port++; // each conversation has its configuration
        const three = type === FrameType.Config3;
        const pmus = pmu.devices.map((d) => three ? d.configuration3 : d.configuration);
        const configuration: Configuration = { ...pmu.configuration, pmus };
        const [frame] = pmu.configurationFrames(type);
        add(frame!, (d) => checkCommon(d, frame!));
        const decoder = new DataDecoder(configuration);
        const encoder = new DataEncoder(configuration, { version: configuration.version });
        const decoded = makeFrame(makeLayout("test", new Int32Array(decoder.count), [], 0));
        for (const second of SECONDS) {
          const rate = configuration.dataRate;
          const bytes = pmu.dataFrame(second, second % rate);
          add(bytes, (d) => checkData(d, bytes, configuration, "simulator"));
          // The same values through the encoder of the C37.118 output.
          decoder.decode(bytes, new DataView(bytes.buffer), 0, bytes.length, decoded);
          const again = new Uint8Array(encoder.size);
          const { soc, fracSec, timeQuality } = peekHeader(bytes);
          encoder.encode(decoded.values, soc, fracSec, timeQuality, again);
          add(again, (d) => checkData(d, again, configuration, "encoder"));
        }
      }
    }
    const answers = await dissect(datagrams);
    assert.equal(answers.length, datagrams.length);
    answers.forEach((answer, i) => checks[i]!(answer));
    console.log(`tshark agrees with ${answers.length} frames`);
  },
);

testWith(
  ["tshark"],
  "tshark agrees with every configuration frame: CFG-1, CFG-2, CFG-3",
  async () => {
    const datagrams: CapturedDatagram[] = [];
    const checks: ((dissected: Dissected) => void)[] = [];
    simulators().forEach((pmu, i) => {
      for (const type of [FrameType.Config1, FrameType.Config2, FrameType.Config3]) {
        const bytes = pmu.configurationFrames(type)[0]!;
        datagrams.push({ port: 20_000 + 10 * i + type, bytes });
        checks.push((d) => checkConfiguration(d, bytes, pmu, type));
      }
    });
    const answers = await dissect(datagrams);
    assert.equal(answers.length, datagrams.length);
    answers.forEach((answer, i) => checks[i]!(answer));
  },
);

testWith(["tshark"], "tshark agrees with commands, headers and fragments of CFG-3", async () => {
  const prefix = { idCode: 65_534, soc: 1_700_000_000, fracSec: 999_999, timeQuality: 0x26 };
  const commands: [number, RegExp][] = [
    [Command.DataOff, /Command: data transmission off/i],
    [Command.DataOn, /Command: data transmission on/i],
    [Command.SendHeader, /Command: send HDR frame/i],
    [Command.SendConfig1, /Command: send CFG-1 frame/i],
    [Command.SendConfig2, /Command: send CFG-2 frame/i],
    [Command.SendConfig3, /Command: send CFG-3 frame/i],
    [Command.Extended, /Command: extended frame/i],
    [0x0100, /Command: .*0x0*100\)?|Command: .*256/i],
  ];
  const frames = [
    ...commands.map(([c]) =>
      encodeCommand(prefix, c, c === Command.Extended ? new Uint8Array([1, 2, 3, 4]) : undefined)
    ),
    encodeHeaderFrame(prefix, "A header for people: Zürich"),
  ];
  const large = simulator({
    devices: Array.from({ length: 5 }, (_, device) => ({ device, phasors: 30 })),
  });
  const configuration: Configuration = {
    ...large.configuration,
    type: FrameType.Config3,
    version: 2,
    pmus: large.devices.map((d) => d.configuration3),
  };
  const fragments = encodeConfiguration3(configuration, prefix, 1500);
  assert.ok(fragments.length > 3);
  const answers = await dissect(
    [...frames, ...fragments].map((bytes, i) => ({ port: 20_000 + i, bytes })),
  );
  [...frames, ...fragments].forEach((bytes, i) => checkCommon(answers[i]!, bytes));
  commands.forEach(([command, pattern], i) => {
    assert.ok(
      answers[i]!.lines.some((l) => pattern.test(l)),
      `${command}: ${answers[i]!.lines.join("\n")}`,
    );
  });
  assert.match(answers[commands.length - 2]!.lines.join("\n"), /01020304|01:02:03:04/);
  fragments.forEach((bytes, i) => {
    const index = (bytes[14]! << 8) | bytes[15]!;
    assert.equal(index, i === fragments.length - 1 ? 65_535 : i + 1);
  });
});

function checkConfiguration(
  d: Dissected,
  bytes: Uint8Array,
  pmu: PmuSimulator,
  type: number,
): void {
  checkCommon(d, bytes);
  const three = type === FrameType.Config3;
  const name = (text: string) => three ? text : text.padEnd(16);
  const expected: string[] = [
    `Resolution of fractional second time stamp: ${pmu.configuration.timeBase}`,
    `Number of PMU blocks included in the frame: ${pmu.devices.length}`,
  ];
  if (three) expected.unshift("Continuation index: 0");
  pmu.devices.forEach((device, i) => {
    const c = three ? device.configuration3 : device.configuration;
    expected.push(
      `Station #${i + 1}: "${name(c.station)}"`,
      `PMU/DC ID number (Data source ID): ${c.idCode}`,
      ...(three
        ? [
          `Global PMU ID (raw bytes): ${
            c.extras!.globalId.replaceAll("-", "").replace(/(..)(?=.)/g, "$1 ")
          }`,
        ]
        : []),
      `Number of phasors: ${c.phasors.length}`,
      `Number of analog values: ${c.analogs.length}`,
      `Number of digital status words: ${c.digitals.length}`,
      ...c.phasors.map((p, k) => `Phasor name #${k + 1}: "${name(p.name)}"`),
      ...c.analogs.map((a, k) => `Analog value #${k + 1}: "${name(a.name)}"`),
    );
    if (!three) {
      expected.push(
        ...c.digitals.flatMap((w) => w.names).map((n, k) =>
          `Digital status label #${k + 1}: "${name(n)}"`
        ),
        ...c.phasors.map((p, k) =>
          `#${k + 1} factor: ${p.factor} * 10^-5, unit: ${p.kind === "V" ? "Volt" : "Ampere"}`
        ),
        ...c.analogs.map((a, k) =>
          `Factor for analog value #${k + 1}: rms of analog input, value: ${a.factor}`
        ),
      );
    } else {
      for (const p of c.phasors) {
        expected.push(
          p.kind === "V" ? ".... 0... = Phasor Type: Voltage" : ".... 1... = Phasor Type: Current",
          `Phasor scale factor: ${p.scaling!.scale}`,
          "Phasor angle offset: 0",
        );
      }
      expected.push(...c.analogs.flatMap(() => ["Analog scale factor: 1", "Analog offset: 0"]));
    }
    expected.push(
      ...c.digitals.flatMap(() => [
        "0000 0000 0000 0000 = Normal state: 0x0000",
        "1111 1111 1111 1111 = Valid bits: 0xffff",
      ]),
      ...(three
        ? [
          `PMU Latitude: ${Number(c.extras!.latitude.toPrecision(6))}`,
          `PMU Longitude: ${Number(c.extras!.longitude.toPrecision(6))}`,
          `PMU Elevation: ${c.extras!.elevation}`,
          "PM window length: 100000 microseconds",
          "PM group delay: 50000 microseconds",
        ]
        : []),
      `.... .... .... ...${c.fnom} = Nominal line frequency: ${nominalHz(c)}Hz`,
      `Configuration change count: ${c.cfgCnt}`,
    );
  });
  expected.push(`Rate of transmission: ${pmu.configuration.dataRate} frame(s) per second`);
  let at = 0;
  for (const line of expected) {
    const found = d.lines.indexOf(line, at);
    assert.ok(
      found >= 0,
      `type ${type}: "${line}" not found after "${d.lines[at - 1]}" in\n${d.lines.join("\n")}`,
    );
    at = found + 1;
  }
  // FORMAT: four bit lines per station.
  const formatLines = d.lines.filter((l) =>
    /= (FREQ\/DFREQ format|Analog values format|Phasor format|Phasor notation)/.test(l)
  );
  pmu.devices.forEach((device, i) =>
    assert.equal(bitsOf(formatLines.slice(4 * i, 4 * i + 4)), device.configuration.format)
  );
}
