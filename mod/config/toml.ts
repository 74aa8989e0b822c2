/**
 * TOML text with positions: the value, and where each key of it stands.
 *
 * @module
 */
import { type AST, getStaticTOMLValue, ParseError, parseTOML } from "toml-eslint-parser";
import { ConfigError } from "../core/mod.ts";

/** A place in a text, both from 1. */
export interface Position {
  /** Line. */
  readonly line: number;
  /** Column. */
  readonly column: number;
}

/** A key on the way into a document: a table's key or an index of an array. */
export type PathKey = string | number;

/** A parsed TOML text. */
export interface TomlDocument {
  /** Name of the text in messages, usually the path of the file. */
  readonly source: string;
  /** The whole text as plain objects, arrays, strings, numbers, booleans and dates. */
  readonly value: Readonly<Record<string, unknown>>;
  /** Where the key at `path` stands, or the nearest table around it. */
  position(path: readonly PathKey[]): Position;
}

/** Largest text that is read, in characters. */
export const MAX_TOML_LENGTH = 4 * 1024 * 1024;

/**
 * Parses a TOML 1.0 text.
 *
 * Throws {@linkcode ConfigError} with line and column for a text that is not TOML.
 */
export function parseTomlDocument(text: string, source: string): TomlDocument {
  const program = parseProgram(text, source);
  // Only a text in which something is wrong is asked for them.
  let positions: Map<string, Position> | undefined;
  return {
    source,
    // The static value of a whole program is always a table.
    value: getStaticTOMLValue(program) as Record<string, unknown>,
    position(path) {
      positions ??= positionsIn(program);
      for (let n = path.length; n > 0; n--) {
        const found = positions.get(pathText(path.slice(0, n)));
        if (found) return found;
      }
      return { line: 1, column: 1 };
    },
  };
}

/** The syntax tree of a text; throws as {@linkcode parseTomlDocument}. */
export function parseProgram(text: string, source: string): AST.TOMLProgram {
  if (text.length > MAX_TOML_LENGTH) {
    throw new ConfigError(source, [{
      line: 0,
      column: 0,
      key: "",
      message: `expected at most ${MAX_TOML_LENGTH} characters, found ${text.length}`,
    }]);
  }
  try {
    return parseTOML(text, { tomlVersion: "1.0" });
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new ConfigError(source, [{
      line: error.lineNumber,
      column: error.column + 1,
      key: "",
      message: `not valid TOML: ${error.message}`,
    }]);
  }
}

function positionsIn(program: AST.TOMLProgram): Map<string, Position> {
  const positions = new Map<string, Position>();
  for (const node of program.body[0].body) {
    if (node.type === "TOMLTable") {
      noteKey(node.key, node.resolvedKey, positions);
      for (const pair of node.body) collectPair(pair, node.resolvedKey, positions);
    } else collectPair(node, [], positions);
  }
  return positions;
}

function collectPair(
  pair: AST.TOMLKeyValue,
  base: readonly PathKey[],
  positions: Map<string, Position>,
): void {
  const path = [...base, ...pair.key.keys.map(keyName)];
  noteKey(pair.key, path, positions);
  collectValue(pair.value, path, positions);
}

function collectValue(
  value: AST.TOMLContentNode,
  path: readonly PathKey[],
  positions: Map<string, Position>,
): void {
  if (value.type === "TOMLInlineTable") {
    for (const pair of value.body) collectPair(pair, path, positions);
  } else if (value.type === "TOMLArray") {
    value.elements.forEach((element, i) => {
      const at = [...path, i];
      const { line, column } = element.loc.start;
      positions.set(pathText(at), { line, column: column + 1 });
      collectValue(element, at, positions);
    });
  }
}

function noteKey(
  key: AST.TOMLKey,
  path: readonly PathKey[],
  positions: Map<string, Position>,
): void {
  // The keys as written are the named steps of the path; array indices have no text of their own.
  const named = path.map((step, i) => ({ step, i })).filter(({ step }) => typeof step === "string");
  const skipped = named.length - key.keys.length;
  key.keys.forEach((k, n) => {
    const depth = named[n + skipped]?.i ?? path.length - 1;
    const at = pathText(path.slice(0, depth + 1));
    const { line, column } = k.loc.start;
    if (!positions.has(at)) positions.set(at, { line, column: column + 1 });
  });
  const { line, column } = (key.keys.at(-1) ?? key).loc.start;
  positions.set(pathText(path), { line, column: column + 1 });
}

function keyName(key: AST.TOMLBare | AST.TOMLQuoted): string {
  return key.type === "TOMLBare" ? key.name : key.value;
}

function pathText(path: readonly PathKey[]): string {
  return path.join("\u001f");
}
