/**
 * Streams that are seen and not configured: who they are, how fast, and the lines that would configure them.
 *
 * @module
 */
import * as v from "valibot";
import type { SeenDevice } from "../../core/mod.ts";
import { macText, type SvFrame, visibleString } from "../../sv/mod.ts";
import { proposalOf, proposalToml } from "./proposal.ts";

/** One stream that nobody asked for, as it crosses the link. */
export const discoveredStream = v.object({
  /** `svID`. */
  svId: v.string(),
  /** APPID. */
  appid: v.number(),
  /** Destination address. */
  destination: v.string(),
  /** Source address. */
  source: v.string(),
  /** VLAN identifier of the innermost tag; null without one. */
  vlan: v.nullable(v.number()),
  /** The simulation bit. */
  simulation: v.boolean(),
  /** ASDUs in a frame. */
  asdus: v.number(),
  /** Octets of one data set. */
  dataSetBytes: v.number(),
  /** `confRev`. */
  confRev: v.number(),
  /** `smpSynch`; null where the frame has none. */
  smpSynch: v.nullable(v.number()),
  /** Samples per second, estimated; null while it is not known. */
  rate: v.nullable(v.number()),
  /** Frames that were looked at. */
  frames: v.number(),
  /** When it was seen last: microseconds since 1970. */
  lastSeenMicros: v.number(),
  /** What would configure it. */
  toml: v.string(),
});

/** One stream that nobody asked for. */
export type DiscoveredStream = v.InferOutput<typeof discoveredStream>;

/** A stream as the gateway offers it for adoption. `nominalHz`: see {@linkcode proposalOf}. */
export function seenDevice(
  stream: DiscoveredStream,
  nominalHz: 50 | 60 | undefined,
): SeenDevice {
  const { svId, source, vlan, simulation, asdus, rate, dataSetBytes } = stream;
  const appid = `0x${stream.appid.toString(16).padStart(4, "0")}`;
  return {
    id: `${appid} ${vlan ?? "untagged"} ${source}${simulation ? " simulated" : ""} ${svId}`,
    about: `${simulation ? "Simulated stream" : "Stream"} "${svId}", APPID ${appid}` +
      `${vlan === null ? "" : `, VLAN ${vlan}`}, from ${source}, ` +
      `${rate === null ? "rate not known yet" : `${rate} samples/s`}, ` +
      `${asdus} ASDU${asdus === 1 ? "" : "s"} of ${dataSetBytes} octets`,
    ...proposalOf(stream, nominalHz),
  };
}

/** Streams that are remembered; more are counted. */
const MAX_STREAMS = 256;
const FORGET_MICROS = 120e6;
const STANDARD_RATES = [4000, 4800, 5760, 12_800, 14_400, 15_360, 96_000];
const RATE_TOLERANCE = 0.04;
/** A pause that ends a look; rates are estimated within looks. */
const PAUSE_MICROS = 500e3;
/** What an estimate of a rate rests on at least: frames come in bursts. */
const MIN_FRAMES = 8, MIN_SECONDS = 0.1, ENOUGH_FRAMES = 100;

interface Entry {
  readonly svId: string;
  readonly appid: number;
  readonly destination: string;
  readonly source: string;
  readonly vlan: number;
  readonly simulation: boolean;
  asdus: number;
  dataSetBytes: number;
  confRev: number;
  smpSynch: number;
  rate: number;
  frames: number;
  lastMicros: number;
  // The look that goes on: since when, with which count, and how many samples since.
  sinceMicros: number;
  lastCount: number;
  samples: number;
  lookFrames: number;
}

/** Remembers what {@linkcode SvFrame}s showed. Off the hot path: it is fed with few frames on purpose. */
export class Discovery {
  /** Frames of streams that are not in the list, since it is full. */
  overflow = 0;
  readonly #entries = new Map<string, Entry>();
  readonly #nominalHz: 50 | 60 | undefined;

