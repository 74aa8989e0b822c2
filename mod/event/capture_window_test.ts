import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type CaptureEvent,
  CaptureWindow,
  MAX_CAUSES,
  type RecordedTrigger,
  type TriggerCause,
} from "./mod.ts";

const RATE = 100;
const SETTINGS = { rate: RATE, maxSamples: 1000, pieceSamples: 25, eventsPerMinute: 600 };

const TOLD: RecordedTrigger = {
  name: "t",
  kind: "over",
  source: "bay1",
  channel: "Ia",
  value: 1,
  at: { seconds: 0, nanos: 0 },
  since: { seconds: 0, nanos: 0 },
  settings: {},
};

function cause(at: number, since = at): TriggerCause {
  return { told: TOLD, at, since };
}

/** Takes all pieces that can be had, as texts. */
function drain(window: CaptureWindow, first: number, next: number, flush = false): string[] {
  const texts: string[] = [];
  for (let piece; (piece = window.take(first, next, flush));) {
    texts.push(`${piece.event.id}:${piece.from}-${piece.to}${piece.isLast ? "!" : ""}`);
  }
  return texts;
}

Deno.test("a trigger is captured from before it to after it, in pieces that end with the grid", () => {
  const window = new CaptureWindow(SETTINGS);
  assert.equal(window.trigger("a", cause(1010), 30, 60, 900, 1011), "started");
  assert.equal(window.idAt(1010), "a");
  assert.deepEqual(drain(window, 900, 1011), ["a:980-1000"]);
  assert.deepEqual(drain(window, 900, 1024), []);
  assert.deepEqual(drain(window, 900, 1060), ["a:1000-1025", "a:1025-1050"]);
  assert.deepEqual(drain(window, 900, 1075), ["a:1050-1070!"]);
  assert.equal(window.isIdle, true);
  assert.equal(window.idAt(1010), undefined);
});

Deno.test("the time before the trigger counts from where its condition began", () => {
  const window = new CaptureWindow(SETTINGS);
  window.trigger("a", cause(1050, 1030), 10, 10, 900, 1051);
  assert.deepEqual(drain(window, 900, 1100), ["a:1020-1025", "a:1025-1050", "a:1050-1060!"]);
});

Deno.test("triggers inside an event join it and share its data", () => {
  const window = new CaptureWindow(SETTINGS);
  const events = new Set<CaptureEvent>();
  assert.equal(window.trigger("a", cause(1000), 10, 50, 0, 1001), "started");
  assert.equal(window.trigger("b", cause(1000), 10, 50, 0, 1001), "joined");
  assert.equal(window.trigger("c", cause(1040), 10, 50, 0, 1041), "joined");
  const cut: number[] = [];
  for (let piece; (piece = window.take(0, 2000, false));) {
    events.add(piece.event);
    for (let k = piece.from; k < piece.to; k++) cut.push(k);
  }
  assert.deepEqual(cut, Array.from({ length: 100 }, (_, i) => 990 + i));
  const [event] = [...events];
  assert.equal(events.size, 1);
  assert.deepEqual(event!.causes.map((c) => c.at), [1000, 1000, 1040]);
});

Deno.test("a trigger that wants more of what was before gets it, also when cutting has begun", () => {
  const fresh = new CaptureWindow(SETTINGS);
  fresh.trigger("a", cause(1000), 10, 20, 0, 1001);
  fresh.trigger("b", cause(1005), 30, 20, 0, 1006);
  assert.deepEqual(drain(fresh, 0, 1100), ["a:975-1000", "a:1000-1025!"]);
  const begun = new CaptureWindow(SETTINGS);
  begun.trigger("a", cause(1000), 10, 60, 0, 1001);
  assert.deepEqual(drain(begun, 0, 1001), ["a:990-1000"]);
  begun.trigger("b", cause(1005), 30, 20, 0, 1006);
  assert.deepEqual(drain(begun, 0, 1030), ["a:975-990", "a:1000-1025"]);
});

Deno.test("an event that is longest goes on in another one, which does not repeat its data", () => {
  const window = new CaptureWindow({ ...SETTINGS, maxSamples: 100 });
  window.trigger("a", cause(1000), 10, 50, 0, 1001);
  assert.equal(window.trigger("b", cause(1045), 10, 50, 0, 1046), "joined");
  assert.deepEqual(window.figures().started, 2);
  const pieces: { id: string; from: number; to: number; continues: string | undefined }[] = [];
  for (let piece; (piece = window.take(0, 2000, false));) {
    const { event, from, to } = piece;
    pieces.push({ id: event.id, from, to, continues: event.continues });
  }
  assert.deepEqual(
    pieces.filter((p) => p.id === "a").map((p) => [p.from, p.to, p.continues]),
    [[990, 1000], [1000, 1025], [1025, 1050], [1050, 1075], [1075, 1090]].map((
      p,
    ) => [...p, undefined]),
  );
  assert.deepEqual(pieces.filter((p) => p.id === "b").map((p) => [p.from, p.to, p.continues]), [
    [1090, 1095, "a"],
  ]);
});

