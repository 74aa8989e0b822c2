/**
 * For tests: streams of sampled values with known waveforms, and what an engine makes of them.
 *
 * @module
 */
import * as v from "valibot";
import { checkDocument, parseTomlDocument } from "../../config/mod.ts";
import { type Frame, makeFrame, makeLayout } from "../../core/mod.ts";
import { PacketSender } from "../../os/mod.ts";
import { encodeFrame, type FrameFields, macBytes, seqDataOf } from "../../sv/mod.ts";
import { devicesOf } from "./devices.ts";
import { CaptureEngine } from "./engine.ts";
import type { SvInputOptions } from "./options.ts";
import { RecordRing } from "./record_ring.ts";
import { readFrame, recordContent, RecordType } from "./records.ts";
import { svInputSchema } from "./schema.ts";

/** Options of `[input.NAME]` whose table holds `toml`. */
export function optionsOf(toml: string): SvInputOptions {
  const document = parseTomlDocument(`[input]\ntype = "sv"\n${toml}`, "test");
  const { input } = checkDocument(v.object({ input: svInputSchema }), document);
  return input as SvInputOptions; // the schema's output is that of the options, key by key
}

/** A 9-2LE stream at 50 Hz called MU1 on any interface, with `more` keys. */
export function leStream(more = ""): string {
  return `
interface = "eth0"
[[input.streams]]
acronym = "MU1"
svId = "MU01"
nominalHz = 50
preset = "9-2LE"
${more}
`;
}

/** What a made sample holds. */
export interface MadeSample {
  /** `svID`; default MU01. */
  readonly svId?: string;
  /** Second of UTC. */
  readonly second: number;
  /** Place within the second. */
  readonly smpCnt: number;
  /** Samples per second; default 4000. */
  readonly rate?: number;
  /** `smpSynch`; default 2. */
  readonly smpSynch?: number;
  /** `confRev`; default 1. */
  readonly confRev?: number;
  /** `datSet`; default none. */
  readonly datSet?: string;
  /** Members of the data set; default 8. */
  readonly channels?: number;
  /** Quality of every member; default 0. */
  readonly quality?: number;
  /** Anything of the frame. */
  readonly frame?: Partial<FrameFields>;
  /** Put on every value. */
  readonly add?: number;
  /** Frequency of the waveform; default 50. */
  readonly hz?: number;
}

/** RMS values of the made waveforms: 100 A and 63.5 kV. */
export const MADE_RMS = { current: 100, voltage: 63_500 } as const;

/** A frame with one ASDU: balanced currents and voltages whose phase A has its maximum at the second. */
export function madeFrame(sample: MadeSample): Uint8Array<ArrayBuffer> {
  const { svId = "MU01", second, smpCnt, rate = 4000, smpSynch = 2, confRev = 1, channels = 8 } =
    sample;
  const { quality = 0, add = 0, hz = 50, datSet } = sample;
  const turns = (hz * second) % 1 + hz * smpCnt / rate;
  const values = Array.from({ length: channels }, (_, c) => {
    const amplitude = (c < 4 ? MADE_RMS.current * 1000 : MADE_RMS.voltage * 100) * Math.SQRT2;
    const phase = c % 4;
    if (phase === 3) return add;
    return Math.round(amplitude * Math.cos(2 * Math.PI * (turns - phase / 3))) + add;
  });
  return encodeFrame({
    destination: macBytes("01:0c:cd:04:00:01"),
    source: macBytes("02:00:00:00:00:01"),
    appid: 0x4000,
    asdus: [{
      svID: svId,
      ...(datSet === undefined ? {} : { datSet }),
      smpCnt,
      confRev,
      smpSynch,
      seqData: seqDataOf(values, values.map(() => quality)),
    }],
    ...sample.frame,
  });
}

/** What came out of an engine. */
export interface EngineOutput {
  /** Frames by device, copied. */
  readonly frames: { readonly device: string; readonly frame: Frame }[];
  /** Events, in order. */
  readonly events: Record<string, unknown>[];
  /** Complaints, in order. */
  readonly complaints: { readonly kind: string; readonly message: string }[];
}

/** An engine with its ring, for tests. */
export class EngineBench {
  /** The engine. */
  readonly engine: CaptureEngine;
  /** Its options. */
  readonly options: SvInputOptions;
  /** What came out until the last {@linkcode EngineBench.read}. */
  readonly output: EngineOutput = { frames: [], events: [], complaints: [] };
  readonly #ring = new RecordRing(RecordRing.memoryOf(4 * 1024 * 1024));
  #nowMs = 0;

