/**
 * Pages of long lists.
 *
 * @module
 */
import * as v from "valibot";
import { wholeInQuery } from "./schemas.ts";

/** Parameters of a page of at most `most` entries, `usual` if nothing is said. */
export function pageQuery(usual: number, most: number) {
  return {
    offset: v.optional(
      v.pipe(wholeInQuery(0, 10_000_000), v.description("Entries that are passed over")),
      "0",
    ),
    limit: v.optional(
      v.pipe(wholeInQuery(1, most), v.description("Most entries of the answer")),
      String(usual),
    ),
  };
}

/** A page of a list, with the number of all entries. */
export function page<T>(
  all: readonly T[],
  { offset, limit }: { readonly offset: number; readonly limit: number },
): { total: number; offset: number; items: T[] } {
  return { total: all.length, offset, items: all.slice(offset, offset + limit) };
}

/** Schema of a page. */
export function pageSchema<S extends v.GenericSchema>(item: S) {
  return v.object({ total: v.number(), offset: v.number(), items: v.array(item) });
}
