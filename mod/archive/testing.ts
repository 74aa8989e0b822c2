/**
 * Records and folders for the tests of this module.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { encodeEventRecord } from "../event/mod.ts";
import { sampleRecord } from "../event/record_testing.ts";
import { Encoder } from "../slipstream/mod.ts";
import type { ArchiveOptions } from "./options.ts";
import type { RecordFacts } from "./types.ts";

/** Options without a reserve of the disk, so that tests run on small file systems. */
export const OPTIONS: ArchiveOptions = {
  maxAgeDays: 0,
  maxRecords: 10_000,
  maxMB: 100,
  minFreeMB: 0,
  queueMB: 32,
  retryMs: 100,
};

/** What record number `n` says of itself: one per second, five streams. */
export function facts(n: number): RecordFacts {
  const hex = n.toString(16).padStart(12, "0");
  return {
    id: `00000000-0000-4000-8000-${hex}`,
    event: `11111111-0000-4000-8000-${hex}`,
    stream: `BAY#${n % 5}`,
    startMicros: 1_600_000_000e6 + n * 1e6,
    endMicros: 1_600_000_005e6 + n * 1e6,
    summary: { n },
  };
}

/** Record number `n` in `size` bytes: SHA-256 of the rest, the number, and a pattern. */
export function makeRecord(n: number, size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let i = 40; i < size; i++) bytes[i] = (i * 31 + n) & 0xff;
  new DataView(bytes.buffer).setUint32(32, n);
  bytes.set(createHash("sha256").update(bytes.subarray(32)).digest(), 0);
  return bytes;
}

/** Reads what {@linkcode makeRecord} wrote; throws for anything else. */
export function describe(bytes: Uint8Array): RecordFacts {
  const hash = createHash("sha256").update(bytes.subarray(32)).digest();
  if (bytes.length < 40 || hash.some((byte, i) => byte !== bytes[i])) {
    throw new RangeError("Cannot read a record: expected its own SHA-256");
  }
  return facts(new DataView(bytes.buffer, bytes.byteOffset).getUint32(32));
}

/** Runs `test` in a new folder, which is removed after it. */
export async function withFolder(test: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "tieline-archive-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs `test` on a small file system of its own; tells why where that cannot be mounted. */
export async function withTmpfs(
  size: string,
  test: (
    folder: string,
    remount: (mode: "ro" | "rw") => Promise<void>,
  ) => void | Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const mount = async (...args: string[]) => {
      const { success, stderr } = await new Deno.Command("mount", {
        args,
        stdout: "null",
        stderr: "piped",
      }).output();
      return success ? undefined : new TextDecoder().decode(stderr).trim();
    };
    const refused = await mount("-t", "tmpfs", "-o", `size=${size}`, "tieline-test", folder);
    if (refused !== undefined) {
      console.log(`skipped: no small file system can be mounted here (${refused})`);
      return;
    }
    try {
      await test(folder, async (mode) => {
        const why = await mount("-o", `remount,${mode}`, folder);
        if (why !== undefined) throw new Error(`Cannot remount ${folder}: ${why}`);
      });
    } finally {
      await new Deno.Command("umount", { args: [folder] }).output();
    }
  });
}

/** A real event record: 0.5 s of two channels at 4,800 Hz; the second channel counts samples. */
export function makeEventRecord(id: string, second: number): Uint8Array<ArrayBuffer> {
  const rate = 4800, count = 1200;
  const encoding = {
    uuid: "99999999-0000-4000-8000-000000000000",
    variables: 2,
    samplingRate: rate,
    samplesPerMessage: count,
  };
  const encoder = new Encoder(encoding);
  const pieces = [0, 1].map((part) => {
    const first = second * rate + part * count;
    const values = [0, 1].map((c) =>
      Int32Array.from(
        { length: count },
        (_, i) =>
          c === 1
            ? part * count + i
            : Math.round(100_000 * Math.sin((2 * Math.PI * 50 * (part * count + i)) / rate)),
      )
    );
    const quality = values.map(() => new Uint32Array(count));
    const time = { seconds: second, nanos: part * 250_000_000 };
    const size = encoder.encode(time, { values, quality }, 0, count);
    return { first, count, marks: [0, count], message: encoder.buffer.slice(0, size) };
  });
  const at = { seconds: second, nanos: 100_000_000 };
  return encodeEventRecord(sampleRecord({
    id,
    event: id.replace(/^./, "f"),
    stream: {
      ...sampleRecord().stream,
      rate,
      channels: [
        { name: "Ia", phase: "A", unit: "A", scale: 0.001, offset: 0 },
        { name: "n", phase: "", unit: "", scale: 1, offset: 0 },
      ],
    },
    encoding,
    triggers: [{
      name: "over",
      kind: "over",
      source: "BAY1",
      channel: "Ia",
      value: 100,
      at,
      since: at,
      settings: { limit: 90 },
    }],
    pieces,
  }));
}
