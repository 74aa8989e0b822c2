import assert from "node:assert/strict";
import fc from "fast-check";
import { type ChangeOptions, ChangePlan } from "./change_plan.ts";
import { imageOf, sameShape, shapeOf, type StreamShape } from "./shape.ts";
import { onePmu, outputOptions, PART, Station } from "./testing.ts";

/** Shapes that differ in one name. */
const SHAPES = ["One", "Two", "Three"].map((station): StreamShape => {
  const options = outputOptions();
  const place = new Station(options);
  place.device("A", onePmu({ station }));
  const { layout } = place.aligned(1_700_000_000, 0, {});
  return shapeOf(layout, place.access.permitted(PART), place.registry, options)!;
});
const [ONE, TWO, THREE] = SHAPES as [StreamShape, StreamShape, StreamShape];
const TIMES: ChangeOptions = { settleMs: 2000, noticeMs: 60_000, noticeFirst: true };

const nameOf = (shape: StreamShape | undefined) => shape?.configuration.pmus[0]?.station;
const countOf = (shape: StreamShape | undefined) => shape?.configuration.pmus[0]?.cfgCnt;

Deno.test("output/c37118: the first configuration settles, and is told without notice", () => {
  const plan = new ChangePlan(TIMES);
  plan.propose(ONE, 0);
  assert.equal(plan.advance(1999), false);
  plan.propose(TWO, 1999); // not settled yet
  assert.equal(plan.advance(3998), false);
  assert.equal(plan.advance(3999), true);
  assert.deepEqual([nameOf(plan.current), countOf(plan.current), plan.changes], ["Two", 0, 1]);
  assert.equal(plan.announces(3999), false);
});

Deno.test("output/c37118: a change is announced to who was told, and what is taken back is none", () => {
  const plan = new ChangePlan({ ...TIMES, settleMs: 0 });
  plan.propose(ONE, 0);
  plan.advance(0);
  plan.told();
  plan.propose(TWO, 1000);
  assert.equal(plan.announces(1000), true);
  plan.propose(THREE, 50_000); // not put off
  assert.equal(plan.remainingMs(50_000), 11_000);
  plan.propose(ONE, 55_000);
  assert.deepEqual([plan.announces(55_000), plan.remainingMs(55_000)], [false, undefined]);
  assert.equal(plan.advance(200_000), false);
  plan.propose(THREE, 200_000);
  assert.equal(plan.advance(260_000), true);
  assert.deepEqual([nameOf(plan.current), countOf(plan.current)], ["Three", 1]);
  assert.equal(plan.announces(260_000), false);
});

Deno.test("output/c37118: in edition 2005 the change comes first, and the notice after it", () => {
  const plan = new ChangePlan({ settleMs: 0, noticeMs: 60_000, noticeFirst: false });
  plan.propose(ONE, 0);
  plan.advance(0);
  assert.equal(plan.announces(0), false);
  plan.told();
  plan.propose(TWO, 1000);
  assert.equal(plan.advance(1000), true);
  assert.deepEqual([plan.announces(60_999), plan.announces(61_000)], [true, false]);
});

Deno.test("output/c37118: CFGCNT goes on from what was told before a restart", () => {
  const known = { cfgCnt: 0xffff, isSame: (s: StreamShape) => sameShape(s, ONE) };
  for (const [shape, expected] of [[ONE, 0xffff], [TWO, 0]] as const) {
    const plan = new ChangePlan({ ...TIMES, settleMs: 0 });
    plan.remember(known);
    plan.propose(shape, 0);
    plan.advance(0);
    assert.equal(countOf(plan.current), expected);
    plan.remember({ cfgCnt: 5, isSame: () => true }); // too late
    assert.equal(plan.cfgCnt, expected);
  }
});

Deno.test("output/c37118: the image of a shape tells everything but CFGCNT", () => {
  assert.deepEqual(imageOf(ONE), imageOf({ ...ONE }));
  assert.notDeepEqual(imageOf(ONE), imageOf(TWO));
});

Deno.test("output/c37118: CFGCNT counts the changes, and no change comes without its notice", () => {
  const step = fc.oneof(
    fc.constantFrom(...SHAPES, undefined),
    fc.nat({ max: 90_000 }),
    fc.constant("told" as const),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const plan = new ChangePlan(TIMES);
    let now = 0, announcedSince = Infinity, counted = -1, told = false;
    for (const s of steps) {
      if (s === "told") {
        plan.told();
        told ||= plan.current !== undefined;
      } else if (typeof s === "number") now += s;
      else plan.propose(s, now);
      if (!plan.announces(now)) announcedSince = Infinity;
      else if (announcedSince === Infinity) announcedSince = now;
      const wasTold: boolean = told, before = plan.current;
      if (plan.advance(now)) {
        if (plan.current) counted++;
        else told = false;
        assert.ok(!wasTold || now - announcedSince >= 0, "announced before it was made");
        assert.ok(!sameShape(before, plan.current));
        announcedSince = Infinity;
      }
      assert.equal(plan.cfgCnt, Math.max(0, counted));
    }
  }));
});
