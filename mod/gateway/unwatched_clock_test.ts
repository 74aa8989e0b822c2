import assert from "node:assert/strict";
import type { KernelClock } from "../os/mod.ts";
import { tellUnwatched } from "./unwatched_clock.ts";

const good: KernelClock = {
  synchronized: true,
  maxErrorNs: 20_000,
  estErrorNs: 100,
  offsetNs: 0,
  frequencyPpm: 0,
  taiOffset: 37,
  leap: "none",
  nowMicros: 1.7e15,
};

Deno.test("without [clock] the log says that nobody watches it, and warns if the kernel does", () => {
  const table: [KernelClock | undefined, string, RegExp][] = [
    [good, "info", /^Nobody watches the clock, .*account$/],
    [{ ...good, synchronized: false }, "warn", /\. Now the kernel says that .* not synchronised$/],
    [{ ...good, maxErrorNs: 0 }, "warn", /\. Now the kernel's bound is 0: phc2sys keeps/],
  ];
  for (const [kernel, level, text] of table) {
    const told: string[][] = [];
    const write = (of: string) => (message: string) => void told.push([of, message]);
    const log = {
      debug: write("debug"),
      info: write("info"),
      warn: write("warn"),
      error: write("error"),
    };
    tellUnwatched(log, kernel);
    assert.deepEqual(told.map(([of]) => of), [level]);
    assert.match(told[0]![1]!, text);
  }
});
