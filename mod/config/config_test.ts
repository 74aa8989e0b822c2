import assert from "node:assert/strict";
import * as v from "valibot";
import fc from "fast-check";
import { ConfigError } from "../core/mod.ts";
import {
  acronym,
  checkDocument,
  differences,
  guid,
  integer,
  metadataAt,
  nearest,
  parseHostPort,
  parseTomlDocument,
  partName,
  real,
  text,
} from "./mod.ts";

const input = v.variant("type", [
  v.strictObject({
    type: v.literal("c37118"),
    host: text(),
    port: v.optional(integer(1, 65535), 4712),
    mode: v.optional(v.picklist(["tcp", "udp"]), "tcp"),
    devices: v.optional(v.array(v.strictObject({ acronym: acronym() })), []),
  }),
  v.strictObject({ type: v.literal("sttp"), host: text() }),
]);
const schema = v.strictObject({
  gateway: v.optional(v.strictObject({ id: v.optional(guid()), share: v.optional(real(0, 1)) })),
  input: v.optional(v.record(partName(), input), {}),
});

const bad: { name: string; toml: string; expect: [number, number, string, RegExp][] }[] = [
  { name: "not TOML", toml: "a = 1\nb = = 2", expect: [[2, 5, "", /not valid TOML/]] },
  { name: "duplicate key", toml: "a = 1\na = 2", expect: [[2, 1, "", /not valid TOML/]] },
  {
    name: "unknown key with a near one",
    toml: '[input.x]\ntype = "c37118"\nhost = "h"\nprot = 3',
    expect: [[4, 1, "input.x.prot", /^unknown key; did you mean "port"\?$/]],
  },
  {
    name: "unknown key with none near",
    toml: '[input.x]\ntype = "sttp"\nhost = "h"\nzzzzzz = 3',
    expect: [[4, 1, "input.x.zzzzzz", /^unknown key; known keys: type, host$/]],
  },
  {
    name: "unknown table at the top",
    toml: "\n[gatway]\n",
    expect: [[2, 2, "gatway", /did you mean "gateway"/]],
  },
  {
    name: "unknown key inside an array of tables",
    toml:
      '[input.x]\ntype = "c37118"\nhost = "h"\n[[input.x.devices]]\nacronym = "A"\n[[input.x.devices]]\nacronim = "B"',
    expect: [
      [6, 11, "input.x.devices.1.acronym", /expected this key, found nothing/],
      [7, 1, "input.x.devices.1.acronim", /did you mean "acronym"/],
    ],
  },
  {
    name: "range",
    toml: '[input.x]\ntype = "c37118"\nhost = "h"\nport = 70000',
    expect: [[4, 1, "input.x.port", /^expected a whole number from 1 to 65535, found 70000$/]],
  },
  {
    name: "wrong type",
    toml: '[input.x]\ntype = "c37118"\nhost = 5',
    expect: [[3, 1, "input.x.host", /^expected string, found 5$/]],
  },
  {
    name: "picklist",
    toml: '[input.x]\ntype = "c37118"\nhost = "h"\nmode = "sctp"',
    expect: [[4, 1, "input.x.mode", /^expected "tcp" or "udp", found "sctp"$/]],
  },
  {
    name: "variant",
    toml: '[input.x]\ntype = "modbus"',
    expect: [[2, 1, "input.x.type", /expected "c37118" or "sttp", found "modbus"/]],
  },
  {
    name: "variant whose key is misspelt",
    toml: '[input.x]\ntyp = "c37118"\nhost = "h"',
    expect: [[
      1,
      8,
      "input.x.type",
      /^expected "c37118" or "sttp", found nothing; is "typ" meant to be it\?$/,
    ]],
  },
  {
    name: "missing key points at its table",
    toml: '[input.x]\ntype = "c37118"',
    expect: [[1, 8, "input.x.host", /expected this key, found nothing/]],
  },
  {
    name: "inline table",
    toml: 'input.x = { type = "sttp", hots = "h", host = "h" }',
    expect: [[1, 28, "input.x.hots", /did you mean "host"/]],
  },
  {
    name: "several at once, in the order of the text",
    toml: '[gateway]\nid = "X"\nshare = 2.0\n[input.x]\ntype = "sttp"\nhost = ""',
    expect: [
      [2, 1, "gateway.id", /expected a GUID/],
      [3, 1, "gateway.share", /from 0 to 1, found 2/],
      [6, 1, "input.x.host", /printable/],
    ],
  },
  {
    name: "bad part name",
    toml: '[input."a b"]\ntype="sttp"\nhost="h"',
    expect: [[1, 8, "input.a b", /as a name/]],
  },
];

