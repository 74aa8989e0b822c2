import assert from "node:assert/strict";
import { LINK_VERSION, RecordType, textRecord } from "./records.ts";
import { SocketCarrier } from "./socket_carrier.ts";
import { until } from "../../../tests/support/waiting.ts";

const SILENCE_MS = 1000;

/** A link of which the other end is in the hands of `use`. */
async function linked(
  use: (far: Deno.Conn, taken: number[], ended: string[]) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "tl-link-" });
  const path = `${folder}/capture.sock`;
  const listener = Deno.listen({ transport: "unix", path });
  const taken: number[] = [], ended: string[] = [];
  const carrier = new SocketCarrier(path, [], {
    take: (view, at) => void taken.push(view.getUint8(at + 4)),
    ended: (reason) => void ended.push(reason),
  }, SILENCE_MS);
  const accepted = listener.accept();
  await carrier.start();
  const far = await accepted;
  try {
    await far.write(textRecord(RecordType.Hello, { version: LINK_VERSION, program: "x" }));
    await until(() => carrier.program === "x", "the greeting");
    await use(far, taken, ended);
  } finally {
    far.close();
    await carrier.stop();
    listener.close();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("socket carrier: a link on which nothing comes is ended", () =>
  linked(async (_far, _taken, ended) => {
    await until(() => ended.length > 0, "the end");
    assert.deepEqual(ended, [`The link to capture ended: nothing came for ${SILENCE_MS} ms`]);
  }));

Deno.test("socket carrier: time in which this thread did not run is no silence of the other end", () =>
  linked(async (far, taken, ended) => {
    for (let round = 1; round <= 2; round++) {
      await far.write(textRecord(RecordType.Status, {}));
      // A thread that is held up, by far longer than a link may be silent.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * SILENCE_MS);
      await until(() => taken.length >= round || ended.length > 0, () => taken);
      assert.deepEqual(ended, []);
    }
  }));
