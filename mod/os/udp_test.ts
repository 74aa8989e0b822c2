import assert from "node:assert/strict";
import type { Clock } from "../core/mod.ts";
import { openUdp, type UdpOptions, type UdpSocket } from "./mod.ts";
import { freePort } from "../../tests/support/ports.ts";
import { until } from "../../tests/support/waiting.ts";

const clock: Clock = {
  nowMicros: () => Date.now() * 1000,
  monotonicMs: () => performance.now(),
};
const ffi = Deno.permissions.querySync({ name: "ffi" }).state === "granted";

interface Received {
  readonly text: string;
  readonly arrivalMicros: number;
  readonly from: Deno.NetAddr;
}

interface Receiver {
  readonly socket: UdpSocket;
  readonly got: Received[];
  readonly errors: unknown[];
}

async function receiver(options: Partial<UdpOptions> = {}): Promise<Receiver> {
  const got: Received[] = [];
  const errors: unknown[] = [];
  const socket = await openUdp({
    hostname: "127.0.0.1",
    clock,
    onDatagram: (bytes, arrivalMicros, from) => {
      got.push({ text: new TextDecoder().decode(bytes), arrivalMicros, from });
      bytes.fill(0); // lent
    },
    onError: (error) => errors.push(error),
    ...options,
  });
  return { socket, got, errors };
}

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("udp: datagrams arrive whole, in order, with stamp and sender", async () => {
  const a = await receiver();
  const b = await receiver();
  try {
    const big = "x".repeat(60_000);
    const before = clock.nowMicros();
    for (const text of ["one", "", "two", big]) {
      assert.equal(await b.socket.send(bytes(text), "127.0.0.1", a.socket.port), true);
    }
    await until(() => a.got.length === 4, "four datagrams");
    assert.deepEqual(a.got.map((r) => r.text), ["one", "", "two", big]);
    assert.equal(a.got[0]!.from.port, b.socket.port);
    const { arrivalMicros } = a.got[0]!;
    // UTC is known in whole milliseconds here.
    assert.ok(
      arrivalMicros >= before - 2000 && arrivalMicros <= clock.nowMicros() + 2000,
      `${arrivalMicros} is not after ${before}`,
    );
    assert.deepEqual([a.socket.received, a.socket.filtered], [4, 0]);
  } finally {
    a.socket.close();
    b.socket.close();
  }
  assert.deepEqual(a.errors, []);
});

Deno.test("udp: only wanted senders get through, the others are counted", async () => {
  const a = await receiver({ sources: ["127.0.0.2"] });
  const wanted = await receiver({ hostname: "127.0.0.2" });
  const other = await receiver({ hostname: "127.0.0.3" });
  try {
    await other.socket.send(bytes("other"), "127.0.0.1", a.socket.port);
    await wanted.socket.send(bytes("wanted"), "127.0.0.1", a.socket.port);
    await until(() => a.socket.received === 2, "both datagrams");
    assert.deepEqual(a.got.map((r) => r.text), ["wanted"]);
    assert.equal(a.socket.filtered, 1);
  } finally {
    for (const r of [a, wanted, other]) r.socket.close();
  }
});

Deno.test("udp: the receive buffer is enlarged, or a note says why not", async () => {
  const a = await receiver({ receiveBufferBytes: 100_000 });
  const b = await receiver({ receiveBufferBytes: 2 ** 30 });
  try {
    if (ffi) {
      assert.equal(a.socket.receiveBufferBytes, 100_000);
      assert.deepEqual(a.socket.notes, []);
      assert.equal(a.socket.kernelDrops(), 0);
      assert.ok(b.socket.receiveBufferBytes! >= 100_000);
      assert.equal(b.socket.notes.length, b.socket.receiveBufferBytes! < 2 ** 30 ? 1 : 0);
    } else {
      assert.equal(a.socket.receiveBufferBytes, undefined);
      assert.equal(a.socket.kernelDrops(), undefined);
      assert.match(a.socket.notes.join(), /--allow-ffi is not granted/);
    }
  } finally {
    a.socket.close();
    b.socket.close();
  }
});

