/**
 * What a sample stream noticed.
 *
 * @module
 */

/** Bits of what `SampleStream.accept` and `SampleStream.poll` noticed. */
export const StreamNotice = {
  /** Nothing. */
  None: 0,
  /** The numbering began anew; the ring holds nothing from before. */
  Resync: 0x1,
  /** `confRev` has changed; the ring holds nothing from before. */
  ConfRev: 0x2,
  /** `smpSynch` has changed. */
  SmpSynch: 0x4,
  /** `gmIdentity` has changed. */
  GmIdentity: 0x8,
  /** `seqData` has another length than the configured data set, or `datSet` or `confRev` is not the configured one. */
  Misconfigured: 0x10,
  /** Another rate is announced than the configured one. */
  WrongRate: 0x20,
  /** A sample came twice with different content: two publishers have one name. */
  Conflict: 0x40,
  /** No frame for a second. */
  Lost: 0x80,
  /** The first frame after that. */
  Returned: 0x100,
  /** The publisher counts beyond its rate. */
  OddCount: 0x200,
} as const;
