import assert from "node:assert/strict";
import { datagramFrame } from "../os/testing.ts";
import {
  PCAP_FILE_HEADER,
  PCAP_RECORD_HEADER,
  writePcapHeader,
  writePcapRecord,
} from "../pcap/mod.ts";
import { encodeMessage, makeHeader, MessageType } from "../ptp/mod.ts";
import { printFile } from "./decode.ts";

const FIXTURES = new URL("../../tests/fixtures/ptp/", import.meta.url).pathname;

interface Line {
  readonly pkt: number;
  readonly ptp: string | null;
  readonly from: string;
  readonly error?: string;
  readonly vlans?: readonly { readonly priority: number; readonly id: number }[];
}

function decoded(name: string): { code: number; lines: Line[]; complaints: string[] } {
  const lines: Line[] = [], complaints: string[] = [];
  const code = printFile(
    FIXTURES + name,
    (line) => lines.push(JSON.parse(line)),
    (line) => complaints.push(line),
  );
  return { code, lines, complaints };
}

Deno.test("PTP over Ethernet: every message a line, malformed ones with what is wrong", () => {
  const { code, lines, complaints } = decoded("l2-onestep-and-transparent-synthetic.pcap");
  assert.equal(code, 0);
  assert.deepEqual(lines.map((l) => l.pkt), Array.from({ length: 17 }, (_, i) => i + 1));
  assert.deepEqual(lines.filter((l) => l.ptp === null).map((l) => [l.pkt, l.error]), [
    [12, "truncated"],
    [13, "truncated"],
    [14, "version"],
    [15, "type"],
    [17, "timestamp"],
  ]);
  assert.match(complaints.join(), /5 malformed PTP messages/);
});

Deno.test("PTP over VLAN and over UDP", () => {
  const vlan = decoded("l2-p2p-domain93-vlan10-pcp4.pcap");
  assert.equal(vlan.code, 0);
  assert.deepEqual(vlan.lines[0]?.vlans, [{ priority: 4, dropEligible: false, id: 10 }]);
  const udp = decoded("udp4-e2e-domain0-twostep.pcap");
  assert.equal(udp.code, 0);
  assert.equal(udp.lines.length, 44); // of 48 packets, 4 of other protocols
  assert.match(udp.lines[0]!.from, /^192\.0\.2\.1:320$/);
});

Deno.test("PTP over IPv6, tagged and with the two octets that its UDP adds", async () => {
  const message = encodeMessage({
    messageType: MessageType.Sync,
    header: makeHeader(MessageType.Sync, { clockIdentity: "020000fffe000a01", portNumber: 1 }),
    originTimestamp: { seconds: 1_795_000_000, nanos: 5 },
    tlvs: [],
  });
  const payload = new Uint8Array([...message, 0, 0]); // annex D of IEEE 1588
  const made = { from: "fe80::a1", to: "ff0e::181", port: 319, payload };
  const frames = [datagramFrame(made), datagramFrame({ ...made, tags: [0x8100, 0x800a] })];
  const file = await Deno.makeTempFile({ suffix: ".pcap" });
  try {
    let at = PCAP_FILE_HEADER;
    const size = frames.reduce((sum, f) => sum + PCAP_RECORD_HEADER + f.length, at);
    const view = new DataView(new ArrayBuffer(size)), bytes = new Uint8Array(view.buffer);
    writePcapHeader(view, 0);
    for (const frame of frames) {
      writePcapRecord(view, at, 1_795_000_000, 0, frame.length);
      bytes.set(frame, at + PCAP_RECORD_HEADER);
      at += PCAP_RECORD_HEADER + frame.length;
    }
    await Deno.writeFile(file, bytes);
    const lines: Line[] = [];
    assert.equal(printFile(file, (line) => lines.push(JSON.parse(line)), assert.fail), 0);
    assert.deepEqual(lines.map(({ pkt, ptp, from }) => [pkt, ptp, from]), [
      [1, "Sync", "[fe80::a1]:40000"],
      [2, "Sync", "[fe80::a1]:40000"],
    ]);
  } finally {
    await Deno.remove(file);
  }
});
