import assert from "node:assert/strict";
import { PacketSender } from "./packet_sender.ts";
import { layCable } from "./testing.ts";
import { until } from "../../tests/support/waiting.ts";

function frameOf(length: number): Uint8Array {
  const frame = new Uint8Array(length);
  frame.set([0x01, 0x0c, 0xcd, 0x04, 0, 1, 2, 0, 0, 0, 0, 1, 0x88, 0xba]);
  return frame;
}

async function receivedAt(name: string): Promise<number> {
  return Number(await Deno.readTextFile(`/sys/class/net/${name}/statistics/rx_packets`));
}

Deno.test("packet sender: all frames of several batches leave, also the last one that is not full", async () => {
  const cable = await layCable("s");
  if (!cable) return;
  try {
    const sender = new PacketSender({ interface: cable.near, batch: 16 });
    assert.equal(sender.hardwareAddress.length, 6);
    assert.notDeepEqual([...sender.hardwareAddress], [0, 0, 0, 0, 0, 0]);
    const before = await receivedAt(cable.far);
    const frame = frameOf(124);
    for (let i = 0; i < 95; i++) sender.add(frame);
    sender.bytes.set(frame, sender.at);
    sender.commit(frame.length);
    assert.equal(sender.sent, 96, "six full batches have left");
    assert.equal(sender.flush(), 0, "nothing waits");
    for (let i = 0; i < 5; i++) sender.add(frame);
    assert.equal(sender.flush(), 5);
    await until(async () => await receivedAt(cable.far) - before === 101, "all at the far end");
    assert.deepEqual([sender.sent, sender.refused], [101, 0]);
    sender.close();
    sender.close();
  } finally {
    await cable.remove();
  }
});

Deno.test("packet sender: what the kernel refuses is counted, and the good frames beside it go", async () => {
  const cable = await layCable("s");
  if (!cable) return;
  try {
    const sender = new PacketSender({ interface: cable.near, maxFrameBytes: 4000 });
    sender.add(frameOf(100));
    sender.add(frameOf(3000)); // longer than the MTU
    sender.add(frameOf(100));
    assert.equal(sender.flush(), 2);
    assert.deepEqual([sender.sent, sender.refused], [2, 1]);
    await cable.set("near", "down");
    for (let i = 0; i < 10; i++) sender.add(frameOf(100));
    assert.equal(sender.flush(), 0);
    assert.deepEqual([sender.sent, sender.refused], [2, 11]);
    await cable.set("near", "up");
    sender.add(frameOf(100));
    assert.equal(sender.flush(), 1);
    assert.throws(() => sender.add(frameOf(13)), RangeError);
    assert.throws(() => sender.add(new Uint8Array(4001)), RangeError);
    sender.close();
    sender.add(frameOf(100));
    assert.equal(sender.flush(), 0, "a closed sender refuses");
  } finally {
    await cable.remove();
  }
});

Deno.test("packet sender: an interface that is not there is told by name", () => {
  try {
    new PacketSender({ interface: "tl-none0" });
    assert.fail("expected an error");
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) {
      console.log(`skipped: ${error.message}`);
      return;
    }
    assert.ok(error instanceof Deno.errors.NotFound);
    assert.match(error.message, /expected the name of an interface, found "tl-none0"/);
  }
});
