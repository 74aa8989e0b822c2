/**
 * Secrets in a configuration text: taken out of what is shown, and put back into what comes in.
 *
 * @module
 */
import { secretSource } from "./secret_source.ts";
import { sha256 } from "./sha256.ts";
import type { PathKey } from "./toml.ts";
import { type Range, tomlTree } from "./toml_tree.ts";
import { type AnySchema, metadataAt } from "./walk.ts";
import { tomlLiteral } from "./edit.ts";

const MARK_START = "redacted:";
const MARK = /^redacted:([0-9a-f]{16})$/, MARKS = /redacted:[0-9a-f]{16}/g;

/** A text whose secrets were taken out. */
export interface Redacted {
  /** The text; each secret reads `redacted:` and a part of its digest. */
  readonly text: string;
  /** Number of secrets. */
  readonly count: number;
}

/**
 * The text with the values of secret keys (`secret` in their metadata) replaced by marks.
 *
 * A mark stands for its secret: {@linkcode restoreSecrets} puts it back. Throws ConfigError for a
 * text that is not TOML.
 */
export function redactSecrets(schema: AnySchema, text: string): Redacted {
  const secrets = secretsOf(schema, text);
  return { text: replace(text, secrets, (secret) => markOf(secret)), count: secrets.length };
}

/**
 * The text with each mark at a secret key replaced by the secret of `original` that it stands for.
 *
 * A mark that stands for no secret of `original` is left as it is, and will not pass the check of its
 * key. Throws ConfigError for a text that is not TOML.
 */
export function restoreSecrets(schema: AnySchema, text: string, original: string): Redacted {
  if (!text.includes(MARK_START)) return { text, count: 0 };
  const marks = secretsOf(schema, text).filter(({ value }) => MARK.test(value));
  if (marks.length === 0) return { text, count: 0 };
  const known = new Map(secretsOf(schema, original).map(({ value }) => [markOf(value), value]));
  const found = marks.filter(({ value }) => known.has(value));
  return { text: replace(text, found, (mark) => known.get(mark)!), count: found.length };
}

/** Finds secrets by their looks, and puts what `by` gives in the place of each. */
export type SecretFinder = (text: string, by: (secret: string) => string) => string;

/**
 * The text with marks in place of secrets that `find` finds wherever they stand, such as in comments: those are no
 * keys that {@linkcode redactSecrets} could know.
 */
export function redactFound(text: string, find: SecretFinder): string {
  return find(text, markOf);
}

/** Puts back what {@linkcode redactFound} took out of `original`; other marks stay. */
export function restoreFound(text: string, original: string, find: SecretFinder): string {
  if (!text.includes(MARK_START)) return text;
  const known = new Map<string, string>();
  find(original, (secret) => {
    known.set(markOf(secret), secret);
    return secret;
  });
  return text.replace(MARKS, (mark) => known.get(mark) ?? mark);
}

/** True if a mark stands anywhere in the text, comments included. */
export function hasMarks(text: string): boolean {
  return text.search(MARKS) >= 0;
}

interface Secret {
  readonly range: Range;
  readonly value: string;
}

function secretsOf(schema: AnySchema, text: string): Secret[] {
  const { value: document, pairs, elements } = tomlTree(text, "configuration");
  const isSecret = (path: readonly PathKey[]) => metadataAt(schema, path, document).secret === true;
  return [...pairs, ...elements]
    .filter((p) => typeof p.value === "string" && isSecret(p.path))
    // A name of a secret is none.
    .filter((p) => secretSource(String(p.value)) === undefined)
    .map(({ valueRange, value }) => ({ range: valueRange, value: String(value) }));
}

function markOf(secret: string): string {
  return `${MARK_START}${sha256(secret).slice(0, 16)}`;
}

function replace(text: string, secrets: readonly Secret[], by: (value: string) => string): string {
  let result = text;
  for (const { range, value } of [...secrets].sort((a, b) => b.range[0] - a.range[0])) {
    result = result.slice(0, range[0]) + tomlLiteral(by(value)) + result.slice(range[1]);
  }
  return result;
}
