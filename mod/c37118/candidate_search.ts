/**
 * The search for the next frame while the boundary of frames is lost.
 *
 * @module
 */
import { RunningCrc } from "./crc.ts";
import { type FragmentRule, Verdict } from "./fragment_rule.ts";
import { type KnownStreams, Look } from "./known_streams.ts";

/** What {@linkcode CandidateSearch.next} answers when there is no frame yet. */
export const NONE = -1;

/**
 * Looks at every 0xAA in a growing buffer, checks the CHK of each candidate once when it is complete,
 * and remembers those that are not. A candidate that never completes holds up nobody.
 */
export class CandidateSearch {
  /** Where a frame begins if nothing but whole frames were damaged; negative when that is not known. */
  expectedAt = 0;
  /** Damaged frames that were found standing in the expected place since `begin`. */
  damaged = 0;
  /** Whether the frame that was found has a right CHK; if not, it is a piece of CFG-3. */
  checked = true;
  /** Only the candidate at the beginning, and data of known size, count; set while the former is trusted. */
  strict = false;
  #start = 0;
  #scanned = 0;
  #open: number[] = [];
  readonly #crc = new RunningCrc();
  readonly #fragments: FragmentRule;

  /** Makes a search that asks `fragments` about pieces of CFG-3. */
  constructor(fragments: FragmentRule) {
    this.#fragments = fragments;
  }

  /** Forgets the bytes of the buffer. */
  reset(): void {
    this.begin(0, 0, -1, false);
    this.#crc.reset();
  }

  /** Begins anew at offset `start` of the same buffer; `from` and, unless it is negative, `expectedAt` count from there. */
  begin(start: number, from: number, expectedAt: number, strict: boolean): void {
    this.expectedAt = expectedAt < 0 ? -1 : start + expectedAt;
    this.damaged = 0;
    this.strict = strict;
    this.#start = start;
    this.#scanned = start + from;
    this.#open.length = 0;
  }

  /** Tells that the first `count` bytes of the buffer have been taken away. */
  shift(count: number): void {
    if (count === 0) return;
    this.#start -= count;
    this.#scanned -= count;
    this.expectedAt -= count;
    this.#open = this.#open.filter((at) => at >= count).map((at) => at - count);
    this.#crc.shift(count);
  }

  /** Offset below which no frame can begin any more. */
  get settled(): number {
    return this.#open[0] ?? this.#scanned;
  }

  /** The offset of the first acceptable frame in `bytes[0..length)`, or {@linkcode NONE}. */
  next(bytes: Uint8Array, length: number, known: KnownStreams): number {
    this.#crc.extend(bytes, length);
    let kept = 0;
    // A list that shrinks to nothing under way ends the loop.
    for (let i = 0; i < this.#open.length; i++) {
      const at = this.#open[i]!;
      const verdict = this.#judge(bytes, at, length, known);
      if (verdict === Verdict.Piece) return at;
      if (verdict === Verdict.Undecided) this.#open[kept++] = at;
      else if (at === this.#start && this.strict) {
        // What was trusted is no frame: look again at all that it hid.
        this.#scanned = at + 1;
        this.#open.length = kept = 0;
        this.strict = false;
      }
    }
    this.#open.length = kept;
    for (;;) {
      const at = bytes.indexOf(0xaa, this.#scanned);
      if (at < 0 || at >= length) {
        this.#scanned = Math.max(this.#scanned, length);
        return NONE;
      }
      this.#scanned = at;
      const look = known.look(bytes, at, length);
      if (look === Look.NeedsMore) return NONE;
      this.#scanned = at + 1;
      if (look === Look.Implausible) continue;
      const verdict = this.#judge(bytes, at, length, known);
      if (verdict === Verdict.Piece) return at;
      if (verdict === Verdict.Undecided) this.#open.push(at);
    }
  }

  /** `Piece` for a frame to take, whole or a piece; `Undecided` while it is incomplete. */
  #judge(bytes: Uint8Array, at: number, length: number, known: KnownStreams): number {
    const size = sizeAt(bytes, at);
    if (at + size > length) return Verdict.Undecided;
    if (this.#crc.matches(at, size)) {
      this.checked = true;
      const counts = !this.strict || at === this.#start ||
        known.look(bytes, at, length) === Look.Strong;
      return counts ? Verdict.Piece : Verdict.Damaged;
    }
    if (at !== this.expectedAt) return Verdict.Damaged;
    const verdict = this.#fragments.judge(bytes, at, size, length, known);
    if (verdict === Verdict.Damaged) {
      this.damaged++;
      this.expectedAt = at + size;
    }
    this.checked = false;
    return verdict;
  }
}

/** FRAMESIZE of the frame that begins at `at`. */
export function sizeAt(bytes: Uint8Array, at: number): number {
  return (bytes[at + 2]! << 8) | bytes[at + 3]!;
}
