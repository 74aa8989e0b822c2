/**
 * Arbitrary configurations and frames for the property tests.
 *
 * @module
 */
import fc from "fast-check";
import type { Configuration, PmuConfiguration } from "./types.ts";
import { FrameType } from "./types.ts";

const name = fc.string({ unit: "grapheme-ascii", maxLength: 16 }).map((s) => s.trimEnd());
const word = fc.nat(0xffff);
const float = fc.float({ noNaN: true, noDefaultInfinity: true });

function pmu(full: boolean): fc.Arbitrary<PmuConfiguration> {
  const phasor = fc.record({
    name,
    typeByte: full ? fc.nat(255) : fc.nat(255),
    factor: fc.nat(0xffffff),
    scaling: fc.record({
      modFlags: word,
      user: fc.nat(255),
      scale: float,
      angleOffset: float,
    }),
  }).map(({ scaling, ...p }) =>
    full
      ? {
        name: p.name,
        typeByte: p.typeByte,
        factor: 0,
        kind: p.typeByte & 8 ? "I" as const : "V" as const,
        scaling: { ...scaling, component: p.typeByte & 7 },
      }
      : { ...p, kind: p.typeByte === 0 ? "V" as const : "I" as const }
  );
  const analog = fc.record({
    name,
    typeByte: fc.nat(255),
    factor: fc.integer({ min: -0x800000, max: 0x7fffff }),
    scaling: fc.record({ scale: float, offset: float }),
  }).map(({ scaling, ...a }) => full ? { name: a.name, typeByte: 0, factor: 0, scaling } : a);
  const digital = fc.record({
    names: fc.array(name, { minLength: 16, maxLength: 16 }),
    normal: word,
    valid: word,
  });
  const extras = fc.record({
    globalId: fc.uuid(),
    latitude: float,
    longitude: float,
    elevation: float,
    serviceClass: fc.constantFrom("M", "P"),
    windowMicros: fc.integer(),
    groupDelayMicros: fc.integer(),
  });
  return fc.record({
    station: name,
    idCode: word,
    format: fc.nat(15),
    phasors: fc.array(phasor, { maxLength: 4 }),
    analogs: fc.array(analog, { maxLength: 3 }),
    digitals: fc.array(digital, { maxLength: 2 }),
    fnom: fc.nat(1),
    cfgCnt: word,
    extras,
  }).map(({ extras, ...p }) => full ? { ...p, extras } : p);
}

/** Any configuration as CFG-2 or CFG-3 can say it; ASCII names, finite numbers. */
export function anyConfiguration(type: number): fc.Arbitrary<Configuration> {
  return fc.record({
    type: fc.constant(type),
    version: fc.constant(type === FrameType.Config3 ? 2 : 1),
    idCode: word,
    timeBase: fc.integer({ min: 1, max: 0xffffff }),
    timeBaseFlags: fc.nat(255),
    pmus: fc.array(pmu(type === FrameType.Config3), { maxLength: 3 }),
    dataRate: fc.integer({ min: -300, max: 240 }),
    trailing: fc.constant(0),
  });
}

/** Bytes that often look like a frame: random ones, and damaged or cut copies of `frames`. */
export function anyBytes(frames: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const damaged = fc.tuple(
    fc.constantFrom(...frames),
    fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
    fc.nat(),
  ).map(([frame, changes, cut]) => {
    const copy = frame.slice(0, 1 + cut % (frame.length + 8));
    for (const [at, value] of changes) copy[at % copy.length] = value;
    return copy;
  });
  return fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged);
}
