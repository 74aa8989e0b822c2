/**
 * Options of the archive, checked and with defaults.
 *
 * @module
 */

/** `[archive]`: what is kept of event records, and where. */
export interface ArchiveOptions {
  /** Folder of the records; `events` in the state folder if absent. */
  readonly directory?: string | undefined;
  /** Oldest record in days; 0 for no limit. */
  readonly maxAgeDays: number;
  /** Most records. */
  readonly maxRecords: number;
  /** Most megabytes of records. */
  readonly maxMB: number;
  /** Megabytes of the file system that are left to others. */
  readonly minFreeMB: number;
  /** Megabytes of records that may wait for the disk. */
  readonly queueMB: number;
  /** After how many milliseconds a write that failed is tried again. */
  readonly retryMs: number;
}
