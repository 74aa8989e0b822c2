import assert from "node:assert/strict";
import fc from "fast-check";
import { frameFields } from "../../mod/sv/arbitraries_test.ts";
import { MergingUnitFleet, WaveformModel } from "../../mod/sim/mod.ts";
import {
  type AsduFields,
  encodeFrame,
  encodeSession,
  type FrameFields,
  frameFromJson,
  frameToJson,
  hexText,
  macText,
  nanosOfFraction,
  parseFrame,
  PayloadType,
  seqDataOf,
  SESSION_PORT,
  SessionId,
  utcTimeFraction,
  utcTimeSeconds,
} from "../../mod/sv/mod.ts";
import { fromHex } from "../vectors/report.ts";
import { type CapturedDatagram, ethernetPcap, pcapOf } from "./pcap_writer.ts";
import { testWith } from "./peers.ts";

testWith(
  ["tshark"],
  "tshark agrees with random sampled-values frames over all options",
  async () => {
    const frames = fc.sample(frameFields(), { numRuns: 1500, seed: 61850 }).map(usualTags);
    const answers = await dissect(ethernetPcap(frames.map(encodeFrame)));
    assert.equal(answers.length, frames.length);
    let compared = 0;
    frames.forEach((fields, i) => compared += compareFrame(answers[i]!, fields));
    console.log(`tshark agrees with ${compared} ASDUs of ${frames.length} frames`);
    assert.ok(compared > 2 * frames.length);
  },
);

testWith(["tshark"], "tshark agrees with values and quality, bit for bit", async () => {
  const pairs = fc.sample(
    fc.array(fc.tuple(fc.integer(), fc.nat(0xffffffff)), { minLength: 1, maxLength: 24 }),
    { numRuns: 500, seed: 61869 },
  );
  const frames = pairs.map((list, i) =>
    encodeFrame({
      destination: new Uint8Array([1, 0x0c, 0xcd, 4, 0, 1]),
      source: new Uint8Array([2, 0, 0, 0, 0, 1]),
      tags: i % 2 === 0 ? [{}] : [],
      appid: 0x4000,
      asdus: [{
        svID: "MU",
        smpCnt: i,
        confRev: 1,
        smpSynch: 2,
        seqData: seqDataOf(list.map(([v]) => v), list.map(([, q]) => q)),
      }],
    })
  );
  const answers = await dissect(ethernetPcap(frames), ["-o", "sv.decode_data_as_phsmeas:TRUE"]);
  pairs.forEach((list, i) => {
    const [asdu] = asdusOf(answers[i]!);
    const values = valuesNamed(asdu, "sv.meas_value").map(Number);
    const quality = valuesNamed(asdu, "sv.meas_quality").map(Number);
    assert.deepEqual(values, list.map(([v]) => v));
    assert.deepEqual(quality, list.map(([, q]) => q));
  });
});

testWith(["tshark"], "tshark agrees with the frames of simulated merging units", async () => {
  const model = new WaveformModel({ nominalHz: 60, harmonics: [[5, 0.1]], noise: 0.01 });
  const rates = [[4000, 1], [4800, 2], [5760, 1], [12_800, 8], [14_400, 6], [15_360, 8]] as const;
  const fleet = new MergingUnitFleet(rates.map(([rate, asdus], unit) => ({
    svId: `SIM_MU${unit}`,
    rate,
    asdus,
    unit,
    model,
    appid: 0x4000 + unit,
    simulation: unit % 2 === 1,
    refrTm: unit % 3 === 0,
    smpRate: unit % 2 === 0,
    ...(unit > 2 && { vlan: unit, datSet: "MU/LLN0$PhsMeas1" }),
    ...(unit > 3 && { gmIdentity: new Uint8Array([0, 1, 2, 0xff, 0xfe, 3, 4, unit]) }),
    clock: { smpSynch: [0, 1, 2, 5, 200, 254][unit]! },
  })));
  const frames: Uint8Array[] = [];
  fleet.start(1_700_000_000, 990_000_000);
  fleet.sendDue({ add: (frame) => void frames.push(frame.slice()) }, 1_700_000_001, 10_000_000);
  const answers = await dissect(ethernetPcap(frames));
  let compared = 0;
  frames.forEach((bytes, i) => {
    compared += compareFrame(answers[i]!, frameFromJson(frameToJson(parseFrame(bytes), bytes)));
  });
  assert.ok(compared > 1000, `${compared} ASDUs`);
});

