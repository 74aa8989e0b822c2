import assert from "node:assert/strict";
import { formatInstant, type Frame } from "../../core/mod.ts";
import { MemoryLog } from "../../core/testing.ts";
import { commandName, parseCommand } from "../../c37118/mod.ts";
import { checkDocument, parseTomlDocument } from "../../config/mod.ts";
import { c37118InputSchema } from "./schema.ts";
import { ClientSession } from "./session.ts";
import { KeepingSink, registry, valuesOf } from "./testing.ts";
import * as v from "valibot";

// Each folder of testcases/ is a recorded session: config.toml, what happens (input.hex) and what must
// come of it (expected.json). Lines of input.hex:
//   utc SECONDS   UTC at time 0        open     the connection is there, commands go out
//   at MS         time passes          listen   the same without commands
//   < HEX         bytes of a stream    * HEX    a datagram            close   the connection is gone

const FOLDER = new URL("./testcases/", import.meta.url);
const fileSchema = v.strictObject({ input: v.record(v.string(), c37118InputSchema) });

interface Expected {
  readonly sent?: string[];
  readonly disconnects?: string[];
  readonly kept?: number;
  readonly devices?: string[];
  readonly frames?: {
    time: string;
    leap?: number;
    values?: Record<string, number | string>;
    flags?: Record<string, number>;
  }[];
  readonly books?: Record<string, number>;
  readonly wire?: Record<string, number>;
  readonly totals?: Record<string, number>;
  readonly log?: string[];
  readonly state?: string;
}

for await (const entry of Deno.readDir(FOLDER)) {
  Deno.test(`input/c37118 transcript: ${entry.name}`, async () => {
    const read = (file: string) => Deno.readTextFile(new URL(`${entry.name}/${file}`, FOLDER));
    const expected: Expected = JSON.parse(await read("expected.json"));
    const document = parseTomlDocument(await read("config.toml"), "config.toml");
    const [name, options] = Object.entries(checkDocument(fileSchema, document).input)[0]!;
    const log = new MemoryLog();
    const signals = registry();
    const values: Record<string, number>[] = [];
    const sink = new class extends KeepingSink {
      override accept(frame: Frame): void {
        values.push(valuesOf(frame, signals)); // now: a signal may move to another place later
        super.accept(frame);
      }
    }();
    const sent: string[] = [];
    const disconnects: string[] = [];
    let kept = 0;
    const session = new ClientSession(
      { ...options, acronym: options.acronym ?? name.toUpperCase() },
      { source: name, registry: signals, sink, log },
      {
        send: (bytes) => sent.push(commandName(parseCommand(bytes).command)),
        disconnect: (reason) => disconnects.push(reason),
        keep: () => kept++,
      },
      0,
    );
    play(session, await read("input.hex"));

    const { receiver } = session;
    const book = receiver.ledger.totals();
    assert.equal(book.balance, 0);
    assert.equal(book.accepted, sink.frames.length);
    const { sent: wantedSent, frames, log: lines, ...rest } = expected;
    if (wantedSent) assert.deepEqual(sent, wantedSent);
    for (const line of lines ?? []) {
      assert.equal(log.with(line).length, 1, `"${line}" once in:\n${log.lines.join("\n")}`);
    }
    if (frames) {
      assert.deepEqual(sink.times(), frames.map((f) => f.time));
      frames.forEach((wanted, i) => {
        const frame = sink.frames[i]!;
        const got = values[i]!;
        for (const [reference, value] of Object.entries(wanted.values ?? {})) {
          const label = `frame ${i} (${formatInstant(frame.instant)}) ${reference}`;
          assert.ok(
            Object.is(got[reference], Math.fround(Number(value))),
            `${label}: ${got[reference]} is not ${value}`,
          );
        }
        const references = Object.keys(got);
        for (const [reference, flags] of Object.entries(wanted.flags ?? {})) {
          assert.equal(
            frame.flags[references.indexOf(reference)],
            flags,
            `frame ${i} ${reference}`,
          );
        }
        if (wanted.leap !== undefined) assert.equal(frame.leap, wanted.leap);
      });
    }
    const found = {
      disconnects,
      kept,
      state: session.state,
      devices: signals.devices().map((d) => d.acronym),
      books: { received: book.received, accepted: book.accepted, ...book.dropped },
      wire: receiver.counters,
      totals: receiver.statistics.totals(),
    };
    assertPart(found, rest);
  });
}

function play(session: ClientSession, script: string): void {
  let now = 0, utc = 1_735_689_600;
  const micros = () => utc * 1e6 + now * 1000;
  for (const line of script.split("\n")) {
    const [word, argument] = line.split("#")[0]!.trim().split(/\s+/, 2);
    switch (word) {
      case "":
        break;
      case "utc":
        utc = Number(argument);
        break;
      case "open":
      case "listen":
        session.opened(now, micros(), word === "open");
        break;
      case "close":
        session.closed(now);
        break;
      case "at":
        while (now < Number(argument)) {
          now = Math.min(now + 25, Number(argument));
          session.tick(now, micros());
        }
        break;
      case "<":
        session.stream(Uint8Array.fromHex(argument!), now, micros());
        break;
      case "*":
        session.datagram(Uint8Array.fromHex(argument!), now, micros());
        break;
      default:
        throw new Error(`unknown line: ${line}`);
    }
  }
}

/** Compares what `expected` names; lists are compared whole. */
function assertPart(found: unknown, expected: unknown, path = "result"): void {
  if (typeof expected !== "object" || expected === null || Array.isArray(expected)) {
    assert.deepEqual(found, expected, path);
    return;
  }
  for (const [key, value] of Object.entries(expected)) {
    // Both are tables of the same shape; a missing key shows as undefined.
    assertPart((found as Record<string, unknown>)[key], value, `${path}.${key}`);
  }
}
