/**
 * What would configure a stream that was seen, as far as the wire tells.
 *
 * @module
 */
import { acronymOf, type SeenDevice } from "../../core/mod.ts";
import { tomlLiteral } from "../../config/mod.ts";

/** What was seen of a stream. */
export interface SeenStream {
  /** `svID`. */
  readonly svId: string;
  /** APPID. */
  readonly appid: number;
  /** Destination address. */
  readonly destination: string;
  /** VLAN identifier; null without a tag. */
  readonly vlan: number | null;
  /** The simulation bit. */
  readonly simulation: boolean;
  /** ASDUs in a frame. */
  readonly asdus: number;
  /** Octets of one data set. */
  readonly dataSetBytes: number;
  /** Samples per second; null while it is not known. */
  readonly rate: number | null;
}

/** A proposed entry of `streams`. */
export type Proposal = Pick<SeenDevice, "acronym" | "settings" | "guessed" | "missing">;

/** Nominal frequencies of rates that are used with one of them alone (9-2LE, IEC 61869-9 table 902). */
const NOMINAL_OF_RATE: Readonly<Record<number, 50 | 60>> = {
  4000: 50,
  12_800: 50,
  5760: 60,
  15_360: 60,
};
const CHANNEL_OCTETS = 8;

/**
 * Settings for a stream. `nominalHz` is that of the other streams of the input, undefined if they differ or there are
 * none: the wire does not tell it where the rate is used with both.
 */
export function proposalOf(seen: SeenStream, nominalHz: 50 | 60 | undefined): Proposal {
  const { svId, appid, destination, vlan, simulation, asdus, rate } = seen;
  const channels = seen.dataSetBytes / CHANNEL_OCTETS;
  const isPlain = channels === 8 && asdus === 1;
  const settings: Record<string, string | number> = { svId, appid, destination };
  const guessed: string[] = [], missing: string[] = [];
  if (vlan !== null && vlan > 0) settings["vlan"] = vlan;
  const told = rate === null ? undefined : NOMINAL_OF_RATE[rate];
  // 80 samples per cycle are 9-2LE at 60 Hz, or the preferred rate of IEC 61869-9 at either.
  const hz = told ?? nominalHz ?? (isPlain && rate === 4800 ? 60 : undefined);
  if (hz === undefined) missing.push("nominalHz");
  else settings["nominalHz"] = hz;
  if (told === undefined && hz !== undefined) guessed.push("nominalHz");
  if (isPlain && hz !== undefined && rate === 80 * hz) settings["preset"] = "9-2LE";
  else if (channels === 8 && asdus === 8 && hz !== undefined && rate === 256 * hz) {
    settings["preset"] = "9-2LE-256";
  } else if (Number.isInteger(channels) && channels >= 2 && channels <= 24 && rate !== null) {
    const voltages = Math.floor(channels / 2);
    settings["preset"] = `F${rate}S${asdus}I${channels - voltages}U${voltages}`;
    guessed.push("preset");
  } else {
    settings["asdus"] = asdus;
    if (rate === null) missing.push("rate");
    else settings["rate"] = rate;
    missing.push("channels");
  }
  if (simulation) {
    settings["simulation"] = "accept";
    guessed.push("simulation");
  }
  return { acronym: acronymOf(svId).slice(0, 64) || "MU", settings, guessed, missing };
}

/** The lines that would configure it; what has to be looked at or is missing is marked. */
export function proposalToml({ acronym, settings, guessed, missing }: Proposal): string {
  const lines = Object.entries({ acronym, ...settings }).map(([key, value]) => {
    const literal = key === "appid"
      ? `0x${Number(value).toString(16).padStart(4, "0")}`
      : tomlLiteral(value);
    return `${key} = ${literal}${guessed.includes(key) ? " # check: it is a guess" : ""}`;
  });
  const asked = missing.map((key) => `# ${key} = ... # the wire does not tell it`);
  return ["[[input.NAME.streams]]", ...lines, ...asked].join("\n");
}
