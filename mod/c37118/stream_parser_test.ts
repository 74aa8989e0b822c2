import assert from "node:assert/strict";
import fc from "fast-check";
import {
  crcMatches,
  encodeCommand,
  encodeConfiguration3,
  encodeHeaderFrame,
  type LentFrame,
  StreamParser,
} from "./mod.ts";
import { finishFrame, startFrame } from "./common.ts";
import { FrameType } from "./types.ts";
import { longestStepMs } from "../../tests/support/figures.ts";

const DATA_SIZE = 44;

/** A data frame of stream 50 whose body holds no 0xAA. */
function data(k: number, size = DATA_SIZE, idCode = 50): Uint8Array<ArrayBuffer> {
  const writer = startFrame(FrameType.Data, { idCode, soc: 1000 + k }, size);
  while (writer.length < size - 2) writer.u8((writer.length * 7 + k) % 0xaa);
  return finishFrame(writer);
}

function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A parser with what it delivered; lent bytes are copied at once. */
function collecting(knowing = true): { parser: StreamParser; found: Uint8Array[] } {
  const found: Uint8Array[] = [];
  const parser = new StreamParser((lent: LentFrame) => {
    assert.equal(lent.view.getUint16(lent.offset + 2), lent.size);
    found.push(lent.bytes.slice(lent.offset, lent.offset + lent.size));
  });
  if (knowing) parser.expect(50, DATA_SIZE, 50);
  return { parser, found };
}

function pushCut(parser: StreamParser, bytes: Uint8Array, cut: number): void {
  // One reused buffer, overwritten between calls: the parser must not keep it.
  const buffer = new Uint8Array(cut);
  for (let at = 0; at < bytes.length; at += cut) {
    const piece = bytes.subarray(at, at + cut);
    buffer.set(piece);
    parser.push(buffer.subarray(0, piece.length), 0);
    buffer.fill(0xaa);
  }
}

Deno.test("any cut of a clean stream gives every frame and counts nothing", () => {
  const frames = [
    encodeHeaderFrame({ idCode: 50 }, ""),
    ...Array.from({ length: 20 }, (_, k) => data(k)),
    encodeCommand({ idCode: 50 }, 2),
  ];
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.boolean(), (cut, knowing) => {
      const { parser, found } = collecting(knowing);
      pushCut(parser, join(...frames), cut);
      assert.deepEqual(found, frames);
      const { crc, resync, skippedBytes, badLength, badType } = parser.counters;
      assert.deepEqual([crc, resync, skippedBytes, badLength, badType], [0, 0, 0, 0, 0]);
      assert.equal(parser.counters.unexpectedCommand, 1);
      assert.equal(parser.counters.noConfig, knowing ? 0 : 20);
    }),
    { numRuns: 60 },
  );
});

Deno.test("good frames between any garbage are all found, in any cut", () => {
  const piece = fc.oneof(
    { weight: 3, arbitrary: fc.nat(50).map((k) => ({ good: true, bytes: data(k) })) },
    {
      weight: 2,
      arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => ({ good: false, bytes })),
    },
    {
      weight: 1,
      // A false header that announces up to 64 kB.
      arbitrary: fc.tuple(fc.nat(0xff), fc.nat(0x5f)).map(([size, type]) => ({
        good: false,
        bytes: Uint8Array.of(0xaa, type, size, 0x20, 0, 60),
      })),
    },
    {
      weight: 1,
      // A good frame with a byte lost or changed.
      arbitrary: fc.tuple(fc.nat(50), fc.nat(DATA_SIZE - 1), fc.boolean()).map(([k, at, lose]) => {
        const frame = data(k);
        frame[at]! ^= 0x15;
        const bytes = lose ? join(frame.subarray(0, at), frame.subarray(at + 1)) : frame;
        return { good: false, bytes };
      }),
    },
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.integer({ min: 1, max: 130 }), (ps, cut) => {
      const { parser, found } = collecting();
      const bytes = join(...ps.map((p) => p.bytes), data(98), data(99));
      pushCut(parser, bytes, cut);
      const wanted = [...ps.filter((p) => p.good).map((p) => p.bytes), data(98), data(99)];
      // Chance matches inside noise may add frames; none of the good ones may be missing.
      let at = 0;
      for (const frame of wanted) {
        while (at < found.length && !equal(found[at]!, frame)) at++;
        assert.ok(at < found.length, "a good frame is missing");
        at++;
      }
      const accepted = found.reduce((n, f) => n + f.length, 0);
      const { skippedBytes } = parser.counters;
      assert.equal(accepted + skippedBytes + parser.pendingBytes, bytes.length, "the books");
    }),
    // A fixed seed: once in many thousand runs noise has a right CHK by chance and hides a frame.
    { numRuns: 400, seed: 37118 },
  );
});

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((x, i) => x === b[i]);
}

