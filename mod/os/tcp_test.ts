import assert from "node:assert/strict";
import { type CloseReason, ConnectError, type Connection, type Refusal } from "./connection.ts";
import { connectTcp, listenTcp, type TcpListenOptions } from "./tcp.ts";
import { freePort } from "../../tests/support/ports.ts";
import { until } from "../../tests/support/waiting.ts";

async function open(more: Partial<TcpListenOptions> = {}) {
  const peers: { connection: Connection; name: string }[] = [];
  const refusals: Refusal[] = [];
  const listener = await listenTcp({
    hostname: "127.0.0.1",
    port: 0,
    onPeer: (connection, name) => peers.push({ connection, name }),
    onRefused: (refusal) => refusals.push(refusal),
    ...more,
  });
  return { listener, peers, refusals, [Symbol.asyncDispose]: () => listener.close() };
}

const local = (port: number) => ({ hostname: "127.0.0.1", port });

Deno.test("bytes go both ways, in order, and the end is told to both", async () => {
  await using bench = await open();
  const connection = await connectTcp(local(bench.listener.port));
  await until(() => bench.peers.length === 1, "a peer");
  const accepted = bench.peers[0]!.connection;
  assert.equal(bench.peers[0]!.name, "127.0.0.1");
  assert.equal(accepted.remoteAddress, "127.0.0.1");
  assert.equal(connection.remotePort, bench.listener.port);
  assert.equal(connection.secure, false);
  const got: number[] = [];
  accepted.onData = (bytes) => {
    for (const byte of bytes) got.push(byte);
    bytes.fill(255); // lent for the call: nothing may depend on them afterwards
  };
  const lent = new Uint8Array(2);
  for (let i = 0; i < 200; i += 2) {
    lent.set([i, i + 1]);
    connection.write(lent);
    lent.fill(255);
  }
  const ends: string[] = [];
  accepted.onClose = (reason) => ends.push(`accepted ${reason}`);
  connection.onClose = (reason) => ends.push(`dialled ${reason}`);
  connection.close();
  await until(() => ends.length === 2, "both ends");
  assert.deepEqual(got, Array.from({ length: 200 }, (_, i) => i));
  assert.deepEqual(ends.sort(), ["accepted closedByPeer", "dialled closedHere"]);
  assert.deepEqual([accepted.bytesRead, connection.bytesWritten], [200, 200]);
  assert.equal(bench.listener.connections, 0);
});

Deno.test("a paused connection keeps what comes, and gives it in order", async () => {
  await using bench = await open();
  const connection = await connectTcp(local(bench.listener.port));
  await until(() => bench.peers.length === 1, "a peer");
  const accepted = bench.peers[0]!.connection;
  let got = "";
  accepted.onData = (bytes) => {
    got += new TextDecoder().decode(bytes);
    if (got.length === 1) accepted.pause();
  };
  for (const letter of "abc") {
    connection.write(new TextEncoder().encode(letter));
    const size = accepted.bytesRead + 1;
    await until(() => accepted.bytesRead === size, "a letter");
  }
  assert.equal(got, "a");
  accepted.resume();
  assert.equal(got, "abc");
  connection.destroy();
});

Deno.test("a paused connection is bounded", async () => {
  await using bench = await open({ maxUnreadBytes: 1000 });
  const connection = await connectTcp(local(bench.listener.port));
  await until(() => bench.peers.length === 1, "a peer");
  const ends: CloseReason[] = [];
  bench.peers[0]!.connection.onClose = (reason) => ends.push(reason);
  connection.write(new Uint8Array(1001));
  await until(() => ends.length === 1, "the end");
  assert.deepEqual(ends, ["unreadLimit"]);
});

Deno.test("who begins to listen after the end is told of it", async () => {
  await using bench = await open();
  const connection = await connectTcp(local(bench.listener.port));
  await until(() => bench.peers.length === 1, "a peer");
  const ends: CloseReason[] = [];
  connection.onClose = (reason) => ends.push(reason);
  bench.peers[0]!.connection.close();
  await until(() => ends.length === 1, "the end");
  connection.onClose = (reason) => ends.push(reason);
  await until(() => ends.length === 2, "the end once more");
  assert.deepEqual(ends, ["closedByPeer", "closedByPeer"]);
});

