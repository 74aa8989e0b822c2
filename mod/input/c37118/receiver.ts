/**
 * The receiving half of a C37.118 client: bytes in, frames out, everything counted. No I/O, no clock.
 *
 * @module
 */
import {
  type ClockReport,
  DecodeError,
  type FrameSink,
  type Instant,
  type Log,
  type SignalRegistry,
} from "../../core/mod.ts";
import {
  dataFrameSize,
  FrameType,
  type LentFrame,
  Notice,
  parseHeaderFrame,
  sameConfiguration,
} from "../../c37118/mod.ts";
import {
  type ClockVerdict,
  type Complaints,
  IngestLedger,
  InputStatistics,
  SourceClockWatch,
  withOwnClock,
} from "../../stats/mod.ts";
import { Drop, DROP_REASONS, emptyWireCounters, type WireCounters } from "./books.ts";
import { ConfigurationCollector, type ReceivedConfiguration } from "./configuration_collector.ts";
import { Channel, type ChannelErrors } from "./channel.ts";
import { ReceiverLog } from "./receiver_log.ts";
import { RecentStamps, StampOrder } from "./stamps.ts";
import {
  Change,
  followChanges,
  makePlan,
  sameStructure,
  type StreamOptions,
  type StreamPlan,
} from "./stream_plan.ts";

/** What a {@linkcode StreamReceiver} tells its owner. */
export interface ReceiverEvents {
  /** A data frame was accepted. */
  readonly onData: () => void;
  /** A configuration was accepted; `isNew` if it says something new and is to be kept. */
  readonly onConfiguration: (received: ReceivedConfiguration, isNew: boolean) => void;
  /** The configuration should be asked for, after `delayMs`. */
  readonly onWanted: (delayMs: number) => void;
  /** A header frame came. */
  readonly onHeader: () => void;
  /** Framing errors. */
  readonly onParseErrors: (count: number) => void;
}

/** What a {@linkcode StreamReceiver} is given. */
export interface ReceiverContext {
  /** Name of the input, for layouts. */
  readonly source: string;
  /** Gives out handles. */
  readonly registry: SignalRegistry;
  /** Takes the frames. */
  readonly sink: FrameSink;
  /** Where an operator reads. */
  readonly log: Log;
  /** What is known of the clock that arrivals are told by. */
  readonly clockReport?: (() => ClockReport | undefined) | undefined;
}

const REFRESH_AFTER_CHANGE_MS = 5000;
const MAX_HEADER_TEXT = 1000;
/** Changes of the configuration that are taken at once, and how often one is in the long run. */
const CHANGES_AT_ONCE = 10, CHANGE_EVERY_MS = 10_000;

/** Receives one stream, over any number of connections. */
export class StreamReceiver {
  /** Frames received = accepted + dropped, by reason. */
  readonly ledger = new IngestLedger(DROP_REASONS);
  /** The statistics by their common names. */
  readonly statistics: InputStatistics;
  /** Oddities of the wire. */
  readonly counters: WireCounters = emptyWireCounters();
  /** Text of the last header frame, shortened. */
  headerText: string | undefined;
  readonly #options: StreamOptions;
  readonly #context: ReceiverContext;
  readonly #events: ReceiverEvents;
  readonly #told: ReceiverLog;
  readonly #channels: Channel[] = [];
  readonly #collector: ConfigurationCollector;
  readonly #recent = new RecentStamps();
  readonly #order = new StampOrder();
  readonly #adjustSeconds: number;
  readonly #adjustNanos: number;
  #plan: StreamPlan | undefined;
  #watch: SourceClockWatch | undefined;
  #isTrusted = false;
  /** The source has another configuration, which was not taken: what is known would give its data wrong names. */
  #isOutdated = false;
  #nowMs = 0;
  #arrivalMicros = 0.5; // a fraction, so that the field is a double from the start
  #hasAnnounced = false;
  #changesLeft = CHANGES_AT_ONCE;
  #changedMs = 0;

