/**
 * IEC 61850-9-2, 9-2LE and IEC 61869-9 sampled values: frames both ways, routable SV, sample clock, sequence.
 *
 * Pure: bytes and time are arguments. See `README.md` for what is left out.
 *
 * @module
 */
export {
  hashBytes,
  hexText,
  macBytes,
  macText,
  sameBytes,
  visibleBytes,
  visibleString,
} from "./bytes.ts";
export { smpSynchOfClock } from "./clock_synch.ts";
export { effectiveRate, EtherType, SmpMod } from "./constants.ts";
export {
  type AsduFields,
  encodeFrame,
  encodePdu,
  type FrameFields,
  seqDataOf,
  type VlanTag,
} from "./encode.ts";
export { parseFrame, SvFrame } from "./frame.ts";
export {
  asduFromJson,
  type AsduJson,
  asdusToJson,
  frameFromJson,
  frameToJson,
  type SvFrameJson,
  type UtcTimeJson,
  type VlanJson,
} from "./json.ts";
export { SvPdu } from "./pdu.ts";
export { flagsOfMarks, flagsOfQuality, Quality } from "./quality.ts";
export { MAX_ASDUS, REJECT_COUNT, rejectError, rejectWord, SvReject } from "./reject.ts";
export { LocalClocks, SampleClock, type SampleClockOptions } from "./sample_clock.ts";
export { SampleStream, type SampleStreamOptions } from "./sample_stream.ts";
export { StreamNotice } from "./stream_notice.ts";
export { sampleNanos, setFromSample, setFromUtcTime } from "./sample_time.ts";
export { SequenceCounters } from "./sequence_counters.ts";
export {
  isC37118,
  parseSession,
  PayloadType,
  SESSION_PORT,
  SessionId,
  SvSession,
} from "./session.ts";
export { encodeSession, type PayloadFields, type SessionFields } from "./session_encode.ts";
export { type PayloadJson, type SessionJson, sessionToJson } from "./session_json.ts";
export { ClockKind, clockKindOf } from "./smp_synch.ts";
export { SpduSequence } from "./spdu_sequence.ts";
export {
  SynchrophasorDataSet,
  type SynchrophasorOptions,
  type SynchrophasorPmu,
} from "./synchrophasor.ts";
export {
  fractionOfNanos,
  nanosOfFraction,
  utcTimeFraction,
  UtcTimeQuality,
  utcTimeQuality,
  utcTimeSeconds,
  writeUtcTime,
} from "./utc_time.ts";
export { type SvVariant, variantOf } from "./variant.ts";
