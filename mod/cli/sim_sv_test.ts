import assert from "node:assert/strict";
import { openKernelClocks, PacketRing, reportOfKernel } from "../os/mod.ts";
import { layCable } from "../os/testing.ts";
import { readCapture } from "../pcap/mod.ts";
import { frameToJson, parseFrame, smpSynchOfClock } from "../sv/mod.ts";
import { until } from "../../tests/support/waiting.ts";
import { simCommand } from "./sim.ts";

async function lines(args: string[]): Promise<string[]> {
  const printed: string[] = [];
  const log = console.log;
  console.log = (line: string) => printed.push(line);
  try {
    await simCommand().parseAsync(["sv", ...args], { from: "user" });
  } finally {
    console.log = log;
  }
  return printed;
}

Deno.test("sim sv writes a capture file, and accounts for it", async () => {
  const pcap = await Deno.makeTempFile({ suffix: ".pcap" }), record = await Deno.makeTempFile();
  try {
    const printed = await lines([
      ..."--count 2 --for 1.5 --start 1700000000 --profile 9-2LE-256 --nominal 60 --vlan 7".split(
        " ",
      ),
      ..."--loss 0.05 --duplicate 0.02 --refr-tm --sv-id BAY --appid 20000 --json".split(" "),
      ...["--pcap", pcap, "--record", record],
    ]);
    const objects = printed.map((line) => JSON.parse(line));
    assert.deepEqual(objects[1].stream, {
      svId: "BAY02",
      appid: 20_001,
      rate: 15_360,
      asdus: 8,
      currents: 4,
      voltages: 4,
      frameBytes: 701 + 6 * 8 - 8 + 8 * 10,
    });
    const packets = [...readCapture(await Deno.readFile(pcap))];
    const accounts = objects.slice(2).map(({ account }) => account);
    assert.equal(packets.length, accounts[0].framesSent + accounts[1].framesSent);
    for (const { framesMade, framesSent, lost, duplicated, samplesSent } of accounts) {
      assert.equal(framesMade, 1920 * 1.5);
      assert.equal(framesSent, framesMade - lost + duplicated);
      assert.ok(lost > 80 && duplicated > 20 && samplesSent === 8 * framesSent);
    }
    const first = frameToJson(parseFrame(packets[0]!.bytes), packets[0]!.bytes);
    assert.deepEqual(
      [first.vlan?.vid, first.destination, first.asdus[0]!.svID, first.asdus[0]!.smpCnt],
      [7, "01:0c:cd:04:00:01", "BAY01", 0],
    );
    assert.equal(first.asdus[0]!.refrTm?.seconds, 1_700_000_000);
    const recorded = (await Deno.readTextFile(record)).trim().split("\n").map((l) => JSON.parse(l));
    assert.deepEqual(recorded.map(({ svId, second }) => [svId, second]), [
      ["BAY01", 1_700_000_000],
      ["BAY02", 1_700_000_000],
      ["BAY01", 1_700_000_001],
      ["BAY02", 1_700_000_001],
    ]);
    assert.equal(
      recorded.reduce((sum, { framesSent }) => sum + framesSent, 0),
      packets.length,
    );
  } finally {
    await Deno.remove(pcap);
    await Deno.remove(record);
  }
});

Deno.test("sim sv on a wire: what it says it sent has arrived", async () => {
  const cable = await layCable("m");
  if (!cable) return;
  try {
    let most = 0;
    // Half a second of three units; on a busy machine some are passed over, and counted, unless it stands still
    // between two stretches of sending until the time is over.
    for (let attempt = 1; attempt <= 5 && most < 3 * 4000 * 0.45; attempt++) {
      const before = await received(cable.far);
      const printed = await lines([
        ..."--count 3 --for 0.5 --profile 9-2LE --json --interface".split(" "),
        cable.near,
      ]);
      const objects = printed.map((line) => JSON.parse(line));
      const accounts = objects.flatMap(({ account }) => account ?? []);
      const sent = accounts.reduce((sum, { framesSent }) => sum + framesSent, 0);
      const missed = accounts.reduce((sum, { missed }) => sum + missed, 0);
      const { totals } = objects.at(-1);
      assert.equal(await received(cable.far) - before, sent - totals.refused);
      assert.ok(totals.lateMicros.p50 >= 0);
      // The source is the interface.
      assert.equal(objects[0].stream.svId, "SIM_MU01");
      most = sent + missed;
    }
    assert.ok(most >= 3 * 4000 * 0.45, `${most} sent or missed`);
  } finally {
    await cable.remove();
  }
});

