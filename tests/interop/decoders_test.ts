import assert from "node:assert/strict";
import {
  type Frame,
  makeFrame,
  makeLayout,
  setFromTicks,
  type Signal,
} from "../../mod/core/mod.ts";
import {
  type BaseTimeOffsets,
  Command,
  commandFrame,
  type DeliveryCounter,
  encodeText,
  FrameLog,
  fromCompactFlags,
  MAX_COMPACT_BYTES,
  MAX_PACKET_DATA,
  PublisherSession,
  Response,
  toCompactFlags,
  TsscEncoder,
  writeCompact,
} from "../../mod/sttp/mod.ts";
import { Matrix, NOT_AVAILABLE } from "./matrix.ts";
import { LineProcess, PYTHON, pythonProgram, reasonOf } from "./peers.ts";
import { quietBits, RandomData, type RawMeasurement } from "./random_data.ts";

// What our encoders and our publisher's session write is read by the Python library's own decoders, bit for bit.

type Decoded = [number | string, string, number, string];

interface Case {
  readonly name: string;
  /** What decode.py is given. */
  readonly input: Readonly<Record<string, unknown>>;
  /** What must come out. */
  readonly expected: readonly Decoded[];
  /** What the library says where it cannot read the case. */
  readonly cannot?: { readonly outcome: string; readonly error: string };
}

const hex = (bytes: Uint8Array) => bytes.toHex();
const hexBits = (bits: number) => (bits >>> 0).toString(16).padStart(8, "0");
const hiOf = (ticks: bigint) => Number(ticks >> 32n), loOf = (t: bigint) => Number(t & 0xffffffffn);

function tsscCase(): Case {
  const data = new RandomData(1), encoder = new TsscEncoder();
  const ids = Array.from({ length: 60 }, (_, i) => i < 40 ? i : data.below(0x7ffffffe));
  const out = new Uint8Array(MAX_PACKET_DATA + 16);
  const blocks: string[] = [], expected: Decoded[] = [];
  for (let packet = 0; packet < 60; packet++) {
    encoder.begin(out, 0);
    const count = 1 + data.below(150);
    for (let i = 0; i < count; i++) {
      const id = data.below(4) === 0 ? ids[data.below(ids.length)]! : ids[i % ids.length]!;
      const m: RawMeasurement = {
        id,
        ticks: data.ticks(true),
        flags: data.flags(),
        bits: data.bits(id),
      };
      assert.ok(encoder.add(m.id, hiOf(m.ticks), loOf(m.ticks), m.flags, m.bits));
      expected.push([m.id, String(m.ticks), m.flags, hexBits(m.bits)]);
    }
    blocks.push(hex(out.subarray(3, encoder.end())));
  }
  return { name: "TSSC encoder, any 64-bit time", input: { kind: "tssc", blocks }, expected };
}

function compactCase(
  name: string,
  format: { time: boolean; milliseconds: boolean; timeIndex: 0 | 1; based: boolean },
  cannot?: Case["cannot"],
): Case {
  const data = new RandomData(2);
  const base = 638_000_000_000_000_000n - 50_000_000n;
  const bases = format.based ? [base, base + 600_000_000n] : [0n, 0n];
  const baseTimes: BaseTimeOffsets = {
    timeIndex: format.timeIndex,
    hi: [hiOf(bases[0]!), hiOf(bases[1]!)],
    lo: [loOf(bases[0]!), loOf(bases[1]!)],
  };
  const out = new Uint8Array(2000 * MAX_COMPACT_BYTES);
  const indexes = Array.from({ length: 50 }, (_, i) => i < 40 ? i : data.below(0x7ffffffe));
  const expected: Decoded[] = [];
  let at = 0;
  const count = 2000;
  for (let i = 0; i < count; i++) {
    const id = indexes[i % indexes.length]!;
    const ticks = data.ticks(true), flags = data.flags(), bits = data.bits(id);
    const start = at;
    at = writeCompact(
      out,
      at,
      { includeTime: format.time, millisecondResolution: format.milliseconds, baseTimes },
      id,
      hiOf(ticks),
      loOf(ticks),
      flags,
      bits,
    );
    // Two bytes of time hold whole milliseconds after the base.
    const truncated = at - start === 11
      ? ticks - (ticks - bases[format.timeIndex]!) % 10_000n
      : ticks;
    expected.push([
      id,
      format.time ? String(truncated) : "0",
      fromCompactFlags(toCompactFlags(flags)),
      hexBits(quietBits(bits)),
    ]);
  }
  const input = {
    ...{ kind: "compact", bytes: hex(out.subarray(0, at)), count, indexes, time: format.time },
    ...{ milliseconds: format.milliseconds, bases: bases.map(String) },
  };
  return { name, input, expected, ...(cannot ? { cannot } : {}) };
}

