import assert from "node:assert/strict";
import type { Frame, Part } from "../../core/mod.ts";
import { MemoryLog } from "../../core/testing.ts";
import {
  Command,
  type Configuration,
  encodeConfiguration,
  FrameType,
  type LentFrame,
  StreamParser,
} from "../../c37118/mod.ts";
import { configuration, dataFrame } from "../../c37118/testing.ts";
import type { IngestBook } from "../../stats/mod.ts";
import { systemClock } from "../../os/mod.ts";
import { createC37118Input } from "./mod.ts";
import { inputOptions, KeepingSink, registry } from "./testing.ts";
import { until } from "../../../tests/support/waiting.ts";
import { freePort } from "../../../tests/support/ports.ts";

const clock = systemClock();
const CONFIGURATION = configuration();
const GROUP = "239.255.71.37";

/** A device in the smallest form: answers commands, sends `count` frames at a start, and counts what it sent. */
class Device {
  readonly commands: number[] = [];
  sent = 0;
  answers = true;
  frames = 100;
  damaged = 0;
  configuration: Configuration = CONFIGURATION;
  #parser = new StreamParser((frame) => this.#command(frame), { role: "server" });
  readonly #reply: (bytes: Uint8Array<ArrayBuffer>) => unknown;
  readonly #data: (bytes: Uint8Array<ArrayBuffer>) => unknown;

  constructor(
    reply: (bytes: Uint8Array<ArrayBuffer>) => unknown,
    data: (bytes: Uint8Array<ArrayBuffer>) => unknown = reply,
  ) {
    this.#reply = reply;
    this.#data = data;
  }

  take(bytes: Uint8Array): void {
    this.#parser.push(bytes, 0);
  }

  sendConfiguration(): void {
    this.#data(configurationBytes(this.configuration));
  }

  sendData(count: number): void {
    const soc = Math.floor(clock.nowMicros() / 1e6);
    for (let i = 0; i < count; i++) {
      this.#data(dataFrame(this.configuration, soc, (this.sent % 50) * 20_000, this.sent));
      this.sent++;
    }
  }

  #command(frame: LentFrame): void {
    const command = frame.view.getUint16(frame.offset + 14);
    this.commands.push(command);
    if (!this.answers) return;
    if (command === Command.SendConfig2) this.#reply(configurationBytes(this.configuration));
    if (command !== Command.DataOn) return;
    for (let i = 0; i < this.damaged; i++) {
      const bytes = dataFrame(this.configuration, 1, 0, i);
      bytes[20]! ^= 1;
      this.#data(bytes);
    }
    this.sendData(this.frames);
  }
}

function configurationBytes(c: Configuration): Uint8Array<ArrayBuffer> {
  return encodeConfiguration(c, { idCode: c.idCode, soc: 1 }, FrameType.Config2);
}

/** Serves one connection after the other with the device that `make` makes. */
class TcpDevices {
  readonly devices: Device[] = [];
  readonly connections: Deno.TcpConn[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });

  constructor(make: (write: (bytes: Uint8Array<ArrayBuffer>) => unknown) => Device) {
    const run = async () => {
      for await (const conn of this.#listener) {
        this.connections.push(conn);
        const device = make(inOrder((bytes) => conn.write(bytes)));
        this.devices.push(device);
        serve(conn, device);
      }
    };
    run().catch(() => {});
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  close(): void {
    this.#listener.close();
    for (const conn of this.connections) quietly(() => conn.close());
  }
}

/** Sends one after the other: the platform does not keep the order of sends that overlap. */
function inOrder(
  send: (bytes: Uint8Array<ArrayBuffer>) => Promise<unknown>,
): (bytes: Uint8Array<ArrayBuffer>) => void {
  let last: Promise<unknown> = Promise.resolve();
  return (bytes) => {
    last = last.then(() => send(bytes)).catch(() => {});
  };
}

async function serve(conn: Deno.TcpConn, device: Device): Promise<void> {
  const buffer = new Uint8Array(4096);
  try {
    for (;;) {
      const count = await conn.read(buffer);
      if (count === null) break;
      device.take(buffer.subarray(0, count));
    }
  } catch {
    // closed by the test
  }
  quietly(() => conn.close());
}

function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // closed before
  }
}

interface Bench {
  readonly part: Part;
  readonly sink: KeepingSink;
  readonly log: MemoryLog;
  readonly folder: string;
  book(): IngestBook;
  detail<T>(key: string): T;
  restart(): Bench;
}

/**
 * Runs a test with an input. What it waits for ends no test by itself: a machine that stands still for seconds makes it
 * neither ask again nor give a connection up.
 */
