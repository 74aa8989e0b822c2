/**
 * What is to be cut from a ring around triggers: a state machine over sample numbers.
 *
 * @module
 */
import { CaptureEvent, type TriggerCause } from "./capture_event.ts";
import { EventRate } from "./rate_limit.ts";

/** Events of one stream that may be open at once; a trigger that needs another is refused. */
const MAX_OPEN = 4;
/** How far ahead of the newest sample a window may begin, in seconds. */
const REACH_SECONDS = 60;

/** What a window is told, in samples. */
export interface WindowSettings {
  /** Samples per second. */
  readonly rate: number;
  /** Longest event. */
  readonly maxSamples: number;
  /** Longest piece; pieces end at whole multiples of it within each second, and at the whole second. */
  readonly pieceSamples: number;
  /** Events that may begin per minute. */
  readonly eventsPerMinute: number;
}

/** What became of a trigger. */
export type TriggerOutcome = "started" | "joined" | "limited" | "outOfReach";

/** Samples to be cut. */
export interface CapturePiece {
  /** The event that they belong to. */
  readonly event: CaptureEvent;
  /** First sample. */
  readonly from: number;
  /** One after the last sample; equal to `from` if the event ends without more. */
  readonly to: number;
  /** True if the event is complete with this piece. */
  readonly isLast: boolean;
  /** True if the piece goes before those that were handed out. */
  readonly isPrefix: boolean;
}

/** What became of all triggers. */
export interface WindowFigures {
  /** Triggers that were told. */
  readonly triggers: number;
  /** Events that they began. */
  readonly started: number;
  /** Triggers that fell into an event. */
  readonly joined: number;
  /** Triggers that were not followed, or not to their end, because of the rate or of open events. */
  readonly limited: number;
  /** Triggers whose window is too old or too far ahead. */
  readonly outOfReach: number;
  /** Events that are open. */
  readonly open: number;
  /** Samples of events that were overwritten before they were cut. */
  readonly lostSamples: number;
}

/**
 * Decides what is recorded of one stream.
 *
 * A trigger opens a window from before it to after it. A trigger inside an open window joins its
 * event and prolongs it up to the longest event; what needs more goes on in an event of its own that
 * begins where the first ends. Data are handed out in pieces as they come, so that the ring need not
 * hold an event.
 *
 * ```ts
 * import { CaptureWindow, type RecordedTrigger } from "./mod.ts";
 *
 * declare const told: RecordedTrigger;
 * const window = new CaptureWindow({
 *   rate: 4800,
 *   maxSamples: 144_000,
 *   pieceSamples: 2400,
 *   eventsPerMinute: 10,
 * });
 * window.trigger("id", { told, at: 9600, since: 9600 }, 4800, 19_200, 0, 9601);
 * for (let piece; (piece = window.take(0, 9601, false));) console.log(piece.from, piece.to);
 * ```
 */
export class CaptureWindow {
  readonly #settings: WindowSettings;
  readonly #rate: EventRate;
  #open: CaptureEvent[] = [];
  #triggers = 0;
  #started = 0;
  #joined = 0;
  #limited = 0;
  #outOfReach = 0;
  #lost = 0;

  /** A window without events. */
  constructor(settings: WindowSettings) {
    this.#settings = settings;
    this.#rate = new EventRate(settings.eventsPerMinute, settings.rate);
  }

  /** True if nothing is being captured. */
  get isIdle(): boolean {
    return this.#open.length === 0;
  }

  /** Identity of the open event that a trigger at sample `at` would join; undefined if there is none. */
  idAt(at: number): string | undefined {
    return this.#openAt(at)?.id;
  }

  /** Samples have come: another event may begin the sooner. */
  pass(samples: number): void {
    this.#rate.pass(samples);
  }

  /**
   * A trigger has fired: records from `pre` samples before its condition began to `post` samples
   * after it fired, in the event `id` if it begins one. The ring holds samples `first` to before `next`.
   */
  trigger(
    id: string,
    cause: TriggerCause,
    pre: number,
    post: number,
    first: number,
    next: number,
  ): TriggerOutcome {
    this.#triggers++;
    const { maxSamples, rate } = this.#settings;
    const end = cause.at + Math.max(1, post);
    const start = Math.max(Math.min(cause.since, cause.at) - pre, end - maxSamples);
    const event = this.#openAt(cause.at);
    if (event) {
      this.#prepend(event, start, first);
      this.#join(event, id, cause, end);
      this.#joined++;
      return "joined";
    }
    if (end <= first || start > next + REACH_SECONDS * rate) {
      this.#outOfReach++;
      return "outOfReach";
    }
    const begun = this.#begin(id, Math.max(start, first), end, undefined);
    if (!begun) return "limited";
    begun.short = Math.max(0, first - start);
    begun.add(cause);
    return "started";
  }

