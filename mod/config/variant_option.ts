/**
 * The type of a schema that is one of several, told apart by its key `type`.
 *
 * @module
 */
import type * as v from "valibot";

/** A schema of `Options` that can be an option of a variant over `type`, whose value is `Type`. */
export type VariantOption<Type extends string, Options> =
  & Omit<
    v.StrictObjectSchema<{ readonly type: v.LiteralSchema<Type, undefined> }, undefined>,
    "~run" | "~standard" | "~types"
  >
  // Variants ask for input and output with an index signature, which interfaces do not have.
  & v.GenericSchema<Record<string, unknown>, { [K in keyof Options]: Options[K] }>;
