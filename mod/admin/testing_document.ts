/**
 * The description of the API as tests read it: operations, and answers held against their schemas.
 *
 * @module
 */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import type { AdminBench, Asked } from "./testing.ts";

/** Any JSON object. */
export type Json = Record<string, unknown>;

/** A parameter of an operation. */
export interface Parameter {
  /** Its name. */
  readonly name: string;
  /** Where it stands. */
  readonly in: "path" | "query" | "header";
  /** Whether it must be there. */
  readonly required: boolean;
  /** What it may be. */
  readonly schema: Json;
}

/** One operation of the document. */
export interface Operation {
  /** Path with `{name}` for its parameters. */
  readonly path: string;
  /** Method, in capitals. */
  readonly method: string;
  /** Its parameters. */
  readonly parameters: readonly Parameter[];
  /** Type of its body; undefined without one. */
  readonly bodyType: string | undefined;
  /** Schema of its body. */
  readonly bodySchema: Json;
  /** Types of its answers by status. */
  readonly answerTypes: Readonly<Record<string, readonly string[]>>;
  /** Schema of its answer; of the first type that it may have. */
  readonly answerSchema: Json;
}

/** The operations of a document that a validator has found to be OpenAPI. */
export function operationsOf(document: Json): Operation[] {
  const paths = document["paths"] as Record<string, Record<string, Json>>;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const content = (part: unknown) =>
        Object.entries(
          (part as { content?: Record<string, { schema: Json }> } | undefined)?.content ?? {},
        );
      const body = content(operation["requestBody"])[0];
      const responses = Object.entries(operation["responses"] as Record<string, unknown>);
      return {
        path,
        method: method.toUpperCase(),
        parameters: (operation["parameters"] ?? []) as Parameter[],
        bodyType: body?.[0],
        bodySchema: body?.[1].schema ?? {},
        answerTypes: Object.fromEntries(
          responses.map(([status, part]) => [status, content(part).map(([type]) => type)]),
        ),
        answerSchema: content(responses.find(([status]) => status === "200")![1])[0]![1].schema,
      };
    })
  );
}

/** Holds answers against the document of the API that gave them. */
export class AnswerCheck {
  /** Operations that were answered as they should, as `GET /api/me`. */
  readonly answered: Set<string> = new Set();
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false });
  readonly #problem: ValidateFunction;
  readonly #operations = new Map<
    string,
    { readonly types: Operation["answerTypes"]; readonly check: ValidateFunction }
  >();

  /** Compiles the schemas of a document. */
  constructor(document: Json) {
    const { schemas } = document["components"] as { schemas: Record<string, Json> };
    this.#problem = this.#ajv.compile(schemas["Problem"]!);
    for (const { method, path, answerTypes, answerSchema } of operationsOf(document)) {
      const check = this.#ajv.compile(closed(answerSchema) as Json);
      this.#operations.set(`${method} ${path}`, { types: answerTypes, check });
    }
  }

  /** Throws an Error for an answer that the document does not allow; no member may be there that it does not name. */
  check(operation: string, answer: Response, text: string): void {
    const known = this.#operations.get(operation);
    if (!known) throw new Error(`${operation} is not described`);
    const type = answer.headers.get("content-type")?.split(";")[0] ?? "";
    const what = `${operation}: ${answer.status} ${type} ${text.slice(0, 300)}`;
    if (!(known.types[answer.status] ?? known.types["default"]!).includes(type)) {
      throw new Error(`This type is not described: ${what}`);
    }
    if (answer.status !== 200) {
      if (known.types[answer.status]) return; // told in words
      const body = type === "application/problem+json" ? JSON.parse(text) as Json : undefined;
      if (!body || !this.#problem(body) || body["status"] !== answer.status) {
        throw new Error(`Expected a problem document: ${what}`);
      }
      return;
    }
    if (known.types["200"]![0] === "application/json" && type === "application/json") {
      if (!known.check(JSON.parse(text))) {
        throw new Error(`${what}\n${JSON.stringify(known.check.errors, null, 1)}`);
      }
    }
    this.answered.add(operation);
  }

  /** Sends a request of an operation, with the parts of its path in order, and checks the answer. */
  async ask(
    bench: AdminBench,
    operation: string,
    { names = [], query = "", ...asked }: Asked & {
      readonly names?: readonly string[];
      readonly query?: string;
    } = {},
  ): Promise<{ readonly status: number; readonly text: string }> {
    const [method, path] = operation.split(" ") as [string, string]; // as this class writes them
    let at = 0;
    const target = path.replace(/\{\w+\}/g, () => encodeURIComponent(names[at++] ?? ""));
    const answer = await bench.ask(method, target + query, asked);
    const text = await answer.text();
    this.check(operation, answer, text);
    return { status: answer.status, text };
  }
}

/** The schema with no members beyond those that it names, at any depth. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const all = Object.fromEntries(Object.entries(schema).map(([k, s]) => [k, closed(s)]));
  return "properties" in all && !("additionalProperties" in all)
    ? { ...all, additionalProperties: false }
    : all;
}