async function bench(
  options: Parameters<typeof inputOptions>[0],
  use: (b: Bench) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "tieline-c37118-" });
  const open: Part[] = [];
  const make = (): Bench => {
    const sink = new KeepingSink();
    const log = new MemoryLog();
    const part = createC37118Input(
      "shelby",
      inputOptions({
        reconnectMinMs: 20,
        reconnectMaxMs: 100,
        configurationTimeoutMs: 60_000,
        dataLossMs: 60_000,
        ...options,
      }),
      { registry: registry(), sink, log, clock, stateDir: folder },
    );
    open.push(part);
    // Status is JSON by contract; the tests know the shapes of what they read.
    const detail = <T>(key: string) =>
      JSON.parse(JSON.stringify(part.status().detail?.[key] ?? null)) as T;
    return { part, sink, log, folder, detail, book: () => detail("books"), restart: make };
  };
  try {
    await use(make());
  } finally {
    for (const part of open) await part.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Checks all values against what the device made of their numbers, and the books against its count. */
function assertReceived(b: Bench, sent: number, damaged = 0): void {
  b.sink.frames.forEach((frame, n) =>
    assert.deepEqual(firstValues(frame), [100 + n, 101 + n], `${n}`)
  );
  assert.equal(b.sink.frames.length, sent);
  const { received, accepted, dropped, balance } = b.book();
  assert.deepEqual([received, accepted, dropped["crc"], balance], [
    sent + damaged,
    sent,
    damaged,
    0,
  ]);
}

function firstValues(frame: Frame): number[] {
  return [frame.values[0]!, frame.values[2]!];
}

Deno.test("input/c37118 tcp: stop, configuration, start, data; books agree with the sender", async () => {
  const devices = new TcpDevices((write) => {
    const device = new Device(write);
    device.damaged = 3;
    return device;
  });
  try {
    await bench({ port: devices.port }, async (b) => {
      assert.equal(b.part.status().state, "stopped");
      await b.part.start();
      await until(() => b.sink.frames.length === 100, "100 frames");
      const device = devices.devices[0]!;
      assert.deepEqual(device.commands, [Command.DataOff, Command.SendConfig2, Command.DataOn]);
      assertReceived(b, device.sent, 3);
      assert.equal(b.part.status().state, "running");
      assert.match(String(b.detail("peer")), /^127\.0\.0\.1:/);
      const metrics = new Map(
        b.part.metrics().map((m) => [`${m.name}${m.labels?.["reason"] ?? ""}`, m.value]),
      );
      assert.equal(metrics.get("input_frames_received_total"), 103);
      assert.equal(metrics.get("input_frames_dropped_totalcrc"), 3);
      await b.part.stop();
      await until(() => device.commands.at(-1) === Command.DataOff, "stop at the end");
      assert.equal(b.part.status().state, "stopped");
      assert.equal(b.log.with("wrong CHK").length, 1);
    });
  } finally {
    devices.close();
  }
});

Deno.test("input/c37118 tcp: a device that goes away is dialled again, and its data go on", async () => {
  const devices = new TcpDevices((write) => new Device(write));
  try {
    await bench({ port: devices.port }, async (b) => {
      await b.part.start();
      for (let round = 1; round <= 3; round++) {
        await until(() => b.sink.frames.length === 100 * round, `round ${round}`);
        devices.connections[round - 1]!.close();
      }
      await until(() => devices.devices.length === 4, "the fourth connection");
      assert.equal(b.log.with("The connection failed").length, 1);
      assert.equal(b.log.with("New configuration").length, 1);
      assert.equal(b.book().balance, 0);
    });
  } finally {
    devices.close();
  }
});

Deno.test("input/c37118 tcp: a device that connects and says nothing is let go and tried again", async () => {
  const devices = new TcpDevices((write) => {
    const device = new Device(write);
    device.answers = false;
    return device;
  });
  try {
    await bench({ port: devices.port, configurationTimeoutMs: 100 }, async (b) => {
      await b.part.start();
      await until(() => devices.devices.length >= 2, "the second connection");
      await until(() => devices.devices[0]!.commands.length >= 4, "all that was asked");
      assert.equal(b.part.status().state, "waiting");
      assert.deepEqual(devices.devices[0]!.commands, [
        Command.DataOff,
        Command.SendConfig2,
        Command.SendConfig2,
        Command.SendConfig2,
      ]);
      assert.equal(b.log.with("no configuration after 3 requests").length, 1);
      assert.equal(b.sink.frames.length, 0);
    });
  } finally {
    devices.close();
  }
});

Deno.test("input/c37118 tcp: nobody listens: the input starts, waits and stops at once", async () => {
  const port = freePort();
  await bench({ port, reconnectMinMs: 60_000, reconnectMaxMs: 60_000 }, async (b) => {
    await b.part.start();
    await until(() => b.log.with("The connection failed").length === 1, "the complaint");
    const { state, reason } = b.part.status();
    assert.equal(state, "waiting");
    assert.match(reason!, /refused/i);
    const begun = performance.now();
    await b.part.stop();
    assert.ok(performance.now() - begun < 30_000, "it did not wait for the next attempt");
  });
});

Deno.test("input/c37118 tcp: garbage without end is dropped in bounded memory", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let sent = 0, connections = 0;
  const noise = new Uint8Array(65_536);
  crypto.getRandomValues(noise);
  const flood = async (conn: Deno.TcpConn) => {
    connections++;
    try {
      for (;;) sent += await conn.write(noise);
    } catch {
      quietly(() => conn.close());
    }
  };
  const run = async () => {
    for await (const conn of listener) flood(conn);
  };
  run().catch(() => {});
  try {
    const options = { port: listener.addr.port, configurationTimeoutMs: 200 };
    await bench(options, async (b) => {
      await b.part.start();
      await until(() => sent > 2e6, "the first bytes");
      const before = Deno.memoryUsage();
      const target = sent + 8e6;
      // What was sent may still wait in the kernel, and is lost there with its connection.
      const skipped = () => b.detail<{ skippedBytes: number }>("wire").skippedBytes;
      await until(
        () => sent > target && connections > 1 && skipped() > 1e6,
        () => ["8 MB of garbage", sent, connections, skipped()],
      );
      const after = Deno.memoryUsage();
      const grown = (after.heapUsed + after.external - before.heapUsed - before.external) / 1e6;
      assert.ok(grown < 30, `grown by ${grown} MB`);
      assert.equal(b.sink.frames.length, 0);
      assert.equal(b.book().balance, 0);
      assert.ok(b.log.lines.length < 10, b.log.lines.join("\n"));
    });
  } finally {
    listener.close();
  }
});

