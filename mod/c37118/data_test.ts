import assert from "node:assert/strict";
import fc from "fast-check";
import { type Frame, makeFrame, makeLayout, StateFlags } from "../core/mod.ts";
import {
  type Configuration,
  crcMatches,
  DataDecoder,
  DataEncoder,
  type DecoderOptions,
  FormatBits,
  FrameType,
  Notice,
  phaseOf,
  type PmuConfiguration,
  signalsOf,
} from "./mod.ts";
import { anyConfiguration } from "./arbitraries_test.ts";
import { wrapDegrees } from "./raw.ts";

const PMU: PmuConfiguration = {
  station: "SHELBY",
  idCode: 61,
  format: 15,
  phasors: [{ name: "VA", kind: "V", typeByte: 0, factor: 1000 }],
  analogs: [],
  digitals: [],
  fnom: 1,
  cfgCnt: 0,
};

function stream(pmu: Partial<PmuConfiguration>): Configuration {
  return {
    type: FrameType.Config2,
    version: 1,
    idCode: 60,
    timeBase: 1_000_000,
    timeBaseFlags: 0,
    pmus: [{ ...PMU, ...pmu }],
    dataRate: 50,
    trailing: 0,
  };
}

function emptyFrame(count: number): Frame {
  return makeFrame(makeLayout("test", new Int32Array(count), [], 50));
}

/** Encodes values and decodes them again. */
function roundTrip(
  configuration: Configuration,
  values: number[],
  options: DecoderOptions = {},
  change: (bytes: Uint8Array) => void = () => {},
): { frame: Frame; notices: number; decoder: DataDecoder; encoder: DataEncoder } {
  const encoder = new DataEncoder(configuration);
  const bytes = new Uint8Array(encoder.size);
  encoder.encode(Float64Array.from(values), 1_700_000_000, 20_000, 0x25, bytes);
  assert.ok(crcMatches(bytes, 0, bytes.length));
  change(bytes);
  const decoder = new DataDecoder(configuration, options);
  const frame = emptyFrame(decoder.count);
  const notices = decoder.decode(bytes, new DataView(bytes.buffer), 0, bytes.length, frame);
  return { frame, notices, decoder, encoder };
}

Deno.test("values, time, leap bits and quality of a float polar frame", () => {
  const { frame, notices } = roundTrip(stream({}), [66_000, -120, 50.02, 0.5, 0x2010, 0]);
  assert.deepEqual(
    [...frame.values],
    [66_000, -120, 50.02, 0.5, 0x42010, 0x25 * 2 ** 24].map(Math.fround),
  );
  assert.deepEqual([...frame.flags], [...Array(5).fill(StateFlags.BadTime), 0]);
  assert.deepEqual(frame.instant, { seconds: 1_700_000_000, nanos: 20_000_000 });
  assert.equal(frame.leap, 2);
  assert.equal(notices, Notice.None);
});

Deno.test("angles are wrapped into (-180, 180]", () => {
  for (const [given, wanted] of [[180, 180], [-180, 180], [540, 180], [181, -179], [-190, 170]]) {
    const { frame } = roundTrip(stream({ format: 13 }), [1, given!, 50, 0, 0, 0]);
    const found = frame.values[1]!;
    assert.ok(Math.abs(found) <= 180);
    // 180 degrees are 3.1416 in integers, a little more than half a turn.
    const off = Math.abs(found - wanted!) % 360;
    assert.ok(Math.min(off, 360 - off) < 0.01, `${given} became ${found}`);
  }
});

Deno.test("angles of more turns than a number can count are wrapped too", () => {
  for (const degrees of [180.00000000000003, -180, 3.6e16, 2.0649e18, -1e300, 1.7e308]) {
    const found = wrapDegrees(degrees);
    assert.ok(found > -180 && found <= 180, `${degrees} became ${found}`);
  }
  // Found by chance: 3.6e16 radians in a float.
  const bytes = new Uint8Array(37);
  bytes[20] = 91;
  const channels = { phasors: [{ name: "", typeByte: 0, factor: 0, kind: "V" }] } as const;
  const decoder = new DataDecoder(stream({ format: 3, ...channels, analogs: [], digitals: [] }));
  const frame = emptyFrame(decoder.count);
  decoder.decode(bytes, new DataView(bytes.buffer), 0, decoder.size, frame);
  assert.ok(Math.abs(frame.values[1]!) <= 180, `${frame.values[1]}`);
});

