import assert from "node:assert/strict";
import { checkSeries, stampOfRecord } from "./expected.ts";
import { Flood } from "./flood.ts";
import { inputsRun, inputToml, keyPair, outputOf, Site, TLS_OUTPUT } from "./site.ts";
import { stampOfTime } from "./subscriber.ts";
import { Valve } from "./valve.ts";
import { sleep, until } from "../support/waiting.ts";
import { heldBytes } from "../support/figures.ts";

for (const compress of [true, false]) {
  Deno.test(`slow subscribers: one that stops reading and goes on (${compress ? "TSSC" : "compact"}) loses data and nothing else`, async () => {
    await Site.with(async (site) => {
      const pmu = await site.pmu(1);
      const [slow, own] = [await keyPair("slow"), await keyPair("good")];
      const gateway = await site.gateway(
        // All of the site is one thread: while the slow one catches up, the PMU may not be heard for a while.
        inputToml(1, pmu.pmu.port, "dataLossMs = 60_000") + TLS_OUTPUT + `
unsentBytes = 65536
queueBytes = 1048576
logBytes = 2097152
[subscriber.slow]
pins = ["${slow.fingerprint256}"]
allow = ["True"]
[subscriber.good]
pins = ["${own.fingerprint256}"]
allow = ["Device = 'PMU1'"]
`,
      );
      await inputsRun(gateway, 1);
      const flood = new Flood(gateway);
      const valve = new Valve(() => outputOf(gateway).port);
      site.atEnd(() => valve.close());
      const gatewayPin = gateway.identity!.fingerprint256;
      const good = site.subscriber({
        port: outputOf(gateway).port,
        tls: { own, gatewayPin },
        compress,
      });
      const late = site.subscriber({ port: valve.port, tls: { own: slow, gatewayPin }, compress });
      await until(() => good.measurements > 100 && late.measurements > 100, "data");

      valve.shut();
      const status = () => outputOf(gateway).subscribers()["slow"]!;
      const held = heldBytes();
      let waiting = 0;
      // Three seconds at least, until the queue has overflowed and the stall shows in status.
      const shutAt = performance.now();
      while (
        performance.now() - shutAt < 3000 ||
        (status().ledger.dropped["slow"] ?? 0) < 100_000 ||
        (status().sessions[0]?.stalledMs ?? 0) < 500
      ) {
        assert.ok(performance.now() - shutAt < 60_000, JSON.stringify(status()));
        flood.pour(20);
        waiting = Math.max(waiting, status().sessions[0]?.bytesWaiting ?? 0);
        await sleep(10);
      }
      const growth = (heldBytes() - held) / 1e6;
      assert.ok(growth < 200, `memory grew by ${growth} MB`);
      assert.ok(waiting < 65_536 + 200_000, `${waiting} bytes waited in the connection`);

      const before = late.measurements;
      valve.release();
      const released = performance.now();
      // Looked up once: the metadata of the flood are large, and this thread is all that there is.
      const id = late.references().get("PMU1-FQ")!;
      const stamps = () => late.order.get(id)!;
      const newest = () => good.order.get(id)!.at(-1)!;
      const now = Date.now();
      const releasedAt = stampOfTime(Math.floor(now / 1000), (now % 1000) * 10_000);
      await until(
        () => late.measurements > before && stamps().at(-1)! >= newest() - 1_000_000,
        "data of the present",
      );
      console.log(
        `slow subscriber (${compress ? "TSSC" : "compact"}): caught up ${
          (performance.now() - released).toFixed(0)
        } ms after ${flood.frames * flood.values} values`,
      );
      const later = stamps().length;
      await until(() => stamps().length > later + 30, "half a second more");
      await site.drain(gateway, "slow", late);
      await site.drain(gateway, "good", good);
      // Nothing was decoded wrong, the session is the same, and so is the subscription.
      assert.equal(late.client.connects, 1);
      assert.deepEqual(
        [late.client.counters?.outOfSequence, late.client.counters?.resubscriptions],
        [0, 0],
      );
      assert.equal(late.subscribed.length, 1);
      assert.deepEqual(late.extra, []);
      const ordered = stamps().every((stamp, i) => i === 0 || stamp > stamps()[i - 1]!);
      assert.ok(ordered, "stamps went back");
      // What the simulator has passed over, on a host that held it up, is no gap.
      const got = new Set(stamps()), [begin, end] = [stamps()[0]!, stamps().at(-1)!];
      const sent = pmu.records.map(stampOfRecord).filter((s) => s >= begin && s <= end);
      const gaps = sent.filter((stamp, i) => !got.has(stamp) && got.has(sent[i - 1]!));
      // The kernel may take a little now and then while nobody reads; afterwards nothing is missing.
      assert.ok(gaps.length >= 1 && gaps.length < 50, `${gaps.length} gaps`);
      assert.ok(gaps.every((stamp) => stamp <= releasedAt), "a gap after the stall");
      assert.ok(sent.every((stamp) => stamp <= releasedAt || got.has(stamp)), "the end of a gap");
      const { ledger } = status();
      assert.equal(ledger.balance, 0);
      assert.equal(ledger.sent, late.measurements);
      // The other one has everything.
      checkSeries(good, [pmu], { byGroup: !compress });
      assert.equal(outputOf(gateway).subscribers()["good"]!.ledger.dropped["slow"], 0);
    });
  });
}
