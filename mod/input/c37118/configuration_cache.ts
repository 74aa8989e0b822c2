/**
 * The configuration as it is kept on disk: the raw frames, one behind the other.
 *
 * @module
 */
import { messageOf } from "../../core/mod.ts";
import { ConfigurationCollector, type ReceivedConfiguration } from "./configuration_collector.ts";

/** Largest file that is read: the cap of an assembled CFG-3 and the common parts of its fragments. */
export const MAX_CACHE_BYTES = 5 * 1024 * 1024;

/** What {@linkcode readCache} found. */
export type CacheContent =
  | { readonly received: ReceivedConfiguration; readonly problem?: undefined }
  | { readonly received?: undefined; readonly problem: string };

/** The content of the file for the frames of a configuration. */
export function cacheOf(frames: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(frames.reduce((sum, frame) => sum + frame.length, 0));
  let at = 0;
  for (const frame of frames) {
    bytes.set(frame, at);
    at += frame.length;
  }
  return bytes;
}

/**
 * Reads a file's content. A file that is damaged, or of another stream than `idCode` (undefined takes any),
 * is a problem in a sentence, never an error.
 */
export function readCache(
  bytes: Uint8Array,
  idCode: number | undefined,
  draft6: boolean,
): CacheContent {
  const collector = new ConfigurationCollector(draft6);
  let at = 0;
  try {
    while (at < bytes.length) {
      const size = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
      if (size < 16 || at + size > bytes.length) {
        return { problem: `it is damaged at offset ${at}` };
      }
      const received = collector.add(bytes.subarray(at, at + size), 0);
      at += size;
      if (!received) continue;
      if (at !== bytes.length) return { problem: `it goes on behind the configuration at ${at}` };
      const found = received.configuration.idCode;
      if (idCode !== undefined && found !== idCode) {
        return { problem: `it is of stream ${found}, not ${idCode}` };
      }
      return { received };
    }
  } catch (error) {
    return { problem: messageOf(error) };
  }
  return { problem: "it holds no whole configuration" };
}
