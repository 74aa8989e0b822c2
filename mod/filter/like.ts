/**
 * The patterns of LIKE (section 8.5).
 *
 * @module
 */
import { FilterError, quoted } from "./filter_error.ts";
import { fold } from "./text.ts";

/** A test for a pattern; throws FilterError for a wildcard within it. */
export function likeMatcher(
  pattern: string,
  exact: boolean,
  at: number,
): (text: string) => boolean {
  if (pattern.length <= 2 && pattern !== "" && [...pattern].every(isWildcard)) return () => true;
  const open = isWildcard(pattern[0]);
  const close = pattern.length > 1 && isWildcard(pattern.at(-1));
  const body = pattern.slice(open ? 1 : 0, close ? -1 : undefined);
  if (/[*%]/.test(body)) {
    throw new FilterError(
      "likePattern",
      `expected wildcards only at the ends of a pattern, found ${quoted(pattern)}`,
      at,
    );
  }
  const wanted = exact ? body : fold(body);
  const key = exact ? (text: string) => text : fold;
  if (open && close) return (text) => key(text).includes(wanted);
  if (open) return (text) => key(text).endsWith(wanted);
  if (close) return (text) => key(text).startsWith(wanted);
  return (text) => key(text) === wanted;
}

function isWildcard(c: string | undefined): boolean {
  return c === "*" || c === "%";
}
