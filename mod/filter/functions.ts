/**
 * The functions of the language (section 10).
 *
 * @module
 */
import { Call, type FunctionForm } from "./call.ts";
import type { Compiled, ExpressionCompiler } from "./compiled.ts";
import { FilterError } from "./filter_error.ts";
import { CHOICE_FUNCTIONS } from "./functions_choice.ts";
import { DATE_FUNCTIONS } from "./functions_date.ts";
import { NUMBER_FUNCTIONS } from "./functions_number.ts";
import { TEXT_FUNCTIONS } from "./functions_text.ts";
import type { CallNode } from "./tree.ts";

/** Compiles a call; throws FilterError for wrong counts and types. */
export function compileCall(node: CallNode, compiler: ExpressionCompiler): Compiled {
  const form = FORMS.get(node.name);
  if (!form) {
    throw new FilterError("syntax", `expected a function, found ${node.name}`, node.at);
  }
  const { min, max } = form;
  const count = node.args.length;
  if (count < min || count > max) {
    const expected = min === max ? min : max === Infinity ? `at least ${min}` : `${min} to ${max}`;
    throw new FilterError(
      "arguments",
      `function ${node.name} expected ${expected} ${
        max === 1 ? "argument" : "arguments"
      }, found ${count}`,
      node.at,
    );
  }
  return form.build(new Call(node, compiler));
}

const FORMS: ReadonlyMap<string, FunctionForm> = new Map<string, FunctionForm>([
  ...Object.entries(NUMBER_FUNCTIONS),
  ...Object.entries(TEXT_FUNCTIONS),
  ...Object.entries(CHOICE_FUNCTIONS),
  ...Object.entries(DATE_FUNCTIONS),
]);
