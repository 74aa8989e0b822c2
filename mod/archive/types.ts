/**
 * What the archive tells of its records.
 *
 * @module
 */

/** What a record says of itself; found again in its bytes when the index is lost. */
export interface RecordFacts {
  /** Identity of the record, a GUID. */
  readonly id: string;
  /** Identity of the event, which records of several streams may share. */
  readonly event: string;
  /** Name of the stream. */
  readonly stream: string;
  /** First sample, microseconds since 1970. */
  readonly startMicros: number;
  /** Last sample, microseconds since 1970. */
  readonly endMicros: number;
  /** What lists show besides: trigger, rate, channels and the like; JSON. */
  readonly summary: Readonly<Record<string, unknown>>;
}

/** A record in the archive. */
export interface ArchiveEntry extends RecordFacts {
  /** Name of its file. */
  readonly file: string;
  /** Length of its file. */
  readonly bytes: number;
  /** When it was written, microseconds since 1970. */
  readonly storedMicros: number;
  /** Never removed for room or age. */
  readonly isProtected: boolean;
}

/** Which records are listed, newest first. */
export interface ArchiveQuery {
  /** Records that begin at this time or later, microseconds since 1970. */
  readonly fromMicros?: number | undefined;
  /** Records that begin before this time, microseconds since 1970. */
  readonly toMicros?: number | undefined;
  /** Of this stream alone. */
  readonly stream?: string | undefined;
  /** Of this event alone. */
  readonly event?: string | undefined;
  /** This record alone. */
  readonly id?: string | undefined;
  /** Protected ones, or others, alone. */
  readonly isProtected?: boolean | undefined;
  /** Most records; 100 if absent, 1,000 at most. */
  readonly limit?: number | undefined;
  /** Records that follow the one with this identity in the list. */
  readonly after?: string | undefined;
}

/** Why the disk takes nothing. */
export interface DiskProblem {
  /** A word for counters. */
  readonly kind: "full" | "readOnly" | "io" | "protected";
  /** What happened, in a sentence. */
  readonly message: string;
  /** Since when, microseconds since 1970. */
  readonly sinceMicros: number;
}

/** What the archive counts. */
export interface StoreFigures {
  /** Records in the archive. */
  readonly records: number;
  /** Their bytes. */
  readonly bytes: number;
  /** Protected records among them. */
  readonly protectedRecords: number;
  /** Records written. */
  readonly written: number;
  /** Bytes of them. */
  readonly writtenBytes: number;
  /** Records that were there already. */
  readonly duplicates: number;
  /** Records that are larger than the whole archive may be. */
  readonly tooLarge: number;
  /** Records removed for their age. */
  readonly removedForAge: number;
  /** Records removed for their number. */
  readonly removedForCount: number;
  /** Records removed for their bytes. */
  readonly removedForBytes: number;
  /** Records removed by order. */
  readonly removedByOrder: number;
  /** Writes that failed. */
  readonly failures: number;
  /** Files that were begun and not finished, found and removed at the start. */
  readonly unfinished: number;
  /** Files in the folder that are no whole record; they are left alone and not listed. */
  readonly unreadable: number;
  /** Times that the index was made anew from the files. */
  readonly rebuilds: number;
  /** Begin of the oldest record, microseconds since 1970; undefined if there is none. */
  readonly oldestMicros: number | undefined;
  /** Begin of the newest record, microseconds since 1970; undefined if there is none. */
  readonly newestMicros: number | undefined;
  /** Why the disk takes nothing; undefined while it does. */
  readonly problem: DiskProblem | undefined;
  /** Why the index is in memory alone; undefined while it is on disk. */
  readonly indexProblem: string | undefined;
}
