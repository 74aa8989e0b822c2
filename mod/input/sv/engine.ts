/**
 * The capture engine: frames and arrivals in, records of the link out. No sockets, no clock.
 *
 * @module
 */
import { SharedInstants } from "../../phasor/mod.ts";
import {
  hashBytes,
  LocalClocks,
  macText,
  REJECT_COUNT,
  rejectWord,
  sameBytes,
  StreamNotice,
  SvFrame,
  type SvPdu,
  SvReject,
} from "../../sv/mod.ts";
import { Discovery } from "./discovery.ts";
import { devicesOf } from "./devices.ts";
import { nominalOf, type SvInputOptions } from "./options.ts";
import type { RecordRing } from "./record_ring.ts";
import { Recording, type RecordingOptions } from "./recording.ts";
import { EngineLog } from "./engine_log.ts";
import { Admission, type Intake } from "./intake.ts";
import { StreamIntake } from "./stream_intake.ts";
import { SynchrophasorIntake } from "./synchrophasor_intake.ts";
import { type StreamFigures, streamFigures } from "./stream_figures.ts";

/** What became of all frames: received = rejected (by reason) + unknown + foreign + those of the streams; JSON-safe. */
export interface EngineTotals {
  /** Frames that came in. */
  readonly frames: number;
  /** Octets of them. */
  readonly bytes: number;
  /** Frames that are no valid sampled values, by the word of the reason. */
  readonly rejected: Readonly<Record<string, number>>;
  /** ASDUs of an APPID and svID that is not configured. */
  readonly unknown: number;
  /** ASDUs of a configured APPID and svID with another VLAN or destination. */
  readonly foreign: number;
  /** Frames that discovery looked at and whose stream found no room in its list. */
  readonly unlisted: number;
  /** What the recorders have in common; absent where nothing is recorded. */
  readonly recording?: Readonly<Record<string, number>>;
}

/** Unknown frames that discovery looks at between two ticks. */
const NOTES_PER_TICK = 4;
/** A tick stands for no longer: a thread that was not run, or a machine that stood still, is no silence of streams. */
const MAX_QUIET_MS = 6;
/**
 * Finds the stream of each ASDU, hands its samples on, estimates, and watches for loss.
 *
 * The caller says `batch`, hands over frames, says `estimate`; and says `tick` every few milliseconds.
 */
export class CaptureEngine {
  /** What is seen and not configured. */
  readonly discovery: Discovery;
  /** The streams of samples of this engine. */
  readonly streams: readonly StreamIntake[];
  /** These, and behind them the streams of synchrophasors. */
  readonly #intakes: readonly Intake[];
  readonly #out: RecordRing;
  readonly #recording: Recording | undefined;
  readonly #frame = new SvFrame();
  /** What was decoded last, of a frame or of a datagram. */
  #pdu: SvPdu = this.#frame.pdu;
  readonly #rejected = new Float64Array(REJECT_COUNT);
  readonly #table: Int16Array;
  readonly #mask: number;
  readonly #touched: Intake[] = [];
  readonly #isTouched: Uint8Array;
  #touchedCount = 0;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #bytes: Uint8Array | undefined;
  #nowMs = 0.5; // a fraction, so that the field is a double from the start
  #tickMs = NaN;
  readonly #log: EngineLog;
  #seconds = 0;
  #nanos = 0;
  #frames = 0;
  #octets = 0;
  #unknown = 0;
  #foreign = 0;
  #notes = NOTES_PER_TICK;

  /**
   * Makes an engine for the streams with `numbers` of an input, which writes to `out` and records what
   * `recording` says. Throws ConfigError for triggers that do not fit a stream.
   */
  constructor(
    options: SvInputOptions,
    numbers: readonly number[],
    out: RecordRing,
    recording?: RecordingOptions,
  ) {
    this.#out = out;
    this.discovery = new Discovery(nominalOf(options.streams));
    const devices = devicesOf(options), shared = new SharedInstants(), clocks = new LocalClocks();
    this.streams = numbers.map((n, place) =>
      new StreamIntake(options, n, place, devices, shared, clocks)
    );
    const protocol = options.udp ? "IEC TR 61850-90-5" : "IEC 61850-9-2";
    this.#recording = recording && new Recording(recording, this.streams, protocol, out);
    this.#intakes = [
      ...this.streams,
      // They come by UDP or of a file, where one Worker has all of them.
      ...options.synchrophasors.map((_, n) =>
        new SynchrophasorIntake(options, n, this.streams.length + n, devices)
      ),
    ];
    this.#log = new EngineLog(out, this.#intakes.length);
    this.#isTouched = new Uint8Array(this.#intakes.length);
    const size = 2 ** Math.ceil(Math.log2(4 * this.#intakes.length + 4));
    this.#table = new Int16Array(size).fill(-1);
    this.#mask = size - 1;
    this.#intakes.forEach(({ svId, address: { appid } }, i) => {
      let at = slotOf(svId, 0, svId.length, appid) & this.#mask;
      while (this.#table[at]! >= 0) at = (at + 1) & this.#mask;
      this.#table[at] = i;
    });
  }

