import assert from "node:assert/strict";
import { compressSteps, decompress } from "../sttp/mod.ts";
import { inTurns, nextTurn } from "./turns.ts";

Deno.test("inTurns: gives the result and what is thrown", async () => {
  function* work(fails: boolean) {
    yield;
    if (fails) throw new RangeError("no");
    return 7;
  }
  assert.equal(await inTurns(work(false)), 7);
  await assert.rejects(inTurns(work(true)), RangeError);
});

Deno.test("inTurns: other work has its turn in between", async () => {
  // Each step takes a turn's time, however fast the machine is.
  function* work() {
    for (let step = 0; step < 30; step++) {
      for (const end = performance.now() + 1; performance.now() < end;);
      yield;
    }
  }
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  await inTurns(work());
  clearInterval(timer);
  assert.ok(turns >= 10, `${turns} turns`);
});

Deno.test("inTurns: a large text is compressed as it is at once", async () => {
  const bytes = crypto.getRandomValues(new Uint8Array(65_536));
  const large = new Uint8Array(100 * bytes.length);
  for (let at = 0; at < large.length; at += bytes.length) large.set(bytes, at);
  const compressed = await inTurns(compressSteps(large));
  assert.deepEqual(new Uint8Array(decompress(compressed)), large);
});

Deno.test("nextTurn: sockets are read in between, one caller has each turn", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using near = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  using far = await listener.accept();
  const waits: number[] = [];
  for (let round = 0; round < 15; round++) {
    let came = false;
    const reading = far.read(new Uint8Array(16)).then(() => came = true);
    await nextTurn(); // the read waits for the kernel now
    const writing = near.write(new Uint8Array(16));
    let turns = 0;
    const order: number[] = [];
    const other = (async () => {
      for (; !came && turns < 40; turns++) {
        await nextTurn();
        order.push(1);
      }
    })();
    for (; !came && turns < 40; turns++) {
      await nextTurn();
      order.push(0);
    }
    await Promise.all([reading, writing, other]);
    waits.push(turns);
    assert.ok(order.every((who, i) => i === 0 || who !== order[i - 1]), String(order));
  }
  // What else the machine does may hold up the kernel in some of the rounds, but not in most.
  const middle = waits.toSorted((a, b) => a - b)[7]!;
  assert.ok(middle < 20, `data came after ${waits} turns`);
});

Deno.test("nextTurn: those who press have two of three turns, the others the third", async () => {
  const order: string[] = [];
  const take = async (who: string, presses: boolean) => {
    for (let i = 0; i < 4; i++) {
      await nextTurn(presses);
      order.push(who);
    }
  };
  await Promise.all([take("other", false), take("a", true), take("b", true)]);
  assert.deepEqual(order.slice(0, 6), ["a", "b", "other", "a", "b", "other"]);
  assert.equal(order.length, 12);
});
