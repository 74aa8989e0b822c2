/**
 * Merging units on a raw interface, as fast as asked:
 * `sv_sender.ts INTERFACE STREAMS RATE HZ SECONDS FILE [ASDUS [FIRST]]`.
 *
 * Stream N, from FIRST or 0 on, has svID MUN, APPID 0x4000 + N and eight channels of a balanced system at nominal HZ; samples are those of
 * UTC. It waits for a line, sends from the next whole second on, and says what the kernel took. FILE gets, for each
 * sample number, the moment before the system call that sent the last stream's frame of it; - for none. A frame has
 * ASDUS samples, one if nothing is said.
 *
 * @module
 */
import { PacketSender } from "../../mod/os/mod.ts";
import { encodeFrame, seqDataOf, SvFrame } from "../../mod/sv/mod.ts";
import { sharedMicros, wallMicros } from "./clock.ts";
import { FrameMoments } from "./records.ts";

const [name, ...numbers] = Deno.args as [string, ...string[]]; // see above
const [streams, rate, hz, seconds] = numbers.map(Number) as [number, number, number, number];
const file = numbers[4]!;
const asdus = Number(numbers[5] ?? 1), firstStream = Number(numbers[6] ?? 0);
const CHANNELS = 8;
const AMPLITUDE = [141_421, 8_980_256]; // 100 A in mA and 63.5 kV in 10 mV, peak
/** Samples that may be late before the sender gives them up. */
const MOST_BEHIND = rate / 10;

const cycle = rate / hz;
const data = Array.from({ length: cycle }, (_, n) => {
  const values = Array.from({ length: CHANNELS }, (_, c) => {
    const phase = c % 4;
    return phase === 3
      ? 0
      : Math.round(AMPLITUDE[c >> 2]! * Math.cos(2 * Math.PI * (n / cycle - phase / 3)));
  });
  return seqDataOf(values, new Array(CHANNELS).fill(0));
});
const sender = new PacketSender({ interface: name, batch: 512, maxFrameBytes: 64 + 128 * asdus });
const templates = Array.from({ length: streams }, (_, i) => firstStream + i).map((n) =>
  encodeFrame({
    destination: Uint8Array.of(0x01, 0x0c, 0xcd, 0x04, n >> 8, n & 0xff),
    source: sender.hardwareAddress,
    appid: 0x4000 + n,
    asdus: Array.from({ length: asdus }, () => ({
      svID: `MU${n}`,
      smpCnt: 0,
      confRev: 1,
      smpSynch: 2,
      seqData: data[0]!,
    })),
  })
);
const places = templates.map((template) => {
  const frame = new SvFrame();
  frame.decode(template, 0, template.length);
  return Array.from({ length: asdus }, (_, n) => ({
    count: frame.pdu.smpCntOffset[n]!,
    data: frame.pdu.seqDataOffset[n]!,
  }));
});
const moments = new FrameMoments(file === "-" ? 1 : (seconds + 3) * rate);

/** Sends sample `k` of all streams, with those before it that are in the same frame; a frame that is not full waits. */
function send(k: number): void {
  if (k % asdus !== asdus - 1) return;
  for (let i = 0; i < streams; i++) {
    const at = sender.at, template = templates[i]!, place = places[i]!;
    sender.bytes.set(template, at);
    for (let n = 0; n < asdus; n++) {
      const count = (k - asdus + 1 + n) % rate, { count: c, data: d } = place[n]!;
      sender.bytes.set(data[count % cycle]!, at + d);
      sender.bytes[at + c] = count >> 8;
      sender.bytes[at + c + 1] = count & 0xff;
    }
    sender.commit(template.length);
  }
}

console.log(JSON.stringify({ ready: true }));
const pause = new Int32Array(new SharedArrayBuffer(4));
await Deno.stdin.read(new Uint8Array(16));
let next = (Math.floor(wallMicros() / 1e6) + 1) * rate;
const first = next, end = next + seconds * rate;
let missed = 0;
while (next < end) {
  const due = Math.min(end, Math.floor(wallMicros() * rate / 1e6));
  if (due - next > MOST_BEHIND) {
    missed += due - next;
    next = due;
  }
  const from = next;
  while (next < due) send(next++);
  const now = sharedMicros();
  sender.flush();
  if (file !== "-") { for (let k = from; k < next; k++) moments.add(0, k, now); }
  Atomics.wait(pause, 0, 0, 0.3);
}
if (file !== "-") await moments.save(file);
const { sent, refused } = sender;
console.log(JSON.stringify({ sent: { first, end, missed, sent, refused } }));
sender.close();
await Deno.stdin.read(new Uint8Array(1)); // it is looked at until it is told to end