const SIGNALS = 40, FRAMES = 160;

function signal(handle: number): Signal {
  return {
    ...{ handle, id: `00000000-0000-4000-8000-${handle.toString(16).padStart(12, "0")}` },
    ...{ device: "TEST", type: "ALOG", label: "", phase: "", unit: "", index: handle + 1 },
    ...{ description: "", reference: `TEST-AV${handle + 1}`, source: "T", number: handle + 1 },
    pointTag: `TEST:A${handle}`,
  };
}

const nobody: DeliveryCounter = {
  offered() {},
  sent() {},
  queued() {},
  filtered() {},
  dropped() {},
};

/** All bytes that a session writes from hello to the last of some hundred frames. */
function sessionCase(
  name: string,
  version: 1 | 2 | 3,
  options: { tssc: boolean; gzip: boolean; time?: boolean; milliseconds?: boolean; aes?: true },
): Case {
  const data = new RandomData(3 + version);
  const written: Uint8Array[] = [];
  let unconfirmed = 0, nowMs = 0;
  // As over TCP, so that all are in one stream in the order of sending.
  const keepDatagram = (datagram: Uint8Array): boolean => {
    const size = new Uint8Array(4);
    new DataView(size.buffer).setUint32(0, datagram.length);
    written.push(size, datagram);
    return true;
  };
  const log = new FrameLog(1 << 20);
  const permitted = new Uint8Array(SIGNALS).fill(1);
  const signals = Array.from({ length: SIGNALS }, (_, i) => signal(i));
  const session = new PublisherSession({
    log,
    rights: {
      version: 1,
      permitted: () => permitted,
      *select() {
        yield;
        return { signals, unauthorized: [] };
      },
    },
    books: nobody,
    subscriberId: signals[0]!.id,
    queueBytes: 1 << 20,
    nowMs: 0,
    ...(options.aes
      ? {
        udp: {
          packetBytes: 1400,
          keyPeriodMs: 1000,
          keySource: () => ({ key: data.bytes(32), iv: data.bytes(16) }),
          flushed: () => true,
          open: () => ({ send: (datagram) => keepDatagram(datagram), close() {} }),
        },
      }
      : {}),
    events: {
      transmit: (bytes) => {
        written.push(bytes.slice());
        if (bytes[4] === 0x83 && version > 1) unconfirmed++;
      },
      metadata() {},
      close: (_, message) => assert.fail(message),
      complain: (kind, message) => assert.fail(`${kind}: ${message}`),
      note() {},
    },
  });
  const send = (command: number, payload = new Uint8Array(0)) => {
    session.receive(commandFrame(command, payload), nowMs);
    while (session.work());
  };
  const { time = true, milliseconds = false, tssc, gzip } = options;
  const modes = (0x220 | version | (tssc ? 0x20000040 : 0) | (gzip ? 0x40000000 : 0)) >>> 0;
  const word = new Uint8Array(4);
  new DataView(word.buffer).setUint32(0, modes);
  send(Command.DefineOperationalModes, word);
  const text = encodeText(
    `includeTime=${time};useMillisecondResolution=${milliseconds};${
      options.aes ? "dataChannel={localport=9};" : ""
    }filterExpression={all}`,
    "utf-8",
  );
  const payload = new Uint8Array(5 + text.length);
  payload[0] = 2;
  new DataView(payload.buffer).setUint32(1, text.length);
  payload.set(text, 5);
  const layout = makeLayout("test", signals.map((s) => s.handle), [], 30);
  const frame: Frame = makeFrame(layout);
  const bits = new Uint32Array(frame.values.buffer);
  const expected: Decoded[] = [];
  for (let i = 0; i < FRAMES; i++) {
    // A new subscription in the middle makes a new cache and a fresh encoder.
    if (i === 0 || (i === FRAMES / 2 && !options.aes)) {
      send(Command.Subscribe, payload);
      for (; unconfirmed > 0; unconfirmed--) send(Command.ConfirmUpdateSignalIndexCache);
    }
    let ticks = data.ticks();
    if (ticks < 0n) ticks = 0n;
    setFromTicks(frame.instant, hiOf(ticks), loOf(ticks));
    frame.arrivalMicros = 1e6 + i;
    for (let s = 0; s < SIGNALS; s++) {
      bits[s] = data.bits(s);
      frame.flags[s] = data.flags();
      expected.push([
        signals[s]!.id,
        time ? String(ticks) : "0",
        tssc ? frame.flags[s]! : fromCompactFlags(toCompactFlags(frame.flags[s]!)),
        hexBits(tssc ? bits[s]! : quietBits(bits[s]!)),
      ]);
    }
    log.accept(frame);
    nowMs += 20;
    session.tick(nowMs, nowMs * 1000, 1 << 20);
    session.pump(1 << 20);
  }
  session.end();
  if (options.aes) {
    const rotations = written.filter((b) => b[4] === Response.UpdateCipherKeys).length;
    assert.ok(rotations >= 3, `keys were sent ${rotations} times`);
  }
  const all = new Uint8Array(written.reduce((n, b) => n + b.length, 0));
  let at = 0;
  for (const bytes of written) {
    all.set(bytes, at);
    at += bytes.length;
  }
  const input = { kind: "session", version, gzip, time, milliseconds, bytes: hex(all) };
  return { name, input, expected };
}

