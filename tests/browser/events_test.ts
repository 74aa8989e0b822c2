/**
 * Event records in the browser: what is drawn is what a merging unit has sent.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Archive } from "../../mod/archive/mod.ts";
import { decodeEventRecord, recordedSamples } from "../../mod/event/mod.ts";
import { WaveformModel, type WaveformOptions } from "../../mod/sim/mod.ts";
import { until } from "../support/waiting.ts";
import { accessibilityProblems } from "./accessibility.ts";
import { browse, go, login, startUnit } from "./browse.ts";

const RATE = 4800;
/** Seconds from fault to fault; they begin with seconds that are multiples of it. */
const FAULT_SECONDS = 6;
const PRE_MS = 200, POST_MS = 400, SAMPLES = RATE * (PRE_MS + POST_MS) / 1000;
/** How long there may be no record that is whole. */
const WHOLE_MS = 300_000;
const MODEL: WaveformOptions = {
  nominalHz: 60,
  volts: 63_500,
  amperes: 400,
  harmonics: [[5, 0.03]],
  fault: { everySeconds: FAULT_SECONDS, forSeconds: 0.1, times: 6, timeConstantSeconds: 0.05 },
};
const TOML = `
[input.process_bus]
type = "sv"
interface = "lo"
workers = 1
discovery = false
[[input.process_bus.streams]]
acronym = "BAY1"
svId = "BROWSERBAY1"
preset = "F4800S2I4U4"
nominalHz = 60
framesPerSecond = 60
[event]
preMs = ${PRE_MS}
postMs = ${POST_MS}
[trigger.overcurrent]
kind = "over"
measure = "instantaneous"
streams = ["BAY1"]
channels = ["Ia", "Ib", "Ic"]
limit = 1500
holdOffMs = 2000
`;

/** Currents and voltages that the merging unit has sent at a time. */
function sent(startMicros: number, sample: number): number[] {
  const first = Math.round(startMicros * RATE / 1e6);
  const number = first + sample, second = Math.floor(number / RATE);
  const phases = new Float64Array(6);
  new WaveformModel(MODEL).fill(phases, 0, second, (number - second * RATE) / RATE, number);
  const [ia, ib, ic, ua, ub, uc] = [...phases] as [number, number, number, number, number, number];
  return [ia, ib, ic, ia + ib + ic, ua, ub, uc, ua + ub + uc];
}

/** Whether a record has all of its samples: a machine that is busy loses some now and then. */
async function isWhole(archive: Archive, id: string): Promise<boolean> {
  const found = await archive.get(id);
  if (!found) return false;
  const content = decodeEventRecord(found.bytes);
  const { lostSamples, missingSamples, shortSamples, jumps } = content;
  return recordedSamples(content) >= SAMPLES &&
    lostSamples + missingSamples + shortSamples + jumps === 0;
}

/** How a chart was drawn: its scales, and its box in pixels. */
interface Drawn {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  readonly box: readonly [number, number, number, number];
}

