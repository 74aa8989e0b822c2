import assert from "node:assert/strict";
import { counter, gauge } from "./mod.ts";

Deno.test("metrics: labels are there only where they are given", () => {
  assert.deepEqual(counter("sent_total", "Frames sent", 7), {
    name: "sent_total",
    help: "Frames sent",
    type: "counter",
    value: 7,
  });
  assert.deepEqual(gauge("waiting", "Frames that wait", 0, { client: "pdc" }), {
    name: "waiting",
    help: "Frames that wait",
    type: "gauge",
    value: 0,
    labels: { client: "pdc" },
  });
});
