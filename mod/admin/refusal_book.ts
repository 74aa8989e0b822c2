/**
 * Notes refused attempts in the audit trail, the same ones of a minute once with their number.
 *
 * @module
 */
import type { AuditFact, AuditLog } from "../audit/mod.ts";
import type { Clock } from "../core/mod.ts";

const TOGETHER_MS = 60_000;
/** Kinds that are told apart in a minute: of all addresses, and of one. */
const MAX_KINDS = 512, MAX_KINDS_OF_ADDRESS = 30;
const OTHERS = "attempts of further kinds were refused";

interface Kind {
  readonly fact: AuditFact;
  readonly sinceMs: number;
  more: number;
}

/**
 * Keeps a flood of refusals from filling the trail, which would push what is older out of it: none is lost, equal ones
 * are counted, and so are those of an address that tries ever other things.
 */
export class RefusalBook {
  readonly #audit: Pick<AuditLog, "note">;
  readonly #clock: Clock;
  readonly #kinds = new Map<string, Kind>();

  /** Notes in `audit`. */
  constructor(audit: Pick<AuditLog, "note">, clock: Clock) {
    this.#audit = audit;
    this.#clock = clock;
  }

  /** Somebody was refused. */
  note(fact: Omit<AuditFact, "outcome">): void {
    const nowMs = this.#clock.monotonicMs();
    this.flush(nowMs);
    const { who, from, action, detail } = fact;
    const kind = [who, from, action, detail].join("\n");
    if (this.#count(kind)) return;
    if (this.#hasRoom(from)) {
      const whole: AuditFact = { ...fact, outcome: "refused" };
      void this.#audit.note(whole);
      this.#kinds.set(kind, { fact: whole, sinceMs: nowMs, more: 0 });
      return;
    }
    // Where there are too many addresses, they are not told apart either.
    const source = this.#kinds.size < 2 * MAX_KINDS ? from : "";
    const name = ["", source, action, OTHERS].join("\n");
    if (this.#count(name)) return;
    const others: AuditFact = { who: "", from: source, action, outcome: "refused", detail: OTHERS };
    this.#kinds.set(name, { fact: others, sinceMs: nowMs, more: 1 });
  }

  /** Notes the numbers of what is more than a minute old; all of them with `Infinity`. */
  flush(nowMs: number): void {
    for (const [name, { fact, sinceMs, more }] of this.#kinds) {
      if (nowMs - sinceMs < TOGETHER_MS) continue;
      this.#kinds.delete(name);
      if (more > 0) {
        void this.#audit.note({ ...fact, detail: `${fact.detail} (${more} times more)` });
      }
    }
  }

  #count(name: string): boolean {
    const known = this.#kinds.get(name);
    if (known) known.more++;
    return known !== undefined;
  }

  #hasRoom(from: string): boolean {
    if (this.#kinds.size >= MAX_KINDS) return false;
    let own = 0;
    for (const { fact } of this.#kinds.values()) if (fact.from === from) own++;
    return own < MAX_KINDS_OF_ADDRESS;
  }
}
