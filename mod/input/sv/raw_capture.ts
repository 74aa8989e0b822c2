/**
 * Captures one interface on a thread of its own: ring, engine, discovery, and what the kernel counts.
 *
 * The thread waits in the kernel, never in the event loop; commands are looked at on every wake-up.
 *
 * @module
 */
import { messageOf } from "../../core/mod.ts";
import { type InterfaceState, PacketPoll, PacketRing, StampSource } from "../../os/mod.ts";
import { EtherType, macBytes, SvFrame, SvReject } from "../../sv/mod.ts";
import type { CaptureEngine } from "./engine.ts";
import type { SvInputOptions } from "./options.ts";
import type { RecordRing } from "./record_ring.ts";
import { RecordType } from "./records.ts";
import { rulesOf, type Shard } from "./shards.ts";

/** Longest wait in the kernel; streams are watched for loss this often. */
const TICK_MS = 4;
const SECOND_MS = 1000;
const STATE_MS = 250;
const REOPEN_MS = 500;
/** Blocks that are worked off before commands and streams are looked at again. */
const MAX_BLOCKS = 64;

// Discovery looks for a moment and rests, so that a storm of foreign frames costs next to nothing.
const LOOK_EVERY_MS = 5000, LOOK_MS = 300, LOOK_FRAMES = 2000;
const LOOK_BLOCK_BYTES = 16_384, LOOK_BLOCKS = 8;

/** Octets of the ring that looks for streams. */
export const DISCOVERY_RING_BYTES: number = LOOK_BLOCK_BYTES * LOOK_BLOCKS;

/** What the kernel and the interface say; JSON-safe. */
export interface CaptureFigures {
  /** Whether the interface carries frames; `closed` while it cannot be opened. */
  readonly state: InterfaceState | "closed";
  /** Why it cannot be opened. */
  readonly why?: string;
  /** Frames that passed the kernel's filter, those that were dropped included. */
  readonly packets: number;
  /** Frames that found no room in the ring. */
  readonly drops: number;
  /** How often the ring was full. */
  readonly freezes: number;
  /** Frames by who stamped them. */
  readonly stamps: {
    readonly kernel: number;
    readonly adapter: number;
    readonly unqualified: number;
  };
  /** Times that the interface went down or away. */
  readonly outages: number;
}

/** Captures until told to stop. Runs on a Worker. */
export class RawCapture {
  readonly #options: SvInputOptions;
  readonly #shard: Shard;
  readonly #engine: CaptureEngine;
  readonly #out: RecordRing;
  readonly #commands: RecordRing;
  readonly #lookFrame = new SvFrame();
  readonly #stamps = new Float64Array(3);
  readonly #adapterLead: number;
  #ring: PacketRing | undefined;
  #lookRing: PacketRing | undefined;
  #poll: PacketPoll | undefined;
  #state: InterfaceState | "closed" = "closed";
  #why: string | undefined;
  #outages = 0;
  // What rings that were closed had counted.
  #packets = 0;
  #drops = 0;
  #freezes = 0;
  #toldDrops = 0;
  #lookEndsMs = -Infinity;
  #nextLookMs = 0;
  #lookLeft = 0;

  /** Captures for `engine`, which writes to `out`; stops when `commands` say so. */
  constructor(
    options: SvInputOptions,
    shard: Shard,
    engine: CaptureEngine,
    out: RecordRing,
    commands: RecordRing,
  ) {
    this.#options = options;
    this.#shard = shard;
    this.#engine = engine;
    this.#out = out;
    this.#commands = commands;
    this.#adapterLead = options.adapterClock === "tai" ? options.taiOffset : 0;
  }

  /** Runs until it is told to stop; blocks its thread. */
  run(): void {
    let tickMs = 0, secondMs = 0, stateMs = 0, openMs = 0;
    while (!this.#commands.stopped) {
      let nowMs = performance.now();
      if (!this.#ring && nowMs >= openMs) {
        this.#open(nowMs);
        openMs = nowMs + REOPEN_MS;
      }
      const drained = this.#turn();
      this.#engine.obey(this.#commands);
      this.#engine.work();
      nowMs = performance.now();
      if (nowMs - tickMs >= TICK_MS) {
        tickMs = nowMs;
        this.#engine.tick(nowMs, drained);
        if (this.#lookRing) this.#look(nowMs);
      }
      if (this.#ring && (nowMs - stateMs >= STATE_MS || this.#poll?.hasError(0))) {
        stateMs = nowMs;
        this.#watch(nowMs);
      }
      if (nowMs - secondMs >= SECOND_MS) {
        secondMs = nowMs;
        this.#second();
      }
      this.#out.publish();
    }
    this.#close();
    this.#out.publish();
  }

  /** One wake-up: everything that is in the ring, or as much as is fair. True if nothing is left. */
  #turn(): boolean {
    const ring = this.#ring;
    if (!ring) {
      Atomics.wait(PAUSE, 0, 0, TICK_MS);
      return true;
    }
    if (!ring.openBlock()) this.#poll!.wait(TICK_MS);
    const engine = this.#engine;
    for (let blocks = 0; blocks < MAX_BLOCKS; blocks++) {
      if (!ring.openBlock()) return true;
      engine.batch(performance.now());
      while (ring.nextPacket()) {
        const source = ring.stampSource;
        this.#stamps[source]!++;
        const lead = source === StampSource.Adapter ? this.#adapterLead : 0;
        const { bytes, offset, length, tci, tpid, seconds, nanos } = ring;
        engine.ethernet(bytes, offset, offset + length, tci, tpid, seconds - lead, nanos);
      }
      ring.closeBlock();
      engine.estimate();
      this.#out.publish();
    }
    return false;
  }

