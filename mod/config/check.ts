/**
 * Checks a document against a valibot schema and says what is wrong in words: key, expectation, finding.
 *
 * @module
 */
import * as v from "valibot";
import { ConfigError, type ConfigProblem } from "../core/mod.ts";
import { nearest } from "./nearest.ts";
import type { PathKey, TomlDocument } from "./toml.ts";
import { type AnySchema, childSchema, isRecord, pickOption, unwrap } from "./walk.ts";

/**
 * The document's value, checked and with defaults filled in.
 *
 * Throws {@linkcode ConfigError} with every problem in the order of the text: unknown keys are
 * problems too, with the nearest known key.
 *
 * @example
 * ```ts
 * import * as v from "valibot";
 * import { checkDocument, parseTomlDocument } from "./mod.ts";
 *
 * const document = parseTomlDocument("port = 4712", "site.toml");
 * const { port } = checkDocument(v.strictObject({ port: v.number() }), document);
 * console.log(port);
 * ```
 */
export function checkDocument<S extends AnySchema>(
  schema: S,
  document: TomlDocument,
): v.InferOutput<S> {
  const result = v.safeParse(schema, document.value);
  if (result.success) return result.output;
  const seen = new Set<string>();
  const problems: ConfigProblem[] = [];
  for (const issue of result.issues) {
    const path = pathOf(issue);
    const key = path.join(".");
    if (seen.has(key)) continue;
    seen.add(key);
    problems.push({ ...document.position(path), key, message: sentenceOf(issue, schema, path) });
  }
  problems.sort((a, b) => a.line - b.line || a.column - b.column);
  throw new ConfigError(document.source, problems);
}

function pathOf(issue: v.BaseIssue<unknown>): PathKey[] {
  // Documents consist of tables and arrays only, so keys are strings and numbers.
  return (issue.path ?? []).map((step) => step.key as PathKey);
}

function sentenceOf(
  issue: v.BaseIssue<unknown>,
  schema: AnySchema,
  path: readonly PathKey[],
): string {
  if (issue.type === "strict_object" && issue.expected === "never") {
    const known = keysAt(schema, path.slice(0, -1), issue);
    const wrong = String(path.at(-1));
    const near = nearest(wrong, known);
    const hint = near
      ? `; did you mean "${near}"?`
      : known.length
      ? `; known keys: ${known.join(", ")}`
      : "";
    return `unknown key${hint}`;
  }
  if (issue.type === "strict_object" && issue.received === "undefined") {
    return "expected this key, found nothing";
  }
  if (issue.kind === "validation" && (issue.type === "check" || issue.expected === null)) {
    return issue.type === "check" || issue.type === "regex"
      ? issue.message
      : `expected ${issue.type.replaceAll("_", " ")}, found ${issue.received}`;
  }
  const expected = `expected ${plain(issue.expected ?? issue.type)}`;
  if (issue.received !== "undefined") return `${expected}, found ${issue.received}`;
  // Of a variant: it cannot be told which other keys are known, so that a misspelt one is no problem of its own.
  const table = issue.path?.at(-1)?.input;
  const near = isRecord(table) ? nearest(String(path.at(-1)), Object.keys(table)) : undefined;
  return `${expected}, found nothing${near ? `; is "${near}" meant to be it?` : ""}`;
}

function plain(expected: string): string {
  return expected
    .replace(/^\((.*)\)$/, "$1")
    .replaceAll(" | ", " or ")
    .replace(/^>=(.*)$/, "$1 or more")
    .replace(/^<=(.*)$/, "at most $1")
    .replace(/^Object$/, "a table")
    .replace(/^Array$/, "an array");
}

/** Keys of the strict object that refused the key, found by walking the schema along the path. */
function keysAt(
  schema: AnySchema,
  path: readonly PathKey[],
  issue: v.BaseIssue<unknown>,
): string[] {
  let here: unknown = schema;
  const input = issue.path?.at(-1)?.input;
  for (const step of path) here = childSchema(here, step, input);
  const object = pickOption(unwrap(here), input);
  return isRecord(object) && isRecord(object["entries"]) ? Object.keys(object["entries"]) : [];
}
