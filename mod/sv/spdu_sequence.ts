/**
 * SPDU numbers of one publisher: what was lost, repeated or out of order on the way.
 *
 * @module
 */

/** How far back a number may be and still be taken for late rather than for a publisher that started anew. */
const MAX_BACK = 1000;

/** Counts what the SPDU numbers of one publisher tell; numbers wrap modulo 2^32. */
export class SpduSequence {
  /** PDUs that were taken. */
  received = 0;
  /** Numbers that were jumped over; one that comes late is taken off again. */
  lost = 0;
  /** PDUs with the number of the one before. */
  duplicate = 0;
  /** PDUs with a number that was jumped over before. */
  late = 0;
  /** Jumps back by more than late PDUs explain: the publisher started anew. */
  restarts = 0;
  #last = -1;

  /** Takes the number of the next PDU; false for a duplicate. */
  accept(spduNumber: number): boolean {
    const step = this.#last < 0 ? 1 : (spduNumber - this.#last) | 0;
    if (step === 0) {
      this.duplicate++;
      return false;
    }
    this.received++;
    if (step < 0 && step >= -MAX_BACK) {
      this.late++;
      if (this.lost > 0) this.lost--;
      return true;
    }
    if (step < 0) this.restarts++;
    else this.lost += step - 1;
    this.#last = spduNumber;
    return true;
  }
}
