/**
 * Arrays that are written one element per line: changed line by line, so that comments stay with what they are about.
 *
 * @module
 */
import { diffSteps } from "./line_diff.ts";
import type { Range } from "./toml_tree.ts";

/** An element of an array as it is written. */
export interface ArrayElement {
  /** Where it stands in the text. */
  readonly range: Range;
  /** Its value as a literal, by which elements are compared. */
  readonly literal: string;
}

interface Line {
  readonly text: string;
  /** Length up to the end of the element; undefined on a line without one. */
  readonly elementEnd?: number;
}

/** Most pairs of elements that are compared. */
const MAX_COMPARED = 4_000_000;
const BLANK = /^[ \t]*$/;
/** What may stand behind an element, and on a line without one. */
const BEHIND = /^[ \t]*,?[ \t]*(#.*)?\r?$/, BETWEEN = /^[ \t]*(#.*)?\r?$/;

/**
 * The array at `range` with the elements `next`, which are literals: lines of elements that stay, and all between
 * them, are as they were; an element that goes takes its line with it.
 *
 * Undefined for an array that is not written one element per line.
 */
export function arrayLines(
  text: string,
  range: Range,
  elements: readonly ArrayElement[],
  next: readonly string[],
): string | undefined {
  const lines = linesOf(text, range, elements);
  if (!lines || elements.length * next.length > MAX_COMPARED) return undefined;
  const stays = commonIn(elements.map(({ literal }) => literal), next);
  const indent =
    /^[ \t]*/.exec((lines.find((l) => l.elementEnd !== undefined) ?? lines[1]!).text)![0]; // matches always
  const end = lines[0]!.text.endsWith("\r") ? "\r" : "";
  const out: string[] = [];
  let written = 0;
  /** Writes new elements, as many as come before the next one that stays. */
  const addNew = (after: number) => {
    const until = stays.find((at, i) => i > after && at !== undefined) ?? next.length;
    for (; written < until; written++) out.push(`${indent}${next[written]},${end}`);
  };
  const goes = (i: number) => i >= 0 && i < stays.length && stays[i] === undefined;
  let element = -1;
  for (const [i, { text, elementEnd }] of lines.entries()) {
    const at = elementEnd === undefined ? undefined : stays[++element];
    if (elementEnd === undefined) out.push(text);
    else if (at !== undefined) {
      const [value, behind] = [text.slice(0, elementEnd), text.slice(elementEnd)];
      const needsComma = at < next.length - 1 && !/^[ \t]*,/.test(behind);
      out.push(`${value}${needsComma ? "," : ""}${behind}`);
      written = at + 1;
    }
    // They take the place of one that goes, or else come right behind the one before: a comment line belongs to what
    // stands below it.
    if (i !== 0 && elementEnd === undefined) continue;
    if (goes(element) || !goes(element + 1)) addNew(element);
  }
  return `[${out.join("\n")}]`;
}

/** The lines between the brackets; undefined unless each holds one element at most, and the first and the last none. */
function linesOf(
  text: string,
  [open, close]: Range,
  elements: readonly ArrayElement[],
): Line[] | undefined {
  const lines: Line[] = [];
  let at = open + 1, seen = 0;
  for (const line of text.slice(at, close - 1).split("\n")) {
    const range = elements[seen]?.range;
    if (range && range[0] < at + line.length) {
      const [from, to] = [range[0] - at, range[1] - at];
      const isAlone = to <= line.length && BLANK.test(line.slice(0, from)) &&
        BEHIND.test(line.slice(to));
      if (!isAlone) return undefined;
      lines.push({ text: line, elementEnd: to });
      seen++;
    } else if (BETWEEN.test(line)) lines.push({ text: line });
    else return undefined;
    at += line.length + 1;
  }
  const isOpen = lines.length > 1 && lines[0]!.elementEnd === undefined &&
    lines.at(-1)!.elementEnd === undefined;
  return isOpen && seen === elements.length ? lines : undefined;
}

/** For each of `before`, where it is in `after`, in a longest common subsequence; undefined for what is not in it. */
function commonIn(before: readonly string[], after: readonly string[]): (number | undefined)[] {
  const found: (number | undefined)[] = [];
  let at = 0;
  for (const { sign } of diffSteps(before, after)) {
    if (sign === "+") at++;
    else found.push(sign === " " ? at++ : undefined);
  }
  return found;
}
