/**
 * Whether this thread simulates merging units. Imports nothing, so that a program can ask before it loads anything.
 *
 * @module
 */

/** Name of the Workers that send; a program that is one file starts itself and looks at this. */
export const MERGING_UNIT_WORKER = "tieline-merging-units";

declare const self: { readonly name?: string };
declare const WorkerGlobalScope: (new () => object) | undefined;

/** True in a Worker that was started to simulate merging units. */
export function isMergingUnitWorker(): boolean {
  return typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope &&
    self.name === MERGING_UNIT_WORKER;
}