  /** `nominalHz` is that of the streams that are configured, if they agree. */
  constructor(nominalHz?: 50 | 60) {
    this.#nominalHz = nominalHz;
  }

  /** Notes a decoded frame, which came at `micros` (microseconds since 1970). */
  note(frame: SvFrame, bytes: Uint8Array, micros: number): void {
    const { pdu } = frame;
    const svId = visibleString(bytes, pdu.svIdOffset[0]!, Math.min(129, pdu.svIdLength[0]!));
    const source = macText(bytes, frame.start + 6);
    const key = `${frame.vid} ${frame.appid} ${frame.simulation} ${source} ${svId}`;
    let entry = this.#entries.get(key);
    if (!entry) {
      if (this.#entries.size >= MAX_STREAMS) this.#forget(micros);
      if (this.#entries.size >= MAX_STREAMS) {
        this.overflow++;
        return;
      }
      entry = {
        svId,
        appid: frame.appid,
        destination: macText(bytes, frame.start),
        source,
        vlan: frame.vid,
        simulation: frame.simulation,
        asdus: 0,
        dataSetBytes: 0,
        confRev: 0,
        smpSynch: -1,
        rate: NaN,
        frames: 0,
        lastMicros: -Infinity,
        sinceMicros: 0,
        lastCount: 0,
        samples: 0,
        lookFrames: 0,
      };
      this.#entries.set(key, entry);
    }
    entry.asdus = pdu.noASDU;
    entry.dataSetBytes = pdu.seqDataLength[0]!;
    entry.confRev = pdu.confRev[0]!;
    entry.smpSynch = pdu.smpSynch[0]!;
    entry.frames++;
    this.#rate(entry, pdu.smpCnt[0]!, micros);
    entry.lastMicros = micros;
  }

  /** What is known, newest frames not older than two minutes. */
  list(nowMicros: number): DiscoveredStream[] {
    this.#forget(nowMicros);
    return [...this.#entries.values()].map((entry): DiscoveredStream => {
      const seen = {
        svId: entry.svId,
        appid: entry.appid,
        destination: entry.destination,
        source: entry.source,
        vlan: entry.vlan < 0 ? null : entry.vlan,
        simulation: entry.simulation,
        asdus: entry.asdus,
        dataSetBytes: entry.dataSetBytes,
        confRev: entry.confRev,
        smpSynch: entry.smpSynch < 0 ? null : entry.smpSynch,
        rate: Number.isNaN(entry.rate) ? null : entry.rate,
        frames: entry.frames,
        lastSeenMicros: entry.lastMicros,
      };
      return { ...seen, toml: proposalToml(proposalOf(seen, this.#nominalHz)) };
    });
  }

  /** Samples by `smpCnt`, so that frames that were not looked at count too; time by arrival. */
  #rate(entry: Entry, smpCnt: number, micros: number): void {
    const step = smpCnt - entry.lastCount;
    entry.lastCount = smpCnt;
    // A wrap, a pause or a step back begins a look of its own.
    if (micros - entry.lastMicros > PAUSE_MICROS || step <= 0) {
      entry.sinceMicros = micros;
      entry.samples = 0;
      entry.lookFrames = 1;
      return;
    }
    entry.samples += step;
    entry.lookFrames++;
    const seconds = (micros - entry.sinceMicros) / 1e6;
    const isLong = seconds >= MIN_SECONDS || entry.lookFrames >= ENOUGH_FRAMES;
    if (entry.lookFrames < MIN_FRAMES || !isLong || seconds <= 0) return;
    const measured = entry.samples / seconds;
    const standard = STANDARD_RATES.find((r) => Math.abs(measured / r - 1) < RATE_TOLERANCE);
    entry.rate = standard ?? Math.round(measured);
  }

  #forget(nowMicros: number): void {
    for (const [key, { lastMicros }] of this.#entries) {
      if (nowMicros - lastMicros > FORGET_MICROS) this.#entries.delete(key);
    }
  }
}
