/**
 * A whole site in one process: simulated PMUs and gateways on real sockets.
 *
 * @module
 */
import { AdminHost } from "../../mod/admin/mod.ts";
import {
  Gateway,
  type GatewayKeeper,
  logFor,
  openConfigKeeper,
  readConfig,
} from "../../mod/gateway/mod.ts";
import { hashToken, tokenText } from "../../mod/identity/mod.ts";
import { type KeyPair, makeSelfSigned, systemClock } from "../../mod/os/mod.ts";
import type { SttpOutput } from "../../mod/output/sttp/mod.ts";
import {
  type FrameRecord,
  PmuFleet,
  type PmuSimulator,
  type PmuSimulatorOptions,
} from "../../mod/sim/mod.ts";
import { KeptLog } from "./log.ts";
import { Subscriber, type SubscriberOptions } from "./subscriber.ts";
import { until } from "../support/waiting.ts";

/** UUID of the gateway under test. */
export const GATEWAY_ID = "0d9ac3b4-5e0f-4c7e-9f1a-77a8c8a3f2d1";

/** A simulated PMU and what it sent. */
export interface RecordedPmu {
  /** The simulator. */
  readonly pmu: PmuSimulator;
  /** Every data frame that was handed to a receiver or lost. */
  readonly records: FrameRecord[];
}

/** Everything of one test; closed in the reverse order of its making. */
export class Site {
  /** What the program logs. */
  readonly log: KeptLog;
  /** The simulated PMUs. */
  readonly fleet: PmuFleet = new PmuFleet();
  /** Folder of this test. */
  readonly folder: string;
  readonly #closers: (() => Promise<void>)[] = [];
  readonly #texts = new Map<Gateway, string>();
  #gateways = 0;

  private constructor(log: KeptLog, folder: string) {
    this.log = log;
    this.folder = folder;
  }