  #open(nowMs: number): void {
    const options = this.#options;
    const streams = this.#shard.streams.map((i) => options.streams[i]!);
    const { blockBytes, retireMs } = options;
    // The schema has made sure that frames are captured on an interface.
    const name = options.interface!;
    const joins = options.join === "groups"
      ? streams.some((s) => s.destination === undefined)
        ? "all"
        : streams.map((s) => macBytes(s.destination!))
      : options.join;
    try {
      this.#ring = new PacketRing({
        interface: name,
        filter: { etherType: EtherType.SampledValues, rules: rulesOf(streams) },
        join: joins,
        blockBytes,
        blocks: Math.max(2, Math.floor(this.#shard.ringBytes / blockBytes)),
        retireMs,
        adapterStamps: options.stamps === "adapter",
      });
      this.#poll = new PacketPoll([this.#ring]);
      if (this.#shard.discovers) {
        this.#lookRing = new PacketRing({
          interface: name,
          filter: { etherType: EtherType.SampledValues, rules: [] },
          join: options.join === "promiscuous" ? "promiscuous" : "all",
          blockBytes: LOOK_BLOCK_BYTES,
          blocks: LOOK_BLOCKS,
          retireMs: 10,
        });
        this.#nextLookMs = nowMs;
      }
      this.#why = undefined;
      this.#enter(this.#ring.state());
    } catch (error) {
      this.#close();
      const why = messageOf(error);
      if (why !== this.#why) {
        this.#why = why;
        this.#out.write(RecordType.Complaint, { kind: "interface", message: why });
        this.#out.write(RecordType.Event, { interface: name, state: "closed", why });
      }
    }
  }

  #close(): void {
    const figures = this.#ring?.statistics();
    this.#packets += figures?.packets ?? 0;
    this.#drops += figures?.drops ?? 0;
    this.#freezes += figures?.freezes ?? 0;
    this.#ring?.close();
    this.#lookRing?.close();
    this.#ring = undefined;
    this.#lookRing = undefined;
    this.#poll = undefined;
  }

  #watch(nowMs: number): void {
    const state = this.#ring!.state();
    this.#enter(state);
    this.#lookRing?.state(); // takes the error away that waits there
    if (state === "gone") {
      this.#close();
      this.#why = undefined;
      this.#engine.tick(nowMs, true);
    }
  }

  #enter(state: InterfaceState): void {
    const before = this.#state;
    if (state === before) return;
    this.#state = state;
    if (before === "up") this.#outages++;
    const { interface: name } = this.#options;
    this.#out.write(RecordType.Event, { interface: name, state });
    if (state !== "up") {
      const message = state === "gone"
        ? `Interface ${name} is gone; it is opened again when it comes back`
        : `Interface ${name} is down`;
      this.#out.write(RecordType.Complaint, { kind: `interface ${state}`, message });
    }
  }

  #second(): void {
    const capture = this.#figures();
    if (capture.drops > this.#toldDrops) {
      this.#out.write(RecordType.Complaint, {
        kind: "kernelDrops",
        message:
          `The kernel dropped ${
            capture.drops - this.#toldDrops
          } frames for want of room in the ring; ` +
          "raise ringBytes or workers",
      });
      this.#toldDrops = capture.drops;
    }
    this.#out.write(RecordType.Status, {
      streams: this.#engine.status(),
      totals: this.#engine.totals(),
      capture,
      linkDropped: this.#out.dropped,
    });
    if (this.#shard.discovers) {
      this.#out.write(RecordType.Discovered, this.#engine.discovery.list(Date.now() * 1000));
    }
  }

  #figures(): CaptureFigures {
    const figures = this.#ring?.statistics();
    const [unqualified, kernel, adapter] = this.#stamps;
    return {
      state: this.#ring ? this.#state : "closed",
      ...(this.#why === undefined ? {} : { why: this.#why }),
      packets: this.#packets + (figures?.packets ?? 0),
      drops: this.#drops + (figures?.drops ?? 0),
      freezes: this.#freezes + (figures?.freezes ?? 0),
      stamps: { kernel: kernel!, adapter: adapter!, unqualified: unqualified! },
      outages: this.#outages,
    };
  }

  /** Opens the filter for a moment, notes what comes, and closes it again. */
  #look(nowMs: number): void {
    const ring = this.#lookRing!;
    const filter = (rules: ReturnType<typeof rulesOf>, inverted: boolean) =>
      ring.setFilter({ etherType: EtherType.SampledValues, rules, inverted });
    if (nowMs >= this.#nextLookMs) {
      this.#nextLookMs = nowMs + LOOK_EVERY_MS;
      this.#lookEndsMs = nowMs + LOOK_MS;
      this.#lookLeft = LOOK_FRAMES;
      filter(rulesOf(this.#options.streams), true);
    }
    const frame = this.#lookFrame;
    while (ring.openBlock()) {
      while (ring.nextPacket()) {
        if (this.#lookLeft-- <= 0) continue;
        const { bytes, offset, length } = ring;
        const reason = frame.decode(bytes, offset, offset + length, ring.tci, ring.tpid);
        if (reason !== SvReject.None) continue;
        this.#engine.discovery.note(frame, bytes, ring.seconds * 1e6 + ring.nanos / 1000);
      }
      ring.closeBlock();
    }
    if (this.#lookEndsMs > 0 && (nowMs >= this.#lookEndsMs || this.#lookLeft <= 0)) {
      this.#lookEndsMs = -Infinity;
      filter([], false);
    }
  }
}

const PAUSE = new Int32Array(new SharedArrayBuffer(4));
