import assert from "node:assert/strict";
import { MAX_SOCKET_PATH, UnixDatagram, UnixSocketError } from "./unix_datagram.ts";

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "tl-unix-" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function reasonOf(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    assert.ok(error instanceof UnixSocketError, String(error));
    return error.reason;
  }
  return "none";
}

Deno.test("asks and is answered, and hears nobody but its daemon", () =>
  inFolder(async (folder) => {
    const daemon = UnixDatagram.open(`${folder}/daemon`, `${folder}/client`);
    const stranger = UnixDatagram.open(`${folder}/stranger`, `${folder}/client`);
    const client = UnixDatagram.open(`${folder}/client`, `${folder}/daemon`);
    await client.send(new Uint8Array([1, 2, 3]));
    assert.deepEqual([...await daemon.receive(60_000)], [1, 2, 3]);
    await stranger.send(new Uint8Array([9]));
    await daemon.send(new Uint8Array([4]));
    assert.deepEqual([...await client.receive(60_000)], [4]);
    assert.equal(client.foreign, 1);
    for (const socket of [daemon, stranger, client]) socket.close();
    client.close();
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));

Deno.test("an answer that comes as the time is over is one, or none: who has one may ask again", () =>
  inFolder(async (folder) => {
    const daemon = UnixDatagram.open(`${folder}/daemon`, `${folder}/client`);
    for (let round = 0; round < 20; round++) {
      const client = UnixDatagram.open(`${folder}/client`, `${folder}/daemon`);
      const answer = reasonOf(() => client.receive(2));
      await daemon.send(new Uint8Array([round]));
      // A thread that is held up finds both, the datagram and the end of its time.
      for (const end = performance.now() + round % 5; performance.now() < end;);
      const reason = await answer;
      assert.ok(reason === "none" || reason === "timeout", reason);
      if (reason === "none") {
        await client.send(new Uint8Array([round]));
        // What nobody takes stays in the daemon's queue, which the kernel may hold as short as ten datagrams.
        assert.deepEqual([...await daemon.receive(60_000)], [round]);
      }
      client.close();
    }
    daemon.close();
  }));

Deno.test("what is in the way has a name", () =>
  inFolder(async (folder) => {
    const client = UnixDatagram.open(`${folder}/client`, `${folder}/daemon`);
    assert.equal(await reasonOf(() => client.send(new Uint8Array(1))), "missing");
    // A file that a daemon left behind, where nobody listens.
    const left = Deno.listenDatagram({ transport: "unixpacket", path: `${folder}/daemon` });
    left.close();
    assert.equal(await reasonOf(() => client.send(new Uint8Array(1))), "refused");
    assert.equal(await reasonOf(() => client.receive(20)), "timeout");
    assert.equal(await reasonOf(() => client.receive(20)), "closed");
    assert.equal(
      await reasonOf(() => UnixDatagram.open(`${folder}/none/client`, `${folder}/daemon`)),
      "missing",
    );
    const long = `${folder}/${"x".repeat(MAX_SOCKET_PATH)}`;
    assert.equal(await reasonOf(() => UnixDatagram.open(long, `${folder}/daemon`)), "failed");
  }));

Deno.test("takes the place of a socket that an earlier process left, and ends by close", () =>
  inFolder(async (folder) => {
    Deno.listenDatagram({ transport: "unixpacket", path: `${folder}/client` }).close();
    const client = UnixDatagram.open(`${folder}/client`, `${folder}/daemon`);
    const waiting = reasonOf(() => client.receive());
    client.close();
    assert.equal(await waiting, "closed");
  }));