  /** Runs a test in a site of its own, and cleans up after it. */
  static async with(test: (site: Site) => Promise<void>): Promise<void> {
    const site = new Site(await KeptLog.begin(), await Deno.makeTempDir({ prefix: "tieline-" }));
    try {
      await test(site);
    } finally {
      for (const close of site.#closers.reverse()) await close();
      await site.fleet.close();
      await Deno.remove(site.folder, { recursive: true });
    }
  }

  /** Calls `close` at the end of the test. */
  atEnd(close: () => Promise<void>): void {
    this.#closers.push(close);
  }

  /** Adds a PMU with IDCODE and device number `n` (from 1), on any port unless told otherwise. */
  async pmu(n: number, options: Partial<PmuSimulatorOptions> = {}): Promise<RecordedPmu> {
    const records: FrameRecord[] = [];
    const pmu = await this.fleet.add({
      idCode: n,
      rate: 60,
      transport: { kind: "tcp", port: 0 },
      devices: [{ device: n, station: `STATION ${n}`, phasors: 2 }],
      catchUpSlots: 60,
      onFrame: (record) => void records.push(record),
      ...options,
    });
    return { pmu, records };
  }

  /** Starts a gateway of this configuration; `[gateway]` is added. */
  async gateway(
    toml: string,
    { stateDir, id = GATEWAY_ID, name = "EDGE" }: {
      readonly stateDir?: string;
      readonly id?: string;
      readonly name?: string;
    } = {},
  ): Promise<Gateway> {
    const folder = stateDir ?? `${this.folder}/state${++this.#gateways}`;
    const text = `[gateway]\nid = "${id}"\nname = "${name}"\nmemoryMB = 500\nstateDir = ${
      JSON.stringify(folder)
    }\n[statistics]\nenabled = false\n${toml}`;
    const gateway = new Gateway(readConfig(text, "test"), systemClock());
    this.#texts.set(gateway, text);
    this.atEnd(() => gateway.stop());
    await gateway.start();
    return gateway;
  }

  /** Serves the admin API of a gateway that {@linkcode gateway} started, as its `[admin]` says. */
  async admin(gateway: Gateway): Promise<{ host: AdminHost; keeper: GatewayKeeper; file: string }> {
    const file = `${this.folder}/site${this.#texts.size}.toml`;
    await Deno.writeTextFile(file, this.#texts.get(gateway)!); // it was started by this site
    const clock = systemClock();
    let host: AdminHost | undefined;
    const keeper = await openConfigKeeper({
      file,
      clock,
      gateway: () => gateway,
      others: async (next, plan) => await host?.follow(next, plan) ?? [],
      onUndo: (version, running) => host?.undone(version, running),
      onAside: (edit, running) => host?.setAside(edit, running),
    });
    const log = logFor("admin");
    const serving = host = await AdminHost.start({ gateway, keeper, clock, log, version: "test" });
    this.atEnd(async () => {
      await keeper.close();
      await serving.stop();
    });
    return { host, keeper, file };
  }

  /** Ends the PMUs, and waits until a subscriber of the output `main` has what they had sent. */
  async drain(gateway: Gateway, name: string, subscriber: Subscriber): Promise<void> {
    await this.fleet.close();
    // An input sees the end of its connection behind the last frame.
    const open = () =>
      Object.entries(gateway.status().parts).filter(([part, { state }]) =>
        part.startsWith("input.") && state === "running"
      ).map(([part]) => part);
    await until(() => open().length === 0, () => ["the end of connections", open()]);
    const ledger = () => outputOf(gateway).subscribers()[name]!.ledger;
    await until(
      () => ledger().queued === 0 && subscriber.measurements >= ledger().sent,
      () => [`what was sent; ${subscriber.measurements} measurements came`, ledger()],
    );
  }

  /** Starts a subscriber. */
  subscriber(options: SubscriberOptions): Subscriber {
    const subscriber = new Subscriber(options);
    this.atEnd(() => subscriber.stop());
    return subscriber;
  }
}

/** The table of a C37.118 input over TCP, `[input.pmuN]` with IDCODE N and quick retries. */
export function inputToml(n: number, port: number, more = ""): string {
  return `
[input.pmu${n}]
type = "c37118"
host = "127.0.0.1"
port = ${port}
idCode = ${n}
reconnectMinMs = 50
reconnectMaxMs = 200
${more}
`;
}

const TOKEN = tokenText("root", new Uint8Array(32).fill(7));

/** Headers of a user of {@linkcode ADMIN_TOML}, who may do everything. */
export const AS_ROOT: Readonly<Record<string, string>> = { Authorization: `Bearer ${TOKEN}` };

/** The tables `[admin]` with plain HTTP on any loopback port, and the user `root`, who may ask as fast as tests do. */
export const ADMIN_TOML: string = `
[admin]
listen = "127.0.0.1:0"
insecure = true
maxRequestsPerSecond = 10000
[admin.user.root]
roles = ["ENGINEER", "SECADM", "SECAUD"]
token = "${await hashToken(TOKEN, new Uint8Array(16))}"
`;

/** A plain STTP output on any loopback port. */
export const PLAIN_OUTPUT = `
[output.main]
type = "sttp"
listen = "127.0.0.1:0"
insecure = true
`;

/** An STTP output over TLS on any loopback port. */
export const TLS_OUTPUT = `
[output.main]
type = "sttp"
listen = "127.0.0.1:0"
`;

/** A subscriber that plain clients of this host are, with rights to everything. */
export const PLAIN_SUBSCRIBER = `
[subscriber.client]
plainAddress = ["127.0.0.1"]
allow = ["True"]
`;

/** The output `main`, which the configurations of these tests have. */
export function outputOf(gateway: Gateway, name = "main"): SttpOutput {
  const output = gateway.sttpOutput(name);
  if (!output) throw new Error(`Expected [output.${name}] in the configuration`);
  return output;
}

/** Waits until so many inputs are running. */
export async function inputsRun(gateway: Gateway, count: number): Promise<void> {
  const states = () =>
    Object.entries(gateway.status().parts).filter(([name, { state }]) =>
      name.startsWith("input.") && state === "running"
    ).length;
  await until(
    () => states() >= count,
    () => `${count} inputs to run; ${JSON.stringify(gateway.status().parts).slice(0, 2000)}`,
  );
}

/** Makes a self-signed certificate. */
export function keyPair(commonName: string): Promise<KeyPair> {
  return makeSelfSigned({ commonName });
}

/** The detail of a part's status, as an object. */
export function detailOf(gateway: Gateway, part: string): Record<string, unknown> {
  const detail = gateway.status().parts[part]?.detail;
  if (!detail) throw new Error(`Expected part ${part} with detail`);
  return { ...detail };
}
