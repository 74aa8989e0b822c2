import assert from "node:assert/strict";
import { checkDocument, parseTomlDocument } from "../../config/mod.ts";
import { UNWATCHED_CLOCK } from "../../core/mod.ts";
import { HandClock } from "../../core/testing.ts";
import { parseConfiguration, ServerSession } from "../../c37118/mod.ts";
import { Complaints } from "../../stats/mod.ts";
import * as v from "valibot";
import { c37118OutputSchema } from "./schema.ts";
import { OutputStream } from "./served_stream.ts";
import { PART, Station } from "./testing.ts";

// Each folder of testcases/ is a stream and one client of it: config.toml, and transcript.txt with what
// happens and, after each line of it, the frames that come of it. Lines:
//   source NAME CFG2         a device of one PMU comes, or has other channels
//   forget NAME              it goes, with its signals
//   clock STATE NS [S LEAP]  what is known of the clock: state, error, a second inserted or deleted at S
//   estimated NAME           the gateway estimates what the device reports
//   deny RULE                the one rule that withholds from now on
//   frame S I NAME=DATA ...  slot I of second S, with the data frames that came for it
//   < HEX                    bytes of the client
//   at MS                    time passes
//   > HEX                    a frame to the client
// TIELINE_UPDATE=1 writes the frames anew; read the difference.

const FOLDER = new URL("./testcases/", import.meta.url);
const fileSchema = v.strictObject({ output: v.record(v.string(), c37118OutputSchema) });
const isUpdate = Deno.env.get("TIELINE_UPDATE") === "1";

for await (const entry of Deno.readDir(FOLDER)) {
  Deno.test(`output/c37118 transcript: ${entry.name}`, async () => {
    const url = (file: string) => new URL(`${entry.name}/${file}`, FOLDER);
    const document = parseTomlDocument(await Deno.readTextFile(url("config.toml")), "config.toml");
    const { pdc } = checkDocument(fileSchema, document).output;
    const text = await Deno.readTextFile(url("transcript.txt"));
    const played = play(pdc!, text);
    if (isUpdate) await Deno.writeTextFile(url("transcript.txt"), played);
    else assert.equal(played, text);
    assert.match(played, /^> /m, "a transcript in which nothing comes out shows nothing");
  });
}

/** The script again, with the frames that came out in place of those that it has. */
function play(options: v.InferOutput<typeof c37118OutputSchema>, script: string): string {
  const clock = new HandClock();
  const station = new Station(options);
  const lines: string[] = [];
  const out = (frame: Uint8Array) => void lines.push(`> ${frame.toHex()}`);
  const stream = new OutputStream(
    PART,
    options,
    station.context(clock, ""),
    new Complaints(station.log),
    () => session.configurationChanged(),
  );
  const session = new ServerSession(stream, {
    answer: out,
    commanded: () => {},
    refused: () => {},
  }, options.start === "always");
  for (const line of script.split("\n")) {
    if (line.startsWith("> ")) continue;
    lines.push(line);
    const [word, ...rest] = line.split("#")[0]!.trim().split(/\s+/);
    switch (word) {
      case "":
        break;
      case "source":
        station.device(rest[0]!, parseConfiguration(Uint8Array.fromHex(rest[1]!)));
        break;
      case "forget":
        station.forget(rest[0]!);
        break;
      case "clock":
        station.report = {
          ...UNWATCHED_CLOCK,
          // The script says one of the five words.
          state: rest[0] as typeof UNWATCHED_CLOCK.state,
          errorNs: Number(rest[1]),
          leapSecond: rest[2]
            ? { atSeconds: Number(rest[2]), isDeleted: rest[3] === "delete" }
            : undefined,
          lockedMicros: clock.nowMicros(),
        };
        break;
      case "estimated":
        station.estimated.add(rest[0]!);
        break;
      case "deny":
        station.access.setSubscriber(PART, { ...options, deny: [rest.join(" ")] });
        break;
      case "frame": {
        const sent = Object.fromEntries(
          rest.slice(2).map((part) => part.split("=")).map((
            [name, hex],
          ) => [name!, Uint8Array.fromHex(hex!)]),
        );
        const frame = options.stream === "received"
          ? station.received(...Object.entries(sent)[0]!)
          : station.aligned(Number(rest[0]), Number(rest[1]), sent);
        if (!stream.takes(frame)) break;
        const made = session.started ? stream.make(frame) : undefined;
        if (!made) break;
        stream.told();
        out(made.bytes);
        break;
      }
      case "<":
        session.receive(Uint8Array.fromHex(rest[0]!), clock.ms);
        break;
      case "at":
        while (clock.ms < Number(rest[0])) {
          clock.ms = Math.min(clock.ms + 50, Number(rest[0]));
          stream.tick();
        }
        break;
      default:
        throw new Error(`unknown line: ${line}`);
    }
  }
  return lines.join("\n");
}
