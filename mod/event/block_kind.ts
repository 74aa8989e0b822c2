/**
 * Kinds of the buffer blocks of a waveform, and the error of one that cannot be read.
 *
 * @module
 */
import { DecodeError } from "../core/mod.ts";

/** First byte of a block. */
export const BlockKind = {
  /** CBOR that says what the blocks after it are. */
  Descriptor: 1,
  /** A Slipstream message of the options in the descriptor, whose samples bear no mark. */
  Message: 2,
  /** A part of an event record. */
  RecordPart: 3,
  /** A Slipstream message with the marks of its samples before it. */
  MarkedMessage: 4,
} as const;

/** The error of a block that cannot be read. */
export function refusedBlock(expected: string, found: string): DecodeError {
  return new DecodeError(
    "waveformBlock",
    `Cannot read a waveform block: expected ${expected}, found ${found}`,
  );
}
