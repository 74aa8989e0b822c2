/**
 * The audit trail on disk: appended, synced, sealed every hour, rotated, and read.
 *
 * @module
 */
import { join } from "node:path";
import { type Clock, type Log, messageOf } from "../core/mod.ts";
import { withoutTokens } from "../identity/mod.ts";
import { readTextIfExists, writeFileAtomic } from "../os/mod.ts";
import {
  type AuditEntry,
  type AuditFact,
  type AuditHead,
  makeEntry,
  numberIn,
  readEntry,
} from "./entry.ts";
import { keyPrint, makeHandover, makeSeal, publicKeyOf, SEAL_SECONDS } from "./seal.ts";
import {
  closedFiles,
  CURRENT,
  HEAD,
  lastEntry,
  lastOf,
  readTextLossy,
  SEALING_KEY,
} from "./folder.ts";

/** Size at which a file of the trail is closed and the next one begins. */
const MAX_FILE_BYTES = 8 * 1024 * 1024;
/** Closed files that are kept. */
const KEPT_FILES = 7;
/** Entries that may wait for the disk; what comes beyond is counted. */
const MAX_WAITING = 1000;

/** Where and how the trail is kept. */
export interface AuditOptions {
  /** Folder of the trail. */
  readonly folder: string;
  /** The device's key (P-256, PEM) that seals the trail; asked for at each seal. */
  readonly keyPem: () => string;
  /** The time. */
  readonly clock: Clock;
  /** Where it is told what cannot be written. */
  readonly log: Log;
  /** Size at which the next file begins; default 8 MiB. */
  readonly maxFileBytes?: number;
}

/** Appends to the trail. Entries are written in order, each synced before its promise resolves. */
export class AuditLog {
  readonly #options: AuditOptions;
  readonly #waiting: { readonly fact: AuditFact; readonly done: () => void }[] = [];
  #file: Deno.FsFile;
  #bytes: number;
  #last: AuditHead;
  #keyPem: string;
  #writing: Promise<void> | undefined;
  #sealMs: number;
  #lost = 0;
  #failures = 0;

  private constructor(
    options: AuditOptions,
    file: Deno.FsFile,
    bytes: number,
    last: AuditHead,
    keyPem: string,
  ) {
    this.#options = options;
    this.#keyPem = keyPem;
    this.#file = file;
    this.#bytes = bytes;
    this.#last = last;
    this.#sealMs = options.clock.monotonicMs();
  }

