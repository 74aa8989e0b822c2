/**
 * A PMU, its configuration and its frames, for the tests of this module and of others.
 *
 * @module
 */
import { encodeRawData, type RawBlock } from "./raw.ts";
import { type Configuration, FrameType, type PmuConfiguration } from "./types.ts";

/** A PMU with float polar phasors unless told otherwise. */
export function pmu(change: Partial<PmuConfiguration> = {}): PmuConfiguration {
  return {
    station: "SHELBY",
    idCode: 7,
    format: 15,
    phasors: [
      { name: "VA", kind: "V", typeByte: 0, factor: 1 },
      { name: "IA", kind: "I", typeByte: 1, factor: 1 },
    ],
    analogs: [{ name: "MW", typeByte: 1, factor: 1 }],
    digitals: [{ names: Array.from({ length: 16 }, (_, i) => `D${i}`), normal: 0, valid: 0xffff }],
    fnom: 0,
    cfgCnt: 1,
    ...change,
  };
}

/** A CFG-2 of one PMU unless told otherwise. */
export function configuration(change: Partial<Configuration> = {}): Configuration {
  return {
    type: FrameType.Config2,
    version: 1,
    idCode: 7,
    timeBase: 1_000_000,
    timeBaseFlags: 0,
    pmus: [pmu()],
    dataRate: 50,
    trailing: 0,
    ...change,
  };
}

/** A block of wire values that fits `of`, in which every number depends on `n`. */
export function block(of: PmuConfiguration, n: number, stat = 0): RawBlock {
  return {
    stat,
    phasors: of.phasors.map((_, i) => [100 + i + n, 0.5]),
    freq: of.format & 8 ? 60 + n / 1024 : n,
    dfreq: 0,
    analogs: of.analogs.map((_, i) => 10 * i + n),
    digitals: of.digitals.map(() => n & 0xffff),
  };
}

/** A data frame in which every number depends on `n`. */
export function dataFrame(
  of: Configuration,
  soc: number,
  fracSec: number,
  n: number,
  stat = 0,
): Uint8Array<ArrayBuffer> {
  return encodeRawData(
    of,
    { idCode: of.idCode, soc, fracSec },
    of.pmus.map((p) => block(p, n, stat)),
  );
}
