import assert from "node:assert/strict";
import fc from "fast-check";
import { PacketSender } from "./packet_sender.ts";
import { MAX_TAPPED_BYTES, PtpTap, readUdp4, readUdp6, type TappedFrame } from "./ptp_tap.ts";
import { datagramFrame, layCable, type MadeDatagram } from "./testing.ts";
import { until } from "../../tests/support/waiting.ts";

const TYPE = 0x88f7;
const GROUP = [0x01, 0x1b, 0x19, 0, 0, 0];
const SENDER = [0x02, 0xab, 0, 0, 0, 0x7f];

/** A frame to `GROUP`: `words` from octet 12 on, then `payload`. */
function frame(words: readonly number[], payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + 2 * words.length + payload.length);
  bytes.set([...GROUP, ...SENDER]);
  words.forEach((word, i) => new DataView(bytes.buffer).setUint16(12 + 2 * i, word));
  bytes.set(payload, 12 + 2 * words.length);
  return bytes;
}

const marked = (mark: number, length = 50) => new Uint8Array(length).fill(mark);

const EVENT = { from: "192.0.2.7", to: "224.0.1.129", port: 319 };
const EVENT6 = { from: "fe80::7", to: "ff0e::181", port: 319 };
/** What is heard of UDP, by whom, and the tag that it came with. */
const datagrams: readonly (readonly [Omit<MadeDatagram, "payload">, string, number])[] = [
  [EVENT, "udp4 192.0.2.7", -1],
  [{ ...EVENT, to: "224.0.0.107", port: 320 }, "udp4 192.0.2.7", -1],
  [{ ...EVENT, optionOctets: 8 }, "udp4 192.0.2.7", -1],
  [{ ...EVENT, tags: [0x8100, 0x8005] }, "udp4 192.0.2.7", 0x8005],
  [{ ...EVENT, tags: [0x88a8, 0x6001, 0x8100, 0x8005] }, "udp4 192.0.2.7", 0x6001],
  [EVENT6, "udp6 fe80::7", -1],
  [{ ...EVENT6, to: "ff02::6b", port: 320 }, "udp6 fe80::7", -1],
  [{ ...EVENT6, tags: [0x8100, 0xe00a] }, "udp6 fe80::7", 0xe00a],
];
/** What the kernel keeps back. */
const others: readonly Omit<MadeDatagram, "payload">[] = [
  { ...EVENT, port: 321 },
  { ...EVENT, protocol: 6 },
  { ...EVENT, fragment: 1 },
  { ...EVENT, fragment: 0x2001 },
  { ...EVENT6, port: 123 },
  { ...EVENT6, protocol: 0 }, // extension headers
];

const cases: readonly (readonly [name: string, words: readonly number[], tci: number])[] = [
  ["untagged", [TYPE], -1],
  ["tagged", [0x8100, 0x8005, TYPE], 0x8005],
  ["tagged for priority alone", [0x8100, 0x8000, TYPE], 0x8000],
  ["tagged twice: the outer one", [0x88a8, 0x6001, 0x8100, 0x8005, TYPE], 0x6001],
  ["HSR", [0x892f, 0x1234, 0x0001, TYPE], -1],
];

Deno.test("ptp tap: what comes on a wire, tags, sender and stamp; a burst and long frames are counted", async () => {
  const cable = await layCable("et");
  if (!cable) return;
  const sender = new PacketSender({ interface: cable.far, batch: 64 });
  const heard: (TappedFrame & { readonly text: string })[] = [];
  const ended: string[] = [];
  const tap = new PtpTap({
    interface: cable.near,
    transports: ["ethernet"],
    adapterStamps: false,
    framesPerLook: 50,
  }, {
    // What is lent is copied.
    frame: (f) => void heard.push({ ...f, payload: f.payload.slice(), text: "" }),
    ended: (reason) => void ended.push(reason),
  });
  try {
    cases.forEach(([, words], i) => sender.add(frame(words, marked(i + 1))));
    sender.add(frame([0x88ba], marked(99)));
    sender.add(datagramFrame({ ...EVENT, payload: marked(98) }));
    sender.add(frame([TYPE], marked(97))); // behind what is not heard
    sender.flush();
    await until(() => heard.at(-1)?.payload[0] === 97, () => heard);
    assert.equal(heard.length, cases.length + 1, "neither another EtherType nor UDP is heard");
    cases.forEach(([name, , tci], i) => {
      const got = heard[i]!;
      assert.equal(got.tci, tci, name);
      assert.deepEqual(got.payload, marked(i + 1), name);
      assert.equal(got.sender, "02:ab:00:00:00:7f", name);
      assert.equal(got.byAdapter, false, name);
      assert.ok(Math.abs(Date.now() / 1000 - got.seconds - got.nanos / 1e9) < 10, name);
    });
    assert.equal(tap.dropped, 0);

    heard.length = 0;
    for (let i = 0; i < 400; i++) sender.add(frame([TYPE], marked(7)));
    sender.flush();
    await until(() => heard.length + tap.dropped >= 400, () => [heard.length, tap.dropped]);
    assert.equal(heard.length + tap.dropped + tap.kernelDrops, 400);
    assert.ok(heard.length >= 50 && heard.length <= 200, `${heard.length} in one burst`);

    const before = tap.dropped;
    heard.length = 0;
    sender.add(frame([TYPE], marked(8, MAX_TAPPED_BYTES)));
    sender.flush();
    await until(() => heard.length === 1, () => tap.dropped);
    assert.equal(heard[0]!.payload.length, MAX_TAPPED_BYTES);
    assert.equal(tap.dropped, before);

    assert.deepEqual(ended, []);
    sender.close();
    await cable.remove();
    await until(() => ended.length > 0, () => "not told");
    assert.deepEqual(ended, [`${cable.near} is gone`]);
    assert.ok(tap.kernelDrops >= 0);
    tap.close();
  } finally {
    tap.close();
    sender.close();
    await cable.remove();
  }
});

