/**
 * A Worker of the archive for the records of its tests, in which each takes a tenth of a second to read.
 *
 * @module
 */
import { describe } from "./testing.ts";
import { serveArchiveWorker } from "./worker.ts";

const pause = new Int32Array(new SharedArrayBuffer(4));
serveArchiveWorker((bytes) => {
  Atomics.wait(pause, 0, 0, 100);
  return describe(bytes);
});
