import assert from "node:assert/strict";
import fc from "fast-check";
import { DecodeError } from "../core/mod.ts";
import { captureFormat, formatEndpoint, readCapture, readPieces, readTransport } from "./mod.ts";

type Bytes = readonly number[];

const be16 = (n: number): Bytes => [(n >>> 8) & 255, n & 255];
const be32 = (n: number): Bytes => [...be16(n >>> 16), ...be16(n)];
const ordered = (little: boolean) => ({
  u16: (n: number): Bytes => little ? [...be16(n)].reverse() : be16(n),
  u32: (n: number): Bytes => little ? [...be32(n)].reverse() : be32(n),
});

function pcap(packets: readonly Bytes[], linkType = 1, little = true, nanos = false): Uint8Array {
  const { u16, u32 } = ordered(little);
  const file: number[] = [
    ...u32(nanos ? 0xa1b23c4d : 0xa1b2c3d4),
    ...u16(2),
    ...u16(4),
    ...u32(0),
    ...u32(0),
    ...u32(65535),
    ...u32(linkType),
  ];
  packets.forEach((p, i) => {
    file.push(...u32(1000 + i), ...u32(nanos ? 500_000 : 500));
    file.push(...u32(p.length), ...u32(p.length), ...p);
  });
  return Uint8Array.from(file);
}

function pcapng(packets: readonly Bytes[], little: boolean): Uint8Array {
  const { u16, u32 } = ordered(little);
  const block = (type: number, body: Bytes): Bytes => {
    const padded = [...body, ...Array((4 - body.length % 4) % 4).fill(0)];
    const length = u32(padded.length + 12);
    return [...u32(type), ...length, ...padded, ...length];
  };
  const file: number[] = [
    ...block(0x0a0d0d0a, [
      ...u32(0x1a2b3c4d),
      ...u16(1),
      ...u16(0),
      ...u32(0xffffffff),
      ...u32(0xffffffff),
    ]),
    // Ethernet, no snap length, nanoseconds, 10 s offset.
    ...block(1, [
      ...u16(1),
      ...u16(0),
      ...u32(0),
      ...u16(9),
      ...u16(1),
      9,
      0,
      0,
      0,
      ...u16(14),
      ...u16(8),
      ...(little ? [...u32(10), ...u32(0)] : [...u32(0), ...u32(10)]),
      ...u16(0),
      ...u16(0),
    ]),
    ...block(0x0bad, [1, 2, 3, 4]),
  ];
  packets.forEach((p, i) => {
    if (i % 2 === 1) file.push(...block(3, [...u32(p.length), ...p]));
    else {
      file.push(
        ...block(6, [
          ...u32(0),
          ...u32(0),
          ...u32(2_000_000_000),
          ...u32(p.length),
          ...u32(p.length),
          ...p,
        ]),
      );
    }
  });
  return Uint8Array.from(file);
}

const ethernet = (
  type: number,
  body: Bytes,
): Bytes => [...Array(12).fill(2), ...be16(type), ...body];
const A = [10, 0, 0, 1], B = [10, 0, 0, 2];

function ipv4(protocol: number, body: Bytes, fragment = 0, id = 7): Bytes {
  return [
    0x45,
    0,
    ...be16(20 + body.length),
    ...be16(id),
    ...be16(fragment),
    64,
    protocol,
    0,
    0,
    ...A,
    ...B,
    ...body,
  ];
}

function ipv6(protocol: number, body: Bytes): Bytes {
  const address = [0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 1];
  return [0x60, 0, 0, 0, ...be16(body.length), protocol, 64, ...address, ...address, ...body];
}

const udp = (
  payload: Bytes,
): Bytes => [...be16(4713), ...be16(4712), ...be16(8 + payload.length), 0, 0, ...payload];

function tcp(sequence: number, payload: Bytes, flags = 0x10): Bytes {
  return [
    ...be16(4712),
    ...be16(30000),
    ...be32(sequence),
    ...be32(0),
    0x50,
    flags,
    ...Array(6).fill(0),
    ...payload,
  ];
}

const payloads = (file: Uint8Array) => [...readTransport(file)].map((p) => [...p.payload]);

Deno.test("pcap in both byte orders and both resolutions", () => {
  for (const little of [true, false]) {
    for (const nanos of [true, false]) {
      const packets = [...readCapture(pcap([[1, 2], [3]], 1, little, nanos))];
      assert.deepEqual(packets.map((p) => [p.number, p.timeMicros, [...p.bytes]]), [
        [1, 1000e6 + 500, [1, 2]],
        [2, 1001e6 + 500, [3]],
      ]);
    }
  }
});

