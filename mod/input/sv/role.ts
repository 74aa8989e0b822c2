/**
 * Which role this thread has. Imports nothing, so that a program can ask before it loads anything.
 *
 * @module
 */

/** Name of the Workers that capture; a program that is one file starts itself and looks at this. */
export const CAPTURE_WORKER = "tieline-capture";

declare const self: { readonly name?: string };
declare const WorkerGlobalScope: (new () => object) | undefined;

/** True in a Worker that was started to capture. */
export function isCaptureWorker(): boolean {
  return typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope &&
    self.name === CAPTURE_WORKER;
}
