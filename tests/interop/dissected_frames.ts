/**
 * Data frames as tshark prints them, compared with what our codec reads in them.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  type Configuration,
  crcMatches,
  FormatBits,
  nominalHz,
  peekHeader,
  type RawBlock,
  readRawBlocks,
  toEngineering,
} from "../../mod/c37118/mod.ts";
import type { Dissected } from "./dissector.ts";

/** SYNC, FRAMESIZE, IDCODE, SOC, FRACSEC and CHK. */
export function checkCommon(d: Dissected, bytes: Uint8Array): void {
  const header = peekHeader(bytes);
  assert.ok(crcMatches(bytes, 0, bytes.length));
  assert.deepEqual(
    [d.sync, d.size, d.idCode, d.soc, d.fracSec, d.timeQuality, d.checkGood],
    [
      0xaa00 | bytes[1]!,
      bytes.length,
      header.idCode,
      header.soc,
      header.fracSec,
      header.timeQuality,
      true,
    ],
    d.lines.slice(0, 14).join("\n"),
  );
}

/** What {@linkcode checkCommon} checks, and STAT and every value of every block. */
export function checkData(
  d: Dissected,
  bytes: Uint8Array,
  configuration: Configuration,
  from: string,
): void {
  checkCommon(d, bytes);
  const raws = readRawBlocks(bytes, configuration);
  assert.equal(d.blocks.length, raws.length, d.lines.join("\n"));
  raws.forEach((raw, b) => {
    const pmu = configuration.pmus[b]!, block = d.blocks[b]!;
    const where = `${from}, format ${pmu.format}, block ${b}\n${d.lines.join("\n")}`;
    assert.equal(block.station.trimEnd(), pmu.station, where);
    assert.equal(block.stat, raw.stat, where);
    assert.deepEqual(block.digitals, raw.digitals, where);
    checkPhasors(block.phasors, raw, pmu, where);
    const float = (pmu.format & FormatBits.FrequencyFloat) !== 0;
    near(block.freq, raw.freq, 1e-5 * nominalHz(pmu), where);
    near(block.dfreq, float ? raw.dfreq : raw.dfreq / 100, 6e-4, where);
    assert.equal(block.analogs.length, raw.analogs.length, where);
    raw.analogs.forEach((a, i) => near(block.analogs[i]!, a, 6e-4, where));
  });
}

function checkPhasors(
  phasors: Dissected["blocks"][number]["phasors"],
  raw: RawBlock,
  pmu: Configuration["pmus"][number],
  where: string,
): void {
  const integer = (pmu.format & FormatBits.PhasorFloat) === 0;
  const values = toEngineering(pmu, raw).phasors;
  assert.equal(phasors.length, raw.phasors.length, where);
  phasors.forEach((p, i) => {
    const channel = pmu.phasors[i]!;
    assert.equal(p.name.trimEnd(), channel.name, where);
    assert.equal(p.unit, channel.kind === "V" ? "V" : "A", where);
    const [magnitude, angle] = values[i]!;
    // tshark prints a missing integer as NaN, mark or not.
    if (integer && !Number.isNaN(magnitude)) assert.deepEqual(p.raw, raw.phasors[i], where);
    near(p.magnitude, magnitude, 6e-4, where);
    if (Number.isNaN(angle)) assert.ok(Number.isNaN(p.angle), where);
    else near(((p.angle - angle + 540) % 360) - 180, 0, 6e-4, where);
    const radians = angle * Math.PI / 180;
    // An integer angle has a step of 1e-4 rad, but both sides start from the same step.
    near(p.rectangular[0], magnitude * Math.cos(radians), 6e-4, where);
    near(p.rectangular[1], magnitude * Math.sin(radians), 6e-4, where);
  });
}

function near(found: number, expected: number, within: number, where: string): void {
  if (Number.isNaN(expected)) {
    assert.ok(Number.isNaN(found), `expected NaN, found ${found}: ${where}`);
  } else {assert.ok(
      Math.abs(found - expected) <= within,
      `expected ${expected}, found ${found}: ${where}`,
    );}
}
