import assert from "node:assert/strict";
import { doorkeeper } from "./link.ts";

Deno.test("doorkeeper: goes on listening after a connection could not be accepted", async () => {
  const real = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let failures = 0;
  const listener = {
    addr: real.addr,
    close: () => real.close(),
    accept: () =>
      failures++ === 0 ? Promise.reject(new Error("Too many open files")) : real.accept(),
  };
  const maker = doorkeeper("127.0.0.1", 0, undefined, () => false, listener);
  const { signal } = new AbortController();
  await assert.rejects(maker.open(signal, () => {}), /Too many open files/);
  const opened = maker.open(signal, () => {});
  const device = await Deno.connect({ hostname: "127.0.0.1", port: maker.port });
  const link = await opened;
  assert.match(link.peer, /^127\.0\.0\.1:/);
  device.close();
  await link.closed;
  maker.close();
});

Deno.test("doorkeeper: can be closed while it waits after a failure", async () => {
  let closed = 0;
  const maker = doorkeeper("127.0.0.1", 0, undefined, () => false, {
    addr: { transport: "tcp", hostname: "127.0.0.1", port: 1 },
    close: () => void closed++,
    accept: () => Promise.reject(new Error("Too many open files")),
  });
  await assert.rejects(maker.open(new AbortController().signal, () => {}), /Too many open files/);
  maker.close();
  maker.close();
  assert.equal(closed, 1);
});
