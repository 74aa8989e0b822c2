import assert from "node:assert/strict";
import fc from "fast-check";
import {
  Command,
  encodeCommand,
  encodeHeaderFrame,
  FrameType,
  type QueuedFrame,
  SendQueue,
  type ServedStream,
  ServerSession,
} from "./mod.ts";

const HEADER = encodeHeaderFrame({ idCode: 7 }, "hello");

function frame(size: number, isData = true): QueuedFrame {
  return { bytes: new Uint8Array(size), isData };
}

Deno.test("c37118: a queue drops its oldest data, and no answer", () => {
  const dropped: QueuedFrame[] = [];
  const queue = new SendQueue(100, (f) => dropped.push(f));
  const [answer, a, b, c] = [frame(40, false), frame(30), frame(30), frame(30)];
  for (const f of [answer, a, b, c]) assert.equal(queue.push(f), true);
  assert.deepEqual([dropped, queue.bytes, queue.length], [[a], 100, 3]);
  assert.equal(queue.push(frame(101)), false, "more than there is room for");
  assert.deepEqual([dropped.length, queue.length], [4, 1]);
  assert.equal(queue.push(frame(61, false)), false, "an answer that does not fit");
  assert.equal(dropped.length, 4, "an answer that is refused is not dropped data");
  assert.equal(queue.shift(), answer);
  assert.equal(queue.shift(), undefined);
  assert.deepEqual([queue.bytes, queue.length], [0, 0]);
});

Deno.test("c37118: a queue keeps order and bounds, whatever comes and goes", () => {
  const step = fc.oneof(
    fc.record({ size: fc.integer({ min: 1, max: 120 }), isData: fc.boolean() }),
    fc.constantFrom("shift" as const, "dropData" as const),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
    let model: QueuedFrame[] = [], drops = 0;
    const queue = new SendQueue(100, (f) => {
      assert.ok(f.isData);
      model = model.filter((m) => m !== f);
      drops++;
    });
    for (const s of steps) {
      if (s === "shift") assert.equal(queue.shift(), model.shift());
      else if (s === "dropData") queue.dropData();
      else {
        const f = frame(s.size, s.isData);
        const before = drops;
        if (queue.push(f)) model.push(f);
        else assert.equal(drops > before || !s.isData, true);
      }
      const bytes = model.reduce((sum, m) => sum + m.bytes.length, 0);
      assert.deepEqual([queue.bytes, queue.length], [bytes, model.length]);
      assert.ok(bytes <= 100);
    }
  }));
});

/** A session with what came of it. */
function serve(change: Partial<ServedStream> = {}) {
  const answers: Uint8Array[] = [], refused: string[] = [];
  let commands = 0;
  const stream: ServedStream = {
    idCode: 7,
    acceptAnyId: false,
    header: () => HEADER,
    configuration: (type) => [Uint8Array.of(type)],
    ...change,
  };
  const session = new ServerSession(stream, {
    answer: (f) => answers.push(f),
    commanded: () => commands++,
    refused: (error) => refused.push(error.kind),
  });
  return { session, answers, refused, commands: () => commands };
}

Deno.test("c37118: a server session answers what it knows, and nothing else", () => {
  const { session, answers, refused, commands } = serve();
  const send = (command: number, idCode = 7) =>
    session.receive(encodeCommand({ idCode }, command), 0);
  send(Command.DataOn);
  send(Command.DataOn); // no-op
  assert.equal(session.started, true);
  send(Command.SendHeader);
  for (const c of [Command.SendConfig1, Command.SendConfig2, Command.SendConfig3]) send(c);
  assert.deepEqual(answers, [HEADER, Uint8Array.of(2), Uint8Array.of(3), Uint8Array.of(5)]);
  assert.equal(session.asked, FrameType.Config3);
  send(Command.DataOff, 8);
  assert.equal(session.started, true, "a stop for another stream");
  send(0x0123);
  session.receive(HEADER, 0);
  send(Command.DataOff);
  assert.equal(session.started, false);
  assert.deepEqual(refused, ["wrongId", "unknownCommand", "notACommand"]);
  assert.equal(commands(), 9);
  assert.equal(answers.length, 4);
});

Deno.test("c37118: several commands in a piece, and one in several", () => {
  const { session, answers } = serve();
  const two = Uint8Array.from([
    ...encodeCommand({ idCode: 7 }, Command.SendHeader),
    ...encodeCommand({ idCode: 7 }, Command.SendConfig2),
  ]);
  for (const byte of two) session.receive(Uint8Array.of(byte), 0);
  session.receive(two, 1);
  session.datagram(two);
  assert.equal(answers.length, 6);
});

Deno.test("c37118: who asks before there is a configuration is answered later, once", () => {
  let ready = false;
  const { session, answers, refused } = serve({
    configuration: (type) => type === 5 ? undefined : ready ? [Uint8Array.of(type)] : [],
  });
  for (const c of [Command.SendConfig2, Command.SendConfig2, Command.SendConfig3]) {
    session.receive(encodeCommand({ idCode: 7 }, c), 0);
  }
  assert.deepEqual([answers, refused], [[], ["unsupported"]]);
  session.configurationChanged();
  assert.deepEqual(answers, [], "still none");
  ready = true;
  session.configurationChanged();
  session.configurationChanged();
  assert.deepEqual(answers, [Uint8Array.of(3)]);
  session.receive(encodeCommand({ idCode: 7 }, Command.DataOn), 0);
  session.configurationChanged();
  assert.deepEqual(answers, [Uint8Array.of(3), Uint8Array.of(3)], "who takes data is told");
});

Deno.test("c37118: no bytes make a server session throw, or send data unasked", () => {
  fc.assert(fc.property(
    fc.array(fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.record({ id: fc.constantFrom(7, 8), command: fc.integer({ min: 0, max: 0xffff }) })
        .map(({ id, command }) => encodeCommand({ idCode: id }, command)),
    )),
    (pieces) => {
      const { session, answers } = serve();
      let now = 0, mayHaveStarted = false;
      for (const bytes of pieces) {
        session.receive(bytes, now);
        session.poll(now += 700);
        const command = bytes.length === 18 ? (bytes[14]! << 8) | bytes[15]! : 0;
        mayHaveStarted ||= command === Command.DataOn || bytes.length !== 18;
      }
      assert.ok(!session.started || mayHaveStarted);
      assert.ok(answers.length <= pieces.length + 3);
    },
  ));
});
