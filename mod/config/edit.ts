/**
 * Edits of a TOML text that change one key or table and keep comments, order and layout of the rest.
 *
 * @module
 */
import { ConfigError } from "../core/mod.ts";
import { type ArrayElement, arrayLines } from "./array_lines.ts";
import { differences } from "./differences.ts";
import { parseTomlDocument, type PathKey } from "./toml.ts";
import { startsWith, type TomlPair, type TomlTree, tomlTree } from "./toml_tree.ts";

/** What a TOML text can hold of plain data. */
export type TomlValue =
  | string
  | number
  | boolean
  | readonly TomlValue[]
  | { readonly [key: string]: TomlValue };

/** A change of one key or table; `value` is left out where it is taken away. */
export interface TomlEdit {
  /** Names of tables and the key, for example `["subscriber", "center", "allow"]`; no indices. */
  readonly path: readonly string[];
  /** What stands there afterwards. */
  readonly value?: TomlValue;
  /** Instead of `value`: what is added at the end of the array that stands there, or of a new one. */
  readonly append?: TomlValue;
}

/**
 * The text with one change made, everything else as it was, comments included.
 *
 * The result is parsed again: it holds what was asked for and nothing else differs. Throws
 * {@linkcode ConfigError} for a text that is not TOML, and for a change that cannot be made without
 * writing other parts anew, such as a key inside of an array.
 *
 * @example
 * ```ts
 * import { editToml } from "./mod.ts";
 *
 * const text = "[subscriber.center] # the control center\nallow = []\n";
 * console.log(editToml(text, { path: ["subscriber", "center", "allow"], value: ["True"] }));
 * ```
 */
export function editToml(text: string, edit: TomlEdit): string {
  const source = "configuration";
  const tree = tomlTree(text, source);
  const before = tree.value;
  const known = valueAt(before, edit.path);
  const value = edit.append === undefined
    ? edit.value
    // What the document holds is plain data; a date in it is compared as a whole below.
    : [...(Array.isArray(known) ? known as TomlValue[] : []), edit.append];
  const expected = changed(before, edit.path, value);
  if (edit.path.length > 0 && differences(before, expected).length === 0) return text;
  const edited = value === undefined
    ? remove(text, tree, edit.path)
    : edit.append !== undefined && (Array.isArray(known) || isTable(edit.append))
    ? append(text, tree, edit.path, edit.append) ?? set(text, tree, edit.path, value)
    : set(text, tree, edit.path, value);
  if (edited !== undefined) {
    try {
      const { value: after } = parseTomlDocument(edited, source);
      if (differences(pruned(after), pruned(expected)).length === 0) return edited;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
    }
  }
  throw new ConfigError(source, [{
    line: 0,
    column: 0,
    key: edit.path.join("."),
    message: "cannot be changed without writing other parts of the text anew; change it by hand",
  }]);
}

/** The text with several keys of one table changed as by {@linkcode editToml}; those that are undefined stay. */
export function editKeys(
  text: string,
  table: readonly string[],
  values: Readonly<Record<string, TomlValue | undefined>>,
): string {
  let edited = text;
  for (const [key, value] of Object.entries(values)) {
    if (value !== undefined) edited = editToml(edited, { path: [...table, key], value });
  }
  return edited;
}

/** A value as TOML on one line; tables inline. Text is quoted with escapes. */
export function tomlLiteral(value: TomlValue): string {
  if (typeof value === "string") {
    // JSON escapes what TOML does, DEL apart.
    return JSON.stringify(value).replaceAll("\u007f", "\\u007F");
  }
  if (typeof value === "number") return numberLiteral(value);
  if (typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `[${value.map(tomlLiteral).join(", ")}]`;
  const entries = Object.entries(value);
  return entries.length === 0
    ? "{}"
    : `{ ${entries.map(([k, v]) => `${tomlKey(k)} = ${tomlLiteral(v)}`).join(", ")} }`;
}

/** A key as TOML: bare where it can be. */
export function tomlKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : tomlLiteral(key);
}

