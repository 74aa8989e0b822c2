/**
 * Keeps the configuration: what runs, what ran before, and the way back.
 *
 * @module
 */
import { sha256 } from "../config/mod.ts";
import { messageOf } from "../core/mod.ts";
import type {
  ChangeRequest,
  ChangeResult,
  KeeperOptions,
  KeeperStatus,
  Revision,
} from "./change.ts";
import { ConfigFile } from "./config_file.ts";
import { load, type Loaded } from "./loading.ts";
import { neededSigner } from "./signature.ts";
import {
  type FailedPart,
  type Outcome,
  RevisionError,
  type StoredState,
  type VersionInfo,
} from "./types.ts";
import { Trial } from "./trial.ts";
import { VersionStore } from "./version_store.ts";

/**
 * The configuration of a running program.
 *
 * Every change goes the same way: signature, check as a whole, plan, a version on disk, application.
 * A part that cannot work afterwards, a confirmation that does not come, and an end of the program
 * before either was settled: each brings the version before back.
 */
export class ConfigKeeper<C, P> {
  readonly #options: KeeperOptions<C, P>;
  readonly #file: ConfigFile;
  readonly #store: VersionStore;
  #running: VersionInfo;
  #text: string;
  #config: C;
  #note: string;
  #trial: Trial<C> | undefined;
  #busy: Promise<unknown> = Promise.resolve();

  private constructor(
    options: KeeperOptions<C, P>,
    file: ConfigFile,
    store: VersionStore,
    first: Loaded<C>,
  ) {
    this.#options = options;
    this.#file = file;
    this.#store = store;
    this.#running = first.version;
    this.#text = first.text;
    this.#config = first.config;
    this.#note = first.note;
  }

  /**
   * Decides what runs: the file if it was edited and is in order, else the last good version.
   *
   * Throws ConfigError only if there is no version yet and the file cannot be used, and NotFound if
   * there is neither.
   */
  static async open<C, P>(options: KeeperOptions<C, P>): Promise<ConfigKeeper<C, P>> {
    const store = await VersionStore.open(options.folder, options.log);
    const file = new ConfigFile(options.file);
    const first = await load(options, file, store);
    if (first.note) options.log.error(first.note);
    return new ConfigKeeper(options, file, store, first);
  }

  /** The configuration that runs. */
  get config(): C {
    return this.#config;
  }

  /** Its text. */
  get text(): string {
    return this.#text;
  }

  /** What an operator sees. */
  status(): KeeperStatus {
    const trial = this.#trial;
    return {
      running: this.#running,
      pending: trial && {
        version: this.#running.number,
        secondsLeft: trial.secondsLeft,
      },
      note: this.#note,
    };
  }

  /** The versions that are kept, newest first. */
  versions(): VersionInfo[] {
    return this.#store.versions();
  }

  /** The text of a version. Throws {@linkcode RevisionError} for one that is not kept. */
  async textOf(number: number): Promise<string> {
    const text = await this.#store.text(number);
    if (text === undefined) {
      throw new RevisionError("unknownVersion", `There is no version ${number}`);
    }
    return text;
  }

  /**
   * Makes a change, or says what it would do. One at a time, in the order of the calls.
   *
   * Throws ConfigError for a text that is not in order and {@linkcode RevisionError} for what is refused
   * or could not work.
   */
  change(request: ChangeRequest<P>): Promise<ChangeResult<P>> {
    return this.#do(() => this.#change(request));
  }

  /** Makes a change of the running text by an edit, under the same rules. */
  edit(
    request: Omit<ChangeRequest<P>, "text">,
    edit: (text: string) => string,
  ): Promise<ChangeResult<P>> {
    return this.#do(() => this.#change({ ...request, text: edit(this.#text) }));
  }

