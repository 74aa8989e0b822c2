import assert from "node:assert/strict";
import {
  type Configuration,
  FrameType,
  parseConfiguration,
  peekHeader,
  readRawBlocks,
} from "../../mod/c37118/mod.ts";
import { systemClock } from "../../mod/os/mod.ts";
import { PmuFleet, type PmuSimulator } from "../../mod/sim/mod.ts";
import { freePort } from "../support/ports.ts";
import { until } from "../support/waiting.ts";
import { checkCommon, checkData } from "./dissected_frames.ts";
import { dissect, type Dissected } from "./dissector.ts";
import { startGateway } from "./gateway.ts";
import { LineProcess, PYTHON, pythonProgram, testWith } from "./peers.ts";
import type { CapturedDatagram } from "./pcap_writer.ts";

const TESTCASES = new URL("../../mod/output/c37118/testcases/", import.meta.url);

testWith(
  ["tshark"],
  "tshark agrees with every frame of the C37.118 output's transcripts, and with what it is asked",
  async () => {
    const datagrams: CapturedDatagram[] = [];
    const checks: ((dissected: Dissected) => void)[] = [];
    const kinds = new Set<number>();
    let port = 20_000;
    for await (const { name } of Deno.readDir(TESTCASES)) {
      port++; // each conversation has its configuration
      let configuration: Configuration | undefined;
      const text = await Deno.readTextFile(new URL(`${name}/transcript.txt`, TESTCASES));
      for (const [, way, hex] of text.matchAll(/^([<>]) ([0-9a-f]+)$/gm)) {
        const bytes = Uint8Array.fromHex(hex!);
        const { type } = peekHeader(bytes);
        kinds.add(type);
        const isData = way === ">" && type === FrameType.Data;
        if (!isData && type >= FrameType.Config1 && type !== FrameType.Command) {
          configuration = parseConfiguration(bytes);
        }
        const by = configuration;
        if (isData) assert.ok(by, `${name}: data without a configuration`);
        datagrams.push({ port, bytes });
        checks.push((d) => isData ? checkData(d, bytes, by!, name) : checkCommon(d, bytes));
      }
    }
    assert.deepEqual([...kinds].sort(), Object.values(FrameType).sort(), "every kind of frame");
    const answers = await dissect(datagrams);
    assert.equal(answers.length, datagrams.length);
    answers.forEach((answer, i) => checks[i]!(answer));
    console.log(`tshark agrees with ${answers.length} frames`);
  },
);

/** A data frame as `python/pdc.py` prints it. */
interface PdcFrame {
  readonly soc: number;
  readonly count: number;
  readonly stat: number[];
  readonly phasors: [number, number][][];
  readonly freq: number[];
  readonly dfreq: number[];
  readonly analogs: number[][];
  readonly digitals: number[][];
}

/** A configuration as `python/pdc.py` prints it. */
interface PdcConfiguration {
  readonly timeBase: number;
  readonly rate: number;
  readonly stations: string[];
  readonly ids: number[];
  readonly channels: string[][];
  readonly nominal: number[];
  readonly count: number[];
}

const RATE = 50, SECONDS = 10;

/** What the aligner tells of the frames that it has given out. */
interface AlignedFrames {
  readonly publishedFrames: number;
  /** Those that waited for nobody. */
  readonly framesAheadOfSchedule: number;
}

function alignedFrames(status: unknown): AlignedFrames {
  // The shape of a status page.
  const { parts } = status as { parts: Record<string, { detail: AlignedFrames }> };
  return parts["align.wide"]!.detail;
}

