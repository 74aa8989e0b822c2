import assert from "node:assert/strict";
import type { DeliveryBook, IngestBook } from "../../mod/stats/mod.ts";
import { checkSeries, pointsOf, samePoint } from "./expected.ts";
import {
  detailOf,
  inputsRun,
  inputToml,
  keyPair,
  outputOf,
  type RecordedPmu,
  Site,
  TLS_OUTPUT,
} from "./site.ts";
import { stampOfTime } from "./subscriber.ts";
import { until } from "../support/waiting.ts";

const COUNT = 6, RATE = 60;
/** BadData and DiscardedValue: what an aligner says of a value that did not come. */
const MISSING_FLAGS = 0x400001;

/** The books of an input, as status shows them. */
function ingest(detail: Record<string, unknown>): IngestBook {
  return detail["books"] as IngestBook; // the shape that the input's report gives
}

function balanced(book: DeliveryBook): void {
  const sum = (reasons: Readonly<Record<string, number>>) =>
    Object.values(reasons).reduce((a, b) => a + b, 0);
  assert.equal(book.balance, 0);
  assert.equal(book.offered, book.sent + sum(book.filtered) + book.queued + sum(book.dropped));
}

async function sixPmus(site: Site): Promise<RecordedPmu[]> {
  const pmus: RecordedPmu[] = [];
  for (let n = 1; n <= COUNT; n++) {
    pmus.push(
      await site.pmu(n, {
        rate: RATE,
        catchUpSlots: 10 * RATE, // no slot is passed over, so that what is missing was lost on purpose
        model: { badQuality: true, missing: 0.02 },
        ...(n === 2 && { impairments: { duplicate: 0.05, loss: 0.1 } }),
        ...(n === 3 && { impairments: { jitterMs: 8 } }),
      }),
    );
  }
  return pmus;
}

for (const compress of [true, false]) {
  Deno.test(`values: six PMUs over TLS, ${compress ? "TSSC" : "compact"}: every value, flag and stamp, and the books`, async () => {
    await Site.with(async (site) => {
      const pmus = await sixPmus(site);
      const own = await keyPair("control-center");
      const gateway = await site.gateway(
        pmus.map(({ pmu }, i) => inputToml(i + 1, pmu.port)).join("") + TLS_OUTPUT +
          `[subscriber.center]\npins = ["${own.fingerprint256}"]\nallow = ["True"]\n`,
      );
      await inputsRun(gateway, COUNT);
      const output = outputOf(gateway);
      const subscriber = site.subscriber({
        port: output.port,
        compress,
        tls: { own, gatewayPin: gateway.identity!.fingerprint256 },
      });
      const longest = () => Math.max(0, ...[...subscriber.order.values()].map((s) => s.length));
      await until(() => longest() > RATE * 3, () => `three seconds of frames, found ${longest()}`);
      await site.drain(gateway, "center", subscriber);
      const book = () => output.subscribers()["center"]!.ledger;

      const compared = checkSeries(subscriber, pmus, { byGroup: !compress });
      assert.ok(compared > COUNT * RATE * 2 * 10, `${compared} values compared`);
      assert.equal(subscriber.measurements, compared);
      const { counters } = subscriber.client;
      assert.deepEqual([counters?.outOfSequence, counters?.withoutCache], [0, 0]);
      assert.deepEqual(subscriber.troubles, []);

      // Delivery: the gateway's book, its balance, and the subscriber's own count.
      balanced(book());
      assert.equal(book().sent, subscriber.measurements);
      assert.equal(book().queued, 0);
      let frames = 0;
      // Ingest: the gateway's book, its balance, and the sender's own count.
      for (const [i, { pmu, records }] of pmus.entries()) {
        const copies = records.filter((r) => r.fate === "duplicate" && r.receivers > 0).length;
        frames += pmu.account.framesSent - copies;
        const { received, accepted, dropped, balance } = ingest(
          detailOf(gateway, `input.pmu${i + 1}`),
        );
        assert.equal(received, pmu.account.framesSent, `PMU${i + 1}`);
        assert.equal(dropped["duplicate"], copies);
        assert.equal(accepted, received - copies);
        assert.equal(balance, 0);
      }
      assert.equal(gateway.status().streams["received"]?.frames, frames);
      // Whether the kernel's clock is synchronised is the host's affair.
      const others = site.log.complaints(/^(?!Nobody watches the clock)/)
        .filter(({ from }) => !from.startsWith("input."));
      assert.deepEqual(others, []);
    });
  });
}

