import assert from "node:assert/strict";
import {
  Command,
  type Configuration,
  encodeCommand,
  encodeConfiguration,
  encodeRawData,
  FrameType,
  type LentFrame,
  parseConfiguration,
  readRawBlocks,
  StreamParser,
} from "../../c37118/mod.ts";
import { type Connection, connectTcp, systemClock } from "../../os/mod.ts";
import type { DeliveryBook } from "../../stats/mod.ts";
import { type C37118Output, createC37118Output } from "./output.ts";
import type { C37118OutputOptions } from "./options.ts";
import type { Clock, StatisticRow } from "../../core/mod.ts";
import { HandClock } from "../../core/testing.ts";
import { onePmu, outputOptions, PART, Station } from "./testing.ts";
import { until } from "../../../tests/support/waiting.ts";

const SOURCE = onePmu();
const SECOND = 1_700_000_000;

/** What the tests read of a part's status. */
interface Detail {
  readonly clients: Record<
    string,
    { connections: { started: boolean }[]; ledger: DeliveryBook }
  >;
  readonly destinations: Record<string, { ledger: DeliveryBook; datagrams: number }>;
  readonly refused: Record<string, number>;
  readonly complaints: Record<string, number>;
  readonly cfgCnt: number;
  readonly pmus: { device: string }[];
  readonly connections: number;
}

/** A running output with one device `A`, whose frames are fed by hand. */
class Bench {
  readonly station: Station;
  readonly output: C37118Output;
  readonly options: C37118OutputOptions;
  sent = 0;

  private constructor(station: Station, output: C37118Output, options: C37118OutputOptions) {
    this.station = station;
    this.output = output;
    this.options = options;
  }

  static async run(
    change: Parameters<typeof outputOptions>[0],
    test: (bench: Bench) => Promise<void>,
    source: Configuration = SOURCE,
    clock: Clock = systemClock(),
  ): Promise<void> {
    const stateDir = await Deno.makeTempDir();
    const options = outputOptions(change);
    const station = new Station(options);
    station.device("A", source);
    const output = createC37118Output(PART, options, station.context(clock, stateDir));
    const bench = new Bench(station, output, options);
    try {
      await output.start();
      bench.feed(1, source); // so that its layout is known
      await until(() => bench.detail.pmus.length > 0, "a configuration");
      await test(bench);
    } finally {
      await output.stop();
      await Deno.remove(stateDir, { recursive: true });
    }
  }

  get detail(): Detail {
    return this.output.status().detail as unknown as Detail; // the shape of `statusDetail`
  }

  ledger(name = "local"): DeliveryBook {
    return this.detail.clients[name]!.ledger;
  }

  /** Waits until `count` connections of `name` have started data: what follows is theirs. */
  async started(count: number, name = "local"): Promise<void> {
    const connections = () => this.detail.clients[name]!.connections;
    await until(
      () => connections().filter(({ started }) => started).length === count,
      () => `${count} connections that take data: ${JSON.stringify(connections())}`,
    );
  }

  /** Gives `count` frames to the output, with numbers that go up. */
  feed(count: number, source: Configuration = SOURCE): void {
    const sink = this.output.sinkFor("wide");
    for (let i = 0; i < count; i++, this.sent++) {
      const second = SECOND + Math.floor(this.sent / 50), index = this.sent % 50;
      const [pmu] = source.pmus;
      const bytes = encodeRawData(source, { idCode: 7, soc: second, fracSec: index * 20_000 }, [{
        stat: 0,
        phasors: pmu!.phasors.map(() => [this.sent, 0.5]),
        freq: 60,
        dfreq: 0,
        analogs: pmu!.analogs.map(() => this.sent),
        digitals: pmu!.digitals.map(() => 1),
      }]);
      sink.accept(this.station.aligned(second, index, { A: bytes }));
    }
  }
}

