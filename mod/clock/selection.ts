/**
 * Which source is followed: the first in the configured order that can be, and who disagrees with it.
 *
 * @module
 */
import type { SourceJudgement } from "./tracker.ts";
import { durationText } from "../ptp/mod.ts";

/** What {@linkcode SourceSelection} decided. */
export interface Selected {
  /** The source that is followed; undefined if none can be. */
  readonly chosen: SourceJudgement | undefined;
  /** Pairs that differ by more than both admit, in words. */
  readonly disagreements: readonly string[];
}

/** Seconds that a source that comes before the followed one must hold before it is taken. */
const RETURN_MS = 5000;

/** Chooses among sources in their order, without flapping. */
export class SourceSelection {
  #current = "";
  readonly #usableSince = new Map<string, number>();

  /** Chooses at `nowMs` among the sources, given in the configured order. */
  choose(sources: readonly SourceJudgement[], nowMs: number): Selected {
    for (const { name, reading } of sources) {
      if (!reading.usable) this.#usableSince.delete(name);
      else if (!this.#usableSince.has(name)) this.#usableSince.set(name, nowMs);
    }
    const usable = sources.filter((s) => s.reading.usable);
    const current = usable.find((s) => s.name === this.#current);
    const chosen = usable.find((s) =>
      !current || s === current || nowMs - this.#usableSince.get(s.name)! >= RETURN_MS
    );
    this.#current = chosen?.name ?? "";
    return { chosen, disagreements: disagreements(usable, nowMs) };
  }
}

/** Offsets are against the same own clock, so that two references can be compared by them. */
function disagreements(usable: readonly SourceJudgement[], nowMs: number): string[] {
  const found: string[] = [];
  const measured = usable.filter((s) =>
    Number.isFinite(s.offsetNs) && Number.isFinite(s.reading.referenceErrorNs)
  );
  measured.forEach((a, i) => {
    for (const b of measured.slice(i + 1)) {
      const apart = Math.abs(a.offsetNs - b.offsetNs);
      const admitted = admittedNs(a, nowMs) + admittedNs(b, nowMs);
      if (apart > admitted) {
        found.push(
          `${a.name} and ${b.name} are ${durationText(Math.round(apart))} apart and admit ${
            durationText(Math.round(admitted))
          }`,
        );
      }
    }
  });
  return found;
}

/** What a source admits of its offset, which may have been measured minutes ago. */
function admittedNs({ reading, deviationNs }: SourceJudgement, nowMs: number): number {
  const { referenceErrorNs, growthNsPerSecond, sampleMs } = reading;
  return referenceErrorNs + 3 * deviationNs +
    growthNsPerSecond * Math.max(0, nowMs - sampleMs) / 1000;
}
