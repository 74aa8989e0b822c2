/**
 * What a subscriber has to get, worked out anew from what the simulator says it sent.
 *
 * @module
 */
import assert from "node:assert/strict";
import { stateFlagsOf } from "../../mod/c37118/mod.ts";
import { type FrameRecord, type PmuSimulator, signalSuffixes } from "../../mod/sim/mod.ts";
import type { RecordedPmu } from "./site.ts";
import { type Point, stampOfTime, type Subscriber } from "./subscriber.ts";

/** Stamp of a frame with TIME_BASE 1,000,000. */
export function stampOfRecord({ soc, fracSec }: FrameRecord): number {
  return stampOfTime(soc, fracSec * 10);
}

/** Values and flags of a frame of a PMU alone in its stream, by suffix of the signal reference. */
export function pointsOf(pmu: PmuSimulator, record: FrameRecord): Map<string, Point> {
  const device = pmu.devices[0]!; // a stream has at least one
  const flags = stateFlagsOf(pmu.model.statAt(device.device, record.second));
  const points = new Map<string, Point>(
    signalSuffixes(device).map((suffix, i) => [suffix, {
      value: pmu.model.valueAt(device, i, record.second, record.index, record.rate),
      flags,
    }]),
  );
  points.set("QF", { value: record.timeQuality * 2 ** 24, flags: 0 });
  return points;
}

/** Whether a frame has gone to somebody as it was made. */
export function isSent({ fate, receivers }: FrameRecord): boolean {
  return fate !== "lost" && fate !== "corrupt" && receivers > 0;
}

const NONE: ReadonlySet<number> = new Set();

/**
 * Checks that from its first measurement of each PMU on a subscriber has every value of every frame
 * that was sent, exact, with flags and stamp, and nothing else; returns the number of measurements.
 *
 * `isExpected` says which signals the subscriber is to have; `byGroup` compares flags as compact
 * measurements carry them, where each bit stands for a group.
 */
export function checkSeries(
  subscriber: Subscriber,
  pmus: readonly RecordedPmu[],
  { isExpected = () => true, byGroup = false, skip = NONE }: {
    readonly isExpected?: (reference: string) => boolean;
    readonly byGroup?: boolean;
    /** Positions of PMUs that are not looked at. */
    readonly skip?: ReadonlySet<number>;
  } = {},
): number {
  assert.deepEqual(subscriber.extra, []);
  let compared = 0;
  const series = new Map(
    [...subscriber.references()].map(([reference, id]) => [
      reference,
      subscriber.series.get(id) ?? new Map<number, Point>(),
    ]),
  );
  pmus.forEach(({ pmu, records }, i) => {
    if (skip.has(i)) return;
    const name = `PMU${i + 1}`;
    const sent = records.filter(isSent);
    const first = Math.min(
      ...[...pointsOf(pmu, sent[0]!).keys()].flatMap((suffix) => [
        ...(series.get(`${name}-${suffix}`)?.keys() ?? []),
      ]),
    );
    assert.ok(Number.isFinite(first), `${name}: nothing came`);
    const due = new Map(
      sent.filter((r) => stampOfRecord(r) >= first).map((r) => [stampOfRecord(r), r]),
    );
    for (const suffix of pointsOf(pmu, sent[0]!).keys()) {
      const reference = `${name}-${suffix}`;
      const size = series.get(reference)?.size ?? 0;
      const expected = isExpected(reference) ? due.size : 0;
      assert.equal(size, expected, `${reference}: ${size} measurements, expected ${expected}`);
    }
    for (const [stamp, record] of due) {
      for (const [suffix, point] of pointsOf(pmu, record)) {
        const reference = `${name}-${suffix}`;
        if (!isExpected(reference)) continue;
        const flags = byGroup ? groupFlags(point.flags) : point.flags;
        samePoint(
          series.get(reference)!.get(stamp),
          { ...point, flags },
          `${reference} at ${stamp}`,
        );
        compared++;
      }
    }
  });
  return compared;
}

/** Checks one measurement, bit for bit. */
export function samePoint(found: Point | undefined, expected: Point, what: string): void {
  assert.ok(found, `${what}: missing`);
  assert.ok(
    Object.is(found.value, expected.value),
    `${what}: expected ${expected.value}, found ${found.value}`,
  );
  assert.equal(found.flags, expected.flags, `${what}: flags`);
}

/** Every bit of the groups that `flags` touches, for those bits that C37.118 sets. */
function groupFlags(flags: number): number {
  return ((flags & 0x0000ef03 ? 0x0000ef03 : 0) | (flags & 0x00bf0000 ? 0x00bf0000 : 0) |
    (flags & 0xe0000000 ? 0xe0000000 : 0)) >>> 0;
}