/** A client that keeps the frames that it gets. */
class Client {
  readonly frames: Uint8Array[] = [];
  closed: string | undefined;
  readonly connection: Connection;
  readonly #parser = new StreamParser((f: LentFrame) => {
    this.frames.push(f.bytes.slice(f.offset, f.offset + f.size));
  });

  private constructor(connection: Connection) {
    this.connection = connection;
    connection.onData = (bytes) => this.#parser.push(bytes, 0);
    connection.onClose = (reason) => this.closed = reason;
  }

  static async dial(port: number, localAddress?: string): Promise<Client> {
    const local = localAddress === undefined ? {} : { localAddress };
    return new Client(await connectTcp({ hostname: "127.0.0.1", port, ...local }));
  }

  command(command: number, idCode = 77): void {
    this.connection.write(encodeCommand({ idCode }, command));
  }

  of(type: number): Uint8Array[] {
    return this.frames.filter((f) => ((f[1]! >> 4) & 7) === type);
  }
}

/** A client that stops reading when it is told to, so that the kernels fill up. */
class SlowClient {
  readonly frames: Uint8Array[] = [];
  #reads = Promise.withResolvers<void>();
  readonly #conn: Deno.TcpConn;
  readonly #parser = new StreamParser((f: LentFrame) => {
    this.frames.push(f.bytes.slice(f.offset, f.offset + f.size));
  });

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    this.#reads.resolve();
    void this.#run();
  }

  command(command: number): void {
    void this.#conn.write(encodeCommand({ idCode: 77 }, command));
  }

  of(type: number): Uint8Array[] {
    return this.frames.filter((f) => ((f[1]! >> 4) & 7) === type);
  }

  pause(): void {
    this.#reads = Promise.withResolvers();
  }

  resume(): void {
    this.#reads.resolve();
  }

  close(): void {
    this.resume();
    this.#conn.close();
  }

  async #run(): Promise<void> {
    const buffer = new Uint8Array(16_384);
    for (;;) {
      await this.#reads.promise;
      const n = await this.#conn.read(buffer).catch(() => null);
      if (n === null) return;
      this.#parser.push(buffer.subarray(0, n), 0);
    }
  }
}

async function dialSlow(port: number): Promise<SlowClient> {
  return new SlowClient(await Deno.connect({ hostname: "127.0.0.1", port }));
}

/** Values of the first analog, which number the frames. */
function numbers(frames: Uint8Array[], by: Configuration): number[] {
  return frames.map((f) => readRawBlocks(f, by)[0]!.analogs[0]!);
}

Deno.test("output/c37118: two clients get every frame of their time, each with books that balance", async () => {
  await Bench.run({}, async (bench) => {
    const a = await Client.dial(bench.output.port), b = await Client.dial(bench.output.port);
    for (const client of [a, b]) {
      for (const c of [Command.SendHeader, Command.SendConfig2, Command.DataOn]) client.command(c);
    }
    await until(() => a.frames.length + b.frames.length === 4, "answers");
    await bench.started(2);
    bench.feed(200);
    await until(() => a.frames.length === 202 && b.frames.length === 202, "data");
    b.command(Command.DataOff);
    b.command(Command.SendHeader);
    await until(() => b.of(FrameType.Header).length === 2, "the second header");
    bench.feed(100);
    await until(() => a.frames.length === 302, "more data");
    assert.equal(b.of(FrameType.Data).length, 200);
    const told = parseConfiguration(a.of(FrameType.Config2)[0]!);
    const expected = Array.from({ length: 300 }, (_, i) => i + 1);
    assert.deepEqual(numbers(a.of(FrameType.Data), told), expected);
    assert.deepEqual(a.of(FrameType.Data).slice(0, 200), b.of(FrameType.Data));
    // Two phasors, FREQ, DFREQ, analog, digital word, status; QUAL has no place.
    const { offered, sent, filtered, queued, dropped, balance } = bench.ledger();
    assert.deepEqual([offered, sent, queued, balance], [600 * 10, 500 * 9, 0, 0]);
    assert.deepEqual(filtered, { rights: 0, noPlace: 500, notStarted: 100 * 10 });
    assert.deepEqual(dropped, { slow: 0, disconnected: 0, udp: 0, noConfiguration: 0 });
  });
});