Deno.test("sim sv --clock kernel says what the kernel of this machine does", async () => {
  const kernel = openKernelClocks();
  const cable = "why" in kernel ? undefined : await layCable("m");
  if ("why" in kernel || !cable) return; // no adjtimex or no namespaces: tests of mod/os say why
  try {
    const synch = () => smpSynchOfClock(reportOfKernel(kernel.read(), Date.now() * 1000));
    const allowed = new Set([synch()]);
    const seen = new Set<number | null>();
    const ring = new PacketRing({
      interface: cable.far,
      filter: { etherType: 0x88ba, rules: [{}] },
      join: "all",
    });
    try {
      await lines(["--for", "0.2", "--clock", "kernel", "--interface", cable.near]);
      // The kernel gives a block out when it is full, or a little later.
      await until(() => {
        while (ring.openBlock()) {
          while (ring.nextPacket()) {
            const frame = ring.bytes.slice(ring.offset, ring.offset + ring.length);
            seen.add(frameToJson(parseFrame(frame), frame).asdus[0]!.smpSynch);
          }
          ring.closeBlock();
        }
        return seen.size > 0;
      }, "a frame");
    } finally {
      ring.close();
    }
    allowed.add(synch());
    for (const smpSynch of seen) {
      assert.ok(smpSynch !== null && allowed.has(smpSynch), `${smpSynch}`);
    }
  } finally {
    kernel.close();
    await cable.remove();
  }
});

Deno.test("sim sv in sentences", async () => {
  const pcap = await Deno.makeTempFile({ suffix: ".pcap" });
  try {
    const printed = await lines(["--pcap", pcap, "--start", "1700000000"]);
    assert.match(
      printed[0]!,
      /^SIM_MU01: APPID 0x4000, 4800 samples\/s, 2 in a frame of 213 octets, in .*pcap from 2023-11-14T22:13:20/,
    );
    assert.match(printed[1]!, /^SIM_MU01: 2400 frames made, 2400 sent with 4800 samples, 0 lost/);
  } finally {
    await Deno.remove(pcap);
  }
});

for (
  const [args, message] of [
    [[], /either --interface NAME or --pcap FILE/],
    [["--pcap", "x", "--interface", "y"], /either --interface NAME or --pcap FILE/],
    [["--pcap", "x", "--profile", "F4800"], /9-2LE, 9-2LE-256 or one like/],
    [["--pcap", "/dev/null", "--profile", "F4800S7I4U4"], /a whole rate that 7 ASDUs divide/],
    [["--pcap", "/dev/null", "--sv-id", "x".repeat(130)], /svID/],
    [["--pcap", "/dev/null", "--profile", "F4800S8I24U0"], /octets of payload/],
    [["--pcap", "x", "--clock", "kernel"], /--interface with --clock kernel/],
    [["--fault", "10"], /EVERY:FOR/],
    [["--sag", "1:2"], /EVERY:FOR/],
    [["--harmonics", "5"], /ORDER:SHARE/],
    [["--destination", "01:02"], /MAC address/],
    [["--gm-identity", "12"], /16 hex digits/],
    [["--vlan", "4096"], /whole number from 0 to 4095/],
    [["--loss", "2"], /share from 0 to 1/],
  ] as const
) {
  Deno.test(`sim sv refuses ${args.join(" ") || "nothing to send to"}`, async () => {
    const command = simCommand();
    const written: string[] = [];
    for (const c of [command, ...command.commands]) {
      c.exitOverride().configureOutput({ writeErr: (text) => written.push(text) });
    }
    const error = await command.parseAsync(["sv", ...args], { from: "user" }).then(
      () => undefined,
      (e: unknown) => e,
    );
    assert.ok(error instanceof Error);
    assert.match(error.message + written.join(""), message);
  });
}

async function received(name: string): Promise<number> {
  return Number(await Deno.readTextFile(`/sys/class/net/${name}/statistics/rx_packets`));
}
