import assert from "node:assert/strict";
import { openUdpSender } from "./udp_sender.ts";
import { until } from "../../tests/support/waiting.ts";

Deno.test("udp sender: datagrams arrive, and what does not fit is dropped at once", async () => {
  const receiver = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const { port } = receiver.addr as Deno.NetAddr;
  const sender = openUdpSender({
    localAddress: "127.0.0.1",
    hostname: "127.0.0.1",
    port,
    queueBytes: 2000,
  });
  assert.equal(sender.send(new Uint8Array(1000).fill(1)), true);
  assert.equal(sender.send(new Uint8Array(1000).fill(2)), true);
  assert.equal(sender.waitingBytes, 2000);
  assert.equal(sender.send(new Uint8Array(1)), false);
  for (const expected of [1, 2]) {
    const [bytes, from] = await receiver.receive();
    assert.deepEqual([bytes.length, bytes[0]], [1000, expected]);
    assert.equal((from as Deno.NetAddr).port, sender.port);
  }
  // A datagram may be here before its sending has returned.
  await until(() => sender.waitingBytes === 0, "the end of sending");
  assert.deepEqual([sender.sent, sender.dropped, sender.failed], [2, 1, 0]);
  sender.close();
  sender.close();
  assert.equal(sender.send(new Uint8Array(1)), false);
  receiver.close();
});

Deno.test("udp sender: a datagram that is too large fails and is counted", async () => {
  const sender = openUdpSender({ localAddress: "127.0.0.1", hostname: "127.0.0.1", port: 9 });
  assert.equal(sender.send(new Uint8Array(70_000)), true);
  await until(() => sender.failed > 0 && sender.waitingBytes === 0, "the failure");
  assert.deepEqual([sender.sent, sender.failed], [1, 1]);
  sender.close();
});

Deno.test("udp sender: an address of another host cannot be opened", () => {
  assert.throws(() => openUdpSender({ localAddress: "192.0.2.1", hostname: "127.0.0.1", port: 9 }));
});