Deno.test("pcapng: sections, interfaces with options, enhanced and simple packets", () => {
  for (const little of [true, false]) {
    const file = pcapng([[1, 2], [3, 4, 5, 6]], little);
    assert.equal(captureFormat(file), "pcapng");
    const packets = [...readCapture(file)];
    assert.deepEqual(packets.map((p) => [p.number, p.timeMicros, [...p.bytes]]), [
      [1, 12e6, [1, 2]],
      [2, NaN, [3, 4, 5, 6]],
    ]);
  }
});

Deno.test("UDP under every link type and both versions of IP", () => {
  const cooked = (type: number, body: Bytes) => [...Array(14).fill(0), ...be16(type), ...body];
  const cooked2 = (type: number, body: Bytes) => [...be16(type), ...Array(18).fill(0), ...body];
  const four = ipv4(17, udp([1, 2, 3])), six = ipv6(17, udp([1, 2, 3]));
  const table: [string, number, Bytes][] = [
    ["Ethernet", 1, ethernet(0x0800, four)],
    ["Ethernet, padded", 1, [...ethernet(0x0800, four), 0, 0, 0]],
    ["two VLAN tags", 1, ethernet(0x88a8, [0, 5, ...be16(0x8100), 0, 6, ...be16(0x0800), ...four])],
    ["IPv6", 1, ethernet(0x86dd, six)],
    [
      "IPv6 with options",
      1,
      ethernet(0x86dd, ipv6(0, [17, 0, ...Array(6).fill(0), ...udp([1, 2, 3])])),
    ],
    ["cooked", 113, cooked(0x0800, four)],
    ["cooked 2", 276, cooked2(0x86dd, six)],
    ["raw", 101, four],
    ["raw 6", 101, six],
    ["loopback", 0, [2, 0, 0, 0, ...four]],
  ];
  for (const [name, linkType, packet] of table) {
    assert.deepEqual(payloads(pcap([packet], linkType)), [[1, 2, 3]], name);
  }
  const [found] = readTransport(pcap([ethernet(0x86dd, six)]));
  assert.equal(formatEndpoint(found!.from), "[2001:db8::1]:4713");
  const [other] = readTransport(pcap([ethernet(0x0800, four)]));
  assert.deepEqual([formatEndpoint(other!.from), formatEndpoint(other!.to)], [
    "10.0.0.1:4713",
    "10.0.0.2:4712",
  ]);
});

Deno.test("IP fragments come together in any order; the packet that completes counts", () => {
  const body = udp(Array.from({ length: 40 }, (_, i) => i));
  const first = ethernet(0x0800, ipv4(17, body.slice(0, 16), 0x2000));
  const second = ethernet(0x0800, ipv4(17, body.slice(16, 32), 0x2002));
  const last = ethernet(0x0800, ipv4(17, body.slice(32), 0x0004));
  for (const packets of [[first, second, last], [last, first, second], [second, last, first]]) {
    const found = [...readTransport(pcap(packets))];
    assert.equal(found.length, 1);
    assert.equal(found[0]!.packet, 3);
    assert.equal(found[0]!.payload.length, 40);
  }
  assert.deepEqual(payloads(pcap([first, last])), []);
});

Deno.test("TCP: out of order, repeated, overlapping, wrapped and lost segments", () => {
  const S = 0xfffffffe; // wraps within the stream
  const at = (n: number) => (S + n) >>> 0;
  const segment = (n: number, payload: Bytes, flags?: number) =>
    ethernet(0x0800, ipv4(6, tcp(at(n), payload, flags)));
  const syn = ethernet(0x0800, ipv4(6, tcp(at(-1), [], 2)));
  const table: [string, Bytes[], Bytes[]][] = [
    ["in order", [syn, segment(0, [1, 2]), segment(2, [3])], [[1, 2], [3]]],
    ["out of order", [syn, segment(2, [3]), segment(0, [1, 2])], [[1, 2], [3]]],
    ["repeated", [syn, segment(0, [1, 2]), segment(0, [1, 2]), segment(2, [3])], [[1, 2], [3]]],
    ["overlapping", [syn, segment(0, [1, 2]), segment(1, [9, 3])], [[1, 2], [3]]],
    ["overlapping ahead", [syn, segment(2, [3, 4]), segment(0, [1, 2, 9])], [[1, 2, 9], [4]]],
    ["keep-alive", [syn, segment(0, [1, 2]), segment(1, [0]), segment(2, [3])], [[1, 2], [3]]],
    ["lost", [syn, segment(0, [1]), segment(5, [6]), segment(6, [7])], [[1], [6], [7]]],
    ["begun before the capture", [segment(10, [1])], [[1]]],
  ];
  for (const [name, packets, wanted] of table) {
    assert.deepEqual(payloads(pcap(packets)), wanted, name);
  }
  const lost = [...readTransport(pcap([segment(0, [1]), segment(5, [6]), segment(6, [7])]))];
  assert.deepEqual(lost.map((p) => p.protocol === "tcp" && p.gap), [true, true, false]);
  const anew = [syn, segment(0, [1]), ethernet(0x0800, ipv4(6, tcp(900, [], 2)))];
  const again = ethernet(0x0800, ipv4(6, tcp(901, [2])));
  assert.deepEqual(payloads(pcap([...anew, again])), [[1], [2]]);
});

