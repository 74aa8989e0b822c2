/**
 * What is wrong on a network now: each thing once, with how often and since when.
 *
 * @module
 */
import type { Finding, FindingCode } from "./observer_types.ts";

/** Findings that are kept; others that are seen meanwhile are counted only. */
const MAX_FINDINGS = 64;
/** Milliseconds after which a finding that is not seen again is over. */
const EXPIRE_MS = 15_000;

/** Findings by code and subject. */
export class Findings {
  /** Findings that found no room. */
  overflow = 0;
  readonly #all = new Map<string, Finding>();

  /** Notes that something was seen; `subject` tells findings of one code apart. */
  note(code: FindingCode, subject: string, text: string, ms: number): void {
    const key = `${code} ${subject}`;
    const before = this.#all.get(key);
    if (!before && this.#all.size >= MAX_FINDINGS) {
      this.overflow++;
      return;
    }
    this.#all.set(key, {
      code,
      text,
      count: (before?.count ?? 0) + 1,
      firstMs: before?.firstMs ?? ms,
      lastMs: ms,
    });
  }

  /** Forgets what was not seen again for a while. */
  expire(ms: number): void {
    for (const [key, { lastMs }] of this.#all) {
      if (ms - lastMs > EXPIRE_MS) this.#all.delete(key);
    }
  }

  /** All of them, in the order in which they were seen first. */
  all(): Finding[] {
    return [...this.#all.values()].sort((a, b) => a.firstMs - b.firstMs);
  }
}
