import assert from "node:assert/strict";
import { evaluate, evaluateOnRow, FilterError } from "./mod.ts";
import type { DataTable } from "../core/mod.ts";

/** Text, expected type, expected value (as FilterValue gives it). */
type Good = readonly [text: string, type: string, value: unknown];

const CLOCK = { nowMicros: Date.UTC(2024, 5, 1, 12, 30, 15, 250) * 1000, localOffsetMinutes: -300 };

const VALUES: readonly Good[] = [
  // Literals (section 6).
  ["2147483647", "Int32", 2147483647],
  ["2147483648", "Int64", 2147483648n],
  ["9223372036854775808", "Decimal", "9223372036854775808"],
  ["010", "Int32", 10],
  ["0x1F", "Int32", 31],
  ["0xFFFFFFFF", "Int64", 4294967295n],
  ["0xFFFFFFFFFFFFFFFF", "Decimal", "18446744073709551615"],
  ["1.", "Decimal", "1"],
  [".50", "Decimal", "0.5"],
  ["1e3", "Double", 1000],
  ["1e-999", "Double", 0],
  ["'it''s'", "String", "it's"],
  ["'a\\n'", "String", "a\\n"],
  ["'9448a8b535c14dc78c428712153ac08a'", "Guid", "9448a8b5-35c1-4dc7-8c42-8712153ac08a"],
  ["{9448A8B5-35C1-4DC7-8C42-8712153AC08A}", "Guid", "9448a8b5-35c1-4dc7-8c42-8712153ac08a"],
  ["(f63e09b317a44b6f9fa5e359a5220e8f)", "Guid", "f63e09b3-17a4-4b6f-9fa5-e359a5220e8f"],
  ["12345678901234567890123456789012", "Decimal", "12345678901234567890123456789012"],
  ["-2147483648", "Int64", -2147483648n],
  ["-9223372036854775808", "Decimal", "-9223372036854775808"],
  ["NULL", "Boolean", null],
  ["#2019-02-04 03:00:52.73-05:00#", "DateTime", "2019-02-04T08:00:52.73Z"],
  ["#02/04/2019#", "DateTime", "2019-02-04T00:00:00Z"],
  ["#20190204T1:2 PM#", "DateTime", "2019-02-04T13:02:00Z"],
  ["#0001-01-01#", "DateTime", "0001-01-01T00:00:00Z"],
  ["#2024/2/29 23:59:59.12345678Z#", "DateTime", "2024-02-29T23:59:59.1234567Z"],
  // Comments and white space (section 2).
  ["5 --3", "Int32", 5],
  ["5 - -3", "Int32", 8],
  ["1 /* two */ + 2 /* open", "Int32", 3],
  ["; ;1;", "Int32", 1],
  ["1; Len(5)", "Int32", 1],
  // Precedence (section 4).
  ["1 + 2 * 3", "Int32", 7],
  ["10 - 2 * 3", "Int32", 4],
  ["TRUE OR FALSE AND FALSE", "Boolean", true],
  ["1 | 2 ^ 3 & 1", "Int32", 0],
  ["3 + NOT 1", "Int32", 1],
  ["TRUE AND !1 = 2", "Boolean", true],
  ["!4 % 2 = 0", "Boolean", false],
  ["1 < 2 IN (TRUE)", "Boolean", false],
  ["2 = 1 + 1 IN (2)", "Boolean", false],
  ["1 = 2 IS NULL", "Boolean", false],
  ["NOT NOT TRUE", "Boolean", true],
  ["- - 5", "Int32", 5],
  ["~0", "Int32", -1],
  // Arithmetic (8.1).
  ["2147483647 + 1", "Int32", -2147483648],
  ["9223372036854775807 + 1", "Int64", -9223372036854775808n],
  ["7/2", "Int32", 3],
  ["-7/2", "Int32", -3],
  ["-7 % 3", "Int32", -1],
  ["9223372036854775807 / 10", "Int64", 922337203685477580n],
  ["'a' + 1 + 2", "String", "a12"],
  ["1 + 2 + 'a'", "String", "3a"],
  [
    "'a' + {9448a8b5-35c1-4dc7-8c42-8712153ac08a}",
    "String",
    "a9448a8b5-35c1-4dc7-8c42-8712153ac08a",
  ],
  ["'on ' + #2024-01-01#", "String", "on 2024-01-01T00:00:00Z"],
  ["TRUE + TRUE", "Boolean", true],
  ["TRUE - TRUE", "Boolean", false],
  ["0.1 + 0.2", "Decimal", "0.3"],
  ["1.0 / 3", "Decimal", "0.3333333333333333333333333333"],
  ["2.0 / 3", "Decimal", "0.6666666666666666666666666667"],
  ["1.5 + 1e0", "Double", 2.5],
  ["1e0 / 0", "Double", Infinity],
  [
    "79228162514264337593543950335.0 * 1.0000001",
    "Decimal",
    "79228170437080589019977709689.3950335",
  ],
  ["NULL + 1", "Int32", null],
  ["1 + NULL", "Int32", null],
  // Bits and shifts (8.2).
  ["1 << -1", "Int32", -2147483648],
  ["1 << 32", "Int32", 0],
  ["(0-8) >> 1", "Int32", -4],
  ["(0-1) >> 99", "Int32", -1],
  ["TRUE << 64", "Boolean", false],
  ["TRUE XOR FALSE", "Boolean", true],
  ["5 & 2147483648", "Int64", 0n],
  // Comparison (8.3).
  ["1 = '1.0'", "Boolean", true],
  ["'1.0' = 1", "Boolean", false],
  ["'a' = 'A'", "Boolean", true],
  ["'a' === 'A'", "Boolean", false],
  ["'a' !== 'A'", "Boolean", true],
  ["'straße' = 'STRASSE'", "Boolean", true],
  ["#2020-01-01# = '2020-01-01'", "Boolean", true],
  ["'2020-01-01' = #2020-01-01#", "Boolean", false],
  ["{9448a8b5-35c1-4dc7-8c42-8712153ac08a} = '9448A8B535C14DC78C428712153AC08A'", "Boolean", true],
  ["1 = 1.0", "Boolean", true],
  ["TRUE = 1", "Boolean", true],
  ["'TRUE' = TRUE", "Boolean", true],
  ["1 = NULL", "Boolean", null],
  ["'\u{1F600}' > '\uFFFD'", "Boolean", true],
  // IN and LIKE (8.4, 8.5).
  ["1 NOT IN (NULL, 2)", "Boolean", true],
  ["1 IN (1, 1/0)", "Boolean", true],
  ["NULL IN (1)", "Boolean", null],
  ["'a' IN ('A', 'b')", "Boolean", true],
  ["'a' IN BINARY ('A', 'b')", "Boolean", false],
  ["'Shelby' LIKE 'shel%'", "Boolean", true],
  ["'Shelby' LIKE BINARY 'shel%'", "Boolean", false],
  ["'Shelby' LIKE '*LB*'", "Boolean", true],
  ["'Shelby' NOT LIKE '%by'", "Boolean", false],
  ["'Shelby' ! LIKE 'shelby'", "Boolean", false],
  ["'' LIKE ''", "Boolean", true],
  ["'x' LIKE ''", "Boolean", false],
  ["'x' LIKE '**'", "Boolean", true],
  ["NULL LIKE 'a'", "Boolean", null],
  // NULL (section 9).
  ["NULL OR TRUE", "Boolean", null],
  ["FALSE AND NULL", "Boolean", null],
  ["NULL IS NULL", "Boolean", true],
  ["1 IS !NULL", "Boolean", true],
  // Functions of numbers (section 10).
  ["Abs(0 - 5)", "Int32", 5],
  ["Ceiling(1.2)", "Decimal", "2"],
  ["Floor(0-1.2)", "Decimal", "-2"],
  ["Round(2.5)", "Decimal", "3"],
  ["Round(-2.5e0)", "Double", -3],
  ["Round(0.49999999999999994e0)", "Double", 0],
  ["Sqrt(16)", "Double", 4],
  ["Sqrt(-1)", "Double", NaN],
  ["Power(2, -1)", "Int32", 0],
  ["Power(2, 30)", "Int32", 1073741824],
  ["Power(FALSE, FALSE)", "Boolean", true],
  ["Power(1.5, 2)", "Decimal", "2.25"],
  ["Power(2, NULL)", "Int32", null],
  ["MaxOf(12, '99.9', 99.99)", "Decimal", "99.99"],
  ["MinOf(3, 1.5, 2)", "Decimal", "1.5"],
  ["MaxOf(NULL, 2)", "Int32", 2],
  // Text.
  ["Len('a\u{1F600}b')", "Int32", 3],
  ["Len(NULL)", "Int32", null],
  ["Reverse('a\u{1F600}b')", "String", "b\u{1F600}a"],
  ["Trim(' \u00A0x ')", "String", "x"],
  ["TrimLeft(' x ')", "String", "x "],
  ["TrimRight(' x ')", "String", " x"],
  ["Contains('Shelby', 'LB', TRUE)", "Boolean", true],
  ["Contains('a', NULL)", "Boolean", false],
  ["StartsWith('abc', '')", "Boolean", true],
  ["EndsWith('abc', 'BC', 'true')", "Boolean", true],
  ["IndexOf('straße X', 'x', TRUE)", "Int32", 7],
  ["IndexOf('\u{1F600}b', 'b')", "Int32", 1],
  ["IndexOf('abc', 'd')", "Int32", -1],
  ["LastIndexOf('abcabc', 'b')", "Int32", 4],
  ["LastIndexOf('abc', '')", "Int32", 3],
  ["NthIndexOf('aaaa', 'aa', 2)", "Int32", 2],
  ["NthIndexOf('aaaa', 'aa', 3)", "Int32", -1],
  ["StrCount('aaaa', 'aa')", "Int32", 2],
  ["StrCount(NULL, 'a')", "Int32", 0],
  ["StrCmp('a', 'B')", "Int32", 1],
  ["StrCmp('a', 'B', TRUE)", "Int32", -1],
  ["StrCmp(NULL, 'a')", "Int32", 1],
  ["StrCmp('a', NULL)", "Int32", -1],
  ["StrCmp(NULL, NULL)", "Int32", 0],
  ["SubStr('h\u{1F600}llo', 1, 2)", "String", "\u{1F600}l"],
  ["SubStr('hello', -1)", "String", ""],
  ["SubStr('hello', 3, NULL)", "String", "lo"],
  ["Replace('aBab', 'b', '$1', TRUE)", "String", "a$1a$1"],
  ["Replace('ab', '', '-')", "String", "-a-b-"],
  ["Split('a,b,c', ',', 1)", "String", "b"],
  ["Split('a,b,c', ',', 2)", "String", "c"],
  ["Split('a,b', ',', 2)", "String", null],
  ["Split('abc', ',', 0)", "String", "abc"],
  ["Split(',a', ',', 0)", "String", ""],
  ["RegExMatch('h[aeiou]llo$', 'say hello')", "Boolean", true],
  ["RegExVal('(?i)sh\\w+', 'at Shelby 5')", "String", "Shelby"],
  ["RegExVal('z', 'abc')", "String", ""],
  ["RegExVal(NULL, 'abc')", "String", null],
  // Tests and choice.
  ["IsNull(NULL, 5)", "Int32", 5],
  ["Coalesce(NULL, 'a', 1/0)", "String", "a"],
  ["Coalesce(NULL, NULL)", "Boolean", null],
  ["IIf(TRUE, 1, Len(5))", "Int32", 1],
  ["IIf(NULL, 1, 'no')", "String", "no"],
  ["IsDate('2019-02-29')", "Boolean", false],
  ["IsDate(#2019-02-28#)", "Boolean", true],
  ["IsInteger('0x10')", "Boolean", true],
  ["IsInteger('1.0')", "Boolean", false],
  ["IsInteger('9223372036854775808')", "Boolean", false],
  ["IsNumeric('1e5')", "Boolean", true],
  ["IsNumeric('1,000')", "Boolean", false],
  ["IsGuid('{9448a8b5-35c1-4dc7-8c42-8712153ac08a}')", "Boolean", true],
  ["IsGuid(NULL)", "Boolean", false],
  // Conversion (section 7).
  ["Convert(70000, 'int16')", "Int64", 70000n],
  ["Convert('1.9', 'System.Int32')", "Int32", 1],
  ["Convert(-1.9, 'INT32')", "Int32", -1],
  ["Convert(1e21, 'String')", "String", "1e+21"],
  ["Convert(1.50, 'String')", "String", "1.5"],
  ["Convert(0.1e0, 'Decimal')", "Decimal", "0.1"],
  ["Convert('t', 'Bool')", "Boolean", true],
  ["Convert(#1970-01-01#, 'Boolean')", "Boolean", false],
  ["Convert(#1970-01-02#, 'Int32')", "Int32", 86400],
  ["Convert(#1970-01-01 00:00:01.5#, 'Float')", "Double", 1.5],
  ["Convert('NaN', 'Double')", "Double", NaN],
  ["Convert(NULL, 'Guid')", "Guid", null],
  // Dates (section 11).
  ["DateAdd(#2019-01-31#, 1, 'Month')", "DateTime", "2019-02-28T00:00:00Z"],
  ["DateAdd('2019-12-31', 1, 'week')", "DateTime", "2020-01-07T00:00:00Z"],
  ["DateAdd(#2020-02-29#, 1, ' Year ')", "DateTime", "2021-02-28T00:00:00Z"],
  ["DateAdd(#2000-01-01#, -1, 'Millisecond')", "DateTime", "1999-12-31T23:59:59.999Z"],
  ["DateDiff(#2006-12-31#, #2007-01-01#, 'Year')", "Int32", 1],
  ["DateDiff(#2006-12-31#, #2007-01-01#, 'Month')", "Int32", 1],
  ["DateDiff(#2006-01-02#, #2006-01-01 12:00#, 'Hour')", "Int32", -12],
  ["DateDiff(#2006-01-01#, #2006-01-14#, 'Week')", "Int32", 1],
  ["DatePart(#2018-12-31#, 'Week')", "Int32", 1],
  ["DatePart(#2021-01-01#, 'Week')", "Int32", 53],
  ["DatePart(#2019-02-03#, 'WeekDay')", "Int32", 1],
  ["DatePart(#2024-12-31#, 'DayOfYear')", "Int32", 366],
  ["DatePart(#2019-02-04 03:00:52.73-05:00#, 'Hour')", "Int32", 8],
  ["DatePart(#2019-02-04 03:00:52.739#, 'Millisecond')", "Int32", 739],
  ["UtcNow()", "DateTime", "2024-06-01T12:30:15.25Z"],
  ["Now()", "DateTime", "2024-06-01T07:30:15.25Z"],
];