  /** Opens the trail, which goes on where it ended; what a power cut left of a last line is cut off and told. */
  static async open(options: AuditOptions): Promise<AuditLog> {
    await Deno.mkdir(options.folder, { recursive: true, mode: 0o700 });
    const path = join(options.folder, CURRENT);
    const text = await readTextLossy(path);
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    const torn = text.length - whole.length;
    const file = await Deno.open(path, { create: true, write: true, mode: 0o600 });
    const bytes = new TextEncoder().encode(whole).length;
    if (torn > 0) await file.truncate(bytes);
    await file.seek(0, Deno.SeekMode.End);
    const last = lastOf(whole) ?? await lastEntry(options.folder) ?? { number: 0, hash: "" };
    const audit = new AuditLog(options, file, bytes, last, options.keyPem());
    if (torn > 0) {
      await audit.note({
        who: "gateway",
        from: "",
        action: "audit.torn",
        outcome: "done",
        detail: `The last line was not whole: ${torn} characters were cut off`,
      });
    }
    const own = publicKeyOf(audit.#keyPem);
    const before = (await readTextIfExists(join(options.folder, SEALING_KEY), 4096))?.trim();
    if (before === undefined) await audit.#keepKey(own);
    else if (before !== own) await audit.#handOver(before, own, undefined);
    return audit;
  }

  /** Entries that were lost because the disk was too slow or failed. */
  get lost(): number {
    return this.#lost;
  }

  /** Adds an entry; resolves when it is on disk, or was counted as lost. */
  note(fact: AuditFact): Promise<void> {
    if (this.#waiting.length >= MAX_WAITING) {
      this.#lost++;
      return Promise.resolve();
    }
    return new Promise((done) => {
      this.#waiting.push({ fact, done });
      this.#writing ??= this.#write();
    });
  }

  /** Seals the head if an hour has passed since the last seal, or the key is another one; called at least every minute. */
  async tick(): Promise<void> {
    await this.#followKey();
    const now = this.#options.clock.monotonicMs();
    if (now - this.#sealMs >= SEAL_SECONDS * 1000) await this.seal();
  }

  /** Seals the head now. */
  async seal(): Promise<void> {
    await this.#followKey();
    await this.#seal();
  }

  /** Seals the head of a trail that never was, so that it can be verified before its first hour is over. */
  async sealFirst(): Promise<void> {
    const head = await readTextIfExists(join(this.#options.folder, HEAD), 4096);
    if (head === undefined) await this.seal();
  }

  async #seal(): Promise<void> {
    this.#sealMs = this.#options.clock.monotonicMs();
    await this.#idle();
    if (this.#last.number === 0) return;
    const seal = makeSeal(this.#last, this.#nowMs(), this.#keyPem);
    await this.note({
      who: "gateway",
      from: "",
      action: "audit.seal",
      outcome: "done",
      detail: JSON.stringify(seal),
    });
    await this.#writeHead();
  }

  /** The newest entries, newest first: at most `limit` of those with a number below `before`. */
  async entries(limit: number, before = Infinity): Promise<AuditEntry[]> {
    await this.#idle();
    const found: AuditEntry[] = [];
    for (const name of [CURRENT, ...(await closedFiles(this.#options.folder)).reverse()]) {
      const text = await readTextLossy(join(this.#options.folder, name));
      for (const line of text.split("\n").reverse()) {
        // Reading one costs a hash: thousands of them would hold everything else.
        const entry = numberIn(line) < before ? readEntry(line) : undefined;
        if (!entry || entry.number >= before) continue;
        found.push(entry);
        if (found.length >= limit) return found;
      }
    }
    return found;
  }

  /** Writes what waits, seals the head and ends. */
  async close(): Promise<void> {
    await this.#followKey();
    await this.note({
      who: "gateway",
      from: "",
      action: "program.stop",
      outcome: "done",
      detail: "",
    });
    await this.#writeHead();
    this.#file.close();
  }

  /** The seal beside the trail covers every entry that is there. */
  async #writeHead(): Promise<void> {
    await this.#idle();
    if (this.#last.number === 0) return;
    const seal = makeSeal(this.#last, this.#nowMs(), this.#keyPem);
    await this.#keep(HEAD, JSON.stringify(seal));
  }

  /** Hands over to the device's key of this moment, if it is another one: the former one is still at hand and signs. */
  async #followKey(): Promise<void> {
    const former = this.#keyPem, keyPem = this.#options.keyPem();
    if (keyPem === former) return;
    this.#keyPem = keyPem;
    const [retired, next] = [publicKeyOf(former), publicKeyOf(keyPem)];
    if (retired !== next) await this.#handOver(retired, next, former);
  }

  async #handOver(retired: string, next: string, keyPem: string | undefined): Promise<void> {
    await this.#idle();
    if (this.#last.number > 0) {
      const handover = makeHandover(this.#last, retired, next, keyPem);
      this.#options.log.info(
        `The audit trail is sealed by ${keyPrint(next)} from now on, no longer by ${
          keyPrint(retired)
        }`,
      );
      await this.note({
        who: "gateway",
        from: "",
        action: "audit.key",
        outcome: "done",
        detail: JSON.stringify(handover),
      });
      await this.#seal();
    }
    await this.#keepKey(next);
  }

  #keepKey(publicKey: string): Promise<void> {
    return this.#keep(SEALING_KEY, `${publicKey}\n`);
  }

  /** Writes a file beside the trail. A disk that takes nothing is told; it ends neither the program nor its stop. */
  async #keep(name: string, text: string): Promise<void> {
    try {
      await writeFileAtomic(join(this.#options.folder, name), text, 0o600);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Tells the first of several failures. */
  #failed(error: unknown): void {
    if (this.#failures++ > 0) return;
    this.#options.log.error(`The audit trail cannot be written: ${messageOf(error)}`);
  }

  async #idle(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      try {
        await this.#append(batch.map(({ fact }) => fact));
        this.#failures = 0;
      } catch (error) {
        this.#lost += batch.length;
        this.#failed(error);
      }
      for (const { done } of batch) done();
    }
    this.#writing = undefined;
  }

  async #append(facts: readonly AuditFact[]): Promise<void> {
    if (this.#bytes > (this.#options.maxFileBytes ?? MAX_FILE_BYTES)) await this.#rotate();
    let last = this.#last;
    let text = "";
    for (const fact of facts) {
      const entry = makeEntry(
        { ...fact, detail: withoutTokens(fact.detail) },
        last.number + 1,
        last.hash,
        this.#nowMs(),
      );
      text += `${JSON.stringify(entry)}\n`;
      last = entry;
    }
    const bytes = new TextEncoder().encode(text);
    try {
      for (let at = 0; at < bytes.length;) at += await this.#file.write(bytes.subarray(at));
      await this.#file.sync();
    } catch (error) {
      // What was written of it must not stand before the next entry.
      await this.#file.truncate(this.#bytes);
      await this.#file.seek(0, Deno.SeekMode.End);
      throw error;
    }
    this.#bytes += bytes.length;
    this.#last = last;
  }

  async #rotate(): Promise<void> {
    const { folder } = this.#options;
    const number = String(this.#last.number).padStart(10, "0");
    const current = join(folder, CURRENT), closing = join(folder, `audit-${number}.jsonl`);
    const former = this.#file;
    await Deno.rename(current, closing);
    try {
      this.#file = await Deno.open(current, { create: true, write: true, mode: 0o600 });
    } catch (error) {
      await Deno.rename(closing, current); // the former one goes on, and is tried again
      throw error;
    }
    former.close();
    this.#bytes = 0;
    const closed = await closedFiles(folder);
    for (const name of closed.slice(0, Math.max(0, closed.length - KEPT_FILES))) {
      await Deno.remove(join(folder, name));
    }
  }

  #nowMs(): number {
    return this.#options.clock.nowMicros() / 1000;
  }
}