  /** Frames follow, which are worked on at `nowMs` (monotonic). */
  batch(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#log.nowMs = nowMs;
  }

  /**
   * One Ethernet frame, from `start` up to `end` of `bytes`, which arrived at `seconds` and `nanos` of UTC.
   *
   * `tci` and `tpid` are the tag that the kernel took out, -1 for none.
   */
  ethernet(
    bytes: Uint8Array,
    start: number,
    end: number,
    tci: number,
    tpid: number,
    seconds: number,
    nanos: number,
  ): void {
    this.#frames++;
    this.#octets += end - start;
    const frame = this.#frame;
    const reason = frame.decode(bytes, start, end, tci, tpid);
    if (reason !== SvReject.None) {
      this.#rejected[reason]!++;
      this.#log.frame(reason, bytes, start, end, frame.pdu.faultOffset - start);
      return;
    }
    this.#seconds = seconds;
    this.#nanos = nanos;
    if (bytes !== this.#bytes) this.#look(bytes);
    const high = (bytes[start + 6]! << 8) | bytes[start + 7]!;
    const low = this.#view.getInt32(start + 8); // larger numbers would be objects
    this.#take(frame.pdu, frame.appid, frame.simulation, high, low, start, seconds, nanos);
  }

  /**
   * One APDU that did not come on Ethernet (routable sampled values), already decoded into `pdu`.
   *
   * `high` (16 bits) and `low` (32, signed) stand for the sender.
   */
  apdu(
    bytes: Uint8Array,
    pdu: SvPdu,
    appid: number,
    simulation: boolean,
    high: number,
    low: number,
    seconds: number,
    nanos: number,
  ): void {
    if (bytes !== this.#bytes) this.#look(bytes);
    this.#take(pdu, appid, simulation, high, low, -1, seconds, nanos);
  }

  /** A datagram of `octets` came; `reason` is why it was not taken, 0 for none. */
  datagram(octets: number, reason: number): void {
    this.#frames++;
    this.#octets += octets;
    if (reason === SvReject.None) return;
    this.#rejected[reason]!++;
    this.#log.datagram(reason, "datagram");
  }

  /** An APDU of a datagram was not taken. */
  rejectApdu(reason: number): void {
    this.#rejected[reason]!++;
    this.#log.datagram(reason, "APDU");
  }

  /** Makes the reports whose samples have come since the last call. */
  estimate(): void {
    for (let i = 0; i < this.#touchedCount; i++) {
      const stream = this.#touched[i]!;
      this.#isTouched[stream.place] = 0;
      stream.estimate(this.#out);
      if (stream.place < this.streams.length) this.#recording?.advance(stream.place);
    }
    this.#touchedCount = 0;
  }

  /** Does a little of what the recorder has to do, and sends what is ready; true if there is more to do. */
  work(): boolean {
    return this.#recording?.work() ?? false;
  }

  /** Takes what the gateway has sent. */
  obey(commands: RecordRing): void {
    const recording = this.#recording;
    if (recording) commands.read((view, at, length) => recording.take(view, at, length));
  }

  /** Ends what is being recorded with what is there; `work` sends it. */
  stop(): void {
    this.#recording?.stop();
  }

  /** True while event records wait for room on the link. */
  get isSending(): boolean {
    return this.#recording?.isSending ?? false;
  }

  /**
   * Lets time pass to `nowMs`; `drained` says that no frame waits that came before.
   *
   * Streams that stay away are told of, and their open windows are closed.
   */
  tick(nowMs: number, drained: boolean): void {
    const passed = Math.min(MAX_QUIET_MS, nowMs - this.#tickMs) || 0;
    this.#tickMs = nowMs;
    this.#log.nowMs = nowMs;
    this.#notes = NOTES_PER_TICK;
    if (!drained) return;
    for (let i = 0; i < this.#intakes.length; i++) {
      const stream = this.#intakes[i]!;
      if (stream.state === "waiting") continue;
      stream.quietMs += passed;
      if (stream.state === "live" && stream.quietMs > stream.lossMs) this.#lose(stream);
      let nanos = stream.arrivalNanos + Math.floor(stream.quietMs * 1e6);
      const carry = Math.floor(nanos / 1e9);
      nanos -= carry * 1e9;
      this.#notice(stream, stream.poll(stream.arrivalSeconds + carry, nanos));
      stream.estimate(this.#out);
      if (i < this.streams.length) this.#recording?.advance(i);
    }
  }

  /** Figures of each stream; the extremes of delays begin anew. */
  status(): StreamFigures[] {
    const recording = this.#recording;
    return this.#intakes.map((intake) => ({
      ...streamFigures(intake),
      ...(recording && intake.place < this.streams.length
        ? { recording: recording.figures(intake.place) }
        : {}),
    }));
  }

  /** What became of all frames. */
  totals(): EngineTotals {
    const rejected: Record<string, number> = {};
    this.#rejected.forEach((count, reason) => {
      if (count > 0) rejected[rejectWord(reason)] = count;
    });
    return {
      frames: this.#frames,
      bytes: this.#octets,
      rejected,
      unknown: this.#unknown,
      foreign: this.#foreign,
      unlisted: this.discovery.overflow,
      ...(this.#recording && { recording: this.#recording.totals() }),
    };
  }

  #take(
    pdu: SvPdu,
    appid: number,
    simulation: boolean,
    high: number,
    low: number,
    start: number,
    seconds: number,
    nanos: number,
  ): void {
    const bytes = this.#bytes!;
    this.#pdu = pdu;
    const { noASDU, svIdOffset, svIdLength } = pdu;
    for (let first = 0, end = 0; first < noASDU; first = end) {
      const stream = this.#find(bytes, svIdOffset[first]!, svIdLength[first]!, appid, start);
      end = first + 1;
      if (!stream) continue;
      while (end < noASDU && sameBytes(bytes, svIdOffset[end]!, svIdLength[end]!, stream.svId)) {
        end++;
      }
      const verdict = stream.admit(simulation, high, low, this.#nowMs);
      if (verdict === Admission.Drop) continue;
      if (verdict !== Admission.Take) this.#meetPublisher(stream, verdict, bytes, start);
      if (verdict === Admission.Other) continue;
      stream.arrivalSeconds = seconds;
      stream.arrivalNanos = nanos;
      stream.quietMs = 0;
      if (stream.state !== "live") this.#revive(stream);
      const notice = stream.accept(
        bytes,
        this.#view,
        pdu,
        first,
        end,
        seconds,
        nanos,
        simulation,
        this.#out,
      );
      if (notice !== 0) this.#notice(stream, notice);
      else stream.isMisconfigured = false;
      this.#touch(stream);
    }
  }

  #touch(stream: Intake): void {
    const at = stream.place;
    if (this.#isTouched[at] !== 0) return;
    this.#isTouched[at] = 1;
    this.#touched[this.#touchedCount++] = stream;
  }

  /** The stream of an ASDU; one that is not configured, or came the wrong way, was counted. */
  #find(
    bytes: Uint8Array,
    offset: number,
    length: number,
    appid: number,
    start: number,
  ): Intake | undefined {
    let isForeign = false;
    let at = slotOf(bytes, offset, length, appid) & this.#mask;
    for (let i = this.#table[at]!; i >= 0; at = (at + 1) & this.#mask, i = this.#table[at]!) {
      const stream = this.#intakes[i]!;
      const { address, destination } = stream;
      if (address.appid !== appid || !sameBytes(bytes, offset, length, stream.svId)) continue;
      if (start < 0) return stream;
      if (
        (address.vlan === undefined || address.vlan === Math.max(0, this.#frame.vid)) &&
        (destination === undefined || sameBytes(bytes, start, 6, destination))
      ) return stream;
      isForeign = true;
    }
    if (isForeign) {
      this.#foreign++;
      this.#log.foreign(bytes, offset, length, this.#frame.vid, start);
    } else {
      this.#unknown++;
      this.#log.unknown(bytes, offset, length, appid);
      // Discovery makes texts: it is shown a few, and each frame once, whatever the number of its ASDUs.
      if (this.#notes > 0 && start >= 0 && offset === this.#pdu.svIdOffset[0]) {
        this.#notes--;
        this.discovery.note(this.#frame, bytes, this.#seconds * 1e6 + this.#nanos / 1000);
      }
    }
    return undefined;
  }

  #lose(stream: Intake): void {
    stream.state = "lost";
    stream.losses++;
    this.#log.event(stream, "lost", { quietMs: Math.round(stream.quietMs) });
  }

  #revive(stream: Intake): void {
    const change = stream.state === "lost" ? "returned" : "live";
    stream.state = "live";
    this.#log.event(stream, change);
  }

  /** Another publisher, or the simulator, sends a stream. */
  #meetPublisher(stream: Intake, verdict: number, bytes: Uint8Array, start: number): void {
    if (verdict === Admission.Other) {
      this.#log.otherPublisher(stream, bytes, start);
      return;
    }
    const source = start >= 0 ? macText(bytes, start + 6) : "another sender";
    this.#log.event(stream, stream.isSimulated ? "simulated" : "publisher", { source });
  }

  #notice(stream: Intake, notice: number): void {
    if (notice === 0) return;
    if ((notice & StreamNotice.Lost) !== 0 && stream.place < this.streams.length) {
      this.#recording?.lost(stream.place);
    }
    if ((notice & (StreamNotice.Misconfigured | StreamNotice.WrongRate)) !== 0) {
      stream.isMisconfigured = true;
    }
    if ((notice & StreamNotice.ConfRev) !== 0) stream.confRevChanges++;
    this.#log.notice(stream, notice, this.#bytes!, this.#pdu); // a stream that notices has had frames
  }

  #look(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
}

function slotOf(bytes: Uint8Array, offset: number, length: number, appid: number): number {
  return (hashBytes(bytes, offset, length) ^ Math.imul(appid, 0x9e3779b1)) >>> 0;
}
