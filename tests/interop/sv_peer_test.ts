import assert from "node:assert/strict";
import fc from "fast-check";
import { type Cable, layCable } from "../../mod/os/testing.ts";
import { frameFields } from "../../mod/sv/arbitraries_test.ts";
import {
  encodeFrame,
  type FrameFields,
  hexText,
  macText,
  utcTimeFraction,
  utcTimeSeconds,
  writeUtcTime,
} from "../../mod/sv/mod.ts";
import { detailOf, outputOf, PLAIN_OUTPUT, PLAIN_SUBSCRIBER, Site } from "../system/site.ts";
import { busToml } from "../system/sv_wire.ts";
import { until } from "../support/waiting.ts";
import { PYTHON, pythonProgram, testWith } from "./peers.ts";

/** A publisher that a busy machine holds up has few windows that are whole: it may take long until there are enough. */
const GOOD_MS = 300_000;

/** A frame as `python/sv_frames.py` writes it. */
interface PeerFrame {
  readonly destination: string;
  readonly source: string;
  readonly appid: number;
  readonly vlan: { readonly vid: number; readonly pcp: number } | null;
  readonly asdus: readonly Record<string, string | number | null>[];
}

testWith(
  ["open61850"],
  "open61850 decodes what we encode, and encodes the same octets",
  async () => {
    const frames = fc.sample(frameFields(), { numRuns: 800, seed: 92 }).map(ofPeer);
    const ours = frames.map((fields) => hexText(encodeFrame(fields)));
    const plain = frames.map((
      { trailer: _, simulation: _s, reserved1: _1, reserved2: _2, ...fields },
    ) => fields as FrameFields // of which it has no idea when it encodes
    );
    const file = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(
        file,
        JSON.stringify({ decode: ours, encode: plain.map(peerFrame) }),
      );
      const { code, stdout, stderr } = await new Deno.Command(PYTHON, {
        args: [pythonProgram("sv_frames.py"), file],
      }).output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      const { decoded, encoded }: { decoded: PeerFrame[]; encoded: string[] } = JSON.parse(
        new TextDecoder().decode(stdout),
      );
      assert.equal(decoded.length, frames.length);
      frames.forEach((fields, i) => assert.deepEqual(decoded[i], peerFrame(fields), `frame ${i}`));
      plain.forEach((fields, i) =>
        assert.equal(encoded[i], hexText(encodeFrame(fields)), `frame ${i}`)
      );
    } finally {
      await Deno.remove(file);
    }
  },
);

for (const engine of ["python", "native"]) {
  testWith(
    ["open61850"],
    `open61850 on a wire (engine ${engine}): its phasors at a subscriber`,
    async () => {
      const cable = await layCable("peer", true);
      if (!cable) return;
      try {
        await Site.with(async (site) => {
          const stream = (n: number, more: string) =>
            `acronym = "BAY${n}"\nsvId = "OPEN_MU${n}"\nappid = 0x400${n}\nnominalHz = 50\n` +
            `preset = "F4800S2I4U4"\n${more}`;
          const gateway = await site.gateway(
            busToml(
              cable.near,
              [stream(1, "vlan = 3"), stream(2, "confRev = 7")],
              "reorderMs = 200", // its pace is that of a busy machine
            ) + PLAIN_OUTPUT + PLAIN_SUBSCRIBER,
          );
          const subscriber = site.subscriber({ port: outputOf(gateway).port });
          // Once the ring is open, so that all that leaves can be counted.
          const workers = () =>
            detailOf(gateway, "input.bus")["workers"] as { capture?: { drops: number } | null }[]; // its status
          await until(() => (workers()[0]?.capture ?? null) !== null, "the capture");
          const publisher = startPublisher(cable, engine);
          site.atEnd(async () => void await publisher.end());
          const values = (reference: string) =>
            [...subscriber.seriesOf(reference).values()]
              .filter(({ value, flags }) => flags === 0 && !Number.isNaN(value))
              .map(({ value }) => value);
          await until(
            () => values("BAY1-FQ").length >= 100 && values("BAY2-FQ").length >= 100,
            () => JSON.stringify(gateway.status().parts["input.bus"]).slice(0, 3000),
            GOOD_MS,
          );
          for (
            const [bay, amperes, volts, lag] of [[1, 700, 90_000, 25], [
              2,
              1000,
              50_000,
              -40,
            ]] as const
          ) {
            for (let phase = 0; phase < 3; phase++) {
              // A sine is a cosine a quarter of a turn later.
              const angle = -90 - 120 * phase;
              compare(values(`BAY${bay}-PM${1 + phase}`), amperes / Math.SQRT2, 5e-4);
              compareAngles(values(`BAY${bay}-PA${1 + phase}`), angle - lag);
              compare(values(`BAY${bay}-PM${5 + phase}`), volts / Math.SQRT2, 5e-4);
              compareAngles(values(`BAY${bay}-PA${5 + phase}`), angle);
            }
            compare(values(`BAY${bay}-FQ`), 50, 2e-5);
          }
          const [text, errors] = await publisher.end();
          const stats = text.trim().split("\n").map((line) => JSON.parse(line)).at(-1)?.stats;
          assert.ok(stats?.framesSent > 4800 && stats.sendErrors === 0, text + errors);
          assert.equal(stats.engine, engine);
          // Its account and ours: every frame that left has arrived, but for those that the kernel had no room for
          // while a busy machine did not let us run, which it counts.
          const samples = () => {
            const devices = detailOf(gateway, "input.bus")["devices"] as Record<
              string,
              { stream: { samples: Record<string, number> } }
            >; // what its status looks like
            return Object.values(devices).map(({ stream }) => stream.samples);
          };
          const sumOf = (key: string) => samples().reduce((sum, s) => sum + s[key]!, 0);
          await until(
            () => sumOf("received") === 2 * (stats.framesSent - workers()[0]!.capture!.drops),
            () => `${stats.framesSent} frames: ${JSON.stringify([workers(), samples()])}`,
          );
          // What its own thread held up for longer than we wait for is late, nothing else goes wrong.
          assert.equal(sumOf("accepted") + sumOf("late"), sumOf("received"));
          assert.ok(sumOf("accepted") > 2 * 4800, JSON.stringify(samples()));
        });
      } finally {
        await cable.remove();
      }
    },
  );
}

