/**
 * Throttled delivery: the latest value of each signal, on a timer (specs/sttp.md 5.6).
 *
 * @module
 */
import { StateFlags } from "../core/mod.ts";
import { type DeliveryCounter, FilterReason } from "./publisher_books.ts";
import type { PublishedCache } from "./publisher_caches.ts";
import { LatestValues } from "./publisher_latest.ts";
import type { FrameLog, LoggedFrame } from "./publisher_log.ts";
import type { Plan, Plans } from "./publisher_plans.ts";
import { Reasonability } from "./publisher_reasonability.ts";
import { NOT_BOOKED, type PacketSender } from "./publisher_sender.ts";
import type { SubscriptionSettings } from "./publisher_settings.ts";

const MICROS = 1e6;
const NAN_BITS = 0x7fc00000;

/** Keeps latest values and publishes them; books a value as sent when it goes out for the first time. */
export class ThrottledDelivery {
  readonly #settings: SubscriptionSettings;
  readonly #books: DeliveryCounter;
  readonly #latest = new LatestValues();
  readonly #reasonability: Reasonability | undefined;
  #publishMs: number;

  /** Publishes first one period after `nowMs`. */
  constructor(settings: SubscriptionSettings, books: DeliveryCounter, nowMs: number) {
    this.#settings = settings;
    this.#books = books;
    this.#publishMs = nowMs + settings.throttleMs;
    this.#reasonability = settings.reasonable ? new Reasonability(settings.reasonable) : undefined;
  }

  /** Keeps the values that `plan` sends of a frame. */
  keep(frame: LoggedFrame, plan: Plan, log: FrameLog): void {
    const latest = this.#latest;
    const books = this.#books;
    const { handles } = frame.layout;
    const { words } = log;
    for (let i = 0; i < plan.positions.length; i++) {
      const position = plan.positions[i]!;
      const handle = handles[position]!;
      latest.reserve(handle + 1);
      const superseded = latest.put(
        handle,
        frame.ticksHi,
        frame.ticksLo,
        words[frame.flagsAt + position]!,
        words[frame.valuesAt + position]!,
        frame.arrivalSecond,
      );
      if (superseded >= 0) {
        books.queued(superseded * MICROS, -1);
        books.filtered(FilterReason.Throttled, superseded * MICROS, 1);
      }
    }
  }

  /** True once per period. */
  due(nowMs: number): boolean {
    if (nowMs < this.#publishMs) return false;
    const { throttleMs } = this.#settings;
    this.#publishMs += throttleMs * Math.ceil((nowMs - this.#publishMs + 1) / throttleMs);
    return true;
  }

  /** Sends all kept values that are permitted. */
  publish(cache: PublishedCache, plans: Plans, sender: PacketSender, nowMicros: number): void {
    const { signals } = cache.selection;
    this.#reasonability?.setNow(nowMicros);
    for (let index = 0; index < signals.length; index++) {
      const handle = signals[index]!.handle;
      if (!this.#latest.has(handle)) continue;
      if (!plans.permits(handle)) this.#forget(handle, FilterReason.Rights);
      else this.#send(handle, index, cache.cacheIndex, sender);
    }
    sender.flush();
  }

  /** Takes kept values out whose signals have left the subscription. */
  retain(plans: Plans): void {
    for (let handle = 0; handle < this.#latest.size; handle++) {
      if (plans.interestedIn(handle) || !this.#latest.has(handle)) continue;
      this.#forget(handle, FilterReason.Rights);
    }
  }

  /** Ends: what was never sent is dropped for `reason`. */
  end(reason: number): void {
    const latest = this.#latest;
    for (let handle = 0; handle < latest.size; handle++) {
      if (latest.isFresh(handle)) {
        const at = latest.seconds[handle]! * MICROS;
        this.#books.queued(at, -1);
        this.#books.dropped(reason, at, 1);
      }
      latest.clear(handle);
    }
  }

  #send(handle: number, index: number, cacheIndex: 0 | 1, sender: PacketSender): void {
    const latest = this.#latest;
    const hi = latest.ticksHi[handle]!, lo = latest.ticksLo[handle]!;
    let bits = latest.bits[handle]!, flags = latest.flags[handle]!;
    if (this.#reasonability && !this.#reasonability.holds(hi, lo)) {
      bits = NAN_BITS;
      flags = (flags | StateFlags.BadTime) >>> 0;
    }
    if (this.#settings.withoutNan && (bits & 0x7fffffff) > 0x7f800000) {
      this.#forget(handle, FilterReason.Nan);
      return;
    }
    const fresh = latest.isFresh(handle);
    sender.begin(cacheIndex, hi, lo, fresh ? latest.seconds[handle]! : NOT_BOOKED);
    sender.add(index, flags, bits);
    sender.flushIfLarge();
    if (!fresh) return;
    this.#books.queued(latest.seconds[handle]! * MICROS, -1);
    latest.markSent(handle);
  }

  #forget(handle: number, reason: number): void {
    const latest = this.#latest;
    if (latest.isFresh(handle)) {
      const at = latest.seconds[handle]! * MICROS;
      this.#books.queued(at, -1);
      this.#books.filtered(reason, at, 1);
    }
    latest.clear(handle);
  }
}
