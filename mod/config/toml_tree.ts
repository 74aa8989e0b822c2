/**
 * Where the tables, keys and values of a TOML text stand, for edits that leave the rest as it is.
 *
 * @module
 */
import { type AST, getStaticTOMLValue } from "toml-eslint-parser";
import { parseProgram, type PathKey } from "./toml.ts";

/** A stretch of a text: offsets of its first character and of the one after its last. */
export type Range = readonly [number, number];

/** A key with its value. */
export interface TomlPair {
  /** Path of the value. */
  readonly path: readonly PathKey[];
  /** From the first character of the key to the last of the value. */
  readonly range: Range;
  /** The value alone. */
  readonly valueRange: Range;
  /** The value. */
  readonly value: unknown;
  /** The braces of the inline table that it stands in; undefined on a line of its own. */
  readonly inline: Range | undefined;
}

/** A table with a header. */
export interface TomlTable {
  /** Path, with the index of an array of tables at its end. */
  readonly path: readonly PathKey[];
  /** The header line, brackets included. */
  readonly header: Range;
  /** End of its last key, or of its header. */
  readonly end: number;
}

/** An inline table. */
export interface InlineTable {
  /** Path. */
  readonly path: readonly PathKey[];
  /** Braces included. */
  readonly range: Range;
  /** Number of keys. */
  readonly size: number;
}

/** What stands where in a text. */
export interface TomlTree {
  /** The whole text as plain data. */
  readonly value: Readonly<Record<string, unknown>>;
  /** Pairs in the order of the text, those in inline tables and arrays included. */
  readonly pairs: readonly TomlPair[];
  /** Scalars in arrays, in the order of the text. */
  readonly elements: readonly Pick<TomlPair, "path" | "valueRange" | "value">[];
  /** Tables with headers, in the order of the text. */
  readonly tables: readonly TomlTable[];
  /** Inline tables. */
  readonly inlineTables: readonly InlineTable[];
  /** End of the last key before the first header; 0 if there is none. */
  readonly topEnd: number;
}

/** Reads a text; `source` names it in the ConfigError that is thrown for one that is not TOML. */
export function tomlTree(text: string, source: string): TomlTree {
  const program = parseProgram(text, source);
  const pairs: TomlPair[] = [];
  const elements: Pick<TomlPair, "path" | "valueRange" | "value">[] = [];
  const tables: TomlTable[] = [];
  const inlineTables: InlineTable[] = [];
  let topEnd = 0;

  const addPair = (pair: AST.TOMLKeyValue, base: readonly PathKey[], inline?: Range): void => {
    const path = [...base, ...pair.key.keys.map((k) => k.type === "TOMLBare" ? k.name : k.value)];
    pairs.push({
      path,
      range: pair.range,
      valueRange: pair.value.range,
      value: getStaticTOMLValue(pair.value),
      inline,
    });
    addValue(pair.value, path);
  };
  const addValue = (value: AST.TOMLContentNode, path: readonly PathKey[]): void => {
    if (value.type === "TOMLInlineTable") {
      inlineTables.push({ path, range: value.range, size: value.body.length });
      for (const pair of value.body) addPair(pair, path, value.range);
    } else if (value.type === "TOMLArray") {
      value.elements.forEach((element, i) => {
        const at = [...path, i];
        if (element.type === "TOMLValue") {
          elements.push({ path: at, valueRange: element.range, value: element.value });
        } else addValue(element, at);
      });
    }
  };

  for (const node of program.body[0].body) {
    if (node.type === "TOMLTable") {
      const end = node.body.at(-1)?.range[1];
      const from = node.range[0];
      // Brackets stand around the key; blanks may stand between.
      const closing = node.kind === "array" ? "]]" : "]";
      const headerEnd = text.indexOf(closing, node.key.range[1]) + closing.length;
      tables.push({ path: node.resolvedKey, header: [from, headerEnd], end: end ?? headerEnd });
      for (const pair of node.body) addPair(pair, node.resolvedKey);
    } else {
      addPair(node, []);
      topEnd = node.range[1];
    }
  }
  // The static value of a whole program is always a table.
  const value = getStaticTOMLValue(program) as Record<string, unknown>;
  return { value, pairs, elements, tables, inlineTables, topEnd };
}

/** True if `path` begins with `start`. */
export function startsWith(path: readonly PathKey[], start: readonly PathKey[]): boolean {
  return path.length >= start.length && start.every((step, i) => path[i] === step);
}
