/**
 * Changes of a configuration: what a keeper needs to make them, how they are asked for, and what became of them.
 *
 * @module
 */
import type { Clock, Log } from "../core/mod.ts";
import type { Cause, EditAside, FailedPart, VersionInfo } from "./types.ts";

/** What the keeper needs of those who understand configurations; `C` is one that was checked, `P` a plan. */
export interface KeeperOptions<C, P> {
  /** The file that an operator edits. */
  readonly file: string;
  /** Folder of the versions. */
  readonly folder: string;
  /** Checks a text as a whole; throws ConfigError. */
  readonly read: (text: string, source: string) => C;
  /** Keys whose signature a change needs; none: no signature is needed. */
  readonly signersOf: (config: C) => readonly string[];
  /** True if the text holds marks in place of secrets. */
  readonly hasMarks: (text: string) => boolean;
  /** Puts secrets of `original` in the place of marks in `text`. */
  readonly restore: (text: string, original: string) => string;
  /** What a configuration would change in the running program. */
  readonly plan: (next: C) => P;
  /** Takes a configuration into use; parts that cannot work stand in `failed`. */
  readonly apply: (next: C) => Promise<{ readonly failed: readonly FailedPart[] }>;
  /** The time. */
  readonly clock: Clock;
  /** Where events go. */
  readonly log: Log;
  /** Told after each undo that nobody asked for. */
  readonly onUndo?: (version: VersionInfo, running: VersionInfo) => void;
  /** Told after each edit of the file that nobody took in and that made way for the version that runs. */
  readonly onAside?: (edit: EditAside, running: VersionInfo) => void;
}

/** A change as it is asked for. */
export interface ChangeRequest<P = unknown> {
  /** The whole text. */
  readonly text: string;
  /** Who asks. */
  readonly author: string;
  /** Why; may be empty. */
  readonly comment: string;
  /** Where it comes from. */
  readonly cause: Cause;
  /** Digest that the running text must have; any if left out. */
  readonly ifDigest?: string | undefined;
  /** Seconds within which it has to be confirmed; for good at once if left out. */
  readonly confirmWithin?: number | undefined;
  /** Signature over the exact text, base64. */
  readonly signature?: string | undefined;
  /** Only say what would happen. */
  readonly dryRun?: boolean | undefined;
  /** Looks at the plan before anything is changed; what it throws is the answer. */
  readonly judge?: ((plan: P) => void) | undefined;
}

/** What became of a change. */
export interface ChangeResult<P> {
  /** What ran before it. */
  readonly before: { readonly digest: string; readonly text: string };
  /** What it changed, or would change. */
  readonly plan: P;
  /** The version that it made; undefined for a dry run and for a text that runs already. */
  readonly version: VersionInfo | undefined;
  /** The text that it is about, secrets in place. */
  readonly text: string;
  /** Digest of the text. */
  readonly digest: string;
  /** Seconds that are left to confirm it; undefined if it holds. */
  readonly confirmWithin: number | undefined;
}

/** What an operator sees of it. */
export interface KeeperStatus {
  /** The version that runs. */
  readonly running: VersionInfo;
  /** The change that waits to be confirmed. */
  readonly pending: { readonly version: number; readonly secondsLeft: number } | undefined;
  /** What is wrong with the file, or why another version runs than it holds; empty if nothing. */
  readonly note: string;
}

/** A configuration with its text, as one version holds it. */
export interface Revision<C> {
  /** Facts of the version. */
  readonly version: VersionInfo;
  /** Its text, secrets in place. */
  readonly text: string;
  /** What the text says, checked. */
  readonly config: C;
}
