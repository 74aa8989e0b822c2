/**
 * The orders that a process of the load reads: lines, however the pipe cuts or joins them.
 *
 * @module
 */

/** The lines of a byte stream. */
export async function* lines(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<string, undefined> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const bytes of stream) {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = parts.pop()!; // split gives at least one part
    yield* parts;
  }
}