Deno.test("integers are rounded to nearest and saturate without making 0x8000", () => {
  const { frame, encoder } = roundTrip(
    stream({ format: 0 }),
    [10.004, 0, 50.0004, -1e9, 0, 0],
  );
  assert.equal(frame.values[0], Math.fround(10));
  assert.equal(frame.values[2], 50);
  assert.equal(frame.values[3], Math.fround(-327.67));
  assert.equal(encoder.saturated, 1);
  const polar = roundTrip(stream({ format: 1 }), [1e9, 10, 50, 0, 0, 0]);
  assert.equal(polar.frame.values[0], Math.fround(655.35));
  assert.equal(polar.encoder.saturated, 1);
});

Deno.test("missing values are NaN in every format, a missing status is that of an absent PMU", () => {
  for (let format = 0; format < 16; format++) {
    const { frame } = roundTrip(stream({ format }), [NaN, 10, NaN, NaN, NaN, 0]);
    assert.deepEqual([...frame.values.subarray(0, 4)], [NaN, NaN, NaN, NaN], `format ${format}`);
    assert.equal(frame.values[4]! & 0xffff, 0xa000);
  }
});

Deno.test("float FREQ: absolute, deviation, lone zero", () => {
  for (
    const [mode, sent, zeroMissing, wanted] of [
      ["absolute", 49.9, true, Math.fround(49.9)],
      ["deviation", -0.1, true, Math.fround(50 + Math.fround(-0.1))],
      ["absolute", 0, true, NaN],
      ["absolute", 0, false, 0],
      ["deviation", 0, false, 0],
    ] as const
  ) {
    const options = { floatFrequency: mode, zeroFrequencyIsMissing: zeroMissing };
    const { frame } = roundTrip(stream({}), [1, 0, sent, 0.25, 0, 0], options);
    assert.equal(frame.values[2], wanted, `${mode} ${sent}`);
    assert.equal(frame.values[3], Number.isNaN(wanted) ? NaN : 0.25);
  }
});

Deno.test("mode auto decides for deviation after 20 good frames, tells once and never goes back", () => {
  const configuration = stream({});
  const encoder = new DataEncoder(configuration);
  const decoder = new DataDecoder(configuration, { floatFrequency: "auto" });
  const frame = emptyFrame(decoder.count);
  const send = (freq: number, status = 0): number => {
    const bytes = new Uint8Array(encoder.size);
    encoder.encode(Float64Array.of(1, 0, freq, 0, status, 0), 1, 0, 0, bytes);
    return decoder.decode(bytes, new DataView(bytes.buffer), 0, bytes.length, frame);
  };
  for (let i = 0; i < 19; i++) assert.equal(send(0.01), Notice.None);
  assert.equal(send(0), Notice.None);
  assert.equal(send(0.01, 0x8000), Notice.None);
  assert.equal(frame.values[2], Math.fround(0.01));
  assert.equal(send(0.01), Notice.FrequencyMode);
  assert.equal(frame.values[2], Math.fround(50 + Math.fround(0.01)));
  assert.equal(send(49), Notice.None);
  assert.deepEqual([...decoder.deviation], [1]);
  const other = new DataDecoder(configuration, { floatFrequency: "auto" });
  assert.deepEqual([...other.deviation], [0]);
});

Deno.test("STAT: filler, configuration change, extended flags", () => {
  const filler = roundTrip(stream({}), [1, 2, 50, 0, 0xffff, 0]);
  assert.equal(filler.notices, Notice.Filler);
  assert.deepEqual([...filler.frame.values.subarray(0, 4)], [NaN, NaN, NaN, NaN]);
  assert.deepEqual([...filler.decoder.stats], [0xffff]);
  assert.equal(roundTrip(stream({}), [1, 2, 50, 0, 0x0400, 0]).notices, Notice.ConfigChange);
  assert.equal(roundTrip(stream({}), [1, 2, 50, 0, 0x4400, 0]).notices, Notice.None);
  const extended = roundTrip(stream({}), [NaN, 2, 50, 0, 0x01c0, 0], { extendedFlags: true });
  assert.deepEqual([...extended.frame.flags].slice(0, 3), [
    StateFlags.SuspectTime | StateFlags.BadData,
    StateFlags.SuspectTime | StateFlags.BadData,
    StateFlags.SuspectTime,
  ]);
});

Deno.test("a short frame is not decoded, a fraction beyond TIME_BASE is carried", () => {
  const configuration = stream({});
  const decoder = new DataDecoder(configuration);
  const frame = emptyFrame(decoder.count);
  const bytes = new Uint8Array(decoder.size);
  const view = new DataView(bytes.buffer);
  assert.equal(decoder.decode(bytes, view, 0, decoder.size - 1, frame), Notice.Short);
  const late = roundTrip(
    configuration,
    [1, 2, 50, 0, 0, 0],
    {},
    (b) => new DataView(b.buffer).setUint32(10, 1_250_000),
  );
  assert.equal(late.notices, Notice.TimeOverflow);
  assert.deepEqual(late.frame.instant, { seconds: 1_700_000_001, nanos: 250_000_000 });
});

