import assert from "node:assert/strict";
import { MemoryLog } from "../../core/testing.ts";
import { ClientSession } from "./session.ts";
import { inputOptions, KeepingSink, registry, valuesOf } from "./testing.ts";

// Public captures are read beside the repository and never copied into it.
const FOLDER = new URL("../../../../shared/vectors/c37118/", import.meta.url);

interface CapturedFrame {
  readonly type: string;
  readonly from: string;
  readonly idcode: number;
  readonly timeMicros?: number;
  readonly blocks?: { readonly eng?: { phasors: [number, number][]; freq: number } }[];
}

for (const name of ["C37.118_1PMU_TCP", "C37.118_4in1PMU_TCP"]) {
  Deno.test(`input/c37118 capture: ${name} comes out value by value`, async () => {
    let bytes: Uint8Array, text: string;
    try {
      bytes = await Deno.readFile(new URL(`${name}.server.bin`, FOLDER));
      text = await Deno.readTextFile(new URL(`${name}.frames.json`, FOLDER));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return console.log(`skipped: ${name} is not here`);
    }
    const { frames }: { frames: CapturedFrame[] } = JSON.parse(text);
    const data = frames.filter((f) => f.type === "data");
    const sink = new KeepingSink();
    const signals = registry();
    const session = new ClientSession(
      { ...inputOptions({ idCode: data[0]!.idcode }), acronym: "CAPTURE" },
      { source: "capture", registry: signals, sink, log: new MemoryLog() },
      { send: () => {}, disconnect: () => {}, keep: () => {} },
      0,
    );
    session.opened(0, 1, false);
    for (let at = 0; at < bytes.length; at += 997) {
      session.stream(bytes.subarray(at, at + 997), at, 1e15 + at * 1000);
    }
    const { received, accepted, dropped, balance } = session.receiver.ledger.totals();
    assert.deepEqual([received, balance, dropped["crc"]], [data.length, 0, 0]);
    // What came before the first configuration is counted, and everything else is there.
    const rest = data.slice(dropped["noConfig"]);
    assert.equal(accepted + dropped["duplicate"]!, rest.length);
    assert.equal(dropped["duplicate"], 0);
    let compared = 0;
    sink.frames.forEach((frame, i) => {
      const wanted = rest[i]!;
      const { seconds, nanos } = frame.instant;
      assert.equal(seconds * 1e6 + Math.floor(nanos / 1000 + 0.5), wanted.timeMicros);
      const values = Object.values(valuesOf(frame, signals));
      let at = 0;
      for (const [k, { eng }] of (wanted.blocks ?? []).entries()) {
        const { count } = frame.layout.devices[k]!;
        if (eng) {
          eng.phasors.forEach(([magnitude, degrees], p) => {
            assert.equal(values[at + 2 * p], Math.fround(magnitude));
            assert.ok(Math.abs(values[at + 2 * p + 1]! - degrees) < 1e-4);
          });
          compared++;
        }
        at += count;
      }
    });
    assert.ok(compared > 0);
  });
}
