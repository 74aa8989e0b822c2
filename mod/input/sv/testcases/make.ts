/**
 * Makes the inputs of the test cases: `deno run -P=test mod/input/sv/testcases/make.ts`.
 *
 * They are made once and kept; `expected.json` beside each was written by hand from what the waveforms are (100 A and
 * 63.5 kV, rms, phase A at its maximum at the second) and from what was left out or put in here.
 *
 * @module
 */
import { ByteWriter } from "../../../core/mod.ts";
import {
  encodePdu,
  encodeSession,
  fractionOfNanos,
  macBytes,
  writeUtcTime,
} from "../../../sv/mod.ts";
import { madeFrame, type MadeSample, pcapOf } from "../testing.ts";

const SECOND = 1_735_689_600; // 2025-01-01T00:00:00Z
const RATE = 4000;
/** A tenth of a second before the second, so that the files are small and cross it. */
const BEGIN = -400, END = 440;

interface Packet {
  readonly seconds: number;
  readonly nanos: number;
  readonly bytes: Uint8Array;
}

/** Where sample `n`, counted from the second, stands. */
function place(n: number, rate = RATE): { second: number; smpCnt: number } {
  const carry = Math.floor(n / rate);
  return { second: SECOND + carry, smpCnt: n - carry * rate };
}

/** The packet of sample `n`, which arrives 300 microseconds after it was taken, or `lateNanos` later still. */
function packet(n: number, bytes: Uint8Array, rate = RATE, lateNanos = 0): Packet {
  const { second, smpCnt } = place(n, rate);
  const nanos = Math.round(smpCnt * 1e9 / rate) + 300_000 + lateNanos;
  return { seconds: second + Math.floor(nanos / 1e9), nanos: nanos % 1e9, bytes };
}

function sample(n: number, make: Partial<MadeSample> = {}): Packet {
  const rate = make.rate ?? RATE;
  return packet(n, madeFrame({ ...place(n, rate), rate, ...make }), rate);
}

function samples(from: number, to: number, make: Partial<MadeSample> = {}): Packet[] {
  return Array.from({ length: to - from }, (_, i) => sample(from + i, make));
}

/** Two ASDUs in a frame at 4,800 samples/s and 60 Hz, with a tag. */
function variant(from: number, to: number): Packet[] {
  const packets: Packet[] = [];
  for (let n = from; n < to; n += 2) {
    const asdus = [n, n + 1].map((k) => {
      const { second, smpCnt } = place(k, 4800);
      const one = madeFrame({ second, smpCnt, rate: 4800, hz: 60 });
      return { svID: "MU60", smpCnt, confRev: 3, smpSynch: 2, seqData: one.slice(-64) };
    });
    const frame = { asdus, appid: 0x4010, tags: [{ vid: 5, pcp: 4 }] };
    packets.push(
      packet(n + 1, madeFrame({ ...place(n, 4800), rate: 4800, frame }), 4800),
    );
  }
  return packets;
}

/** An Ethernet frame with a UDP datagram to the session port. */
function datagram(payload: Uint8Array): Uint8Array {
  const out = new ByteWriter(64 + payload.length);
  out.raw(macBytes("01:00:5e:0a:00:01")).raw(macBytes("02:00:00:00:00:01")).u16(0x0800);
  out.u16(0x4500).u16(28 + payload.length).u32(0x00004000).u16(0x4011).u16(0);
  out.raw(Uint8Array.of(192, 0, 2, 40, 239, 10, 0, 1));
  out.u16(40_000).u16(102).u16(8 + payload.length).u16(0).raw(payload);
  return out.bytes();
}

