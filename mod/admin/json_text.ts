/**
 * Long texts that are made and sent piece by piece, so that data of subscribers go out in between.
 *
 * @module
 */
import { nextTurn } from "../os/mod.ts";

/** How long pieces are made in one turn of the event loop, in milliseconds. */
const TURN_MS = 1.5;
/** Characters after which a turn ends, whatever the time: encoding and sending cost too. */
const TURN_LENGTH = 64 * 1024;

/** An answer of JSON, or of another type, whose text comes in pieces; nothing is made before it is asked for. */
export function piecesResponse(
  pieces: Iterator<string>,
  type = "application/json",
): Response {
  const encoder = new TextEncoder();
  let begun = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (begun) await nextTurn(true);
      begun = true;
      const endMs = performance.now() + TURN_MS;
      let text = "";
      do {
        const { done, value } = pieces.next();
        if (done) {
          if (text !== "") controller.enqueue(encoder.encode(text));
          controller.close();
          return;
        }
        text += value;
      } while (text.length < TURN_LENGTH && performance.now() < endMs);
      controller.enqueue(encoder.encode(text));
    },
  }, { highWaterMark: 0 });
  return new Response(body, { headers: { "Content-Type": type } });
}
