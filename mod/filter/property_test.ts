import assert from "node:assert/strict";
import fc from "fast-check";
import type { DataSet } from "../core/mod.ts";
import { compileFilter, evaluateOnRow, FilterError, selectFromTable } from "./mod.ts";
import { FUNCTION_NAMES } from "./lexer.ts";
import {
  add,
  compareDecimals,
  decimalText,
  divide,
  multiply,
  negate,
  parseDecimal,
} from "./decimal.ts";

const DATA: DataSet = {
  name: "DataSet",
  tables: [{
    name: "ActiveMeasurements",
    columns: [
      { name: "SignalID", type: "guid" },
      { name: "ID", type: "string" },
      { name: "I", type: "int32" },
      { name: "L", type: "int64" },
      { name: "M", type: "decimal" },
      { name: "F", type: "double" },
      { name: "B", type: "boolean" },
      { name: "D", type: "dateTime" },
    ],
    rows: [
      ["00000000-0000-4000-8000-000000000001", "PPA:1", 5, 2n ** 63n, "-1.50", NaN, true, 1e15],
      [null, null, null, null, null, null, null, null],
      ["00000000-0000-4000-8000-000000000002", "\u{1F600}", -1, 7, "1e300", -0, false, -6e16],
    ],
  }],
};

const LIMITS = { steps: 100_000 };

/** Runs `text` every way there is: each gives a result or a FilterError. */
function tryAll(text: string): number {
  let results = 0;
  const attempt = (use: () => unknown): void => {
    try {
      use();
      results++;
    } catch (error) {
      if (!(error instanceof FilterError)) throw error;
      assert.ok(error.message.length < 500);
      // deno-lint-ignore no-control-regex -- no message may hold control characters
      assert.ok(!/[\u0000-\u001f]/.test(error.message), JSON.stringify(error.message));
    }
  };
  const clock = { nowMicros: 0 };
  const table = DATA.tables[0]!;
  const options = { limits: LIMITS };
  attempt(() => compileFilter(text, DATA, { ...options, bareTags: true }).selectRows(DATA, clock));
  attempt(() => compileFilter(text, DATA, options).selectSignalIds(DATA, clock));
  attempt(() => evaluateOnRow(text, table, 0, options, clock));
  attempt(() => evaluateOnRow(text, table, 1, { ...options, flatPrecedence: true }, clock));
  attempt(() => selectFromTable(table, text, "", 0, options, clock));
  return results;
}

Deno.test("any text gives a result or a FilterError", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
      tryAll(text);
    }),
    { numRuns: 500 },
  );
});

const TOKENS = [
  ..."FILTER TOP WHERE ORDER BY ASC DESC BINARY ActiveMeasurements AND OR NOT IN IS NULL LIKE"
    .split(
      " ",
    ),
  ..."XOR TRUE ( ) , ; < <= > >= = == === != <> !== << >> & | ^ + - * / % ~ ! { } [ ] ' \" ` #"
    .split(
      " ",
    ),
  ..."I L M F B D ID SignalID 0 1 -1 2147483648 9223372036854775807 1.5 1e300 0x7 'a' '5' '%a%' --"
    .split(
      " ",
    ),
  ..."'true' 'Day' 'Int32' 'Guid' #2020-01-01# PPA:1 \"PPA\" /* */ '\u{1F600}' '2020-02-30'".split(
    " ",
  ),
  "{00000000-0000-4000-8000-000000000001}",
  ...FUNCTION_NAMES,
];

Deno.test("any sequence of tokens gives a result or a FilterError", () => {
  const text = fc.array(fc.constantFrom(...TOKENS), { maxLength: 25 }).map((t) => t.join(" "));
  fc.assert(
    fc.property(text, (t) => {
      tryAll(t);
    }),
    { numRuns: 1_000 },
  );
});

const LITERALS = TOKENS.filter((t) => /^(?:[0-9.'#{]|TRUE|NULL|[ILMFBD]$|ID|Sig)/.test(t))
  .filter((t) => t.length > 1 || /[0-9ILMFBD]/.test(t));
const BINARY = "AND OR < <= > >= = === <> !== << >> & | ^ + - * / % LIKE".split(" ");

const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 5, depthIdentifier: "expression" },
    { weight: 4, arbitrary: fc.constantFrom(...LITERALS) },
    {
      weight: 3,
      arbitrary: fc.tuple(tie("expression"), fc.constantFrom(...BINARY), tie("expression"))
        .map(([a, op, b]) => `(${a} ${op} ${b})`),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom("-", "~", "NOT", "+"), tie("expression"))
        .map(([op, a]) => `(${op} ${a})`),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(
        tie("expression"),
        fc.array(tie("expression"), { minLength: 1, maxLength: 3 }),
      )
        .map(([a, list]) => `(${a} IN (${list.join(", ")}))`),
    },
    {
      weight: 4,
      arbitrary: fc.tuple(
        fc.constantFrom(...FUNCTION_NAMES),
        fc.array(tie("expression"), { maxLength: 4 }),
      ).map(([name, args]) => `${name}(${args.join(", ")})`),
    },
  ),
}));

Deno.test("expressions made from the grammar never crash", () => {
  fc.assert(
    fc.property(expression, (text) => {
      tryAll(text);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("well-typed comparisons made from the grammar are evaluated", () => {
  const column = fc.constantFrom("I", "F", "M", "L");
  const number = fc.oneof(fc.integer({ min: 0 }).map(String), fc.constantFrom("1.5", "0.0", "2e0"));
  const op = fc.constantFrom("+", "-", "*");
  const compare = fc.constantFrom("=", "<>", "<", ">=");
  fc.assert(
    fc.property(column, op, number, compare, number, (c, o, a, k, b) => {
      assert.equal(tryAll(`${c} ${o} ${a} ${k} ${b}`), 5);
    }),
    { numRuns: 300 },
  );
});

Deno.test("decimals obey the laws of arithmetic", () => {
  const number = fc.tuple(fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }), fc.nat(12))
    .map(([digits, scale]) => ({ digits, scale }));
  fc.assert(
    fc.property(number, number, (a, b) => {
      const same = (x: typeof a | null, y: typeof a | null) => {
        assert.ok(x && y);
        assert.equal(compareDecimals(x, y), 0);
      };
      same(add(a, b), add(b, a));
      same(add(add(a, b)!, negate(b)), a);
      same(multiply(a, b), multiply(b, a));
      same(parseDecimal(decimalText(a)), a);
      if (b.digits !== 0n) same(divide(multiply(a, b)!, b), a);
    }),
    { numRuns: 500 },
  );
});
