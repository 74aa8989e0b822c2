import assert from "node:assert/strict";
import { systemClock } from "../../mod/os/mod.ts";
import { SttpClient } from "../../mod/input/sttp/mod.ts";
import {
  clientModes,
  type MeasurementBatch,
  type SubscriberCache,
  SubscriberSession,
} from "../../mod/sttp/mod.ts";
import { startGateway } from "./gateway.ts";
import { Matrix, NOT_AVAILABLE } from "./matrix.ts";
import { LineProcess, PYTHON, pythonProgram, reasonOf } from "./peers.ts";
import { freePort } from "../support/ports.ts";
import { until } from "../support/waiting.ts";

const SIGNALS = 20, RATE = 30, LISTEN_MS = 3000;
/** How long what has to come may take on a machine that is busy, and the longest life of a publisher. */
const MOST_MS = 50_000, PUBLISHER_SECONDS = 300;
const ALL = "FILTER ActiveMeasurements WHERE SignalType = 'CALC'";
const HALF = "FILTER TOP 10 ActiveMeasurements WHERE SignalType = 'CALC' ORDER BY PointTag";

/** A row: what our subscriber asks for, and what it must come to. */
interface Mode {
  readonly name: string;
  readonly modes?: {
    readonly metadata?: boolean;
    readonly cache?: boolean;
    readonly tssc?: boolean;
  };
  readonly filter?: string;
  /** With the option to decode all data with the newest cache: the publisher names a plain one 0xFF. */
  readonly newestCache?: true;
  /** Subscribes anew half-way, to the same signals. */
  readonly again?: true;
  /** Signals that must come; all when left out. */
  readonly signals?: number;
  /** Where the publisher cannot: what our subscriber says, and the cell. */
  readonly cannot?: { readonly told: RegExp; readonly outcome: string };
}

const MODES: readonly Mode[] = [
  { name: "TSSC; metadata and cache gzip" },
  { name: "TSSC; metadata plain", modes: { metadata: false } },
  { name: "TSSC; cache plain", modes: { cache: false }, newestCache: true },
  {
    name: "TSSC; metadata and cache plain",
    modes: { metadata: false, cache: false },
    newestCache: true,
  },
  {
    name: "compact",
    modes: { tssc: false },
    cannot: { told: /Cannot read a data packet/, outcome: "cannot: packets without count" },
  },
  { name: "filter with TOP and ORDER BY", filter: HALF, signals: 10 },
  {
    name: "filter with several statements",
    filter: `${HALF}; ${ALL}`,
    cannot: { told: /No measurements matched/, outcome: "cannot: cuts it at the semicolon" },
  },
  {
    name: "filter that nothing matches",
    filter: "FILTER ActiveMeasurements WHERE SignalType = 'NONE'",
    cannot: { told: /No measurements matched/, outcome: "refuses" },
  },
  { name: "empty filter", filter: "" },
  {
    name: "resubscribe",
    again: true,
    // Its encoder and its sequence go on: our session subscribes once more, then asks for a new connection.
    cannot: { told: /^sequence: TSSC packets stay out of/, outcome: "cannot: we reconnect" },
  },
];

const LARGE: Mode = {
  name: "flags from 256",
  cannot: { told: /Cannot decode a TSSC packet/, outcome: "cannot: broken packets" },
};
const RELAYED = "as [input.NAME] of a gateway";

interface Got {
  /** By `GUID ticks`: bits in hex and flags. */
  readonly values: Map<string, string>;
  readonly twice: string[];
  readonly told: string[];
}

/** Listens for a while with our own client. */
async function listen(port: number, version: number, mode: Mode, ms: number): Promise<Got> {
  const got: Got = { values: new Map(), twice: [], told: [] };
  const compress = clientModes(version);
  const { metadata = true, cache = true, tssc = true } = mode.modes ?? {};
  const client = new SttpClient({
    hostname: "127.0.0.1",
    port,
    clock: systemClock(),
    reconnectMinMs: 500,
    session: {
      useNewestCache: mode.newestCache ?? false,
      request: { filterExpression: mode.filter ?? ALL },
      modes: {
        ...compress,
        ...{ tssc, compressPayloadData: tssc },
        ...{ compressMetadata: metadata, compressSignalIndexCache: cache },
      },
    },
    events: {
      measurements: (batch, cache) => keep(batch, cache, got),
      complain: (kind, message) => got.told.push(`${kind}: ${message}`),
      refused: (_command, text) => got.told.push(`refused: ${text}`),
      disconnected: (message) => got.told.push(`disconnected: ${message}`),
    },
  });
  client.start();
  // Until there are enough data, or it is told why there are none; a busy machine may need longer for the same.
  const enough = 2 * RATE * (mode.signals ?? SIGNALS);
  const isDone = () =>
    mode.cannot ? got.told.some((text) => mode.cannot!.told.test(text)) : got.values.size >= enough;
  const began = performance.now();
  const passed = () => performance.now() - began;
  await until(() => passed() > MOST_MS || (passed() > ms && isDone()));
  await client.stop();
  return got;
}

