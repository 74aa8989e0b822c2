import assert from "node:assert/strict";
import {
  Command,
  crcMatches,
  encodeCommand,
  FrameType,
  parseConfiguration,
  parseHeaderFrame,
  peekHeader,
  StreamParser,
} from "../c37118/mod.ts";
import { type ClockReport, UNWATCHED_CLOCK } from "../core/mod.ts";
import { systemClock } from "../os/mod.ts";
import type { FrameRecord } from "./account.ts";
import { PmuFleet } from "./fleet.ts";
import type { PmuSimulatorOptions } from "./options.ts";
import { PmuSimulator } from "./pmu_simulator.ts";
import { SlotScheduler } from "./scheduler.ts";
import { until } from "../../tests/support/waiting.ts";

/** A client that keeps every frame. */
class Client {
  readonly frames: Uint8Array[] = [];
  readonly parser = new StreamParser((f) => {
    this.frames.push(f.bytes.slice(f.offset, f.offset + f.size));
  });
  #conn: Deno.TcpConn | undefined;
  #reading: Promise<void> | undefined;

  async connect(port: number): Promise<this> {
    const conn = await Deno.connect({ port, hostname: "127.0.0.1" });
    this.#conn = conn;
    this.#reading = (async () => {
      const buffer = new Uint8Array(65536);
      try {
        for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
          this.parser.push(buffer.subarray(0, n), performance.now());
        }
      } catch { /* closed here */ }
    })();
    return this;
  }

  async command(command: number, idCode = 7): Promise<void> {
    await this.#conn?.write(encodeCommand({ idCode }, command));
  }

  async raw(bytes: Uint8Array): Promise<void> {
    await this.#conn?.write(bytes);
  }

  ofType(type: number): Uint8Array[] {
    return this.frames.filter((f) => peekHeader(f).type === type);
  }

  async close(): Promise<void> {
    try {
      this.#conn?.close();
    } catch { /* closed by the peer already */ }
    await this.#reading;
  }

  ended(): Promise<void> {
    return this.#reading ?? Promise.resolve();
  }
}

function options(more: Partial<PmuSimulatorOptions> = {}): PmuSimulatorOptions {
  return {
    idCode: 7,
    devices: [{ device: 0 }],
    rate: 100,
    transport: { kind: "tcp", port: 0 },
    catchUpSlots: 10,
    ...more,
  };
}

Deno.test("TCP: answers commands of its IDCODE and sends data between start and stop", async () => {
  const records: FrameRecord[] = [];
  const fleet = new PmuFleet();
  const pmu = await fleet.add(options({ header: "hello", onFrame: (r) => records.push(r) }));
  const client = await new Client().connect(pmu.port);
  await client.command(Command.SendConfig2, 8); // another stream: no answer
  await client.command(99); // unknown: no answer
  await client.command(Command.SendHeader);
  await client.command(Command.SendConfig1);
  await client.command(Command.SendConfig2);
  await client.command(Command.SendConfig3);
  await until(() => client.frames.length === 4, "four answers");
  assert.deepEqual(client.frames.map((f) => peekHeader(f).type), [
    FrameType.Header,
    FrameType.Config1,
    FrameType.Config2,
    FrameType.Config3,
  ]);
  assert.equal(parseHeaderFrame(client.frames[0]!).text, "hello");
  assert.equal(parseConfiguration(client.frames[3]!).pmus[0]!.phasors.length, 10);
  await client.command(Command.DataOn);
  await client.command(Command.DataOn); // no doubled flow
  await until(() => client.ofType(FrameType.Data).length >= 20, "data");
  await client.command(Command.SendConfig2); // answered at once while data flow
  await until(
    () => client.ofType(FrameType.Config2).length === 2,
    "the configuration while streaming",
  );
  await client.command(Command.DataOff);
  await until(() => pmu.account.commands === 10, "the stop");
  const data = client.ofType(FrameType.Data);
  await until(() => client.ofType(FrameType.Data).length === pmu.account.framesSent, "all frames");
  const sent = records.filter((r) => r.receivers > 0);
  assert.equal(client.ofType(FrameType.Data).length, sent.length);
  client.ofType(FrameType.Data).forEach((frame, i) => {
    const { second, index, soc, fracSec } = sent[i]!;
    const header = peekHeader(frame);
    assert.deepEqual([header.soc, header.fracSec], [soc, fracSec]);
    assert.deepEqual([soc, fracSec], [second, index * 10_000]);
    assert.deepEqual(frame, pmu.dataFrame(second, index));
  });
  assert.ok(data.length >= 20);
  assert.equal(pmu.account.commandsIgnored, 2);
  assert.equal(pmu.account.devices[0]!.measurementsSent, pmu.account.framesSent * 26);
  assert.deepEqual(client.parser.counters.crc + client.parser.counters.skippedBytes, 0);
  await client.close();
  await fleet.close();
});

