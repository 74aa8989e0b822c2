/**
 * One subscription of a publisher's session: what is sent, when, and what becomes of the rest.
 *
 * Rights are enforced here, at the encoder's input: plans hold only what is permitted at the moment
 * of encoding, so queued frames are checked too, whatever cache the subscriber has confirmed.
 *
 * @module
 */
import type { Layout } from "../core/mod.ts";
import { type BaseTimeOffsets, noBaseTimes } from "./base_times.ts";
import type { BlockAddress } from "./publisher_blocks.ts";
import { BaseTimeRotation } from "./publisher_base_times.ts";
import { DropReason, FilterReason } from "./publisher_books.ts";
import {
  CacheHandover,
  type PreparedSelection,
  type PublishedCache,
  sameSelection,
  type Selection,
} from "./publisher_caches.ts";
import { type FrameCursor, type FrameLogReader, makeLoggedFrame } from "./publisher_log.ts";
import { CompactPackets, TsscPackets } from "./publisher_packets.ts";
import { type Plan, Plans } from "./publisher_plans.ts";
import { Reasonability } from "./publisher_reasonability.ts";
import { type PacketOutput, PacketSender } from "./publisher_sender.ts";
import type { SubscriptionSettings } from "./publisher_settings.ts";
import { ThrottledDelivery } from "./publisher_throttle.ts";
import type { PublisherSessionOptions } from "./publisher_types.ts";
import type { MeasurementRun } from "./tssc_encoder.ts";

/** What a subscription needs of its session. */
export interface SubscriptionOutput extends PacketOutput {
  /** Sends a signal index cache. */
  cache(cache: PublishedCache, content: Uint8Array): void;
  /** Sends a change of base times. */
  baseTimes(times: BaseTimeOffsets): void;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const MICROS = 1e6;
/** How long datagrams may be on their way, in milliseconds. */
export const DATAGRAM_LIFE_MS = 1000;

/** What a subscription must know of those before it on its connection. */
export interface EarlierCaches {
  /** Index of the newest cache that was sent. */
  readonly lastIndex: 0 | 1;
  /** Until when the other slot is not to be used; -Infinity before the first cache for datagrams. */
  readonly releaseMs: number;
  /** Until when datagrams of an earlier subscription may be on their way. */
  readonly datagramsUntilMs: number;
}

/** One subscription, from the Subscribe command to its end. */
export class PublisherSubscription implements FrameLogReader {
  /** Caches and their hand-over. */
  readonly caches: CacheHandover;
  /** How data are sent. */
  readonly settings: SubscriptionSettings;
  /** What was sent. */
  readonly sender: PacketSender;
  /** Until when no cache may be sent, for datagrams on their way; -Infinity before the first. */
  releaseMs: number;
  /** Times that the subscriber fell further behind than its queue. */
  overruns = 0;
  /** Frames that were passed over for a newer one of the same layout. */
  superseded = 0;
  readonly #options: PublisherSessionOptions;
  readonly #out: SubscriptionOutput;
  readonly #cursor: FrameCursor;
  readonly #plans = new Plans();
  readonly #frame = makeLoggedFrame();
  readonly #run: Writable<MeasurementRun>;
  readonly #baseTimes: BaseTimeRotation | undefined;
  readonly #throttle: ThrottledDelivery | undefined;
  /** While catching up: the number in the queue of the newest frame, by layout. */
  readonly #newest = new Map<number, number>();
  #behind = false;
  readonly #datagramsUntilMs: number;
  #rightsVersion = NaN;

  /** Joins the log; `propose` then sends the first cache. */
  constructor(
    options: PublisherSessionOptions,
    settings: SubscriptionSettings,
    out: SubscriptionOutput,
    nowMs: number,
    before: EarlierCaches,
  ) {
    this.#options = options;
    this.settings = settings;
    this.#out = out;
    this.caches = new CacheHandover(
      (cache, content) => out.cache(cache, content),
      before.lastIndex,
    );
    this.releaseMs = before.releaseMs;
    this.#datagramsUntilMs = before.datagramsUntilMs;
    this.caches.held = nowMs < before.releaseMs;
    this.#throttle = settings.throttleMs > 0
      ? new ThrottledDelivery(settings, options.books, nowMs)
      : undefined;
    this.#baseTimes = settings.baseTimes
      ? new BaseTimeRotation(settings.millisecondResolution, nowMs)
      : undefined;
    const writer = settings.tssc ? new TsscPackets() : new CompactPackets({
      includeTime: settings.includeTime,
      millisecondResolution: settings.millisecondResolution,
      baseTimes: this.#baseTimes?.offsets ?? noBaseTimes(),
    }, settings.maxDataBytes);
    this.sender = new PacketSender(writer, out, options.books);
    const nothing = new Int32Array(0);
    this.#run = {
      words: options.log.ints,
      valuesAt: 0,
      flagsAt: 0,
      positions: nothing,
      indexes: nothing,
    };
    this.#cursor = options.log.attach(this, options.queueBytes);
  }