testWith(
  ["synchrophasor"],
  "the PDC of synchrophasor takes 10 s of what the gateway has aligned",
  async () => {
    const fleet = new PmuFleet(systemClock());
    const port = freePort();
    const pmus: PmuSimulator[] = [];
    for (const n of [1, 2, 3]) {
      pmus.push(
        await fleet.add({
          idCode: n,
          rate: RATE,
          transport: { kind: "tcp", port: 0 },
          model: { seed: n },
          catchUpSlots: 5 * RATE, // the package refuses NaN, so that no slot may be empty
          devices: [{
            device: n,
            idCode: 10 + n,
            station: `STATION ${n}`,
            phasors: 2 + n,
            analogs: n,
            nominalHz: 50,
            formats: { polar: true, phasorFloat: true, analogFloat: true, frequencyFloat: false },
          }],
        }),
      );
    }
    // The package refuses absolute hertz, and time quality in STAT.
    const gateway = await startGateway({
      inputs: pmus.map((pmu, i) => ({ name: `pmu${i + 1}`, port: pmu.port, idCode: i + 1 })),
      tables: `
[align.wide]
framesPerSecond = ${RATE}
waitMs = 5000

[output.pdc]
type = "c37118"
insecure = true
stream = "wide"
idCode = 77
nominalHz = 50
listen = "127.0.0.1:${port}"
clients = { pdc = ["127.0.0.1"] }
allow = ["True"]
edition = 2005
frequencies = "integer"
header = "Tieline"
`,
    });
    let started: LineProcess | undefined;
    try {
      // The slots in which not all of them sent yet are gone: for a second, none has waited for one of them.
      let since = { publishedFrames: 0, framesAheadOfSchedule: 0 };
      await until(async () => {
        const now = alignedFrames(await gateway.status());
        const held = now.publishedFrames - now.framesAheadOfSchedule;
        if (held !== since.publishedFrames - since.framesAheadOfSchedule) since = now;
        return now.publishedFrames >= since.publishedFrames + RATE;
      });
      const pdc = started = new LineProcess(PYTHON, [
        pythonProgram("pdc.py"),
        "127.0.0.1",
        ...[port, 77, RATE * SECONDS].map(String),
      ]);
      assert.equal(await pdc.ended(), 0, JSON.stringify(pdc.lines.at(-1)) + pdc.stderr);
      assert.equal(await pdc.line("header"), "Tieline");
      for (const key of ["cfg1", "cfg2"]) {
        const c = await pdc.line<PdcConfiguration>(key);
        assert.deepEqual([c.timeBase, c.rate], [1_000_000, RATE]);
        assert.deepEqual(c.stations.map((s) => s.trimEnd()), [
          "STATION 1",
          "STATION 2",
          "STATION 3",
        ]);
        assert.deepEqual(c.ids, [11, 12, 13]);
        assert.deepEqual([c.nominal, c.count], [[50, 50, 50], [0, 0, 0]]);
        assert.deepEqual(
          c.channels.map((list) => list.map((n) => n.trimEnd())),
          pmus.map(({ devices: [device] }) => {
            const { phasors, analogs, digitals } = device!.configuration;
            return [...phasors, ...analogs].map((x) => x.name)
              .concat(digitals.flatMap((d) => d.names));
          }),
        );
      }
      // As printed by pdc.py.
      const frames = pdc.lines.filter((l) => "data" in l).map((l) => l.data as PdcFrame);
      assert.equal(frames.length, RATE * SECONDS);
      const slots = frames.map(({ soc, count }) => soc * RATE + Math.round(count * RATE / 1e6));
      assert.deepEqual(slots, slots.map((_, i) => slots[0]! + i), "each slot once, in order");
      for (const frame of frames) {
        const index = Math.round(frame.count * RATE / 1e6);
        pmus.forEach((pmu, b) => {
          const [block] = readRawBlocks(pmu.dataFrame(frame.soc, index), pmu.configuration);
          // The package turns bit 13 round.
          assert.equal(frame.stat[b], 0x2000, JSON.stringify(frame));
          block!.phasors.forEach(([magnitude, angle], i) => {
            const [m, a] = frame.phasors[b]![i]!;
            assert.equal(m, magnitude);
            assert.ok(Math.abs(a - angle) < 5e-7, `sent ${angle}, received ${a}`);
          });
          assert.deepEqual([frame.freq[b], frame.dfreq[b]], [block!.freq, block!.dfreq]);
          assert.deepEqual(frame.analogs[b], block!.analogs);
          assert.deepEqual(frame.digitals[b], block!.digitals);
        });
      }
    } finally {
      await started?.stop();
      await gateway.stop();
      await fleet.close();
    }
  },
);
