/**
 * What a selection becomes before it is sent: the content of UpdateSignalIndexCache (specs/sttp.md 6.1), and the index
 * of each signal.
 *
 * @module
 */
import type { Steps } from "../core/mod.ts";
import { compressSteps } from "./gzip.ts";
import { effectiveCompression, type OperationalModes } from "./operational_modes.ts";
import type { PreparedSelection, Selection } from "./publisher_caches.ts";
import { encodeSignalIndexCacheSteps } from "./signal_index_cache.ts";

/**
 * Prepares a selection in steps: the body of its cache, compressed if the modes of the session say so.
 *
 * The index of the cache is no part of it. Signal indexes are 0, 1, 2 ... in order.
 */
export function* prepareSteps(
  selection: Selection,
  modes: OperationalModes,
  subscriberId: string,
): Steps<PreparedSelection> {
  const { signals, unauthorized } = selection;
  const indexes = yield* indexesSteps(signals);
  const body = yield* encodeSignalIndexCacheSteps({
    subscriberId,
    records: { length: signals.length, [Symbol.iterator]: () => recordsOf(signals) },
    unauthorized,
  }, modes.encoding);
  const isCompressed = effectiveCompression(modes).signalIndexCache;
  return { selection, indexes, content: isCompressed ? yield* compressSteps(body) : body };
}

/** Signals that get their indexes in one step. */
const STEP_SIGNALS = 20_000;

function* indexesSteps(signals: Selection["signals"]): Steps<Int32Array> {
  let size = 0;
  for (let index = 0; index < signals.length; index++) {
    size = Math.max(size, signals[index]!.handle + 1);
    if (index % STEP_SIGNALS === STEP_SIGNALS - 1) yield;
  }
  const indexes = new Int32Array(size).fill(-1);
  for (let index = 0; index < signals.length; index++) {
    indexes[signals[index]!.handle] = index;
    if (index % STEP_SIGNALS === STEP_SIGNALS - 1) yield;
  }
  return indexes;
}

function* recordsOf(signals: Selection["signals"]) {
  for (let signalIndex = 0; signalIndex < signals.length; signalIndex++) {
    const { id: signalId, source, number: id } = signals[signalIndex]!;
    yield { signalIndex, signalId, source, id };
  }
}
