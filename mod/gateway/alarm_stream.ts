/**
 * The alarms on the frames of one stream.
 *
 * @module
 */
import type { AlarmLayout } from "../alarm/mod.ts";
import type { Frame, FrameSink, Layout } from "../core/mod.ts";

/** Most layouts of one stream that are known at once. */
const MAX_LAYOUTS = 4096;

/** Knows for each layout which alarms look at it. */
export class StreamAlarms implements FrameSink {
  readonly #bind: (layout: Layout) => AlarmLayout;
  readonly #layouts = new Map<number, AlarmLayout>();

  /** `bind` finds the alarms of a layout that has not been seen, or not since {@linkcode forget}. */
  constructor(bind: (layout: Layout) => AlarmLayout) {
    this.#bind = bind;
  }

  /** Looks at a lent frame. */
  accept(frame: Frame): void {
    const { layout } = frame;
    let alarms = this.#layouts.get(layout.id);
    if (!alarms) {
      if (this.#layouts.size >= MAX_LAYOUTS) this.#layouts.clear();
      alarms = this.#bind(layout);
      this.#layouts.set(layout.id, alarms);
    }
    alarms.accept(frame);
  }

  /** Rules or alarms have changed: layouts are looked at anew. */
  forget(): void {
    this.#layouts.clear();
  }
}
