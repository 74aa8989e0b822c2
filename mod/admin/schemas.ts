/**
 * Schemas that several routes share.
 *
 * @module
 */
import * as v from "valibot";

/** A whole number in a query, from `low` to `high`. */
export function wholeInQuery(low: number, high: number): v.GenericSchema<string, number> {
  return v.pipe(
    v.string(),
    v.check(
      (s) => /^\d{1,15}$/.test(s) && Number(s) >= low && Number(s) <= high,
      `expected a whole number from ${low} to ${high}`,
    ),
    v.transform(Number),
    v.metadata({ query: { type: "integer", minimum: low, maximum: high } }),
  );
}

/** `true` or `false` in a query. */
export const flagInQuery: v.GenericSchema<string, boolean> = v.pipe(
  v.string(),
  v.check((s) => s === "true" || s === "false", 'expected "true" or "false"'),
  v.transform((s) => s === "true"),
  v.metadata({ query: { type: "boolean" } }),
);

/** Text of at most `length` characters without control characters. */
export function line(length: number): v.GenericSchema<string> {
  return v.pipe(
    v.string(),
    v.maxLength(length, `expected at most ${length} characters`),
    // deno-lint-ignore no-control-regex -- control characters are what is looked for
    v.regex(/^[^\u0000-\u001f\u007f]*$/, "expected no control characters"),
  );
}

/** A filter expression in a query. */
export const filterInQuery: v.GenericSchema<string> = v.pipe(
  v.string(),
  v.maxLength(4096, "expected at most 4096 characters"),
  v.description("Filter expression: a condition, FILTER ..., or signals by GUID, key or tag"),
);

/** Facts of a version of the configuration. */
export const versionSchema = v.object({
  number: v.number(),
  author: v.string(),
  timeMicros: v.number(),
  comment: v.string(),
  digest: v.string(),
  cause: v.picklist(["file", "push", "edit", "rollback"]),
  outcome: v.picklist(["pending", "good", "undone", "failed"]),
  signature: v.optional(v.string()),
  signer: v.optional(v.string()),
});

/** Answer to a change of the configuration. */
export const changeSchema = v.object({
  digest: v.string(),
  version: v.nullable(v.number()),
  everything: v.boolean(),
  changes: v.array(v.object({
    part: v.string(),
    change: v.picklist(["added", "removed", "restarted", "changed"]),
    keys: v.array(v.string()),
  })),
  confirmWithin: v.nullable(v.number()),
  diff: v.string(),
});

/** A signal as the API shows it. */
export const signalSchema = v.object({
  id: v.string(),
  key: v.string(),
  tag: v.string(),
  reference: v.string(),
  device: v.string(),
  type: v.string(),
  label: v.string(),
  phase: v.string(),
  unit: v.string(),
  description: v.string(),
});

/** A device that was seen and is not configured. */
export const seenSchema = v.object({
  id: v.pipe(v.string(), v.description("What an adoption names it by")),
  acronym: v.pipe(v.string(), v.description("An acronym that it could have")),
  about: v.pipe(v.string(), v.description("What it is, in one line")),
  settings: v.pipe(
    v.record(v.string(), v.union([v.string(), v.number()])),
    v.description("What would configure it"),
  ),
  guessed: v.pipe(v.array(v.string()), v.description("Settings that are a guess")),
  missing: v.pipe(
    v.array(v.string()),
    v.description("Settings that the wire does not tell: an adoption has to give them"),
  ),
});

/** State of a part. */
export const partSchema = v.object({
  state: v.picklist(["stopped", "starting", "running", "waiting", "failed"]),
  sinceMicros: v.number(),
  reason: v.optional(v.string()),
  detail: v.optional(v.record(v.string(), v.unknown())),
});
