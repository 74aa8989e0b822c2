import assert from "node:assert/strict";
import { GO_CLIENT, LineProcess, PYTHON, pythonProgram, testWith } from "./peers.ts";
import { freePort } from "../support/ports.ts";

// The client programs are checked against the libraries' own other ends first, so that a failure in the other tests
// is known not to be theirs.

const SIGNALS = 20, RATE = 30, SECONDS = 4, LEAST = SIGNALS * RATE * (SECONDS - 1);

async function againstPublisher(start: (port: number) => LineProcess): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "tieline-publisher-" });
  const port = freePort();
  const publisher = new LineProcess(PYTHON, [
    pythonProgram("sttp_publisher.py"),
    ...[port, SIGNALS, RATE, 120].map(String),
    folder,
  ]);
  await publisher.line("listening");
  const client = start(port);
  try {
    const summary = await client.line<{ received: number; signals: number }>("summary");
    assert.equal(summary.signals, SIGNALS);
    assert.ok(summary.received >= LEAST, JSON.stringify(summary));
    const metadata = await client.line<{ measurements: unknown[]; devices: unknown[] }>("metadata");
    assert.deepEqual([metadata.devices.length, metadata.measurements.length], [1, SIGNALS]);
    await publisher.stop(); // it tells at its end what it sent
    const sent = new Map(
      (await publisher.line<[string, string, string][]>("sent")).map(([id, ticks, bits]) => [
        `${id} ${ticks}`,
        bits,
      ]),
    );
    for (const line of client.lines) {
      if (!("batch" in line)) continue;
      // As printed by the client programs of this folder.
      for (const [id, ticks, flags, bits] of line.batch as [string, string, number, string][]) {
        assert.equal(flags, 0);
        assert.equal(bits, sent.get(`${id} ${ticks}`), `${id} at ${ticks}`);
      }
    }
  } finally {
    await client.stop();
    await publisher.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

testWith(["sttp"], "peers: the Python client reads the Python publisher", async () => {
  await againstPublisher((port) =>
    new LineProcess(PYTHON, [
      pythonProgram("sttp_client.py"),
      "127.0.0.1",
      String(port),
      "FILTER ActiveMeasurements WHERE True",
      ...[SECONDS, LEAST].map(String),
    ])
  );
});

testWith(["goapi", "sttp"], "peers: the Go client reads the Python publisher", async () => {
  await againstPublisher((port) =>
    new LineProcess(GO_CLIENT, [
      "127.0.0.1",
      String(port),
      "FILTER ActiveMeasurements WHERE True",
      String(SECONDS),
    ])
  );
});

interface PmuFrame {
  second: number;
  phasors: number[][];
  freq: number;
  dfreq: number;
  analogs: number[];
  digitals: number[];
  stat: number;
}

testWith(["synchrophasor"], "peers: the PDC of synchrophasor reads its own PMU", async () => {
  const port = freePort();
  const pmu = new LineProcess(PYTHON, [pythonProgram("pmu.py"), ...[port, 7, 30, 10].map(String)]);
  await pmu.line("listening");
  const pdc = new LineProcess(PYTHON, [
    pythonProgram("pdc.py"),
    "127.0.0.1",
    ...[port, 7, 40].map(String),
  ]);
  try {
    assert.equal(await pdc.ended(), 0, pdc.stderr);
    assert.equal(await pdc.line("header"), "Third party PMU");
    const sent = pmu.lines.filter((l) => "sent" in l).map((l) => l.sent as PmuFrame); // by pmu.py
    const data = pdc.lines.filter((l) => "data" in l).map((l) =>
      l.data as { soc: number; phasors: unknown[]; freq: number[]; stat: number[] } // by pdc.py
    );
    assert.equal(data.length, 40);
    for (const frame of data) {
      assert.ok(
        sent.some((s) =>
          s.second === frame.soc && s.freq === frame.freq[0] &&
          // Reading, the package turns bit 13 round.
          (s.stat ^ 0x2000) === frame.stat[0] &&
          JSON.stringify(s.phasors) === JSON.stringify(frame.phasors[0])
        ),
        JSON.stringify(frame),
      );
    }
  } finally {
    await pdc.stop();
    await pmu.stop();
  }
});
