/**
 * The parts that a gateway runs, by name, each under supervision and with the streams that it hangs on.
 *
 * @module
 */
import type { PartStatus } from "../core/mod.ts";
import type { Supervised } from "./supervisor.ts";

/** The groups of parts, in the order in which they start, so that no frame comes before somebody listens. */
export const MEMBER_KINDS = [
  "clock",
  "archive",
  "output",
  "align",
  "events",
  "alarms",
  "input",
  "statistics",
] as const;

/** The group of a part. */
export type MemberKind = typeof MEMBER_KINDS[number];

/** One part. */
export interface Member {
  /** Its group. */
  readonly kind: MemberKind;
  /** The part under supervision. */
  readonly part: Supervised;
  /** Takes it off the streams that it listens to. */
  readonly leave: () => void;
}

/** The parts of one gateway. */
export class Members {
  readonly #all = new Map<string, Member>();

  /** Adds a part that is not started; one of its name must have been removed before. */
  add(member: Member): void {
    this.#all.set(member.part.name, member);
  }

  /** The parts of these groups, in the order in which they were added. */
  of(...kinds: readonly MemberKind[]): Supervised[] {
    return [...this.#all.values()].filter((m) => kinds.includes(m.kind)).map((m) => m.part);
  }

  /** Every part, as status lists them. */
  all(): Supervised[] {
    return [
      ...this.of("clock"),
      ...this.of("input"),
      ...this.of("align"),
      ...this.of("output"),
      ...this.of("alarms"),
      ...this.of("events"),
      ...this.of("archive"),
      ...this.of("statistics"),
    ];
  }

  /** The part of a name. */
  get(name: string): Supervised | undefined {
    return this.#all.get(name)?.part;
  }

  /** Starts parts, group by group; without names all of them. */
  async start(names?: ReadonlySet<string>): Promise<void> {
    for (const kind of MEMBER_KINDS) {
      const parts = this.of(kind).filter(({ name }) => !names || names.has(name));
      await Promise.all(parts.map((part) => part.start()));
    }
  }

  /** Stops parts and forgets them, inputs before what they feed; without names all of them. */
  async remove(names?: ReadonlySet<string>): Promise<void> {
    for (const kind of [...MEMBER_KINDS].reverse()) {
      const gone = [...this.#all.values()].filter((m) =>
        m.kind === kind && (!names || names.has(m.part.name))
      );
      await Promise.all(gone.map(async ({ part, leave }) => {
        leave();
        await part.stop();
        this.#all.delete(part.name);
      }));
    }
  }

  /** Of these parts, those that cannot work, with the reason. */
  failed(names: ReadonlySet<string>): { readonly part: string; readonly reason: string }[] {
    return [...this.#all.values()]
      .map(({ part }): { part: string; status: PartStatus } => ({
        part: part.name,
        status: part.status(),
      }))
      .filter(({ part, status }) => names.has(part) && status.state === "failed")
      .map(({ part, status }) => ({ part, reason: status.reason ?? "failed without a reason" }));
  }
}