Deno.test("TCP gives a hole up rather than keep more than its bound", () => {
  const big = Array(1400).fill(1);
  const packets = [ethernet(0x0800, ipv4(6, tcp(0, [1])))];
  for (let i = 0; i < 1100; i++) packets.push(ethernet(0x0800, ipv4(6, tcp(10 + i * 1400, big))));
  const found = [...readTransport(pcap(packets))];
  assert.equal(found.length, 1101);
  assert.ok(found[1]!.packet < 1101, "before the end of the capture");
});

Deno.test("corrupt files are DecodeErrors that name the place", () => {
  const good = pcap([[1, 2, 3]]);
  const long = good.slice();
  long[24 + 8] = 200;
  const ng = pcapng([[1, 2]], true);
  const zero = ng.slice();
  zero[4] = 0;
  const files: [string, Uint8Array][] = [
    ["empty", new Uint8Array(0)],
    ["other magic", Uint8Array.of(1, 2, 3, 4, 5)],
    ["header only in part", good.slice(0, 20)],
    ["packet header cut", good.slice(0, 30)],
    ["packet cut", good.slice(0, good.length - 1)],
    ["length beyond the file", long],
    ["pcapng cut", ng.slice(0, ng.length - 1)],
    ["pcapng with block of no length", zero],
  ];
  for (const [name, file] of files) {
    assert.throws(() => [...readCapture(file)], DecodeError, name);
  }
});

Deno.test("any damage to a capture gives packets or a DecodeError", () => {
  const files = [
    pcap([ethernet(0x0800, ipv4(17, udp([1, 2, 3]))), ethernet(0x0800, ipv4(6, tcp(5, [1, 2])))]),
    pcapng(
      [ethernet(0x86dd, ipv6(17, udp([1, 2, 3]))), ethernet(0x0800, ipv4(6, tcp(5, [1])))],
      true,
    ),
    pcapng([ethernet(0x0800, ipv4(17, udp([1, 2, 3]).slice(0, 8), 0x2000))], false),
  ];
  const change = fc.tuple(fc.nat(), fc.nat(255));
  fc.assert(
    fc.property(
      fc.constantFrom(...files),
      fc.array(change, { maxLength: 6 }),
      fc.nat(),
      (file, changes, cut) => {
        const copy = file.slice(0, cut % 3 === 0 ? cut % file.length : file.length);
        for (const [at, value] of changes) if (copy.length > 0) copy[at % copy.length] = value;
        try {
          for (const piece of readTransport(copy)) assert.ok(piece.payload.length <= copy.length);
        } catch (error) {
          assert.ok(error instanceof DecodeError, `${error}`);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

Deno.test("Ethernet frames without IP come between the others, with their tags", () => {
  const tagged = [0x80 | 0x10, 5, ...be16(0x88f7), 1, 2, 3];
  const file = pcap([
    ethernet(0x88ba, [9]),
    ethernet(0x0800, ipv4(17, udp([1, 2, 3]))),
    ethernet(0x8100, tagged),
    ethernet(0x0800, [1, 2]), // not IP, although it says so
    Array(13).fill(2), // cut within its header
  ]);
  const found = [...readPieces(file)].map((p) =>
    p.protocol === "ethernet" ? [p.packet, p.etherType, p.vlans, [...p.payload]] : p.packet
  );
  assert.deepEqual(found, [
    [1, 0x88ba, [], [9]],
    2,
    [3, 0x88f7, [{ priority: 4, dropEligible: true, id: 5 }], [1, 2, 3]],
  ]);
  const [first] = readPieces(file);
  assert.equal(first?.protocol === "ethernet" && first.source, "02:02:02:02:02:02");
});