  /** Makes the text of an earlier version run again, as a new version with its signature. */
  rollback(
    number: number,
    request: Omit<ChangeRequest<P>, "text" | "cause">,
  ): Promise<ChangeResult<P>> {
    return this.#do(async () => {
      const text = await this.textOf(number);
      const signature = request.signature ?? this.#store.get(number)?.signature;
      return await this.#change({ ...request, text, signature, cause: "rollback" });
    });
  }

  /**
   * Confirms the change that waits. `judge` looks at what taking it back would change; what it throws is the answer.
   * Throws {@linkcode RevisionError} if none waits.
   */
  confirm(judge?: (undo: P) => void): Promise<VersionInfo> {
    return this.#do(async () => {
      this.#judgeTrial(judge);
      // What cannot be noted would be taken back at the next start: it goes on waiting then.
      await this.#holds();
      this.#endTrial();
      return this.#running;
    });
  }

  /** Takes the change that waits back at once; otherwise as {@linkcode confirm}. */
  cancel(judge?: (undo: P) => void): Promise<VersionInfo> {
    return this.#do(async () => {
      this.#judgeTrial(judge);
      await this.#undo("undone");
      return this.#running;
    });
  }

  /**
   * Looks at the file: an edit is taken in like any other change, with the signature in `FILE.sig`.
   *
   * Undefined if the file is as it was. What is wrong with it is logged, stands in the status and is thrown.
   */
  async reload(): Promise<ChangeResult<P> | undefined> {
    try {
      const text = await this.#file.read();
      if (text !== undefined && sha256(text) === this.#store.state?.fileDigest) {
        this.#note = "";
        await this.#do(async () => {
          // It could not be written before.
          const isOld = this.#running.digest !== this.#store.state?.fileDigest;
          if (isOld && !this.#trial) await this.#writeBack();
        });
        return undefined;
      }
      if (text === undefined) throw new Error(`${this.#file.path} is not there`);
      const result = await this.change({
        text,
        author: "file",
        comment: "",
        cause: "file",
        signature: await this.#file.readSignature(),
      });
      this.#note = "";
      return result;
    } catch (error) {
      this.#note = `The file was not taken into use: ${messageOf(error)}`;
      this.#options.log.error(this.#note);
      throw error;
    }
  }

  /** Ends. A change that waits is left as it is: the next start takes it back. */
  async close(): Promise<void> {
    await this.#busy;
    this.#trial?.end();
  }

  async #change(request: ChangeRequest<P>): Promise<ChangeResult<P>> {
    const { cause, dryRun = false, confirmWithin } = request;
    const options = this.#options, config = this.#config;
    const { ifDigest } = request;
    if (ifDigest !== undefined && ifDigest !== this.#running.digest) {
      throw new RevisionError(
        "precondition",
        `Expected the running configuration to be ${ifDigest}, found ${this.#running.digest}`,
      );
    }
    if (this.#trial && !dryRun) {
      throw new RevisionError(
        "pending",
        `Version ${this.#running.number} waits to be confirmed: confirm it or take it back first`,
      );
    }
    const signer = await this.#signer(request, options.signersOf(config));
    const text = options.restore(request.text, this.#text);
    if (options.hasMarks(text)) {
      throw new RevisionError(
        "redacted",
        'A value reads "redacted:..." and stands for no secret of the running configuration',
      );
    }
    const source = cause === "file" ? options.file : "configuration";
    const next = options.read(text, source);
    const plan = options.plan(next);
    request.judge?.(plan);
    const digest = sha256(text);
    const what = { plan, text, digest, before: { digest: this.#running.digest, text: this.#text } };
    if (dryRun) return { ...what, version: undefined, confirmWithin: undefined };
    if (digest === this.#running.digest) {
      if (cause === "file") await this.#writeBack(digest);
      return { ...what, version: undefined, confirmWithin: undefined };
    }
    const before = { version: this.#running, text: this.#text, config };
    const previous = before.version.number;
    const version = await this.#store.add(text, {
      author: request.author,
      timeMicros: options.clock.nowMicros(),
      comment: request.comment,
      cause,
      outcome: "pending",
      ...(signer !== undefined && { signature: request.signature!.trim(), signer }),
    });
    // Should the program end from here on, the next start takes the change back.
    await this.#setState({ current: previous, pending: { version: version.number, previous } });
    await this.#apply({ version, text, config: next }, before);
    if (confirmWithin !== undefined) {
      this.#try(before, confirmWithin);
      return { ...what, version, confirmWithin };
    }
    await this.#holds(cause === "file" ? digest : undefined);
    return { ...what, version: this.#running, confirmWithin: undefined };
  }

  async #signer(
    { text, signature, cause }: ChangeRequest<P>,
    signers: readonly string[],
  ): Promise<string | undefined> {
    if (signers.length > 0 && this.#options.hasMarks(text)) {
      throw new RevisionError(
        "signature",
        'A text that is to be signed must hold its secrets, found "redacted:..."',
      );
    }
    const where = cause === "file" ? `in ${this.#file.path}.sig` : "with the change";
    return await neededSigner(text, signature, signers, where);
  }

  /** Applies, and takes back what cannot work. */
  async #apply(next: Revision<C>, before: Revision<C>): Promise<void> {
    let failed: readonly FailedPart[] = [];
    let why = "";
    try {
      ({ failed } = await this.#options.apply(next.config));
    } catch (error) {
      why = messageOf(error);
    }
    if (failed.length === 0 && why === "") {
      this.#takes(next);
      return;
    }
    const previous = before.version.number, { number } = next.version;
    await this.#options.apply(before.config).catch((error) => {
      this.#options.log.error(`Version ${previous} cannot be taken into use again: ${error}`);
    });
    await this.#store.settle(number, "failed");
    await this.#setState({ current: previous });
    const parts = failed.map(({ part, reason }) => `${part}: ${reason}`).join("; ");
    throw new RevisionError(
      "failed",
      `Version ${number} was taken back, it does not work: ${why || parts}`,
      failed,
    );
  }

  #takes({ version, text, config }: Revision<C>): void {
    this.#running = version;
    this.#text = text;
    this.#config = config;
  }

  #try(before: Revision<C>, seconds: number): void {
    const over = async () => {
      if (!this.#trial) return;
      const undone = this.#running;
      this.#options.log.warn(`Nobody confirmed version ${undone.number}`);
      await this.#undo("undone");
      this.#options.onUndo?.(undone, this.#running);
    };
    this.#trial = new Trial(before, seconds, this.#options.clock, () => {
      void this.#do(over).catch((error) =>
        this.#options.log.error(`Cannot take a change back: ${error}`)
      );
    });
  }

  async #undo(outcome: Outcome): Promise<void> {
    const { before } = this.#trial!; // the callers have looked
    const undone = this.#running;
    const previous = before.version.number;
    this.#endTrial();
    // What runs is told by what was asked for, even if a part of it cannot work at the moment.
    this.#takes(before);
    const { failed } = await this.#options.apply(before.config);
    this.#options.log.warn(`Version ${undone.number} was taken back, version ${previous} runs`);
    for (const { part, reason } of failed) this.#options.log.error(`${part}: ${reason}`);
    try {
      await this.#store.settle(undone.number, outcome);
      await this.#setState({ current: previous });
    } catch (error) {
      // A full disk must not keep in use what nobody confirmed; the next start would take it back in any case.
      this.#note = `That version ${undone.number} was taken back cannot be noted: ${error}`;
      this.#options.log.error(this.#note);
    }
  }

  /** The running version is the good one now; the file follows unless it is where it came from. */
  async #holds(fromFile?: string): Promise<void> {
    await this.#store.settle(this.#running.number, "good");
    this.#running = this.#store.get(this.#running.number)!; // it was just settled
    await this.#setState({ current: this.#running.number });
    await this.#writeBack(fromFile);
  }

  /** Writes the file, unless it holds the text already. One that cannot be written is told in the status. */
  async #writeBack(fromFile?: string): Promise<void> {
    const { current } = this.#store.state!; // set before
    if (fromFile === undefined) {
      try {
        await this.#setEditAside();
        await this.#file.write(this.#text);
        this.#note = "";
      } catch (error) {
        this.#note =
          `${this.#file.path} cannot be written, version ${current} in the state folder is what runs: ${
            messageOf(error)
          }`;
        this.#options.log.warn(this.#note);
        return;
      }
    }
    await this.#store.setState({ current, fileDigest: fromFile ?? this.#running.digest });
  }

  /** What somebody wrote into the file and nobody took in is not lost when the file is written anew. */
  async #setEditAside(): Promise<void> {
    const known = [this.#running.digest, this.#store.state?.fileDigest ?? ""];
    const edit = await this.#file.setAside(known);
    if (!edit) return;
    this.#options.log.warn(
      `${this.#file.path} had been edited and was not taken in: the edit is in ${edit.path} now, ` +
        `version ${this.#running.number} in its place` +
        (edit.dropped ? "; the oldest edit that was kept so is gone" : ""),
    );
    this.#options.onAside?.(edit, this.#running);
  }

  #setState(state: Omit<StoredState, "fileDigest">): Promise<void> {
    return this.#store.setState({ ...state, fileDigest: this.#store.state?.fileDigest ?? "" });
  }

  #judgeTrial(judge: ((undo: P) => void) | undefined): void {
    if (!this.#trial) {
      throw new RevisionError("nothingPending", "No change waits to be confirmed");
    }
    judge?.(this.#options.plan(this.#trial.before.config));
  }

  #endTrial(): void {
    this.#trial?.end();
    this.#trial = undefined;
  }

  #do<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#busy.then(operation);
    this.#busy = result.catch(() => {});
    return result;
  }
}
