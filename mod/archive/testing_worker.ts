/**
 * A Worker of the archive for the records of its tests.
 *
 * @module
 */
import { describe } from "./testing.ts";
import { serveArchiveWorker } from "./worker.ts";

serveArchiveWorker(describe);
