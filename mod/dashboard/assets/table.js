/**
 * Tables that are filled again and again: a row stays the same element as long as its key is there.
 *
 * @module
 */
import { fill, h, mark, say } from "./dom.js";

/**
 * @template Row
 * @typedef {object} Column
 * @property {string} title Heading.
 * @property {(row: Row) => string} [text] Text of the cell.
 * @property {(cell: HTMLTableCellElement, row: Row) => void} [draw] Fills the cell in place of `text`.
 * @property {(row: Row) => string} [state] Further class of the cell.
 * @property {string} [kind] Class of the cells.
 * @property {(row: Row) => string | number} [sort] Makes the column sortable.
 * @property {string} [about] What the heading means.
 * @property {string} [said] Heading for screen readers where none is shown.
 */

/**
 * @template Row
 * @typedef {object} TableOptions
 * @property {string} label Name for screen readers.
 * @property {(row: Row) => string} key What tells rows apart. Of rows with the same one none is left out.
 * @property {string} [empty] What stands there while there is no row.
 * @property {(row: Row) => void} [onPick] Makes rows selectable.
 * @property {number} [sorted] Column by which it is sorted at first.
 */

/** @template Row */
export class LiveTable {
  /** @type {readonly Column<Row>[]} */
  #columns;
  /** @type {TableOptions<Row>} */
  #options;
  /** @type {Map<string, HTMLTableRowElement>} */
  #rows = new Map();
  /** @type {readonly Row[]} */
  #data = [];
  #sorted = -1;
  #down = false;
  #picked = "";
  #table;
  #body = h("tbody");
  #empty;

  /**
   * @param {readonly Column<Row>[]} columns
   * @param {TableOptions<Row>} options
   */
  constructor(columns, options) {
    this.#columns = columns;
    this.#options = options;
    this.#sorted = options.sorted ?? -1;
    // That there is nothing is said once it is known.
    this.#empty = h("p", { class: "empty", hidden: true }, options.empty ?? "Nothing yet");
    const heads = columns.map((column, i) =>
      h(
        "th",
        {
          scope: "col",
          class: column.kind ?? false,
          title: column.about ?? false,
          "aria-sort": i === options.sorted && "ascending",
        },
        column.sort
          ? h("button", { onclick: () => this.#sortBy(i) }, column.title)
          : column.title || h("span", { class: "sr" }, column.said),
      )
    );
    this.#table = h(
      "table",
      { "aria-label": options.label },
      h("thead", {}, h("tr", {}, heads)),
      this.#body,
    );
    /** The table with its heading. */
    this.element = h(
      "div",
      {},
      this.#table,
      this.#empty,
    );
    this.#body.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** @param {readonly Row[]} rows */
  update(rows) {
    this.#data = rows;
    this.#show();
  }

  /**
   * Shows which row is picked; empty for none.
   *
   * @param {string} key
   */
  pick(key) {
    this.#picked = key;
    for (const [own, row] of this.#rows) mark(row, "aria-selected", String(own === key));
  }

  #show() {
    const rows = this.#ordered();
    const gone = new Set(this.#rows.keys());
    /** @type {Map<string, number>} */
    const same = new Map();
    let after = /** @type {HTMLTableRowElement | null} */ (null); // set in the loop
    for (const data of rows) {
      const own = this.#options.key(data), before = same.get(own) ?? 0;
      same.set(own, before + 1);
      const key = before === 0 ? own : `${own} ${before + 1}`;
      gone.delete(key);
      let row = this.#rows.get(key);
      if (!row) {
        row = this.#newRow(key);
        this.#rows.set(key, row);
      }
      this.#fillRow(row, data);
      /** @type {ChildNode | null} */
      const place = after ? after.nextSibling : this.#body.firstChild;
      if (place !== row) this.#body.insertBefore(row, place);
      after = row;
    }
    for (const key of gone) {
      this.#rows.get(key)?.remove();
      this.#rows.delete(key);
    }
    this.#empty.hidden = rows.length > 0;
    this.#table.hidden = rows.length === 0;
  }

  #ordered() {
    const sort = this.#columns[this.#sorted]?.sort;
    if (!sort) return this.#data;
    const sign = this.#down ? -1 : 1;
    return this.#data.toSorted((a, b) => {
      const [x, y] = [sort(a), sort(b)];
      return x < y ? -sign : x > y ? sign : 0;
    });
  }

  /** @param {string} key */
  #newRow(key) {
    const row = h("tr", {}, this.#columns.map(({ kind }) => h("td", { class: kind ?? false })));
    const { onPick } = this.#options;
    if (onPick) {
      row.className = "pick";
      row.tabIndex = 0;
      mark(row, "aria-selected", String(key === this.#picked));
      const pick = () => {
        const data = this.#data.find((d) => this.#options.key(d) === key);
        if (!data) return;
        this.pick(key);
        onPick(data);
      };
      row.addEventListener("click", pick);
      row.addEventListener("keydown", (event) => {
        if (event.target !== row || (event.key !== "Enter" && event.key !== " ")) return;
        event.preventDefault();
        pick();
      });
    }
    return row;
  }

  /**
   * @param {HTMLTableRowElement} row
   * @param {Row} data
   */
  #fillRow(row, data) {
    this.#columns.forEach(({ text, draw, state, kind = "" }, i) => {
      const cell = row.cells[i];
      if (!cell) return;
      if (draw) draw(cell, data);
      else if (text) {
        say(cell, text(data));
        // What is cut off can be had.
        if (/\bwide\b/.test(kind)) mark(cell, "title", text(data));
      }
      if (state) mark(cell, "class", `${kind} ${state(data)}`.trim());
    });
  }

  /** @param {number} column */
  #sortBy(column) {
    this.#down = this.#sorted === column && !this.#down;
    this.#sorted = column;
    this.element.querySelectorAll("th").forEach((head, i) => {
      if (i === column) mark(head, "aria-sort", this.#down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    this.#show();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const row = event.target instanceof Element ? event.target.closest("tr") : null;
    const next = event.key === "ArrowDown" ? row?.nextElementSibling : row?.previousElementSibling;
    if (next instanceof HTMLElement) {
      event.preventDefault();
      next.focus();
    }
  }
}

/**
 * Pages of a long list: what is shown, and buttons for the others.
 *
 * @param {(offset: number) => void} go
 * @param {number} step Rows of a page.
 */
export function pager(go, step) {
  let offset = 0;
  const text = h("span", { class: "muted", role: "status" });
  const back = h("button", { onclick: () => go(Math.max(0, offset - step)) }, "Earlier");
  const on = h("button", { onclick: () => go(offset + step) }, "Further");
  fill(back, "‹");
  mark(back, "aria-label", "Previous page");
  fill(on, "›");
  mark(on, "aria-label", "Next page");
  return {
    element: h("div", { class: "row" }, text, back, on),
    /**
     * @param {number} at
     * @param {number} shown
     * @param {number} total
     */
    update(at, shown, total) {
      offset = at;
      say(text, total === 0 ? "none" : `${at + 1}–${at + shown} of ${total}`);
      back.disabled = at === 0;
      on.disabled = at + shown >= total;
    },
  };
}