  /** Frames that wait. */
  get queuedFrames(): number {
    return this.#cursor.behindFrames;
  }

  /** Bytes of the log that wait. */
  get queuedBytes(): number {
    return this.#cursor.behindBytes;
  }

  /** True if the newest cache, sent or waiting to be, is that of `selection`. */
  has(selection: Selection): boolean {
    const { newest } = this.caches;
    return newest !== undefined && sameSelection(newest.selection, selection);
  }

  /** Wants a cache for a selection. */
  propose(prepared: PreparedSelection): void {
    if (this.caches.propose(prepared, this.settings.singleCache)) this.sender.reset();
    this.#updateInterest();
  }

  /** The subscriber has confirmed a cache; data follow the new one from now on. */
  confirm(nowMs: number): void {
    const untilMs = this.settings.udp ? nowMs + DATAGRAM_LIFE_MS : this.#datagramsUntilMs;
    if (this.caches.next && nowMs < untilMs) {
      // The next cache takes the slot of the last one: not while datagrams may still refer to that.
      this.caches.held = this.releaseMs !== -Infinity;
      this.releaseMs = this.caches.held ? untilMs : nowMs;
    }
    if (!this.caches.confirm()) return;
    this.sender.reset();
    this.#updateInterest();
  }

  /** True if the subscription is about a signal. */
  interestedIn(handle: number): boolean {
    return this.#plans.interestedIn(handle);
  }

  /** Where a buffer block of a signal may go under the rights and the cache of this moment. */
  routeBlock(handle: number): BlockAddress | "never" | "later" {
    if (this.#options.rights.version !== this.#rightsVersion) this.#takeRights();
    if (!this.#plans.interestedIn(handle) || !this.#plans.permits(handle)) return "never";
    const signalIndex = this.#plans.indexOf(handle);
    const cacheIndex = this.caches.current?.cacheIndex;
    return signalIndex < 0 || cacheIndex === undefined ? "later" : { cacheIndex, signalIndex };
  }

  /** A frame is in the log. */
  offered(layout: Layout, second: number): void {
    const count = this.#plans.offered(layout);
    const { books } = this.#options;
    const at = second * MICROS;
    if (count > 0) books.offered(at, count);
    if (this.caches.current) {
      if (count > 0) books.queued(at, count);
      return;
    }
    if (count > 0) books.filtered(FilterReason.NoCache, at, count);
    this.#cursor.skipAll();
  }

  /** A queued frame was overwritten. */
  lost(layout: Layout, second: number): void {
    if (!this.#behind) {
      this.#behind = true;
      this.overruns++;
    }
    this.#dropQueued(layout, second, DropReason.Slow);
  }

  /** A frame was too large for the log. */
  refused(layout: Layout, second: number): void {
    const count = this.#plans.offered(layout);
    this.#options.books.offered(second * MICROS, count);
    this.#options.books.dropped(DropReason.Oversize, second * MICROS, count);
  }

  /**
   * Encodes what waits, until `roomBytes` bytes are reached or nothing is left; returns the bytes sent.
   *
   * Frames of the log are not divided: the one that reaches the room is still sent whole.
   */
  pump(roomBytes: number): number {
    if (this.#options.rights.version !== this.#rightsVersion) this.#takeRights();
    const { sender } = this;
    const before = sender.bytes;
    const frame = this.#frame;
    if (this.#throttle) {
      while (this.#cursor.peek(frame)) this.#keepFrame(this.#throttle);
      return 0;
    }
    const newest = this.#behind && this.#options.slow === "latest" && roomBytes > 0
      ? this.#findNewest()
      : undefined;
    for (let i = 0; sender.bytes - before < roomBytes && this.#cursor.peek(frame); i++) {
      if (newest && newest.get(frame.layout.id) !== i) this.#passOver();
      else this.#encodeFrame(this.#plans.planFor(frame.layout));
      sender.flushIfLarge();
    }
    sender.flush();
    if (this.#cursor.behindFrames === 0) this.#behind = false;
    return sender.bytes - before;
  }

  /** Does what is due: rotates base times, and sends what a throttled subscription has kept. */
  tick(nowMs: number, nowMicros: number, roomBytes: number): void {
    this.#rotateBaseTimes(nowMs, nowMicros);
    if (this.caches.held && nowMs >= this.releaseMs) this.caches.release();
    if (!this.#throttle?.due(nowMs)) return;
    this.pump(0);
    const { current } = this.caches;
    if (current && roomBytes > 0) {
      this.#throttle.publish(current, this.#plans, this.sender, nowMicros);
    }
  }

  /** Ends the subscription; what is queued is dropped for `reason`. */
  end(reason: number): void {
    this.#cursor.forEach((layout, second) => this.#dropQueued(layout, second, reason));
    this.#cursor.detach();
    this.#throttle?.end(reason);
  }

  #takeRights(): void {
    const { rights } = this.#options;
    this.#rightsVersion = rights.version;
    this.#plans.setPermitted(rights.permitted());
  }

  /** The subscription is about the cache in use and all that may follow it. */
  #updateInterest(): void {
    const { current, next, newest } = this.caches;
    const { books } = this.#options;
    this.#plans.setCache(current, [current, next, newest], (joinedAndLeft) => {
      this.#cursor.forEach((layout, second) => {
        const [joined, left] = joinedAndLeft(layout);
        const at = second * MICROS;
        books.offered(at, joined);
        books.queued(at, joined - left);
        books.filtered(FilterReason.Rights, at, left);
      });
    });
    this.#throttle?.retain(this.#plans);
  }