Deno.test("TCP: what was handed over before the end is sent", async () => {
  let micros = 1_700_000_000e6; // it stands until the test moves it
  const fleet = new PmuFleet({ nowMicros: () => micros, monotonicMs: () => performance.now() });
  let handed = 0, closing: Promise<void> | undefined;
  const pmu = await fleet.add(options({
    catchUpSlots: 50,
    onFrame: ({ receivers }) => {
      handed += receivers;
      if (handed === 50) closing = fleet.close();
    },
  }));
  const client = await new Client().connect(pmu.port);
  await client.command(Command.DataOn);
  await until(() => pmu.account.commands === 1, "the start");
  micros += 500_000; // fifty slots at one go, the last of which ends all
  await until(() => closing !== undefined, () => `${handed} frames`);
  await closing;
  await client.ended();
  assert.equal(client.ofType(FrameType.Data).length, 50);
  assert.equal(pmu.account.framesSent, 50);
});

Deno.test("TCP: several clients have a send state each, and further ones are turned away", async () => {
  const fleet = new PmuFleet();
  const pmu = await fleet.add(options({ maxReceivers: 2 }));
  const first = await new Client().connect(pmu.port), second = await new Client().connect(pmu.port);
  await until(() => pmu.receiverCount === 2, "two clients");
  const third = await new Client().connect(pmu.port);
  await third.ended();
  await first.command(Command.DataOn);
  await until(() => first.frames.length >= 5, "data for the first");
  assert.equal(second.frames.length, 0);
  await second.command(Command.DataOn);
  await until(() => second.frames.length >= 5, "data for the second");
  await first.close();
  await until(() => pmu.receiverCount === 1, "the first to be gone");
  const count = second.frames.length;
  await until(() => second.frames.length > count + 3, "more data for the second");
  await second.close();
  await third.close();
  await fleet.close();
});

Deno.test("TCP: a client that does not read costs its own data frames only and is disconnected", async () => {
  const fleet = new PmuFleet();
  const devices = Array.from({ length: 40 }, (_, device) => ({ device, phasors: 100 }));
  const pmu = await fleet.add(
    options({ rate: 240, devices, maxQueueBytes: 100_000, stalledSeconds: 1 }),
  );
  const stalled = await Deno.connect({ port: pmu.port, hostname: "127.0.0.1" });
  await stalled.write(encodeCommand({ idCode: 7 }, Command.DataOn));
  const healthy = await new Client().connect(pmu.port);
  await healthy.command(Command.DataOn);
  await until(() => pmu.account.droppedFull > 0, "a full queue");
  const before = healthy.frames.length;
  await until(() => pmu.receiverCount === 1, "the stalled client to be disconnected");
  await until(() => healthy.frames.length > before, "data for the healthy client");
  assert.equal(healthy.parser.counters.crc, 0);
  stalled.close();
  await healthy.close();
  await fleet.close();
});

