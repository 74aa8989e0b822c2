/**
 * Tables of what works with which peer: measured by tests, kept in `docs/interop.md`, printed at the end.
 *
 * @module
 */
import { CACHE } from "./peers.ts";

const DOCS = new URL("../../docs/interop.md", import.meta.url).pathname;

/** Cell of a peer that is not there. */
export const NOT_AVAILABLE = "not available here";

/** One table. */
export class Matrix {
  readonly #name: string;
  readonly #columns: readonly string[];
  readonly #rows = new Map<string, Map<string, string>>();
  readonly #faults: string[] = [];

  /** Starts a table that stands in the document between comments with `name`. */
  constructor(name: string, columns: readonly string[]) {
    this.#name = name;
    this.#columns = columns;
  }

  /** Notes an outcome, and the faults behind it. */
  set(row: string, column: string, outcome: string, faults: readonly string[] = []): void {
    let cells = this.#rows.get(row);
    if (!cells) this.#rows.set(row, cells = new Map());
    cells.set(column, outcome);
    if (faults.length === 0) return;
    const shown = faults.slice(0, 5).join("; ");
    this.#faults.push(`${row}, ${column}: ${faults.length} faults: ${shown}`.slice(0, 1500));
  }

  /** The table in Markdown; cells that were not measured are empty. */
  text(): string {
    const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
    const rows = [...this.#rows].map(([row, cells]) =>
      line([row, ...this.#columns.map((c) => cells.get(c) ?? "")])
    );
    const head = ["Mode", ...this.#columns];
    return [line(head), line(head.map(() => "---")), ...rows].join("\n") + "\n";
  }

  /**
   * Keeps the table for printing and compares it with the document; returns what differs and the faults behind it.
   *
   * With INTEROP_UPDATE=1 in the environment the document is changed instead.
   */
  async settle(): Promise<string[]> {
    await Deno.mkdir(`${CACHE}measured`, { recursive: true });
    const file = `${CACHE}measured/${this.#name.replaceAll(/\W+/g, "_")}.md`;
    await Deno.writeTextFile(file, `\n${this.#name}\n\n${this.text()}`);
    const begin = `<!-- measured: ${this.#name} -->`, end = `<!-- end: ${this.#name} -->`;
    const document = await Deno.readTextFile(DOCS);
    const from = document.indexOf(begin), to = document.indexOf(end);
    if (from < 0 || to < 0) return [`docs/interop.md has no section "${this.#name}"`];
    if (Deno.env.get("INTEROP_UPDATE") === "1") {
      await Deno.writeTextFile(
        DOCS,
        `${document.slice(0, from)}${begin}\n\n${this.text()}\n${document.slice(to)}`,
      );
      return this.#faults;
    }
    return [...this.#differences(parse(document.slice(from + begin.length, to))), ...this.#faults];
  }

  #differences(committed: Map<string, Map<string, string>>): string[] {
    const found: string[] = [];
    for (const row of new Set([...committed.keys(), ...this.#rows.keys()])) {
      for (const column of this.#columns) {
        const measured = this.#rows.get(row)?.get(column);
        const written = committed.get(row)?.get(column);
        // What cannot be measured here may have been measured elsewhere.
        if (measured === NOT_AVAILABLE && written !== undefined) continue;
        if (measured === written) continue;
        found.push(
          `${row}, ${column}: measured "${measured ?? "nothing"}", docs/interop.md says "${
            written ?? "nothing"
          }"`,
        );
      }
    }
    return found;
  }
}

function parse(text: string): Map<string, Map<string, string>> {
  const lines = text.split("\n").filter((l) => l.startsWith("|"));
  const cells = lines.map((l) => l.slice(1, l.lastIndexOf("|")).split("|").map((c) => c.trim()));
  const [head, , ...rows] = cells;
  return new Map(
    rows.map((row) => [row[0]!, new Map(row.slice(1).map((c, i) => [head![i + 1]!, c]))]),
  );
}