  #dropQueued(layout: Layout, second: number, reason: number): void {
    const count = this.#plans.offered(layout);
    if (count === 0) return;
    this.#options.books.queued(second * MICROS, -count);
    this.#options.books.dropped(reason, second * MICROS, count);
  }

  #findNewest(): ReadonlyMap<number, number> {
    const newest = this.#newest;
    newest.clear();
    let i = 0;
    this.#cursor.forEach((layout) => newest.set(layout.id, i++));
    return newest;
  }

  /** Takes the frame that was peeked at without sending it: a newer one of its layout waits. */
  #passOver(): void {
    this.superseded++;
    this.#dropQueued(this.#frame.layout, this.#frame.arrivalSecond, DropReason.Slow);
    this.#cursor.advance();
  }

  /** Encodes the frame that was peeked at, takes it and books it. */
  #encodeFrame(plan: Plan): void {
    const { sender } = this;
    const { ticksHi, ticksLo, arrivalSecond } = this.#frame;
    const { length } = plan.positions;
    const cache = this.caches.current;
    let nan = 0;
    if (cache && length > 0) {
      sender.begin(cache.cacheIndex, ticksHi, ticksLo, arrivalSecond);
      if (this.settings.withoutNan) nan = this.#addNumbers(plan);
      else sender.addRun(this.#runOf(plan), length);
    }
    if (plan.offered > 0) {
      const { books } = this.#options;
      const at = arrivalSecond * MICROS;
      books.queued(at, -plan.offered);
      if (nan > 0) books.filtered(FilterReason.Nan, at, nan);
      this.#bookWithheld(plan, at);
    }
    this.#cursor.advance();
  }

  /** Adds the values of the frame that was peeked at which are numbers; returns how many are not. */
  #addNumbers({ positions, indexes }: Plan): number {
    const { ints } = this.#options.log;
    const { valuesAt, flagsAt } = this.#frame;
    let nan = 0;
    for (let i = 0; i < positions.length; i++) {
      const position = positions[i]!;
      const bits = ints[valuesAt + position]!;
      if ((bits & 0x7fffffff) > 0x7f800000) nan++;
      else this.sender.add(indexes[i]!, ints[flagsAt + position]!, bits);
    }
    return nan;
  }

  /** The frame that was peeked at as a run; lent until the next call. */
  #runOf({ positions, indexes }: Plan): MeasurementRun {
    const run = this.#run, { valuesAt, flagsAt } = this.#frame;
    run.valuesAt = valuesAt;
    run.flagsAt = flagsAt;
    run.positions = positions;
    run.indexes = indexes;
    return run;
  }

  /** Moves the frame that was peeked at from the log to the kept values. */
  #keepFrame(throttle: ThrottledDelivery): void {
    const plan = this.#plans.planFor(this.#frame.layout);
    if (plan.offered > 0) {
      const at = this.#frame.arrivalSecond * MICROS;
      this.#options.books.queued(at, -(plan.withheld + plan.uncached));
      this.#bookWithheld(plan, at);
      throttle.keep(this.#frame, plan, this.#options.log);
    }
    this.#cursor.advance();
  }

  #bookWithheld(plan: Plan, at: number): void {
    const { books } = this.#options;
    if (plan.withheld > 0) books.filtered(FilterReason.Rights, at, plan.withheld);
    if (plan.uncached > 0) books.filtered(FilterReason.NoCache, at, plan.uncached);
  }

  #rotateBaseTimes(nowMs: number, nowMicros: number): void {
    const times = this.#baseTimes;
    if (!times || !times.due(nowMs)) return;
    if (this.settings.localClock) {
      const now = Reasonability.ticksOf(nowMicros);
      times.rotate(now.hi, now.lo, nowMs);
    } else {
      if (this.sender.ticksHi === 0) return; // nothing was published, so the real time is unknown
      times.rotate(this.sender.ticksHi, this.sender.ticksLo, nowMs);
    }
    this.#out.baseTimes(times.offsets);
  }
}
