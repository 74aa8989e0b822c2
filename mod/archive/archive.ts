/**
 * The archive of event records, as a part of the gateway: a Worker does the work, this is its face.
 *
 * @module
 */
import {
  type Clock,
  counter,
  gauge,
  type Log,
  type Metric,
  type Part,
  type PartState,
  type PartStatus,
} from "../core/mod.ts";
import { Complaints } from "../stats/mod.ts";
import type { ArchiveOptions } from "./options.ts";
import { ARCHIVE_WORKER } from "./role.ts";
import type { ExportOptions } from "./export.ts";
import type {
  ArchiveRecord,
  ExportResult,
  PutResult,
  WorkerMessage,
  WorkerRequest,
  WorkerStart,
} from "./protocol.ts";
import type { ArchiveEntry, ArchiveQuery, StoreFigures } from "./types.ts";

/** The gateway waits so long for the folder to be open; after that it is opened while everything else runs. */
const OPEN_WAIT_MS = 2000;
/** A Worker that says nothing for so long while it opens the folder has failed. */
const SILENCE_MS = 60_000;
const ANSWER_TIMEOUT_MS = 10_000;
const EXPORT_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 5000;

/** What the archive needs of the gateway. */
export interface ArchiveContext {
  /** Folder of the records. */
  readonly folder: string;
  /** The clock of status. */
  readonly clock: Clock;
  /** Where operators read. */
  readonly log: Log;
  /** Makes the Worker; that of this module if absent. */
  readonly makeWorker?: (() => Worker) | undefined;
  /** Told of each record when it is on disk. */
  readonly onStored?: ((entry: ArchiveEntry) => void) | undefined;
}

interface Asked {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: ReturnType<typeof setTimeout> | undefined;
}

/** Keeps event records on disk. Handing one in never waits; what has no room is counted. */
export class Archive implements Part {
  /** Name of the part. */
  readonly name = "archive";
  readonly #options: ArchiveOptions;
  readonly #context: ArchiveContext;
  readonly #complaints: Complaints;
  readonly #asked = new Map<number, Asked>();
  #worker: Worker | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #seq = 0;
  #state: PartState = "stopped";
  #sinceMicros: number;
  #reason: string | undefined;
  #figures: StoreFigures | undefined;
  #queuedBytes = 0;
  #queued = 0;
  #taken = 0;
  #refused = 0;
  #unreadable = 0;
  #lost = 0;

  /** An archive with these options; nothing is opened before `start`. */
  constructor(options: ArchiveOptions, context: ArchiveContext) {
    this.#options = options;
    this.#context = context;
    this.#complaints = new Complaints(context.log);
    this.#sinceMicros = context.clock.nowMicros();
  }

