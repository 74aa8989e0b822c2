/**
 * The unit that the signals of an alarm have in common, for limits as people read them.
 *
 * @module
 */

interface Common {
  unit: string;
  /** Of signals that were chosen before the last change of rules or signals. */
  isFormer: boolean;
}

/** Knows the unit of each alarm's signals. */
export class AlarmUnits {
  readonly #units = new Map<string, Common>();

  /** An alarm looks at a signal of this unit. */
  add(alarm: string, unit: string): void {
    const known = this.#units.get(alarm);
    if (!known || known.isFormer) this.#units.set(alarm, { unit, isFormer: false });
    else if (known.unit !== unit) known.unit = "";
  }

  /** Signals are chosen anew: what is known holds until the first of them comes. */
  renew(): void {
    for (const known of this.#units.values()) known.isFormer = true;
  }

  /** There is no such alarm any more. */
  remove(alarm: string): void {
    this.#units.delete(alarm);
  }

  /** The unit of all signals of an alarm; empty if they have none, or different ones, or none has come. */
  of(alarm: string): string {
    return this.#units.get(alarm)?.unit ?? "";
  }
}