function numberLiteral(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0.0";
  if (Number.isInteger(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER) return String(value);
  const text = String(value);
  if (!/e/.test(text)) return /\./.test(text) ? text : `${text}.0`;
  return text;
}

function set(
  text: string,
  tree: TomlTree,
  path: readonly string[],
  value: TomlValue,
): string | undefined {
  const parent = path.slice(0, -1), key = path.at(-1);
  if (key === undefined) return undefined;
  const pair = tree.pairs.find((p) => same(p.path, path));
  if (pair) {
    const lines = Array.isArray(value)
      ? arrayLines(text, pair.valueRange, elementsOf(tree, pair), value.map(tomlLiteral))
      : undefined;
    return splice(text, ...pair.valueRange, lines ?? tomlLiteral(value));
  }
  if (isTable(value)) {
    // A table that stands there under headers goes, and comes again in its place as a whole.
    const first = tree.tables.find((t) => startsWith(t.path, path));
    if (!first) return atEnd(text, tableText(path, value));
    const from = blockStart(text, first.header[0]);
    const kept = remove(text, tree, path);
    return kept === undefined ? undefined : splice(kept, from, from, `${tableText(path, value)}\n`);
  }
  const line = `${tomlKey(key)} = ${tomlLiteral(value)}`;
  const inline = tree.inlineTables.find((t) => same(t.path, parent));
  if (inline) {
    const at = text.slice(0, inline.range[1] - 1).trimEnd().length;
    return splice(text, at, at, inline.size > 0 ? `, ${line}` : ` ${line} `);
  }
  if (parent.length === 0) {
    if (tree.topEnd > 0) return insertLine(text, tree.topEnd, line);
    const first = tree.tables[0];
    if (!first) return atEnd(text, line);
    const at = blockStart(text, first.header[0]);
    return splice(text, at, at, `${line}\n\n`);
  }
  const table = tree.tables.find((t) => same(t.path, parent));
  if (table) return insertLine(text, table.end, line);
  return atEnd(text, `[${parent.map(tomlKey).join(".")}]\n${line}\n`);
}

/** The elements of the array that a key has, scalars and inline tables; others are left out. */
function elementsOf(tree: TomlTree, { path, value }: TomlPair): ArrayElement[] {
  const list = Array.isArray(value) ? value as TomlValue[] : []; // what a document holds is plain data
  const at = (p: readonly PathKey[]) => p.length === path.length + 1 && startsWith(p, path);
  return [
    ...tree.elements.map((e) => ({ path: e.path, range: e.valueRange })),
    ...tree.inlineTables,
  ].filter((e) => at(e.path)).map(({ path, range }) => ({
    range,
    literal: tomlLiteral(list[Number(path.at(-1))]!),
  })).sort((a, b) => a.range[0] - b.range[0]);
}

/** Adds an entry to an array, written in brackets or as tables with headers. */
function append(
  text: string,
  tree: TomlTree,
  path: readonly string[],
  value: TomlValue,
): string | undefined {
  const pair = tree.pairs.find((p) => same(p.path, path));
  return pair
    ? appendInBrackets(text, tree, path, pair.valueRange, tomlLiteral(value))
    : isTable(value)
    ? appendTable(text, tree, path, value)
    : undefined;
}

function appendInBrackets(
  text: string,
  tree: TomlTree,
  path: readonly string[],
  [open, end]: readonly [number, number],
  literal: string,
): string {
  const inner = [
    ...tree.elements.map((e) => ({ path: e.path, end: e.valueRange[1] })),
    ...tree.pairs.map((p) => ({ path: p.path, end: p.valueRange[1] })),
    ...tree.inlineTables.map((t) => ({ path: t.path, end: t.range[1] })),
  ].filter((e) => e.path.length > path.length && startsWith(e.path, path));
  const close = end - 1;
  if (inner.length === 0) return splice(text, close, close, literal);
  const last = Math.max(...inner.map((e) => e.end));
  const comma = /^\s*,/.exec(text.slice(last, close));
  const separated = comma ? text : splice(text, last, last, ",");
  const after = last + (comma?.[0].length ?? 1);
  const eol = separated.indexOf("\n", after);
  const oneLine = !text.slice(open, end).includes("\n") || eol < 0 || eol > close;
  if (oneLine) return splice(separated, after, after, ` ${literal}`);
  // One entry per line: the comment behind the last one stays with it.
  const indent = /^[ \t]*/.exec(text.slice(text.lastIndexOf("\n", last - 1) + 1))![0]; // matches always
  return splice(separated, eol + 1, eol + 1, `${indent}${literal},\n`);
}

function appendTable(
  text: string,
  tree: TomlTree,
  path: readonly string[],
  value: Readonly<Record<string, TomlValue>>,
): string | undefined {
  const entry = tree.tables.findLast((t) =>
    t.path.length === path.length + 1 && startsWith(t.path, path)
  );
  // The first entry comes behind the table that it belongs to, where that has a header.
  const owner = entry?.path ?? path.slice(0, -1);
  const last = tree.tables.findLast((t) => startsWith(t.path, owner));
  if (!last || owner.length === 0) return undefined;
  const [, at] = wholeLines(text, last.end, last.end);
  const lines = Object.entries(value).map(([k, v]) => `${tomlKey(k)} = ${tomlLiteral(v)}\n`);
  const gap = text[at - 1] === "\n" ? "\n" : "\n\n";
  return splice(text, at, at, `${gap}[[${path.map(tomlKey).join(".")}]]\n${lines.join("")}`);
}

function valueAt(table: unknown, path: readonly string[]): unknown {
  let here = table;
  for (const step of path) {
    here = isTable(here) && Object.hasOwn(here, step) ? here[step] : undefined;
  }
  return here;
}

function remove(text: string, tree: TomlTree, path: readonly string[]): string | undefined {
  const cuts: [number, number][] = [];
  for (const pair of tree.pairs) {
    if (!startsWith(pair.path, path)) continue;
    if (tree.tables.some((t) => startsWith(t.path, path) && startsWith(pair.path, t.path))) {
      continue;
    }
    if (!pair.inline) cuts.push(wholeLines(text, pair.range[0], pair.range[1]));
    else if (same(pair.path, path)) cuts.push(inlineCut(text, pair.range, pair.inline));
  }
  tree.tables.forEach((table, i) => {
    if (!startsWith(table.path, path)) return;
    const next = tree.tables[i + 1];
    cuts.push([
      blockStart(text, table.header[0]),
      next ? blockStart(text, next.header[0]) : text.length,
    ]);
  });
  if (cuts.length === 0) return undefined;
  let result = text;
  for (const [from, to] of cuts.sort((a, b) => b[0] - a[0])) result = splice(result, from, to, "");
  return result;
}

/** From the start of the line of `from` to the end of the line of `to`, its comment included. */
function wholeLines(text: string, from: number, to: number): [number, number] {
  const start = text.lastIndexOf("\n", from - 1) + 1;
  const end = text.indexOf("\n", to);
  return [start, end < 0 ? text.length : end + 1];
}

/** A pair of an inline table with the comma that parted it from its neighbour. */
function inlineCut(
  text: string,
  [from, to]: readonly [number, number],
  [open, close]: readonly [number, number],
): [number, number] {
  const after = /^\s*,\s*/.exec(text.slice(to, close));
  if (after) return [from, to + after[0].length];
  const before = /,\s*$/.exec(text.slice(open, from));
  return before ? [from - before[0].length, to] : [from, to];
}

/** Start of the comment lines that stand right above the line at `at`; a header owns them. */
function blockStart(text: string, at: number): number {
  let start = text.lastIndexOf("\n", at - 1) + 1;
  while (start > 0) {
    const above = text.lastIndexOf("\n", start - 2) + 1;
    if (!/^[ \t]*#/.test(text.slice(above, start))) break;
    start = above;
  }
  return start;
}

/** A line after that in which `end` lies, indented like it. */
function insertLine(text: string, end: number, line: string): string {
  const lineStart = text.lastIndexOf("\n", end - 1) + 1;
  const indent = /^[ \t]*/.exec(text.slice(lineStart))![0]; // matches always
  const eol = text.indexOf("\n", end);
  const crlf = text.includes("\r\n") ? "\r\n" : "\n";
  return eol < 0
    ? `${text}${crlf}${indent}${line}${crlf}`
    : splice(text, eol + 1, eol + 1, `${indent}${line}${crlf}`);
}

function atEnd(text: string, block: string): string {
  const gap = text === "" ? "" : text.endsWith("\n") ? "\n" : "\n\n";
  return `${text}${gap}${block}`;
}

/** A table with its header; tables inside of it are inline. */
function tableText(path: readonly string[], table: Readonly<Record<string, TomlValue>>): string {
  const lines = Object.entries(table).map(([k, v]) => `${tomlKey(k)} = ${tomlLiteral(v)}\n`);
  return `[${path.map(tomlKey).join(".")}]\n${lines.join("")}`;
}

function splice(text: string, from: number, to: number, by: string): string {
  return text.slice(0, from) + by + text.slice(to);
}

function same(a: readonly PathKey[], b: readonly PathKey[]): boolean {
  return a.length === b.length && startsWith(a, b);
}

function isTable(value: unknown): value is Readonly<Record<string, TomlValue>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Date);
}

/** The document's value with the change made. */
function changed(
  table: Readonly<Record<string, unknown>>,
  path: readonly string[],
  value: TomlValue | undefined,
): Record<string, unknown> {
  const [key, ...rest] = path;
  const copy: Record<string, unknown> = { ...table };
  if (key === undefined) return copy;
  if (rest.length > 0) {
    const inner = Object.hasOwn(table, key) ? table[key] : undefined;
    if (inner === undefined && value === undefined) return copy;
    put(copy, key, changed(isTable(inner) ? inner : {}, rest, value));
  } else if (value === undefined) delete copy[key];
  else put(copy, key, value);
  return copy;
}

function put(table: Record<string, unknown>, key: string, value: unknown): void {
  // Not by assignment: "__proto__" is a key like any other here.
  Object.defineProperty(table, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

/** Without empty tables: one whose last key goes may go with it. */
function pruned(value: unknown): unknown {
  if (!isTable(value)) return value;
  const kept: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    const small = pruned(inner);
    if (!(isTable(small) && Object.keys(small).length === 0)) put(kept, key, small);
  }
  return kept;
}
