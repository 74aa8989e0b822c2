/**
 * Event records for the tests of this module and of others.
 *
 * @module
 */
import type { FrameRecordContent } from "./frame_record.ts";
import type { EventRecordContent } from "./record_content.ts";

/** Identity of the records of tests, unless they are given another. */
export const RECORD_ID = "01234567-89ab-4cde-8f01-23456789abcd";
/** When they begin, in seconds since 1970. */
export const RECORD_SECOND = 1_700_000_000;

const GATEWAY = { id: RECORD_ID, name: "EDGE", company: "", program: "Tieline 0.1.0" };

/** A record of one current at 4 kHz, without data and triggers unless told otherwise. */
export function sampleRecord(change: Partial<EventRecordContent> = {}): EventRecordContent {
  return {
    id: RECORD_ID,
    event: RECORD_ID.replace("0", "1"),
    continues: undefined,
    gateway: GATEWAY,
    stream: {
      name: "BAY1",
      title: "Bay 1",
      source: "MU01",
      protocol: "IEC 61850-9-2",
      confRev: 1,
      rate: 4000,
      nominalHz: 50,
      latitude: NaN,
      longitude: NaN,
      channels: [{ name: "Ia", phase: "A", unit: "A", scale: 0.001, offset: 0 }],
    },
    encoding: { uuid: RECORD_ID, variables: 1, samplingRate: 4000, samplesPerMessage: 100 },
    triggers: [],
    unlistedTriggers: 0,
    pieces: [],
    lostSamples: 0,
    missingSamples: 0,
    shortSamples: 0,
    jumps: 0,
    isCut: false,
    ...change,
  };
}

/**
 * A record of a device's frequency at these times in milliseconds, 49 Hz and 0.1 Hz more in each frame, without
 * triggers unless told otherwise.
 */
export function frameRecord(
  ms: readonly number[],
  change: Partial<FrameRecordContent> = {},
): FrameRecordContent {
  return {
    id: RECORD_ID,
    event: RECORD_ID.replace("0", "1"),
    continues: undefined,
    gateway: GATEWAY,
    stream: {
      name: "SHELBY",
      title: "Shelby",
      source: "input.pdc",
      protocol: "IEEE C37.118.2-2011",
      idCode: 7,
      rate: 50,
      nominalHz: 50,
      latitude: NaN,
      longitude: NaN,
      channels: [{
        name: "frequency",
        phase: "",
        unit: "Hz",
        type: "FREQ",
        signal: RECORD_ID,
        tag: "F",
      }],
    },
    triggers: [],
    unlistedTriggers: 0,
    frames: framesAt(ms, [Float32Array.from(ms, (_, k) => 49 + k / 10)]),
    lostFrames: 0,
    missingFrames: 0,
    shortFrames: 0,
    isCut: false,
    ...change,
  };
}

/** Columns of values, without flags unless told otherwise, at these times in milliseconds. */
export function framesAt(
  ms: readonly number[],
  values: Float32Array[],
  flags: Uint32Array[] = values.map(({ length }) => new Uint32Array(length)),
): FrameRecordContent["frames"] {
  return {
    count: ms.length,
    seconds: Float64Array.from(ms, (t) => RECORD_SECOND + Math.floor(t / 1000)),
    nanos: Uint32Array.from(ms, (t) => (t - 1000 * Math.floor(t / 1000)) * 1e6),
    leap: new Uint8Array(ms.length),
    values,
    flags,
  };
}
