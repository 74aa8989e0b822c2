/**
 * The last good time on disk: a board without a battery boots in the past, and must notice.
 *
 * @module
 */
import { join } from "node:path";
import type { Log } from "../core/mod.ts";
import { readTextIfExists, writeFileAtomic } from "../os/mod.ts";

/** A board that was never good has no time on disk; before this nobody ran this program: 2025-01-01, microseconds. */
const EARLIEST_MICROS = 1_735_689_600e6;
/** How often the last good time is written, in milliseconds. */
const WRITE_MS = 600_000;

/** The clock is slewed backwards now and then; what is within this is no matter. */
const SLACK_MICROS = 1e6;
/** Looks at which a good source contradicts the floor, after which the floor is wrong. */
const DOUBTS = 5;

/** What a look at the clock says: it stands behind the floor, before it, or so long that the floor is wrong. */
export type FloorVerdict = "behind" | "before" | "wrong";

/** Keeps the last good time in the state folder. */
export class TimeFloor {
  /** No time before this can be right: microseconds since 1970. */
  floorMicros: number = EARLIEST_MICROS;
  readonly #path: string;
  readonly #log: Log;
  #writtenMs = -Infinity;
  #writing: Promise<void> = Promise.resolve();
  #doubts = 0;

  /** Makes a floor that is not read. */
  constructor(stateDir: string, log: Log) {
    this.#path = join(stateDir, "clock_floor.json");
    this.#log = log;
  }

  /** What the floor is, in words. */
  get text(): string {
    const time = new Date(this.floorMicros / 1000).toISOString();
    return this.floorMicros === EARLIEST_MICROS
      ? `${time}, when there was no such program`
      : `${time}, when it was good last`;
  }

  /** Reads what an earlier run has left; a file that cannot be read leaves the floor as it is. */
  async read(): Promise<void> {
    try {
      const text = await readTextIfExists(this.#path);
      if (text === undefined) return;
      const value: unknown = JSON.parse(text);
      if (typeof value === "object" && value !== null && "lastGoodMicros" in value) {
        const { lastGoodMicros } = value;
        if (Number.isSafeInteger(lastGoodMicros) && Number(lastGoodMicros) > 0) {
          this.floorMicros = Number(lastGoodMicros);
          return;
        }
      }
      this.#log.warn(
        `${this.#path}: expected {"lastGoodMicros": NUMBER}, found ${text.slice(0, 80)}`,
      );
    } catch (error) {
      this.#log.warn(`Cannot read the last good time: ${error}`);
    }
  }

  /** Takes a time that is known to be good, and writes it now and then, or at once when `now` is set. */
  async good(micros: number, monotonicMs: number, now = false): Promise<void> {
    this.floorMicros = Math.max(this.floorMicros, micros);
    if (!now && monotonicMs - this.#writtenMs < WRITE_MS) return;
    this.#writtenMs = monotonicMs;
    await this.#write(this.floorMicros);
  }

  /** Judges a time, once a second; `isContradicted` if a source that is traceable says that this time is right. */
  judge(micros: number, isContradicted: boolean): FloorVerdict {
    if (micros >= this.floorMicros - SLACK_MICROS) {
      this.#doubts = 0;
      return "behind";
    }
    this.#doubts = isContradicted ? this.#doubts + 1 : 0;
    return this.#doubts >= DOUBTS ? "wrong" : "before";
  }

  /** Takes back a floor that lies in the future: a source has shown it to be wrong. */
  async lower(micros: number): Promise<void> {
    this.floorMicros = micros;
    await this.#write(micros);
  }

  /** Resolves when nothing is being written any more. */
  settled(): Promise<void> {
    return this.#writing;
  }

  /** One at a time, so that what was written first does not take the place of what came after it. */
  #write(micros: number): Promise<void> {
    return this.#writing = this.#writing.then(() => this.#writeNow(micros));
  }

  async #writeNow(micros: number): Promise<void> {
    try {
      await writeFileAtomic(
        this.#path,
        `${JSON.stringify({ lastGoodMicros: Math.floor(micros) })}\n`,
      );
    } catch (error) {
      this.#log.warn(`Cannot write the last good time: ${error}`);
    }
  }
}
