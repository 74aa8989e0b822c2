/**
 * What the content of an event record must look like when it is read.
 *
 * @module
 */
import * as v from "valibot";
import { TRIGGER_KINDS } from "./options.ts";

/** A text of any origin. */
export const text = v.pipe(v.string(), v.maxLength(4096));
/** A GUID in lower case. */
export const guid = v.pipe(v.string(), v.regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/));
/** A whole number within bounds. */
export const whole = (low: number, high: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(low), v.maxValue(high));
/** A number of things. */
export const count = whole(0, Number.MAX_SAFE_INTEGER);
/** A number that is one. */
export const finite = v.pipe(v.number(), v.finite());
const seconds = whole(0, 2 ** 34);
const instant = v.tuple([seconds, whole(0, 999_999_999)]);

/** Who recorded. */
export const gatewaySchema = v.object({ id: text, name: text, company: text, program: text });

/** What was recorded. */
export const streamSchema = v.object({
  name: text,
  title: text,
  source: text,
  protocol: text,
  confRev: whole(0, 0xffffffff),
  rate: whole(1, 9_000_000),
  nominalHz: v.pipe(finite, v.minValue(1), v.maxValue(1000)),
  latitude: v.nullable(finite),
  longitude: v.nullable(finite),
  channels: v.pipe(
    v.array(
      v.object({ name: text, phase: text, unit: text, scale: finite, offset: finite }),
    ),
    v.minLength(1),
    v.maxLength(1024),
  ),
});

/** How it is compressed. */
export const encodingSchema = v.object({
  codec: v.literal("slipstream"),
  uuid: guid,
  samplesPerMessage: whole(1, 1 << 20),
  xor: v.boolean(),
  spatial: v.nullable(v.object({
    voltageGroups: whole(0, 1024),
    currentGroups: whole(0, 1024),
    includeNeutral: v.boolean(),
  })),
});

/** Triggers of a record. */
export const triggerMapsSchema = v.pipe(
  v.array(v.object({
    name: text,
    kind: v.picklist(TRIGGER_KINDS),
    source: text,
    channel: text,
    value: v.nullable(finite),
    at: instant,
    since: instant,
    settings: v.record(v.string(), v.unknown()),
  })),
  v.maxLength(4096),
);

/** The map that {@linkcode encodeEventRecord} writes; keys that it does not know are left out. */
export const recordSchema = v.object({
  id: guid,
  event: guid,
  continues: v.nullable(guid),
  gateway: gatewaySchema,
  stream: streamSchema,
  clock: v.nullable(v.object({
    smpSynch: whole(-1, 255),
    gmIdentity: v.pipe(v.string(), v.regex(/^([0-9a-f]{16})?$/)),
  })),
  encoding: encodingSchema,
  triggers: triggerMapsSchema,
  unlistedTriggers: count,
  pieces: v.pipe(
    v.array(v.object({
      second: seconds,
      sample: whole(0, 9_000_000),
      count: whole(1, 1 << 20),
      marks: v.array(whole(0, 1 << 20)),
      message: v.instance(Uint8Array),
    })),
    v.maxLength(1 << 20),
  ),
  lostSamples: count,
  missingSamples: count,
  shortSamples: count,
  jumps: count,
  isCut: v.boolean(),
});
