/**
 * Says in which function an error lies (section 13).
 *
 * @module
 */
import { FilterError } from "./filter_error.ts";
import { ordinal } from "./call.ts";
import type { CallNode, ExpressionNode } from "./tree.ts";

const DEEPEST = 3;

/** The same error with the functions around its place in the message; other errors as they are. */
export function withPath(error: unknown, root: ExpressionNode): unknown {
  if (!(error instanceof FilterError) || error.offset < 0) return error;
  const calls: string[] = [];
  follow(root, error.offset, calls);
  if (calls.length === 0) return error;
  // The innermost ones tell most, and the message has to stay short.
  const path = calls.slice(-DEEPEST).join("");
  return new FilterError(error.code, error.reason, error.offset, path);
}

function follow(node: ExpressionNode, offset: number, calls: string[]): boolean {
  switch (node.kind) {
    case "literal":
    case "column":
      return false;
    case "unary":
      return follow(node.operand, offset, calls);
    case "call":
      return followCall(node, offset, calls);
    case "chain":
      return follow(node.first, offset, calls) || node.steps.some((step) => {
        switch (step.kind) {
          case "binary":
            return follow(step.operand, offset, calls);
          case "like":
            return follow(step.pattern, offset, calls);
          case "in":
            return step.items.some((item) => follow(item, offset, calls));
          case "isNull":
            return false;
        }
      });
  }
}

function followCall(node: CallNode, offset: number, calls: string[]): boolean {
  if (offset <= node.at || offset >= node.end) return false;
  let i = node.args.length - 1;
  while (i > 0 && node.args[i]!.at > offset) i--;
  calls.push(`in function ${node.name}, ${ordinal(i)} argument: `);
  const arg = node.args[i];
  if (arg) follow(arg, offset, calls);
  return true;
}
