/**
 * Where a capture Worker begins when the program runs from source or is compiled.
 *
 * @module
 */
import { isCaptureWorker } from "./role.ts";
import { serveCaptureWorker } from "./worker.ts";

if (isCaptureWorker()) serveCaptureWorker();