  /** Makes a receiver that has not seen anything. */
  constructor(
    options: StreamOptions,
    context: ReceiverContext,
    events: ReceiverEvents,
    nowMs: number,
  ) {
    this.#options = options;
    this.#context = context;
    this.#events = events;
    this.statistics = new InputStatistics(nowMs);
    this.#told = new ReceiverLog(context.log, options.idCode);
    this.#collector = new ConfigurationCollector(options.draft6);
    // A clock in local time is ahead of UTC by its zone.
    const nanos = Math.round(options.timeAdjustMicros * 1000);
    this.#adjustSeconds = Math.floor(nanos / 1e9) - options.timeZone * 60;
    this.#adjustNanos = nanos - Math.floor(nanos / 1e9) * 1e9;
  }

  /** Errors that are logged once. */
  get complaints(): Complaints {
    return this.#told.complaints;
  }
  /** What the configuration in use means; undefined before one is known. */
  get plan(): StreamPlan | undefined {
    return this.#plan;
  }
  /** What is thought of the clock of the source; undefined before a configuration is known. */
  get clockVerdict(): ClockVerdict | undefined {
    return this.#watch && withOwnClock(this.#watch.verdict(), this.#context.clockReport?.());
  }
  /** What is known of the clock of the source; undefined before a configuration is known. */
  get clock(): SourceClockWatch | undefined {
    return this.#watch;
  }
  /** True while data frames are decoded; otherwise a configuration is waited for. */
  get isDecoding(): boolean {
    return this.#isTrusted && this.#plan !== undefined;
  }

