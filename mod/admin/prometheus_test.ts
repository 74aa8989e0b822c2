import assert from "node:assert/strict";
import { prometheusText } from "./mod.ts";

Deno.test("prometheus: families are grouped, help and type stand once, labels are escaped", () => {
  const frames = { name: "frames_total", help: "Frames\nin", type: "counter" as const };
  const text = prometheusText([
    { part: "input.a", metrics: [{ ...frames, value: 3 }] },
    {
      part: "input.b",
      metrics: [{ ...frames, value: 4, labels: { reason: 'a "b" \\c\n' } }, {
        name: "delay_seconds",
        help: "Delay",
        type: "gauge",
        value: NaN,
      }],
    },
  ]);
  assert.equal(
    text,
    "# HELP tieline_frames_total Frames\\nin\n# TYPE tieline_frames_total counter\n" +
      'tieline_frames_total{part="input.a"} 3\n' +
      'tieline_frames_total{part="input.b",reason="a \\"b\\" \\\\c\\n"} 4\n' +
      "# HELP tieline_delay_seconds Delay\n# TYPE tieline_delay_seconds gauge\n" +
      'tieline_delay_seconds{part="input.b"} NaN\n',
  );
});

Deno.test("prometheus: infinities by their names", () => {
  const g = { name: "g", help: "g", type: "gauge" as const };
  const text = prometheusText([{
    part: "x",
    metrics: [{ ...g, value: Infinity }, { ...g, value: -Infinity }],
  }]);
  assert.match(text, /\} \+Inf\n.*\} -Inf\n$/);
});
