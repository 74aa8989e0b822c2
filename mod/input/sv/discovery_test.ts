import assert from "node:assert/strict";
import { SvFrame } from "../../sv/mod.ts";
import { Discovery } from "./discovery.ts";
import { madeFrame } from "./testing.ts";

const SECOND = 1_700_000_000;

/** What is told of a stream whose samples are looked at `every` so many, `at` so many microseconds. */
function rateOf(every: number, at: (sample: number) => number): number | null {
  const discovery = new Discovery(), frame = new SvFrame();
  for (let smpCnt = 0; smpCnt < 3000; smpCnt += every) {
    const bytes = madeFrame({ second: SECOND, smpCnt });
    frame.decode(bytes, 0, bytes.length, -1, -1);
    discovery.note(frame, bytes, SECOND * 1e6 + at(smpCnt));
  }
  return discovery.list((SECOND + 1) * 1e6)[0]!.rate;
}

const rates: readonly (readonly [name: string, rate: number | null, found: number | null])[] = [
  ["each sample", rateOf(1, (k) => k * 250), 4000],
  ["one in forty", rateOf(40, (k) => k * 250), 4000],
  ["in bursts of 20", rateOf(1, (k) => Math.ceil((k + 1) / 20) * 5000), 4000],
  ["3 % off", rateOf(1, (k) => k * 258), 4000],
  ["no rate of a standard", rateOf(40, (k) => k * 500), 2000],
  ["too few", rateOf(600, (k) => k * 250), null],
];

for (const [name, rate, found] of rates) {
  Deno.test(`discovery: the rate of a stream: ${name}`, () => assert.equal(rate, found));
}
