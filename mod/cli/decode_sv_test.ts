import assert from "node:assert/strict";
import { ethernetPcap, pcapOf } from "../../tests/interop/pcap_writer.ts";
import { fromHex } from "../../tests/vectors/report.ts";
import { encodeFrame, SESSION_PORT } from "../sv/mod.ts";
import { printFile } from "./decode.ts";

const FIXTURES = new URL("../../tests/fixtures/sv/", import.meta.url);

interface Vector {
  readonly hex: string;
  readonly udpPayloadHex: string;
  readonly decoded: Record<string, unknown>;
}

function vectors(name: string): Vector[] {
  const json = JSON.parse(Deno.readTextFileSync(new URL(name, FIXTURES)));
  return json.frames ?? json.packets;
}

async function decoded(capture: Uint8Array) {
  const lines: Record<string, unknown>[] = [], complaints: string[] = [];
  const file = await Deno.makeTempFile({ suffix: ".pcap" });
  try {
    await Deno.writeFile(file, capture);
    const code = printFile(
      file,
      (line) => lines.push(JSON.parse(line)),
      (line) => complaints.push(line),
    );
    return { code, lines, complaints };
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("tieline decode prints sampled values of a capture with the fields of the vectors", async () => {
  const names = [...Deno.readDirSync(FIXTURES)].map((e) => e.name)
    .filter((name) => /^[pm]\d\d.*json$/.test(name));
  const frames = names.flatMap(vectors);
  assert.ok(frames.length > 40);
  const { code, lines } = await decoded(ethernetPcap(frames.map(({ hex }) => fromHex(hex))));
  assert.equal(code, 0);
  assert.deepEqual(
    lines.map(({ pkt: _pkt, timeMicros: _time, ...fields }) => fields),
    frames.map((frame) => frame.decoded),
  );
  assert.deepEqual([lines[1]!.pkt, lines[1]!.timeMicros], [2, 1_700_000_000_001_000]);
});

Deno.test("tieline decode prints routable sampled values with the fields of the vectors", async () => {
  const names = [...Deno.readDirSync(FIXTURES)].map((e) => e.name)
    .filter((name) => /^r\d\d.*json$/.test(name));
  const packets = names.flatMap(vectors);
  const datagrams = packets.map(({ udpPayloadHex }) => ({
    port: 20_000,
    to: SESSION_PORT,
    bytes: fromHex(udpPayloadHex),
  }));
  const { code, lines } = await decoded(pcapOf(datagrams));
  assert.equal(code, 0);
  assert.deepEqual(
    lines.map(({ pkt: _pkt, timeMicros: _time, from: _from, to: _to, ...fields }) => fields),
    packets.map(({ decoded: { synchrophasors: _layout, ...fields } }) => fields),
  );
  assert.equal(lines[0]!.to, "10.0.0.2:102");
});

Deno.test("tieline decode tells malformed sampled values, HSR, and passes other frames over", async () => {
  const good = encodeFrame({
    destination: new Uint8Array(6),
    source: new Uint8Array(6),
    hsr: { path: 1, sequence: 9 },
    appid: 0x4000,
    asdus: [{ svID: "HSR", smpCnt: 1, confRev: 1, seqData: new Uint8Array(4) }],
  });
  const malformed = vectors("malformed.json").map(({ hex }) => fromHex(hex));
  const { code, lines, complaints } = await decoded(ethernetPcap([...malformed, good]));
  assert.equal(code, 0);
  // One vector is empty and one is GOOSE: nothing says that these are ours.
  // One frame is right in itself, and only wrong for its data set.
  const refused = lines.filter((line) => line.sv === null);
  assert.equal(refused.length, malformed.length - 3);
  for (const line of refused) assert.match(String(line.error), /^[a-z-]+$/);
  const last = lines.at(-1)!;
  assert.deepEqual(last.hsr, { path: 1, sequence: 9 });
  assert.match(complaints.join(), /13 malformed sampled-values frames/);
});