Deno.test("UDP: commands come in, answers and data go back to their sender", async () => {
  const fleet = new PmuFleet();
  const pmu = await fleet.add(options({ transport: { kind: "udp", port: 0 } }));
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const to: Deno.NetAddr = { transport: "udp", hostname: "127.0.0.1", port: pmu.port };
  await socket.send(encodeCommand({ idCode: 7 }, Command.SendConfig2), to);
  const [configuration] = await socket.receive();
  assert.equal(parseConfiguration(configuration).idCode, 7);
  await socket.send(encodeCommand({ idCode: 7 }, Command.DataOn), to);
  for (let i = 0; i < 10; i++) {
    const [frame] = await socket.receive();
    const { soc, fracSec } = peekHeader(frame);
    assert.deepEqual(frame, pmu.dataFrame(soc, fracSec / 10_000));
  }
  await socket.send(encodeCommand({ idCode: 7 }, Command.DataOff), to);
  await until(() => pmu.account.commands === 3, "the stop");
  socket.close();
  await fleet.close();
});

Deno.test("TCP and UDP: commands over TCP, data over UDP until the connection ends", async () => {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  assert.ok(socket.addr.transport === "udp");
  const fleet = new PmuFleet();
  const pmu = await fleet.add(
    options({ transport: { kind: "tcp-udp", port: 0, dataPort: socket.addr.port } }),
  );
  const client = await new Client().connect(pmu.port);
  await client.command(Command.SendConfig2);
  await client.command(Command.DataOn);
  for (let i = 0; i < 10; i++) {
    const [frame] = await socket.receive();
    assert.equal(peekHeader(frame).type, FrameType.Data);
  }
  // It went another way than the data, and may be read after them.
  await until(() => client.frames.length > 0, "the configuration");
  assert.deepEqual(client.frames.map((f) => peekHeader(f).type), [FrameType.Config2]);
  await client.close();
  await until(() => pmu.receiverCount === 0, "the receiver to be gone");
  socket.close();
  await fleet.close();
});

for (
  const [name, address, cfg] of [["unicast", "127.0.0.1", 2], [
    "multicast",
    "239.118.37.1",
    3,
  ]] as const
) {
  Deno.test(`UDP spontaneous, ${name}: configuration ${cfg} first, then data`, async () => {
    const socket = Deno.listenDatagram({
      transport: "udp",
      hostname: name === "multicast" ? "0.0.0.0" : address,
      port: 0,
    });
    if (name === "multicast") await socket.joinMulticastV4(address, "127.0.0.1");
    assert.ok(socket.addr.transport === "udp");
    const fleet = new PmuFleet();
    await fleet.add(options({
      transport: { kind: "udp-spontaneous", address, port: socket.addr.port },
      spontaneousConfiguration: cfg,
    }));
    const types: number[] = [];
    while (types.length < 5) types.push(peekHeader((await socket.receive())[0]).type);
    const first = cfg === 2 ? FrameType.Config2 : FrameType.Config3;
    // At second 0 of a minute the configuration comes again.
    assert.equal(types[0], first);
    assert.ok(types.slice(1).every((t) => t === FrameType.Data || t === first), types.join());
    socket.close();
    await fleet.close();
  });
}

for (const late of [0, 30_000]) {
  Deno.test(`UDP spontaneous: the configuration comes again as a minute begins, ${late} us late, before its data`, async () => {
    const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    assert.ok(socket.addr.transport === "udp");
    // Its time goes on as the test says: the minute begins at 1_700_000_040.
    let micros = 1_700_000_039.965e6;
    const clock = { nowMicros: () => micros, monotonicMs: () => micros / 1000 };
    const fleet = new PmuFleet(clock);
    await fleet.add(options({
      transport: { kind: "udp-spontaneous", address: "127.0.0.1", port: socket.addr.port },
      catchUpSlots: 0,
    }));
    const seen: [type: number, soc: number][] = [];
    const receive = async () => {
      const { type, soc } = peekHeader((await socket.receive())[0]);
      seen.push([type, soc]);
    };
    for (const slotMicros of [1_700_000_039.97e6, 1_700_000_039.98e6, 1_700_000_040e6 + late]) {
      micros = slotMicros;
      await receive();
      if (seen.at(-1)![0] !== FrameType.Data) await receive();
    }
    assert.deepEqual(seen, [
      [FrameType.Config2, 1_700_000_039],
      [FrameType.Data, 1_700_000_039],
      [FrameType.Data, 1_700_000_039],
      [FrameType.Config2, 1_700_000_040],
      [FrameType.Data, 1_700_000_040],
    ]);
    socket.close();
    await fleet.close();
  });
}

