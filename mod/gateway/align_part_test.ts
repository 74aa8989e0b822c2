import assert from "node:assert/strict";
import {
  type ClockReport,
  type Frame,
  makeFrame,
  makeLayout,
  setFromMicros,
  SignalRegistry,
  UNWATCHED_CLOCK,
} from "../core/mod.ts";
import { ALIGNER_DEFAULTS } from "../align/mod.ts";
import { AlignPart } from "./align_part.ts";
import { until } from "../../tests/support/waiting.ts";

const log = { debug() {}, info() {}, warn() {}, error() {} };

for (const waitMode of ["absolute", "relative"] as const) {
  Deno.test(`align part: while the time is not known, ${waitMode} wait`, async () => {
    let report: ClockReport = { ...UNWATCHED_CLOCK, state: "fault" };
    const out: Frame[] = [];
    const part = new AlignPart(
      "wide",
      { ...ALIGNER_DEFAULTS, inputs: ["*"], framesPerSecond: 50, waitMs: 50, waitMode },
      {
        registry: new SignalRegistry("7c3f0b1e-52a4-4b0e-9a1d-2f6a3c1d9e55", "EDGE"),
        sink: { accept: (frame) => void out.push(frame) },
        clock: { nowMicros: () => Date.now() * 1000, monotonicMs: () => performance.now() },
        clockReport: () => report,
        log,
      },
    );
    await part.start();
    const frame = makeFrame(makeLayout("shelby", [1], [{ device: "A", offset: 0, count: 1 }], 50));
    const feed = () => {
      setFromMicros(frame.instant, Math.floor(Date.now() / 20) * 20_000);
      part.accept(frame);
    };
    const withheld = () =>
      part.metrics().find((m) => m.name === "align_frames_withheld_total")?.value;
    feed();
    const absolute = waitMode === "absolute";
    assert.equal(withheld(), absolute ? 1 : 0);
    assert.equal(part.status().state, absolute ? "waiting" : "running");
    if (absolute) assert.match(part.status().reason!, /time is not known/);
    report = { ...UNWATCHED_CLOCK, state: "local", errorNs: 1000 };
    feed();
    assert.equal(withheld(), absolute ? 1 : 0);
    assert.equal(part.status().state, "running");
    await until(() => out.length > 0, "an aligned frame");
    await part.stop();
  });
}