  /** Makes an engine for all streams of an input. */
  constructor(options: SvInputOptions) {
    this.options = options;
    this.engine = new CaptureEngine(options, options.streams.map((_, i) => i), this.#ring);
  }

  /** Hands in a frame that arrived at a moment of UTC. */
  frame(bytes: Uint8Array, seconds: number, nanos: number): void {
    this.engine.batch(this.#nowMs);
    this.engine.ethernet(bytes, 0, bytes.length, -1, 0, seconds, Math.floor(nanos));
    this.engine.estimate();
  }

  /** Hands in the sample of a moment, 300 microseconds after it was taken. */
  sample(sample: MadeSample): void {
    const { second, smpCnt, rate = 4000 } = sample;
    let nanos = Math.round(smpCnt * 1e9 / rate) + 300_000;
    const carry = Math.floor(nanos / 1e9);
    nanos -= carry * 1e9;
    this.frame(madeFrame(sample), second + carry, nanos);
  }

  /** Hands in samples `from` up to but not including `to` of a second; time passes with them. */
  run(second: number, from: number, to: number, make: Partial<MadeSample> = {}): void {
    const { rate = 4000 } = make;
    for (let smpCnt = from; smpCnt < to; smpCnt++) {
      this.sample({ second, smpCnt, ...make });
      this.#nowMs += 1000 / rate;
      if (smpCnt % 8 === 0) this.engine.tick(this.#nowMs, true);
    }
  }

  /** Lets time pass in ticks of 4 ms without frames. */
  pass(ms: number): void {
    for (let t = 0; t < ms; t += 4) this.engine.tick(this.#nowMs += 4, true);
  }

  /** Reads what came out. */
  read(): EngineOutput {
    this.#ring.publish();
    const devices = devicesOf(this.options);
    const layouts = devices.map((d) => makeLayout(d.acronym, d.drafts.map((_, i) => i), [], 0));
    this.#ring.read((view, at, length) => {
      const type = view.getUint8(at + 4);
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      if (type === RecordType.Frame) {
        const index = view.getUint16(at + 6, true);
        const frame = makeFrame(layouts[index]!);
        readFrame(view, at, length, frame);
        this.output.frames.push({ device: devices[index]!.acronym, frame });
        return;
      }
      // The engine writes objects.
      const content = recordContent(bytes, at, length) as Record<string, unknown>;
      if (type === RecordType.Event) this.output.events.push(content);
      if (type === RecordType.Complaint) {
        this.output.complaints.push({
          kind: String(content["kind"]),
          message: String(content["message"]),
        });
      }
    });
    return this.output;
  }

  /** Positions of signals in the frames of a device, by type and label. */
  position(acronym: string, type: string, label = ""): number {
    const device = devicesOf(this.options).find((d) => d.acronym === acronym);
    const at = device?.drafts.findIndex((d) => d.type === type && d.label === label) ?? -1;
    if (at < 0) throw new Error(`No ${type} ${label} in ${acronym}`);
    return at;
  }
}

/** A classic pcap file with nanoseconds, Ethernet. */
export function pcapOf(
  packets: readonly {
    readonly seconds: number;
    readonly nanos: number;
    readonly bytes: Uint8Array;
  }[],
): Uint8Array<ArrayBuffer> {
  const size = packets.reduce((sum, { bytes }) => sum + 16 + bytes.length, 24);
  const view = new DataView(new ArrayBuffer(size));
  const file = new Uint8Array(view.buffer);
  [0xa1b23c4d, 0x0004_0002, 0, 0, 65_536, 1].forEach((word, i) =>
    view.setUint32(4 * i, word, true)
  );
  let at = 24;
  for (const { seconds, nanos, bytes } of packets) {
    [seconds, nanos, bytes.length, bytes.length].forEach((word, i) =>
      view.setUint32(at + 4 * i, word, true)
    );
    file.set(bytes, at + 16);
    at += 16 + bytes.length;
  }
  return file;
}

/** A pcap file of samples `from` up to but not including `to`, counted from a second on, 300 microseconds late. */
export function pcapOfSamples(
  second: number,
  from: number,
  to: number,
  make: (n: number) => Partial<MadeSample> = () => ({}),
  rate = 4000,
): Uint8Array<ArrayBuffer> {
  return pcapOf(Array.from({ length: to - from }, (_, i) => {
    const n = from + i;
    const at = { second: second + Math.floor(n / rate), smpCnt: n % rate };
    const nanos = Math.floor(at.smpCnt * 1e9 / rate) + 300_000;
    return {
      seconds: at.second + Math.floor(nanos / 1e9),
      nanos: nanos % 1e9,
      bytes: madeFrame({ ...at, rate, ...make(n) }),
    };
  }));
}

/** Sends 9-2LE samples of now, in real time, until stopped. */
export class LiveSource {
  /** Frames that were sent. */
  sent = 0;
  readonly #sender: PacketSender;
  readonly #make: Partial<MadeSample>;
  readonly #timer: ReturnType<typeof setInterval>;
  /** By smpCnt: one second is like any other, and to make a frame takes much longer than to send it. */
  readonly #frames: Uint8Array[] = [];
  #next: number;

  /** Sends on the interface called `name`; `make` changes each sample. */
  constructor(name: string, make: Partial<MadeSample> = {}) {
    this.#sender = new PacketSender({ interface: name });
    this.#make = make;
    this.#next = Math.floor(Date.now() * 4);
    this.#timer = setInterval(() => this.#send(), 2);
  }

  #send(): void {
    const due = Math.floor(Date.now() * 4); // 4000 samples per second
    for (; this.#next < due; this.#next++) {
      const second = Math.floor(this.#next / 4000), smpCnt = this.#next % 4000;
      this.#sender.add(this.#frames[smpCnt] ??= madeFrame({ second, smpCnt, ...this.#make }));
      this.sent++;
    }
    this.#sender.flush();
  }

  /** Ends. */
  stop(): void {
    clearInterval(this.#timer);
    this.#sender.close();
  }
}