  /**
   * Opens the folder; rejects if it cannot be read. Where an index of many files has to be made anew it
   * resolves before that is done: the part is `starting` then, and takes records.
   */
  async start(): Promise<void> {
    this.#set("starting");
    const worker = (this.#context.makeWorker ?? makeWorker)();
    this.#worker = worker;
    await new Promise<void>((resolve, reject) => {
      const soon = setTimeout(resolve, OPEN_WAIT_MS);
      const fail = (reason: string) => {
        clearTimeout(soon);
        clearTimeout(this.#silence);
        reject(new Error(reason));
        this.#fail(reason);
      };
      const listen = () => {
        clearTimeout(this.#silence);
        this.#silence = setTimeout(
          () => fail(`The archive did not go on opening for ${SILENCE_MS / 1000} s`),
          SILENCE_MS,
        );
      };
      listen();
      worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
        if (data.kind === "ready") {
          clearTimeout(soon);
          clearTimeout(this.#silence);
          this.#set("running");
          resolve();
        } else if (data.kind === "failed") fail(data.reason);
        else if (data.kind === "opening") {
          listen();
          this.#reason = `reading records into the index: ${data.done} of ${data.total}`;
        } else this.#hear(data);
      };
      worker.onerror = (event) => {
        event.preventDefault(); // otherwise it would end the process
        fail(`The archive's Worker failed: ${event.message}`);
      };
      const { folder } = this.#context;
      worker.postMessage({ kind: "start", folder, options: this.#options } satisfies WorkerStart);
    });
  }

  /** Writes what waits, once, and closes the folder. */
  async stop(): Promise<void> {
    const worker = this.#worker;
    if (!worker) return;
    clearTimeout(this.#silence);
    try {
      if (this.#state === "running") {
        await this.#ask((seq) => ({ kind: "stop", seq }), STOP_TIMEOUT_MS);
      }
    } catch (error) {
      this.#context.log.warn(`The archive did not end in time: ${error}`);
    }
    worker.terminate();
    this.#worker = undefined;
    this.#set("stopped");
    this.#abandon("The archive has stopped");
  }

  /**
   * Hands in a record, whose bytes go to the Worker and are no longer the caller's. False if it has no
   * room or the archive does not run: the record is dropped and counted.
   */
  put(bytes: Uint8Array<ArrayBuffer>): boolean {
    this.#taken++;
    if (
      !this.#takes ||
      this.#queuedBytes + bytes.length > this.#options.queueMB * 1e6
    ) {
      this.#refused++;
      this.#dropped(this.#takes ? "too many wait for the disk" : "the archive does not run");
      return false;
    }
    const { length } = bytes;
    this.#queuedBytes += length;
    this.#queued++;
    const settle = (result: PutResult) => {
      this.#queuedBytes -= length;
      this.#queued--;
      if (result.outcome === "stored") this.#context.onStored?.(result.entry);
      else if (result.outcome === "unreadable") this.#unreadable++;
      else if (result.outcome === "lost") this.#lost++;
      if (result.outcome === "unreadable" || result.outcome === "lost") {
        this.#dropped(result.outcome);
      }
    };
    // Without a timeout: a record waits as long as the disk takes nothing.
    this.#ask((seq) => ({ kind: "put", seq, bytes }), 0, [bytes.buffer]).then(
      (result) => settle(result as PutResult), // what the Worker answers to `put`
      () => settle({ outcome: "lost" }),
    );
    return true;
  }

  /** True if records can be handed in: what comes while the folder is opened waits for that. */
  get #takes(): boolean {
    return this.#state === "running" || this.#state === "starting";
  }

  /** Records, newest first. */
  async list(query: ArchiveQuery = {}): Promise<ArchiveEntry[]> {
    const result = await this.#ask((seq) => ({ kind: "list", seq, query }));
    return result as ArchiveEntry[]; // what the Worker answers to `list`
  }

  /** A record with its bytes; undefined if there is none. */
  async get(id: string): Promise<ArchiveRecord | undefined> {
    const result = await this.#ask((seq) => ({ kind: "get", seq, id }));
    return result as ArchiveRecord | undefined; // what the Worker answers to `get`
  }

  /** A record in another form; undefined if there is none. */
  async export(id: string, options: ExportOptions): Promise<ExportResult | undefined> {
    const result = await this.#ask(
      (seq) => ({ kind: "export", seq, id, options }),
      EXPORT_TIMEOUT_MS,
    );
    return result as ExportResult | undefined; // what the Worker answers to `export`
  }

  /** Protects a record from retention, or lets it go; false if there is none. Rejects if the disk refuses. */
  async protect(id: string, isProtected: boolean): Promise<boolean> {
    return await this.#ask((seq) => ({ kind: "protect", seq, id, isProtected })) === true;
  }

  /** Removes a record, protected or not; false if there is none. Rejects if the disk refuses. */
  async remove(id: string): Promise<boolean> {
    return await this.#ask((seq) => ({ kind: "remove", seq, id })) === true;
  }

  status(): PartStatus {
    const figures = this.#figures;
    const reason = this.#reason ?? figures?.problem?.message;
    return {
      state: this.#state,
      sinceMicros: this.#sinceMicros,
      ...(reason !== undefined && { reason }),
      detail: {
        folder: this.#context.folder,
        alarm: figures?.problem?.kind ?? "none",
        queuedRecords: this.#queued,
        queuedBytes: this.#queuedBytes,
        refused: this.#refused,
        ...figures,
      },
    };
  }

  metrics(): Metric[] {
    const f = this.#figures;
    const dropped = (reason: string, value: number) =>
      counter("archive_dropped_total", "Event records that were dropped, by reason", value, {
        reason,
      });
    const removed = (reason: string, value = 0) =>
      counter("archive_removed_total", "Event records removed, by reason", value, { reason });
    return [
      gauge("archive_alarm", "1 while the disk takes nothing", f?.problem ? 1 : 0),
      gauge("archive_records", "Event records in the archive", f?.records ?? 0),
      gauge("archive_bytes", "Bytes of all event records", f?.bytes ?? 0),
      gauge("archive_protected_records", "Protected event records", f?.protectedRecords ?? 0),
      gauge("archive_queued_bytes", "Bytes that wait for the disk", this.#queuedBytes),
      counter("archive_taken_total", "Event records that were handed in", this.#taken),
      counter("archive_written_total", "Event records written", f?.written ?? 0),
      counter("archive_write_failures_total", "Writes that failed", f?.failures ?? 0),
      counter("archive_duplicates_total", "Records that were there already", f?.duplicates ?? 0),
      dropped("queue", this.#refused),
      dropped("unreadable", this.#unreadable),
      dropped("tooLarge", f?.tooLarge ?? 0),
      dropped("lost", this.#lost),
      removed("age", f?.removedForAge),
      removed("count", f?.removedForCount),
      removed("bytes", f?.removedForBytes),
      removed("order", f?.removedByOrder),
    ];
  }

  #dropped(why: string): void {
    const message = `An event record was dropped: ${why}`;
    this.#complaints.note(why, message, this.#context.clock.monotonicMs(), "error");
  }

  #ask(
    request: (seq: number) => WorkerRequest,
    timeoutMs = ANSWER_TIMEOUT_MS,
    transfer: ArrayBuffer[] = [],
  ): Promise<unknown> {
    const worker = this.#worker;
    if (!worker || !this.#takes) {
      return Promise.reject(new Error("The archive does not run"));
    }
    const seq = this.#seq++;
    return new Promise((resolve, reject) => {
      const timer = timeoutMs === 0 ? undefined : setTimeout(() => {
        this.#asked.delete(seq);
        reject(new Error(`The archive did not answer within ${timeoutMs / 1000} s`));
      }, timeoutMs);
      this.#asked.set(seq, { resolve, reject, timer });
      worker.postMessage(request(seq), transfer);
    });
  }

  #hear(message: WorkerMessage): void {
    if (message.kind === "figures") {
      this.#tellProblem(message.figures);
      this.#figures = message.figures;
      this.#complaints.flush(this.#context.clock.monotonicMs()); // figures come every minute at least
    } else if (message.kind === "answer" || message.kind === "error") {
      const asked = this.#asked.get(message.seq);
      if (!asked) return; // too late
      this.#asked.delete(message.seq);
      clearTimeout(asked.timer);
      if (message.kind === "answer") asked.resolve(message.result);
      else asked.reject(new Error(message.reason));
    }
  }

  #tellProblem({ problem, indexProblem, unfinished, unreadable }: StoreFigures): void {
    const { log } = this.#context;
    const before = this.#figures;
    if (problem && problem.kind !== before?.problem?.kind) log.error(problem.message);
    if (!problem && before?.problem) log.info("The disk of the archive takes records again");
    if (indexProblem && indexProblem !== before?.indexProblem) {
      log.warn(`The index of the archive is in memory alone: ${indexProblem}`);
    }
    if (!before && unfinished > 0) log.warn(`${unfinished} unfinished records were removed`);
    if (unreadable > (before?.unreadable ?? 0)) {
      log.warn(
        `${unreadable} files in ${this.#context.folder} are not listed: they are no whole event records, ` +
          "or this user may not read them",
      );
    }
  }

  #fail(reason: string): void {
    if (!this.#takes) return;
    this.#set("failed", reason);
    this.#abandon(reason);
  }

  #abandon(reason: string): void {
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const { reject, timer } of asked) {
      clearTimeout(timer);
      reject(new Error(reason));
    }
  }

  #set(state: PartState, reason?: string): void {
    this.#state = state;
    this.#reason = reason;
    this.#sinceMicros = this.#context.clock.nowMicros();
  }
}

/** The Worker begins in its own file from source, in the program itself where that is one file. */
function makeWorker(): Worker {
  const here = import.meta.url;
  const entry = here.endsWith(".ts") ? new URL("./worker_entry.ts", here) : here;
  return new Worker(entry, { type: "module", name: ARCHIVE_WORKER });
}
