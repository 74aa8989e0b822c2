/**
 * The kinds of field that configurations are made of, each with range and unit in its schema.
 *
 * @module
 */
import * as v from "valibot";

/** A whole number from `low` to `high`. */
export function integer(low: number, high: number): v.GenericSchema<number> {
  return v.pipe(
    v.number(),
    v.check(
      (n) => Number.isInteger(n) && n >= low && n <= high,
      (issue) => `expected a whole number from ${low} to ${high}, found ${issue.received}`,
    ),
    v.metadata({ low, high }),
  );
}

/** A number from `low` to `high`. */
export function real(low: number, high: number): v.GenericSchema<number> {
  return v.pipe(
    v.number(),
    v.check(
      (n) => n >= low && n <= high,
      (issue) => `expected a number from ${low} to ${high}, found ${issue.received}`,
    ),
    v.metadata({ low, high }),
  );
}

/** A text of 1 to 1,024 characters without control characters. */
export function text(): v.GenericSchema<string> {
  return v.pipe(
    v.string(),
    v.check(
      // deno-lint-ignore no-control-regex -- control characters are what is looked for
      (s) => s.length > 0 && s.length <= 1024 && !/[\u0000-\u001f\u007f]/.test(s),
      (issue) => `expected 1 to 1024 printable characters, found ${issue.received}`,
    ),
  );
}

/** A name as in `[input.NAME]`: letters, digits, `_` and `-`, at most 64. */
export function partName(): v.GenericSchema<string> {
  return v.pipe(
    v.string(),
    v.check(
      (s) => /^[A-Za-z0-9_-]{1,64}$/.test(s),
      (issue) => `expected 1 to 64 letters, digits, "_" or "-" as a name, found ${issue.received}`,
    ),
  );
}

/** An acronym: `A-Z 0-9 - ! _ . @ # $`, at most 64. */
export function acronym(): v.GenericSchema<string> {
  return v.pipe(
    v.string(),
    v.check(
      (s) => /^[A-Z0-9\-!_.@#$]{1,64}$/.test(s),
      (issue) =>
        `expected an acronym of 1 to 64 characters A-Z 0-9 - ! _ . @ # $, found ${issue.received}`,
    ),
  );
}

/** A GUID in lower case with hyphens. */
export function guid(): v.GenericSchema<string> {
  return v.pipe(
    v.string(),
    v.check(
      (s) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(s),
      (issue) => `expected a GUID in lower case with hyphens, found ${issue.received}`,
    ),
  );
}

/** Longest rule, in characters. */
const MAX_RULE = 65_536;

/** A rule of rights; what it says is checked where it is used. */
export function ruleText(): v.GenericSchema<string> {
  return v.pipe(
    v.string(),
    v.check(
      (s) => s.trim() !== "" && s.length <= MAX_RULE,
      `expected a rule of 1 to ${MAX_RULE} characters`,
    ),
  );
}
