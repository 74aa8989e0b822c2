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
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  const bytes = crypto.getRandomValues(new Uint8Array(65_536));
  const large = new Uint8Array(100 * bytes.length);
  for (let at = 0; at < large.length; at += bytes.length) large.set(bytes, at);
  const compressed = await inTurns(compressSteps(large));
  clearInterval(timer);
  assert.deepEqual(new Uint8Array(decompress(compressed)), large);
  assert.ok(turns >= 10, `${turns} turns`);
});

Deno.test("nextTurn: sockets are read in between, one caller has each turn", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using near = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  using far = await listener.accept();
  for (let round = 0; round < 5; round++) {
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
    assert.ok(turns < 20, `data came after ${turns} turns`);
    assert.ok(order.every((who, i) => i === 0 || who !== order[i - 1]), String(order));
  }
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