Deno.test("evaluate gives the value and type that the specification says", () => {
  for (const [text, type, value] of VALUES) {
    assert.deepEqual({ text, ...evaluate(text, {}, CLOCK) }, { text, type, value });
  }
});

/** Text, code, column from 1 (0: none). */
const FAULTS: readonly (readonly [text: string, code: string, column?: number])[] = [
  ["", "empty"],
  [" ; ;", "empty"],
  ["1 2", "syntax", 3],
  ["(1", "syntax", 3],
  ["'abc", "syntax", 1],
  ["1 +", "syntax", 4],
  ["\u00A01", "syntax", 1],
  ["{1234}", "syntax", 1],
  ["[]", "syntax", 1],
  ["PPA:4 = 1", "syntax", 1],
  ["PPA:4", "syntax", 1],
  ['"TAG"', "syntax", 1],
  ["1 IN ()", "syntax", 7],
  ["1 IS 2", "syntax", 6],
  ["FILTER T WHERE TRUE", "syntax", 1],
  ["Order", "syntax", 1],
  ["Foo", "noTable", 1],
  ["1 + Foo", "noTable", 5],
  ["1; Foo", "noTable", 4],
  ["1e999", "range", 1],
  ["0x1FFFFFFFFFFFFFFFF", "range", 1],
  ["Convert(2147483648, 'Int32')", "range", 9],
  ["Power(2, 31)", "range", 1],
  ["#2019-02-29#", "dateFormat", 1],
  ["#2019-01-01 24:00#", "dateFormat", 1],
  ["#12:30#", "dateFormat", 1],
  ["Convert('x', 'Int32')", "convert", 9],
  ["Convert(1, 'unknown')", "convert", 12],
  ["Convert(1, 'byte')", "convert", 12],
  ["Convert({9448a8b5-35c1-4dc7-8c42-8712153ac08a}, 'Int32')", "convert", 9],
  ["1 + Len(5)", "type", 9],
  ["Abs('5')", "type", 5],
  ["-'5'", "type", 1],
  ["1 AND TRUE", "type", 3],
  ["{9448a8b5-35c1-4dc7-8c42-8712153ac08a} = NULL", "type"],
  ["'x' * 2", "type", 5],
  ["1.5 % 2", "type", 5],
  ["TRUE * TRUE", "type", 6],
  ["5 LIKE '5'", "type", 3],
  ["IIf(1, 2, 3)", "type", 5],
  ["Len(IIf(TRUE, 1, 'a'))", "type", 5],
  ["Len()", "arguments", 1],
  ["Len('a', 'b')", "arguments", 1],
  ["Coalesce()", "arguments", 1],
  ["Now(1)", "arguments", 1],
  ["Split('a', '', 0)", "arguments", 1],
  ["IsNull(1, NULL)", "nullArgument", 11],
  ["IndexOf('a', NULL)", "nullArgument"],
  ["1 << NULL", "nullArgument"],
  ["'a' LIKE NULL", "nullArgument"],
  ["SubStr('a', NULL)", "nullArgument"],
  ["NthIndexOf('a', 'a', 1.5)", "type"],
  ["DatePart(#2019-01-01#, 'Fortnight')", "interval", 24],
  ["DateAdd(#9999-12-31#, 1, 'Day')", "range"],
  ["DateDiff(#2000-01-01#, #2001-01-01#, 'Millisecond')", "range"],
  ["'abc' LIKE 'a%c'", "likePattern"],
  ["'abc' LIKE '***'", "likePattern"],
  ["RegExMatch('(?=a)', 'a')", "regex"],
  ["RegExMatch('(a)\\1', 'aa')", "regex"],
  ["RegExMatch('(', 'a')", "regex"],
  ["RegExMatch('((a{100}){100}){100}', 'a')", "regexTooCostly"],
  ["RegExMatch('((((){1000}){1000}){1000}){1000}', 'a')", "regexTooCostly"],
  ["1 IN ('x', 1)", "convert", 7],
  ["1 / 0", "divideByZero", 3],
  ["1.0 / 0", "divideByZero", 5],
  ["FALSE AND 1 % 0 = 1", "divideByZero"],
  ["(".repeat(201) + "1" + ")".repeat(201), "limit"],
  ["NOT ".repeat(201) + "TRUE", "limit"],
  ["1" + "+1".repeat(20_000), "limit"],
  ["1".repeat(1_001), "limit"],
];

