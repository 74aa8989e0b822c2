/**
 * Functions of dates and times (section 11).
 *
 * @module
 */
import type { Call, FunctionForm } from "./call.ts";
import type { Evaluate, Row } from "./compiled.ts";
import {
  dateAdd,
  dateDiff,
  datePart,
  type Interval,
  INTERVALS,
  parseInterval,
  ticksFromMicros,
} from "./date_time.ts";
import { FilterError, quoted } from "./filter_error.ts";
import type { Run } from "./limits.ts";
import { asBigint, wholeNumber } from "./values.ts";

/** DATEADD to UTCNOW by name. */
export const DATE_FUNCTIONS: Readonly<Record<string, FunctionForm>> = {
  DATEADD: {
    min: 3,
    max: 3,
    build: (call) => {
      const source = call.dateTime(0);
      const amount = call.integer(1);
      const interval = intervalOf(call, 2);
      return call.result("DateTime", (row, run) => {
        const date = source.value(row, run);
        const n = amount.value(row, run);
        const unit = interval(row, run);
        if (date === null) return null;
        const result = dateAdd(
          asBigint(date),
          wholeNumber(call.notNull(n, 1)),
          notNull(unit, call, 2),
        );
        if (result === null) {
          throw new FilterError("range", "expected a date in the years 1 to 9999", call.at);
        }
        return result;
      });
    },
  },
  DATEDIFF: {
    min: 3,
    max: 3,
    build: (call) => {
      const left = call.dateTime(0);
      const right = call.dateTime(1);
      const interval = intervalOf(call, 2);
      return call.result("Int32", (row, run) => {
        const a = left.value(row, run);
        const b = right.value(row, run);
        const unit = interval(row, run);
        if (a === null || b === null) return null;
        const difference = dateDiff(asBigint(a), asBigint(b), notNull(unit, call, 2));
        if (BigInt.asIntN(32, difference) !== difference) {
          throw new FilterError(
            "range",
            "expected a difference within the range of Int32",
            call.at,
          );
        }
        return Number(difference);
      });
    },
  },
  DATEPART: {
    min: 2,
    max: 2,
    build: (call) => {
      const source = call.dateTime(0);
      const interval = intervalOf(call, 1);
      return call.result("Int32", (row, run) => {
        const date = source.value(row, run);
        const unit = interval(row, run);
        return date === null ? null : datePart(asBigint(date), notNull(unit, call, 1));
      });
    },
  },
  NOW: { min: 0, max: 0, build: (call) => call.result("DateTime", now(call, true)) },
  UTCNOW: { min: 0, max: 0, build: (call) => call.result("DateTime", now(call, false)) },
};

function now(call: Call, local: boolean): Evaluate {
  call.compiler.noteClock();
  return (_row, run) => {
    const { clock } = run;
    if (!clock) {
      throw new FilterError("clock", "expected a filter that does not depend on the time", call.at);
    }
    const offset = local ? (clock.localOffsetMinutes ?? 0) * 60e6 : 0;
    return ticksFromMicros(clock.nowMicros + offset);
  };
}

/** Argument `i` as an interval; read once where it is a literal. */
function intervalOf(call: Call, i: number): (row: Row, run: Run) => Interval | null {
  const arg = call.string(i);
  const parse = (text: string): Interval => {
    const interval = text.length <= 100 ? parseInterval(text) : undefined;
    if (!interval) {
      throw new FilterError(
        "interval",
        `expected one of ${INTERVALS.join(", ")}, found ${
          arg.constant === undefined ? "something else" : quoted(text)
        }`,
        arg.at,
      );
    }
    return interval;
  };
  if (typeof arg.constant === "string") {
    try {
      const interval = parse(arg.constant);
      return () => interval;
    } catch (error) {
      if (!(error instanceof FilterError)) throw error;
      call.compiler.refuse(error, arg.at);
    }
  }
  return (row, run) => {
    const text = arg.value(row, run);
    return text === null ? null : parse(call.text(text, i));
  };
}

function notNull(interval: Interval | null, call: Call, i: number): Interval {
  if (interval === null) throw call.nullError(i);
  return interval;
}
