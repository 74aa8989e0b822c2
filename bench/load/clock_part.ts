/**
 * The clock part alone, in a process of its own: `clock_part.ts CONFIG FOLDER`, until it is ended.
 *
 * @module
 */
import * as v from "valibot";
import { clockSchema, createClockPart } from "../../mod/clock/mod.ts";
import { checkDocument, parseTomlDocument } from "../../mod/config/mod.ts";
import { ClockLink } from "../../mod/input/sv/mod.ts";
import { systemClock } from "../../mod/os/mod.ts";

const [file, stateDir] = Deno.args;
if (file === undefined || stateDir === undefined) throw new Error("Expected CONFIG FOLDER");
const document = parseTomlDocument(Deno.readTextFileSync(file), file);
const { clock: options } = checkDocument(v.strictObject({ clock: clockSchema }), document);
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const part = createClockPart(options, {
  name: "BENCH",
  stateDir,
  clock: systemClock(),
  log: silent,
  openCapture: options.capture === "process"
    ? (request, hear) => new ClockLink(request, hear, silent)
    : undefined,
});
await part.start();
setInterval(() => {
  const { sources, network } = part.clockStatus();
  const messages = Object.values(network?.messages ?? {}).reduce((sum, n) => sum + n, 0);
  const answers = (sources[0]?.detail["counters"] as { answers?: number } | undefined)?.answers ??
    0;
  console.log(JSON.stringify({ counted: { messages, answers } }));
}, 1000);