Deno.test("input/c37118 tcp-listen: the device dials; strangers and second devices are turned away", async () => {
  const port = freePort();
  await bench({ transport: "tcp-listen", port, localAddress: "127.0.0.1" }, async (b) => {
    await b.part.start();
    const dial = async () => {
      const conn = await Deno.connect({ hostname: "127.0.0.1", port });
      const device = new Device(inOrder((bytes) => conn.write(bytes)));
      serve(conn, device);
      return { conn, device };
    };
    const first = await dial();
    await until(() => b.sink.frames.length === 100, "100 frames");
    const second = await dial();
    await until(() => b.detail("refusedConnections") === 1, "the refusal");
    assert.equal(second.device.commands.length, 0);
    first.conn.close();
    await until(() => b.part.status().state === "waiting", "the loss");
    const third = await dial();
    await until(() => b.sink.frames.length === 200, "200 frames");
    for (const { conn } of [second, third]) quietly(() => conn.close());
  });
});

Deno.test("input/c37118 udp: commands out, answers from another port, data of others filtered", async () => {
  const commands = udpSocket("127.0.0.2");
  const answers = udpSocket("127.0.0.2");
  const stranger = udpSocket("127.0.0.3");
  let to: Deno.NetAddr | undefined;
  const device = new Device(inOrder((bytes) => answers.send(bytes, to!)));
  const run = async () => {
    for await (const [bytes, from] of commands) {
      to = from as Deno.NetAddr; // UDP has network addresses
      device.take(bytes);
    }
  };
  run().catch(() => {});
  try {
    const { port } = commands.addr as Deno.NetAddr;
    await bench({ transport: "udp", host: "127.0.0.2", port }, async (b) => {
      await b.part.start();
      await until(() => b.sink.frames.length === 100, "100 frames");
      await stranger.send(dataFrame(CONFIGURATION, 1, 0, 1), to!);
      await until(() => b.detail<{ filtered: number }>("udp").filtered === 1, "the filter");
      assertReceived(b, device.sent);
      assert.deepEqual(device.commands, [Command.DataOff, Command.SendConfig2, Command.DataOn]);
      await b.part.stop();
      await until(() => device.commands.at(-1) === Command.DataOff, "stop at the end");
    });
  } finally {
    for (const socket of [commands, answers, stranger]) socket.close();
  }
});

Deno.test("input/c37118 tcp+udp: commands by TCP, data by UDP", async () => {
  const socket = udpSocket("127.0.0.1");
  const dataPort = freePort();
  const to: Deno.NetAddr = { transport: "udp", hostname: "127.0.0.1", port: dataPort };
  const data = inOrder((bytes) => socket.send(bytes, to));
  const devices = new TcpDevices((write) => new Device(write, data));
  try {
    await bench({ transport: "tcp+udp", port: devices.port, dataPort }, async (b) => {
      await b.part.start();
      await until(() => b.sink.frames.length === 100, "100 frames");
      assertReceived(b, devices.devices[0]!.sent);
    });
  } finally {
    devices.close();
    socket.close();
  }
});

