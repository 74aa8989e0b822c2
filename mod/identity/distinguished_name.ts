/**
 * Distinguished names: read from certificates and from configurations, compared exactly.
 *
 * @module
 */
import { DecodeError } from "../core/mod.ts";
import { DerReader, oidText, stringText, Tag } from "./der.ts";

/**
 * A name as a list of relative names in the order of the certificate; each is its sorted `type=value` pairs
 * (several only where the certificate has a multi-valued relative name). Types are written as in RFC 4514 where it
 * has a keyword and as dotted numbers elsewhere.
 */
export type DistinguishedName = readonly (readonly string[])[];

const KEYWORD: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.4": "SN",
  "2.5.4.5": "SERIALNUMBER",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "STREET",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "2.5.4.12": "TITLE",
  "2.5.4.42": "GN",
  "0.9.2342.19200300.100.1.1": "UID",
  "0.9.2342.19200300.100.1.25": "DC",
  "1.2.840.113549.1.9.1": "EMAILADDRESS",
};

const KNOWN_KEYWORDS = new Set(Object.values(KEYWORD));

/** What a configuration says of a name: a common name alone, or the whole name. */
export type NamePattern = { readonly commonName: string } | { readonly name: DistinguishedName };

/** Reads a Name (RFC 5280 section 4.1.2.4). Throws a {@linkcode DecodeError}. */
export function readName(sequence: Uint8Array): DistinguishedName {
  const name: string[][] = [];
  const reader = new DerReader(sequence);
  while (!reader.atEnd) {
    const set = reader.inside("RelativeDistinguishedName", Tag.Set);
    const pairs: string[] = [];
    while (!set.atEnd) {
      const pair = set.inside("AttributeTypeAndValue", Tag.Sequence);
      const oid = oidText(pair.next("type", Tag.Oid).content);
      const value = stringText(pair.next("value"));
      pair.finish("AttributeTypeAndValue");
      pairs.push(`${KEYWORD[oid] ?? oid}=${value}`);
    }
    if (pairs.length === 0) {
      throw new DecodeError("der", "Cannot read a name: expected an attribute, found none");
    }
    name.push(pairs.sort());
  }
  return name;
}

/**
 * Reads what a configuration says: text without `=` is a common name; else it is a distinguished name such as
 * `CN=pdc-1,OU=Control,O=Grid`, with `\` before a comma, plus, equals sign or backslash that belongs to a value.
 * Throws a `RangeError`.
 */
export function parseNamePattern(text: string): NamePattern {
  if (text.trim() === "") throw badName(text);
  if (!text.includes("=")) return { commonName: text };
  const name = splitUnescaped(text, ",").map((relative) =>
    splitUnescaped(relative, "+").map((pair) => {
      const [type = "", ...rest] = splitUnescaped(pair, "=");
      const keyword = type.trim().toUpperCase().replace(/^S$/, "ST").replace(/^E$/, "EMAILADDRESS");
      const value = unescape(rest.join("=").trim());
      const known = KNOWN_KEYWORDS.has(keyword) || /^\d+(\.\d+)+$/.test(keyword);
      if (!known || value === "") throw badName(text);
      return `${keyword}=${value}`;
    }).sort()
  );
  return { name };
}

/**
 * True if `name` is what the pattern says: its only common name, or the whole name, written from either end
 * (RFC 4514 writes the last relative name first, OpenSSL the first).
 */
export function matchesName(pattern: NamePattern, name: DistinguishedName): boolean {
  if ("commonName" in pattern) {
    const commonNames = name.flat().filter((pair) => pair.startsWith("CN="));
    return commonNames.length === 1 && commonNames[0] === `CN=${pattern.commonName}`;
  }
  return sameName(pattern.name, name) || sameName([...pattern.name].reverse(), name);
}

/** A name for people, in the order of RFC 4514. */
export function nameText(name: DistinguishedName): string {
  // deno-lint-ignore no-control-regex -- names come from the wire and go into logs
  const clean = (pair: string) => pair.replace(/[\x00-\x1f\x7f]/g, "?").replace(/[\\,+]/g, "\\$&");
  return [...name].reverse().map((pairs) => pairs.map(clean).join("+")).join(",");
}

/** True if there is a name that both patterns match. */
export function overlap(a: NamePattern, b: NamePattern): boolean {
  if ("name" in b) return matchesName(a, b.name);
  return "name" in a ? matchesName(b, a.name) : a.commonName === b.commonName;
}

function sameName(a: DistinguishedName, b: DistinguishedName): boolean {
  return a.length === b.length &&
    a.every((pairs, i) =>
      pairs.length === b[i]!.length && pairs.every((pair, k) => pair === b[i]![k])
    );
}

function splitUnescaped(text: string, separator: string): string[] {
  const parts = [""];
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === "\\" && i + 1 < text.length) parts[parts.length - 1] += char + text[++i]!;
    else if (char === separator) parts.push("");
    else parts[parts.length - 1] += char;
  }
  return parts;
}

function unescape(text: string): string {
  return text.replace(/\\(.)/gs, "$1");
}

function badName(text: string): RangeError {
  return new RangeError(
    `Cannot read a subject: expected a common name or a name such as CN=pdc-1,O=Grid, found "${text}"`,
  );
}