testWith(
  ["tshark"],
  "tshark agrees with every frame of the vectors that we encode again",
  async () => {
    // The vectors are encoded again octet for octet by `deno task vectors sv`; here the dissector reads them.
    const folder = new URL("../fixtures/sv/", import.meta.url);
    const frames = [...Deno.readDirSync(folder)].filter(({ name }) => /^[pm]\d\d/.test(name))
      .flatMap(({ name }) => JSON.parse(Deno.readTextFileSync(new URL(name, folder))).frames);
    const answers = await dissect(ethernetPcap(frames.map(({ hex }) => fromHex(hex))));
    assert.ok(frames.length > 40);
    frames.forEach(({ decoded }, i) => {
      const asdus = asdusOf(answers[i]!);
      assert.equal(asdus.length, decoded.noASDU);
      asdus.forEach((asdu, n) => {
        const { svID, smpCnt, confRev, seqData } = decoded.asdus[n];
        assert.deepEqual(
          [asdu["sv.svID"], Number(asdu["sv.smpCnt"]), Number(asdu["sv.confRev"])],
          [svID, smpCnt, confRev],
        );
        assert.equal(String(asdu["sv.seqData"]).replaceAll(":", ""), seqData);
      });
    });
  },
);

testWith(
  ["tshark"],
  "tshark agrees with the session layer of routable sampled values",
  async () => {
    // It knows R-GOOSE in the successor's layout. Of the first layout it knows what comes before the algorithms;
    // sampled values it leaves alone. So the same session encoder is asked for a GOOSE session here.
    const numbers = fc.record({
      spduNumber: fc.nat(0xffffffff),
      timeOfCurrentKey: fc.nat(0xffffffff),
      timeToNextKey: fc.nat(65_535),
      keyId: fc.nat(0xffffffff),
      appid: fc.nat(65_535),
      simulation: fc.boolean(),
      iv: fc.option(fc.uint8Array({ maxLength: 16 }), { nil: undefined }),
    });
    const sessions = fc.sample(numbers, { numRuns: 300, seed: 90 });
    const datagrams: CapturedDatagram[] = sessions.map(({ iv, appid, simulation, ...fields }) => ({
      port: 20_000,
      to: SESSION_PORT,
      bytes: encodeSession({
        ...fields,
        sessionId: SessionId.Goose,
        ...(iv && { iv }),
        payloads: [{ type: PayloadType.Goose, appid, simulation, apdu: new Uint8Array([0x61, 0]) }],
      }),
    }));
    const answers = await dissect(pcapOf(datagrams));
    sessions.forEach((fields, i) => {
      const found = new Map<string, string>();
      collect(answers[i], found);
      const octets = datagrams[i]!.bytes;
      const wanted: Record<string, number> = {
        spdu_id: SessionId.Goose,
        session_hdr_len: octets[3]!,
        common_session_id: 0x80,
        hdr_len: octets[5]!,
        spdu_len: octets[5]! + 8,
        spdu_num: fields.spduNumber,
        version: fields.iv ? 2 : 1,
        curr_key_t: fields.timeOfCurrentKey,
        next_key_t: fields.timeToNextKey,
        ...(fields.iv && {
          key_id: fields.keyId,
          init_v_len: fields.iv.length,
          payload_len: 8,
          pdu_tag: PayloadType.Goose,
          simulation: fields.simulation ? 1 : 0,
          appid: fields.appid,
          apdu_len: 2,
        }),
      };
      for (const [name, value] of Object.entries(wanted)) {
        assert.equal(Number(found.get(`rgoose.${name}`)), value, `session ${i}: ${name}`);
      }
    });
  },
);

/** A layer or element of tshark's JSON. */
type Node = Record<string, unknown>;

/** Dissects a capture; the layers of each frame. */
async function dissect(capture: Uint8Array, options: readonly string[] = []): Promise<Node[]> {
  const file = await Deno.makeTempFile({ suffix: ".pcap" });
  try {
    await Deno.writeFile(file, capture);
    const { code, stdout, stderr } = await new Deno.Command("tshark", {
      args: ["-r", file, "-T", "json", "--no-duplicate-keys", ...options],
      env: { LC_ALL: "C.UTF-8" },
    }).output();
    if (code !== 0) throw new Error(`tshark failed: ${new TextDecoder().decode(stderr)}`);
    const packets: { _source: { layers: Node } }[] = JSON.parse(new TextDecoder().decode(stdout));
    return packets.map(({ _source: { layers } }) => layers);
  } finally {
    await Deno.remove(file);
  }
}

function child(node: unknown, name: string): Node {
  const found = typeof node === "object" && node !== null ? (node as Node)[name] : undefined; // an object, so read by name
  if (typeof found !== "object" || found === null) throw new Error(`tshark prints no ${name}`);
  return found as Node; // as above
}