Deno.test("output/c37118: who is no client is turned away, and who is none any more", async () => {
  await Bench.run({ clients: { one: ["127.0.0.2"], two: ["127.0.0.3"] } }, async (bench) => {
    const one = await Client.dial(bench.output.port, "127.0.0.2");
    const two = await Client.dial(bench.output.port, "127.0.0.3");
    const other = await Client.dial(bench.output.port, "127.0.0.4");
    await until(() => other.closed !== undefined, "the refusal");
    await until(() => bench.detail.connections === 2, "both clients");
    assert.equal(bench.detail.refused["addressNotAllowed"], 1);
    bench.output.update({ ...bench.options, clients: { two: ["127.0.0.3"] } });
    await until(() => one.closed !== undefined, "the first to be cut off");
    two.command(Command.SendHeader);
    await until(() => two.frames.length === 1, "an answer for the second");
    assert.deepEqual(Object.keys(bench.detail.clients), ["two"]);
  });
});

Deno.test("output/c37118: connections are bounded, in total and by client", async () => {
  await Bench.run({ connectionsPerClient: 1 }, async (bench) => {
    await Client.dial(bench.output.port);
    const second = await Client.dial(bench.output.port);
    await until(() => second.closed !== undefined, "the second to be refused");
    assert.equal(bench.detail.refused["tooManyOfClient"], 1);
    assert.equal(bench.detail.connections, 1);
  });
  await Bench.run({ maxConnections: 1 }, async (bench) => {
    await Client.dial(bench.output.port);
    const second = await Client.dial(bench.output.port);
    await until(() => second.closed !== undefined, "the second to be refused");
    assert.equal(bench.detail.refused["tooManyConnections"], 1);
  });
});

/** A source whose frames have some 8 kB. */
const WIDE = onePmu({
  phasors: Array.from({ length: 1000 }, (_, i) => ({
    name: `P${i}`,
    kind: "V" as const,
    typeByte: 0,
    factor: 1,
  })),
});

for (const slow of ["drop", "latest", "disconnect"] as const) {
  Deno.test(`output/c37118: a client that never reads costs itself alone: ${slow}`, async () => {
    await Bench.run({ slow, queueBytes: 131_072, stallTimeoutMs: 3_600_000 }, async (bench) => {
      const stuck = await dialSlow(bench.output.port), quick = await Client.dial(bench.output.port);
      for (const client of [stuck, quick]) {
        client.command(Command.SendConfig2);
        client.command(Command.DataOn);
      }
      await until(() => stuck.frames.length + quick.frames.length === 2, "both configurations");
      await bench.started(2);
      stuck.pause();
      // Until neither kernel nor queue of the stuck one have room; the quick one takes all.
      let fed = 0;
      // No more at once than a queue holds: the quick one must not depend on what its kernel takes.
      const feed = async () => {
        bench.feed(10, WIDE);
        fed += 10;
        await until(() => quick.of(FrameType.Data).length === fed, "the quick one");
      };
      const isSlow = () => bench.ledger().dropped["slow"]! > 0;
      while (!isSlow()) {
        await feed();
        assert.ok(fed < 20_000, "a queue without an end");
      }
      for (let n = 0; n < 5; n++) await feed();
      const told = parseConfiguration(quick.of(FrameType.Config2)[0]!);
      assert.deepEqual(
        numbers(quick.of(FrameType.Data), told),
        Array.from({ length: fed }, (_, i) => i + 1),
      );
      assert.equal(bench.ledger().balance, 0);
      assert.equal(
        bench.detail.clients["local"]!.connections.length,
        slow === "disconnect" ? 1 : 2,
      );
      if (slow === "disconnect") return stuck.close();
      stuck.resume();
      await until(() => bench.ledger().queued === 0, "the stuck one to catch up");
      bench.feed(1, WIDE);
      await until(
        () => numbers(stuck.of(FrameType.Data).slice(-1), told)[0] === fed + 1,
        "the newest frame",
      );
      const got = numbers(stuck.of(FrameType.Data), told);
      assert.deepEqual(got, [...new Set(got)].sort((x, y) => x - y), "in order, each once");
      const values = 2 * 1000 + 5;
      assert.equal(bench.ledger().dropped["slow"], (fed + 1 - got.length) * values);
      assert.equal(bench.ledger().balance, 0);
      stuck.close();
    }, WIDE);
  });
}

