/**
 * Where a Worker that makes metadata begins when the program runs from source or is compiled.
 *
 * @module
 */
import { serveMetadataWorker } from "./metadata_worker.ts";
import { isMetadataWorker } from "./role.ts";

if (isMetadataWorker()) serveMetadataWorker();