browse(
  "an event is opened, and its samples are drawn as they were sent",
  async (visitor, station) => {
    const { page } = visitor;
    const bay = await startUnit({
      interface: "lo",
      waveform: MODEL,
      units: [{ rate: RATE, asdus: 2, currents: 4, voltages: 4, svId: "BROWSERBAY1" }],
    });
    try {
      const archive = station.gateway.archive!;
      const judged = new Map<string, boolean>();
      await until(
        async () => {
          for (const { id } of await archive.list()) {
            if (!judged.has(id)) judged.set(id, await isWhole(archive, id));
          }
          return [...judged.values()].includes(true);
        },
        () => `a whole record of a fault, beside ${judged.size} others`,
        WHOLE_MS,
      );
      await bay.stop();
      await login(visitor, station, "operator");
      await go(visitor, "Events");
      const records = await archive.list();
      const place = records.findIndex(({ id }) => judged.get(id)), record = records[place];
      const row = page.getByRole("table", { name: "Event records" }).locator("tbody tr").nth(place);
      await row.waitFor();
      assert.match(await row.textContent() ?? "", /BAY1.*overcurrent I[abc] at -?\d{4}\.?\d* A/);
      await visitor.picture("events");
      await row.click();
      await page.getByRole("table", { name: "Values at the cursors" }).waitFor();
      await page.locator(".plot.wave canvas").nth(1).waitFor();

      // The values at the cursors are the samples, wherever they are moved.
      const graphs = page.locator(".graphs");
      await graphs.focus();
      for (let i = 0; i < 12; i++) {
        await page.keyboard.press(i % 3 === 0 ? "Control+ArrowRight" : "ArrowLeft");
        const at = Number(await graphs.getAttribute("data-a"));
        const shown = await page.evaluate<number[]>(
          "[...document.querySelectorAll('[data-value]')].filter((_, i) => i % 4 === 0).map((c) => Number(c.dataset.value))",
        );
        sent(record!.startMicros, at).forEach((value, c) => {
          assert.ok(
            Math.abs(shown[c]! - value) < 0.02,
            `channel ${c}, sample ${at}: ${shown[c]}, sent ${value}`,
          );
        });
      }
      // Before the fault one cycle has the nominal RMS.
      for (let i = 0; i < 8; i++) await page.keyboard.press("Control+ArrowLeft");
      const cell = page.locator("tr", { hasText: "Ua" }).locator("[data-value]").nth(2);
      const rms = Number(await cell.getAttribute("data-value"));
      assert.ok(Math.abs(rms / 63_500 - Math.sqrt(1 + 0.03 ** 2)) < 1e-3, `RMS ${rms}`);

      // The curve of phase A goes through the pixels where its samples belong.
      const scales = async () =>
        JSON.parse(
          (await page.locator(".plot.wave[data-drawn]").nth(1).getAttribute("data-drawn"))!,
        ) as Drawn;
      await page.getByRole("button", { name: "4 cycles" }).click();
      await until(async () => {
        const { x } = await scales();
        return Math.abs(x[1] - x[0] - 4000 / 60) < 1;
      }, "four cycles");
      const drawn = await scales();
      const trigger = (record!.summary["trigger"] as { atMicros: number }).atMicros;
      const places: [number, number][] = [];
      for (let k = 0; k < SAMPLES; k += 3) {
        const atMs = (Math.round(record!.startMicros * RATE / 1e6) + k) * 1000 / RATE -
          trigger / 1000;
        if (atMs <= drawn.x[0] || atMs >= drawn.x[1]) continue;
        const [left, top, width, height] = drawn.box, value = sent(record!.startMicros, k)[4]!;
        places.push([
          left + width * (atMs - drawn.x[0]) / (drawn.x[1] - drawn.x[0]),
          top + height * (drawn.y[1] - value) / (drawn.y[1] - drawn.y[0]),
        ]);
      }
      assert.ok(places.length > 40, `${places.length} samples are in view`);
      const hits = await page.evaluate<number>(`(() => {
      const canvas = document.querySelectorAll(".plot.wave canvas")[1];
      const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const probe = document.createElement("i");
      probe.style.color = "var(--phase-a)";
      document.body.append(probe);
      const [r, g, b] = getComputedStyle(probe).color.match(/\\d+/g).map(Number);
      probe.remove();
      const isIt = (x, y) => {
        const i = (y * canvas.width + x) * 4, d = pixels.data;
        return d[i + 3] > 100 && Math.abs(d[i] - r) + Math.abs(d[i + 1] - g) + Math.abs(d[i + 2] - b) < 60;
      };
      return ${JSON.stringify(places)}.filter(([x, y]) => {
        for (let dx = -2; dx <= 2; dx++) for (let dy = -2; dy <= 2; dy++) {
          if (isIt(Math.round(x) + dx, Math.round(y) + dy)) return true;
        }
        return false;
      }).length;
    })()`);
      // Other curves are drawn over it where they cross.
      assert.ok(
        hits > places.length * 0.9,
        `${hits} of ${places.length} samples are where they belong`,
      );
      await visitor.picture("event-zoomed");
      await page.getByRole("button", { name: "All", exact: true }).click();
      await page.getByRole("button", { name: "RMS", exact: true }).click();
      await until(async () => {
        const { y } = await scales();
        return y[1] > 63_000 && y[1] < 90_000;
      }, "RMS to be drawn up to its largest");
      await visitor.picture("event-rms");
      await page.getByRole("button", { name: "Samples" }).click();
      await until(async () => (await scales()).y[1] >= 90_000, "samples to be drawn");
      await visitor.picture("event-all");
      assert.deepEqual(await accessibilityProblems(page), []);

      await page.getByRole("button", { name: "Protect" }).click();
      await page.getByRole("button", { name: "Let retention have it" }).waitFor();
      assert.equal((await archive.list({ isProtected: true })).length, 1);
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: "COMTRADE" }).click(),
      ]);
      assert.match(download.suggestedFilename(), /\.cff$/);
    } finally {
      await bay.stop();
    }
  },
  TOML,
);
