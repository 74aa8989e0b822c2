import assert from "node:assert/strict";
import { Command, Response } from "./constants.ts";
import { encodeMetadata } from "./metadata_writer.ts";
import { Bench, compactPacket, GUIDS } from "./subscriber_testing.ts";

const CONFIRM = Command.ConfirmUpdateSignalIndexCache;

/** Metadata of so many rows, a tenth of a kilobyte each. */
function metadata(rows: number, word = "word "): Uint8Array {
  return encodeMetadata({
    name: "DataSet",
    tables: [{
      name: "T",
      columns: [{ name: "Description", type: "string" }],
      rows: Array.from({ length: rows }, (_, n) => [word.repeat(12) + n]),
    }],
  }, { encoding: "utf-8", gzip: true });
}

/** Works until nothing is left; returns the number of steps. */
function work(b: Bench): number {
  let steps = 0;
  while (b.session.isWorking) {
    b.session.work();
    steps++;
  }
  return steps;
}

/** A session that is subscribed, and has asked for metadata again. */
function refreshing(): Bench {
  const b = new Bench({ metadata: true }).start();
  b.ok(Command.DefineOperationalModes);
  b.ok(Command.MetadataRefresh, metadata(1));
  b.cache(0, GUIDS.slice(0, 2));
  b.ok(Command.Subscribe);
  b.say(Response.ConfigurationChanged, Command.Subscribe);
  b.later(1000);
  assert.equal(b.commands().at(-1), Command.MetadataRefresh);
  b.tellings();
  return b;
}

Deno.test("large metadata are read in steps, and subscribed to when they are read", () => {
  const b = new Bench({ metadata: true }).start();
  b.ok(Command.DefineOperationalModes);
  b.commands();
  b.tellings();
  b.ok(Command.MetadataRefresh, metadata(20_000));
  assert.deepEqual([b.session.state, b.commands(), b.tellings()], ["metadata", [], []]);
  b.later(10_000); // slow, but not late
  const steps = work(b);
  assert.ok(steps >= 20, `${steps} steps`);
  assert.deepEqual([b.commands(), b.tellings()], [[Command.Subscribe], ["metadata 1 true"]]);
  assert.equal(b.session.work(), false, "there is nothing more to do");
});

Deno.test("data go on while metadata are read, and a cache goes before them", () => {
  const b = refreshing();
  b.ok(Command.MetadataRefresh, metadata(20_000));
  assert.ok(b.session.isWorking);
  b.say(Response.DataPacket, Command.Subscribe, compactPacket(1));
  assert.equal(b.got.length, 1);
  b.ownSteps = 8;
  b.cache(1, GUIDS);
  assert.deepEqual([b.commands(), b.tellings()], [[], []]);
  for (let n = 0; n < 10; n++) b.session.work();
  assert.deepEqual([b.commands(), b.tellings()], [[CONFIRM], ["cache 1 3"]]);
  work(b);
  assert.deepEqual(b.tellings(), ["metadata 1 true"]);
});

Deno.test("what the owner does with a cache is done before it is confirmed, and at once for its data", () => {
  const b = refreshing();
  b.ownSteps = 1000;
  b.cache(1, GUIDS);
  b.session.work();
  assert.deepEqual([b.commands(), b.tellings()], [[], []]);
  b.say(Response.DataPacket, Command.Subscribe, compactPacket(1)); // of the cache before
  assert.deepEqual([b.commands(), b.got.length], [[], 1]);
  b.say(Response.DataPacket, Command.Subscribe, compactPacket(1, 0x12));
  assert.deepEqual([b.commands(), b.tellings(), b.got.length], [[CONFIRM], ["cache 1 3"], 2]);
});

Deno.test("a change while metadata are read asks again when they have been read", () => {
  const b = refreshing();
  b.ownSteps = 50;
  b.ok(Command.MetadataRefresh, metadata(1, "other "));
  b.say(Response.ConfigurationChanged, Command.Subscribe);
  b.later(5000);
  assert.deepEqual([b.session.isWorking, b.commands()], [true, []]);
  work(b);
  assert.deepEqual(b.tellings(), ["configurationChanged", "metadata 1 true"]);
  assert.deepEqual(b.commands(), [Command.Subscribe]);
  b.later(10);
  assert.deepEqual(b.commands(), [Command.MetadataRefresh]);
});

Deno.test("metadata that cannot be read to their end, or that the session ends before", () => {
  const cut = metadata(20_000);
  const damaged = refreshing();
  const document = new TextEncoder().encode(
    `<D><xs:schema id="D"/>${"<T/>".repeat(100_000)}`, // not closed
  );
  damaged.ok(Command.MetadataRefresh, document);
  assert.ok(work(damaged) > 0);
  assert.deepEqual(damaged.tellings(), ["complain metadata"]);
  const ended = refreshing();
  ended.ok(Command.MetadataRefresh, cut);
  ended.session.end();
  assert.deepEqual([ended.session.isWorking, ended.session.work(), ended.tellings()], [
    false,
    false,
    [],
  ]);
});
