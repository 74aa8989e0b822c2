import assert from "node:assert/strict";
import { cloneFrame, type Frame, type Log, SignalRegistry } from "../../core/mod.ts";
import { systemClock } from "../../os/mod.ts";
import { layCable } from "../../os/testing.ts";
import { type CaptureServer, type MakePool, serveCapture, servePools } from "./capture_server.ts";
import { createSvInput } from "./input.ts";
import { LinkParser } from "./link_parser.ts";
import { RecordRing } from "./record_ring.ts";
import { RECORD_HEADER, RecordType, textRecord } from "./records.ts";
import { leStream, LiveSource, MADE_RMS, optionsOf } from "./testing.ts";
import { until } from "../../../tests/support/waiting.ts";

function logTo(lines: string[]): Log {
  const write = (message: string) => void lines.push(message);
  return { debug: write, info: write, warn: write, error: write };
}

async function served(
  interfaces: readonly string[],
  use: (path: string, server: CaptureServer, log: string[]) => Promise<void>,
  makePool?: MakePool,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "tieline-capture-" });
  const path = `${folder}/run/capture.sock`, log: string[] = [];
  const options = { path, interfaces, program: "test", cores: 2, log: logTo(log) };
  const server = await (makePool ? servePools(options, makePool) : serveCapture(options));
  try {
    await use(path, server, log);
  } finally {
    await server.close();
    await Deno.remove(folder, { recursive: true });
  }
}

function inputOf(toml: string, path: string, frames: Frame[], lines: string[]) {
  const options = optionsOf(
    toml.replace(
      "[[input.streams]]",
      `capture = "process"\ncaptureSocket = "${path}"\n[[input.streams]]`,
    ),
  );
  return createSvInput("mu", options, {
    registry: new SignalRegistry("5b1f7c3e-2d64-4f0a-9c55-7e8d1a2b3c4d", "EDGE"),
    sink: { accept: (frame) => void frames.push(cloneFrame(frame)) },
    log: logTo(lines),
    clock: systemClock(),
  });
}

Deno.test("capture server: frames of a wire reach a gateway over the socket, and Workers end with it", async () => {
  const cable = await layCable("c");
  if (!cable) return;
  const live = new LiveSource(cable.near);
  try {
    await served([cable.far], async (path, server, log) => {
      const frames: Frame[] = [], lines: string[] = [];
      // A sender that a busy machine holds up sends late: flags say so, and some of it is missing.
      const patient = leStream().replace("interface", "reorderMs = 200\ninterface");
      const part = inputOf(patient.replace("eth0", cable.far), path, frames, lines);
      await part.start();
      const whole = () => frames.filter(({ values }) => values.every((v) => !Number.isNaN(v)));
      await until(() => whole().length >= 30, () => [lines, log, part.status()]);
      await until(() => part.status().state === "running", () => [lines, log, part.status()]);
      assert.ok(Math.abs(whole().at(-1)!.values[0]! - MADE_RMS.current) < 0.01);
      const { detail } = part.status();
      assert.equal(detail?.["capture"], "process");
      assert.equal(detail?.["captureProgram"], "test");
      await until(
        () => ((part.status().detail?.["workers"] ?? []) as unknown[]).length > 0,
        () => lines,
      );
      assert.equal(server.connections, 1);
      await part.stop();
      await until(() => server.connections === 0, () => log);
      const count = frames.length;
      await part.start();
      await until(() => frames.length > count + 10, () => [lines, log]);
      await server.close();
      const reason = () => part.status().reason ?? "";
      await until(() => /Cannot reach `tieline capture`/.test(reason()), () => part.status());
      assert.equal(part.status().state, "waiting");
      assert.equal(part.status().detail?.["interface"], null, "nobody knows");
      // It comes back, and so do the frames.
      const again = frames.length;
      const options = { path, interfaces: [], program: "two", cores: 2, log: logTo(log) };
      const back = await serveCapture(options);
      await until(() => frames.length > again + 10, () => [lines, log]);
      await until(() => part.status().state === "running", () => [lines, log, part.status()]);
      assert.equal(part.status().detail?.["captureProgram"], "two");
      await part.stop();
      await back.close();
    });
  } finally {
    live.stop();
    await cable.remove();
  }
});

Deno.test("capture server: an interface that is not permitted is refused, and the gateway is told", async () => {
  await served(["eth7"], async (path) => {
    const lines: string[] = [];
    const part = inputOf(leStream(), path, [], lines);
    await part.start();
    await until(() => /closed the link/.test(part.status().reason ?? ""), () => part.status());
    await until(() => lines.some((m) => /interfaces eth7, found eth0/.test(m)), () => lines);
    await part.stop();
  });
});

