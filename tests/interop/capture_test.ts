import assert from "node:assert/strict";
import {
  Command,
  commonStatusOf,
  FrameType,
  parseCommand,
  peekHeader,
  stateFlagsOf,
  StreamParser,
} from "../../mod/c37118/mod.ts";
import { startGateway } from "./gateway.ts";
import { LineProcess, PYTHON, pythonProgram, testWith } from "./peers.ts";
import { collect, floatOf } from "./received.ts";
import { until } from "../support/waiting.ts";

const FOLDER = new URL("../../../shared/vectors/c37118/", import.meta.url).pathname;

/** What the capture's JSON says of one frame, as far as it is used here. */
interface FrameJson {
  type: string;
  idcode: number;
  soc: number;
  fracsec: number;
  timeQuality: number;
  hex?: string;
  config?: {
    timeBase: number;
    pmus: {
      format: number;
      nominalHz: number;
      phunit: { factor: number }[];
    }[];
  };
  blocks?: {
    stat: number;
    ph: [number, number][];
    f: number;
    df: number;
    an: number[];
    dg: number[];
  }[];
}

const CAPTURES = ["C37.118_1PMU_TCP", "C37.118_4in1PMU_TCP"];
const FRAMES_PER_SECOND = 400;

for (const name of CAPTURES) {
  const files = readCapture(name);
  const title = `the capture ${name} through the whole gateway to a subscriber, value by value`;
  testWith(["sttp"], title, async () => {
    assert.ok(files);
    const { frames, sent } = files;
    const configuration = frames.find((f) => f.type === "cfg2");
    assert.ok(configuration?.config);
    const device = new ReplayedDevice(sent, frames.length);
    const devices = configuration.config.pmus.map((_, i) => ({
      acronym: `CAP${i + 1}`,
      position: i + 1,
    }));
    const gateway = await startGateway({
      withoutData: true,
      inputs: [{
        name: "capture",
        port: device.port,
        idCode: configuration.idcode,
        extra: "devices = [" +
          devices.map((d) => `{ acronym = "${d.acronym}", position = ${d.position} }`).join(", ") +
          "]\ndataLossMs = 60000",
      }],
    }).catch(async (error) => {
      await device.close();
      throw error;
    });
    const data = frames.filter((f) => f.type === "data");
    const client = new LineProcess(PYTHON, [
      pythonProgram("sttp_client.py"),
      "127.0.0.1",
      String(gateway.port),
      "FILTER ActiveMeasurements WHERE Device LIKE 'CAP%'",
      "1",
      String(valuesIn(data)),
    ]);
    try {
      await client.line("subscribed");
      // The cache has to be confirmed before data flow.
      await until(async () => sessionsOf(await gateway.status()).some(isConfirmed));
      device.play(FRAMES_PER_SECOND);
      const received = await collect(client, 180_000);
      assert.deepEqual(received.summary.errors, []);
      assert.deepEqual(received.extra, []);
      compare(data, configuration.config, received.series);
    } finally {
      await client.stop();
      await gateway.stop();
      await device.close();
    }
  }, files === undefined ? `${FOLDER}${name}.server.bin is absent` : undefined);
}

/** A connection as the status page tells of it. */
interface SessionStatus {
  readonly state: string;
  readonly awaitsConfirmation: boolean;
}

function isConfirmed({ state, awaitsConfirmation }: SessionStatus): boolean {
  return state === "subscribed" && !awaitsConfirmation;
}

/** Connections of the subscriber, wherever the status page keeps them. */
function sessionsOf(value: unknown): SessionStatus[] {
  if (typeof value !== "object" || value === null) return [];
  // The shape of an output's status.
  if ("sessions" in value) return value.sessions as SessionStatus[];
  return Object.values(value).flatMap(sessionsOf);
}

/** Measurements that come of frames. */
function valuesIn(data: readonly FrameJson[]): number {
  const ofBlock = ({ ph, an, dg }: NonNullable<FrameJson["blocks"]>[number]) =>
    2 * ph.length + an.length + dg.length + 3; // FREQ, DFREQ and STAT
  const ofFrame = ({ blocks = [] }: FrameJson) =>
    blocks.reduce((sum, block) => sum + ofBlock(block), 1); // and the time quality
  return data.reduce((sum, frame) => sum + ofFrame(frame), 0);
}

