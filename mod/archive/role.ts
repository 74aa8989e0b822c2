/**
 * Which role this thread has. Imports nothing, so that a program can ask before it loads anything.
 *
 * @module
 */

/** Name of the archive's Worker; a program that is one file starts itself and looks at this. */
export const ARCHIVE_WORKER = "tieline-archive";

declare const self: { readonly name?: string };
declare const WorkerGlobalScope: (new () => object) | undefined;

/** True in the Worker that was started for the archive. */
export function isArchiveWorker(): boolean {
  return typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope &&
    self.name === ARCHIVE_WORKER;
}
