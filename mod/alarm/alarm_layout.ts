/**
 * The alarms that look at the frames of one layout.
 *
 * @module
 */
import type { Frame, Instant } from "../core/mod.ts";
import type { AlarmWatch } from "./alarm_watch.ts";

/** One value of the layout that an alarm looks at. */
export interface WatchedPlace {
  /** Place of the value in the frame. */
  readonly place: number;
  /** Number that the alarm knows its signal by. */
  readonly slot: number;
}

/** Takes what alarms find. */
export interface AlarmLayoutSink {
  /**
   * An alarm was raised or cleared for some signal of a frame with this stamp, which is lent; once per frame and
   * alarm.
   */
  changed(watch: AlarmWatch, at: Readonly<Instant>): void;
}

/** Hands the values of lent frames to the alarms that watch them. Nothing is allocated per frame. */
export class AlarmLayout {
  readonly #sink: AlarmLayoutSink;
  readonly #groups: {
    readonly watch: AlarmWatch;
    readonly places: Int32Array;
    readonly slots: Int32Array;
  }[];

  /** Alarms with the places that each looks at; those without any are left out. */
  constructor(
    watched: readonly (readonly [AlarmWatch, readonly WatchedPlace[]])[],
    sink: AlarmLayoutSink,
  ) {
    this.#sink = sink;
    this.#groups = watched.filter(([, places]) => places.length > 0).map(([watch, places]) => ({
      watch,
      places: Int32Array.from(places, ({ place }) => place),
      slots: Int32Array.from(places, ({ slot }) => slot),
    }));
  }

  /** Looks at a lent frame of the layout. */
  accept(frame: Frame): void {
    for (let g = 0; g < this.#groups.length; g++) {
      const { watch, places, slots } = this.#groups[g]!;
      if (watch.takeFrame(frame, places, slots)) this.#sink.changed(watch, frame.instant);
    }
  }
}
