/**
 * A capture file as a source: Ethernet frames, and routable sampled values by UDP, at recorded speed or at once.
 *
 * @module
 */
import { messageOf } from "../../core/mod.ts";
import { readCapture, readTransport } from "../../pcap/mod.ts";
import { EtherType, SESSION_PORT } from "../../sv/mod.ts";
import type { CaptureEngine } from "./engine.ts";
import type { SvPcapOptions } from "./options.ts";
import type { RecordRing } from "./record_ring.ts";
import { RecordType } from "./records.ts";
import { SessionSource } from "./session_source.ts";

const LINKTYPE_ETHERNET = 1;
/** Frames at once, before the event loop turns. */
const BATCH = 256;
const TICK_MS = 4;
const SECOND_MS = 1000;
/** A pause of a file stands for no longer: by then every stream is lost, whatever its `lossMs`. */
const MAX_PAUSE_MICROS = 15e6;
/** Longest file that is read. */
const MAX_FILE_BYTES = 1024 * 1024 * 1024;

/** One frame or datagram of a file. */
interface Recorded {
  /** The frame, or the content of the datagram. */
  readonly bytes: Uint8Array;
  /** Sender of a datagram; undefined for a frame. */
  readonly from: { readonly address: string; readonly port: number } | undefined;
  /** When it was captured: microseconds since 1970. */
  readonly micros: number;
  /** Number of its packet in the file. */
  readonly packet: number;
}

/**
 * Plays a file into `engine`, until its end or until `commands` say stop; figures go to `out`.
 *
 * With `repeat` the stamps of each further round go on from the one before by whole seconds, since the place in the
 * second is what `smpCnt` tells.
 */
export async function replayCapture(
  options: SvPcapOptions,
  engine: CaptureEngine,
  out: RecordRing,
  commands: RecordRing,
): Promise<void> {
  const player = new Player(engine, out, commands, options.speed === "recorded");
  try {
    const { size } = await Deno.stat(options.file);
    if (size > MAX_FILE_BYTES) {
      throw new Error(`expected at most ${MAX_FILE_BYTES} octets, found ${size}`);
    }
    const packets = recordedIn(await Deno.readFile(options.file));
    const length = (packets.at(-1)?.micros ?? 0) - (packets[0]?.micros ?? 0);
    const round = (Math.floor(length / 1e6) + 1) * 1e6;
    const isAgain = options.repeat && packets.length > 0;
    for (let shift = 0; !commands.stopped; shift += round) {
      await player.play(packets, shift, isAgain ? round : length);
      if (!isAgain) break;
    }
  } catch (error) {
    const message = `The file ${options.file} cannot be played: ${messageOf(error)}`;
    out.write(RecordType.Complaint, { kind: "file", message });
    player.why = message;
  }
  player.isAtEnd = true;
  while (!commands.stopped) {
    engine.obey(commands);
    player.pass();
    while (engine.work() && !out.isHalfFull);
    player.report();
    await new Promise((resolve) => setTimeout(resolve, SECOND_MS / 4));
  }
}

/** What a file has for us, in the order of its packets: sampled values, and datagrams to the session port. */
function recordedIn(bytes: Uint8Array): Recorded[] {
  const found: Recorded[] = [];
  for (const { bytes: frame, timeMicros, linkType, number } of readCapture(bytes)) {
    // Without a time there is no place for it.
    if (linkType !== LINKTYPE_ETHERNET || Number.isNaN(timeMicros) || !isSampledValues(frame)) {
      continue;
    }
    found.push({ bytes: frame, from: undefined, micros: timeMicros, packet: number });
  }
  for (const item of readTransport(bytes)) {
    if (item.protocol !== "udp" || item.to.port !== SESSION_PORT) continue;
    if (Number.isNaN(item.timeMicros)) continue;
    found.push({
      bytes: item.payload,
      from: item.from,
      micros: item.timeMicros,
      packet: item.packet,
    });
  }
  return found.sort((a, b) => a.packet - b.packet);
}

/** Looks behind the tags that a frame may have. */
function isSampledValues(frame: Uint8Array): boolean {
  for (let at = 12; at + 2 <= frame.length;) {
    const type = (frame[at]! << 8) | frame[at + 1]!;
    if (type === EtherType.SampledValues) return true;
    if (type === EtherType.Vlan || type === EtherType.ServiceVlan) at += 4;
    else if (type === EtherType.Hsr) at += 6;
    else return false;
  }
  return false;
}