Deno.test("a handler that throws costs its own connection only", async () => {
  await using bench = await open();
  const [first, second] = [
    await connectTcp(local(bench.listener.port)),
    await connectTcp(local(bench.listener.port)),
  ];
  await until(() => bench.peers.length === 2, "two peers");
  const ends: string[] = [];
  for (const { connection } of bench.peers) {
    connection.onData = () => {
      throw new Error("cannot take this");
    };
    connection.onClose = (reason, message) => ends.push(`${reason}: ${message}`);
  }
  first.write(new Uint8Array(1));
  await until(() => ends.length === 1, "an end");
  assert.deepEqual(ends, ["handlerFailed: cannot take this"]);
  assert.equal(bench.listener.connections, 1);
  second.destroy();
});

Deno.test("a peer without TLS is judged by its address", async () => {
  const seen: string[] = [];
  await using bench = await open({
    hostname: "::",
    judge: ({ address }) => {
      seen.push(address);
      return address === "127.0.0.1"
        ? { name: "known" }
        : { refused: "addressNotAllowed", message: `Refused ${address}` };
    },
  });
  const known = await connectTcp(local(bench.listener.port));
  await until(() => bench.peers.length === 1, "a peer");
  assert.equal(bench.peers[0]!.name, "known");
  const other = await connectTcp({ ...local(bench.listener.port), localAddress: "127.0.0.9" });
  let ended = false;
  other.onClose = () => ended = true;
  await until(() => bench.refusals.length === 1 && ended, "a refusal");
  assert.deepEqual(seen, ["127.0.0.1", "127.0.0.9"]);
  assert.equal(bench.refusals[0]!.reason, "addressNotAllowed");
  known.destroy();
});

Deno.test("connections are bounded in number", async () => {
  await using bench = await open({ maxConnections: 2 });
  const connections = [];
  for (let i = 0; i < 4; i++) connections.push(await connectTcp(local(bench.listener.port)));
  await until(() => bench.refusals.length === 2, "refusals");
  assert.equal(bench.refusals[0]!.reason, "tooManyConnections");
  assert.equal(bench.listener.connections, 2);
  for (const connection of connections) connection.destroy();
  await until(() => bench.listener.connections === 0, "they are gone");
  const next = await connectTcp(local(bench.listener.port));
  await until(() => bench.peers.length === 3, "there is room again");
  next.destroy();
});

Deno.test("accepting is bounded in rate", async () => {
  await using bench = await open({ maxAcceptsPerSecond: 4 });
  const begun = performance.now();
  // Places come back while a slow machine dials: it dials until it is turned away twice.
  await until(async () => {
    (await connectTcp(local(bench.listener.port))).destroy();
    return bench.refusals.length >= 2;
  }, "refusals");
  assert.deepEqual([...new Set(bench.refusals.map((r) => r.reason))], ["tooManyHandshakes"]);
  // One address gets half of the rate, and one second's worth of it at once.
  const allowed = 2 + 2 * (performance.now() - begun) / 1000;
  assert.ok(bench.peers.length <= allowed, `${bench.peers.length} accepted of ${allowed}`);
});

Deno.test("what cannot be reached or bound is an error", async () => {
  // A port that the kernel gives to nobody else once it is closed.
  const { listener } = await open({ port: freePort() });
  await assert.rejects(listenTcp({ ...local(listener.port), onPeer: () => {} }), {
    code: "EADDRINUSE",
    message: `Cannot listen on 127.0.0.1:${listener.port}: the port is in use by another program`,
  });
  await listener.close();
  const kind = (word: string) => (error: unknown) =>
    error instanceof ConnectError && error.kind === word;
  await assert.rejects(connectTcp(local(listener.port)), kind("network"));
  await assert.rejects(
    connectTcp({ ...local(listener.port), signal: AbortSignal.abort() }),
    kind("aborted"),
  );
});

Deno.test("what is given away goes to several connections without a copy", async () => {
  await using bench = await open();
  const dialled = await Promise.all([0, 1].map(() => connectTcp(local(bench.listener.port))));
  await until(() => bench.peers.length === 2, "two peers");
  const got = [0, 0];
  bench.peers.forEach(({ connection }, i) => {
    connection.onData = (bytes) => void (got[i]! += bytes.reduce((sum, byte) => sum + byte, 0));
  });
  const shared = new Uint8Array(50_000).fill(3);
  for (const connection of dialled) {
    for (let i = 0; i < 40; i++) connection.give(shared);
    assert.equal(connection.bytesWritten, 40 * shared.length);
  }
  await until(() => got.every((sum) => sum === 3 * 40 * shared.length), "all bytes");
  dialled[0]!.destroy();
  assert.equal(dialled[0]!.give(shared), false);
  dialled[1]!.destroy();
});
