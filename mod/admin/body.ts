/**
 * Reads bodies within bounds, before anything parses them.
 *
 * @module
 */
import { messageOf } from "../core/mod.ts";
import { ProblemError } from "./problem.ts";

/** The body as text. Throws {@linkcode ProblemError}: 413 when it is too large, 400 when it is not UTF-8 or breaks off. */
export async function readBody(request: Request, maxBytes: number): Promise<string> {
  const announced = Number(request.headers.get("Content-Length") ?? 0);
  if (announced > maxBytes) throw tooLarge(maxBytes);
  if (!request.body) return "";
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = request.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.length;
      if (length > maxBytes) throw tooLarge(maxBytes);
      parts.push(value);
    }
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw new ProblemError(400, "body", messageOf(error));
  } finally {
    void reader.cancel().catch(() => {});
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(whole);
  } catch {
    throw new ProblemError(400, "body", "Expected a body in UTF-8");
  }
}

function tooLarge(maxBytes: number): ProblemError {
  return new ProblemError(413, "tooLarge", `Expected a body of at most ${maxBytes} bytes`);
}
