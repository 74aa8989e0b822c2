/**
 * Numbers of IEC 61850-9-2 and its neighbours that more than one file needs.
 *
 * @module
 */

/** EtherTypes that a sampled-values frame may hold. */
export const EtherType = {
  /** IEC 61850-9-2 sampled values. */
  SampledValues: 0x88ba,
  /** IEEE 802.1Q customer tag. */
  Vlan: 0x8100,
  /** IEEE 802.1ad service tag. */
  ServiceVlan: 0x88a8,
  /** IEC 62439-3 HSR tag. */
  Hsr: 0x892f,
} as const;

/** Last two octets of a PRP redundancy trailer (IEC 62439-3). */
export const PRP_SUFFIX = 0x88fb;

/** Tags of `savPdu` and `ASDU` (IEC 61850-9-2 clause 8.5.2); all are one octet. */
export const Tag = {
  /** The whole `savPdu`. */
  SavPdu: 0x60,
  /** `noASDU`, and `svID` within an ASDU. */
  NoAsdu: 0x80,
  /** `seqASDU`. */
  SeqAsdu: 0xa2,
  /** One ASDU. */
  Asdu: 0x30,
  /** `svID`. */
  SvId: 0x80,
  /** `datSet`. */
  DatSet: 0x81,
  /** `smpCnt`. */
  SmpCnt: 0x82,
  /** `confRev`. */
  ConfRev: 0x83,
  /** `refrTm`. */
  RefrTm: 0x84,
  /** `smpSynch`. */
  SmpSynch: 0x85,
  /** `smpRate`. */
  SmpRate: 0x86,
  /** `seqData`. */
  SeqData: 0x87,
  /** `smpMod`. */
  SmpMod: 0x88,
  /** `gmIdentity`. */
  GmIdentity: 0x89,
} as const;

/** Bit of reserved 1 that marks a simulated frame (IEC 61850-9-2 edition 2). */
export const SIMULATION_BIT = 0x8000;

/** Units of `smpRate` (IEC 61850-7-2, SmpMod). */
export const SmpMod = {
  /** Samples per nominal period, also when the field is absent. */
  PerPeriod: 0,
  /** Samples per second. */
  PerSecond: 1,
  /** Seconds per sample. */
  SecondsPerSample: 2,
} as const;

/**
 * Samples per second that `smpRate` and `smpMod` announce, at `nominalHz` hertz; NaN where `smpRate`
 * is absent (below 0) or 0, or `smpMod` has no meaning. An absent `smpMod` (below 0) is 0.
 */
export function effectiveRate(smpRate: number, smpMod: number, nominalHz: number): number {
  if (!(smpRate > 0)) return NaN;
  if (smpMod <= SmpMod.PerPeriod) return smpRate * nominalHz;
  if (smpMod === SmpMod.PerSecond) return smpRate;
  return smpMod === SmpMod.SecondsPerSample ? 1 / smpRate : NaN;
}
