import assert from "node:assert/strict";
import { CaptureEngine } from "./engine.ts";
import type { SvPcapOptions } from "./options.ts";
import { replayCapture } from "./pcap_source.ts";
import { RecordRing } from "./record_ring.ts";
import { recordContent, RecordType } from "./records.ts";
import { leStream, madeFrame, optionsOf, pcapOf } from "./testing.ts";
import { until } from "../../../tests/support/waiting.ts";

const SECOND = 1_700_000_000;

/** A file of 40 samples from each of some seconds on. */
function fileOf(seconds: readonly number[]): Uint8Array<ArrayBuffer> {
  return pcapOf(seconds.flatMap((second) =>
    Array.from({ length: 40 }, (_, smpCnt) => ({
      seconds: second,
      nanos: smpCnt * 250_000 + 300_000,
      bytes: madeFrame({ second, smpCnt }),
    }))
  ));
}

interface Replay {
  readonly changes: string[];
  /** Packets that were played, by the last status. */
  packets: number;
  isAtEnd: boolean;
}

/** Plays a file while `use` runs, which sees what has come of it at each of its looks. */
async function replay(
  bytes: Uint8Array<ArrayBuffer>,
  options: Omit<SvPcapOptions, "file">,
  use: (look: () => Replay) => Promise<void>,
): Promise<void> {
  const file = await Deno.makeTempFile({ suffix: ".pcap" });
  await Deno.writeFile(file, bytes);
  const out = new RecordRing(RecordRing.memoryOf(1024 * 1024));
  const orders = new RecordRing(RecordRing.memoryOf(1024));
  const engine = new CaptureEngine(optionsOf(leStream()), [0], out);
  const seen: Replay = { changes: [], packets: 0, isAtEnd: false };
  const done = replayCapture({ file, ...options }, engine, out, orders);
  try {
    await use(() => {
      out.read((view, at, length) => {
        const type = view.getUint8(at + 4);
        if (type !== RecordType.Event && type !== RecordType.Status) return;
        const all = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
        const content = recordContent(all, at, length) as {
          change: string;
          file: { packets: number; atEnd: boolean };
        }; // what the engine and the player write
        if (type === RecordType.Event) return void seen.changes.push(content.change);
        seen.packets = content.file.packets;
        seen.isAtEnd = content.file.atEnd;
      });
      return seen;
    });
  } finally {
    orders.stop();
    await done;
    await Deno.remove(file);
  }
}

Deno.test("pcap source: a pause of years in a file is one loss, told at once", async () => {
  const bytes = fileOf([1, SECOND]);
  await replay(bytes, { speed: "fast", repeat: false }, async (look) => {
    await until(() => look().isAtEnd, look);
    assert.equal(look().packets, 80);
    assert.deepEqual(look().changes, ["live", "lost", "returned"]);
  });
});

Deno.test("pcap source: at recorded speed silence is told while it lasts", async () => {
  const bytes = fileOf([SECOND, SECOND + 3600]);
  await replay(bytes, { speed: "recorded", repeat: false }, async (look) => {
    await until(() => look().changes.length > 1, look);
    assert.deepEqual(look().changes, ["live", "lost"]);
    await until(() => look().packets === 40, look);
  });
});

Deno.test("pcap source: behind the end of a file at recorded speed nothing comes, which is a loss", async () => {
  await replay(fileOf([SECOND]), { speed: "recorded", repeat: false }, async (look) => {
    await until(() => look().isAtEnd && look().changes.length > 1, look);
    assert.deepEqual(look().changes, ["live", "lost"]);
  });
});

Deno.test("pcap source: a file that is repeated takes the time that its stamps say", async () => {
  const began = performance.now();
  await replay(fileOf([SECOND]), { speed: "recorded", repeat: true }, async (look) => {
    // The third round begins two seconds of stamps after the first.
    await until(() => look().packets > 80, look);
    assert.ok(performance.now() - began >= 1950, `${performance.now() - began} ms`);
  });
});
