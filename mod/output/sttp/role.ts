/**
 * Which role this thread has. Imports nothing, so that a program can ask before it loads anything.
 *
 * @module
 */

/** Name of the Workers that make metadata; a program that is one file starts itself and looks at this. */
export const METADATA_WORKER = "tieline-metadata";

declare const self: { readonly name?: string };
declare const WorkerGlobalScope: (new () => object) | undefined;

/** True in a Worker that was started to make metadata. */
export function isMetadataWorker(): boolean {
  return typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope &&
    self.name === METADATA_WORKER;
}
