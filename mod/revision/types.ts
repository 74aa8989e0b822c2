/**
 * The shapes of a configuration's history.
 *
 * @module
 */

/** Where a version came from. */
export type Cause = "file" | "push" | "edit" | "rollback";

/** What became of a version. */
export type Outcome = "pending" | "good" | "undone" | "failed";

/** One version, without its text. */
export interface VersionInfo {
  /** Number, from 1 upwards. */
  readonly number: number;
  /** Who made it. */
  readonly author: string;
  /** When: microseconds since 1970. */
  readonly timeMicros: number;
  /** Why, in the author's words; may be empty. */
  readonly comment: string;
  /** SHA-256 of the text, hex. */
  readonly digest: string;
  /** Where it came from. */
  readonly cause: Cause;
  /** What became of it: `good` has run, `pending` waits, `undone` and `failed` were taken back. */
  readonly outcome: Outcome;
  /** Detached signature over the text, base64; absent if it was not signed. */
  readonly signature?: string | undefined;
  /** Whose signature it is. */
  readonly signer?: string | undefined;
}

/** A change that runs and waits to be confirmed, or is being applied. */
export interface Pending {
  /** The version that waits. */
  readonly version: number;
  /** The version that runs again if nobody confirms. */
  readonly previous: number;
}

/** What is kept beside the versions. */
export interface StoredState {
  /** The version that runs, or ran when the program ended; while a change waits, the one before it. */
  readonly current: number;
  /** The change that is not settled. */
  readonly pending?: Pending | undefined;
  /** SHA-256 of the file when it was last taken in or written; another one means that it was edited. */
  readonly fileDigest: string;
}

/** Why a change was refused. */
export type RefusedWord =
  | "precondition"
  | "pending"
  | "nothingPending"
  | "unknownVersion"
  | "signature"
  | "redacted"
  | "failed";

/** A change that was refused; nothing has changed, or it has been taken back. */
export class RevisionError extends Error {
  /** The class, for logs and JSON. */
  override readonly name = "RevisionError";
  /** Why, as a word. */
  readonly reason: RefusedWord;
  /** Parts that could not work, with the reason, for `failed`. */
  readonly failed: readonly FailedPart[];

  /** Makes an error. */
  constructor(reason: RefusedWord, message: string, failed: readonly FailedPart[] = []) {
    super(message);
    this.reason = reason;
    this.failed = failed;
  }
}

/** A part that could not work under a configuration. */
export interface FailedPart {
  /** Its name. */
  readonly part: string;
  /** Why. */
  readonly reason: string;
}

/** An edit of the file that was set aside. */
export interface EditAside {
  /** Where it stands now. */
  readonly path: string;
  /** SHA-256 of it, lower-case hex. */
  readonly digest: string;
  /** True if the oldest of those that were kept made room for it. */
  readonly dropped: boolean;
}
