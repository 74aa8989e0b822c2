import assert from "node:assert/strict";
import type { Log } from "../../core/mod.ts";
import { PacketSender, type TappedFrame } from "../../os/mod.ts";
import { datagramFrame, layCable } from "../../os/testing.ts";
import { serveCapture } from "./capture_server.ts";
import { ClockLink } from "./clock_link.ts";
import { packetRecord } from "./packet_record.ts";
import { LINK_VERSION, recordContent, RecordType, textRecord } from "./records.ts";
import { until } from "../../../tests/support/waiting.ts";

function logTo(lines: string[]): Log {
  const write = (message: string) => void lines.push(message);
  return { debug: write, info: write, warn: write, error: write };
}

async function inFolder(use: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "tieline-clock-link-" });
  try {
    await use(`${folder}/capture.sock`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const serve = (path: string, interfaces: string[], log: string[]) =>
  serveCapture({ path, interfaces, program: "test", cores: 1, log: logTo(log) });

/** A frame of PTP to the group, tagged with priority 4 on VLAN 10. */
function ptpFrame(mark: number, length = 44): Uint8Array {
  const bytes = new Uint8Array(18 + length).fill(mark, 18);
  bytes.set([0x01, 0x1b, 0x19, 0, 0, 0, 0x02, 0, 0, 0, 0, 9, 0x81, 0, 0x80, 10, 0x88, 0xf7]);
  return bytes;
}

Deno.test("clock link: PTP and the kernel's clock by tieline capture, which goes and comes back", async () => {
  const cable = await layCable("cl");
  if (!cable) return;
  const sender = new PacketSender({ interface: cable.far, batch: 64 });
  try {
    await inFolder(async (path) => {
      const log: string[] = [], lines: string[] = [], heard: TappedFrame[] = [];
      let server = await serve(path, [cable.near], log);
      const link = new ClockLink(
        {
          socket: path,
          interface: cable.near,
          transports: ["ethernet", "udp4"],
          adapterStamps: false,
        },
        (frame) => void heard.push({ ...frame, payload: frame.payload.slice() }),
        logTo(lines),
      );
      assert.match(link.problem, /has not answered yet/);
      const began = Date.now();
      await link.start();
      await until(() => link.problem === "", () => [lines, log]);
      const { kernel } = link;
      assert.ok(!("why" in kernel), JSON.stringify(kernel));
      const readMs = kernel.nowMicros / 1000;
      assert.ok(readMs > began - 1000 && readMs < Date.now() + 1000, `${readMs}, began ${began}`);
      await until(() => !Number.isNaN(link.hostOffsetMs), () => "never close enough");

      sender.add(ptpFrame(1));
      sender.flush();
      await until(() => heard.length === 1, () => [link.problem, log]);
      const [first] = heard;
      assert.deepEqual([first!.tci, first!.sender], [0x800a, "02:00:00:00:00:09"]);
      assert.deepEqual(first!.payload, new Uint8Array(44).fill(1));
      const heardMs = first!.seconds * 1000 + first!.nanos / 1e6;
      assert.ok(heardMs > began - 1000 && heardMs < Date.now() + 1000, `${heardMs}`);

      const datagram = { from: "192.0.2.7", to: "224.0.1.129", port: 319 };
      sender.add(datagramFrame({ ...datagram, payload: new Uint8Array(50).fill(4) }));
      sender.flush();
      await until(() => heard.length === 2, () => [link.problem, log]);
      const second = heard.pop()!;
      assert.deepEqual([second.transport, second.sender, second.tci], ["udp4", "192.0.2.7", -1]);
      assert.deepEqual(second.payload, new Uint8Array(50).fill(4));

      // A flood is cut to 200 in 100 ms, and what did not come is told.
      for (let i = 0; i < 1500; i++) sender.add(ptpFrame(2));
      sender.flush();
      await until(() => heard.length - 1 + link.lost >= 1500, () => [heard.length, link.lost]);
      assert.equal(heard.length - 1 + link.lost, 1500);
      assert.ok(link.lost >= 700, `${link.lost} lost`);

      const lost = link.lost;
      await server.close();
      await until(() => /Cannot reach `tieline capture`/.test(link.problem), () => link.problem);
      assert.deepEqual(link.kernel, { why: link.problem });
      assert.ok(Number.isNaN(link.hostOffsetMs));
      const links = link.links;
      assert.ok(links > 0);
      server = await serve(path, [], log);
      await until(() => link.problem === "", () => [link.problem, lines]);
      assert.ok(!("why" in link.kernel));
      assert.equal(link.lost, lost);
      heard.length = 0;
      sender.add(ptpFrame(3));
      sender.flush();
      await until(() => heard.length === 1, () => link.problem);

      sender.close();
      await cable.remove();
      await until(() => link.problem === `${cable.near} is gone`, () => link.problem);
      assert.ok(!("why" in link.kernel), "the kernel's clock is read all the same");
      await link.stop();
      await until(() => server.connections === 0, () => log);
      await server.close();
    });
  } finally {
    sender.close();
    await cable.remove();
  }
});

Deno.test("clock link: an interface that is not permitted, or not there; the kernel's clock alone", async () => {
  await inFolder(async (path) => {
    const log: string[] = [], lines: string[] = [];
    const server = await serve(path, ["tl-none"], log);
    const open = async (name: string | undefined) => {
      const options = {
        socket: path,
        interface: name,
        transports: ["ethernet"],
        adapterStamps: false,
      } as const;
      const link = new ClockLink(options, () => assert.fail("nothing is sent"), logTo(lines));
      await link.start();
      return link;
    };
    const refused = await open("lo");
    await until(() => /the interfaces tl-none, found lo/.test(refused.problem), () => lines);
    assert.deepEqual(refused.kernel, { why: refused.problem });
    await refused.stop();

    const absent = await open("tl-none");
    await until(() => !("why" in absent.kernel), () => absent.kernel);
    assert.match(absent.problem, /tl-none|CAP_NET_RAW/);
    await absent.stop();

    const alone = await open(undefined);
    await until(() => !("why" in alone.kernel), () => alone.kernel);
    assert.equal(alone.problem, "");
    await alone.stop();
    await until(() => server.connections === 0, () => log);
    await server.close();
  });
});

const fromGateway: readonly (readonly [name: string, records: Uint8Array[], why: RegExp])[] = [
  [
    "no switch",
    [textRecord(RecordType.Watch, { interface: "lo", transports: [] })],
    /adapterStamps/,
  ],
  [
    "another key",
    [textRecord(RecordType.Watch, { transports: [], adapterStamps: false, etherType: 0x800 })],
    /etherType/,
  ],
  [
    "a transport that is none",
    [textRecord(RecordType.Watch, { transports: ["ip"], adapterStamps: false })],
    /received .*ip/,
  ],
  [
    "a name too long",
    [textRecord(RecordType.Watch, {
      interface: "a".repeat(16),
      transports: [],
      adapterStamps: false,
    })],
    /Invalid length/,
  ],
  [
    "a second one",
    [1, 2].map(() => textRecord(RecordType.Watch, { transports: [], adapterStamps: false })),
    /nothing more from a clock, found a record of type 19/,
  ],
];

Deno.test("clock link: what a gateway must not send ends the link, with the reason", async (t) => {
  await inFolder(async (path) => {
    const log: string[] = [];
    const server = await serve(path, [], log);
    for (const [name, records, why] of fromGateway) {
      await t.step(name, async () => {
        const conn = await Deno.connect({ transport: "unix", path });
        for (const record of records) await conn.write(record);
        assert.match(await new Response(conn.readable).text(), why);
        await until(() => server.connections === 0, () => log);
      });
    }
    await server.close();
  });
});

const STATUS = { hostOffsetMs: null, problem: "", dropped: 0, kernelDrops: 0 };
const fromCapture: readonly (readonly [name: string, record: Uint8Array, why: RegExp])[] = [
  ["a frame", textRecord(RecordType.Frame, {}), /found a record of type 2/],
  ["no kernel", textRecord(RecordType.ClockStatus, STATUS), /kernel/],
  [
    "half a kernel",
    textRecord(RecordType.ClockStatus, { ...STATUS, kernel: { synchronized: true } }),
    /Invalid/,
  ],
  [
    "less than nothing lost",
    textRecord(RecordType.ClockStatus, { ...STATUS, kernel: { why: "x" }, dropped: -1 }),
    /Invalid/,
  ],
  ["a spoilt message", spoiltPacket(), /expected flags up to 11/],
];

function spoiltPacket(): Uint8Array {
  const bytes = packetRecord({
    transport: "ethernet",
    payload: new Uint8Array(44),
    sender: "02:00:00:00:00:09",
    tci: -1,
    seconds: 1,
    nanos: 0,
    byAdapter: false,
  });
  bytes[5] = 0xff;
  return bytes;
}

Deno.test("clock link: what capture must not send ends the link, with the reason", async (t) => {
  await inFolder(async (path) => {
    for (const [name, record, why] of fromCapture) {
      await t.step(name, async () => {
        const listener = Deno.listen({ transport: "unix", path });
        const serving = (async () => {
          for await (const conn of listener) {
            await conn.write(textRecord(RecordType.Hello, { version: LINK_VERSION, program: "x" }));
            const asked = new Uint8Array(1024);
            const count = await conn.read(asked);
            assert.deepEqual(recordContent(asked, 0, count!), {
              interface: "eth1",
              transports: ["ethernet"],
              adapterStamps: true,
            });
            await conn.write(record);
            await conn.read(asked).catch(() => null);
            conn.close();
          }
        })();
        const link = new ClockLink(
          { socket: path, interface: "eth1", transports: ["ethernet"], adapterStamps: true },
          () => assert.fail("nothing can be heard"),
          logTo([]),
        );
        await link.start();
        await until(() => why.test(link.problem), () => link.problem);
        await link.stop();
        listener.close();
        await serving;
      });
    }
  });
});
