import assert from "node:assert/strict";
import { timeQualityOfClock } from "../c37118/mod.ts";
import { openKernelClocks, reportOfKernel } from "../os/mod.ts";
import { simCommand } from "./sim.ts";

async function lines(args: string[]): Promise<string[]> {
  const printed: string[] = [];
  const log = console.log;
  console.log = (line: string) => printed.push(line);
  try {
    await simCommand().parseAsync(["pmu", ...args], { from: "user" });
  } finally {
    console.log = log;
  }
  return printed;
}

Deno.test("sim pmu says where each stream listens and accounts for it at the end", async () => {
  const file = await Deno.makeTempFile();
  const printed = await lines([
    ..."--count 3 --per-stream 2 --port 0 --id 7 --rate 50 --for 0.3 --json --record".split(" "),
    file,
  ]);
  const objects = printed.map((line) => JSON.parse(line));
  const [first, second, ready, ...accounts] = objects;
  assert.deepEqual(first.stream.stations, ["SIM 1", "SIM 2"]);
  assert.deepEqual([first.stream.idCode, second.stream.idCode], [7, 8]);
  assert.ok(first.stream.port > 0 && first.stream.port !== second.stream.port);
  assert.deepEqual(ready, { ready: true });
  assert.deepEqual(accounts.map((a) => a.account.idCode), [7, 8]);
  const records = (await Deno.readTextFile(file)).trim().split("\n").map((l) => JSON.parse(l));
  await Deno.remove(file);
  const made = accounts[0].account.framesMade;
  assert.ok(made > 0, `${made}`); // fifteen, where the machine has time
  assert.equal(records.filter((r) => r.id === 7).length, made);
  // A slot may begin before the second stream does: its first frame need not be the second line.
  const devicesOf = (id: number) => records.find((r) => r.id === id)?.devices.length;
  assert.deepEqual([devicesOf(7), devicesOf(8)], [2, 1]);
});

Deno.test("sim pmu in sentences", async () => {
  const printed = await lines(["--port", "0", "--for", "0.05", "--station", "SHELBY"]);
  assert.match(printed[0]!, /^SHELBY 1: IDCODE 1, tcp on 127\.0\.0\.1:\d+, 60 frames\/s$/);
  assert.match(printed.at(-1)!, /^IDCODE 1: \d+ frames made, 0 sent/);
});

Deno.test("sim pmu --clock kernel says what the kernel of this machine does", async () => {
  const kernel = openKernelClocks();
  if ("why" in kernel) return; // no adjtimex here: a test of mod/os says why
  const file = await Deno.makeTempFile();
  try {
    const quality = () => {
      const nowMicros = Date.now() * 1000;
      return timeQualityOfClock(reportOfKernel(kernel.read(), nowMicros), nowMicros / 1e6);
    };
    const before = quality();
    await lines([..."--port 0 --rate 50 --for 0.3 --clock kernel --record".split(" "), file]);
    const after = quality();
    const records = (await Deno.readTextFile(file)).trim().split("\n").map((l) => JSON.parse(l));
    assert.ok(records.length > 0);
    for (const { timeQuality } of records) {
      assert.ok(timeQuality === before || timeQuality === after, `${timeQuality}`);
    }
  } finally {
    kernel.close();
    await Deno.remove(file);
  }
});

for (
  const [args, message] of [
    [["--rate", "0"], /whole number from 1 to 240/],
    [["--rate", "6.5"], /whole number/],
    [["--loss", "2"], /share from 0 to 1/],
    [["--jitter", "-1"], /0 or more/],
    [["--destination", "nowhere"], /HOST:PORT/],
    [["--transport", "udp-spontaneous"], /--destination: expected HOST:PORT/],
    [["--clock", "sundial"], /Allowed choices are ideal, kernel/],
    [["--transport", "carrier-pigeon"], /Allowed choices/],
  ] as const
) {
  Deno.test(`sim pmu refuses ${args.join(" ")}`, async () => {
    const command = simCommand();
    const pmu = command.commands[0]!;
    const written: string[] = [];
    for (const c of [command, pmu]) {
      c.exitOverride().configureOutput({ writeErr: (text) => written.push(text) });
    }
    const error = await command.parseAsync(["pmu", ...args], { from: "user" }).then(
      () => undefined,
      (e: unknown) => e,
    );
    assert.ok(error instanceof Error);
    assert.match(error.message + written.join(""), message);
  });
}
