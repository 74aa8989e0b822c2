/**
 * Which frames with wrong CHK may be pieces of a CFG-3 with one CHK at its very end (clause 6.5).
 *
 * @module
 */
import { LAST_FRAGMENT } from "./configuration_encode.ts";
import { type KnownStreams, Look } from "./known_streams.ts";
import { FrameType } from "./types.ts";

/** What {@linkcode FragmentRule.judge} answers. */
export const Verdict = {
  /** It is a damaged frame. */
  Damaged: 0,
  /** It is a piece if another frame follows it, which cannot be told yet. */
  Undecided: 1,
  /** It may be a piece. */
  Piece: 2,
} as const;

/** Bytes behind a piece that tell whether another frame begins there. */
const HEADER_BYTES = 6;

/**
 * Follows the pieces of one connection.
 *
 * A piece must have the CONT_IDX that comes next, and another frame must follow it in its place; only
 * the last one may stand at the end of the bytes at hand. So a damaged frame is hardly ever taken
 * for a piece, which would cost the frame behind it.
 */
export class FragmentRule {
  /** The bytes at hand are all that will come, as in a datagram. */
  final = false;
  #idCode = -1;
  #next = 0;

  /** Forgets the pieces seen so far. */
  reset(): void {
    this.#idCode = -1;
    this.#next = 0;
  }

  /** Judges the whole frame with wrong CHK in `bytes[at..at + size)`, of bytes up to `end`. */
  judge(
    bytes: Uint8Array,
    at: number,
    size: number,
    end: number,
    known: KnownStreams,
  ): number {
    if (bytes[at + 1]! >>> 4 !== FrameType.Config3 || size < 18) return Verdict.Damaged;
    const index = indexAt(bytes, at);
    const expected = idCodeAt(bytes, at) === this.#idCode &&
      (index === this.#next || index === LAST_FRAGMENT);
    if (index !== 1 && !expected) return Verdict.Damaged;
    const after = at + size;
    if (after === end && (this.final || index === LAST_FRAGMENT)) return Verdict.Piece;
    const look = known.look(bytes, after, end);
    if (look > Look.NeedsMore) return Verdict.Piece;
    const open = look === Look.NeedsMore && end - after < HEADER_BYTES && !this.final;
    return open ? Verdict.Undecided : Verdict.Damaged;
  }

  /** Tells that the frame at `at` has been taken, by its own CHK if `checked`. */
  taken(bytes: Uint8Array, at: number, checked: boolean): void {
    if (bytes[at + 1]! >>> 4 !== FrameType.Config3) return;
    const index = indexAt(bytes, at);
    if (checked || index === LAST_FRAGMENT) return this.reset();
    this.#idCode = idCodeAt(bytes, at);
    this.#next = index + 1;
  }
}

function indexAt(bytes: Uint8Array, at: number): number {
  return (bytes[at + 14]! << 8) | bytes[at + 15]!;
}

function idCodeAt(bytes: Uint8Array, at: number): number {
  return (bytes[at + 4]! << 8) | bytes[at + 5]!;
}
