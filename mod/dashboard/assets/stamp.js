/**
 * Whether values are of now: a device that sends nothing has its last ones for ever, and they must not look alive.
 *
 * @module
 */

/** How long a stamp may stand still, over so many looks: devices send more often, and a page may be held up. */
const STILL_MS = 3000, LOOKS = 3;
/** Types that come when they have to, not all the time: statistics and alarms. */
const RARE = ["STAT", "ALRM"];

/** The latest stamp of something, looked at again and again. */
export class Stamp {
  #micros = -1;
  #movedMs = 0;
  #looks = 0;

  /**
   * Takes the stamp as it is now; true if it has stood still. That it moves counts, not how old it is: the clock of a
   * device may be wrong.
   *
   * @param {number} micros Microseconds since 1970; 0 for none yet.
   * @param {number} nowMicros Time of the gateway.
   */
  standsStill(micros, nowMicros) {
    const nowMs = performance.now();
    if (micros !== this.#micros) {
      // The first one that is seen may be an old one.
      const isOld = this.#micros < 0 && nowMicros - micros > STILL_MS * 1000;
      this.#movedMs = isOld ? -Infinity : nowMs;
      this.#looks = isOld ? LOOKS : 0;
      this.#micros = micros;
    } else this.#looks++;
    return this.#looks >= LOOKS && nowMs - this.#movedMs > STILL_MS;
  }
}

/**
 * True for a type of signal whose values come all the time.
 *
 * @param {string} type Acronym.
 */
export function isSteady(type) {
  return !RARE.includes(type);
}
