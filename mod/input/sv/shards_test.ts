import assert from "node:assert/strict";
import { SvFrame, SvReject } from "../../sv/mod.ts";
import { Discovery } from "./discovery.ts";
import { rulesOf, shardsOf } from "./shards.ts";
import { svInputBytes } from "./memory.ts";
import { madeFrame, optionsOf } from "./testing.ts";

function streams(more: readonly string[], head = ""): ReturnType<typeof optionsOf> {
  return optionsOf(
    `interface = "eth0"\n${head}\n` +
      more.map((keys, i) =>
        `[[input.streams]]\nacronym = "MU${i}"\nsvId = "MU${i}"\nnominalHz = 50\npreset = "9-2LE"\n${keys}\n`
      ).join(""),
  );
}

const address = (n: number) => `appid = ${0x4000 + n}\ndestination = "01:0c:cd:04:00:0${n}"`;

Deno.test("shards: streams are shared evenly, and each is in one Worker", () => {
  const options = streams([1, 2, 3, 4, 5, 6].map(address));
  for (const [cores, count] of [[1, 1], [2, 1], [4, 3], [16, 6]] as const) {
    const shards = shardsOf(options, cores);
    assert.equal(shards.length, count);
    assert.deepEqual(shards.flatMap((s) => s.streams).sort(), [0, 1, 2, 3, 4, 5]);
    const sizes = shards.map((s) => s.streams.length);
    assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, sizes.join());
    assert.ok(shards.reduce((sum, s) => sum + s.ringBytes, 0) <= options.ringBytes);
    assert.deepEqual(shards.map((s) => s.discovers), shards.map((_, i) => i === 0));
  }
  assert.equal(shardsOf({ ...options, workers: 2 }, 16).length, 2);
});

Deno.test("shards: streams that only their svID tells apart stay together", () => {
  const same = streams(["", "", "", address(1)]);
  assert.deepEqual(shardsOf(same, 8).map((s) => s.streams), [[0, 1, 2], [3]]);
  // Without an address stream 0 could match the frames of the others with its APPID.
  const open = streams([
    "appid = 0x4001",
    address(1),
    `appid = 0x4001\ndestination = "01:0c:cd:04:00:07"`,
    address(2),
  ]);
  assert.deepEqual(shardsOf(open, 8).map((s) => s.streams), [[0, 1, 2], [3]]);
  assert.equal(rulesOf(same.streams).length, 2);
});

Deno.test("memory: waveforms, rings and Workers are in the figure, here or in tieline capture", () => {
  const small = svInputBytes(streams([address(1)]), 2);
  const longer = svInputBytes(streams([`${address(1)}\nwaveformSeconds = 8`]), 2);
  assert.equal(longer.bytes - small.bytes, 4 * 4000 * (8 * 8 + 1));
  assert.ok(small.bytes > 16 * 1024 * 1024);
  // Reports that fall on many places between two samples need as many tables, each once in a Worker.
  const at = (framesPerSecond: number) => {
    const keys =
      `rate = 15_360\nclass = "M"\nwaveformSeconds = 2\nframesPerSecond = ${framesPerSecond}`;
    const two = [1, 2].map((n) => `${address(n)}\n${keys}`);
    return svInputBytes(streams(two, "workers = 1"), 2).bytes;
  };
  const tables = at(11) - at(10);
  assert.ok(tables > 7.4e6 && tables < 7.6e6, `${tables}`);
  const more = svInputBytes(streams([1, 2, 3].map(address), "workers = 3"), 2);
  assert.ok(more.bytes > small.bytes + 20e6);
  const process = svInputBytes(streams([address(1)], 'capture = "process"'), 2);
  assert.ok(process.bytes < 1e6 && process.captureBytes > 30e6);
});

Deno.test("discovery: who, how fast, and the lines that would configure it", () => {
  const discovery = new Discovery();
  const frame = new SvFrame();
  const note = (svId: string, rate: number, n: number, vid: number) => {
    const bytes = madeFrame({
      svId,
      second: 0,
      smpCnt: n % rate,
      rate,
      frame: { tags: [{ vid }] },
    });
    assert.equal(frame.decode(bytes, 0, bytes.length), SvReject.None);
    discovery.note(frame, bytes, 1e15 + n * 1e6 / rate + (n % 3) * 20);
  };
  for (let n = 3990; n < 4500; n++) note("PLAIN", 4000, n, 0);
  for (let n = 100; n < 700; n += 15) note("SAMPLED 60 Hz", 4800, n, 9); // one of fifteen is looked at
  for (let n = 0; n < 400; n++) note("ODD", 3333, n, 0);
  const [plain, sampled, odd] = discovery.list(1e15 + 1e6);
  assert.equal(plain!.rate, 4000);
  assert.equal(plain!.vlan, 0);
  assert.equal(sampled!.rate, 4800);
  assert.equal(sampled!.frames, 40);
  assert.ok(Math.abs(odd!.rate! - 3333) < 30);
  assert.match(sampled!.toml, /^nominalHz = 60 # check: it is a guess$/m);
  assert.match(plain!.toml, /^nominalHz = 50\npreset = "9-2LE"$/m);
  const configured = optionsOf(
    `interface = "e"\n${sampled!.toml.replaceAll("input.NAME", "input")}`,
  );
  assert.deepEqual(
    configured.streams.map((s) => [s.acronym, s.svId, s.rate, s.vlan, s.nominalHz]),
    [["SAMPLED_60_HZ", "SAMPLED 60 Hz", 4800, 9, 60]],
  );
  assert.deepEqual(discovery.list(1e15 + 300e6), [], "forgotten after two minutes");
});

Deno.test("discovery: is bounded, and says what did not fit", () => {
  const discovery = new Discovery();
  const frame = new SvFrame();
  for (let i = 0; i < 300; i++) {
    const bytes = madeFrame({ svId: `S${i}`, second: 0, smpCnt: 0 });
    frame.decode(bytes, 0, bytes.length);
    discovery.note(frame, bytes, 1e15);
  }
  assert.equal(discovery.list(1e15).length, 256);
  assert.equal(discovery.overflow, 44);
});