  /** Opens a way for bytes. */
  channel(): Channel {
    const channel = new Channel({
      enter: (count, nowMs, arrivalMicros) => {
        this.#nowMs = nowMs;
        this.#arrivalMicros = arrivalMicros;
        this.statistics.bytes(count);
      },
      take: (frame) => this.#take(frame),
      errors: (errors) => this.#countErrors(errors),
    });
    this.#channels.push(channel);
    if (this.#plan) this.#expect(channel, this.#plan);
    return channel;
  }

  /** Begins to wait for a configuration: until one comes or `trust` is called, data are counted and dropped. */
  distrust(): void {
    this.#isTrusted = false;
    // What is known from an earlier connection is worth as much as what an earlier run has kept.
    if (this.#plan) this.#plan = { ...this.#plan, cached: true };
  }
  /** Decodes with what is known, cached or not; false if nothing is known. */
  trust(): boolean {
    this.#isTrusted = !this.#isOutdated;
    return this.#plan !== undefined && !this.#isOutdated;
  }

  /** Takes the configuration of an earlier run: its devices are registered, data are not decoded by it before `trust`. */
  useCache(received: ReceivedConfiguration): void {
    if (!this.#plan) this.#adopt(received, true);
  }

  /** Ends intervals of the statistics and sums up complaints; to be called about once a second. */
  advance(nowMs: number): void {
    this.statistics.advance(nowMs);
    this.#told.complaints.flush(nowMs);
    this.counters.discardedFragments = this.#collector.discarded;
  }

  /** Takes the devices out of the registry. */
  unregister(): void {
    for (const { device } of this.#plan?.registered.layout.devices ?? []) {
      this.#context.registry.unregister(device);
    }
  }

  #take(frame: LentFrame): void {
    switch (frame.type) {
      case FrameType.Data:
        this.#takeData(frame);
        break;
      case FrameType.Config1:
      case FrameType.Config2:
      case FrameType.Config3:
        this.statistics.configurationFrame();
        this.#takeConfiguration(frame);
        break;
      case FrameType.Header:
        this.statistics.headerFrame();
        this.#takeHeader(frame);
        break;
      default:
        this.statistics.otherFrame();
        this.counters.unexpectedCommand++;
    }
  }

  #takeData(lent: LentFrame): void {
    const { bytes, view, offset, size } = lent;
    const arrival = this.#arrivalMicros;
    const plan = this.#plan;
    this.ledger.received(arrival);
    if (this.#options.checkIdCode && lent.idCode !== this.#options.idCode) {
      this.#told.wrongId(lent.idCode, this.#nowMs);
      return this.#drop(Drop.WrongId);
    }
    if (plan === undefined || !this.#isTrusted) return this.#drop(Drop.NoConfig);
    const { decoder, frame } = plan;
    if (size === decoder.size) plan.isExact = true;
    else if (size < decoder.size || lent.fit === "mismatch" || plan.isExact) {
      this.#told.wrongSize(size, decoder.size, this.#nowMs);
      this.#drop(Drop.SizeMismatch);
      this.#events.onWanted(0);
      return;
    } else this.counters.padded++;
    if (this.#recent.isCopy(view, offset, size, this.#nowMs)) return this.#drop(Drop.Duplicate);
    const notices = decoder.decode(bytes, view, offset, size, frame);
    if (this.#adjustSeconds !== 0 || this.#adjustNanos !== 0) this.#adjust(frame.instant);
    frame.arrivalMicros = arrival;
    if (this.#order.isBehind(frame.instant)) {
      this.counters.outOfOrder++;
      this.statistics.outOfOrder();
    }
    this.statistics.dataFrame(frame, this.#nowMs);
    if (this.#watch!.add(frame.instant, arrival)) this.#told.clock(this.clockVerdict!);
    if (plan.cached) this.counters.byCachedConfiguration++;
    try {
      this.#context.sink.accept(frame);
      this.ledger.accepted(arrival);
    } catch (error) {
      this.ledger.dropped(Drop.Refused, arrival);
      this.#complain("refused", `A frame was refused by the gateway: ${String(error)}`);
    }
    if (notices !== Notice.None) this.#notice(notices, plan);
    else if (this.#hasAnnounced) this.#watchChanges(plan);
    this.#events.onData();
  }

  #drop(reason: number): void {
    this.statistics.otherFrame();
    this.ledger.dropped(reason, this.#arrivalMicros);
  }

  #adjust(instant: Instant): void {
    instant.seconds += this.#adjustSeconds;
    instant.nanos += this.#adjustNanos;
    if (instant.nanos >= 1e9) {
      instant.nanos -= 1e9;
      instant.seconds++;
    }
  }

  #notice(notices: number, plan: StreamPlan): void {
    if ((notices & Notice.Filler) !== 0) this.counters.fillerFrames++;
    if ((notices & Notice.TimeOverflow) !== 0) {
      this.counters.timeOverflow++;
      this.#complain("timeOverflow", "The fraction of a second is at or above TIME_BASE");
    }
    if ((notices & Notice.FrequencyMode) !== 0) this.#told.frequencyMode(plan);
    if ((notices & Notice.ConfigChange) !== 0 || this.#hasAnnounced) this.#watchChanges(plan);
  }

  /** Asks for the configuration when STAT bit 10 rises, and again a while after it falls. */
  #watchChanges(plan: StreamPlan): void {
    const seen = followChanges(plan);
    if ((seen & Change.Rose) !== 0) {
      this.counters.announcedChanges++;
      this.#events.onWanted(0);
    }
    if ((seen & Change.Fell) !== 0) this.#events.onWanted(REFRESH_AFTER_CHANGE_MS);
    this.#hasAnnounced = (seen & Change.Held) !== 0;
  }

  #takeConfiguration(lent: LentFrame): void {
    const { configuration: wanted, checkIdCode, idCode } = this.#options;
    if (checkIdCode && lent.idCode !== idCode) {
      this.counters.ignoredConfigurations++;
      return this.#told.wrongId(lent.idCode, this.#nowMs);
    }
    const isFirst = lent.type === FrameType.Config1;
    const heldIsFirst = this.#plan?.configuration.type === FrameType.Config1;
    if (wanted === "cfg1" ? !isFirst && heldIsFirst : isFirst) {
      this.counters.ignoredConfigurations++;
      return;
    }
    let received: ReceivedConfiguration | undefined;
    try {
      received = this.#collector.add(
        lent.bytes.subarray(lent.offset, lent.offset + lent.size),
        this.#nowMs,
      );
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.counters.configError++;
      return this.#complain("configError", error.message);
    }
    if (received) this.#adopt(received, false);
  }

  #adopt(received: ReceivedConfiguration, cached: boolean): void {
    const { configuration } = received;
    const before = this.#plan;
    // A CFG-2 that comes once a minute must not push aside the CFG-3 that says the same and more.
    const isLesser = before?.configuration.type === FrameType.Config3 &&
      configuration.type !== FrameType.Config3 &&
      sameStructure(before.configuration, configuration);
    const isSame = before !== undefined && sameConfiguration(before.configuration, configuration);
    if (before && (isLesser || isSame)) {
      if (isLesser) this.counters.ignoredConfigurations++;
      else this.counters.sameConfigurations++;
      this.#plan = { ...before, cached: before.cached && cached, isExact: false };
    } else if (before && !this.#mayChange()) return;
    else this.#swap(received, cached, before);
    this.#isOutdated = false;
    if (cached) return;
    this.#isTrusted = true;
    this.#events.onConfiguration(received, !isLesser && !isSame);
  }

  /** False for a configuration that comes too soon after others, or whose names are too many new ones. */
  #mayChange(): boolean {
    const earned = (this.#nowMs - this.#changedMs) / CHANGE_EVERY_MS;
    this.#changedMs = this.#nowMs;
    this.#changesLeft = Math.min(CHANGES_AT_ONCE, this.#changesLeft + earned);
    if (this.#changesLeft >= 1 && this.#context.registry.hasRoom) {
      this.#changesLeft--;
      return true;
    }
    this.counters.ignoredConfigurations++;
    this.#isOutdated = true;
    this.#isTrusted = false;
    if (this.#changesLeft >= 1) {
      this.#complain(
        "noRoom",
        "A new configuration was not taken, and no data until the former comes again: too many signals have " +
          "come and gone since the start of the gateway",
      );
    } else {
      this.#complain(
        "changesTooOften",
        `A new configuration was not taken, and no data until one is: they change more often than every ${
          CHANGE_EVERY_MS / 1000
        } s`,
      );
      this.#events.onWanted(CHANGE_EVERY_MS);
    }
    return false;
  }

  #swap(received: ReceivedConfiguration, cached: boolean, before: StreamPlan | undefined): void {
    const { source, registry } = this.#context;
    const { configuration } = received;
    const plan = makePlan(source, configuration, cached, this.#options, registry, before);
    const { layout, types } = plan.registered;
    this.#plan = plan;
    this.#hasAnnounced = plan.changing.includes(1);
    for (const channel of this.#channels) {
      if (before) channel.forget(before.configuration.idCode);
      this.#expect(channel, plan);
    }
    this.statistics.configure(layout, types);
    if (!this.#watch || before?.registered.layout.framesPerSecond !== layout.framesPerSecond) {
      const { plausibleDelayMs } = this.#options;
      this.#watch = new SourceClockWatch(layout.framesPerSecond, { plausibleDelayMs });
      this.#told.newClock();
    }
    if (!cached) {
      this.counters.newConfigurations++;
      if (before) this.statistics.configurationChanged();
    }
    this.#told.configuration(plan);
  }

  #expect(channel: Channel, { configuration, registered }: StreamPlan): void {
    channel.expect(
      configuration.idCode,
      dataFrameSize(configuration),
      registered.layout.framesPerSecond,
    );
  }