Deno.test("impairments: loss, corruption, duplicates and order are those of the account", async () => {
  const records: FrameRecord[] = [];
  const fleet = new PmuFleet();
  const pmu = await fleet.add(options({
    rate: 240,
    autoStart: true,
    impairments: {
      loss: 0.1,
      corrupt: 0.1,
      duplicate: 0.1,
      reorder: 0.1,
      jitterMs: 3,
      latencyMs: 1,
    },
    onFrame: (r) => records.push(r),
  }));
  // A raw reader, since the parser would hide the damage.
  const conn = await Deno.connect({ port: pmu.port, hostname: "127.0.0.1" });
  await until(() => pmu.receiverCount === 1, "the client");
  let bytes = new Uint8Array(0);
  const size = pmu.dataFrame(0, 0).length;
  const buffer = new Uint8Array(65536);
  while (bytes.length < 300 * size) {
    const n = await conn.read(buffer) ?? 0;
    const grown = new Uint8Array(bytes.length + n);
    grown.set(bytes);
    grown.set(buffer.subarray(0, n), bytes.length);
    bytes = grown;
  }
  const expected = records.filter((r) => r.receivers > 0 && r.fate !== "lost");
  let bad = 0, back = 0, last = -1;
  for (let i = 0; i < 300; i++) {
    const frame = bytes.subarray(i * size, (i + 1) * size);
    const record = expected[i]!;
    const right = crcMatches(frame, 0, size);
    assert.equal(right, record.fate !== "corrupt");
    if (!right) bad++;
    else assert.deepEqual(frame, pmu.dataFrame(record.second, record.index));
    const slot = record.second * 240 + record.index;
    if (slot < last) back++;
    last = slot;
  }
  const { account } = pmu;
  assert.ok(bad > 5 && back > 5 && account.lost > 5 && account.duplicated > 5, `${bad} ${back}`);
  assert.equal(account.framesSent + account.corruptSent, expected.length);
  conn.close();
  await fleet.close();
});

Deno.test("clock error, drift and bunched stamps show in the stamps and not in the values", async () => {
  const fleet = new PmuFleet();
  const late = await fleet.add(options({ impairments: { clockErrorMs: -1500.25 } }));
  assert.deepEqual(stampOf(late.dataFrame(1_700_000_000, 0)), [1_699_999_998, 499_750]);
  const drifting = await fleet.add(options({ impairments: { clockDriftPpm: 100 } }));
  assert.deepEqual(stampOf(drifting.dataFrame(1_700_000_000, 0)), [1_700_000_000, 0]);
  assert.deepEqual(stampOf(drifting.dataFrame(1_700_000_010, 1)), [1_700_000_010, 11_000]);
  const bunched = await fleet.add(options({ impairments: { bunch: 4 } }));
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5].map((i) => stampOf(bunched.dataFrame(1_700_000_000, i))[1]),
    [0, 1000, 2000, 3000, 40_000, 41_000],
  );
  const odd = await fleet.add(options({ rate: 30, timeBase: 16_777_215 }));
  assert.deepEqual(stampOf(odd.dataFrame(1_700_000_000, 29)), [1_700_000_000, 16_217_975]);
  assert.deepEqual(late.dataFrame(5, 3).slice(14, -2), drifting.dataFrame(5, 3).slice(14, -2));
  await fleet.close();
});