function keep(batch: MeasurementBatch, cache: SubscriberCache, got: Got): void {
  for (let i = 0; i < batch.count; i++) {
    const record = cache.records[cache.positionOf(batch.ids[i]!)];
    const ticks = (BigInt(batch.ticksHi[i]!) << 32n) | BigInt(batch.ticksLo[i]!);
    const key = `${record?.signalId} ${ticks}`;
    if (got.values.has(key)) got.twice.push(key);
    const bits = batch.valueBits[i]!.toString(16).padStart(8, "0");
    got.values.set(key, `${bits} ${batch.flags[i]}`);
  }
}

/** Subscribes anew after a second of data, on the same connection, and waits for what comes of it. */
async function subscribeAgain(port: number, version: number): Promise<Got> {
  const got: Got = { values: new Map(), twice: [], told: [] };
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  let open = true;
  const close = () => {
    if (open) connection.close();
    open = false;
  };
  const session = new SubscriberSession({
    nowMs: performance.now(),
    modes: clientModes(version),
    request: { filterExpression: ALL },
    events: {
      transmit: (bytes) => void connection.write(bytes.slice()),
      close: (kind, message) => {
        got.told.push(`${kind}: ${message}`);
        close();
      },
      measurements: (batch, cache) => keep(batch, cache, got),
    },
  });
  session.start(performance.now());
  const ticks = setInterval(() => session.tick(performance.now()), 100);
  let isAgain = false;
  const again = setInterval(() => {
    if (isAgain || got.values.size < SIGNALS * RATE) return;
    isAgain = true;
    got.values.clear();
    session.subscribe({ filterExpression: ALL });
  }, 100);
  // Our session waits 5 s before it subscribes once more, and 5 s before it gives up and closes.
  const end = setTimeout(close, MOST_MS);
  const buffer = new Uint8Array(65536);
  try {
    while (open) {
      const size = await connection.read(buffer);
      if (size === null) break;
      session.receive(buffer.subarray(0, size), performance.now());
    }
  } catch (error) {
    // A read that waits while the session closes the connection.
    if (open) throw error;
  } finally {
    clearInterval(ticks);
    clearInterval(again);
    clearTimeout(end);
    close();
  }
  return got;
}

type Sent = [string, string, string, number][];