/** Routable: refrTm in each ASDU, one session PDU a sample; numbers 200 and 201 of them are lost. */
function routable(from: number, to: number): Packet[] {
  const packets: Packet[] = [];
  for (let n = from; n < to; n++) {
    if (n === 200 || n === 201) continue;
    const { second, smpCnt } = place(n);
    const refrTm = new Uint8Array(8);
    writeUtcTime(refrTm, 0, second, fractionOfNanos(Math.round(smpCnt * 1e9 / RATE)), 0x8a);
    const seqData = madeFrame({ second, smpCnt }).slice(-64);
    const apdu = encodePdu([{ svID: "RSV1", smpCnt, confRev: 1, refrTm, smpSynch: 2, seqData }]);
    const pdu = encodeSession({ spduNumber: 5000 + n, payloads: [{ appid: 0x4000, apdu }] });
    packets.push(packet(n, datagram(pdu), RATE, 4_000_000));
  }
  return packets;
}

function malformed(): Uint8Array[] {
  const path = new URL("../../../../tests/fixtures/sv/malformed.json", import.meta.url);
  // The vectors of frames that a decoder must reject.
  const { frames } = JSON.parse(Deno.readTextFileSync(path)) as { frames: { hex: string }[] };
  return frames.map(({ hex }) => Uint8Array.from(hex.match(/../g) ?? [], (b) => parseInt(b, 16)));
}

const other = { frame: { source: macBytes("02:00:00:00:00:99") } };
const withTrailer = (lan: number, n: number) => ({
  frame: { trailer: Uint8Array.of(n >> 8, n & 0xff, lan << 4, 106, 0x88, 0xfb) },
});

const CASES: Readonly<Record<string, () => Packet[]>> = {
  le_50hz: () => samples(BEGIN, END),
  two_asdus_60hz_vlan: () => variant(-480, 528),
  losses_and_disorder: () =>
    samples(BEGIN, END).flatMap((p, i): Packet[] => {
      if (i === 500 || i === 501) return []; // samples 100 and 101
      if (i === 600) return [p, p]; // sample 200 twice
      if (i === 700) return [sample(301)]; // samples 300 and 301 change places
      if (i === 701) return [packet(301, sample(300).bytes)];
      return [p];
    }),
  local_clock: () => samples(BEGIN, END, { smpSynch: 1 }),
  free_running: () => samples(BEGIN, END, { smpSynch: 0 }),
  bad_quality:
    () => [...samples(BEGIN, 0), ...samples(0, 200, { quality: 1 }), ...samples(200, END)],
  conf_rev_change: () => [...samples(BEGIN, 0), ...samples(0, END, { confRev: 2 })],
  other_data_set: () => [...samples(BEGIN, 0, { channels: 6 }), ...samples(0, 40)],
  two_publishers: () =>
    samples(BEGIN, END).flatMap((p, i) =>
      i % 2 === 0 ? [p, sample(BEGIN + i, { add: 1000, ...other })] : [p]
    ),
  simulated: () =>
    samples(BEGIN, END).flatMap((p, i) =>
      i >= 400 ? [p, sample(BEGIN + i, { frame: { simulation: true } })] : [p]
    ),
  redundant: () =>
    Array.from({ length: END - BEGIN }, (_, i) => BEGIN + i).flatMap((n) => [
      sample(n, withTrailer(10, n & 0xffff)),
      sample(n, withTrailer(11, n & 0xffff)),
    ]),
  junk: () =>
    samples(BEGIN, 0).flatMap((p, i) => {
      const junk = malformed();
      return i % 40 === 0 ? [p, { ...p, bytes: junk[(i / 40) % junk.length]! }] : [p];
    }),
  pause: () => [...samples(BEGIN, 0), ...samples(2000, 2000 + END)],
  routable: () => routable(BEGIN, END),
};

for (const [name, make] of Object.entries(CASES)) {
  const folder = new URL(`./${name}/`, import.meta.url);
  await Deno.mkdir(folder, { recursive: true });
  const file = new Blob([pcapOf(make())]).stream().pipeThrough(new CompressionStream("gzip"));
  await Deno.writeFile(new URL("input.pcap.gz", folder), file);
}
