/**
 * Runs the real programs from source, each as a process of its own: the gateway and the simulator.
 *
 * @module
 */
import { ADMIN_TOML, AS_ROOT } from "../system/site.ts";
import { LineProcess } from "./peers.ts";
import { freePort } from "../support/ports.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
/** How long a program may take until it is there, on a machine that is busy. */
const READY_MS = 120_000;
const GATEWAY_ID = "0d9ac3b4-5e0f-4c7e-9f1a-77a8c8a3f2d1";

/** One C37.118 input of the gateway under test. */
export interface InputSpec {
  /** Name of the part and, in capitals, acronym of its device. */
  readonly name: string;
  /** TCP port of the device on this host. */
  readonly port: number;
  /** IDCODE of the stream. */
  readonly idCode: number;
  /** Lines of TOML that follow in the input's table. */
  readonly extra?: string;
}

/** How to run the gateway under test. */
export interface GatewaySpec {
  /** Inputs. */
  readonly inputs: readonly InputSpec[];
  /** Lines of TOML that follow in the output's table. */
  readonly output?: string;
  /** Further tables of TOML. */
  readonly tables?: string;
  /** Do not wait for data but only for the configuration of each input. */
  readonly withoutData?: boolean;
  /** Certificate and key of the gateway and pin of the client (SHA-256 of its certificate); plain TCP without it. */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly pin: string };
}

/** The gateway under test. */
export interface RunningGateway {
  /** Port of its STTP output on 127.0.0.1. */
  readonly port: number;
  /** The process. */
  readonly process: LineProcess;
  /** What its status page says now. */
  status(): Promise<unknown>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** Starts the gateway and waits until it is ready and every input receives. */
export async function startGateway(spec: GatewaySpec): Promise<RunningGateway> {
  const folder = await Deno.makeTempDir({ prefix: "tieline-interop-" });
  const port = freePort(), adminPort = freePort();
  const file = `${folder}/gateway.toml`;
  await Deno.writeTextFile(file, toml(spec, folder, port, adminPort));
  const process = new LineProcess(Deno.execPath(), ["run", "-A", "main.ts", "run", file], {
    cwd: ROOT,
  });
  const admin = `http://127.0.0.1:${adminPort}`;
  // A connection that is kept may end just as it is used again.
  const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const status = async (): Promise<unknown> => {
    const answer = await fetch(`${admin}/api/status`, { headers: AS_ROOT, client });
    return await answer.json();
  };
  const stop = async () => {
    await process.stop();
    client.close();
    await Deno.remove(folder, { recursive: true });
  };
  const end = performance.now() + READY_MS;
  for (;;) {
    try {
      const ready = await fetch(`${admin}/readyz`, { client });
      await ready.body?.cancel();
      const receiving = spec.withoutData
        ? process.stderr.split("New configuration").length - 1
        : inputStates(await status()).filter((state) => state === "running").length;
      if (ready.ok && receiving >= spec.inputs.length) return { port, process, status, stop };
    } catch {
      // It does not listen yet.
    }
    if (performance.now() > end) {
      await stop();
      throw new Error(
        `The gateway was not ready within ${READY_MS} ms; stderr:\n${process.stderr}\n${
          JSON.stringify(process.lines.slice(-20))
        }`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function toml(spec: GatewaySpec, folder: string, port: number, adminPort: number): string {
  const quoted = (text: string) => JSON.stringify(text);
  const inputs = spec.inputs.map((input) => `
[input.${input.name}]
type = "c37118"
host = "127.0.0.1"
port = ${input.port}
idCode = ${input.idCode}
acronym = ${quoted(input.name.toUpperCase())}
${input.extra ?? ""}
`);
  const { tls } = spec;
  return `
[gateway]
id = "${GATEWAY_ID}"
name = "INTEROP"
stateDir = ${quoted(`${folder}/state`)}

${ADMIN_TOML.replace("127.0.0.1:0", `127.0.0.1:${adminPort}`)}

[statistics]
enabled = false
${inputs.join("")}
[output.main]
type = "sttp"
listen = "127.0.0.1:${port}"
${tls ? `certificate = ${quoted(tls.certificate)}\nkey = ${quoted(tls.key)}` : "insecure = true"}
${spec.output ?? ""}

[subscriber.client]
${tls ? `pins = [${quoted(tls.pin)}]` : 'plainAddress = ["127.0.0.1"]'}
allow = ["FILTER ActiveMeasurements WHERE True"]
${spec.tables ?? ""}
`;
}

/** States of all parts called `input.…`, wherever the status page keeps them. */
function inputStates(value: unknown, found: unknown[] = []): unknown[] {
  if (typeof value !== "object" || value === null) return found;
  if ("name" in value && "state" in value && String(value.name).startsWith("input.")) {
    found.push(value.state);
  }
  for (const [key, inner] of Object.entries(value)) {
    if (key.startsWith("input.") && typeof inner === "object" && inner && "state" in inner) {
      found.push(inner.state);
    } else inputStates(inner, found);
  }
  return found;
}

/** Six simulated PMUs (or as many as asked for) that write down what they sent. */
export interface RunningSimulator {
  /** Port of each stream. */
  readonly ports: readonly number[];
  /** Ends it; what it sent, read back from its recording, one entry per data frame. */
  stop(): Promise<Recorded[]>;
}

/** One line of a recording that matters here. */
export interface Recorded {
  /** Numbers of the devices. */
  readonly devices: readonly number[];
  /** Second of the slot. */
  readonly second: number;
  /** Index of the slot. */
  readonly index: number;
  /** What became of it. */
  readonly fate: string;
  /** Receivers that it was handed to. */
  readonly receivers: number;
}

/** Starts `tieline sim pmu` with `count` PMUs, one stream each, IDCODE from 1, and further arguments. */
export async function startSimulator(count: number, args: string[]): Promise<RunningSimulator> {
  const record = await Deno.makeTempFile({ suffix: ".jsonl" });
  const process = new LineProcess(Deno.execPath(), [
    ...["run", "-A", "main.ts", "sim", "pmu", "--json", "--port", "0", "--catch-up", "30"],
    ...["--count", String(count), "--record", record],
    ...args,
  ], { cwd: ROOT });
  await process.line("ready", READY_MS);
  const ports = process.lines.flatMap((line) => {
    const { stream } = line;
    return typeof stream === "object" && stream !== null && "port" in stream
      ? [Number(stream.port)]
      : [];
  });
  return {
    ports,
    async stop() {
      await process.stop("SIGINT");
      const text = await Deno.readTextFile(record);
      await Deno.remove(record);
      // The recorder of mod/sim wrote these lines.
      return text.split("\n").filter((l) => l !== "").map((l) => JSON.parse(l) as Recorded);
    },
  };
}