Deno.test("ptp tap: UDP over IPv4 and IPv6, tagged or not, without a port of this host", async () => {
  const cable = await layCable("pu");
  if (!cable) return;
  const sender = new PacketSender({ interface: cable.far, batch: 64 });
  const heard: TappedFrame[] = [];
  const listener = {
    frame: (f: TappedFrame) => void heard.push({ ...f, payload: f.payload.slice() }),
    ended() {},
  };
  const options = { interface: cable.near, adapterStamps: false };
  const tap = new PtpTap({ ...options, transports: ["udp4", "udp6"] }, listener);
  const send = (frames: readonly Uint8Array[]) => {
    for (const bytes of frames) sender.add(bytes);
    sender.flush();
  };
  try {
    send(others.map((made, i) => datagramFrame({ ...made, payload: marked(100 + i) })));
    send([frame([TYPE], marked(90))]);
    send(datagrams.map(([made], i) => datagramFrame({ ...made, payload: marked(i + 1) })));
    await until(() => heard.length >= datagrams.length, () => heard);
    assert.deepEqual(
      heard.map(({ transport, sender, tci }) => [`${transport} ${sender}`, tci]),
      datagrams.map(([, who, tci]) => [who, tci]),
    );
    heard.forEach(({ payload, seconds, nanos }, i) => {
      assert.deepEqual(payload, marked(i + 1));
      assert.ok(Math.abs(Date.now() / 1000 - seconds - nanos / 1e9) < 10);
    });
    assert.equal(tap.dropped, 0, "the kernel kept the others back");

    // The first of fragments has ports and not all of its message.
    send([datagramFrame({ ...EVENT, fragment: 0x2000, payload: marked(1) })]);
    await until(() => tap.dropped === 1, () => heard);

    // Of one transport alone.
    heard.length = 0;
    const six = new PtpTap({ ...options, transports: ["udp6"] }, listener);
    tap.close();
    send([EVENT, EVENT6].map((made) => datagramFrame({ ...made, payload: marked(3) })));
    await until(() => heard.length > 0, () => heard);
    six.close();
    assert.deepEqual(heard.map(({ transport }) => transport), ["udp6"]);
  } finally {
    tap.close();
    sender.close();
    await cable.remove();
  }
});

Deno.test("ptp tap: any packet is a message or none; what was cut off or added is no part of it", () => {
  const packets = fc.record({
    isFour: fc.boolean(),
    port: fc.constantFrom(319, 320),
    payload: fc.uint8Array({ maxLength: 200 }),
    optionOctets: fc.constantFrom(0, 4, 40),
    padding: fc.uint8Array({ maxLength: 20 }),
  });
  fc.assert(fc.property(packets, fc.nat(400), (made, cut) => {
    const { isFour, port, payload, optionOctets, padding } = made;
    const bytes = datagramFrame({ ...(isFour ? EVENT : EVENT6), port, payload, optionOctets });
    const packet = bytes.subarray(14);
    const read = isFour ? readUdp4 : readUdp6;
    const padded = new Uint8Array([...packet, ...padding]);
    assert.deepEqual(read(padded)?.payload, payload);
    assert.equal(read(packet.subarray(0, cut % packet.length)), undefined);
  }));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 120, size: "max" }), fc.boolean(), (b, four) => {
    if (four && b.length > 24) b.set([0x45, 0, 0, b.length, 0, 0, 0, 0, 1, 17]);
    for (const read of [readUdp4, readUdp6]) {
      const message = read(b);
      assert.ok(!message || message.payload.length <= b.length);
    }
  }));
});

Deno.test("ptp tap: an interface that is not there", () => {
  const listener = { frame() {}, ended() {} };
  const options = { interface: "tl-none", transports: ["ethernet"], adapterStamps: false } as const;
  try {
    const tap = new PtpTap(options, listener);
    tap.close();
    assert.fail("it opened");
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) {
      return console.log(`skipped: no raw sockets here: ${error.message}`);
    }
    assert.ok(error instanceof Deno.errors.NotFound, String(error));
  }
});
