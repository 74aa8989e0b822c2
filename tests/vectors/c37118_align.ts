/**
 * The concentrator cases: slot choice and wrap-aware averages of angles.
 *
 * @module
 */
import {
  averageDegrees,
  floorSlot,
  nearestSlot,
  type Slot,
  slotTicks,
} from "../../mod/align/mod.ts";
import { compareAngle } from "./c37118_compare.ts";
import { firstDifference, type Report } from "./report.ts";

/** What `concentrator-align.json` holds; ticks are decimal texts since 1970. */
export interface AlignFile {
  /** Slot choice. */
  readonly align: readonly {
    readonly ticksSinceEpoch: string;
    readonly fps: number;
    readonly timeResolution: number;
    readonly slot: string;
    readonly nearestSlot: string;
  }[];
  /** Averages of angles. */
  readonly angleAverage: readonly {
    readonly degrees: readonly number[];
    readonly average: number;
  }[];
}

/** Runs all cases of the file. */
export function runAlign(json: AlignFile, report: Report): void {
  const slot: Slot = { second: 0, index: 0 };
  json.align.forEach((v, i) => {
    const all = BigInt(v.ticksSinceEpoch);
    const second = Number(all / PER_SECOND), ticks = Number(all % PER_SECOND);
    floorSlot(slot, second, ticks, v.fps, v.timeResolution);
    const byFloor = stampOf(slot, v.fps);
    nearestSlot(slot, second, ticks, v.fps);
    const difference = firstDifference(byFloor, v.slot, "slot") ??
      firstDifference(stampOf(slot, v.fps), v.nearestSlot, "nearestSlot");
    if (difference) report.fail(`align ${i}`, difference);
    else report.pass(`align ${i}`);
  });
  json.angleAverage.forEach((v, i) => {
    const difference = compareAngle(averageDegrees(v.degrees), v.average, "average");
    if (difference) report.fail(`angleAverage ${i}`, difference);
    else report.pass(`angleAverage ${i}`);
  });
}

const PER_SECOND = 10_000_000n;

function stampOf(slot: Slot, rate: number): string {
  return String(BigInt(slot.second) * PER_SECOND + BigInt(slotTicks(slot.index, rate)));
}