Deno.test("evaluate refuses with code and column", () => {
  for (const [text, code, column] of FAULTS) {
    assert.throws(() => evaluate(text), (error) => {
      assert.ok(error instanceof FilterError, `${text}: ${error}`);
      assert.equal(error.code, code, `${text}: ${error.message}`);
      assert.equal(error.kind, code);
      if (column !== undefined) assert.equal(error.column, column, `${text}: ${error.message}`);
      assert.ok(error.message.length < 300, error.message);
      return true;
    });
  }
});

Deno.test("an error says in which function it lies", () => {
  assert.throws(() => evaluate("Len(Upper(5))"), {
    message: "Cannot use filter at column 11: in function LEN, first argument: " +
      "in function UPPER, first argument: function UPPER expected String as first argument, found Int32",
  });
});

Deno.test("long chains need no deep stack", () => {
  assert.deepEqual(evaluate(`0${"+1".repeat(9_000)}`), { type: "Int32", value: 9_000 });
  assert.deepEqual(evaluate(`TRUE${" AND TRUE".repeat(6_000)}`), { type: "Boolean", value: true });
  assert.deepEqual(evaluate(`1${" IS NULL".repeat(8_000)}`), { type: "Boolean", value: false });
});

Deno.test("flat precedence reads from left to right", () => {
  const flat = { flatPrecedence: true };
  assert.equal(evaluate("1 + 2 * 3", flat).value, 9);
  assert.equal(evaluate("10 - 2 * 3", flat).value, 24);
  assert.equal(evaluate("TRUE OR FALSE AND FALSE", flat).value, false);
  assert.equal(evaluate("1 | 2 ^ 3 & 1", flat).value, 0);
});

