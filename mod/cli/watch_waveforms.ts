/**
 * The waveforms and event records that come to `tieline watch` in buffer blocks.
 *
 * @module
 */
import { join } from "node:path";
import { DecodeError, formatInstant, messageOf, SampleMarks } from "../core/mod.ts";
import {
  decodeEventRecord,
  decodeWaveformBlock,
  encodeEventRecord,
  LIVE_MARK_ANEW,
  marksOfMessage,
  RecordAssembler,
  type RecordedPiece,
  recordedSamples,
  sampleNumber,
  type WaveformDescriptor,
} from "../event/mod.ts";
import { Decoder } from "../slipstream/mod.ts";

/** A live message as `tieline watch --json` prints it. */
export interface WaveformLine {
  /** Name of the stream. */
  readonly waveform: string;
  /** Time of the first sample: ISO 8601, UTC. */
  readonly time: string;
  /** Samples per second. */
  readonly rate: number;
  /** Samples that are missing since the message before. */
  readonly missing: number;
  /** True if the numbering begins anew with this message: the source's clock was set, or it came back. */
  readonly anew: boolean;
  /** Values by channel, scaled; null where no sample came and zeros stand in its place. */
  readonly values: Readonly<Record<string, readonly (number | null)[]>>;
  /** Quality words by channel, where one is not 0. */
  readonly quality: Readonly<Record<string, readonly number[]>>;
  /** `SampleMarks` of each sample; null where none has one. */
  readonly marks: readonly number[] | null;
}

/** An event record as `tieline watch --json` prints it. */
export interface RecordLine {
  /** Name of the stream. */
  readonly record: string;
  /** Identity of the record. */
  readonly id: string;
  /** Identity of the event. */
  readonly event: string;
  /** Samples. */
  readonly samples: number;
  /** Trigger that began it. */
  readonly trigger: string | null;
  /** Bytes. */
  readonly bytes: number;
  /** File that it was saved in; null if it was not. */
  readonly file: string | null;
}

/** Where lines go, and what is saved. */
export interface WaveformOptions {
  /** Folder for records and live messages; nothing is saved without it. */
  readonly folder?: string | undefined;
  /** Takes a live message. */
  readonly message: (line: WaveformLine) => void;
  /** Takes an event record. */
  readonly record: (line: RecordLine) => void;
  /** Takes what is wrong. */
  readonly note: (text: string) => void;
}

interface Waveform {
  descriptor: WaveformDescriptor;
  decoder: Decoder | undefined;
  next: number;
  pieces: RecordedPiece[];
  readonly assembler: RecordAssembler;
}

/** Live messages of a stream that go into one file, in seconds. */
const FILE_SECONDS = 10;

/** Decodes blocks, and saves them where that is wanted. */
export class WatchWaveforms {
  /** Blocks that came. */
  blocks = 0;
  readonly #options: WaveformOptions;
  readonly #waveforms = new Map<string, Waveform>();

  /** Gives out what it decodes. */
  constructor(options: WaveformOptions) {
    this.#options = options;
  }

  /** Takes a block of the signal with this GUID; the bytes are lent. */
  accept(signalId: string, bytes: Uint8Array): void {
    this.blocks++;
    try {
      this.#take(signalId, bytes.slice());
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#options.note(error.message);
    }
  }