Deno.test("a condition that lasts prolongs its event up to the longest", () => {
  const window = new CaptureWindow({ ...SETTINGS, maxSamples: 200 });
  window.trigger("a", cause(1000), 10, 50, 0, 1001);
  for (let k = 1001; k < 1500; k++) window.extend(k, 50);
  assert.equal(drain(window, 0, 2000).at(-1), "a:1175-1190!");
});

Deno.test("1,000 triggers in a second: the rate is limited, and everything is counted", () => {
  const rate = 4800;
  const window = new CaptureWindow({
    rate,
    maxSamples: 4,
    pieceSamples: 2400,
    eventsPerMinute: 10,
  });
  const outcomes: Record<string, number> = {};
  for (let i = 0; i < 1000; i++) {
    const at = 1_000_000 + Math.round((i * rate) / 1000);
    const outcome = window.trigger(`${i}`, cause(at), 1, 2, 0, at + 1);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    window.pass(rate / 1000);
    drain(window, 0, at + 4);
  }
  assert.deepEqual(outcomes, { started: 10, limited: 990 });
  assert.deepEqual(window.figures(), {
    triggers: 1000,
    started: 10,
    joined: 0,
    limited: 990,
    outOfReach: 0,
    open: 0,
    lostSamples: 0,
  });
  window.pass(rate * 6); // a tenth of a minute: one more
  assert.equal(window.trigger("x", cause(2e6), 1, 2, 0, 2e6 + 1), "started");
  assert.equal(window.trigger("y", cause(3e6), 1, 2, 0, 3e6 + 1), "limited");
});

Deno.test("1,000 triggers in one event: the causes are bounded", () => {
  const window = new CaptureWindow(SETTINGS);
  for (let i = 0; i < 1000; i++) window.trigger(`${i}`, cause(1000), 10, 50, 0, 1001);
  const event = window.take(0, 2000, false)!.event;
  assert.equal(event.causes.length, MAX_CAUSES);
  assert.equal(event.unlisted, 1000 - MAX_CAUSES);
});

for (
  const [name, k, gone, pieces, missing] of [
    ["an hour back", 1020 - 360_000, 0, ["a:-358980--358975", "a:-358975--358970!"], 0],
    ["a step forward", 5000, 0, ["a:5000-5010!"], 0],
    ["a short gap", 1046, 6, ["a:1046-1050!"], 6],
    ["a gap longer than the event", 9000, 7960, ["a:1050-1050!"], 10],
  ] as [string, number, number, string[], number][]
) {
  Deno.test(`the numbering jumps in an event: ${name}`, () => {
    const window = new CaptureWindow(SETTINGS);
    window.trigger("a", cause(1000), 10, 50, 0, 1001);
    const event = window.take(0, 1001, false)!.event;
    assert.deepEqual(drain(window, 0, 1040, true), ["a:1000-1025", "a:1025-1040"]);
    window.restart(1040, k, gone);
    assert.deepEqual(drain(window, k, k, false), gone > 10 ? pieces : []);
    if (gone <= 10) assert.deepEqual(drain(window, k, k + 100, false), pieces);
    assert.deepEqual([event.missing, event.jumps, event.lost], [missing, 1, 0]);
  });
}

Deno.test("samples that were overwritten before they were cut are counted", () => {
  const window = new CaptureWindow(SETTINGS);
  window.trigger("a", cause(1000), 100, 50, 940, 1001);
  const event = window.take(980, 1001, false)!.event;
  assert.deepEqual([event.short, event.lost], [40, 40]); // 900 to 939 never there, to 979 lost
  drain(window, 2000, 3000);
  assert.equal(event.lost, 40 + 50);
  assert.equal(window.figures().lostSamples, 90);
});

Deno.test("a stream that ends closes its events with what is there", () => {
  const window = new CaptureWindow(SETTINGS);
  window.trigger("a", cause(1000), 10, 50, 0, 1001);
  window.stop(1020);
  assert.deepEqual(drain(window, 0, 1020, true), ["a:990-1000", "a:1000-1020!"]);
});

