import assert from "node:assert/strict";
import * as v from "valibot";
import { checkDocument, parseTomlDocument } from "../../config/mod.ts";
import { formatInstant, type Frame, makeFrame, makeLayout } from "../../core/mod.ts";
import { devicesOf } from "./devices.ts";
import { CaptureEngine } from "./engine.ts";
import type { SvInputOptions } from "./options.ts";
import { replayCapture } from "./pcap_source.ts";
import { RecordRing } from "./record_ring.ts";
import { readFrame, recordContent, RecordType } from "./records.ts";
import { svInputSchema } from "./schema.ts";
import { until } from "../../../tests/support/waiting.ts";

// Each folder of testcases/ is a capture (input.pcap.gz, made by make.ts), the table that reads it (config.toml) and what
// must come of it (expected.json): frames of a device from `first` to `last` without a hole, but for `badBetween`, in
// which values are flagged; `values` and `flags` of the others; events; complaints, each once; counters.

const FOLDER = new URL("./testcases/", import.meta.url);

interface Expected {
  readonly devices: Readonly<
    Record<string, {
      readonly frames: number;
      readonly first?: string;
      readonly last?: string;
      readonly badBetween?: readonly [string, string];
      readonly values?: Readonly<Record<string, readonly [value: number, tolerance: number]>>;
      readonly flags?: number;
    }>
  >;
  readonly events: readonly string[];
  readonly complaints?: readonly string[];
  readonly samples?: Readonly<Record<string, number>>;
  readonly frames?: Readonly<Record<string, number>>;
  readonly totals?: Readonly<Record<string, unknown>>;
  readonly sessions?: Readonly<Record<string, number>>;
}

interface Outcome {
  readonly frames: Map<string, { time: string; values: Record<string, number>; flags: number[] }[]>;
  readonly events: string[];
  readonly complaints: string[];
  status: Record<string, unknown>;
}

for await (const { name, isDirectory } of Deno.readDir(FOLDER)) {
  if (!isDirectory) continue;
  Deno.test(`input/sv test case: ${name}`, async () => {
    const folder = new URL(`${name}/`, FOLDER);
    const expected: Expected = JSON.parse(
      await Deno.readTextFile(new URL("expected.json", folder)),
    );
    const outcome = await play(folder);
    for (const [device, wanted] of Object.entries(expected.devices)) {
      check(device, outcome.frames.get(device) ?? [], wanted);
    }
    assert.deepEqual(outcome.events, expected.events);
    const complaints = expected.complaints ?? [];
    assert.equal(outcome.complaints.length, complaints.length, outcome.complaints.join("\n"));
    complaints.forEach((text, i) => assert.match(outcome.complaints[i]!, new RegExp(text)));
    const { streams: [stream], totals, sessions } = outcome.status as {
      streams: { samples: Record<string, number>; frames: { dropped: Record<string, number> } }[];
      totals: Record<string, unknown>;
      sessions?: Record<string, number>;
    };
    contains(stream!.samples, expected.samples, "samples");
    contains(stream!.frames.dropped, expected.frames, "frames");
    contains(totals, expected.totals, "totals");
    contains(sessions ?? {}, expected.sessions, "sessions");
  });
}

function check(
  device: string,
  frames: { time: string; values: Record<string, number>; flags: number[] }[],
  wanted: Expected["devices"][string],
): void {
  assert.equal(frames.length, wanted.frames, `${device}: ${frames.map((f) => f.time).join()}`);
  if (wanted.first !== undefined) assert.equal(frames[0]!.time, wanted.first);
  if (wanted.last !== undefined) assert.equal(frames.at(-1)!.time, wanted.last);
  const [from, to] = wanted.badBetween ?? ["9", "0"];
  for (const { time, values, flags } of frames) {
    if (time >= from && time <= to) {
      assert.ok(flags.some((word) => (word & 1) !== 0), `${device} at ${time} is not bad`);
      continue;
    }
    for (const [label, [value, tolerance]] of Object.entries(wanted.values ?? {})) {
      const found = values[label];
      assert.ok(
        found !== undefined && Math.abs(found - value) <= tolerance,
        `${device} ${label} at ${time}: expected ${value}, found ${found}`,
      );
    }
    if (wanted.flags !== undefined) {
      assert.deepEqual(flags, flags.map(() => wanted.flags), `${device} flags at ${time}`);
    }
  }
}

