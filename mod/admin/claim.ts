/**
 * The claim token: how the first user of a new device is made, without a default password.
 *
 * @module
 */
import { timingSafeEqual } from "node:crypto";
import { join } from "node:path";
import { sha256 } from "../config/mod.ts";
import { parseToken, tokenText } from "../identity/mod.ts";
import { readTextIfExists, writeFileAtomic } from "../os/mod.ts";

/** A token that makes one user and is gone then. It stands in a file that its owner alone can read. */
export class ClaimToken {
  /** Where it stands. */
  readonly path: string;
  #digest: string | undefined;
  #text: string;

  private constructor(path: string, text: string) {
    this.path = path;
    this.#text = text;
    this.#digest = sha256(text);
  }

  /** The token of a state folder, made if there is none yet. */
  static async open(stateDir: string): Promise<ClaimToken> {
    const path = join(stateDir, "claim-token");
    const kept = (await readTextIfExists(path, 1024))?.trim();
    if (kept !== undefined && parseToken(kept)) return new ClaimToken(path, kept);
    const text = tokenText("claim", crypto.getRandomValues(new Uint8Array(32)));
    await writeFileAtomic(path, `${text}\n`, 0o600);
    return new ClaimToken(path, text);
  }

  /** Its text, for the console. */
  get text(): string {
    return this.#text;
  }

  /** True for the token, while it was not used. */
  isIt(text: string): boolean {
    if (this.#digest === undefined) return false;
    return timingSafeEqual(
      new TextEncoder().encode(sha256(text)),
      new TextEncoder().encode(this.#digest),
    );
  }

  /** Takes it for one use: false if somebody else has. Either {@linkcode giveBack} or {@linkcode spend} follows. */
  take(): boolean {
    const wasFree = this.#digest !== undefined;
    this.#digest = undefined;
    return wasFree;
  }

  /** The use failed: it is good again. */
  giveBack(): void {
    this.#digest = sha256(this.#text);
  }

  /** It was used: it is good for nothing from now on. */
  async spend(): Promise<void> {
    this.#digest = undefined;
    this.#text = "";
    try {
      await Deno.remove(this.path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
