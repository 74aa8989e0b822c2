/**
 * The sender's own account of a simulated merging unit, for tests and books to check receivers against.
 *
 * @module
 */

/** What left in one second of the simulator's time. */
export interface SentSecond {
  /** Whole seconds since 1970 at which the frames left. */
  second: number;
  /** Frames that were handed to the sink, duplicates included. */
  framesSent: number;
  /** Samples in them. */
  samplesSent: number;
  /** Frames that were lost on purpose. */
  lost: number;
  /** Frames that were passed over because the simulator was late. */
  missed: number;
}

/** Seconds that an account keeps. */
const KEPT_SECONDS = 128;

/** What one simulated merging unit did, as plain numbers. */
export interface MergingUnitTotals {
  /** svID. */
  readonly svId: string;
  /** Frames that were made. */
  readonly framesMade: number;
  /** Samples that were made. */
  readonly samplesMade: number;
  /** Frames that were handed to the sink, duplicates included. */
  readonly framesSent: number;
  /** Samples in them, duplicates included. */
  readonly samplesSent: number;
  /** Octets in them. */
  readonly octetsSent: number;
  /** Frames that were lost on purpose. */
  readonly lost: number;
  /** Frames that were sent twice on purpose. */
  readonly duplicated: number;
  /** Frames that were sent after the next one on purpose. */
  readonly reordered: number;
  /** Frames that were passed over because the simulator was late. */
  readonly missed: number;
}

/** What one simulated merging unit did. */
export class MergingUnitAccount implements MergingUnitTotals {
  /** svID. */
  readonly svId: string;
  /** Frames that were made. */
  framesMade = 0;
  /** Samples that were made. */
  samplesMade = 0;
  /** Frames that were handed to the sink, duplicates included. */
  framesSent = 0;
  /** Samples in them, duplicates included. */
  samplesSent = 0;
  /** Octets in them. */
  octetsSent = 0;
  /** Frames that were lost on purpose. */
  lost = 0;
  /** Frames that were sent twice on purpose. */
  duplicated = 0;
  /** Frames that were sent after the next one on purpose. */
  reordered = 0;
  /** Frames that were passed over because the simulator was late. */
  missed = 0;
  readonly #seconds: SentSecond[];
  #told = -1;

  /** Makes an account of nothing. */
  constructor(svId: string) {
    this.svId = svId;
    this.#seconds = Array.from({ length: KEPT_SECONDS }, () => emptySecond(-1));
  }

  /** The numbers of now. */
  totals(): MergingUnitTotals {
    const { svId, framesMade, samplesMade, framesSent, samplesSent, octetsSent } = this;
    const { lost, duplicated, reordered, missed } = this;
    return {
      ...{ svId, framesMade, samplesMade, framesSent, samplesSent, octetsSent },
      ...{ lost, duplicated, reordered, missed },
    };
  }

  /** The entry of a second, made where there is none. */
  secondOf(second: number): SentSecond {
    const entry = this.#seconds[second % KEPT_SECONDS]!;
    if (entry.second !== second) Object.assign(entry, emptySecond(second));
    return entry;
  }

  /** Copies of the seconds before `second` that were not asked for yet, oldest first; at most 128. */
  finished(second: number): SentSecond[] {
    const found = this.#seconds.filter((entry) =>
      entry.second > this.#told && entry.second < second
    )
      .sort((a, b) => a.second - b.second).map((entry) => ({ ...entry }));
    this.#told = found.at(-1)?.second ?? this.#told;
    return found;
  }
}

function emptySecond(second: number): SentSecond {
  return { second, framesSent: 0, samplesSent: 0, lost: 0, missed: 0 };
}
