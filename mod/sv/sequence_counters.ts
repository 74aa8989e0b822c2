/**
 * What became of the samples of a stream.
 *
 * @module
 */

/**
 * Samples of one stream by what became of them.
 *
 * received = accepted + duplicate + conflict + late + outlier + misconfigured + wrongRate.
 */
export class SequenceCounters {
  /** Samples that came in. */
  received = 0;
  /** Samples that went into the ring. */
  accepted = 0;
  /** Of these, samples that came after a later one, into their place. */
  reordered = 0;
  /** Samples that never came, filled into the ring. */
  missing = 0;
  /** Samples that were there already, with equal content: PRP, HSR. */
  duplicate = 0;
  /** Samples that were there already with other content; the first stays. */
  conflict = 0;
  /** Samples whose place had been filled or given out. */
  late = 0;
  /** Samples far from where they belong, that nothing confirmed. */
  outlier = 0;
  /** Samples whose `seqData`, `datSet` or `confRev` is not what is configured. */
  misconfigured = 0;
  /** Samples that announce another rate. */
  wrongRate = 0;
  /** Times that the numbering began anew and the ring with it. */
  resync = 0;
  /** Times that the stream was lost for more than a second. */
  lost = 0;
  /** Frames whose ASDUs do not count on from each other, or whose first count is no multiple of their number. */
  irregular = 0;
}