Deno.test("seconds of 1970 and 2106 pass", () => {
  for (const soc of [0, 0xffffffff]) {
    const { frame } = roundTrip(
      stream({}),
      [1, 2, 50, 0, 0, 0],
      {},
      (b) => new DataView(b.buffer).setUint32(6, soc),
    );
    assert.equal(frame.instant.seconds, soc);
  }
});

Deno.test("the decoder takes any bytes of the right size", () => {
  fc.assert(
    fc.property(
      anyConfiguration(FrameType.Config2),
      fc.uint8Array({ minLength: 16, maxLength: 400 }),
      (configuration, bytes) => {
        const decoder = new DataDecoder(configuration, { extendedFlags: true });
        const frame = emptyFrame(decoder.count);
        const size = Math.min(bytes.length, decoder.size);
        decoder.decode(bytes, new DataView(bytes.buffer), 0, size, frame);
        const { pmus } = signalsOf(configuration);
        for (const { offset, pmu } of pmus) {
          for (let i = 0; i < pmu.phasors.length; i++) {
            const degrees = frame.values[offset + 2 * i + 1]!;
            assert.ok(!Number.isFinite(degrees) || Math.abs(degrees) <= 180);
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("signals come in the order of the decoder, with kinds, indices and phases", () => {
  const configuration = stream({
    phasors: [
      { name: "VA", kind: "V", typeByte: 0, factor: 1 },
      { name: "I1", kind: "I", typeByte: 1, factor: 1 },
    ],
    analogs: [{ name: "P MW", typeByte: 0, factor: 1 }],
    digitals: [{ names: ["TRIP", "ALARM", "", ""], normal: 0, valid: 0 }],
  });
  const signals = signalsOf(configuration);
  assert.equal(signals.count, new DataDecoder(configuration).count);
  assert.deepEqual(
    signals.pmus[0]!.drafts.map((d) => [d.type, d.label, d.phase, d.unit, d.index]),
    [
      ["VPHM", "VA", "A", "Volts", 1],
      ["VPHA", "VA", "A", "Degrees", 1],
      ["IPHM", "I1", "+", "Amps", 2],
      ["IPHA", "I1", "+", "Degrees", 2],
      ["FREQ", "", "", "Hz", 0],
      ["DFDT", "", "", "Hz/s", 0],
      ["ALOG", "P MW", "", "", 1],
      ["DIGI", "TRIP|ALARM", "", "", 1],
      ["FLAG", "", "", "", 0],
    ],
  );
  assert.equal(signals.quality.type, "QUAL");
});

Deno.test("phases are guessed from names", () => {
  const table: [string, string][] = [
    ["VA", "A"],
    ["IB2", "B"],
    ["V1LPM", "+"],
    ["VCLPM", "C"],
    ["Bus 1 VA phase", "A"],
    ["V0", "0"],
    ["V2", "-"],
    ["I12", ""],
    ["Line phase C", "C"],
    ["Positive sequence", "+"],
    ["PMU2-PHS 1", ""],
    ["", ""],
  ];
  for (const [name, phase] of table) {
    assert.equal(phaseOf({ name, kind: "V", typeByte: 0, factor: 1 }), phase, name);
  }
});

Deno.test("CFG-3 scaling is taken out again by the encoder", () => {
  const scaling = { modFlags: 0, component: 4, user: 0, scale: 45.776, angleOffset: 0.5235988 };
  for (const format of [0, 1, 14, 15]) {
    const configuration = {
      ...stream({
        format,
        phasors: [{ name: "VA", kind: "V", typeByte: 4, factor: 0, scaling }],
        analogs: [{ name: "T", typeByte: 0, factor: 0, scaling: { scale: 0.5, offset: -20 } }],
      }),
      type: FrameType.Config3,
    };
    const { frame } = roundTrip(configuration, [400_000, 170, 50, 0, 30, 0, 0]);
    assert.ok(Math.abs(frame.values[0]! - 400_000) < 40, `format ${format}`);
    assert.ok(Math.abs(frame.values[1]! - 170) < 0.01);
    assert.equal(frame.values[4], 30);
  }
});

Deno.test("formats say how large a frame is", () => {
  const configuration = stream({ format: FormatBits.PhasorFloat });
  assert.equal(new DataEncoder(configuration).size, 16 + 2 + 8 + 4);
});