Deno.test("output/c37118: who is silent, stalls, floods or babbles is ended, with a word", async () => {
  const clock = new HandClock(); // what is slow here must not look silent
  await Bench.run(
    { handshakeTimeoutMs: 500, idleTimeoutMs: 1000 },
    async (bench) => {
      const silent = await Client.dial(bench.output.port);
      const idle = await Client.dial(bench.output.port);
      idle.command(Command.SendHeader);
      await until(() => idle.frames.length === 1, "an answer for the idle one");
      await until(() => bench.detail.connections === 2, "both");
      clock.ms = 501;
      await until(() => silent.closed !== undefined, "the silent one");
      assert.equal(bench.detail.complaints["silent"], 1);
      assert.equal(bench.detail.connections, 1);
      clock.ms = 1001;
      await until(() => idle.closed !== undefined, "the idle one");
      assert.equal(bench.detail.complaints["silent"], 1);
      const flood = await Client.dial(bench.output.port);
      for (let i = 0; i < 300; i++) flood.command(Command.SendConfig2);
      await until(() => flood.closed !== undefined, "the flood");
      assert.equal(bench.detail.complaints["flood"], 1);
      const wrong = await Client.dial(bench.output.port);
      wrong.command(Command.SendConfig2, 78);
      wrong.command(0x0222);
      wrong.connection.write(encodeConfiguration(SOURCE, { idCode: 77 }));
      wrong.command(Command.SendHeader);
      await until(() => wrong.frames.length === 1, "an answer after all that");
      const { wrongId, unknownCommand, notACommand } = bench.detail.complaints;
      assert.deepEqual([wrongId, unknownCommand, notACommand], [1, 1, 1]);
      const warnings = bench.station.log.lines.filter((line) => line.startsWith("warn"));
      assert.ok(warnings.some((w) => /expected IDCODE 77, found 78/.test(w)), warnings.join("\n"));
    },
    SOURCE,
    clock,
  );
  await Bench.run(
    { queueBytes: 131_072, stallTimeoutMs: 1000 },
    async (bench) => {
      const stalled = await dialSlow(bench.output.port);
      stalled.command(Command.SendConfig2);
      stalled.command(Command.DataOn);
      await until(() => stalled.frames.length === 1, "the configuration");
      await bench.started(1);
      stalled.pause();
      await until(() => {
        bench.feed(20, WIDE);
        if (bench.ledger().dropped["slow"]! > 0) clock.ms += 100; // the kernel has no more room
        return bench.detail.connections === 0;
      }, "the stalled one to be ended");
      stalled.close();
      assert.equal(bench.detail.complaints["stalled"], 1);
      assert.equal(bench.ledger().balance, 0);
      assert.equal(bench.ledger().queued, 0);
    },
    WIDE,
    clock,
  );
});

/** Hostile input: commands of all kinds, most of them damaged in some way, in pieces of any size. */
function hostilePieces(random: (below: number) => number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let n = 1 + random(20); n > 0; n--) {
    const extended = random(4) === 0 ? new Uint8Array(random(300)).fill(0xaa) : undefined;
    const command = random(3) === 0 ? random(0x10000) : random(10);
    const bytes = encodeCommand(
      { idCode: random(4) === 0 ? random(0x10000) : 77 },
      command,
      extended,
    );
    const cut = random(bytes.length);
    const damaged = [
      () => bytes,
      () => bytes.with(cut, bytes[cut]! ^ (1 << random(8))),
      () => bytes.subarray(0, cut),
      () => bytes.subarray(cut),
      () => Uint8Array.from([...bytes.subarray(0, cut), 0xaa, 0x41, ...bytes.subarray(cut)]),
      () => bytes.with(2, random(256)).with(3, random(256)), // FRAMESIZE
      () => Uint8Array.from({ length: random(400) }, () => random(256)),
      () => bytes.with(1, random(256)), // frame type and version
    ][random(8)]!();
    for (let at = 0; at < damaged.length;) {
      const end = at + 1 + random(damaged.length);
      pieces.push(damaged.subarray(at, end));
      at = end;
    }
  }
  return pieces;
}

