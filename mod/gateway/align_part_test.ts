import assert from "node:assert/strict";
import {
  type ClockReport,
  type Device,
  type Frame,
  makeFrame,
  makeLayout,
  setFromMicros,
  type SignalDraft,
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
    // Again and again: one whose time passes while this process is held up is late.
    await until(() => {
      feed();
      return out.length > 0;
    }, "an aligned frame");
    await part.stop();
  });
}

Deno.test("align part: a source whose signals are gone is no longer waited for", async () => {
  const registry = new SignalRegistry("7c3f0b1e-52a4-4b0e-9a1d-2f6a3c1d9e55", "EDGE");
  const sourceOf = (name: string) => {
    const device = { ...DEVICE, acronym: name };
    const [signal] = registry.register(device, [FREQUENCY]).signals;
    const devices = [{ device: name, offset: 0, count: 1 }];
    return makeFrame(makeLayout(name, [signal!.handle], devices, 50));
  };
  // Time runs a thousand times as fast, so that half a minute is over soon.
  const begin = Date.now();
  const clock = {
    nowMicros: () => begin * 1000 + performance.now() * 1e6,
    monotonicMs: () => performance.now() * 1000,
  };
  const part = new AlignPart(
    "wide",
    { ...ALIGNER_DEFAULTS, inputs: ["*"], framesPerSecond: 1, waitMs: 50, waitMode: "relative" },
    {
      registry,
      sink: { accept() {} },
      clock,
      log,
    },
  );
  await part.start();
  const stays = sourceOf("STAYS"), goes = sourceOf("GOES");
  const values = () => part.status().detail!["values"];
  for (const frame of [stays, goes]) {
    setFromMicros(frame.instant, Math.floor(clock.nowMicros() / 1e6) * 1e6);
    part.accept(frame);
  }
  assert.equal(values(), 2);
  registry.unregister("GOES");
  await until(() => values() === 1, () => part.status().detail);
  assert.equal(
    part.metrics().find((m) => m.name === "align_frames_received_total")!.value,
    2,
    "what it has sent stays in the sums",
  );
  await part.stop();
});

const DEVICE: Device = {
  acronym: "",
  id: "00000000-0000-4000-8000-000000000001",
  name: "",
  parentAcronym: "",
  protocol: "",
  accessId: 1,
  framesPerSecond: 50,
  company: "",
  vendor: "",
  longitude: NaN,
  latitude: NaN,
};

const FREQUENCY: SignalDraft = {
  type: "FREQ",
  label: "",
  phase: "",
  unit: "Hz",
  index: 0,
  description: "",
};
