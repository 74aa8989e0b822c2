import assert from "node:assert/strict";
import fc from "fast-check";
import * as v from "valibot";
import { ConfigError } from "../core/mod.ts";
import {
  editToml,
  hasMarks,
  lineDiff,
  parseTomlDocument,
  redactSecrets,
  restoreSecrets,
  type TomlEdit,
  tomlLiteral,
  type TomlValue,
} from "./mod.ts";

const SITE = `# Site of the north
top = 1 # one

# Shelby, bay 3
[input.shelby] # the first
type = "c37118"
  host = "10.0.0.1" # by cable
devices = [
  { acronym = "A", idCode = 1 }, # first
]

# The control center
[subscriber.center]
allow = ["Device = 'SHELBY'"] # granted in May
inline = { a = 1, b = "two" }
# the end of the center

[[revoked.serials]]
issuer = "CN=x"
`;

const RULES = `allow = [ # rules
  # SCADA
  "A", # granted in May
  "B",

  # planning
  "C" # until 2027
]
`;

const cases: { name: string; text?: string; edit: TomlEdit; cut: string; by: string }[] = [
  {
    name: "a value is replaced, its comment stays",
    edit: { path: ["subscriber", "center", "allow"], value: ["True", 'x "y" \\ z'] },
    cut: `["Device = 'SHELBY'"] #`,
    by: `["True", "x \\"y\\" \\\\ z"] #`,
  },
  {
    name: "a key is added after the last of its table",
    edit: { path: ["subscriber", "center", "deny"], value: [] },
    cut: `inline = { a = 1, b = "two" }\n`,
    by: `inline = { a = 1, b = "two" }\ndeny = []\n`,
  },
  {
    name: "a key is added at the top",
    edit: { path: ["second"], value: 2.5 },
    cut: "top = 1 # one\n",
    by: "top = 1 # one\nsecond = 2.5\n",
  },
  {
    name: "a table is added at the end",
    edit: { path: ["input", "new one"], value: { type: "sttp", nested: { k: [1, 2] } } },
    cut: 'issuer = "CN=x"\n',
    by: 'issuer = "CN=x"\n\n[input."new one"]\ntype = "sttp"\nnested = { k = [1, 2] }\n',
  },
  {
    name: "a key of a table that is not there brings its table",
    edit: { path: ["log", "level"], value: "debug" },
    cut: 'issuer = "CN=x"\n',
    by: 'issuer = "CN=x"\n\n[log]\nlevel = "debug"\n',
  },
  {
    name: "a key of an inline table is replaced",
    edit: { path: ["subscriber", "center", "inline", "a"], value: -3 },
    cut: "a = 1,",
    by: "a = -3,",
  },
  {
    name: "a key is added to an inline table",
    edit: { path: ["subscriber", "center", "inline", "c"], value: true },
    cut: 'b = "two" }',
    by: 'b = "two", c = true }',
  },
  {
    name: "a key is taken away with its comment",
    edit: { path: ["input", "shelby", "host"] },
    cut: '  host = "10.0.0.1" # by cable\n',
    by: "",
  },
  {
    name: "a key of several lines is taken away",
    edit: { path: ["input", "shelby", "devices"] },
    cut: 'devices = [\n  { acronym = "A", idCode = 1 }, # first\n]\n',
    by: "",
  },
  {
    name: "the first key of an inline table is taken away",
    edit: { path: ["subscriber", "center", "inline", "a"] },
    cut: "{ a = 1, b",
    by: "{ b",
  },
  {
    name: "the last key of an inline table is taken away",
    edit: { path: ["subscriber", "center", "inline", "b"] },
    cut: ', b = "two" }',
    by: " }",
  },
  {
    name: "a table is taken away with the comment above it, not that of the next one",
    edit: { path: ["input", "shelby"] },
    cut: SITE.slice(SITE.indexOf("# Shelby"), SITE.indexOf("# The control")),
    by: "",
  },
  {
    name: "nothing to change",
    edit: { path: ["top"], value: 1 },
    cut: "",
    by: "",
  },
  { name: "nothing to take away", edit: { path: ["nothing", "there"] }, cut: "", by: "" },
  {
    name: "an entry is added to an array of several lines, comments stay",
    edit: { path: ["input", "shelby", "devices"], append: { acronym: "B", idCode: 2 } },
    cut: "# first\n",
    by: '# first\n  { acronym = "B", idCode = 2 },\n',
  },
  {
    name: "an entry is added to an array of one line",
    edit: { path: ["subscriber", "center", "allow"], append: "True" },
    cut: `SHELBY'"]`,
    by: `SHELBY'", "True"]`,
  },
  {
    name: "an entry is added to an empty array",
    text: "a = [ ]\n",
    edit: { path: ["a"], append: 1 },
    cut: "[ ]",
    by: "[ 1]",
  },
  {
    name: "an entry is added where the last line has no comma",
    text: "a = [\n  1,\n  2 # two\n]\n",
    edit: { path: ["a"], append: 3 },
    cut: "2 # two\n",
    by: "2, # two\n  3,\n",
  },
  {
    name: "an entry is added to tables with headers",
    edit: { path: ["revoked", "serials"], append: { issuer: "CN=y" } },
    cut: 'issuer = "CN=x"\n',
    by: 'issuer = "CN=x"\n\n[[revoked.serials]]\nissuer = "CN=y"\n',
  },
  {
    name: "the first table of an array comes behind the table that it belongs to",
    text: '[input.bus] # bay\ntype = "sv"\n[input.bus.pcap]\nfile = "x"\n\n# next\n[output.main]\n',
    edit: {
      path: ["input", "bus", "streams"],
      append: { acronym: "B", channels: [{ label: "I" }] },
    },
    cut: 'file = "x"\n',
    by: 'file = "x"\n\n[[input.bus.streams]]\nacronym = "B"\nchannels = [{ label = "I" }]\n',
  },
  {
    name: "the first table of an array in a table without a header",
    text: 'input.bus = { type = "sv" }\n',
    edit: { path: ["input", "bus", "streams"], append: { acronym: "B" } },
    cut: '"sv" }',
    by: '"sv", streams = [{ acronym = "B" }] }',
  },
  {
    name: "an entry is added to an array that is not there",
    edit: { path: ["subscriber", "center", "deny"], append: "True" },
    cut: 'b = "two" }\n',
    by: 'b = "two" }\ndeny = ["True"]\n',
  },
  {
    name: "an array of one entry per line: what stays keeps its line, what goes takes it along",
    text: RULES,
    edit: { path: ["allow"], value: ["A", "C"] },
    cut: '  "B",\n',
    by: "",
  },
  {
    name: "an array of one entry per line: a new one takes the place of the one that goes",
    text: RULES,
    edit: { path: ["allow"], value: ["A", "X", "C"] },
    cut: '  "B",\n',
    by: '  "X",\n',
  },
  {
    name: "an array of one entry per line: behind the last one, which had no comma",
    text: RULES,
    edit: { path: ["allow"], value: ["A", "B", "C", "D"] },
    cut: '"C" # until 2027\n',
    by: '"C", # until 2027\n  "D",\n',
  },
  {
    name: "an array of one entry per line: in front of the first one, above its comment",
    text: RULES,
    edit: { path: ["allow"], value: ["X", "A", "B", "C"] },
    cut: "# rules\n",
    by: '# rules\n  "X",\n',
  },
  {
    name: "an array of one entry per line: all of them go",
    text: RULES,
    edit: { path: ["allow"], value: [] },
    cut: RULES.slice(RULES.indexOf('  "A"'), RULES.indexOf("]")),
    by: "\n  # planning\n",
  },
  {
    name: "an array of one table per line",
    text: "a = [\n  { x = 1 }, # one\n  { x = 2 }, # two\n]\n",
    edit: { path: ["a"], value: [{ x: 2 }, { x: 3 }] },
    cut: "  { x = 1 }, # one\n  { x = 2 }, # two\n",
    by: "  { x = 2 }, # two\n  { x = 3 },\n",
  },
  {
    name: "an array of several lines and no entry",
    text: "a = [\r\n\t# none yet\r\n]\r\n",
    edit: { path: ["a"], value: [1] },
    cut: "[\r\n",
    by: "[\r\n\t1,\r\n",
  },
  {
    name: "an array of several entries per line is written anew",
    text: "a = [1,\n  2, 3]\n",
    edit: { path: ["a"], value: [1, 3] },
    cut: "[1,\n  2, 3]",
    by: "[1, 3]",
  },
  {
    name: "dotted keys",
    text: "a.b = 1\na.c = 2 # c\n",
    edit: { path: ["a", "c"], value: 3 },
    cut: "c = 2",
    by: "c = 3",
  },
  {
    name: "lines that end with CR LF",
    text: "[a]\r\nb = 1\r\n[c]\r\n",
    edit: { path: ["a", "d"], value: 2 },
    cut: "b = 1\r\n",
    by: "b = 1\r\nd = 2\r\n",
  },
  {
    name: "a text without an end of line",
    text: "[a]\nb = 1",
    edit: { path: ["a", "d"], value: 2 },
    cut: "b = 1",
    by: "b = 1\nd = 2\n",
  },
];