  #takeHeader(lent: LentFrame): void {
    let text: string;
    try {
      ({ text } = parseHeaderFrame(lent.bytes.subarray(lent.offset, lent.offset + lent.size)));
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return this.#complain("header", error.message);
    }
    this.headerText = text.slice(0, MAX_HEADER_TEXT);
    this.#events.onHeader();
  }

  #countErrors({ crc, resync, badLength, badType, skippedBytes }: ChannelErrors): void {
    this.counters.skippedBytes += skippedBytes;
    this.counters.resync += resync;
    this.counters.badLength += badLength;
    this.counters.badType += badType;
    for (let i = 0; i < crc; i++) this.statistics.crcError();
    if (crc > 0) {
      this.ledger.received(this.#arrivalMicros, crc);
      this.ledger.dropped(Drop.Crc, this.#arrivalMicros, crc);
      this.#complain("crc", "A frame with a wrong CHK was dropped");
    }
    const others = resync + badLength + badType;
    // Noise in which nothing looks like a frame skips bytes without any other error.
    if (others > 0 || (crc === 0 && skippedBytes > 0)) {
      this.#complain("framing", "Bytes that are no frame were skipped");
    }
    if (crc + others > 0) this.#events.onParseErrors(crc + others);
  }

  #complain(kind: string, message: string): void {
    this.#told.complain(kind, message, this.#nowMs);
  }
}