  /** The condition of a trigger lasts at sample `at`: its event goes on for `post` samples, up to its longest. */
  extend(at: number, post: number): void {
    const event = this.#openAt(at);
    if (!event) return;
    event.end = Math.max(event.end, Math.min(at + post, event.start + this.#settings.maxSamples));
  }

  /**
   * The next piece that can be cut of a ring that holds samples `first` to before `next`; undefined if
   * there is none. With `flush` whatever is there is cut, since the ring will be restarted.
   */
  take(first: number, next: number, flush: boolean): CapturePiece | undefined {
    for (const event of this.#open) {
      const piece = this.#prefixOf(event, first) ?? this.#pieceOf(event, first, next, flush);
      if (!piece) continue;
      if (piece.isLast) this.#open = this.#open.filter((e) => e !== event);
      return piece;
    }
    return undefined;
  }

  /**
   * The ring goes on with sample `k` where `next` was expected. `gone` samples were never received in
   * between: 0 if the clock was set, `k - next` if there was a gap. All pieces must have been taken
   * with `flush` before.
   */
  restart(next: number, k: number, gone: number): void {
    const moved = k - next - gone;
    for (const event of this.#open) {
      // What the caller did not take is gone with the ring.
      this.#lose(event, Math.max(0, Math.min(event.end, next) - event.cursor));
      const cursor = Math.max(event.cursor, next) + moved;
      event.start += moved;
      event.end += moved;
      event.missing += Math.max(0, Math.min(event.end, k) - cursor);
      event.cursor = Math.min(event.end, Math.max(k, cursor));
      this.#lose(event, event.prefixEnd - event.prefix);
      event.prefix = event.prefixEnd;
      event.jumps++;
    }
  }

  /** The record of an event is large enough: what is not cut yet goes on in another event, `id`. */
  split(event: CaptureEvent, id: string): void {
    const rest = new CaptureEvent(id, event.cursor, event.end, event.id);
    event.end = event.cursor;
    this.#open = this.#open.map((e) => (e === event ? rest : e));
    this.#started++;
  }

  /** Nothing more will come: events end before sample `next`. */
  stop(next: number): void {
    for (const event of this.#open) {
      const end = Math.min(event.end, Math.max(event.cursor, next));
      event.isCut ||= end < event.end;
      event.end = end;
    }
  }

  /** What became of all triggers. */
  figures(): WindowFigures {
    return {
      triggers: this.#triggers,
      started: this.#started,
      joined: this.#joined,
      limited: this.#limited,
      outOfReach: this.#outOfReach,
      open: this.#open.length,
      lostSamples: this.#lost,
    };
  }

  #openAt(at: number): CaptureEvent | undefined {
    return this.#open.findLast((e) => at >= e.start && at <= e.end);
  }

  #begin(
    id: string,
    start: number,
    end: number,
    continues: string | undefined,
  ): CaptureEvent | undefined {
    if (this.#open.length >= MAX_OPEN || !this.#rate.take()) {
      this.#limited++;
      return undefined;
    }
    this.#started++;
    const event = new CaptureEvent(id, start, end, continues);
    this.#open.push(event);
    return event;
  }

  /** A trigger in an event that has begun wants more of what was before it. */
  #prepend(event: CaptureEvent, start: number, first: number): void {
    const from = Math.max(start, first, event.end - this.#settings.maxSamples);
    if (from >= event.start || event.jumps > 0) return;
    if (event.cursor === event.start) event.cursor = from;
    else if (event.prefix === event.prefixEnd) {
      event.prefix = from;
      event.prefixEnd = event.start;
    } else return; // what is asked for is being cut
    event.start = from;
  }

  #join(event: CaptureEvent, id: string, cause: TriggerCause, end: number): void {
    event.add(cause);
    const longest = event.start + this.#settings.maxSamples;
    event.end = Math.max(event.end, Math.min(end, longest));
    if (end <= longest) return;
    const after = this.#open.find((e) => e.continues === event.id) ??
      this.#begin(id, event.end, event.end, event.id);
    if (after) this.#join(after, id, cause, end);
  }

  #prefixOf(event: CaptureEvent, first: number): CapturePiece | undefined {
    if (event.prefix === event.prefixEnd) return undefined;
    const from = Math.min(event.prefixEnd, Math.max(first, event.prefix));
    this.#lose(event, from - event.prefix);
    const to = Math.min(event.prefixEnd, this.#boundary(from));
    event.prefix = to;
    return from === to ? undefined : { event, from, to, isLast: false, isPrefix: true };
  }

  #pieceOf(
    event: CaptureEvent,
    first: number,
    next: number,
    flush: boolean,
  ): CapturePiece | undefined {
    const from = Math.min(event.end, Math.max(first, event.cursor));
    this.#lose(event, from - event.cursor);
    event.cursor = from;
    if (from >= event.end) return { event, from, to: from, isLast: true, isPrefix: false };
    let to = Math.min(event.end, this.#boundary(from));
    if (next < to) {
      if (!flush || next <= from) return undefined;
      to = next;
    }
    event.cursor = to;
    return { event, from, to, isLast: to === event.end, isPrefix: false };
  }

  #lose(event: CaptureEvent, samples: number): void {
    event.lost += samples;
    this.#lost += samples;
  }

  /** Where a piece that begins at `from` ends. */
  #boundary(from: number): number {
    const { rate, pieceSamples } = this.#settings;
    const second = Math.floor(from / rate) * rate;
    const pieces = Math.floor((from - second) / pieceSamples) + 1;
    return second + Math.min(rate, pieces * pieceSamples);
  }
}
