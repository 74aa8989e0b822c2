/**
 * Finds the part of a schema that stands for a path of a document, and what it says of itself.
 *
 * @module
 */
import * as v from "valibot";
import type { PathKey } from "./toml.ts";

/** A schema of any shape; what it yields is inferred where it is used. */
export type AnySchema = v.BaseSchema<unknown, unknown, v.BaseIssue<unknown>>;

/** What a schema says of a key beside its shape, from `v.metadata`. */
export interface KeyMetadata {
  /**
   * How a change of the key takes effect: `live` in the running part, `restart` by a new start of the
   * part, `program` only by a new start of the program. Without it a change restarts the part.
   */
  readonly apply?: "live" | "restart" | "program";
  /** True for a value that is never shown. */
  readonly secret?: boolean;
  /** Unit of the value. */
  readonly unit?: string;
}

/**
 * The metadata that hold at `path`: those of each schema on the way, the inner ones over the outer.
 *
 * `value` is the document, which tells the options of a variant apart.
 */
export function metadataAt(
  schema: AnySchema,
  path: readonly PathKey[],
  value: unknown,
): KeyMetadata {
  let here: unknown = schema;
  let at = value;
  let all: KeyMetadata = metadataOf(here, at);
  for (const step of path) {
    here = childSchema(here, step, at);
    at = isRecord(at) ? at[step] : undefined;
    all = { ...all, ...metadataOf(here, at) };
  }
  return all;
}

/** The schema of the entry `step` of what `schema` describes; `value` picks the option of a variant. */
export function childSchema(schema: unknown, step: PathKey, value: unknown): unknown {
  const at = pickOption(unwrap(schema), value);
  if (!isRecord(at)) return undefined;
  if (isRecord(at["entries"])) return at["entries"][String(step)];
  if (at["type"] === "record") return at["value"];
  if (at["type"] === "array") return at["item"];
  return undefined;
}

/** A schema without `optional` and the like around it. */
export function unwrap(schema: unknown): unknown {
  let here = schema;
  while (isRecord(here) && isRecord(here["wrapped"])) here = here["wrapped"];
  return here;
}

/** Of a variant, the option that the input's discriminator names. */
export function pickOption(schema: unknown, input: unknown): unknown {
  if (!isRecord(schema) || schema["type"] !== "variant" || !isRecord(input)) return schema;
  const name = input[String(schema["key"])];
  const options = Array.isArray(schema["options"]) ? schema["options"] : [];
  return options.find((option: unknown) => {
    const entry = isRecord(option) && isRecord(option["entries"])
      ? unwrap(option["entries"][String(schema["key"])])
      : undefined;
    return isRecord(entry) && entry["literal"] === name;
  }) ?? options[0];
}

/** True for an object or array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function metadataOf(schema: unknown, value: unknown): KeyMetadata {
  let all: KeyMetadata = {};
  for (let here = schema; isRecord(here); here = here["wrapped"]) {
    for (const one of [here, pickOption(here, value)]) {
      // What has a kind and a type is a schema; `getMetadata` looks at its pipe only.
      if (isRecord(one) && one["kind"] === "schema") {
        all = { ...v.getMetadata(one as unknown as AnySchema), ...all };
      }
    }
  }
  return all;
}
