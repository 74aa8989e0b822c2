import assert from "node:assert/strict";
import fc from "fast-check";
import { FilterError } from "./filter_error.ts";
import { DEFAULT_LIMITS, Run } from "./limits.ts";
import { Regex } from "./regex.ts";

const TEXTS = ["", "a", "ab", "aab", "abc", "xaby", "aaa\nb", "Hello 42", "__x-1", "a{2}", "ü1"];

// Patterns on which this engine and that of JavaScript must agree.
const PATTERNS = [
  "a",
  "a*b",
  "(a|ab)(c|bcd)?",
  "a+?",
  "a*?b",
  "^a+$",
  "\\ba",
  "\\Bb",
  "[^a-c]+",
  "[\\d\\s]+",
  "[]a]|x",
  "\\w+\\W\\d+",
  "(?:a|b){2}",
  "a{2,}",
  "a{0,1}b?",
  "(a*)*b",
  "x|",
  ".+",
  "\\x61\\u0062",
  "a{,2}",
  "[a-]",
  "()+a",
];

Deno.test("matches are those of the usual engines", () => {
  const run = new Run(DEFAULT_LIMITS);
  for (const pattern of PATTERNS) {
    // JavaScript reads "[]" as an empty class; everyone else as a class that begins with a bracket.
    const usual = new RegExp(pattern.replace("[]a]", "[\\]a]"));
    const regex = new Regex(pattern, 0, 1_000);
    for (const text of TEXTS) {
      const expected = usual.exec(text)?.[0];
      assert.equal(regex.find(text, 0, run), expected ?? "", `${pattern} on ${text}`);
      assert.equal(regex.test(text, 0, run), expected !== undefined, `${pattern} on ${text}`);
    }
  }
});

Deno.test("letters match without regard to case where asked", () => {
  const run = new Run(DEFAULT_LIMITS);
  assert.equal(new Regex("(?i)[a-c]É", 0, 100).find("xBéx", 0, run), "Bé");
  assert.equal(new Regex("(?i)[^a]", 0, 100).find("Ab", 0, run), "b");
});

Deno.test("what the portable subset lacks is refused", () => {
  for (
    const pattern of [
      "(?=a)",
      "(?!a)",
      "(?<=a)",
      "(?<n>a)",
      "a(?i)b",
      "(a)\\1",
      "a**",
      "a++",
      "*a",
      "^*",
      "(a",
      "a)",
      "[a",
      "[b-a]",
      "[[:alpha:]]",
      "\\q",
      "\\",
      "\\x1",
      "a{3,2}",
      "{2}",
      "[\\b]",
    ]
  ) {
    assert.throws(() => new Regex(pattern, 0, 1_000), { code: "regex" }, pattern);
  }
  for (const pattern of ["a{1001}", "(a{100}){100}", "(".repeat(200), "a".repeat(1_001)]) {
    assert.throws(() => new Regex(pattern, 0, 1_000), { code: "regexTooCostly" }, pattern);
  }
});

Deno.test("patterns that make others run away take linear time", () => {
  const run = new Run(DEFAULT_LIMITS);
  const text = `${"a".repeat(60_000)}!`;
  for (const pattern of ["^(a+)+$", "(a|aa)+$", "(a*)*b", "(.*)(.*)(.*)x"]) {
    assert.equal(new Regex(pattern, 0, 1_000).test(text, 0, run), false);
  }
  assert.throws(
    () => new Regex("(a?){1000}(b?){600}x", 0, 1_000).test(text, 0, new Run(DEFAULT_LIMITS)),
    { code: "limit" },
  );
  assert.throws(() => new Regex("a", 0, 9).test("a".repeat(65_537), 0, run), {
    code: "regexTooCostly",
  });
});

Deno.test("any pattern compiles or is refused, and agrees with JavaScript where both accept it", () => {
  const piece = fc.constantFrom(
    "a",
    "b",
    ".",
    "[ab]",
    "(",
    ")",
    "|",
    "*",
    "+",
    "?",
    "{1,2}",
    "^",
    "$",
  );
  const pattern = fc.array(piece, { maxLength: 8 }).map((p) => p.join(""));
  const text = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 6 });
  fc.assert(
    fc.property(pattern, text, (p, t) => {
      let usual: RegExp;
      let regex: Regex;
      try {
        regex = new Regex(p, 0, 1_000);
      } catch (error) {
        assert.ok(error instanceof FilterError);
        return;
      }
      try {
        usual = new RegExp(p);
      } catch {
        return;
      }
      assert.equal(regex.test(t, 0, new Run(DEFAULT_LIMITS)), usual.test(t), `${p} on ${t}`);
    }),
    { numRuns: 2_000 },
  );
});
