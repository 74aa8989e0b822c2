/**
 * Whether the metadata that a subscriber can see has changed, without making it.
 *
 * @module
 */
import type { SignalRegistry } from "../../core/mod.ts";

/** One number for what is permitted; another one when a visible signal or its device has changed. */
export function digestPermitted(registry: SignalRegistry, permitted: Uint8Array): number {
  let all = 0x811c9dc5;
  for (let handle = 0; handle < permitted.length; handle++) {
    const revision = permitted[handle] === 1 ? registry.revisionOf(handle) : 0;
    if (revision !== 0) all = Math.imul(all ^ revision, 0x01000193) ^ handle;
  }
  return all >>> 0;
}