const TABLE: DataTable = {
  name: "T",
  columns: [
    { name: "Order", type: "int32" },
    { name: "Big", type: "int64" },
    { name: "Half", type: "decimal" },
    { name: "When", type: "dateTime" },
    { name: "Double", type: "int32", expression: "[Order] * 2" },
    { name: "Loop", type: "int32", expression: "Loop + 1" },
    { name: "A", type: "int32", expression: "B" },
    { name: "B", type: "int32", expression: "A" },
    { name: "Text", type: "string", expression: "NULL" },
    { name: "Bad", type: "int32", expression: "1 +" },
  ],
  rows: [[
    21,
    18446744073709551615n,
    "0.5",
    Date.UTC(9999, 11, 31, 23, 59, 59, 999) * 1000,
    null,
    null,
    null,
    null,
    null,
    null,
  ]],
};

Deno.test("columns are read by name, computed ones too", () => {
  const on = (text: string) => evaluateOnRow(text, TABLE, 0);
  assert.deepEqual(on("[ORDER]"), { type: "Int32", value: 21 });
  assert.deepEqual(on("`order` + Half"), { type: "Decimal", value: "21.5" });
  assert.deepEqual(on("Big"), { type: "Double", value: 18446744073709551615 });
  assert.deepEqual(on("When = #9999-12-31 23:59:59.999#"), { type: "Boolean", value: true });
  assert.deepEqual(on("Double"), { type: "Int32", value: 42 });
  assert.deepEqual(on("Text"), { type: "String", value: null });
  for (const name of ["Loop", "A", "B"]) {
    assert.throws(() => on(name), { code: "circular" });
  }
  assert.throws(() => on("Bad"), { code: "syntax", column: 1 });
  for (const name of ["constructor", "__proto__", "toString", "Nothing"]) {
    assert.throws(() => on(name), { code: "unknownColumn" });
  }
});
