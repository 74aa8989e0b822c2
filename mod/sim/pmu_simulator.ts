/**
 * A simulated PMU (or a concentrator of several) behind real sockets.
 *
 * @module
 */
import {
  type Configuration,
  encodeConfiguration,
  encodeConfiguration3,
  encodeHeaderFrame,
  encodeRawData,
  FrameType,
  peekHeader,
  type ServedStream,
  ServerSession,
  STAT_CLOCK_BITS,
  statBitsOfClock,
  timeQualityOfClock,
} from "../c37118/mod.ts";
import { makeAccount, type StreamAccount } from "./account.ts";
import { type Endpoint, openEndpoint } from "./endpoint.ts";
import { type Fate, ImpairedPath, type OutgoingFrame } from "./impairment.ts";
import { type Block, GridModel, makeBlock } from "./model.ts";
import { makeSimDevice, type SimDevice, type SimDeviceOptions } from "./device.ts";
import type { PmuSimulatorOptions, SimWorld } from "./options.ts";
import type { Receiver } from "./receiver.ts";
import { StampClock } from "./stamp_clock.ts";

/** STAT bit 10 is held this long after a change of the configuration. */
const CHANGE_NOTICE_SECONDS = 60;

/** One simulated stream with one or more PMUs. */
export class PmuSimulator {
  /** What it did so far. */
  readonly account: StreamAccount;
  readonly #o: PmuSimulatorOptions;
  readonly #world: SimWorld;
  readonly #model: GridModel;
  readonly #path: ImpairedPath;
  readonly #stamps: StampClock;
  readonly #receivers = new Map<Receiver, ServerSession>();
  readonly #served: ServedStream;
  #devices: SimDevice[];
  #blocks: Block[];
  #configuration: Configuration;
  #endpoint: Endpoint | undefined;
  #removeTimer: (() => void) | undefined;
  /** Minute since 1970 in which the configuration was sent unasked last. */
  #announcedMinute = -Infinity;
  #changedSecond = -Infinity;
  #closed = false;