Deno.test("output/c37118: hostile commands over 60 connections harm nobody", async () => {
  await Bench.run({ clients: { good: ["127.0.0.2"], bad: ["127.0.0.3"] } }, async (bench) => {
    const good = await Client.dial(bench.output.port, "127.0.0.2");
    good.command(Command.SendConfig2);
    good.command(Command.DataOn);
    await until(() => good.frames.length === 1, "the configuration");
    await bench.started(1, "good");
    const first = bench.sent;
    let state = 20_261_127;
    const random = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor(state / 2 ** 32 * below);
    };
    for (let k = 0; k < 60; k += 3) {
      const bad = await Promise.all(
        [0, 1, 2].map(() => Client.dial(bench.output.port, "127.0.0.3")),
      );
      for (const { connection } of bad) {
        for (const piece of hostilePieces(random)) {
          connection.write(piece);
          if (random(8) === 0) bench.feed(1);
        }
      }
      bench.feed(1);
      const newest = bench.sent - first;
      await until(() => good.of(FrameType.Data).length === newest, "the good one's newest frame");
      for (const { connection } of bad) connection.close(); // what was written goes first
      await until(() => bench.detail.connections === 1, "the bad ones to be gone");
    }
    const told = parseConfiguration(good.of(FrameType.Config2)[0]!);
    assert.deepEqual(
      numbers(good.of(FrameType.Data), told),
      Array.from({ length: bench.sent - first }, (_, i) => first + i),
    );
    const { wrongId, unknownCommand } = bench.detail.complaints;
    assert.ok(wrongId! > 10 && unknownCommand! > 10, JSON.stringify(bench.detail));
    assert.equal(bench.output.status().state, "running");
    for (const name of ["good", "bad"]) assert.equal(bench.ledger(name).balance, 0);
    assert.equal(bench.ledger("bad").queued, 0);
  });
});

/** A UDP socket that keeps the frames that come. */
function datagrams(hostname = "127.0.0.1") {
  // Not with reuseAddress: the kernel may then give two sockets the same port.
  const socket = Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
  const frames: Uint8Array[] = [];
  const running = (async () => {
    for await (const [bytes] of socket) frames.push(bytes.slice());
  })().catch(() => {});
  return {
    frames,
    socket,
    port: (socket.addr as Deno.NetAddr).port, // transport "udp"
    close: async () => {
      socket.close();
      await running;
    },
  };
}

const typeOf = (frame: Uint8Array) => (frame[1]! >> 4) & 7;

Deno.test("output/c37118: commands by TCP, data by UDP, until the connection ends", async () => {
  const udp = datagrams();
  try {
    await Bench.run({ dataPort: udp.port }, async (bench) => {
      const client = await Client.dial(bench.output.port);
      client.command(Command.SendConfig2);
      client.command(Command.DataOn);
      await until(() => client.frames.length === 1, "the configuration");
      await bench.started(1);
      bench.feed(50);
      await until(() => udp.frames.length === 50, "50 datagrams");
      const told = parseConfiguration(client.frames[0]!);
      assert.deepEqual(numbers(udp.frames, told), Array.from({ length: 50 }, (_, i) => i + 1));
      assert.equal(client.frames.length, 1);
      client.connection.destroy();
      await until(() => bench.detail.connections === 0, "the end");
      bench.feed(10);
      assert.deepEqual([bench.ledger().sent, bench.ledger().balance], [50 * 9, 0]);
    });
    assert.equal(udp.frames.length, 50);
  } finally {
    await udp.close();
  }
});

Deno.test("output/c37118: destinations get the configuration first and once a minute, hosts as groups", async () => {
  const GROUP = "239.255.71.38";
  const host = datagrams(), member = datagrams("0.0.0.0");
  try {
    await member.socket.joinMulticastV4(GROUP, "127.0.0.1");
    const [one, many] = [`127.0.0.1:${host.port}`, `${GROUP}:${member.port}`];
    const change = { listen: "", destinations: [one, many], localAddress: "127.0.0.1" };
    await Bench.run(change, async (bench) => {
      bench.sent = 39 * 50 + 25; // half a second before a minute: SECOND is second 20 of its own
      bench.feed(50);
      for (const { frames } of [host, member]) {
        await until(() => frames.length === 52, () => `52 frames; ${frames.length} came`);
        assert.equal(typeOf(frames[0]!), FrameType.Config2);
        assert.equal(frames.filter((f) => typeOf(f) === FrameType.Config2).length, 2);
        const second = frames.findLastIndex((f) => typeOf(f) === FrameType.Config2);
        const after = new DataView(frames[second + 1]!.buffer);
        assert.equal(after.getUint32(6) % 60, 0);
        assert.equal(after.getUint32(10) & 0xffffff, 0, "before the first frame of the minute");
      }
      const { ledger } = bench.detail.destinations[many]!;
      assert.equal(ledger.balance, 0);
      assert.ok(ledger.sent > 0);
    });
  } finally {
    await host.close();
    await member.close();
  }
});

