/**
 * What the tests of this module share: configurations, frames, a log that remembers, a script for sessions.
 *
 * @module
 */
import {
  cloneFrame,
  formatInstant,
  type Frame,
  type FrameSink,
  type Log,
  SignalRegistry,
} from "../../core/mod.ts";
import {
  type Configuration,
  encodeRawData,
  FrameType,
  type PmuConfiguration,
  type RawBlock,
} from "../../c37118/mod.ts";
import * as v from "valibot";
import type { C37118InputOptions } from "./options.ts";
import { c37118InputSchema } from "./schema.ts";

/** The gateway of the tests. */
export const GATEWAY_ID = "6f1f7f6e-3f5b-4f0e-9a53-0c9a5d2b7a11";

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

/** Keeps copies of frames and then spoils the lent one, to catch whoever keeps it. */
export class KeepingSink implements FrameSink {
  /** The copies. */
  readonly frames: Frame[] = [];

  /** Takes one. */
  accept(frame: Frame): void {
    this.frames.push(cloneFrame(frame));
    frame.values.fill(-1);
    frame.flags.fill(0xffffffff);
    frame.instant.seconds = frame.instant.nanos = -1;
  }

  /** Time stamps as text. */
  times(): string[] {
    return this.frames.map((f) => formatInstant(f.instant));
  }
}

/** A log that remembers its lines, each with its level in front. */
export class MemoryLog implements Log {
  /** The lines. */
  readonly lines: string[] = [];
  /** See {@linkcode Log}. */
  debug = (message: string): void => void this.lines.push(`debug ${message}`);
  /** See {@linkcode Log}. */
  info = (message: string): void => void this.lines.push(`info ${message}`);
  /** See {@linkcode Log}. */
  warn = (message: string): void => void this.lines.push(`warn ${message}`);
  /** See {@linkcode Log}. */
  error = (message: string): void => void this.lines.push(`error ${message}`);

  /** Lines that contain `text`. */
  with(text: string): string[] {
    return this.lines.filter((line) => line.includes(text));
  }
}

/** Options with defaults filled in. */
export function inputOptions(
  change: Omit<Partial<C37118InputOptions>, "type">,
): C37118InputOptions {
  return v.parse(c37118InputSchema, { type: "c37118", idCode: 7, host: "127.0.0.1", ...change });
}

/** An empty registry. */
export function registry(): SignalRegistry {
  return new SignalRegistry(GATEWAY_ID, "TEST");
}

/** Values of a frame by signal reference. */
export function valuesOf(frame: Frame, from: SignalRegistry): Record<string, number> {
  return Object.fromEntries(
    [...frame.layout.handles].map((h, i) => [from.get(h)!.reference, frame.values[i]!]),
  );
}
