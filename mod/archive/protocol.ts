/**
 * What the archive's thread and its Worker say to each other.
 *
 * @module
 */
import type { Exported, ExportOptions } from "./export.ts";
import type { ArchiveOptions } from "./options.ts";
import type { ArchiveEntry, ArchiveQuery, StoreFigures } from "./types.ts";

/** First message to the Worker. */
export interface WorkerStart {
  /** Kind. */
  readonly kind: "start";
  /** Folder of the records. */
  readonly folder: string;
  /** Options. */
  readonly options: ArchiveOptions;
}

/** What the Worker is asked; `seq` comes back with the answer. */
export type WorkerRequest =
  | { readonly kind: "put"; readonly seq: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "list"; readonly seq: number; readonly query: ArchiveQuery }
  | { readonly kind: "get"; readonly seq: number; readonly id: string }
  | {
    readonly kind: "export";
    readonly seq: number;
    readonly id: string;
    readonly options: ExportOptions;
  }
  | {
    readonly kind: "protect";
    readonly seq: number;
    readonly id: string;
    readonly isProtected: boolean;
  }
  | { readonly kind: "remove"; readonly seq: number; readonly id: string }
  | { readonly kind: "stop"; readonly seq: number };

/** A record with its bytes. */
export interface ArchiveRecord {
  /** What the index says of it. */
  readonly entry: ArchiveEntry;
  /** The whole file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A record in another form, or why that is not possible. */
export type ExportResult =
  | { readonly entry: ArchiveEntry; readonly exported: Exported }
  | { readonly refused: string };

/** What became of a record that was handed in. */
export type PutResult =
  | { readonly outcome: "stored"; readonly entry: ArchiveEntry }
  | { readonly outcome: "duplicate" | "tooLarge" | "unreadable" | "lost" };

/** What the Worker says. */
export type WorkerMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "opening"; readonly done: number; readonly total: number }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "figures"; readonly figures: StoreFigures }
  | { readonly kind: "answer"; readonly seq: number; readonly result: unknown }
  | { readonly kind: "error"; readonly seq: number; readonly reason: string };
