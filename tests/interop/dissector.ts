/**
 * Asks tshark what C37.118 frames mean, and reads its answer.
 *
 * @module
 */
import { type CapturedDatagram, pcapOf } from "./pcap_writer.ts";

/** A phasor as tshark prints it. */
export interface DissectedPhasor {
  /** Channel name as in the configuration, padding included. */
  readonly name: string;
  /** Magnitude, three decimals. */
  readonly magnitude: number;
  /** `V` or `A`. */
  readonly unit: string;
  /** Degrees, three decimals. */
  readonly angle: number;
  /** Real and imaginary part, three decimals. */
  readonly rectangular: readonly [number, number];
  /** The integers on the wire, for integer formats. */
  readonly raw?: readonly [number, number];
}

/** One PMU of a data frame as tshark prints it. */
export interface DissectedBlock {
  /** Station name. */
  readonly station: string;
  /** STAT, put together from the printed bits. */
  stat: number;
  /** Phasors. */
  readonly phasors: DissectedPhasor[];
  /** Deviation in mHz for integers, hertz for floats. */
  freq: number;
  /** Hz/s. */
  dfreq: number;
  /** Analogs. */
  readonly analogs: number[];
  /** Digital words. */
  readonly digitals: number[];
}

/** A frame as tshark prints it. */
export interface Dissected {
  /** Title, for example `Data Frame [correct]`. */
  readonly title: string;
  /** Lines without indentation. */
  readonly lines: readonly string[];
  /** SYNC, FRAMESIZE, stream IDCODE, fraction count, time quality byte. */
  readonly sync: number;
  readonly size: number;
  readonly idCode: number;
  readonly fracSec: number;
  readonly timeQuality: number;
  /** SOC as tshark's date, in seconds since 1970. */
  readonly soc: number;
  /** True if tshark finds CHK right. */
  readonly checkGood: boolean;
  /** Blocks of a data frame; empty for others. */
  readonly blocks: readonly DissectedBlock[];
}

/** Dissects datagrams; one answer for each, in order. */
export async function dissect(datagrams: readonly CapturedDatagram[]): Promise<Dissected[]> {
  const file = await Deno.makeTempFile({ suffix: ".pcap" });
  try {
    await Deno.writeFile(file, pcapOf(datagrams));
    const { code, stdout, stderr } = await new Deno.Command("tshark", {
      args: ["-r", file, "-O", "synphasor", "-o", "udp.check_checksum:FALSE"],
      env: { LC_ALL: "C.UTF-8" },
    }).output();
    if (code !== 0) throw new Error(`tshark failed: ${new TextDecoder().decode(stderr)}`);
    return new TextDecoder().decode(stdout).split(/^(?=Frame \d+:)/m)
      .filter((part) => part.startsWith("Frame ")).map(parseFrame);
  } finally {
    await Deno.remove(file);
  }
}

function parseFrame(text: string): Dissected {
  const all = text.split("\n").map((line) => line.trim());
  const start = all.findIndex((line) => line.startsWith("IEEE C37.118 Synchrophasor Protocol"));
  if (start < 0) throw new Error(`tshark does not see C37.118 in: ${text.slice(0, 400)}`);
  const lines = all.slice(start + 1).filter((line) => line !== "");
  const dataAt = lines.indexOf("Measurement data");
  return {
    title: all[start]!.replace("IEEE C37.118 Synchrophasor Protocol, ", ""),
    lines,
    sync: Number(find(lines, /^Synchronization word: (0x[0-9a-f]{4})$/)),
    size: Number(find(lines, /^Framesize: (\d+) bytes$/)),
    idCode: Number(find(lines, /^PMU\/DC ID number \(Stream source ID\): (\d+)$/)),
    fracSec: Number(find(lines, /^Fraction of second \(raw\): (\d+)$/)),
    timeQuality: bitsOf(
      lines.slice(0, dataAt < 0 ? 12 : dataAt).filter((l) => /^[01.]{4} [01.]{4} = /.test(l)),
    ),
    soc: Date.parse(find(lines, /^SOC time stamp: (.*)$/).replace(/\.0+ /, " ")) / 1000,
    checkGood: lines.includes("[Checksum Status: Good]"),
    blocks: dataAt < 0 ? [] : parseBlocks(lines.slice(dataAt + 1)),
  };
}

function find(lines: readonly string[], pattern: RegExp): string {
  for (const line of lines) {
    const match = pattern.exec(line);
    if (match) return match[1]!;
  }
  throw new Error(`tshark prints no ${pattern} in: ${lines.slice(0, 20).join(" | ")}`);
}

/** Puts printed bit patterns such as `..0. .... = x` together. */
export function bitsOf(lines: readonly string[]): number {
  let value = 0;
  for (const line of lines) {
    const bits = line.slice(0, line.indexOf(" = ")).replaceAll(" ", "").replaceAll(".", "0");
    value |= parseInt(bits, 2);
  }
  return value;
}

const NUMBER = String.raw`\s*(-?(?:[\d.]+(?:e[+-]?\d+)?|NAN|nan|inf))`;
const PHASOR = new RegExp(
  `^Phasor #\\d+: "(.*)",${NUMBER}([VA]) ∠${NUMBER}° alt${NUMBER}\\+j${NUMBER}[VA](?:; unscaled:${NUMBER},${NUMBER})?$`,
);

function parseBlocks(lines: readonly string[]): DissectedBlock[] {
  const blocks: DissectedBlock[] = [];
  for (const line of lines) {
    const station = /^Station: "(.*)"$/.exec(line);
    if (station) {
      blocks.push({
        station: station[1]!,
        stat: 0,
        phasors: [],
        freq: NaN,
        dfreq: NaN,
        analogs: [],
        digitals: [],
      });
      continue;
    }
    const block = blocks.at(-1);
    if (!block) continue;
    if (/^[01.]{4} [01.]{4} [01.]{4} [01.]{4} = /.test(line)) block.stat |= bitsOf([line]);
    const phasor = PHASOR.exec(line);
    if (phasor) {
      block.phasors.push({
        name: phasor[1]!,
        magnitude: real(phasor[2]!),
        unit: phasor[3]!,
        angle: real(phasor[4]!),
        rectangular: [real(phasor[5]!), real(phasor[6]!)],
        ...(phasor[7] === undefined ? {} : { raw: [real(phasor[7]), real(phasor[8]!)] as const }),
      });
    }
    const value = new RegExp(
      `^(Frequency deviation from nominal|Actual frequency value|Rate of change of frequency):${NUMBER}`,
    ).exec(line);
    if (value) {
      if (value[1] === "Rate of change of frequency") block.dfreq = real(value[2]!);
      else block.freq = real(value[2]!);
    }
    const analog = new RegExp(`^Analog value #\\d+: ".*",${NUMBER}`).exec(line);
    if (analog) block.analogs.push(real(analog[1]!));
    const digital = /^Digital status word #\d+: (0x[0-9a-f]{4})$/.exec(line);
    if (digital) block.digitals.push(Number(digital[1]));
  }
  return blocks;
}

function real(text: string): number {
  if (/nan$/i.test(text)) return NaN;
  if (text.endsWith("inf")) return text.startsWith("-") ? -Infinity : Infinity;
  return Number(text);
}
