import assert from "node:assert/strict";
import fc from "fast-check";
import { commandFrame } from "./framing.ts";
import { Command } from "./constants.ts";
import { TestPeer } from "./publisher_testing.ts";

const HANDLES = [0, 1, 2, 3, 4, 5, 6, 7];
const QUEUE_BYTES = 3000;

const handles = fc.subarray(HANDLES);
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ publish: handles, nan: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ pump: fc.constantFrom(0, 1, 100, 1 << 20) }) },
  { weight: 2, arbitrary: fc.record({ grant: handles }) },
  { weight: 2, arbitrary: fc.constant({ refresh: true }) },
  { weight: 3, arbitrary: fc.constant({ confirm: true }) },
  {
    weight: 2,
    arbitrary: fc.record({
      subscribe: fc.oneof(fc.constant("all"), handles.map((h) => h.join())),
      more: fc.constantFrom("", "requestNaNValueFilter=1", "throttled=1;publishInterval=0.1"),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ unsubscribe: true }) },
  { weight: 2, arbitrary: fc.record({ advance: fc.integer({ min: 1, max: 5000 }) }) },
  { weight: 1, arbitrary: fc.record({ command: fc.integer({ min: 7, max: 255 }) }) },
);

Deno.test("PublisherSession: whatever happens, books balance, rights hold, and nothing is out of sequence", () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 120, size: "max" }),
      fc.constantFrom(1, 2, 3),
      fc.boolean(),
      (steps, version, tssc) => {
        const peer = new TestPeer({ version, logBytes: 4096, queueBytes: QUEUE_BYTES });
        peer.autoConfirm = false;
        peer.rights.grant([0, 1, 2], HANDLES);
        peer.hello(tssc ? 0xe0000260 : 0xc0000220);
        let second = 1000, sent = 0, repeats = false;
        const check = () => {
          const got = peer.take();
          for (const m of got) assert.ok(peer.rights.allows(m.handle), `signal ${m.handle}`);
          sent += got.length;
          assert.deepEqual(peer.books.unbalanced(), []);
          assert.equal(peer.gaps, 0);
          assert.ok(peer.session.status().queuedBytes <= QUEUE_BYTES);
          assert.ok(peer.books.queuedTotal >= 0);
          if (repeats) assert.ok(sent >= peer.books.sentTotal);
          else assert.equal(sent, peer.books.sentTotal);
        };
        for (const s of steps) {
          if ("publish" in s) peer.publish(s.publish, ++second, s.nan ? NaN : second / 8);
          else if ("pump" in s) peer.session.pump(s.pump);
          else if ("grant" in s) peer.rights.grant(s.grant);
          else if ("refresh" in s) peer.refresh();
          else if ("confirm" in s) peer.confirm();
          else if ("subscribe" in s) {
            repeats ||= s.more.startsWith("throttled");
            peer.subscribe(s.subscribe, s.more);
          } else if ("unsubscribe" in s) peer.send(Command.Unsubscribe);
          else if ("advance" in s) peer.advance(s.advance);
          else peer.send(s.command);
          check();
        }
        peer.session.end();
        check();
        assert.equal(peer.books.queuedTotal, 0);
        assert.equal(peer.log.readers, 0);
      },
    ),
    { numRuns: 150 },
  );
});

Deno.test("PublisherSession: any bytes are taken without an exception, and bounded", () => {
  const modes = commandFrame(6, Uint8Array.of(0xe0, 0, 2, 0x62));
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 40 }))
      .map(([code, payload]) => commandFrame(code, payload)),
    fc.constant(commandFrame(2, Uint8Array.of(2, 0xff, 0xff, 0xff, 0xff))),
    fc.constant(commandFrame(1, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 65))),
  );
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.array(piece, { maxLength: 30, size: "max" }),
      (validate, pieces) => {
        const peer = new TestPeer();
        peer.rights.grant([0, 1], [0, 1, 2]);
        if (validate) peer.sendRaw(modes);
        for (const bytes of pieces) {
          peer.sendRaw(bytes);
          peer.publish([0, 1], 1, 1);
          peer.session.pump(1 << 20);
        }
        peer.session.end();
        assert.deepEqual(peer.books.unbalanced(), []);
        assert.equal(peer.books.queuedTotal, 0);
      },
    ),
    { numRuns: 200 },
  );
});
