/**
 * Third-party programs that do the same work as Tieline in the same run; `tests/interop/setup.sh` installs them.
 *
 * @module
 */
import { benchConfiguration, benchFrames } from "../../mod/cli/bench_decode.ts";
import {
  TSSC_SIGNALS,
  TSSC_STEP_TICKS,
  TSSC_TICKS_HI,
  TSSC_TICKS_LO,
  tsscPackets,
  tsscValues,
} from "../../mod/cli/bench_tssc.ts";
import { encodeConfiguration, FormatBits, FrameType } from "../../mod/c37118/mod.ts";
import { type Peer, PYTHON, reasonOf } from "../../tests/interop/peers.ts";

/** Packets that the Python library encodes and decodes in one round. */
const PACKETS = 60;

/** Nanoseconds that `synchrophasor` (Python) needs for a frame of FORMAT; undefined if it is not installed. */
export async function synchrophasorNanos(
  format: number,
  forMs: number,
): Promise<number | undefined> {
  if (!isInstalled("synchrophasor")) return undefined;
  const configuration = benchConfiguration(format);
  // The package refuses absolute float frequencies: its frame carries the deviation instead, and is otherwise the same.
  const isFloat = (format & FormatBits.FrequencyFloat) !== 0;
  const frame = benchFrames(configuration, 1, isFloat ? 0.01 : 60.01);
  const prefix = { idCode: configuration.idCode, soc: 1_700_000_000, version: 1 };
  const { nanos } = await python<{ nanos: number }>("decode.py", [
    `${forMs / 1000}`,
    hex(encodeConfiguration(configuration, prefix, FrameType.Config2)),
    hex(frame),
  ]);
  return nanos;
}

/** Nanoseconds that `sttpapi` (Python) needs for a measurement of TSSC; undefined if it is not installed. */
export function sttpapiNanos(forMs: number): Promise<TsscNanos | undefined> {
  return sttpapiNanosOf({
    packets: tsscPackets(PACKETS).map(({ bytes }) => bytes),
    bits: new Uint32Array(tsscValues(0, PACKETS).buffer),
    signals: TSSC_SIGNALS,
    ticks: (BigInt(TSSC_TICKS_HI) << 32n) | BigInt(TSSC_TICKS_LO),
    step: TSSC_STEP_TICKS,
  }, forMs);
}

/** Nanoseconds per measurement. */
export interface TsscNanos {
  /** Of the decoder. */
  readonly decodeNanos: number;
  /** Of the encoder. */
  readonly encodeNanos: number;
}

/** Packets of TSSC and what is in them: the same signals in each, state flags 0. */
export interface TsscJob {
  /** From version and sequence number on. */
  readonly packets: readonly Uint8Array[];
  /** Bits of the values, packet after packet. */
  readonly bits: Uint32Array;
  /** Signals, with indexes from 0. */
  readonly signals: number;
  /** Stamp of the first packet. */
  readonly ticks: bigint;
  /** Ticks between packets. */
  readonly step: number;
}

/** As {@linkcode sttpapiNanos} for other packets; throws if the peer does not agree with them. */
export async function sttpapiNanosOf(
  job: TsscJob,
  forMs: number,
): Promise<TsscNanos | undefined> {
  if (!isInstalled("sttp")) return undefined;
  const result = await python<TsscNanos & { same: boolean }>(
    "tssc.py",
    [`${forMs / 2000}`],
    JSON.stringify({
      ...job,
      packets: job.packets.map(hex),
      bits: [...job.bits],
      ticks: String(job.ticks),
    }),
  );
  if (!result.same) throw new Error("sttpapi did not give the bytes or values that Tieline gives");
  return result;
}

const told = new Set<Peer>();

/** Whether a peer can be run; says once why not. */
function isInstalled(peer: Peer): boolean {
  const reason = reasonOf(peer);
  if (reason !== undefined && !told.has(peer)) {
    told.add(peer);
    console.log(`skipped: ${peer} is not available: ${reason}`);
  }
  return reason === undefined;
}

/** Runs a program of this folder and reads the JSON object that it prints. */
async function python<T>(name: string, args: readonly string[], input = ""): Promise<T> {
  const child = new Deno.Command(PYTHON, {
    args: [new URL(name, import.meta.url).pathname, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const writing = writer.write(new TextEncoder().encode(input)).then(() => writer.close());
  const { code, stdout, stderr } = await child.output();
  await writing.catch(() => {}); // the program has ended early, and says why below
  if (code !== 0) throw new Error(`${name} failed: ${new TextDecoder().decode(stderr)}`);
  // The programs of this folder say in their heads what they print.
  return JSON.parse(new TextDecoder().decode(stdout)) as T;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