Deno.test("a change of the configuration counts CFGCNT up and sets STAT bit 10", async () => {
  const fleet = new PmuFleet();
  const pmu = await fleet.add(options());
  const client = await new Client().connect(pmu.port);
  await client.command(Command.DataOn);
  await until(() => client.frames.length >= 3, "data");
  const before = client.frames[0]!.length;
  pmu.reconfigure([{ device: 0, phasors: 12 }]);
  await until(() => client.frames.at(-1)!.length === before + 16, "the new layout");
  assert.equal(client.frames.at(-1)![14]! & 0x04, 0x04);
  await client.command(Command.SendConfig2);
  await until(() => client.ofType(FrameType.Config2).length === 1, "the configuration");
  const pmus = parseConfiguration(client.ofType(FrameType.Config2)[0]!).pmus;
  assert.deepEqual([pmus[0]!.phasors.length, pmus[0]!.cfgCnt], [12, 1]);
  assert.throws(() => pmu.reconfigure([]), RangeError);
  await client.close();
  await fleet.close();
});

Deno.test("a mute PMU takes connections and says nothing; noise as commands harms nobody", async () => {
  const fleet = new PmuFleet();
  const mute = await fleet.add(options({ mute: true })), noisy = await fleet.add(options());
  const client = await new Client().connect(mute.port);
  await client.command(Command.SendConfig2);
  await client.command(Command.DataOn);
  await until(() => mute.account.commands === 2, "the commands");
  const other = await new Client().connect(noisy.port);
  await other.raw(crypto.getRandomValues(new Uint8Array(5000)).fill(0xaa, 0, 100));
  await other.command(Command.SendHeader);
  await until(() => other.ofType(FrameType.Header).length === 1, "an answer after noise");
  assert.equal(client.frames.length, 0);
  await client.close();
  await other.close();
  await fleet.close();
  await fleet.close();
});

Deno.test("a rate that is none and a port that is taken are errors", async () => {
  const fleet = new PmuFleet();
  await assert.rejects(fleet.add(options({ rate: 0 })), RangeError);
  await assert.rejects(fleet.add(options({ rate: 241 })), RangeError);
  const pmu = await fleet.add(options());
  await assert.rejects(
    fleet.add(options({ transport: { kind: "tcp", port: pmu.port } })),
    Deno.errors.AddrInUse,
  );
  assert.equal(fleet.accounts().length, 1);
  await fleet.close();
});

function stampOf(frame: Uint8Array): [number, number] {
  const { soc, fracSec } = peekHeader(frame);
  return [soc, fracSec];
}

Deno.test("frames say of their clock what its report does, and of their data what the model does", () => {
  const world = { scheduler: new SlotScheduler(systemClock()), clock: systemClock() };
  let report: ClockReport = UNWATCHED_CLOCK;
  const model = { badQuality: true };
  const plain = new PmuSimulator(options({ model }), world);
  const told = new PmuSimulator(options({ model, clockReport: () => report }), world);
  const bits = (bytes: Uint8Array) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    return { timeQuality: view.getUint8(10), stat: view.getUint16(14) };
  };
  const now = world.clock.nowMicros();
  const table: [Partial<ClockReport>, number, number][] = [
    [{ state: "locked", errorNs: 500, lockedMicros: now }, 0, 2 << 6],
    [{ state: "local", errorNs: 2e6, lockedMicros: now - 20e6 }, 8, 0x2000 | 6 << 6 | 1 << 4],
    [{ state: "free" }, 15, 0x2000 | 7 << 6 | 3 << 4],
  ];
  for (const [change, timeQuality, clockBits] of table) {
    report = { ...UNWATCHED_CLOCK, ...change };
    for (let second = 1_700_000_000; second < 1_700_000_100; second++) {
      const was = bits(plain.dataFrame(second, 3)), is = bits(told.dataFrame(second, 3));
      assert.equal(is.timeQuality, timeQuality);
      assert.equal(is.stat & 0x21f0, clockBits);
      assert.equal(is.stat & ~0x21f0, was.stat & ~0x21f0);
    }
  }
  world.scheduler.close();
});
