/**
 * Limits against hostile text (section 14), and the account of work that is done under them.
 *
 * @module
 */
import { FilterError } from "./filter_error.ts";

/** What a filter text may cost; exceeding any of it is a FilterError with code `limit`. */
export interface FilterLimits {
  /** Bytes of UTF-8 in the whole text. */
  readonly textBytes: number;
  /** Characters of one statement that is not a mere identifier. */
  readonly statementLength: number;
  /** Number of identifier statements. */
  readonly identifiers: number;
  /** Number of other statements. */
  readonly statements: number;
  /** Depth of parentheses, function calls and prefix operators, counted together. */
  readonly depth: number;
  /** Nodes in the tree of one statement. */
  readonly nodes: number;
  /** Items in one IN list or argument list. */
  readonly items: number;
  /** Terms of one ORDER BY. */
  readonly orderTerms: number;
  /** Digits in a numeric literal. */
  readonly digits: number;
  /** Characters of a String that an operator or function makes. */
  readonly stringLength: number;
  /** Characters of a regular expression. */
  readonly regexLength: number;
  /** Characters of a text that a regular expression is matched against. */
  readonly regexTextLength: number;
  /** Steps of work in one operation: one per node and row, more for long strings and expressions. */
  readonly steps: number;
  /** Rows in a result. */
  readonly rows: number;
}

/** The limits of a server that faces the network. */
export const DEFAULT_LIMITS: FilterLimits = {
  // A little under the 1 MiB of the specification, so that "1 MB" is refused however it is counted.
  textBytes: 983_040,
  statementLength: 65_536,
  identifiers: 100_000,
  statements: 1_000,
  depth: 200,
  nodes: 20_000,
  items: 10_000,
  orderTerms: 32,
  digits: 1_000,
  stringLength: 1_048_576,
  regexLength: 1_000,
  regexTextLength: 65_536,
  steps: 50_000_000,
  rows: 10_000_000,
};

/** The two readings of the clock that NOW and UTCNOW give; one for a whole operation. */
export interface FilterClock {
  /** UTC in microseconds since 1970. */
  readonly nowMicros: number;
  /** Local time minus UTC in minutes; 0 when left out. */
  readonly localOffsetMinutes?: number;
}

/** Steps of work between two pauses; one of the dearest takes about a tenth of a microsecond. */
const PAUSE_STEPS = 10_000;

/** One operation: its clock and what it may still spend. */
export class Run {
  /** The limits it works under. */
  readonly limits: FilterLimits;
  /** The clock, where there is one. */
  readonly clock: FilterClock | undefined;
  #left: number;
  #pauseAt: number;

  /** Begins an operation. */
  constructor(limits: FilterLimits, clock?: FilterClock) {
    this.limits = limits;
    this.clock = clock;
    this.#left = limits.steps;
    this.#pauseAt = this.#left - PAUSE_STEPS;
  }

  /** True after every millisecond or two of work: time for a pause where work is done in steps. */
  get isPauseDue(): boolean {
    if (this.#left > this.#pauseAt) return false;
    this.#pauseAt = this.#left - PAUSE_STEPS;
    return true;
  }

  /** Accounts for `steps` of work; throws when the operation has used up what it was given. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) {
      throw new FilterError(
        "limit",
        `expected at most ${this.limits.steps} steps of evaluation, found more`,
      );
    }
  }

  /** Accounts for making `text` and returns it; throws when it is too long. */
  made(text: string, at: number): string {
    if (text.length > 32) this.spend(text.length >> 5);
    if (text.length > this.limits.stringLength) {
      throw new FilterError(
        "limit",
        `expected a String result of at most ${this.limits.stringLength} characters, found ${text.length}`,
        at,
      );
    }
    return text;
  }
}