function contains(
  found: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>> | undefined,
  what: string,
): void {
  for (const [key, value] of Object.entries(wanted ?? {})) {
    assert.deepEqual(found[key], value, `${what}.${key} of ${JSON.stringify(found)}`);
  }
}

async function play(folder: URL): Promise<Outcome> {
  const file = await Deno.makeTempFile({ suffix: ".pcap" });
  try {
    const packed = await Deno.open(new URL("input.pcap.gz", folder));
    await Deno.writeFile(file, packed.readable.pipeThrough(new DecompressionStream("gzip")));
    const options = await optionsIn(folder);
    const out = new RecordRing(RecordRing.memoryOf(1024 * 1024));
    const orders = new RecordRing(RecordRing.memoryOf(1024));
    const engine = new CaptureEngine(options, options.streams.map((_, i) => i), out);
    const outcome: Outcome = { frames: new Map(), events: [], complaints: [], status: {} };
    const done = replayCapture({ file, speed: "fast", repeat: false }, engine, out, orders);
    const reader = new Reader(options, out, outcome);
    await until(() => {
      reader.read();
      const { atEnd } = (outcome.status["file"] ?? {}) as { atEnd?: boolean };
      return atEnd === true;
    }, () => outcome.status);
    orders.stop();
    await done;
    reader.read();
    return outcome;
  } finally {
    await Deno.remove(file);
  }
}

async function optionsIn(folder: URL): Promise<SvInputOptions> {
  const text = await Deno.readTextFile(new URL("config.toml", folder));
  const schema = v.strictObject({ input: v.record(v.string(), svInputSchema) });
  const { input } = checkDocument(schema, parseTomlDocument(text, "config.toml"));
  return Object.values(input)[0] as SvInputOptions; // the schema's output, key by key
}

class Reader {
  readonly #devices: { acronym: string; labels: string[]; frame: Frame }[];

  constructor(
    private readonly options: SvInputOptions,
    private readonly ring: RecordRing,
    private readonly outcome: Outcome,
  ) {
    this.#devices = devicesOf(options).map(({ acronym, drafts }) => ({
      acronym,
      labels: drafts.map(({ type, label }) => label === "" ? type : `${type} ${label}`),
      frame: makeFrame(makeLayout(acronym, drafts.map((_, i) => i), [], 0)),
    }));
  }

  read(): void {
    this.ring.read((view, at, length) => {
      const type = view.getUint8(at + 4);
      if (type === RecordType.Frame) return this.#frame(view, at, length);
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      // The engine writes objects.
      const content = recordContent(bytes, at, length) as Record<string, unknown>;
      if (type === RecordType.Status) this.outcome.status = content;
      if (type === RecordType.Complaint) this.outcome.complaints.push(String(content["message"]));
      if (type === RecordType.Event) {
        const stream = this.options.streams[Number(content["stream"])]!;
        this.outcome.events.push(`${stream.acronym} ${content["change"]}`);
      }
    });
  }

  #frame(view: DataView, at: number, length: number): void {
    const { acronym, labels, frame } = this.#devices[view.getUint16(at + 6, true)]!;
    readFrame(view, at, length, frame);
    const list = this.outcome.frames.get(acronym) ?? [];
    this.outcome.frames.set(acronym, list);
    list.push({
      time: formatInstant(frame.instant),
      values: Object.fromEntries(labels.map((label, i) => [label, frame.values[i]!])),
      flags: [...frame.flags],
    });
  }
}