Deno.test("values: six PMUs aligned at 60/s: each slot once and in order, what is missing NaN and flagged", async () => {
  await Site.with(async (site) => {
    const pmus = await sixPmus(site);
    const own = await keyPair("control-center");
    const gateway = await site.gateway(
      pmus.map(({ pmu }, i) => inputToml(i + 1, pmu.port)).join("") + TLS_OUTPUT +
        `[align.wide]\nframesPerSecond = ${RATE}\nwaitMs = 5000\nbadTimestamps = "keep"\n` +
        `[subscriber.center]\npins = ["${own.fingerprint256}"]\nallow = ["True"]\nstream = "wide"\n`,
    );
    await inputsRun(gateway, COUNT);
    const output = outputOf(gateway);
    const subscriber = site.subscriber({
      port: output.port,
      tls: { own, gatewayPin: gateway.identity!.fingerprint256 },
    });
    const longest = () => Math.max(0, ...[...subscriber.order.values()].map((s) => s.length));
    await until(() => longest() > RATE * 3, () => `three seconds of slots, found ${longest()}`);
    const book = () => output.subscribers()["center"]!.ledger;
    // The last slots are looked at no more: they go out while the PMUs stop.
    const lastStamp = Math.max(...[...subscriber.order.values()].map((stamps) => stamps.at(-1)!));
    await site.drain(gateway, "center", subscriber);

    assert.deepEqual(subscriber.extra, []);
    balanced(book());
    // Empty slots go on going out, so that one frame may be on its way at any moment.
    await until(() => book().sent === subscriber.measurements, "equal counts on both sides");
    let missing = 0, present = 0;
    for (const [i, { pmu, records }] of pmus.entries()) {
      const sent = new Map(
        records.filter((r) => r.fate !== "lost" && r.receivers > 0).map((
          r,
        ) => [slotStamp(r.second, r.index), r]),
      );
      for (const suffix of pointsOf(pmu, records[0]!).keys()) {
        const reference = `PMU${i + 1}-${suffix}`;
        const id = subscriber.references().get(reference)!;
        const stamps = subscriber.order.get(id)!;
        assert.ok(stamps.length > RATE * 2, `${reference}: ${stamps.length}`);
        checkSlots(stamps, reference);
        for (const stamp of stamps) {
          if (stamp > lastStamp) break;
          const found = subscriber.series.get(id)!.get(stamp)!;
          const record = sent.get(stamp);
          if (record) {
            samePoint(found, pointsOf(pmu, record).get(suffix)!, `${reference} at ${stamp}`);
            present++;
          } else {
            assert.ok(Number.isNaN(found.value), `${reference} at ${stamp} was never sent`);
            assert.equal(found.flags & MISSING_FLAGS, MISSING_FLAGS, `${reference} at ${stamp}`);
            missing++;
          }
        }
      }
    }
    assert.ok(present > 20 * missing && missing > 0, `${present} present, ${missing} missing`);
    const { publishDelayP99Ms, publishedFrames } = detailOf(gateway, "align.wide");
    console.log(`aligner: ${publishedFrames} frames, deadline p99 ${publishDelayP99Ms} ms`);
  });
});

/** Stamp of a slot: whole 100 ns, cut. */
function slotStamp(second: number, index: number): number {
  return stampOfTime(second, Math.floor(index * 1e7 / RATE));
}

/** Each slot once, none left out, in order of time. */
function checkSlots(stamps: readonly number[], what: string): void {
  const epoch = stampOfTime(0, 0);
  let before: number | undefined;
  for (const stamp of stamps) {
    // Both are the lower 53 bits of ticks; today's lie above the epoch's modulo 2^53.
    const ticks = (stamp - epoch + 2 ** 53) % 2 ** 53;
    const slot = Math.round(ticks * RATE / 1e7);
    if (before !== undefined) {
      assert.equal(slot, before + 1, `${what}: slot ${slot} after ${before}`);
    }
    before = slot;
  }
}
