/**
 * What the values of a stream mean, in the order in which `DataDecoder` writes them.
 *
 * @module
 */
import { type SignalDraft, signalDraft } from "../core/mod.ts";
import type { Configuration, PhasorChannel, PmuConfiguration } from "./types.ts";

/** The signals of one PMU. */
export interface PmuSignals {
  /** The PMU. */
  readonly pmu: PmuConfiguration;
  /** Position of its first value in the layout. */
  readonly offset: number;
  /**
   * Phasors (magnitude, then angle), FREQ, DFREQ, analogs, digital words, status word; `drafts[i]`
   * describes value `offset + i`.
   */
  readonly drafts: readonly SignalDraft[];
}

/** The signals of a stream. */
export interface StreamSignals {
  /** One entry per PMU in the order of the configuration. */
  readonly pmus: readonly PmuSignals[];
  /** The time quality of the stream (QUAL), the last value of the layout. */
  readonly quality: SignalDraft;
  /** Number of values in the layout: those of all PMUs and QUAL. */
  readonly count: number;
}

/** Lists the signals of a configuration in layout order. */
export function signalsOf(configuration: Configuration): StreamSignals {
  let offset = 0;
  const pmus = configuration.pmus.map((pmu): PmuSignals => {
    const drafts = pmuDrafts(pmu);
    const entry = { pmu, offset, drafts };
    offset += drafts.length;
    return entry;
  });
  return {
    pmus,
    quality: signalDraft("QUAL", "", "", 0, "Time quality of the stream"),
    count: offset + 1,
  };
}

/** Phase of a phasor, `A`, `B`, `C`, `+`, `-`, `0` or empty: from PHSCALE, or guessed from its name. */
export function phaseOf(channel: PhasorChannel): string {
  if (channel.scaling) return COMPONENT_PHASES[channel.scaling.component] ?? "";
  const name = channel.name;
  const letter = /(?:^|[^a-z])[vi]([abc]|[012](?!\d))(?=$|[^a-z]|lpm|pm)/i.exec(name) ??
    /\b(?:phase|ph)[ _-]?([abc])\b/i.exec(name) ?? /\b([abc])[ _-]?(?:phase|ph)\b/i.exec(name);
  if (letter) {
    const found = letter[1]!.toUpperCase();
    return { "0": "0", "1": "+", "2": "-" }[found] ?? found;
  }
  if (/\bpos/i.test(name)) return "+";
  if (/\bneg/i.test(name)) return "-";
  return /\bzero/i.test(name) ? "0" : "";
}

const COMPONENT_PHASES: readonly string[] = ["0", "+", "-", "", "A", "B", "C", ""];

function pmuDrafts(pmu: PmuConfiguration): SignalDraft[] {
  const drafts: SignalDraft[] = [];
  pmu.phasors.forEach((channel, i) => {
    const phase = phaseOf(channel);
    const what = `${pmu.station} ${channel.name}`.trim();
    const voltage = channel.kind === "V";
    drafts.push(
      signalDraft(voltage ? "VPHM" : "IPHM", channel.name, phase, i + 1, `${what} magnitude`),
      signalDraft(voltage ? "VPHA" : "IPHA", channel.name, phase, i + 1, `${what} angle`),
    );
  });
  drafts.push(
    signalDraft("FREQ", "", "", 0, `${pmu.station} frequency`),
    signalDraft("DFDT", "", "", 0, `${pmu.station} rate of change of frequency`),
  );
  pmu.analogs.forEach((channel, i) =>
    drafts.push(
      signalDraft("ALOG", channel.name, "", i + 1, `${pmu.station} ${channel.name}`.trim()),
    )
  );
  pmu.digitals.forEach((channel, i) => {
    // All bit names together: a bit that comes to mean something else makes another signal.
    const label = channel.names.join("|").replace(/\|+$/, "");
    drafts.push(signalDraft("DIGI", label, "", i + 1, `${pmu.station} digital word ${i + 1}`));
  });
  drafts.push(signalDraft("FLAG", "", "", 0, `${pmu.station} status`));
  return drafts;
}