const ODD = {
  outcome: "cannot: flag bit 0x80",
  error: "OverflowError: Python integer",
} as const;

function cases(): Case[] {
  const full = { time: true, milliseconds: false, timeIndex: 0, based: false } as const;
  const sessions = ([1, 2, 3] as const).flatMap((version) => [
    sessionCase(`session, version ${version}, TSSC, cache gzip`, version, {
      tssc: true,
      gzip: true,
    }),
    sessionCase(`session, version ${version}, TSSC, cache plain`, version, {
      tssc: true,
      gzip: false,
    }),
    sessionCase(`session, version ${version}, compact`, version, { tssc: false, gzip: false }),
    sessionCase(`session, version ${version}, compact without time`, version, {
      ...{ tssc: false, gzip: true, time: false },
    }),
    sessionCase(`session, version ${version}, compact, milliseconds`, version, {
      ...{ tssc: false, gzip: true, milliseconds: true },
    }),
    ...(version === 1 ? [] : [
      sessionCase(`session, version ${version}, UDP with AES, keys rotated`, version, {
        ...{ tssc: false, gzip: true, aes: true as const },
      }),
    ]),
  ]);
  return [
    tsscCase(),
    compactCase("compact encoder, full time", full),
    compactCase("compact encoder, without time", { ...full, time: false }),
    compactCase("compact encoder, ticks after the even base", { ...full, based: true }),
    compactCase("compact encoder, milliseconds after the even base", {
      ...{ ...full, based: true, milliseconds: true },
    }),
    compactCase("compact encoder, ticks after the odd base", {
      ...{ ...full, based: true, timeIndex: 1 },
    }, ODD),
    compactCase("compact encoder, milliseconds after the odd base", {
      ...{ ...full, based: true, milliseconds: true, timeIndex: 1 },
    }, ODD),
    ...sessions,
  ];
}

const COLUMN = "decoders of sttpapi";

Deno.test("the Python library's decoders read what our encoders and publisher write", async () => {
  const matrix = new Matrix("our encoders, decoders of third parties", [COLUMN]);
  const all = cases();
  const decoded = reasonOf("sttp") === undefined ? await decode(all) : undefined;
  for (const { name, expected, cannot } of all) {
    const result = decoded?.get(name);
    if (!result) {
      matrix.set(name, COLUMN, NOT_AVAILABLE, decoded ? ["nothing was printed"] : []);
      continue;
    }
    const { measurements, errors } = result;
    if (cannot && errors.some((e) => e.includes(cannot.error))) {
      matrix.set(name, COLUMN, cannot.outcome);
      continue;
    }
    const faults = [...errors];
    if (measurements.length !== expected.length) {
      faults.push(`expected ${expected.length} measurements, found ${measurements.length}`);
    }
    measurements.forEach((m, i) => {
      const e = expected[i];
      if (JSON.stringify(m) !== JSON.stringify(e)) {
        faults.push(`measurement ${i}: expected ${e}, found ${m}`);
      }
    });
    matrix.set(name, COLUMN, faults.length === 0 ? "equal" : "differs", faults);
  }
  assert.deepEqual(await matrix.settle(), []);
});

async function decode(all: readonly Case[]) {
  const file = await Deno.makeTempFile({ suffix: ".json" });
  const input = all.map(({ name, input }) => ({ case: name, ...input }));
  await Deno.writeTextFile(file, JSON.stringify(input));
  const python = new LineProcess(PYTHON, [pythonProgram("decode.py"), file]);
  try {
    await python.line("done", 120_000);
    // Printed by decode.py in this form.
    const lines = python.lines.filter((l) => "case" in l) as unknown as {
      case: string;
      measurements: Decoded[];
      errors: string[];
    }[];
    return new Map(lines.map((l) => [l.case, l]));
  } finally {
    await python.stop();
    await Deno.remove(file);
  }
}