for (const { name, toml, expect } of bad) {
  Deno.test(`config: ${name}`, () => {
    const error = assertConfigError(() => checkDocument(schema, parseTomlDocument(toml, "t.toml")));
    assert.equal(error.problems.length, expect.length, error.message);
    error.problems.forEach((p, i) => {
      const [line, column, key, message] = expect[i]!;
      assert.deepEqual([p.line, p.column, p.key], [line, column, key]);
      assert.match(p.message, message);
    });
    assert.match(error.message, /^t\.toml:/);
  });
}

Deno.test("config: defaults are filled in", () => {
  const out = checkDocument(schema, parseTomlDocument('[input.x]\ntype="c37118"\nhost="h"', "t"));
  assert.deepEqual(out.input["x"], {
    type: "c37118",
    host: "h",
    port: 4712,
    mode: "tcp",
    devices: [],
  });
});

Deno.test("config: a text that is too long is refused", () => {
  assertConfigError(() => parseTomlDocument("#".repeat(5 << 20), "t"));
});

Deno.test("config: any text is a document or a ConfigError", () => {
  const line = fc.oneof(
    fc.string(),
    fc.constantFrom(
      "[a]",
      "[[a]]",
      "a = 1",
      "a.b = [1, {c = 2}]",
      "x = 'y'",
      "[a.b.c]",
      "d = 1979-05-27",
    ),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
      try {
        const document = parseTomlDocument(lines.join("\n"), "t");
        checkDocument(schema, document);
      } catch (error) {
        assert.ok(error instanceof ConfigError, String(error));
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("config: nearest", () => {
  assert.equal(nearest("potr", ["port", "host"]), "port");
  assert.equal(nearest("framesPerSec", ["framesPerSecond", "waitMs"]), "framesPerSecond");
  assert.equal(nearest("completelyOther", ["port"]), undefined);
});

function assertConfigError(action: () => unknown): ConfigError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: "expected a ConfigError" });
}

Deno.test("config: differences by key; arrays, dates and absent keys as wholes", () => {
  const cases: [unknown, unknown, string[]][] = [
    [{ a: 1 }, { a: 1 }, []],
    [{ a: 1, b: { c: [1, { d: 2 }] } }, { a: 1, b: { c: [1, { d: 3 }] } }, ["b.c"]],
    [{ a: [1, 2] }, { a: [1, 2] }, []],
    [{ a: [1, 2] }, { a: [1] }, ["a"]],
    [{ a: undefined }, {}, []],
    [{ a: { b: 1 } }, { a: 1 }, ["a"]],
    [{ a: NaN }, { a: NaN }, []],
    [{ t: new Date(5) }, { t: new Date(5) }, []],
    [{ t: new Date(5) }, { t: new Date(6) }, ["t"]],
    [{ x: { y: 1 } }, { x: { z: 1 } }, ["x.y", "x.z"]],
    [{ __proto__: null, toString: 1 }, {}, ["toString"]],
  ];
  for (const [a, b, expected] of cases) {
    assert.deepEqual(differences(a, b).map((p) => p.join(".")), expected, JSON.stringify([a, b]));
    assert.equal(differences(b, a).length, expected.length);
    assert.deepEqual(differences(structuredClone(a), a), []);
  }
});

Deno.test("config: metadata of a key, the inner over the outer, variants by their discriminator", () => {
  const part = v.pipe(
    v.strictObject({
      type: v.literal("a"),
      plain: v.optional(v.number(), 1),
      quick: v.optional(v.pipe(v.number(), v.metadata({ apply: "live" })), 1),
      list: v.array(v.pipe(v.string(), v.metadata({ secret: true }))),
    }),
    v.metadata({ apply: "restart" }),
  );
  const other = v.strictObject({
    type: v.literal("b"),
    quick: v.pipe(v.number(), v.metadata({ apply: "program" })),
  });
  const schema = v.strictObject({ part: v.record(v.string(), v.variant("type", [part, other])) });
  const value = { part: { x: { type: "a", list: ["s"] }, y: { type: "b", quick: 2 } } };
  const at = (...path: (string | number)[]) => metadataAt(schema, path, value);
  assert.deepEqual(at("part", "x", "plain"), { apply: "restart" });
  assert.deepEqual(at("part", "x", "quick"), { apply: "live" });
  assert.deepEqual(at("part", "x", "list", 0), { apply: "restart", secret: true });
  assert.deepEqual(at("part", "y", "quick"), { apply: "program" });
  assert.deepEqual(at("part", "y", "type"), {});
  assert.deepEqual(at("nothing", "there"), {});
});

Deno.test("config: addresses of host and port", () => {
  assert.deepEqual(parseHostPort("a.b-c:1"), { hostname: "a.b-c", port: 1 });
  assert.deepEqual(parseHostPort("[::1]:7165"), { hostname: "::1", port: 7165 });
  for (const wrong of ["", "a", "a:", ":1", "a:70000", "::1:7165", "a b:1"]) {
    assert.equal(parseHostPort(wrong), undefined, wrong);
  }
});
