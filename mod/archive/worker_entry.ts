/**
 * Where the archive's Worker begins when the program runs from source or is compiled.
 *
 * @module
 */
import { describeRecord } from "./describe.ts";
import { isArchiveWorker } from "./role.ts";
import { serveArchiveWorker } from "./worker.ts";

if (isArchiveWorker()) serveArchiveWorker(describeRecord);
