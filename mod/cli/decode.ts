/**
 * `tieline decode FILE`: one JSON line per C37.118 frame, PTP message and sampled-values frame of a file.
 *
 * @module
 */
import { Command } from "commander";
import {
  type Configuration,
  configurationToJson,
  decodeFrame,
  FragmentAssembler,
  type FrameJson,
  FrameType,
  type LentFrame,
  type ParserCounters,
  StreamParser,
} from "../c37118/mod.ts";
import { DecodeError, messageOf } from "../core/mod.ts";
import { captureFormat, formatEndpoint, readPieces } from "../pcap/mod.ts";
import { decodePtp, type PtpFileMessage, type PtpRefused } from "./decode_ptp.ts";
import { decodeSv, isSvLine, type SvFileLine } from "./decode_sv.ts";

/** The `decode` command. */
export function decodeCommand(): Command {
  return new Command("decode")
    .description(
      "print C37.118 frames, PTP messages and sampled values of a pcap, pcapng or raw file as JSON lines",
    )
    .argument("<file>", "pcap, pcapng or raw C37.118")
    .action((file: string) => {
      Deno.exitCode = printFile(file);
    });
}

/** A frame of a file; the fields are those of the test captures' `*.frames.json`. */
export interface FileFrame extends FrameJson {
  /** Number of the packet that completes the frame, from 1; captures only. */
  pkt?: number;
  /** `address:port` of the sender; captures only. */
  from?: string;
  /** `address:port` of the receiver; captures only. */
  to?: string;
}

/** What was met in a file beside its frames. */
export type FileCounters =
  & Pick<ParserCounters, "frames" | "crc" | "resync" | "skippedBytes" | "noConfig">
  & {
    /** PTP messages. */
    ptp: number;
    /** What looked like PTP and was none. */
    ptpRefused: number;
    /** Sampled-values frames, and session PDUs of routable ones. */
    sv: number;
    /** What looked like sampled values and was none. */
    svRefused: number;
  };

/**
 * The C37.118 frames of a file in order; returns what else was met.
 *
 * Captures are told by their magic number, everything else is taken as raw C37.118. Throws a
 * `DecodeError` for a capture that is corrupt, after the frames before the fault.
 */
export function* decodeFile(bytes: Uint8Array): Generator<FileFrame, FileCounters> {
  const pieces = decodeAll(bytes);
  for (;;) {
    const step = pieces.next();
    if (step.done) return step.value;
    if (!("ptp" in step.value) && !isSvLine(step.value)) yield step.value;
  }
}

/** As {@linkcode decodeFile}, with the PTP messages and sampled values of captures, over Ethernet and UDP. */
export function* decodeAll(
  bytes: Uint8Array,
): Generator<FileFrame | PtpFileMessage | PtpRefused | SvFileLine, FileCounters> {
  const reader = new FileReader();
  if (captureFormat(bytes) === undefined) {
    const flow = reader.flow("", false);
    for (let at = 0; at < bytes.length; at += CHUNK) {
      yield* flow.stream(bytes.subarray(at, at + CHUNK));
    }
    return reader.counters();
  }
  for (const piece of readPieces(bytes)) {
    const ptp = piece.protocol === "tcp" ? undefined : decodePtp(piece);
    if (ptp) {
      if (ptp.ptp === null) reader.ptpRefused++;
      else reader.ptp++;
      yield ptp;
      continue;
    }
    const sv = piece.protocol === "tcp" ? undefined : decodeSv(piece);
    if (sv) {
      if ("sv" in sv) reader.svRefused++;
      else reader.sv++;
      yield sv;
      continue;
    }
    if (piece.protocol === "ethernet") continue;
    const from = formatEndpoint(piece.from), to = formatEndpoint(piece.to);
    const flow = reader.flow(`${piece.protocol} ${from} ${to}`, piece.protocol === "udp");
    if (piece.protocol === "tcp" && piece.gap) flow.parser.reset();
    const frames = piece.protocol === "udp"
      ? flow.datagram(piece.payload)
      : flow.stream(piece.payload);
    for (const frame of frames) yield { pkt: piece.packet, from, to, ...frame };
  }
  return reader.counters();
}

/**
 * Prints the frames of the file at `path`, one JSON object a line, and returns the exit code.
 *
 * 1 if the file cannot be read, is corrupt or holds no frame; the reason goes to `complain`.
 */
