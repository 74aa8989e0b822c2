/**
 * What capture tells in words over the link: shapes that are checked, and events as sentences.
 *
 * @module
 */
import * as v from "valibot";

/** Something has happened to a stream or to the interface. */
export const eventSchema = v.looseObject({
  stream: v.optional(v.number()),
  change: v.optional(v.string()),
  interface: v.optional(v.string()),
  state: v.optional(v.string()),
});

/** What live messages of a stream are from now on. */
export const liveNoticeSchema = v.object({
  stream: v.number(),
  confRev: v.number(),
  encoding: v.object({
    uuid: v.string(),
    variables: v.number(),
    samplingRate: v.number(),
    samplesPerMessage: v.number(),
    xor: v.boolean(),
  }),
});

/** Something is wrong. */
export const complaintSchema = v.object({ kind: v.string(), message: v.string() });

/** The numbers of a Worker. */
export const figuresSchema = v.record(v.string(), v.unknown());

/** What an operator reads of an event, by its `change`. */
export const EVENT_TEXT: Readonly<Record<string, (event: Record<string, unknown>) => string>> = {
  live: () => "samples come",
  returned: () => "samples come again",
  lost: ({ quietMs }) => `no sample for ${quietMs} ms`,
  publisher: ({ source }) => `another publisher has taken over: ${source}`,
  simulated: () => "simulated samples have taken the place of real ones",
  confRev: ({ confRev }) => `confRev is ${confRev} now; the waveform before it is forgotten`,
  smpSynch: ({ smpSynch }) => `smpSynch is ${smpSynch} now`,
  gmIdentity: () => "the grandmaster clock is another one",
  oddCount: () =>
    "smpCnt goes beyond the rate: the publisher counts modulo 65535 or so, its clock is taken as free running",
};
