import assert from "node:assert/strict";
import { clientCertificate } from "./certificates.ts";
import { type CellLine, type CellRules, type CellSpec, compareCell, runCells } from "./cells.ts";
import { type Recorded, startGateway, startSimulator } from "./gateway.ts";
import { Matrix, NOT_AVAILABLE } from "./matrix.ts";
import { LineProcess, PYTHON, pythonProgram, reasonOf } from "./peers.ts";
import { SentValues, type SimulatedFleet, simulatorArguments } from "./sent_values.ts";
import { freePort } from "../support/ports.ts";

const FLEET: SimulatedFleet = { count: 2, rate: 30, seed: 42, missing: 0.01 };
const ALL = "FILTER ActiveMeasurements WHERE Device LIKE 'PMU%' AND SignalType <> 'STAT'";
const SOME = "FILTER ActiveMeasurements WHERE Device = 'PMU2' AND SignalType IN ('FREQ', 'VPHM')";

const VERSIONS = [1, 2, 3] as const;

/** A row of the matrix. */
interface Mode {
  readonly name: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly steps?: CellSpec["steps"];
  readonly udp?: true;
  /** What the library says where it cannot, and the cell. */
  readonly cannot?: { readonly told: string; readonly outcome: string };
  /** What our publisher says when it refuses, in these versions. */
  readonly refused?: { readonly versions: readonly number[]; readonly text: string };
  readonly rules?: Partial<CellRules>;
}

/** Runs in which there are enough measurements of each signal, some of which may be left out. */
const AT_LEAST = 35, ENOUGH = 40;
const LONG = { run: 2, least: ENOUGH };
const PLAIN = { compress_payloaddata: false };
const MODES: readonly Mode[] = [
  { name: "TSSC; metadata and cache gzip" },
  { name: "TSSC; metadata plain, cache gzip", config: { compress_metadata: false } },
  { name: "TSSC; metadata gzip, cache plain", config: { compress_signalindexcache: false } },
  {
    name: "TSSC; metadata and cache plain",
    config: { compress_metadata: false, compress_signalindexcache: false },
  },
  { name: "compact; metadata and cache gzip", config: PLAIN, rules: { compactFlags: true } },
  {
    name: "compact; metadata and cache plain",
    config: { ...PLAIN, compress_metadata: false, compress_signalindexcache: false },
    rules: { compactFlags: true },
  },
  {
    name: "compact without time",
    config: PLAIN,
    settings: { includetime: false },
    rules: { compactFlags: true, timeless: true },
  },
  {
    name: "compact, milliseconds",
    config: PLAIN,
    settings: { use_millisecondresolution: true },
    rules: { compactFlags: true },
  },
  {
    name: "throttled, TSSC",
    settings: { throttled: true, publishinterval: 0.5 },
    rules: { latestOnly: 3 },
  },
  {
    name: "throttled, compact",
    config: PLAIN,
    settings: { throttled: true, publishinterval: 0.5 },
    rules: { latestOnly: 3, compactFlags: true },
  },
  {
    name: "without NaN, TSSC",
    settings: { request_nanvaluefilter: true },
    rules: { withoutNaN: true },
  },
  {
    name: "without NaN, compact",
    config: PLAIN,
    settings: { request_nanvaluefilter: true },
    rules: { withoutNaN: true, compactFlags: true },
  },
  {
    name: "resubscribe, same filter, TSSC",
    steps: [{ subscribe: ALL }, { run: 1.5 }, { subscribe: ALL }, LONG],
    // What falls before the cache is confirmed, for which a busy machine takes its time.
    rules: { gapFrames: 3 * FLEET.rate },
  },
  {
    name: "resubscribe, other filter, TSSC",
    steps: [
      ...[{ subscribe: ALL }, { run: 1 }, { subscribe: SOME }, { run: 1 }],
      ...[{ subscribe: ALL }, LONG],
    ],
  },
  {
    name: "resubscribe, other filter, compact",
    config: PLAIN,
    steps: [{ subscribe: SOME }, { run: 1.5 }, { subscribe: ALL }, LONG],
    rules: { compactFlags: true },
  },
  {
    name: "unsubscribe, then subscribe",
    steps: [
      ...[{ subscribe: ALL }, { run: 1.5 }, { unsubscribe: true as const }],
      ...[{ run: 0.5, wait: false }, { subscribe: ALL }, LONG],
    ],
  },
  {
    name: "UDP, unencrypted",
    udp: true,
    rules: { compactFlags: true, answer: "compact format over UDP" },
    refused: { versions: [1], text: "UDP data channels need protocol version 2 or 3" },
  },
  {
    name: "replay (start and stop time)",
    settings: { starttime: "2026-01-01 00:00:00", stoptime: "2026-01-01 00:00:01" },
    steps: [{ subscribe: ALL }, { run: 0.5, refused: true }],
    refused: { versions: VERSIONS, text: "emporal" },
  },
];