Deno.test("udp: what the kernel drops is counted", async () => {
  if (!ffi) return console.log("skipped: FFI is not permitted");
  const a = await receiver({ receiveBufferBytes: 4096 });
  const b = await receiver();
  try {
    // More than fits is waiting before the receiver gets a turn: sends are synchronous on an idle socket.
    await Promise.all(
      Array.from(
        { length: 200 },
        () => b.socket.send(new Uint8Array(1000), "127.0.0.1", a.socket.port),
      ),
    );
    await until(() => a.socket.received + a.socket.kernelDrops()! === 200, "all accounted for");
  } finally {
    a.socket.close();
    b.socket.close();
  }
});

for (const source of [undefined, "127.0.0.2"]) {
  const kind = source ? "source-specific" : "any-source";
  Deno.test(`udp: ${kind} multicast over loopback`, async () => {
    const wanted = await receiver({ hostname: "127.0.0.2" });
    const other = await receiver({ hostname: "127.0.0.3" });
    const a = await receiver({
      hostname: "239.255.71.18",
      multicast: {
        group: "239.255.71.18",
        interface: "127.0.0.1",
        ...source ? { source } : {},
      },
    });
    try {
      const to = a.socket.port;
      if (!await wanted.socket.send(bytes("wanted"), "239.255.71.18", to)) {
        return console.log("skipped: no multicast on loopback here");
      }
      await other.socket.send(bytes("other"), "239.255.71.18", to);
      await wanted.socket.send(bytes("end"), "239.255.71.18", to);
      await until(() => a.got.at(-1)?.text === "end", "multicast datagrams");
      assert.deepEqual(
        a.got.map((r) => r.text),
        source ? ["wanted", "end"] : ["wanted", "other", "end"],
      );
      const fallback = source !== undefined && !ffi;
      assert.equal(a.socket.notes.some((n) => n.includes("filtered here")), fallback);
    } finally {
      for (const r of [a, wanted, other]) r.socket.close();
    }
  });
}

Deno.test("udp: an address in use, an unknown interface and a bad source are refused", async () => {
  const a = await receiver();
  try {
    await assert.rejects(receiver({ port: a.socket.port }), Deno.errors.AddrInUse);
  } finally {
    a.socket.close();
  }
  const multicast = { group: "239.255.71.19", interface: "no-such-interface" };
  await assert.rejects(receiver({ hostname: "0.0.0.0", multicast }), /no-such-interface/);
});

Deno.test("udp: a handler that throws closes the socket, once", async () => {
  const errors: unknown[] = [];
  const a = await receiver({
    onDatagram: () => {
      throw new Error("defect");
    },
    onError: (error) => errors.push(error),
  });
  const b = await receiver();
  try {
    await b.socket.send(bytes("x"), "127.0.0.1", a.socket.port);
    await until(() => errors.length > 0, "the error");
    assert.match(String(errors[0]), /defect/);
    assert.equal(await a.socket.send(bytes("x"), "127.0.0.1", b.socket.port), false);
  } finally {
    b.socket.close();
    a.socket.close();
  }
});

Deno.test("udp: sending to a closed port does not end the socket", async () => {
  const gone = freePort(); // nobody else hears what is sent there
  const a = await receiver();
  try {
    for (let i = 0; i < 3; i++) await a.socket.send(bytes("x"), "127.0.0.1", gone);
    await a.socket.send(bytes("self"), "127.0.0.1", a.socket.port);
    await until(() => a.got.length === 1, "own datagram");
    assert.deepEqual(a.errors, []);
  } finally {
    a.socket.close();
  }
});

Deno.test("udp: a port that was just closed can be opened again at once", async () => {
  const port = freePort(); // the kernel gives it to nobody while it is closed
  const options = { hostname: "127.0.0.1", port, clock, onDatagram() {}, onError() {} };
  for (let round = 0; round < 100; round++) {
    const socket = await openUdp(options);
    assert.equal(socket.port, port);
    socket.close();
  }
});
