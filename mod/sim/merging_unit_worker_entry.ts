/**
 * Where a Worker with merging units begins when the program runs from source or is compiled.
 *
 * @module
 */
import { serveMergingUnitWorker } from "./merging_unit_worker.ts";
import { isMergingUnitWorker } from "./role.ts";

if (isMergingUnitWorker()) serveMergingUnitWorker();
