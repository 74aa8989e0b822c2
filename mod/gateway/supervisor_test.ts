import assert from "node:assert/strict";
import type { Clock, Log, Metric, Part, PartState, PartStatus } from "../core/mod.ts";
import { Backoff } from "../os/mod.ts";
import { Stream } from "./stream.ts";
import { Supervised } from "./supervisor.ts";
import { until } from "../../tests/support/waiting.ts";

const clock: Clock = { nowMicros: () => Date.now() * 1000, monotonicMs: () => performance.now() };

/** A part whose fate the test decides. */
class TestPart implements Part {
  readonly name = "test";
  state: PartState = "stopped";
  failStarts = 0;
  starts = 0;
  stops = 0;
  start(): Promise<void> {
    this.starts++;
    if (this.failStarts-- > 0) return Promise.reject(new Error("port taken"));
    this.state = "running";
    return Promise.resolve();
  }
  stop(): Promise<void> {
    this.stops++;
    this.state = "stopped";
    return Promise.resolve();
  }
  status(): PartStatus {
    return {
      state: this.state,
      sinceMicros: 1,
      ...(this.state === "failed" && { reason: "broke" }),
    };
  }
  metrics(): Metric[] {
    return [];
  }
}

function quiet(lines: string[]): Log {
  const put = (text: string) => void lines.push(text);
  return { debug: put, info: put, warn: put, error: put };
}

Deno.test("supervisor: a part that cannot start is tried again and says why meanwhile", async () => {
  const part = new TestPart();
  part.failStarts = 2;
  const lines: string[] = [];
  const supervised = new Supervised(part, quiet(lines), clock, new Backoff(10, 20, Math.random));
  await supervised.start();
  assert.deepEqual([supervised.status().state, supervised.status().reason], [
    "failed",
    "port taken",
  ]);
  await until(() => supervised.status().state === "running");
  assert.equal(part.starts, 3);
  assert.equal(lines.length, 2);
  assert.equal(supervised.metrics().find((m) => m.name === "part_restarts_total")?.value, 2);
  await supervised.stop();
});

Deno.test("supervisor: a part that fails while it runs is stopped and started anew", async () => {
  const part = new TestPart();
  const supervised = new Supervised(part, quiet([]), clock, new Backoff(10, 20, Math.random));
  await supervised.start();
  part.state = "failed";
  await until(() => part.starts === 2 && supervised.status().state === "running");
  assert.equal(part.stops, 1);
  await supervised.stop();
  await supervised.stop();
  assert.equal(part.state, "stopped");
});

Deno.test("supervisor: what is stopped while it waits for the next attempt stays stopped", async () => {
  const part = new TestPart();
  part.failStarts = 1;
  const supervised = new Supervised(part, quiet([]), clock, new Backoff(20, 20, Math.random));
  await supervised.start();
  await supervised.stop();
  await new Promise((go) => setTimeout(go, 60));
  assert.equal(part.starts, 1);
});

Deno.test("stream: a listener that throws hurts nobody else", () => {
  const heard: unknown[] = [];
  const stream = new Stream("received", (error) => heard.push(error));
  let got = 0;
  stream.listen({
    accept: () => {
      throw new Error("defect");
    },
  });
  const leave = stream.listen({ accept: () => void got++ });
  const frame = {
    layout: { id: 1, source: "", handles: new Int32Array(), devices: [], framesPerSecond: 1 },
    instant: { seconds: 0, nanos: 0 },
    leap: 0,
    values: new Float32Array(),
    flags: new Uint32Array(),
    arrivalMicros: 0,
  };
  stream.accept(frame);
  leave();
  stream.accept(frame);
  assert.deepEqual([got, stream.errors, stream.frames, heard.length], [1, 2, 2, 2]);
});