Deno.test("a damaged frame costs itself, is counted once, and is no loss of the boundary", () => {
  for (const cut of [1, 10, DATA_SIZE, 1000]) {
    const { parser, found } = collecting();
    const bad = data(2);
    bad[20]! ^= 1;
    const worse = data(3);
    worse[43]! ^= 1;
    pushCut(parser, join(data(0), data(1), bad, worse, data(4), data(5)), cut);
    assert.deepEqual(found, [data(0), data(1), data(4), data(5)]);
    const { crc, resync, skippedBytes } = parser.counters;
    assert.deepEqual({ crc, resync, skippedBytes }, { crc: 2, resync: 0, skippedBytes: 88 });
  }
});

Deno.test("garbage in front is skipped and counted as one loss of the boundary", () => {
  for (const cut of [1, 7, 1000]) {
    const { parser, found } = collecting();
    pushCut(parser, join(Uint8Array.of(1, 0xaa, 2, 3, 0xaa), data(0), data(1)), cut);
    assert.equal(found.length, 2);
    assert.deepEqual([parser.counters.resync, parser.counters.skippedBytes], [1, 5]);
  }
});

Deno.test("a false header of 64 kB does not hold up frames, in sync or not", () => {
  const lies = [
    Uint8Array.of(0xaa, 0x01, 0xff, 0xf0, 0, 60), // data of an unknown stream
    Uint8Array.of(0xaa, 0x31, 0xff, 0xf0, 0, 50), // a configuration
    Uint8Array.of(0xaa, 0x01, 0xff, 0xf0, 0, 50), // data whose size contradicts what is known
  ];
  for (const lie of lies) {
    for (const before of [[], [data(0)]]) {
      const { parser, found } = collecting();
      parser.push(join(...before, lie), 0);
      parser.push(join(data(1), data(2)), 1);
      assert.deepEqual(found, [...before, data(1), data(2)]);
      assert.equal(parser.counters.skippedBytes, 6);
    }
  }
});

Deno.test("a trusted frame is given up when its rest stays away", () => {
  for (const head of [encodeHeaderFrame({ idCode: 50 }, "x".repeat(300)), data(9)]) {
    const { parser, found } = collecting();
    const begun = head.subarray(0, 20);
    parser.push(join(data(0), begun), 0);
    parser.push(encodeCommand({ idCode: 1 }, 2), 900);
    assert.equal(found.length, 1, "waits");
    parser.poll(1900);
    assert.equal(found.length, 1);
    parser.poll(1901);
    assert.equal(found.length, 2, "the command behind it");
    assert.equal(parser.counters.skippedBytes, 20);
  }
});

Deno.test("a large configuration in pieces between data is waited for", () => {
  const { parser, found } = collecting();
  const large = encodeHeaderFrame({ idCode: 50 }, "x".repeat(60_000));
  pushCut(parser, join(data(0), large, data(1)), 1460);
  assert.equal(found.length, 3);
  assert.equal(parser.counters.skippedBytes, 0);
  assert.equal(parser.pendingBytes, 0);
});

Deno.test("sizes that differ from the configuration are accepted with right CHK and named", () => {
  const fits: string[] = [];
  const parser = new StreamParser((lent) => void fits.push(lent.fit));
  parser.expect(50, DATA_SIZE);
  const all = join(data(0), data(1, 48), data(2, 40), data(3, 100), data(4, 44, 51), data(5));
  parser.push(all, 0);
  assert.deepEqual(fits, ["exact", "padded", "mismatch", "mismatch", "unknown", "exact"]);
  const { padded, sizeMismatch, noConfig, frames } = parser.counters;
  assert.deepEqual({ padded, sizeMismatch, noConfig, frames }, {
    padded: 1,
    sizeMismatch: 2,
    noConfig: 1,
    frames: 6,
  });
  parser.forget(50);
  parser.push(data(6), 1);
  assert.equal(fits.at(-1), "unknown");
});

