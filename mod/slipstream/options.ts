/**
 * What both ends of a stream agree on beforehand; nothing of it is in the messages (specs/slipstream.md 1).
 *
 * @module
 */
import { isUuid } from "../core/mod.ts";

/** References between groups of three or four variables: all voltage groups first, then all current groups. */
export interface SpatialReferences {
  /** Voltage groups; each after the first is sent as its difference from the one before. */
  readonly voltageGroups: number;
  /** Current groups, likewise. */
  readonly currentGroups: number;
  /** Groups hold a neutral: four variables, not three. */
  readonly includeNeutral: boolean;
}

/** The options of a stream. A change of any of them needs a new UUID. */
export interface StreamOptions {
  /** Identity of the stream, the first field of every message; lower case with hyphens. */
  readonly uuid: string;
  /** Variables per sample, 1 to {@linkcode MAX_VARIABLES}. */
  readonly variables: number;
  /** Samples per second, whole; not in the bytes, but the time of each sample follows from it. */
  readonly samplingRate: number;
  /**
   * Most samples in a message, 1 to {@linkcode MAX_SAMPLES}; times `variables` at most
   * {@linkcode MAX_VALUES}. Up to 16 the values are varints, above that they are packed by column.
   */
  readonly samplesPerMessage: number;
  /** Differences over time are XOR instead of subtraction; false if left out. */
  readonly xor?: boolean;
  /** References between groups; none if left out. */
  readonly spatial?: SpatialReferences;
}

/** Most variables of a stream. */
export const MAX_VARIABLES = 1024;
/** Most samples in a message. */
export const MAX_SAMPLES = 1 << 20;
/** Most values in a message. */
export const MAX_VALUES = 1 << 22;

/** Most samples per message for which values are written as varints, row by row. */
export const MOST_VARINT_SAMPLES = 16;
/** Samples in a message above which its body is compressed. */
export const GZIP_ABOVE = 4096;
/** Most bytes of the header: UUID, timestamp, count. */
export const MAX_HEADER = 29;
/** Most bytes that a value (8) and its quality (5, and 5 for a run) take in a body. */
export const MAX_BYTES_PER_VALUE = 18;

/** Throws a RangeError that says what is wrong with the options, if anything is. */
export function checkOptions(options: StreamOptions): void {
  const { uuid, variables, samplingRate, samplesPerMessage, spatial } = options;
  if (!isUuid(uuid)) {
    throw new RangeError(`Cannot use the stream's uuid: expected a lower-case GUID, found ${uuid}`);
  }
  whole("variables", variables, 1, MAX_VARIABLES);
  whole("samplingRate", samplingRate, 1, 9_000_000);
  whole("samplesPerMessage", samplesPerMessage, 1, MAX_SAMPLES);
  whole("values per message", variables * samplesPerMessage, 1, MAX_VALUES);
  if (!spatial) return;
  whole("voltageGroups", spatial.voltageGroups, 0, MAX_VARIABLES);
  whole("currentGroups", spatial.currentGroups, 0, MAX_VARIABLES);
  const { voltageGroups, currentGroups } = spatial;
  const needed = (voltageGroups + currentGroups) * groupSize(spatial);
  if (needed > variables) {
    throw new RangeError(
      `Cannot use spatial references: expected at least ${needed} variables for ${voltageGroups} ` +
        `voltage and ${currentGroups} current groups, found ${variables}`,
    );
  }
}

/** The variable that each variable is sent as a difference from, -1 for none (specs/slipstream.md 4.1). */
export function referencesOf({ variables, spatial }: StreamOptions): Int32Array {
  const references = new Int32Array(variables).fill(-1);
  if (!spatial) return references;
  const group = groupSize(spatial);
  const voltages = spatial.voltageGroups * group;
  const end = voltages + spatial.currentGroups * group;
  for (let v = group; v < variables; v++) {
    if (v < voltages || (v >= voltages + group && v < end)) references[v] = v - group;
  }
  return references;
}

function groupSize({ includeNeutral }: SpatialReferences): number {
  return includeNeutral ? 4 : 3;
}

function whole(what: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(
      `Cannot use the stream's ${what}: expected a whole number from ${least} to ${most}, found ${value}`,
    );
  }
}
