/**
 * Finds signals by GUID, measurement key or point tag (section 5).
 *
 * @module
 */
import type { Steps, TableView } from "../core/mod.ts";
import { fold } from "./text.ts";
import { asString, cellReader } from "./values.ts";

type Form = "guid" | "key" | "tag";

/** Rows that enter an index between two pauses. */
const PAUSE_ROWS = 4000;

/** Finds rows by what identifies them, each form by an index that must be prepared. */
export class SignalFinder {
  /** The table in which rows are found. */
  readonly table: TableView;
  readonly #columns: Readonly<Record<Form, string>>;
  readonly #indexes = new Map<string, ReadonlyMap<string, number>>();

  /** Prepares to find rows of `table` by the columns of these names. */
  constructor(
    table: TableView,
    columns: {
      readonly signalId: string;
      readonly measurementKey: string;
      readonly pointTag: string;
    },
  ) {
    this.table = table;
    this.#columns = {
      guid: columns.signalId,
      key: columns.measurementKey,
      tag: columns.pointTag,
    };
  }

  /** True if the index of `form` is there. */
  has(form: Form): boolean {
    return this.#indexes.has(form);
  }

  /** The first row with this GUID (canonical form), key or tag; keys and tags without regard to case. */
  find(form: Form, text: string): number | undefined {
    return this.#indexes.get(form)?.get(form === "guid" ? text : fold(text));
  }

  /** Makes the index of `form`. */
  *prepareSteps(form: Form): Steps<void> {
    const index = new Map<string, number>();
    const name = this.#columns[form].toUpperCase();
    const column = this.table.columns.findIndex((c) => c.name.toUpperCase() === name);
    const read = cellReader(form === "guid" ? "guid" : "string");
    const { rows } = this.table;
    for (let i = 0; i < rows.length && column >= 0; i++) {
      const value = read(rows.at(i)![column]);
      if (value !== null) {
        const key = form === "guid" ? asString(value) : fold(asString(value));
        if (!index.has(key)) index.set(key, i);
      }
      if (i % PAUSE_ROWS === PAUSE_ROWS - 1) yield;
    }
    this.#indexes.set(form, index);
  }
}