Deno.test("unassigned types, impossible lengths and reserved bits are counted", () => {
  for (
    const [second, size, field] of [
      [0x61, 44, "badType"],
      [0x81, 44, "badType"],
      [0x01, 15, "badLength"],
      [0x41, 17, "badLength"],
      [0x31, 23, "badLength"],
    ] as const
  ) {
    const { parser, found } = collecting();
    const bad = data(1);
    bad[1] = second;
    bad[3] = size;
    parser.push(join(data(0), bad, data(2)), 0);
    assert.equal(found.length, 2);
    assert.equal(parser.counters[field], 1, `${second}`);
  }
});

Deno.test("versions above 2 are accepted only with right CHK", () => {
  const { parser, found } = collecting();
  const odd = finishFrame(startFrame(FrameType.Header, { idCode: 1, version: 9 }));
  parser.push(join(data(0), odd, data(1)), 0);
  assert.equal(found.length, 3);
});

Deno.test("datagrams: several frames in one, garbage in front, nothing carried over", () => {
  const { parser, found } = collecting();
  parser.datagram(join(data(0), data(1)));
  parser.datagram(join(Uint8Array.of(9, 9, 0xaa), data(2)));
  parser.datagram(data(3).subarray(0, 30));
  parser.datagram(data(4));
  parser.datagram(join(encodeHeaderFrame({ idCode: 50 }, "xx").subarray(0, 17), data(5)));
  parser.datagram(new Uint8Array(0));
  const bad = data(6);
  bad[30]! ^= 1;
  parser.datagram(bad);
  assert.deepEqual(found, [data(0), data(1), data(2), data(4), data(5)]);
  assert.equal(parser.pendingBytes, 0);
  assert.equal(parser.counters.badLength, 1);
  assert.equal(parser.counters.crc, 2);
  assert.equal(parser.counters.skippedBytes, 3 + 30 + 17 + 44);
});

Deno.test("pieces of CFG-3 without CHK of their own are handed over unchecked", () => {
  const [first, second] = encodeConfiguration3(
    {
      type: FrameType.Config3,
      version: 2,
      idCode: 50,
      timeBase: 1,
      timeBaseFlags: 0,
      pmus: [],
      dataRate: 1,
      trailing: 20,
    },
    { idCode: 50 },
    32,
  );
  // The first piece is whole only when another frame follows.
  first![first!.length - 1]! ^= 1;
  const checked: boolean[] = [];
  const parser = new StreamParser((lent) => void checked.push(lent.checked));
  parser.push(join(first!, data(0), second!, first!), 0);
  assert.deepEqual(checked, [false, true, true]);
  parser.push(data(1), 0);
  assert.deepEqual(checked, [false, true, true, false, true]);
  parser.datagram(first!);
  assert.deepEqual(checked.length, 6);
  assert.equal(parser.counters.crc, 0);
  assert.ok(crcMatches(second!, 0, second!.length));
});

Deno.test("memory stays bounded and time linear under hostile headers", () => {
  // Plausible headers of 40 kB every four bytes, in small chunks.
  const hostile = new Uint8Array(200_000);
  for (let i = 0; i < hostile.length; i += 4) hostile.set([0xaa, 0x11, 0x9c, 0x40], i);
  // Checking each candidate byte by byte would take some 2e9 steps.
  const ms = longestStepMs(3000, () => {
    const { parser } = collecting();
    const start = performance.now();
    let most = 0;
    for (let at = 0; at < hostile.length; at += 1000) {
      parser.push(hostile.subarray(at, at + 1000), 0);
      most = Math.max(most, parser.pendingBytes);
    }
    assert.ok(most < 65536);
    return [performance.now() - start];
  });
  assert.ok(ms < 3000, `${ms} ms`);
});

Deno.test("frames with garbage between them are all found, and cost time in proportion", () => {
  const count = 60_000, pieceSize = 3800 * 17; // whole frames
  const unit = join(Uint8Array.of(0), encodeHeaderFrame({ idCode: 50 }, ""));
  const bytes = new Uint8Array(count * unit.length);
  for (let k = 0; k < count; k++) bytes.set(unit, k * unit.length);
  // A tenth of a second; it were half a minute if each frame cost a look at all that follows it.
  const ms = longestStepMs(10_000, () => {
    const began = performance.now();
    for (const by of ["stream", "datagram"] as const) {
      const { parser, found } = collecting();
      for (let at = 0; at < bytes.length; at += pieceSize) {
        const piece = bytes.subarray(at, at + pieceSize);
        if (by === "stream") parser.push(piece, 0);
        else parser.datagram(piece);
      }
      assert.deepEqual(
        [found.length, parser.counters.resync, parser.counters.skippedBytes],
        [count, count, count],
      );
    }
    return [performance.now() - began];
  });
  assert.ok(ms < 10_000, `${ms} ms`);
});
