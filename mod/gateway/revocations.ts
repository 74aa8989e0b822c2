/**
 * Emergency revocations: subscribers that get nothing and may not connect, whatever the configuration grants.
 *
 * The one thing that is not in the text of the configuration. It only ever denies, survives a restart and
 * is taken back by name.
 *
 * @module
 */
import { join } from "node:path";
import * as v from "valibot";
import type { Log } from "../core/mod.ts";
import { readTextIfExists, writeFileAtomic } from "../os/mod.ts";

/** One revocation. */
export interface Revocation {
  /** Name of the subscriber. */
  readonly subscriber: string;
  /** Who revoked it. */
  readonly author: string;
  /** Why; may be empty. */
  readonly reason: string;
  /** When: microseconds since 1970. */
  readonly timeMicros: number;
}

const schema = v.array(v.object({
  subscriber: v.string(),
  author: v.string(),
  reason: v.string(),
  timeMicros: v.number(),
}));

/** The revocations of a gateway, kept on disk. */
export class Revocations {
  readonly #path: string;
  readonly #all: Map<string, Revocation>;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, all: readonly Revocation[]) {
    this.#path = path;
    this.#all = new Map(all.map((r) => [r.subscriber, r]));
  }

  /**
   * Reads those of a state folder. Throws for a file that is there and cannot be read: a gateway must not
   * start without what was revoked.
   */
  static async open(stateDir: string, log: Log): Promise<Revocations> {
    const path = join(stateDir, "revocations.json");
    const text = await readTextIfExists(path);
    const all = text === undefined ? [] : v.parse(schema, JSON.parse(text));
    for (const { subscriber, author } of all) log.warn(`${subscriber} is revoked by ${author}`);
    return new Revocations(path, all);
  }

  /** All of them, oldest first. */
  all(): Revocation[] {
    return [...this.#all.values()];
  }

  /** True if a subscriber is revoked. */
  has(subscriber: string): boolean {
    return this.#all.has(subscriber);
  }

  /** Adds one; resolves when it is on disk. */
  async add(revocation: Revocation): Promise<void> {
    this.#all.set(revocation.subscriber, revocation);
    await this.#write();
  }

  /** Takes one away; false if there was none. */
  async remove(subscriber: string): Promise<boolean> {
    if (!this.#all.delete(subscriber)) return false;
    await this.#write();
    return true;
  }

  /** One at a time, so that what was written first does not take the place of what came after it. */
  #write(): Promise<void> {
    const result = this.#writing.then(() =>
      writeFileAtomic(this.#path, JSON.stringify(this.all()), 0o600)
    );
    this.#writing = result.catch(() => {});
    return result;
  }
}