/** Hands packets to an engine in their time. */
class Player {
  isAtEnd = false;
  why: string | undefined;
  readonly #engine: CaptureEngine;
  readonly #out: RecordRing;
  readonly #commands: RecordRing;
  readonly #paced: boolean;
  readonly #session: SessionSource;
  #packets = 0;
  #micros = 0;
  #toldMs = -Infinity;
  /** When this round began, and what its stamps are shifted by. */
  #beginMs = 0;
  #shiftMicros = 0;
  /** Up to where the time of the file has passed, from the beginning of this round. */
  #tickMicros = 0;

  constructor(engine: CaptureEngine, out: RecordRing, commands: RecordRing, paced: boolean) {
    this.#engine = engine;
    this.#out = out;
    this.#commands = commands;
    this.#paced = paced;
    this.#session = new SessionSource(engine);
  }

  /** Plays a round, which lasts for `lengthMicros` or until its last packet. */
  async play(
    packets: readonly Recorded[],
    shiftMicros: number,
    lengthMicros: number,
  ): Promise<void> {
    this.#beginMs = performance.now();
    this.#shiftMicros = shiftMicros;
    this.#tickMicros = 0;
    const first = packets[0]?.micros ?? 0;
    let at = 0;
    const next = () => at < packets.length ? packets[at]!.micros - first : lengthMicros;
    while ((at < packets.length || this.#now < lengthMicros) && !this.#commands.stopped) {
      const until = this.#now;
      for (let n = 0; n < BATCH && at < packets.length && next() <= until; n++, at++) {
        const since = next();
        // Loss is a matter of the file's time, whatever the speed.
        this.#tick(since);
        this.#engine.batch((since + shiftMicros) / 1000);
        this.#take(packets[at]!);
        this.#engine.estimate();
      }
      // Between two rounds is no pause: the second one follows the first.
      if (at < packets.length) this.#tick(Math.min(until, next()));
      this.#engine.obey(this.#commands);
      while (this.#engine.work() && !this.#out.isHalfFull);
      this.#out.publish();
      if (performance.now() - this.#toldMs >= SECOND_MS) this.report();
      await this.#rest(next());
    }
  }

  /** Lets time go on behind the last packet, as far as it does. */
  pass(): void {
    if (this.#paced) this.#tick(this.#now);
  }

  /** Microseconds of this round that have passed; without end at full speed. */
  get #now(): number {
    return this.#paced ? (performance.now() - this.#beginMs) * 1000 : Infinity;
  }

  #tick(toMicros: number): void {
    this.#tickMicros = Math.max(this.#tickMicros, toMicros - MAX_PAUSE_MICROS);
    for (; toMicros - this.#tickMicros >= TICK_MS * 1000; this.#tickMicros += TICK_MS * 1000) {
      this.#engine.tick((this.#tickMicros + this.#shiftMicros) / 1000, true);
    }
  }

  /** Waits for the next packet; at full speed for the reader, since nothing may be dropped of a file. */
  async #rest(sinceMicros: number): Promise<void> {
    const wait = this.#paced ? (sinceMicros - this.#now) / 1000 : 0;
    await new Promise<void>((resolve) => {
      if (wait >= 1) setTimeout(resolve, Math.min(wait, TICK_MS));
      else setImmediate(resolve);
    });
    while (!this.#paced && this.#out.isHalfFull && !this.#commands.stopped) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  report(): void {
    this.#toldMs = performance.now();
    this.#out.write(RecordType.Status, {
      streams: this.#engine.status(),
      totals: this.#engine.totals(),
      file: {
        packets: this.#packets,
        atEnd: this.isAtEnd,
        ...(this.why === undefined ? {} : { why: this.why }),
      },
      sessions: this.#session.figures(),
      linkDropped: this.#out.dropped,
    });
    // The time of the file: in that of this host all of it would be long ago.
    this.#out.write(RecordType.Discovered, this.#engine.discovery.list(this.#micros));
    this.#out.publish();
  }

  #take({ bytes, from, micros }: Recorded): void {
    const shift = this.#shiftMicros;
    this.#packets++;
    this.#micros = micros + shift;
    const seconds = Math.floor(micros / 1e6);
    const shifted = seconds + shift / 1e6;
    if (from) this.#session.take(bytes, from.address, from.port, micros + shift);
    else {
      const nanos = Math.floor((micros - seconds * 1e6) * 1000);
      this.#engine.ethernet(bytes, 0, bytes.length, -1, 0, shifted, nanos);
    }
  }
}