const ENCRYPTED: Mode = {
  name: "UDP, AES (keys over TLS)",
  refused: { versions: [1], text: "UDP data channels need protocol version 2 or 3" },
  cannot: { told: "Incorrect AES key length", outcome: "cannot: misreads the keys" },
};
const TCP_TSSC = "TSSC compression over TCP", TCP_COMPACT = "compact format over TCP";
const matrix = new Matrix(
  "our publisher, third-party subscribers",
  ["Python", "Go"].flatMap((client) => VERSIONS.map((v) => `${client}, version ${v}`)),
);

Deno.test("matrix: our publisher and third-party subscribers in every version and mode", async () => {
  const python = reasonOf("sttp") === undefined;
  const lines = python ? await measure() : undefined;
  for (const mode of [...MODES, ENCRYPTED]) {
    const compact = mode.rules?.compactFlags === true;
    for (const version of VERSIONS) {
      const column = `Python, version ${version}`;
      // The module proxy refuses the Go client: see docs/interop.md.
      matrix.set(mode.name, `Go, version ${version}`, NOT_AVAILABLE);
      if (!lines || (mode === ENCRYPTED && reasonOf("openssl") !== undefined)) {
        matrix.set(mode.name, column, NOT_AVAILABLE);
        continue;
      }
      const line = lines.cells.get(version)?.get(mode.name);
      if (line && mode.refused?.versions.includes(version)) {
        const { text } = mode.refused;
        const told = line.errors.some((e) => e.includes(text));
        matrix.set(
          mode.name,
          column,
          told ? "refused" : "differs",
          told ? [] : [
            `expected "${text}", found ${JSON.stringify(line.errors)}`,
          ],
        );
        continue;
      }
      if (line && mode.cannot) {
        const { told, outcome } = mode.cannot;
        const data = line.events.some((e) => e[0] === "data");
        const said = line.errors.some((e) => e.includes(told)) && !data;
        matrix.set(mode.name, column, said ? outcome : "differs", said ? [] : line.errors);
        continue;
      }
      const faults = line
        ? compareCell(line, lines.sent, {
          atLeast: AT_LEAST,
          answer: compact ? TCP_COMPACT : TCP_TSSC,
          ...mode.rules,
        })
        : ["the client reported nothing"];
      const equal = compact ? "equal, short flags" : "equal";
      matrix.set(mode.name, column, faults.length === 0 ? equal : "differs", faults);
    }
  }
  assert.deepEqual(await matrix.settle(), []);
});

async function measure() {
  const simulator = await startSimulator(FLEET.count, simulatorArguments(FLEET));
  const cells = new Map<number, Map<string, CellLine>>();
  let records: Recorded[] = [];
  try {
    const gateway = await startGateway({
      inputs: simulator.ports.map((port, i) => ({ name: `pmu${i + 1}`, port, idCode: i + 1 })),
      output: "connectionsPerSubscriber = 32\nudp = true\nudpUnencrypted = true",
    });
    try {
      await Promise.all(VERSIONS.map(async (version) => {
        const specs = MODES.map((mode): CellSpec => ({
          cell: mode.name,
          config: { version, ...mode.config },
          settings: {
            ...mode.settings,
            ...(mode.udp ? { udpport: freePort() } : {}),
          },
          steps: mode.steps ??
            [{ subscribe: ALL }, { run: 1.7, least: mode.rules?.latestOnly ?? ENOUGH }],
        }));
        cells.set(version, await runCells(gateway.port, specs, 400_000));
      }));
    } finally {
      await gateway.stop();
    }
    for (const [version, line] of await measureEncrypted(simulator.ports)) {
      cells.get(version)!.set(ENCRYPTED.name, line);
    }
  } finally {
    records = await simulator.stop();
  }
  return { cells, sent: new SentValues(FLEET, records) };
}

/** The cells of UDP with AES, each behind its own tunnel, since keys go over TLS only. */
async function measureEncrypted(ports: readonly number[]): Promise<[number, CellLine][]> {
  if (reasonOf("openssl") !== undefined) return [];
  const certificates = await clientCertificate();
  const { gateway: own, client } = certificates;
  try {
    const gateway = await startGateway({
      inputs: ports.map((port, i) => ({ name: `pmu${i + 1}`, port, idCode: i + 1 })),
      output: "connectionsPerSubscriber = 32\nudp = true",
      tls: { ...own, pin: client.sha256 },
    });
    try {
      return await Promise.all(VERSIONS.map(async (version): Promise<[number, CellLine]> => {
        const listen = freePort();
        const tunnel = new LineProcess(PYTHON, [
          pythonProgram("tls_tunnel.py"),
          ...[String(listen), "127.0.0.1", String(gateway.port)],
          ...[own.certificate, client.certificate, client.key],
        ]);
        try {
          await tunnel.line("listening");
          const lines = await runCells(listen, [{
            cell: ENCRYPTED.name,
            config: { version },
            settings: { udpport: freePort() },
            // Data begin a second after the keys, which the library complains of.
            steps: [{ subscribe: ALL }, { run: 2, refused: true }],
          }], 120_000);
          return [version, lines.get(ENCRYPTED.name)!];
        } finally {
          await tunnel.stop();
        }
      }));
    } finally {
      await gateway.stop();
    }
  } finally {
    await certificates.remove();
  }
}
