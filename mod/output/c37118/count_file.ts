/**
 * CFGCNT over restarts: what was told last stands in a file, so that the count means something.
 *
 * @module
 */
import { join } from "node:path";
import { sha256 } from "../../config/mod.ts";
import { readTextIfExists, writeFileAtomic } from "../../os/mod.ts";
import * as v from "valibot";
import type { KnownCount } from "./change_plan.ts";
import { imageOf, type StreamShape } from "./shape.ts";

/** Largest file that is read, in bytes. */
const MAX_BYTES = 1024;

const content = v.strictObject({
  cfgCnt: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff)),
  sha256: v.string(),
});

/** The file of one stream. */
export class CountFile {
  readonly #folder: string;
  readonly #path: string;
  #writing: Promise<void> = Promise.resolve();

  /** The file `c37118_output/NAME.json` in the state folder. */
  constructor(stateDir: string, name: string) {
    this.#folder = join(stateDir, "c37118_output");
    this.#path = join(this.#folder, `${name}.json`);
  }

  /** What it holds; undefined if there is none. Rejects for one that cannot be read. */
  async read(): Promise<KnownCount | undefined> {
    const text = await readTextIfExists(this.#path, MAX_BYTES);
    if (text === undefined) return undefined;
    const known = v.parse(content, JSON.parse(text));
    return { cfgCnt: known.cfgCnt, isSame: (shape) => digestOf(shape) === known.sha256 };
  }

  /** Writes what is told now, after what is still being written. */
  write(cfgCnt: number, shape: StreamShape): Promise<void> {
    const text = JSON.stringify({ cfgCnt, sha256: digestOf(shape) });
    return this.#writing = this.#writing.catch(() => {}).then(async () => {
      await Deno.mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await writeFileAtomic(this.#path, `${text}\n`, 0o600);
    });
  }

  /** Resolves when nothing is being written any more, be it that it failed. */
  async settled(): Promise<void> {
    await this.#writing.catch(() => {}); // told to whoever wrote
  }
}

function digestOf(shape: StreamShape): string {
  return sha256(imageOf(shape));
}
