import assert from "node:assert/strict";
import fc from "fast-check";
import { ProtocolError } from "../core/mod.ts";
import { MAX_FRAME } from "./constants.ts";
import { commandFrame, FrameSplitter, parseResponse, responseFrame } from "./framing.ts";

function collect(limit?: number): { splitter: FrameSplitter; bodies: Uint8Array[] } {
  const bodies: Uint8Array[] = [];
  const splitter = new FrameSplitter({
    frame(body) {
      bodies.push(body.slice());
      body.fill(0xee); // lent: whoever keeps a view must notice
    },
  }, limit);
  return { splitter, bodies };
}

Deno.test("frames have the bytes of 1.2 and 1.3", () => {
  assert.deepEqual([...commandFrame(3)], [0, 0, 0, 1, 3]);
  assert.deepEqual([...commandFrame(8, Uint8Array.of(1, 2))], [0, 0, 0, 3, 8, 1, 2]);
  assert.deepEqual([...responseFrame(0xff, 2)], [0, 0, 0, 6, 0xff, 2, 0, 0, 0, 0]);
  assert.deepEqual(
    [...responseFrame(0x80, 6, Uint8Array.of(9))],
    [0, 0, 0, 7, 0x80, 6, 0, 0, 0, 1, 9],
  );
});

Deno.test("a response body needs six bytes", () => {
  assert.throws(() => parseResponse(new Uint8Array(5)), { name: "DecodeError", kind: "truncated" });
  const { response, command, payload } = parseResponse(Uint8Array.of(0x82, 2, 9, 9, 9, 9, 7));
  assert.deepEqual([response, command, [...payload]], [0x82, 2, [7]]); // the inner size is ignored
});

Deno.test("frames come out whole, however the stream is cut", () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 8 }), fc.infiniteStream(fc.nat(40)), (parts, cuts) => {
      const { splitter, bodies } = collect();
      const stream = parts.flatMap((p) => [...commandFrame(1, p), 0, 0, 0, 0]);
      for (let at = 0; at < stream.length;) {
        const size = 1 + cuts.next().value!;
        splitter.push(Uint8Array.from(stream.slice(at, at + size)));
        at += size;
      }
      assert.deepEqual(bodies.map((b) => [...b]), parts.map((p) => [1, ...p]));
      assert.equal(splitter.buffered, 0);
    }),
  );
});

Deno.test("lengths above the limit end the stream", () => {
  const table: [string, number, number[]][] = [
    ["one above", 100, [0, 0, 0, 101]],
    ["2^31", MAX_FRAME, [0x80, 0, 0, 0]],
    ["2^32-1", MAX_FRAME, [0xff, 0xff, 0xff, 0xff]],
    ["GEP marker", 8197, [0xaa, 0xbb, 0xcc, 0xdd]],
  ];
  for (const [name, limit, header] of table) {
    const { splitter, bodies } = collect(limit);
    assert.throws(() => splitter.push(Uint8Array.from(header)), (error) => {
      assert.ok(error instanceof ProtocolError, name);
      assert.equal(error.kind, "oversize");
      return true;
    });
    splitter.push(commandFrame(1));
    assert.equal(bodies.length, 0, name);
  }
});

Deno.test("the limit may change while frames are delivered", () => {
  const splitter: FrameSplitter = new FrameSplitter({ frame: () => splitter.limit = 1000 }, 10);
  splitter.push(commandFrame(6, new Uint8Array(4)));
  splitter.push(commandFrame(1, new Uint8Array(500)));
  assert.equal(splitter.limit, 1000);
});

Deno.test("memory grows with what has arrived, not with what was announced", () => {
  const { splitter } = collect(MAX_FRAME);
  splitter.push(Uint8Array.of(0x01, 0, 0, 0));
  for (let i = 0; i < 10; i++) splitter.push(new Uint8Array(100));
  assert.equal(splitter.buffered, 1004);
});

Deno.test("a stopped splitter takes nothing more, also within a push", () => {
  let frames = 0;
  const splitter: FrameSplitter = new FrameSplitter({
    frame() {
      frames++;
      splitter.stop();
    },
  });
  splitter.push(Uint8Array.of(...commandFrame(1), ...commandFrame(2)));
  assert.equal(frames, 1);
});