/** Runs the publisher for the length of `during` and returns what it sent. */
async function withPublisher(
  kind: string,
  during: (port: number) => Promise<void>,
): Promise<{ sent: Sent; stderr: string }> {
  const folder = await Deno.makeTempDir({ prefix: "tieline-publisher-" });
  const port = freePort();
  const publisher = new LineProcess(PYTHON, [
    pythonProgram("sttp_publisher.py"),
    ...[port, SIGNALS, RATE, PUBLISHER_SECONDS].map(String),
    ...[folder, kind],
  ]);
  try {
    await publisher.line("listening");
    await during(port);
    await publisher.stop(); // it tells at its end what it sent
    const sent = await publisher.line<Sent>("sent");
    return { sent, stderr: publisher.stderr };
  } finally {
    await publisher.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Faults of what came: each value, flag and stamp, none twice, none missing between the first and the last. */
function compare(got: Got, sent: Sent, signals = SIGNALS): string[] {
  const faults = [...got.told, ...got.twice.map((key) => `${key}: twice`)];
  const bySignal = new Map<string, Map<string, string>>();
  for (const [id, ticks, bits, flags] of sent) {
    let own = bySignal.get(id);
    if (!own) bySignal.set(id, own = new Map());
    own.set(ticks, `${bits} ${flags}`);
  }
  let seen = 0;
  for (const [id, own] of bySignal) {
    const stamps = [...own.keys()];
    const come = stamps.flatMap((t, i) => got.values.has(`${id} ${t}`) ? [i] : []);
    if (come.length === 0) continue;
    seen++;
    if (come.length < RATE) faults.push(`${id}: only ${come.length} values`);
    if (come.at(-1)! - come[0]! + 1 !== come.length) faults.push(`${id}: some are missing`);
    for (const i of come) {
      const expected = own.get(stamps[i]!), found = got.values.get(`${id} ${stamps[i]}`);
      if (found !== expected) {
        faults.push(`${id} at ${stamps[i]}: expected ${expected}, found ${found}`);
      }
    }
  }
  if (seen !== signals) faults.push(`expected ${signals} signals, found ${seen}`);
  const known = new Set(sent.map(([id, ticks]) => `${id} ${ticks}`));
  const unsent = [...got.values.keys()].filter((key) => !known.has(key));
  if (unsent.length > 0) faults.push(`${unsent[0]} and others were never sent`);
  return faults;
}

const VERSIONS = [1, 2, 3] as const;
const columnOf = (version: number) => `Python, version ${version}`;

Deno.test("matrix: a third-party publisher and our subscriber in every version and mode", async () => {
  const matrix = new Matrix("third-party publishers, our subscriber", VERSIONS.map(columnOf));
  const python = reasonOf("sttp") === undefined;
  const got = new Map<string, Got>();
  let sent: Sent = [];
  if (python) {
    // One publisher serves all rows at once.
    const result = await withPublisher("small", async (port) => {
      await Promise.all(VERSIONS.flatMap((version) =>
        MODES.map(async (mode) => {
          const own = mode.again
            ? await subscribeAgain(port, version)
            : await listen(port, version, mode, LISTEN_MS);
          got.set(`${mode.name} ${version}`, own);
        })
      ));
    });
    sent = result.sent;
  }
  const [relays] = python
    ? await Promise.all([Promise.all(VERSIONS.map(relay)), listenToLarge(got)])
    : [[]];
  for (const mode of [...MODES, LARGE]) {
    for (const version of VERSIONS) {
      const own = got.get(`${mode.name} ${version}`);
      if (!own) matrix.set(mode.name, columnOf(version), NOT_AVAILABLE);
      else if (mode.cannot) {
        const { told, outcome } = mode.cannot;
        // Frames may be under way while it subscribes anew.
        const most = mode.again ? 3 * SIGNALS : 0;
        const said = own.told.some((t) => told.test(t)) && own.values.size <= most;
        matrix.set(
          mode.name,
          columnOf(version),
          said ? outcome : "differs",
          said ? [] : [JSON.stringify([own.told.slice(0, 3), own.values.size])],
        );
      } else {
        const faults = compare(own, sent, mode.signals);
        const equal = mode.newestCache && version > 1 ? "equal, newest cache" : "equal";
        matrix.set(mode.name, columnOf(version), faults.length === 0 ? equal : "differs", faults);
      }
    }
  }
  VERSIONS.forEach((version, i) => {
    const faults = relays[i];
    const outcome = !faults ? NOT_AVAILABLE : faults.length === 0 ? "equal" : "differs";
    matrix.set(RELAYED, columnOf(version), outcome, faults ?? []);
  });
  assert.deepEqual(await matrix.settle(), []);
});

/** Listens to a publisher that is given flags which its encoder cannot take. */
async function listenToLarge(got: Map<string, Got>): Promise<void> {
  await withPublisher("large", async (port) => {
    await Promise.all(VERSIONS.map(async (version) => {
      got.set(`${LARGE.name} ${version}`, await listen(port, version, LARGE, LISTEN_MS));
    }));
  });
}

/** Publisher, gateway with an STTP input, our client: each value with the GUID and flags of the publisher. */
async function relay(version: number): Promise<string[]> {
  let got: Got | undefined;
  const { sent } = await withPublisher("small", async (port) => {
    const gateway = await startGateway({
      inputs: [],
      tables: `
[input.python]
type = "sttp"
host = "127.0.0.1"
port = ${port}
insecure = true
version = ${version}
filter = ${JSON.stringify(ALL)}
`,
    });
    try {
      got = await listen(gateway.port, 2, {
        name: "",
        filter: "FILTER ActiveMeasurements WHERE SignalType = 'CALC'",
      }, LISTEN_MS);
    } finally {
      await gateway.stop();
    }
  });
  assert.ok(got);
  return compare(got, sent);
}