for (const source of [undefined, "127.0.0.2"]) {
  const kind = source ? "source-specific" : "any-source";
  Deno.test(`input/c37118 multicast: ${kind}, never sends stop`, async () => {
    const socket = udpSocket("127.0.0.2");
    const stranger = udpSocket("127.0.0.3");
    const dataPort = freePort();
    const to: Deno.NetAddr = { transport: "udp", hostname: GROUP, port: dataPort };
    const data = inOrder((bytes) => socket.send(bytes, to));
    const devices = new TcpDevices((write) => new Device(write, data));
    try {
      await socket.send(new Uint8Array(1), to);
    } catch {
      devices.close();
      for (const s of [socket, stranger]) s.close();
      return console.log("skipped: no multicast on loopback here");
    }
    try {
      const options = {
        transport: "multicast" as const,
        host: "127.0.0.1",
        port: devices.port,
        group: GROUP,
        dataPort,
        interface: "127.0.0.1",
        ...source ? { source } : {},
      };
      await bench(options, async (b) => {
        await b.part.start();
        await until(() => b.sink.frames.length === 100, "100 frames");
        await stranger.send(dataFrame(configuration({ idCode: 9 }), 1, 0, 1), to);
        devices.devices[0]!.sendData(1);
        await until(() => b.sink.frames.length === 101, "one more");
        if (source) assert.equal(b.book().dropped["wrongId"], 0);
        else await until(() => b.book().dropped["wrongId"] === 1, "the stranger's frame");
        await b.part.stop();
        assert.deepEqual(devices.devices[0]!.commands, [Command.SendConfig2, Command.DataOn]);
      });
    } finally {
      devices.close();
      for (const s of [socket, stranger]) s.close();
    }
  });
}

Deno.test("input/c37118 udp-listen: the configuration is kept over a restart; a bad file is ignored", async () => {
  const socket = udpSocket("127.0.0.1");
  const dataPort = freePort();
  const to: Deno.NetAddr = { transport: "udp", hostname: "127.0.0.1", port: dataPort };
  const options = { transport: "udp-listen" as const, dataPort, localAddress: "127.0.0.1" };
  try {
    await bench(options, async (b) => {
      const device = new Device(inOrder((bytes) => socket.send(bytes, to)));
      const path = `${b.folder}/c37118/shelby.bin`;
      await b.part.start();
      device.sendData(5);
      device.sendConfiguration();
      device.sendData(5);
      await until(() => b.sink.frames.length === 5, "data after the configuration");
      assert.equal(b.book().dropped["noConfig"], 5);
      await until(() => fileSize(path) > 0, "the file");
      await b.part.stop();

      const again = b.restart();
      await again.part.start();
      device.sendData(5);
      await until(() => again.sink.frames.length === 5, "data by the cached configuration");
      assert.equal(again.detail<{ cached: boolean }>("configuration").cached, true);
      assert.equal(
        again.detail<{ byCachedConfiguration: number }>("wire").byCachedConfiguration,
        5,
      );
      device.sendConfiguration();
      device.sendData(1);
      await until(() => again.sink.frames.length === 6, "data by the confirmed configuration");
      assert.equal(again.detail<{ cached: boolean }>("configuration").cached, false);
      await again.part.stop();

      for (
        const [bytes, problem] of [
          [(await Deno.readFile(path)).map((x, i) => i === 40 ? x ^ 1 : x), /CHK/],
          [configurationBytes(configuration({ idCode: 9 })), /stream 9, not 7/],
          [new Uint8Array(3), /damaged/],
          [new Uint8Array(0), /no whole configuration/],
        ] as const
      ) {
        await Deno.writeFile(path, bytes);
        const third = b.restart();
        await third.part.start();
        assert.match(third.log.with("cached configuration was ignored").join(), problem);
        assert.match(third.detail<string[]>("notes").join(), problem);
        await third.part.stop();
      }
    });
  } finally {
    socket.close();
  }
});

Deno.test("input/c37118: a port that is taken makes the start fail, and stop is safe", async () => {
  const socket = udpSocket("127.0.0.1");
  const { port } = socket.addr as Deno.NetAddr;
  try {
    await bench(
      { transport: "udp-listen", dataPort: port, localAddress: "127.0.0.1" },
      async (b) => {
        await b.part.stop();
        await assert.rejects(b.part.start(), Deno.errors.AddrInUse);
        await b.part.stop();
        assert.equal(b.part.status().state, "stopped");
      },
    );
  } finally {
    socket.close();
  }
});

function udpSocket(hostname: string): Deno.DatagramConn {
  return Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
}

function fileSize(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return 0;
  }
}