function asdusOf(layers: Node): Node[] {
  const tree = child(child(child(layers, "sv"), "sv.savPdu_element"), "sv.seqASDU_tree");
  const found = tree["sv.ASDU_element"];
  return (Array.isArray(found) ? found : [found]) as Node[]; // each is an element
}

/** All texts under a name, wherever it stands in the tree. */
function valuesNamed(node: unknown, name: string): string[] {
  if (typeof node !== "object" || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) =>
    key === name
      ? (Array.isArray(value) ? value.map(String) : [String(value)])
      : valuesNamed(value, name)
  );
}

function collect(node: unknown, into: Map<string, string>): void {
  if (typeof node !== "object" || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    if (typeof value === "string") into.set(key, value);
    else collect(value, into);
  }
}

/** tshark's JSON does not tell the order of two tags of one kind. */
function usualTags(fields: FrameFields): FrameFields {
  const { tags = [] } = fields;
  const tpids = tags.length > 1 ? [0x88a8, 0x8100] : [0x8100];
  return { ...fields, tags: tags.map((tag, i) => ({ ...tag, tpid: tpids[i]! })) };
}

/** Compares one frame; returns the number of its ASDUs. */
function compareFrame(layers: Node, fields: FrameFields): number {
  const eth = child(layers, "eth"), sv = child(layers, "sv");
  assert.deepEqual(
    [eth["eth.dst"], eth["eth.src"]],
    [macText(fields.destination), macText(fields.source)],
  );
  (fields.tags ?? []).forEach((tag, i, { length }) => {
    const layer = length > 1 && i === 0 ? "ieee8021ad" : "vlan";
    const found = child(layers, layer);
    assert.deepEqual(
      ["priority", "dei", "id"].map((name) => Number(found[`${layer}.${name}`])),
      [tag.pcp, tag.dei ? 1 : 0, tag.vid],
    );
  });
  if (fields.hsr) {
    const hsr = child(layers, "hsr");
    assert.deepEqual(
      [Number(hsr["hsr.path"]), Number(hsr["hsr.sequence_nr"])],
      [fields.hsr.path, fields.hsr.sequence],
    );
  }
  const simulation = fields.simulation ? 0x8000 : 0;
  assert.deepEqual(
    ["appid", "reserve1", "reserve2"].map((name) => Number(sv[`sv.${name}`])),
    [fields.appid, (fields.reserved1 ?? 0) | simulation, fields.reserved2 ?? 0],
  );
  const asdus = asdusOf(layers);
  assert.equal(asdus.length, fields.asdus.length);
  fields.asdus.forEach((asdu, i) => compareAsdu(asdus[i]!, asdu));
  return asdus.length;
}

function compareAsdu(found: Node, asdu: AsduFields): void {
  const where = JSON.stringify(found);
  // BER integers are signed: tshark prints 254 in one octet as -2.
  const unsigned = (name: string, bits: number) =>
    found[name] === undefined
      ? undefined
      : Number(BigInt.asUintN(bits, BigInt(String(found[name]))));
  assert.equal(found["sv.svID"], asdu.svID, where);
  // Nothing is printed of an empty text.
  assert.equal(found["sv.datSet"] ?? "", asdu.datSet ?? "", where);
  assert.equal(unsigned("sv.smpCnt", asdu.smpCnt > 65_535 ? 32 : 16), asdu.smpCnt, where);
  assert.equal(unsigned("sv.confRev", 32), asdu.confRev, where);
  assert.equal(unsigned("sv.smpSynch", 8), asdu.smpSynch, where);
  assert.equal(
    unsigned("sv.smpRate", (asdu.smpRate ?? 0) > 65_535 ? 32 : 16),
    asdu.smpRate,
    where,
  );
  assert.equal(unsigned("sv.smpMod", 16), asdu.smpMod, where);
  assert.equal(String(found["sv.seqData"]).replaceAll(":", ""), hexText(asdu.seqData), where);
  assert.equal(
    found["sv.gmidentity"],
    asdu.gmIdentity && `0x${hexText(asdu.gmIdentity)}`,
    where,
  );
  if (!asdu.refrTm) {
    assert.equal(found["sv.refrTm"], undefined, where);
    return;
  }
  const [, date, nanos] = /^(.*)\.(\d{9}) UTC$/.exec(String(found["sv.refrTm"])) ?? [];
  assert.equal(Date.parse(`${date} UTC`) / 1000, utcTimeSeconds(asdu.refrTm, 0), where);
  assert.equal(Number(nanos), nanosOfFraction(utcTimeFraction(asdu.refrTm, 0)), where);
}
