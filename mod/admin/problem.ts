/**
 * Problem documents (RFC 9457), and which of them an error becomes.
 *
 * @module
 */
import { ConfigError } from "../core/mod.ts";
import { FilterError } from "../filter/mod.ts";
import { withoutTokens } from "../identity/mod.ts";
import { type RefusedWord, RevisionError } from "../revision/mod.ts";

/** A refusal that a handler throws. */
export class ProblemError extends Error {
  /** The class, for logs. */
  override readonly name = "ProblemError";
  /** HTTP status. */
  readonly status: number;
  /** The kind of problem, as a word. */
  readonly kind: string;
  /** Further members of the document. */
  readonly more: Readonly<Record<string, unknown>>;
  /** Headers of the answer. */
  readonly headers: Readonly<Record<string, string>>;

  /** Makes a refusal. */
  constructor(
    status: number,
    kind: string,
    detail: string,
    more: Readonly<Record<string, unknown>> = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
    this.status = status;
    this.kind = kind;
    this.more = more;
    this.headers = headers;
  }
}

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad request",
  401: "Not identified",
  403: "Forbidden",
  404: "Not found",
  405: "Method not allowed",
  408: "Request timeout",
  409: "Conflict",
  412: "Precondition failed",
  413: "Too large",
  415: "Unsupported media type",
  422: "Not in order",
  428: "Precondition required",
  429: "Too many requests",
  500: "Internal error",
  503: "Busy",
};

const REVISION_STATUS: Readonly<Record<RefusedWord, number>> = {
  precondition: 412,
  pending: 409,
  nothingPending: 409,
  unknownVersion: 404,
  signature: 403,
  redacted: 422,
  failed: 409,
};

/** What an error is to a client; undefined for a defect, which is not the client's business. */
export function problemOf(error: unknown): ProblemError | undefined {
  if (error instanceof ProblemError) return error;
  if (error instanceof ConfigError) {
    return new ProblemError(422, "configuration", error.message, { errors: error.problems });
  }
  if (error instanceof RevisionError) {
    const more = error.failed.length > 0 ? { failed: error.failed } : {};
    return new ProblemError(REVISION_STATUS[error.reason], error.reason, error.message, more);
  }
  if (error instanceof FilterError) {
    return new ProblemError(422, "filter", error.message, { offset: error.offset });
  }
  return undefined;
}

/** The answer that a problem is sent as, without tokens that it quotes; `id` is the identifier of the request. */
export function problemResponse(problem: ProblemError, id: string): Response {
  const body = {
    type: `urn:tieline:problem:${problem.kind}`,
    title: TITLES[problem.status] ?? "Refused",
    status: problem.status,
    detail: problem.message,
    instance: `urn:uuid:${id}`,
    ...problem.more,
  };
  return new Response(withoutTokens(JSON.stringify(body)), {
    status: problem.status,
    headers: { "Content-Type": "application/problem+json", ...problem.headers },
  });
}
