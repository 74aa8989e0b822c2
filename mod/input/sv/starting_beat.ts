/**
 * Signs of life while capture Workers start.
 *
 * @module
 */

/** A gateway takes longer silence for a broken link. */
const BEAT_MS = 1000;
/** Workers have a minute to begin, and may take as long to make their tables; then silence tells the truth. */
const MOST_BEATS = 120;

/** Calls at once and every second, until Workers speak themselves. */
export class StartingBeat {
  readonly #timer: ReturnType<typeof setInterval>;
  #count = 0;

  /** Begins. */
  constructor(beat: () => void) {
    beat();
    this.#timer = setInterval(() => {
      beat();
      if (++this.#count >= MOST_BEATS) this.end();
    }, BEAT_MS);
  }

  /** Ends; safe to call twice. */
  end(): void {
    clearInterval(this.#timer);
  }
}