for (const { name, text = SITE, edit, cut, by } of cases) {
  Deno.test(`edit: ${name}`, () => {
    assert.equal(editToml(text, edit), text.replace(cut, () => by));
  });
}

Deno.test("edit: what cannot be done in place is refused, and the text stays", () => {
  const refused: [string, TomlEdit][] = [
    ["a.b = 1\n", { path: ["a", "c"], value: 2 }], // [a] cannot be opened again
    ["a = [{ b = 1 }]\n", { path: ["a", "b"], value: 2 }],
    ["[[a]]\nb = 1\n", { path: ["a", "b"], value: 2 }],
    ["a = 1\n", { path: [], value: 2 }],
    ["not toml", { path: ["a"], value: 2 }],
  ];
  for (const [text, edit] of refused) {
    assert.throws(() => editToml(text, edit), ConfigError, text);
  }
});

const key = fc.oneof(fc.constantFrom("a", "b", "c", "d e", "__proto__", "x.y"), fc.string());
const scalar: fc.Arbitrary<TomlValue> = fc.oneof(
  fc.string(),
  fc.double(),
  fc.integer(),
  fc.boolean(),
);
const value = fc.oneof(
  scalar,
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(key, scalar, { maxKeys: 3 }),
);

Deno.test("edit: any run of edits gives what was asked for, and no comment of another key is lost", () => {
  const edits = fc.array(
    fc.record({ path: fc.array(key, { minLength: 1, maxLength: 3 }), value: fc.option(value) }),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(edits, (list) => {
      let text = SITE;
      for (const { path, value } of list) {
        try {
          text = editToml(text, value === null ? { path } : { path, value });
        } catch (error) {
          assert.ok(error instanceof ConfigError, String(error));
          continue;
        }
        let here: unknown = parseTomlDocument(text, "t").value;
        for (const step of path) here = (here as Record<string, unknown> | undefined)?.[step];
        const empty = typeof value === "object" && value !== null &&
          Object.keys(value).length === 0;
        if (value !== null && !empty) {
          assert.equal(
            tomlLiteral(here as TomlValue),
            tomlLiteral(value),
            `${JSON.stringify(path)} in\n${text}`,
          );
        }
      }
      // Keys of SITE that no edit names keep their comments.
      for (const comment of ["# one", "# the first", "# by cable", "# granted in May"]) {
        assert.ok(text.includes(comment), `${comment} in\n${text}`);
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("edit: arrays of one entry per line get what was asked for, and what stays keeps its comments", () => {
  const entry = fc.constantFrom("A", "B", "C", "D", "E", "#,]");
  const layout = fc.record({
    before: fc.uniqueArray(entry),
    above: fc.constantFrom("", "\n", "  # above\n"),
    comma: fc.constantFrom("", ","),
    end: fc.constantFrom("\n", "\r\n"),
  });
  fc.assert(
    fc.property(
      layout,
      fc.array(entry, { maxLength: 8 }),
      ({ before, above, comma, end }, wanted) => {
        const lines = before.map((e, i) =>
          `${above}  ${tomlLiteral(e)}${i < before.length - 1 ? "," : comma} # of ${e}\n`
        );
        const text = `a = [\n${lines.join("")}]\nb = 1\n`.replaceAll("\n", end);
        for (const after of [wanted, before.filter((e) => wanted.includes(e))]) {
          const edited = editToml(text, { path: ["a"], value: after });
          assert.deepEqual(parseTomlDocument(edited, "t").value, { a: after, b: 1 }, edited);
          assert.equal(edited.split("# above").length, text.split("# above").length, edited);
          const kept = before.filter((e) => edited.includes(`# of ${e}`));
          if (after !== wanted) assert.deepEqual(kept, after, edited);
          for (const e of kept) {
            assert.match(
              edited,
              new RegExp(`^ {2}${RegExp.escape(tomlLiteral(e))},? # of ${RegExp.escape(e)}`, "m"),
            );
          }
        }
      },
    ),
    { numRuns: 500 },
  );
});

const schema = v.strictObject({
  user: v.record(
    v.string(),
    v.strictObject({
      token: v.pipe(v.string(), v.metadata({ secret: true })),
      name: v.optional(v.string(), ""),
    }),
  ),
  list: v.optional(v.array(v.pipe(v.string(), v.metadata({ secret: true }))), []),
});

Deno.test("secrets: what is shown has marks, and marks come back as the secrets", () => {
  const text = `# users\n[user.a]\ntoken = 'scrypt:one' # of a\nname = "scrypt:one"\n` +
    `[user.b]\ntoken = "scrypt:two"\n[user.c]\ntoken = "scrypt:one"\n`;
  const { text: shown, count } = redactSecrets(schema, text);
  assert.equal(count, 3);
  assert.doesNotMatch(shown, /token = .*scrypt/);
  assert.match(
    shown,
    /^# users\n\[user\.a\]\ntoken = "redacted:[0-9a-f]{16}" # of a\nname = "scrypt:one"\n/,
  );
  assert.equal(
    restoreSecrets(schema, shown, text).text,
    text.replace("'scrypt:one'", '"scrypt:one"'),
  );
  // A user who was renamed or moved keeps the token; an invented mark stays one.
  const moved = shown.replace("user.b", "user.z");
  assert.match(restoreSecrets(schema, moved, text).text, /\[user\.z\]\ntoken = "scrypt:two"/);
  const invented = `[user.a]\ntoken = "redacted:0123456789abcdef"\n`;
  assert.deepEqual(restoreSecrets(schema, invented, text), { text: invented, count: 0 });
  assert.deepEqual([invented, shown, text].map(hasMarks), [
    true,
    true,
    false,
  ]);
  const listed = 'list = ["s1", "s2"]\n[user.a]\ntoken = "t"\n';
  assert.equal(redactSecrets(schema, listed).count, 3);
  assert.doesNotMatch(redactSecrets(schema, listed).text, /"s1"|"s2"|"t"/);
  assert.throws(() => redactSecrets(schema, "= ="), ConfigError);
});

Deno.test("line diff: unified, as patch reads it", () => {
  assert.equal(lineDiff("a\nb\n", "a\nb\n", "x", "y"), "");
  assert.equal(
    lineDiff("a\nb\nc\n", "a\nB\nc\n", "1", "2"),
    "--- 1\n+++ 2\n@@ -1,4 +1,4 @@\n a\n-b\n+B\n c\n \n",
  );
  const long = Array.from({ length: 40 }, (_, i) => `line ${i}`);
  const other = [...long];
  other[5] = "five";
  other.splice(30, 1);
  const text = lineDiff(long.join("\n"), other.join("\n"), "1", "2");
  assert.match(text, /@@ -3,7 \+3,7 @@\n line 2\n line 3\n line 4\n-line 5\n\+five\n line 6/);
  assert.match(text, /@@ -28,7 \+28,6 @@\n line 27\n line 28\n line 29\n-line 30\n line 31/);
});

Deno.test("line diff: applied to the first text it gives the second", () => {
  const lines = fc.array(fc.constantFrom("a", "b", "c", ""), { maxLength: 30 });
  fc.assert(
    fc.property(lines, lines, (a, b) => {
      const diff = lineDiff(a.join("\n"), b.join("\n"), "a", "b");
      assert.equal(patched(a.join("\n"), diff), b.join("\n"), diff);
    }),
    { numRuns: 500 },
  );
  const many = (n: number, s: string) => Array.from({ length: n }, (_, i) => `${s}${i}`).join("\n");
  const diff = lineDiff(many(3000, "a"), many(3000, "b"), "a", "b");
  assert.equal(patched(many(3000, "a"), diff), many(3000, "b"));
});

/** Applies a unified difference, checking every line of context. */
function patched(text: string, diff: string): string {
  if (diff === "") return text;
  const from = text.split("\n"), out: string[] = [];
  let at = 0;
  for (const line of diff.split("\n").slice(2, -1)) {
    const hunk = /^@@ -(\d+),(\d+) \+(\d+),(\d+) @@$/.exec(line);
    if (hunk) {
      const start = Number(hunk[1]) - 1;
      while (at < start) out.push(from[at++]!);
      assert.equal(out.length, Number(hunk[3]) - 1);
      continue;
    }
    if (line[0] !== "+") assert.equal(from[at++], line.slice(1));
    if (line[0] !== "-") out.push(line.slice(1));
  }
  return [...out, ...from.slice(at)].join("\n");
}
