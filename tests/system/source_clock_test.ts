/**
 * PMUs whose clocks are wrong: the gateway names what is wrong with each, by their stamps alone.
 *
 * @module
 */
import assert from "node:assert/strict";
import { peekHeader } from "../../mod/c37118/mod.ts";
import { type Instant, setFromSocFracSec } from "../../mod/core/mod.ts";
import { systemClock } from "../../mod/os/mod.ts";
import { type Impairments, PmuSimulator, SlotScheduler } from "../../mod/sim/mod.ts";
import { SourceClockWatch } from "../../mod/stats/mod.ts";
import { detailOf, inputsRun, inputToml, Site } from "./site.ts";
import { until } from "../support/waiting.ts";

const DELAY_MICROS = 20_000;
const HOUR_MS = 3_600_000;

const CASES: readonly [string, Impairments, string, RegExp][] = [
  ["right", {}, "ok", /regular and arrive after 0\.0[12]\d s/],
  ["ahead by 0.1 s", { clockErrorMs: 100 }, "off", /0\.0[78]\d s ahead of their arrival$/],
  ["behind by 0.1 s: the bound tells", { clockErrorMs: -100 }, "ok", /arrive after 0\.1[12]\d s/],
  [
    "behind by 0.5 s",
    { clockErrorMs: -500 },
    "late",
    /0\.5[12]\d s behind their arrival: the clock/,
  ],
  ["ahead by 1 s", { clockErrorMs: 1000 }, "off", /one whole second, as by a leap second fault$/],
  ["behind by 1 s", { clockErrorMs: -1000 }, "off", /one whole second, as by a leap second fault$/],
  ["ahead by 1.5 s", { clockErrorMs: 1500 }, "off", /1\.[45]\d\d s ahead of their arrival$/],
  ["behind by 1.5 s", { clockErrorMs: -1500 }, "off", /1\.[45]\d\d s behind their arrival$/],
  ["in TAI", { clockErrorMs: 37_000 }, "off", /37 whole seconds, as by stamps in TAI$/],
  ["TAI twice", { clockErrorMs: -37_000 }, "off", /as by TAI - UTC taken off twice$/],
  ["in GPS time", { clockErrorMs: 18_000 }, "off", /as by stamps in GPS time$/],
  ["in CET", { clockErrorMs: HOUR_MS }, "off", /ahead .* about 1 h, as by a wrong time zone$/],
  [
    "in EST",
    { clockErrorMs: -5 * HOUR_MS },
    "off",
    /behind .* about 5 h, as by a wrong time zone$/,
  ],
  ["fast by 30 ppm", { clockDriftPpm: 30 }, "drifting", /30\.\d ppm fast|29\.\d ppm fast/],
  ["slow by 300 ppm", { clockDriftPpm: -300 }, "drifting", /(300|299)\.\d ppm slow/],
  ["bunched", { bunch: 5 }, "bunched", /stamps are bunched: 80 %/],
];

const RATE = 50;
const START = 1_700_000_000;

/** Frames of a simulated PMU that arrive `aheadMicros` earlier than 20 ms after their slot, by the gateway's clock. */
class Run {
  readonly watch = new SourceClockWatch(RATE);
  readonly #pmu: PmuSimulator;
  readonly #stamp: Instant = { seconds: 0, nanos: 0 };
  #second = START;

  constructor(impairments: Impairments) {
    const clock = systemClock(), scheduler = new SlotScheduler(clock);
    this.#pmu = new PmuSimulator({
      idCode: 1,
      rate: RATE,
      devices: [{ device: 0, phasors: 1 }],
      transport: { kind: "tcp", port: 0 },
      impairments,
    }, { clock, scheduler }); // never started: frames are asked for
  }

  go(seconds: number, aheadMicros = 0): void {
    const end = this.#second + seconds;
    for (; this.#second < end; this.#second++) {
      for (let index = 0; index < RATE; index++) {
        const { soc, fracSec } = peekHeader(this.#pmu.dataFrame(this.#second, index));
        setFromSocFracSec(this.#stamp, soc, fracSec, 1_000_000);
        const slotMicros = this.#second * 1e6 + index * (1e6 / RATE);
        this.watch.add(this.#stamp, slotMicros + DELAY_MICROS - aheadMicros);
      }
    }
  }
}

for (const [name, impairments, kind, text] of CASES) {
  Deno.test(`source clock: ${name}`, () => {
    const run = new Run(impairments);
    run.go(160); // drift takes ten windows
    const verdict = run.watch.verdict();
    assert.equal(verdict.kind, kind, verdict.text);
    assert.match(verdict.text, text);
  });
}

Deno.test("source clock: a leap second that the PMU misses is named from then on, until it is mended", () => {
  const run = new Run({});
  run.go(60);
  assert.equal(run.watch.verdict().kind, "ok");
  // UTC has a second more than the PMU counted: what it stamps arrives a second before.
  run.go(60, 1e6);
  assert.equal(run.watch.verdict().kind, "off");
  assert.match(run.watch.verdict().text, /0\.9\d\d s ahead of .*: one whole second, as by a leap/);
  run.go(60);
  assert.equal(run.watch.verdict().kind, "ok");
});

Deno.test("source clock: over sockets, each is named within seconds and in the metrics", async () => {
  await Site.with(async (site) => {
    const errors: [number, RegExp][] = [
      // By how much depends on how busy this machine is; the tests above hold the words.
      [1500, /\d\.\d\d\d s ahead of/],
      [-1500, /\d\.\d\d\d s behind/],
      [37_000, /3\d\.\d\d\d s ahead of/],
      [0, /./],
    ];
    let toml = "";
    for (const [i, [clockErrorMs]] of errors.entries()) {
      const { pmu } = await site.pmu(i + 1, { impairments: { clockErrorMs } });
      toml += inputToml(i + 1, pmu.port);
    }
    const gateway = await site.gateway(toml);
    await inputsRun(gateway, errors.length);
    const clockOf = (i: number) =>
      detailOf(gateway, `input.pmu${i + 1}`)["clock"] as
        | { readonly kind: string; readonly text: string }
        | null; // as the input's report.ts has it
    const okOf = (i: number) =>
      gateway.metrics().find(({ part }) => part === `input.pmu${i + 1}`)!.metrics
        .find(({ name }) => name === "input_clock_ok")?.value;
    for (const [i, [error, text]] of errors.entries()) {
      if (error === 0) continue;
      await until(() => clockOf(i)?.kind === "off", () => JSON.stringify(clockOf(i)));
      assert.match(clockOf(i)!.text, text);
      assert.equal(okOf(i), 0);
    }
    // Of the one that is right nothing is said before there is something to say.
    const right = clockOf(errors.length - 1);
    if (right?.kind === "unknown") assert.equal(okOf(errors.length - 1), undefined);
  });
});
