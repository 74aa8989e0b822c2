/**
 * CBOR from elsewhere: one way to write each content, and nothing that a record does not need.
 *
 * @module
 */
import { decode } from "cborg";

/** Reads one item; throws an Error for anything else, also for bytes behind it. */
export function decodeStrictly(bytes: Uint8Array): unknown {
  return decode(bytes, {
    strict: true,
    allowIndefinite: false,
    allowUndefined: false,
    allowBigInt: false,
    rejectDuplicateMapKeys: true,
  });
}