export function printFile(
  path: string,
  print: (line: string) => void = console.log,
  complain: (line: string) => void = console.error,
): number {
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(path);
  } catch (error) {
    complain(`Cannot read ${path}: ${messageOf(error)}`);
    return 1;
  }
  try {
    const frames = decodeAll(bytes);
    let step = frames.next();
    for (; !step.done; step = frames.next()) print(JSON.stringify(step.value));
    const met = step.value;
    if (met.crc + met.skippedBytes > 0) {
      complain(
        `${path}: ${met.crc} damaged frames, ${met.skippedBytes} bytes skipped, ` +
          `boundary lost ${met.resync} times`,
      );
    }
    if (met.ptpRefused > 0) complain(`${path}: ${met.ptpRefused} malformed PTP messages`);
    if (met.svRefused > 0) complain(`${path}: ${met.svRefused} malformed sampled-values frames`);
    if (met.frames + met.ptp + met.sv > 0) return 0;
    complain(`${path}: expected C37.118 frames, PTP messages or sampled values, found none`);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    complain(`${path}: ${error.message}`);
  }
  return 1;
}

const CHUNK = 65536;

/** Configurations by sender and stream, and the parsers of all flows. */
class FileReader {
  ptp = 0;
  ptpRefused = 0;
  sv = 0;
  svRefused = 0;
  readonly #flows = new Map<string, Flow>();
  readonly #configurations = new Map<string, Configuration>();

  flow(key: string, datagrams: boolean): Flow {
    let flow = this.#flows.get(key);
    if (!flow) {
      // Devices answer from other ports than they are asked at: the address is the sender.
      const sender = datagrams ? key.replace(/:\d+ .*/, "") : key;
      flow = new Flow(sender, this.#configurations);
      this.#flows.set(key, flow);
    }
    return flow;
  }

  counters(): FileCounters {
    const { ptp, ptpRefused, sv, svRefused } = this;
    const sum = {
      ...{ frames: 0, crc: 0, resync: 0, skippedBytes: 0, noConfig: 0 },
      ...{ ptp, ptpRefused, sv, svRefused },
    };
    for (const { parser } of this.#flows.values()) {
      sum.frames += parser.counters.frames;
      sum.crc += parser.counters.crc;
      sum.resync += parser.counters.resync;
      sum.skippedBytes += parser.counters.skippedBytes + parser.pendingBytes;
      sum.noConfig += parser.counters.noConfig;
    }
    return sum;
  }
}

/** One direction between two endpoints. */
class Flow {
  readonly parser: StreamParser;
  readonly #sender: string;
  readonly #configurations: Map<string, Configuration>;
  readonly #assemblers = new Map<number, FragmentAssembler>();
  #found: FrameJson[] = [];

  constructor(sender: string, configurations: Map<string, Configuration>) {
    this.#sender = sender;
    this.#configurations = configurations;
    this.parser = new StreamParser((lent) => this.#accept(lent));
  }

  stream(bytes: Uint8Array): FrameJson[] {
    this.#found = [];
    this.parser.push(bytes, 0);
    return this.#found;
  }

  datagram(bytes: Uint8Array): FrameJson[] {
    this.#found = [];
    this.parser.datagram(bytes);
    return this.#found;
  }

  #accept(lent: LentFrame): void {
    const frame = lent.bytes.subarray(lent.offset, lent.offset + lent.size);
    const key = `${this.#sender} ${lent.idCode}`;
    const decoded = decodeFrame(frame, this.#configurations.get(key));
    let configuration = decoded.configuration;
    if (lent.type === FrameType.Config3 && decoded.json.contIdx !== 0) {
      configuration = this.#assemble(lent.idCode, frame, decoded.json);
    }
    // CFG-1 says what a device can report, not what it sends.
    if (configuration && configuration.type !== FrameType.Config1) {
      this.#configurations.set(key, configuration);
    }
    this.#found.push(decoded.json);
  }

  #assemble(idCode: number, frame: Uint8Array, json: FrameJson): Configuration | undefined {
    let assembler = this.#assemblers.get(idCode);
    if (!assembler) this.#assemblers.set(idCode, assembler = new FragmentAssembler());
    try {
      const configuration = assembler.add(frame, 0);
      if (configuration) json.config = configurationToJson(configuration);
      return configuration;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      json.error = error.kind;
      return undefined;
    }
  }
}