Deno.test("a trigger of another stream's time that this ring cannot reach is refused and counted", () => {
  const window = new CaptureWindow(SETTINGS);
  assert.equal(window.trigger("a", cause(500), 10, 50, 600, 1000), "outOfReach");
  assert.equal(window.trigger("a", cause(1000 + 61 * RATE), 10, 50, 600, 1000), "outOfReach");
  assert.equal(window.trigger("a", cause(1100), 10, 50, 600, 1000), "started");
  assert.deepEqual(drain(window, 600, 1100), ["a:1090-1100"]);
  assert.equal(window.figures().outOfReach, 2);
});

interface Step {
  readonly kind: "write" | "trigger" | "restart" | "take";
  readonly n: number;
  readonly pre: number;
  readonly post: number;
  readonly isGap: boolean;
}

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom(
      "write" as const,
      "write" as const,
      "trigger" as const,
      "restart" as const,
    ),
    n: fc.integer({ min: 1, max: 80 }),
    pre: fc.integer({ min: 0, max: 60 }),
    post: fc.integer({ min: 1, max: 120 }),
    isGap: fc.boolean(),
  }),
  { maxLength: 60 },
);

/** Where samples were taken, whatever they were numbered: gaps count, steps of the clock do not. */
class World {
  readonly capacity = 150;
  first = 100_000;
  next = 100_000;
  place = 0;
  readonly there = new Set<number>();

  write(): void {
    this.there.add(this.place++);
    this.next++;
    this.first = Math.max(this.first, this.next - this.capacity);
  }

  jump(k: number, gone: number): void {
    this.first = k;
    this.next = k;
    this.place += gone;
  }

  placeOf(k: number): number {
    return this.place - (this.next - k);
  }
}

Deno.test("model: what is asked for is cut once per event, in order, and all of it", () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 130, max: 400 }), (list: Step[], maxSamples) => {
      const window = new CaptureWindow({ ...SETTINGS, maxSamples, pieceSamples: 25 });
      const world = new World();
      const cut = new Map<CaptureEvent, Set<number>>();
      const ended = new Set<CaptureEvent>();
      const wanted: [number, number][] = [];
      const takeAll = (flush: boolean) => {
        for (let piece; (piece = window.take(world.first, world.next, flush));) {
          const { event, from, to } = piece;
          assert.ok(!ended.has(event));
          assert.ok(to - from <= 25);
          if (to > from) {
            assert.ok(from >= world.first && to <= world.next);
            assert.equal(Math.floor(from / 25), Math.floor((to - 1) / 25));
          }
          const places = cut.get(event) ?? new Set();
          cut.set(event, places);
          for (let k = from; k < to; k++) {
            const place = world.placeOf(k);
            assert.ok(!places.has(place), "a sample was cut twice");
            places.add(place);
          }
          if (piece.isLast) ended.add(event);
        }
      };
      list.forEach((step, i) => {
        if (step.kind === "write") {
          for (let j = 0; j < step.n; j++) {
            world.write();
            window.pass(1);
            takeAll(false);
          }
        } else if (step.kind === "trigger") {
          const at = Math.max(world.first, world.next - (step.n % 10) - 1);
          const { limited } = window.figures();
          const outcome = window.trigger(
            `${i}`,
            cause(at),
            step.pre,
            step.post,
            world.first,
            world.next,
          );
          if (outcome !== "limited" && window.figures().limited === limited) {
            const earliest = Math.max(world.first, at - step.pre, at + step.post - maxSamples);
            const from = outcome === "started" ? earliest : at;
            wanted.push([world.placeOf(from), world.placeOf(at + step.post)]);
          }
        } else {
          takeAll(true);
          const gone = step.isGap ? step.n : 0;
          const k = step.isGap ? world.next + gone : world.next + (step.n - 40) * 1000;
          window.restart(world.next, k, gone);
          world.jump(k, gone);
        }
      });
      window.stop(world.next);
      takeAll(true);
      assert.equal(window.isIdle, true);
      const all = new Set([...cut.values()].flatMap((places) => [...places]));
      for (const [from, to] of wanted) {
        for (let place = from; place < to; place++) {
          if (world.there.has(place)) assert.ok(all.has(place), `place ${place} was not cut`);
        }
      }
      for (const [event, places] of cut) {
        assert.equal(event.lost, 0);
        assert.ok(places.size <= maxSamples);
        assert.equal(places.size + event.missing, event.end - event.start);
      }
      const { triggers, started, joined, limited, outOfReach } = window.figures();
      assert.equal(triggers, list.filter((s) => s.kind === "trigger").length);
      assert.ok(started + joined + limited + outOfReach >= triggers);
    }),
    { numRuns: 500 },
  );
});
