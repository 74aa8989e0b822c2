import assert from "node:assert/strict";
import { layCable } from "../os/testing.ts";
import { MergingUnitThread } from "./merging_unit_thread.ts";
import { until } from "../../tests/support/waiting.ts";

Deno.test("merging units in a thread: what the account says has arrived", async () => {
  const cable = await layCable("t");
  if (!cable) return;
  try {
    const before = await received(cable.far);
    const thread = new MergingUnitThread({
      interface: cable.near,
      waveform: { nominalHz: 60 },
      units: [{ svId: "A", rate: 4800 }, { svId: "B", rate: 14_400, asdus: 6, unit: 1 }],
    });
    assert.equal(await thread.stop(), undefined);
    await thread.start();
    await until(async () => await received(cable.far) - before > 1000, "a thousand frames");
    const { totals, refused } = (await thread.stop())!; // it was started
    const sent = totals.reduce((sum, { framesSent }) => sum + framesSent, 0);
    assert.deepEqual(totals.map(({ svId }) => svId), ["A", "B"]);
    await until(
      async () => await received(cable.far) - before === sent - refused,
      () => `${sent} sent, ${refused} refused`,
    );
    assert.equal(await thread.stop(), undefined);
  } finally {
    await cable.remove();
  }
});

Deno.test("merging units in a thread: an interface that is not there is the reason", async () => {
  const thread = new MergingUnitThread({
    interface: "tl-none1",
    waveform: { nominalHz: 60 },
    units: [{ svId: "A", rate: 4800 }],
  });
  await assert.rejects(thread.start(), /tl-none1|CAP_NET_RAW/);
  assert.equal(await thread.stop(), undefined);
});

async function received(name: string): Promise<number> {
  return Number(await Deno.readTextFile(`/sys/class/net/${name}/statistics/rx_packets`));
}
