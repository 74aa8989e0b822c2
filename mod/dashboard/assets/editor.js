/**
 * A text field for TOML: line numbers, colours, and marks where something is wrong. The text field itself is the
 * browser's own, so that everything about it works as people know it.
 *
 * @module
 */
import { fill, h } from "./dom.js";

/** @typedef {{ line: number, column: number, message: string }} Mark */

/** Lines above which no colours are painted, since every key would take too long. */
const MOST_LINES = 5000;

/** The field. */
export class Editor {
  #text;
  #paper = h("pre", { "aria-hidden": "true" });
  #gutter = h("div", { class: "gutter", "aria-hidden": "true" });
  /** @type {readonly Mark[]} */
  #marks = [];

  /**
   * @param {{ label: string, readonly: boolean, changed: () => void }} options
   */
  constructor({ label, readonly, changed }) {
    this.#text = h("textarea", {
      "aria-label": label,
      spellcheck: "false",
      autocapitalize: "off",
      autocomplete: "off",
      wrap: "off",
      readonly,
    });
    this.#text.addEventListener("input", () => {
      this.#marks = [];
      this.#paint();
      changed();
    });
    this.#text.addEventListener("scroll", () => {
      this.#paper.scrollTop = this.#gutter.scrollTop = this.#text.scrollTop;
      this.#paper.scrollLeft = this.#text.scrollLeft;
    });
    /** Where it stands. */
    this.element = h(
      "div",
      { class: "editor" },
      this.#gutter,
      h("div", { class: "text" }, this.#paper, this.#text),
    );
  }

  /** What is written. */
  get value() {
    return this.#text.value;
  }

  set value(text) {
    this.#text.value = text;
    this.#marks = [];
    this.#paint();
  }

  /**
   * Marks places as wrong, and goes to the first.
   *
   * @param {readonly Mark[]} marks
   */
  mark(marks) {
    this.#marks = marks;
    this.#paint();
    if (marks[0]) this.goTo(marks[0]);
  }

  /**
   * Puts the caret at a place.
   *
   * @param {{ readonly line: number, readonly column: number }} place From 1.
   */
  goTo({ line, column }) {
    const lines = this.value.split("\n");
    const before = lines.slice(0, line - 1).reduce((n, text) => n + text.length + 1, 0);
    const at = before + Math.min(column - 1, lines[line - 1]?.length ?? 0);
    this.#text.focus();
    this.#text.setSelectionRange(at, at);
    const height = this.#text.scrollHeight / Math.max(1, lines.length);
    this.#text.scrollTop = Math.max(0, (line - 1) * height - this.#text.clientHeight / 3);
  }

  #paint() {
    const lines = this.value.split("\n");
    const wrong = new Set(this.#marks.map(({ line }) => line));
    fill(
      this.#gutter,
      lines.map((_, i) => h("i", { class: wrong.has(i + 1) ? "wrong" : false }, String(i + 1))),
      h("i", {}, "\u00a0"),
    );
    const plain = lines.length > MOST_LINES;
    fill(
      this.#paper,
      lines.flatMap((line, i) => {
        const parts = plain ? [line] : tomlParts(line);
        return wrong.has(i + 1)
          ? [h("span", { class: "t-wrong" }, parts.length > 0 ? parts : " "), "\n"]
          : [...parts, "\n"];
      }),
    );
  }
}

/**
 * A line of TOML in its parts, as far as one line tells them.
 *
 * @param {string} line
 * @returns {import("./dom.js").Child[]}
 */
function tomlParts(line) {
  if (/^\s*\[/.test(line)) {
    const at = line.indexOf("#");
    const head = at < 0 ? line : line.slice(0, at);
    return [h("span", { class: "t-head" }, head), at >= 0 && note(line.slice(at))];
  }
  /** @type {import("./dom.js").Child[]} */
  const parts = [];
  const pattern = /"(?:[^"\\]|\\.)*"?|'[^']*'?|#.*/g;
  let end = 0;
  for (const { 0: found, index } of line.matchAll(pattern)) {
    parts.push(line.slice(end, index));
    parts.push(found.startsWith("#") ? note(found) : h("span", { class: "t-text" }, found));
    end = index + found.length;
  }
  return [...parts, line.slice(end)];
}

/** @param {string} text */
function note(text) {
  return h("span", { class: "t-note" }, text);
}

/**
 * A difference by lines (unified) in colours.
 *
 * @param {string} text
 */
export function diffView(text) {
  const lines = text.split("\n").filter((line) => line !== "" && !/^(---|\+\+\+) /.test(line));
  if (lines.length === 0) return h("p", { class: "muted" }, "No line differs.");
  return h(
    "div",
    { class: "diff mono" },
    lines.map((line) =>
      h("div", {
        class: line.startsWith("+")
          ? "plus"
          : line.startsWith("-")
          ? "minus"
          : line.startsWith("@@")
          ? "at"
          : false,
      }, line)
    ),
  );
}
