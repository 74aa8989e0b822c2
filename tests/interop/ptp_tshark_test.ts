import assert from "node:assert/strict";
import fc from "fast-check";
import { announceTlv, anyMessage, timingMessage } from "../../mod/ptp/arbitraries_test.ts";
import { datagramFrame } from "../../mod/os/testing.ts";
import { encodeMessage, MessageType, type PtpMessage } from "../../mod/ptp/mod.ts";
import { dissectedFields } from "../vectors/ptp_dissected.ts";
import { ethernetPcap } from "./pcap_writer.ts";
import { testWith } from "./peers.ts";

/** Names that tshark 4.0 prints otherwise than they stand on the wire; each with the reason. */
const NOT_COMPARED = new Set([
  "correctionScaled", // put together below, since tshark prints it in two parts, unsigned
  "an.oe.reserved", // of the 2011 TLV only; 2017 has none of this name
]);

const OCTETS = new Set(["an.atoi.timeOfNextJump", "an.tlv.data"]);

testWith(
  ["tshark"],
  "tshark agrees with random PTP messages over Ethernet, VLAN and UDP",
  async () => {
    const announceTlvs = fc.array(announceTlv, { maxLength: 1 });
    const messages = [
      ...fc.sample(timingMessage(announceTlvs), { numRuns: 1500, seed: 118 }),
      ...fc.sample(anyMessage.filter((m) => m.messageType >= MessageType.Signaling), {
        numRuns: 800,
        seed: 119,
      }),
    ].map(ofDefaultSdo);
    const names = [...new Set(messages.flatMap((m) => Object.keys(dissectedFields(m))))]
      .filter((name) => !NOT_COMPARED.has(name));
    const extra = ["correction.ns", "correction.subns", "messagelength"];
    const rows = await dissect(
      messages.map((m, i) => frame(encodeMessage(m), i)),
      [...names, ...extra],
    );
    assert.equal(rows.length, messages.length);
    let compared = 0;
    messages.forEach((message, i) => {
      const row = rows[i]!;
      const expected = dissectedFields(message);
      for (const [name, value] of Object.entries(expected)) {
        if (NOT_COMPARED.has(name)) continue;
        // This output writes octets without colons, and nothing as one empty text.
        const list = Array.isArray(value) ? value : [value];
        const wanted = (list.length === 0 ? [""] : list).map((text) =>
          OCTETS.has(name) ? text.replaceAll(":", "") : text
        );
        assert.deepEqual(
          row.get(name),
          wanted,
          `message ${i}, ${name}: ${JSON.stringify(message)}`,
        );
        compared++;
      }
      const bytes = encodeMessage(message);
      assert.deepEqual(row.get("messagelength"), [String(bytes.length)]);
      const ns = BigInt.asIntN(64, BigInt(row.get("correction.ns")![0]!));
      assert.equal(ns, BigInt(message.header.correction.ns), `message ${i}`);
      const sub = Number(row.get("correction.subns")![0]) * 65536;
      assert.ok(Math.abs(sub - message.header.correction.sub) < 1e-6, `message ${i}`);
    });
    console.log(`tshark agrees with ${compared} fields of ${messages.length} PTP messages`);
    assert.ok(compared > 30 * messages.length);
  },
);

/** tshark knows the bodies of majorSdoId 0, 1 and 2 and reads those of 1 by the rules of 802.1AS. */
function ofDefaultSdo(message: PtpMessage): PtpMessage {
  return { ...message, header: { ...message.header, majorSdoId: 0 } };
}

/** A frame of message `i`: with EtherType 0x88F7, padded to 60 octets, untagged or tagged, or over IPv4 or IPv6. */
function frame(payload: Uint8Array, i: number): Uint8Array {
  const tags = i % 2 === 1 ? [0x8100, 0x800a] : [];
  if (i % 3 === 1) {
    return datagramFrame({ from: "192.0.2.1", to: "224.0.1.129", port: 319, payload, tags });
  }
  if (i % 3 === 2) {
    return datagramFrame({ from: "fe80::1", to: "ff0e::181", port: 320, payload, tags });
  }
  const head = 12 + 2 * tags.length;
  const bytes = new Uint8Array(Math.max(60, head + 2 + payload.length));
  bytes.set([1, 0x1b, 0x19, 0, 0, 0, 2, 0, 0, 0, 0, 1]);
  const view = new DataView(bytes.buffer);
  [...tags, 0x88f7].forEach((word, n) => view.setUint16(12 + 2 * n, word));
  bytes.set(payload, head + 2);
  return bytes;
}

/** What tshark prints of each field of each frame, all occurrences. */
async function dissect(
  frames: readonly Uint8Array[],
  names: readonly string[],
): Promise<Map<string, string[]>[]> {
  const file = await Deno.makeTempFile({ suffix: ".pcap" });
  try {
    await Deno.writeFile(file, ethernetPcap(frames));
    const { code, stdout, stderr } = await new Deno.Command("tshark", {
      args: [
        ...["-r", file, "-T", "fields", "-E", "separator=/t", "-E", "occurrence=a"],
        ...["-E", "aggregator=\x01"],
        ...names.flatMap((name) => ["-e", `ptp.v2.${name}`]),
      ],
      env: { LC_ALL: "C.UTF-8" },
    }).output();
    if (code !== 0) throw new Error(`tshark failed: ${new TextDecoder().decode(stderr)}`);
    const lines = new TextDecoder().decode(stdout).trimEnd().split("\n");
    return lines.map((line) => {
      const cells = line.split("\t");
      return new Map(names.map((name, i) => [name, (cells[i] ?? "").split("\x01")]));
    });
  } finally {
    await Deno.remove(file);
  }
}
