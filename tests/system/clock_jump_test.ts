/**
 * A board whose clock jumps an hour back and is set right again: aligners neither stall for good nor flood.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Gateway, readConfig } from "../../mod/gateway/mod.ts";
import { systemClock } from "../../mod/os/mod.ts";
import { until } from "../support/waiting.ts";
import {
  detailOf,
  GATEWAY_ID,
  inputsRun,
  inputToml,
  PLAIN_OUTPUT,
  PLAIN_SUBSCRIBER,
  Site,
} from "./site.ts";

const RATE = 50;
const HOUR_MICROS = 3600e6;

/** Figures of an aligner, as far as these tests look. */
interface Figures {
  readonly received: number;
  readonly publishedFrames: number;
  readonly clockSteps: number;
  readonly openSlots: number;
  readonly sources: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

Deno.test("clock: an hour back and forth through the whole gateway", async () => {
  await Site.with(async (site) => {
    const { pmu } = await site.pmu(1, { rate: RATE });
    const real = systemClock();
    let offsetMicros = 0;
    const board = {
      nowMicros: () => real.nowMicros() + offsetMicros,
      monotonicMs: () => real.monotonicMs(),
    };
    const align = (name: string, mode: string) =>
      `[align.${name}]\nframesPerSecond = ${RATE}\nwaitMs = 200\nwaitMode = "${mode}"\n`;
    const text = `[gateway]\nid = "${GATEWAY_ID}"\nname = "EDGE"\nmemoryMB = 500\n` +
      `stateDir = "${site.folder}/state"\n[statistics]\nenabled = false\n` +
      inputToml(1, pmu.port) + PLAIN_OUTPUT + PLAIN_SUBSCRIBER + align("absolute", "absolute") +
      align("relative", "relative");
    const gateway = new Gateway(readConfig(text, "test"), board);
    site.atEnd(() => gateway.stop());
    await gateway.start();
    await inputsRun(gateway, 1);
    const figures = (name: string) => detailOf(gateway, `align.${name}`) as unknown as Figures; // see figures.ts
    const future = (name: string) =>
      Object.values(figures(name).sources).reduce((sum, s) => sum + s["future"]!, 0);
    const state = () =>
      JSON.stringify({ absolute: figures("absolute"), relative: figures("relative") });
    const published = (name: string) => figures(name).publishedFrames;
    /** Waits until an aligner has sent `frames` more. */
    const goesOn = async (name: string, frames: number) => {
      const from = published(name);
      await until(() => published(name) >= from + frames, state);
    };
    const steps = () => site.log.lines.filter(({ text }) => text.includes("clock stepped by"));
    await goesOn("absolute", RATE);
    await goesOn("relative", RATE);

    offsetMicros = -HOUR_MICROS;
    // By the board's clock all data come from the future; relative wait does not look at that clock.
    const before = future("absolute");
    await until(() => future("absolute") >= before + RATE, state);
    await goesOn("relative", RATE);
    assert.equal(future("relative"), 0, state());
    await until(() => figures("absolute").clockSteps === 1, state);
    const rested = published("absolute");

    offsetMicros = 0;
    await goesOn("absolute", RATE);
    await goesOn("relative", RATE);
    for (const name of ["absolute", "relative"]) {
      const { received, publishedFrames, openSlots, sources } = figures(name);
      // A slot goes out once, and none for the hour that there was not: that would be 180,000.
      assert.ok(publishedFrames <= received + 10 * RATE, `${name}: ${state()}`);
      assert.ok(openSlots <= RATE, state());
      for (const s of Object.values(sources)) {
        const booked = ["placed", "downsampled", "duplicates", "late", "future", "badTime"];
        assert.equal(s["received"], booked.reduce((sum, key) => sum + s[key]!, 0), state());
      }
    }
    assert.ok(published("absolute") > rested);
    assert.equal(figures("absolute").clockSteps, 2);
    const told = steps().filter(({ from }) => from === "align.absolute").map(({ text }) => text);
    assert.equal(told.length, 2, told.join("\n"));
    assert.match(told[0]!, /stepped by -3[56]\d{5} ms/);
    assert.match(told[1]!, /stepped by 3[56]\d{5} ms/);
    const lines = site.log.lines.filter(({ from }) => from.startsWith("align."));
    assert.ok(lines.length < 20, lines.map(({ text }) => text).join("\n"));
  });
});