Deno.test("output/c37118: CFGCNT survives a restart, and counts what changed meanwhile", async () => {
  await Bench.run({}, async (bench) => {
    const { output, station } = bench;
    assert.equal(bench.detail.cfgCnt, 0);
    await output.stop();
    const again = async (source: Configuration) => {
      station.device("A", source);
      const context = station.context(systemClock(), stateDir);
      const next = createC37118Output(PART, bench.options, context);
      await next.start();
      try {
        next.sinkFor("wide").accept(station.aligned(SECOND, 0, {}));
        const detail = () => next.status().detail as unknown as Detail; // as above
        await until(() => detail().pmus.length > 0, "a configuration");
        return detail().cfgCnt;
      } finally {
        await next.stop();
      }
    };
    const stateDir = await Deno.makeTempDir();
    try {
      const file = `${stateDir}/c37118_output/pdc.json`; // written whole once the output has stopped
      assert.equal(await again(SOURCE), 0);
      assert.match(await Deno.readTextFile(file), /"cfgCnt":0/);
      assert.equal(await again(SOURCE), 0);
      const other = onePmu({ phasors: SOURCE.pmus[0]!.phasors.slice(0, 1) });
      assert.equal(await again(other), 1);
      assert.match(await Deno.readTextFile(file), /"cfgCnt":1/);
      await Deno.writeTextFile(file, "{");
      assert.equal(await again(other), 0);
      assert.ok(station.log.lines.some((line) => /CFGCNT begins at 0/.test(line)));
    } finally {
      await Deno.remove(stateDir, { recursive: true });
    }
  });
});

Deno.test("output/c37118: a port that is taken is an error, and nothing stays open", async () => {
  await Bench.run({}, async (bench) => {
    const options = { ...bench.options, listen: `127.0.0.1:${bench.output.port}` };
    const context = bench.station.context(systemClock(), await Deno.makeTempDir());
    const second = createC37118Output("output.second", options, context);
    await assert.rejects(second.start());
    assert.equal(second.status().state, "failed");
    await second.stop();
    await Deno.remove(context.stateDir, { recursive: true });
  });
});

Deno.test("output/c37118: statistics by the common names, and metrics", async () => {
  await Bench.run({}, async (bench) => {
    bench.output.statistics!();
    const client = await Client.dial(bench.output.port);
    client.command(Command.DataOn);
    client.command(Command.SendConfig2);
    await until(() => client.frames.length === 1, "the configuration");
    bench.feed(100);
    await until(() => client.of(FrameType.Data).length === 100, "data");
    const rows = new Map(
      bench.output.statistics!().map((row: StatisticRow) => [row.suffix, row.value]),
    );
    const bytes = client.frames.reduce((sum, f) => sum + f.length, 0);
    const expected: Record<string, number> = {
      "!OS-ST1": 0,
      "!OS-ST2": 100 * 9,
      "!OS-ST3": 100 * 9,
      "!OS-ST6": 100 * 9,
      "!OS-ST10": 100,
      "!OS-ST11": 1,
      "!OS-ST15": 1,
      "!OS-ST16": bytes,
      "!OS-ST17": 100 * 9,
      "!OS-ST18": bytes,
    };
    for (const [suffix, value] of Object.entries(expected)) {
      assert.equal(rows.get(suffix), value, suffix);
    }
    assert.equal(rows.size, 26);
    const metrics = bench.output.metrics();
    const value = (name: string) => metrics.find((m) => m.name === name)?.value;
    assert.equal(value("output_connections"), 1);
    assert.equal(value("output_bytes_sent_total"), bytes);
    assert.equal(value("output_client_sent_total"), 100 * 9);
  });
});