  /** Saves what waits. */
  finish(): void {
    for (const waveform of this.#waveforms.values()) this.#saveLive(waveform);
  }

  #take(signalId: string, bytes: Uint8Array<ArrayBuffer>): void {
    const block = decodeWaveformBlock(bytes);
    const known = this.#waveforms.get(signalId);
    if (block.kind === "descriptor") {
      if (known) this.#saveLive(known);
      const { descriptor } = block;
      this.#waveforms.set(signalId, {
        descriptor,
        decoder: descriptor.encoding && decoderOf(descriptor.encoding),
        next: -1,
        pieces: [],
        assembler: known?.assembler ?? new RecordAssembler(),
      });
      return;
    }
    if (!known) throw refused("a descriptor before everything else");
    if (block.kind === "message") this.#message(known, block.message, block.marks);
    else {
      const whole = known.assembler.take(block);
      if (whole) this.#record(whole);
    }
  }

  #message(waveform: Waveform, message: Uint8Array, told: readonly number[]): void {
    const { descriptor: { stream }, decoder } = waveform;
    if (!decoder) throw refused("a descriptor with the options of messages");
    const { time, count, values, quality } = decoder.decode(message);
    const first = sampleNumber(time.seconds, time.nanos, stream.rate);
    const runs = marksOfMessage(told, count);
    const anew = (runs[0]! & LIVE_MARK_ANEW) !== 0;
    const marks = marksOfRuns(runs).map((mark) => mark & ~LIVE_MARK_ANEW);
    const missing = waveform.next < 0 || anew ? 0 : first - waveform.next;
    waveform.next = first + count;
    const bad = stream.channels.flatMap(({ name }, c) => {
      const words = [...quality[c]!.subarray(0, count)];
      return words.some((word) => word !== 0) ? [[name, words]] : [];
    });
    this.#options.message({
      waveform: stream.name,
      time: formatInstant(time),
      rate: stream.rate,
      missing,
      anew,
      values: Object.fromEntries(
        stream.channels.map(({ name, scale, offset }, c) => [
          name,
          Array.from(
            values[c]!.subarray(0, count),
            (raw, i) => marks[i]! & SampleMarks.Filled ? null : raw * scale + offset,
          ),
        ]),
      ),
      quality: Object.fromEntries(bad),
      marks: marks.some((mark) => mark !== 0) ? marks : null,
    });
    if (this.#options.folder === undefined) return;
    if (anew) this.#saveLive(waveform); // so that times of one file go on
    const kept = runs.map((word, i) => i % 2 === 0 ? word & ~LIVE_MARK_ANEW : word);
    waveform.pieces.push({ first, count, marks: kept, message: message.slice() });
    if (first - waveform.pieces[0]!.first >= FILE_SECONDS * stream.rate) this.#saveLive(waveform);
  }

  #record(bytes: Uint8Array): void {
    const content = decodeEventRecord(bytes);
    const { id, event, stream, triggers } = content;
    this.#options.record({
      record: stream.name,
      id,
      event,
      samples: recordedSamples(content),
      trigger: triggers[0]?.name ?? null,
      bytes: bytes.length,
      file: this.#save(`${stream.name}_${id}.cbor`, bytes),
    });
  }

  /** Live messages are saved as a record without a trigger, so that what reads records reads them. */
  #saveLive({ descriptor, pieces }: Waveform): void {
    const { encoding, gateway, stream } = descriptor;
    if (!encoding || pieces.length === 0) return;
    const id = crypto.randomUUID();
    const bytes = encodeEventRecord({
      id,
      event: id,
      continues: undefined,
      gateway,
      stream,
      encoding,
      triggers: [],
      unlistedTriggers: 0,
      pieces,
      lostSamples: 0,
      missingSamples: 0,
      shortSamples: 0,
      jumps: 0,
      isCut: false,
    });
    const second = Math.floor(pieces[0]!.first / stream.rate);
    pieces.length = 0;
    this.#save(`${stream.name}_live_${second}_${id.slice(0, 8)}.cbor`, bytes);
  }

  #save(name: string, bytes: Uint8Array): string | null {
    const { folder } = this.#options;
    if (folder === undefined) return null;
    // A stream's name is the publisher's word: it must not leave the folder.
    const file = join(folder, name.replaceAll(/[^A-Za-z0-9._-]/g, "-"));
    Deno.writeFileSync(file, bytes);
    return file;
  }
}

/** One mark a sample. */
function marksOfRuns(runs: readonly number[]): number[] {
  return runs.flatMap((word, i) => i % 2 === 0 ? Array<number>(runs[i + 1]!).fill(word) : []);
}

function decoderOf(encoding: NonNullable<WaveformDescriptor["encoding"]>): Decoder {
  try {
    return new Decoder(encoding);
  } catch (error) {
    throw refused(messageOf(error));
  }
}

function refused(expected: string): DecodeError {
  return new DecodeError("waveformBlock", `Cannot use a waveform block: expected ${expected}`);
}
