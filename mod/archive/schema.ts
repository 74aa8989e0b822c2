/**
 * The schema of `[archive]` in a configuration.
 *
 * @module
 */
import * as v from "valibot";
import { integer, real, text } from "../config/mod.ts";
import type { ArchiveOptions } from "./options.ts";

/** `[archive]`: what is kept of event records, and where. */
export const archiveSchema: v.GenericSchema<unknown, ArchiveOptions> = v.pipe(
  v.strictObject({
    directory: v.optional(
      v.pipe(
        text(),
        v.description('Folder of the records; "events" in the state folder if absent'),
      ),
    ),
    maxAgeDays: v.optional(
      v.pipe(real(0, 36_500), v.description("Oldest record in days; 0 for no limit")),
      365,
    ),
    maxRecords: v.optional(
      v.pipe(integer(1, 1_000_000), v.description("Most records; the oldest give way")),
      10_000,
    ),
    maxMB: v.optional(
      v.pipe(
        real(0.001, 1_000_000),
        v.description("Most megabytes of records; the oldest give way"),
      ),
      1000,
    ),
    minFreeMB: v.optional(
      v.pipe(
        real(0, 1_000_000),
        v.description(
          "Megabytes of the file system that are left to others: below them it counts as full",
        ),
      ),
      100,
    ),
    queueMB: v.optional(
      v.pipe(
        real(0.001, 1024),
        v.description("Megabytes of records that may wait in memory while the disk takes none"),
      ),
      32,
    ),
    retryMs: v.optional(
      v.pipe(
        integer(100, 600_000),
        v.description("After how many milliseconds a write that failed is tried again"),
      ),
      5000,
    ),
  }),
  v.description("The archive of event records. Protected records are never removed for room."),
  v.metadata({ change: "restart" }),
);