  /** Makes a simulator; nothing is opened before {@linkcode PmuSimulator.start}. */
  constructor(options: PmuSimulatorOptions, world: SimWorld) {
    if (!Number.isInteger(options.rate) || options.rate < 1 || options.rate > 240) {
      throw new RangeError(
        `Cannot simulate a PMU: expected a rate of 1 to 240, found ${options.rate}`,
      );
    }
    this.#o = options;
    this.#world = world;
    this.#model = new GridModel(options.model);
    this.#devices = options.devices.map(makeSimDevice);
    this.#blocks = this.#devices.map(makeBlock);
    this.#configuration = this.#configurationOf(FrameType.Config2);
    this.#served = this.#makeServed();
    this.#stamps = new StampClock(options);
    this.#path = new ImpairedPath(
      options.impairments ?? {},
      (options.model?.seed ?? 1) * 7919 + options.idCode,
      () => world.clock.monotonicMs(),
      (frame, bytes, fate) => this.#hand(frame, bytes, fate),
    );
    this.account = makeAccount(
      options.idCode,
      this.#devices.map((d) => ({ device: d.device, station: d.configuration.station })),
    );
  }

  /** Its PMUs in the order of the stream. */
  get devices(): readonly SimDevice[] {
    return this.#devices;
  }

  /** What decides its values. */
  get model(): GridModel {
    return this.#model;
  }

  /** Its configuration as CFG-2. */
  get configuration(): Configuration {
    return this.#configuration;
  }

  /** Port that commands are received on; 0 when there is none or it is not started. */
  get port(): number {
    return this.#endpoint?.port ?? 0;
  }

  /** Receivers that are connected or known now. */
  get receiverCount(): number {
    return this.#receivers.size;
  }

  /** Opens the sockets and begins to make frames; rejects when a socket cannot be opened. */
  async start(): Promise<void> {
    this.#endpoint = await openEndpoint(this.#o, this.#world.clock, {
      joined: (receiver) => this.#join(receiver),
      left: (receiver) => void this.#receivers.delete(receiver),
    });
    if (this.#closed) return this.#endpoint.close();
    this.#removeTimer = this.#world.scheduler.add(
      this.#o.rate,
      (second, index, missed) => this.#slot(second, index, missed),
      this.#o.catchUpSlots,
    );
  }

  /** Stops, sends what was handed over, closes every socket and frees everything; safe to call twice. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#removeTimer?.();
    this.#path.close();
    // What the account calls sent is not to be thrown away here.
    await Promise.all([...this.#receivers.keys()].map((receiver) => receiver.flushed()));
    for (const receiver of this.#receivers.keys()) receiver.close();
    this.#receivers.clear();
    const endpoint = this.#endpoint;
    this.#endpoint = undefined;
    await endpoint?.close();
  }

  /**
   * Changes the PMUs of the stream from the next frame on: CFGCNT of each grows by one, and STAT bit 10 is set for
   * 60 s. Receivers are not told in another way, as by the standard. The number of PMUs must stay.
   */
  reconfigure(devices: readonly SimDeviceOptions[]): void {
    if (devices.length !== this.#devices.length) {
      throw new RangeError(
        `Cannot change the PMUs: expected ${this.#devices.length} of them, found ${devices.length}`,
      );
    }
    this.#devices = devices.map((d, i) =>
      makeSimDevice({ ...d, cfgCnt: (this.#devices[i]!.configuration.cfgCnt + 1) & 0xffff })
    );
    this.#blocks = this.#devices.map(makeBlock);
    this.#configuration = this.#configurationOf(FrameType.Config2);
    this.#changedSecond = Math.floor(this.#world.clock.nowMicros() / 1e6);
  }

  /** The frames that answer a request for CFG-1, CFG-2 or CFG-3 now. */
  configurationFrames(type: number): Uint8Array[] {
    const prefix = { idCode: this.#o.idCode, soc: this.#soc(), version: this.#o.version ?? 1 };
    if (type === FrameType.Config3) {
      return encodeConfiguration3(this.#configurationOf(FrameType.Config3), prefix);
    }
    return [encodeConfiguration(this.#configuration, prefix, type)];
  }

  /** The data frame of a slot as it leaves an unimpaired simulator. */
  dataFrame(second: number, index: number): Uint8Array {
    return this.#make(second, index).bytes;
  }

  #configurationOf(type: number): Configuration {
    const three = type === FrameType.Config3;
    return {
      type,
      version: three ? 2 : this.#o.version ?? 1,
      idCode: this.#o.idCode,
      timeBase: this.#o.timeBase ?? 1_000_000,
      timeBaseFlags: 0,
      pmus: this.#devices.map((d) => three ? d.configuration3 : d.configuration),
      dataRate: this.#o.rate,
      trailing: 0,
    };
  }

  #soc(): number {
    return Math.floor(this.#world.clock.nowMicros() / 1e6);
  }

  #join(receiver: Receiver): ServerSession | undefined {
    if (this.#receivers.size >= (this.#o.maxReceivers ?? 16)) return undefined;
    const { account } = this;
    const started = this.#o.autoStart || this.#o.transport.kind === "udp-spontaneous";
    const session = new ServerSession(this.#served, {
      answer: (frame) => {
        const { type } = peekHeader(frame);
        if (type === FrameType.Header) account.headersSent++;
        else account.configurationsSent++;
        receiver.send(frame);
      },
      commanded: () => void account.commands++,
      refused: () => void account.commandsIgnored++,
    }, started);
    this.#receivers.set(receiver, session);
    account.receivers++;
    return session;
  }

  /** The stream as its clients see it; a mute one takes commands and says nothing. */
  #makeServed(): ServedStream {
    const o = this.#o;
    const prefix = () => ({ idCode: o.idCode, soc: this.#soc(), version: o.version ?? 1 });
    return {
      idCode: o.idCode,
      acceptAnyId: o.acceptAnyId ?? false,
      header: () =>
        o.mute ? undefined : encodeHeaderFrame(prefix(), o.header ?? "Simulated by Tieline"),
      configuration: (type) => {
        const known = type !== FrameType.Config3 || o.supportsConfiguration3 !== false;
        return known && !o.mute ? this.configurationFrames(type) : undefined;
      },
    };
  }

  #sendConfiguration(type: number, receiver: Receiver): void {
    for (const frame of this.configurationFrames(type)) {
      receiver.send(frame);
      this.account.configurationsSent++;
    }
  }

  #slot(second: number, index: number, missed: number): void {
    this.account.slotsMissed += missed;
    if (this.#o.mute) return;
    if (this.#o.transport.kind === "udp-spontaneous") {
      // The first slot of a minute may be one of those that a late wake-up missed.
      const minute = Math.floor(second / 60);
      if (minute !== this.#announcedMinute) {
        const type = this.#o.spontaneousConfiguration === 3 ? FrameType.Config3 : FrameType.Config2;
        for (const receiver of this.#receivers.keys()) this.#sendConfiguration(type, receiver);
        this.#announcedMinute = minute;
      }
    }
    this.account.framesMade++;
    // Without a receiver the frame is made for nobody.
    if (this.#o.onFrame === undefined && !this.#anyStarted()) return;
    this.#path.push(this.#make(second, index));
    this.account.reordered = this.#path.reordered;
  }

  #anyStarted(): boolean {
    for (const { started } of this.#receivers.values()) if (started) return true;
    return false;
  }

  #make(second: number, index: number): OutgoingFrame {
    const { rate } = this.#o;
    const stamp = this.#stamps.stampOf(second, index);
    const changed = second - this.#changedSecond;
    const notice = changed >= 0 && changed < CHANGE_NOTICE_SECONDS ? 0x0400 : 0;
    const report = this.#o.clockReport?.();
    const clockBits = report ? statBitsOfClock(report, this.#world.clock.nowMicros()) : 0;
    const modelBits = report ? ~STAT_CLOCK_BITS : ~0;
    for (let i = 0; i < this.#devices.length; i++) {
      const block = this.#blocks[i]!;
      this.#model.fill(block, this.#devices[i]!, second, index, rate);
      block.stat = (block.stat & modelBits) | clockBits | notice;
    }
    const timeQuality = report
      ? timeQualityOfClock(report, stamp.soc)
      : this.#model.timeQualityAt(this.#devices[0]?.device ?? 0, second);
    const prefix = {
      idCode: this.#o.idCode,
      soc: stamp.soc,
      fracSec: stamp.fracSec,
      timeQuality,
      version: this.#o.version ?? 1,
    };
    const bytes = encodeRawData(this.#configuration, prefix, this.#blocks);
    return { bytes, second, index, soc: stamp.soc, fracSec: stamp.fracSec, timeQuality };
  }

  #hand(frame: OutgoingFrame, bytes: Uint8Array, fate: Fate): void {
    let receivers = 0;
    if (fate === "lost") this.account.lost++;
    else {
      if (fate === "duplicate") this.account.duplicated++;
      for (const [receiver, { started }] of this.#receivers) {
        if (!started) continue;
        const dropped = receiver.send(bytes);
        receivers++;
        this.account.droppedFull += dropped;
        if (fate === "corrupt") this.account.corruptSent++;
        else this.#credit(1 - dropped);
      }
    }
    this.#o.onFrame?.({
      id: this.#o.idCode,
      devices: this.#devices.map((d) => d.device),
      second: frame.second,
      index: frame.index,
      rate: this.#o.rate,
      soc: frame.soc,
      fracSec: frame.fracSec,
      timeQuality: frame.timeQuality,
      fate,
      receivers,
    });
  }

  #credit(frames: number): void {
    this.account.framesSent += frames;
    for (let i = 0; i < this.#devices.length; i++) {
      const entry = this.account.devices[i]!;
      entry.framesSent += frames;
      entry.measurementsSent += frames * this.#devices[i]!.signalCount;
    }
  }
}