Deno.test("capture server: it speaks from the configuration on, before its Workers are up", async () => {
  await served([], async (path, server, log) => {
    const conn = await Deno.connect({ transport: "unix", path });
    const options = optionsOf(leStream().replace("eth0", "tl-none"));
    await conn.write(textRecord(RecordType.Configure, options));
    const types: number[] = [], parser = new LinkParser(), buffer = new Uint8Array(65_536);
    while (types.length < 2) {
      const count = await conn.read(buffer);
      assert.ok(count !== null, log.join("\n"));
      parser.push(buffer.subarray(0, count), (view, at) => void types.push(view.getUint8(at + 4)));
    }
    assert.deepEqual(types.slice(0, 2), [RecordType.Hello, RecordType.Hello]);
    conn.close();
    await until(() => server.connections === 0, () => log);
  });
});

Deno.test("capture server: it goes on speaking while its Workers start, until they do", async () => {
  const out = new RecordRing(RecordRing.memoryOf(4096));
  const begun = Promise.withResolvers<void>();
  const slow: MakePool = (options) => ({
    threads: [{
      shard: { streams: options.streams.map((_, i) => i), ringBytes: 0, discovers: false },
      out,
      commands: new RecordRing(RecordRing.memoryOf(4096)),
    }],
    start: () => begun.promise,
    stop: () => {
      begun.resolve();
      out.stop();
      return Promise.resolve();
    },
    tell: () => true,
  });
  await served([], async (path) => {
    const conn = await Deno.connect({ transport: "unix", path });
    await conn.write(textRecord(RecordType.Configure, optionsOf(leStream())));
    const types: number[] = [], parser = new LinkParser(), buffer = new Uint8Array(4096);
    const ended = (async () => {
      for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
        parser.push(buffer.subarray(0, n), (view, at) => void types.push(view.getUint8(at + 4)));
      }
    })();
    await until(() => types.length >= 4, () => types);
    begun.resolve(); // they are up, and make their tables
    const before = types.length;
    await until(() => types.length > before, () => types);
    assert.deepEqual(new Set(types), new Set([RecordType.Hello]));
    const statuses = () => types.filter((type) => type !== RecordType.Hello).length;
    const speak = setInterval(() => {
      out.write(RecordType.Status, {});
      out.publish();
    }, 100);
    await until(() => statuses() >= 20, () => types);
    clearInterval(speak);
    assert.ok(types.lastIndexOf(RecordType.Hello) < types.indexOf(RecordType.Status), `${types}`);
    await conn.closeWrite();
    await ended;
    conn.close();
  }, slow);
});

const refused: readonly (readonly [name: string, bytes: Uint8Array<ArrayBuffer>, why: RegExp])[] = [
  ["no JSON", textRecord(RecordType.Configure, 1).fill(0x7b, RECORD_HEADER), /record of the link/],
  ["no options", textRecord(RecordType.Configure, { type: "sv" }), /exactly one of interface/],
  [
    "a file",
    textRecord(RecordType.Configure, { type: "sv", pcap: { file: "/etc/passwd" } }),
    /an interface to capture/,
  ],
  [
    "another record",
    textRecord(RecordType.Trigger, {}),
    /one configuration, found a record of type 17/,
  ],
  ["no recording", textRecord(RecordType.Recording, { triggers: 1 }), /Invalid key/],
  ["an impossible length", new Uint8Array(8), /multiple of 8/],
];

Deno.test("capture server: what a gateway must not send ends the link, with the reason", async (t) => {
  await served([], async (path, server, log) => {
    for (const [name, bytes, why] of refused) {
      await t.step(name, async () => {
        const conn = await Deno.connect({ transport: "unix", path });
        await conn.write(bytes);
        const text = await new Response(conn.readable).text(); // to its end
        assert.match(text, why);
        await until(() => server.connections === 0, () => log);
      });
    }
  });
});

Deno.test("capture server: a socket that is left over is replaced, one in use and a file are not", async () => {
  await served([], async (path) => {
    const options = { path, interfaces: [], program: "test", cores: 1, log: logTo([]) };
    await assert.rejects(serveCapture(options), Deno.errors.AddrInUse);
    const other = `${path}.file`;
    await Deno.writeTextFile(other, "");
    await assert.rejects(serveCapture({ ...options, path: other }), /expected a socket or nothing/);
    const stale = `${path}.stale`;
    const listener = Deno.listen({ transport: "unix", path: stale });
    await Deno.rename(stale, `${stale}.moved`); // closing would remove it
    listener.close();
    await Deno.rename(`${stale}.moved`, stale);
    const server = await serveCapture({ ...options, path: stale });
    assert.equal((await Deno.stat(stale)).mode! & 0o777, 0o660);
    await server.close();
  });
});
