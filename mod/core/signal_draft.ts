/**
 * Drafts: what an input says of its signals before they are known.
 *
 * @module
 */
import { SIGNAL_UNIT, type SignalType } from "./signal.ts";

/** What an input says of a signal when it registers a device. */
export interface SignalDraft {
  /** Kind. */
  readonly type: SignalType;
  /** Channel name in the device; empty where there is none. */
  readonly label: string;
  /** Phase: `A`, `B`, `C`, `+`, `-`, `0`, or empty. */
  readonly phase: string;
  /** Engineering unit, or empty. */
  readonly unit: string;
  /** Index from 1 among the signals of its suffix in the device; 0 for kinds that are not indexed. */
  readonly index: number;
  /** Sentence for people. */
  readonly description: string;
  /** GUID to keep, for signals that come in over STTP. */
  readonly id?: string;
  /** Point tag to keep, for signals that come in over STTP. */
  readonly pointTag?: string;
  /** Measurement key to keep, for signals that come in over STTP. */
  readonly key?: { readonly source: string; readonly number: number };
}

/** A draft in the usual unit of its kind. */
export function signalDraft(
  type: SignalType,
  label: string,
  phase: string,
  index: number,
  description: string,
): SignalDraft {
  return { type, label, phase, unit: SIGNAL_UNIT[type], index, description };
}
