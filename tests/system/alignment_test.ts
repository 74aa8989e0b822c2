import assert from "node:assert/strict";
import { detailOf, inputsRun, inputToml, PLAIN_OUTPUT, PLAIN_SUBSCRIBER, Site } from "./site.ts";
import { until } from "../support/waiting.ts";

/** What an aligner says of one source's delay; the shape of the aligner's advice. */
interface Advice {
  readonly source: string;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly lateShare: number;
  readonly suggestedWaitMs: number;
  readonly tooShort: boolean;
}

/** What became of the frames of a source; the shape of the aligner's figures. */
function late(detail: Record<string, unknown>, source: string): { late: number; received: number } {
  return (detail["sources"] as Record<string, { late: number; received: number }>)[source]!;
}

Deno.test("alignment: a wait shorter than a source's delay is named with a better one; late frames are counted", async () => {
  await Site.with(async (site) => {
    const quick = await site.pmu(1);
    const slow = await site.pmu(2, { impairments: { latencyMs: 150, jitterMs: 10 } });
    const gateway = await site.gateway(
      inputToml(1, quick.pmu.port) + inputToml(2, slow.pmu.port) +
        PLAIN_OUTPUT + PLAIN_SUBSCRIBER +
        `[align.short]\nframesPerSecond = 60\nwaitMs = 60\n` +
        `[align.long]\nframesPerSecond = 60\nwaitMs = 3000\n`,
    );
    await inputsRun(gateway, 2);
    // The first slots go out before the slow source is known, and after a pause they may be those of a second.
    const slowIn = (name: string) => late(detailOf(gateway, `align.${name}`), "pmu2");
    await until(() => slowIn("long").received > 100, () => slowIn("long"));
    const lateAtFirst = slowIn("long").late;
    const { late: first, received: before } = slowIn("short");
    await until(() => slowIn("short").received > before + 150, () => slowIn("short"));
    const short = detailOf(gateway, "align.short"), long = detailOf(gateway, "align.long");
    const advice = (detail: Record<string, unknown>, source: string) =>
      (detail["advice"] as Advice[]).find((a) => a.source === source)!;
    const told = advice(short, "pmu2");
    assert.equal(told.tooShort, true);
    assert.ok(told.p50Ms > 145 && told.p50Ms < 1000, JSON.stringify(told));
    assert.ok(told.p50Ms <= told.p95Ms && told.p95Ms <= told.p99Ms);
    assert.ok(told.suggestedWaitMs >= told.p99Ms);
    assert.ok(told.lateShare > 0.8);
    const { late: lateFrames, received } = late(short, "pmu2");
    assert.ok(lateFrames - first > 0.8 * (received - before), JSON.stringify(late(short, "pmu2")));
    assert.equal(advice(long, "pmu2").tooShort, false);
    assert.equal(late(long, "pmu2").late, lateAtFirst);
    assert.equal(advice(long, "pmu1").tooShort, false);

    // With the long wait every slot is whole before its deadline, so only the short one has figures.
    const p99 = short["publishDelayP99Ms"];
    console.log(`aligner: slots went out ${p99} ms after their deadline (99 %)`);
    assert.ok(typeof p99 === "number" && p99 >= 0, `p99 is ${p99} ms`);
    // The log follows the status: said once, with the percentiles and a wait that would do.
    const line =
      /waitMs = 60 is shorter than the delay of pmu2: .*\(median\).*\(99 %\).*waitMs = \d+ would do/;
    await until(() => site.log.complaints(line).length > 0, "the warning");
    // At the next look, five seconds later, it is not said again.
    const looked = slowIn("short").received;
    await until(() => slowIn("short").received > looked + 330, "another look");
    assert.equal(site.log.complaints(line).length, 1);
    assert.equal(site.log.complaints(/shorter than the delay of pmu2/).length, 1);
    assert.equal(site.log.complaints(/waitMs = 3000 is shorter/).length, 0);
  });
});