function compare(
  data: readonly FrameJson[],
  config: NonNullable<FrameJson["config"]>,
  series: ReadonlyMap<string, ReadonlyMap<string, { bits: number; flags: number }>>,
): void {
  let compared = 0;
  const perSignal = new Map<string, number>();
  for (const frame of data) {
    const ticks = ticksOfStamp(frame.soc, frame.fracsec, config.timeBase);
    frame.blocks?.forEach((block, b) => {
      const pmu = config.pmus[b]!;
      const expected = new Map<string, number>();
      block.ph.forEach(([x, y], i) => {
        const factor = (pmu.format & 2) !== 0 ? 1 : pmu.phunit[i]!.factor * 1e-5;
        const polar = (pmu.format & 1) !== 0;
        assert.ok(!polar || (pmu.format & 2) !== 0, "no capture has polar integers");
        expected.set(`PM${i + 1}`, polar ? x : Math.hypot(x, y) * factor);
        expected.set(`PA${i + 1}`, (polar ? y : Math.atan2(y, x)) * 180 / Math.PI);
      });
      const floatFrequency = (pmu.format & 8) !== 0;
      expected.set("FQ", floatFrequency ? block.f : pmu.nominalHz + block.f / 1000);
      expected.set("DF", floatFrequency ? block.df : block.df / 100);
      block.an.forEach((a, i) => expected.set(`AV${i + 1}`, a));
      block.dg.forEach((d, i) => expected.set(`DV${i + 1}`, d));
      expected.set("SF", commonStatusOf(block.stat));
      for (const [suffix, value] of expected) {
        const reference = `CAP${b + 1}-${suffix}`;
        const found = series.get(reference)?.get(ticks);
        assert.ok(found, `${reference} at ${ticks} is missing`);
        // One unit in the last place, since hypot and atan2 may round another way.
        const close = Math.abs(floatOf(found.bits) - value) <= Math.abs(value) * 2 ** -23;
        assert.ok(
          close,
          `${reference} at ${ticks}: expected ${value}, found ${floatOf(found.bits)}`,
        );
        assert.equal(found.flags, stateFlagsOf(block.stat), reference);
        perSignal.set(reference, (perSignal.get(reference) ?? 0) + 1);
        compared++;
      }
    });
  }
  for (const [reference, count] of perSignal) {
    assert.equal(series.get(reference)?.size, count, `${reference}: more than was sent`);
  }
  assert.ok(compared > 0);
}

/** Ticks of a stamp by the specification: rounded half up to 100 ns. */
function ticksOfStamp(soc: number, count: number, timeBase: number): string {
  const base = BigInt(timeBase);
  const fraction = (BigInt(count) * 10_000_000n + base / 2n) / base;
  return String(BigInt(soc) * 10_000_000n + fraction + 621_355_968_000_000_000n);
}

/** Frames by the JSON beside the capture, and as bytes; undefined if they are absent. */
function readCapture(name: string): { frames: FrameJson[]; sent: Uint8Array[] } | undefined {
  try {
    // Generated beside the capture; its README gives the shape.
    const json = JSON.parse(Deno.readTextFileSync(`${FOLDER}${name}.frames.json`)) as {
      frames: FrameJson[];
    };
    const sent: Uint8Array[] = [];
    const parser = new StreamParser((f) => sent.push(f.bytes.slice(f.offset, f.offset + f.size)));
    parser.push(Deno.readFileSync(`${FOLDER}${name}.server.bin`), 0);
    return { frames: json.frames, sent };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return undefined;
  }
}

/** A device on a loopback port that answers like the one in the capture and plays its data frames once. */
class ReplayedDevice {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #configuration: Uint8Array;
  readonly #data: Uint8Array[];
  readonly #open = new Set<Deno.TcpConn>();
  readonly #running: Promise<void>[] = [];
  #started: Deno.TcpConn | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(sent: readonly Uint8Array[], count: number) {
    this.#configuration = sent.find((f) => peekHeader(f).type === FrameType.Config2)!;
    this.#data = sent.filter((f) => peekHeader(f).type === FrameType.Data);
    assert.ok(this.#configuration && this.#data.length > 0 && sent.length <= count);
    this.#running.push(this.#accept());
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Sends every data frame once, in portions every 20 ms. */
  play(framesPerSecond: number): void {
    let next = 0;
    const portion = Math.round(framesPerSecond / 50);
    this.#timer = setInterval(() => {
      if (!this.#started || next >= this.#data.length) return;
      const bytes = new Uint8Array(this.#data.slice(next, next + portion).flatMap((f) => [...f]));
      next += portion;
      this.#running.push(writeAll(this.#started, bytes));
    }, 20);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#listener.close();
    for (const conn of this.#open) conn.close();
    this.#open.clear();
    await Promise.allSettled(this.#running);
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) {
      this.#open.add(conn);
      this.#running.push(this.#serve(conn));
    }
  }

  async #serve(conn: Deno.TcpConn): Promise<void> {
    const parser = new StreamParser((f) => {
      if (f.type !== FrameType.Command) return;
      const { command } = parseCommand(f.bytes.subarray(f.offset, f.offset + f.size));
      if (command === Command.SendConfig2) this.#running.push(writeAll(conn, this.#configuration));
      if (command === Command.DataOn) this.#started = conn;
      if (command === Command.DataOff && this.#started === conn) this.#started = undefined;
    }, { role: "server" });
    const buffer = new Uint8Array(4096);
    try {
      for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
        parser.push(buffer.subarray(0, n), performance.now());
      }
    } catch {
      // Closed here or by the peer.
    } finally {
      if (this.#started === conn) this.#started = undefined;
      if (this.#open.delete(conn)) conn.close();
    }
  }
}

async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}