/** The publisher at the far end; `end` answers what it printed and what it complained of. */
function startPublisher(cable: Cable, engine: string): { end(): Promise<[string, string]> } {
  const words = [...cable.atFar, PYTHON, pythonProgram("sv_publish.py"), cable.far, engine];
  const child = new Deno.Command(words[0]!, {
    args: words.slice(1),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  let ended: Promise<[string, string]> | undefined;
  return {
    end: () =>
      ended ??= (async () => {
        await child.stdin.close();
        const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
        await child.status;
        clearTimeout(timer);
        return await output;
      })(),
  };
}

function compare(values: readonly number[], expected: number, share: number): void {
  assert.ok(values.length > 50, `${values.length} values`);
  for (const value of values) {
    assert.ok(Math.abs(value - expected) <= share * expected, `${value} instead of ${expected}`);
  }
}

function compareAngles(values: readonly number[], expected: number): void {
  assert.ok(values.length > 50, `${values.length} values`);
  for (const value of values) {
    const difference = ((value - expected) % 360 + 540) % 360 - 180;
    assert.ok(Math.abs(difference) <= 0.03, `${value} instead of ${expected}`);
  }
}

/** What the peer knows of: one VLAN tag, no HSR, counts and rates of two octets, smpSynch always there. */
function ofPeer(fields: FrameFields): FrameFields {
  const { hsr: _, ...rest } = fields;
  return {
    ...rest,
    tags: (fields.tags ?? []).slice(0, 1).map((tag) => ({ ...tag, tpid: 0x8100, dei: false })),
    asdus: fields.asdus.map((asdu) => ({
      ...asdu,
      smpCnt: asdu.smpCnt & 0xffff,
      smpSynch: asdu.smpSynch ?? 0,
      ...(asdu.smpRate !== undefined && { smpRate: asdu.smpRate & 0xffff }),
      ...(asdu.refrTm && { refrTm: wholeMicros(asdu.refrTm) }),
    })),
  };
}

/** A UtcTime that stands for whole microseconds, without quality: all that the peer can write. */
function wholeMicros(refrTm: Uint8Array): Uint8Array {
  const micros = Math.min(999_999, Math.round(utcTimeFraction(refrTm, 0) * 1e6 / 2 ** 24));
  const made = new Uint8Array(8);
  const fraction = Math.min(0xffffff, Math.floor((micros * 2 ** 24 + 500_000) / 1e6));
  writeUtcTime(made, 0, utcTimeSeconds(refrTm, 0), fraction, 0);
  return made;
}

function peerFrame(fields: FrameFields): PeerFrame {
  const [tag] = fields.tags ?? [];
  return {
    destination: macText(fields.destination),
    source: macText(fields.source),
    appid: fields.appid,
    vlan: tag ? { vid: tag.vid ?? 0, pcp: tag.pcp ?? 0 } : null,
    asdus: fields.asdus.map(({ refrTm, seqData, gmIdentity, ...asdu }) => ({
      svID: asdu.svID,
      datSet: asdu.datSet ?? null,
      smpCnt: asdu.smpCnt,
      confRev: asdu.confRev,
      refrTm: refrTm
        ? utcTimeSeconds(refrTm, 0) * 1e6 + Math.round(utcTimeFraction(refrTm, 0) * 1e6 / 2 ** 24)
        : null,
      smpSynch: asdu.smpSynch ?? null,
      smpRate: asdu.smpRate ?? null,
      seqData: hexText(seqData),
      smpMod: asdu.smpMod ?? null,
      gmIdentity: gmIdentity ? hexText(gmIdentity) : null,
    })),
  };
}
