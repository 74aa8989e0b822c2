/**
 * The long run of hostile connections: `deno run -P=test bench/socket_fuzz.ts [--inputs N]`, 100,000 inputs by default.
 *
 * The gateway is a process of its own; a simulated PMU, a subscriber that behaves and the hostile side are in this one.
 * Prints the gateway's resident memory after every tenth; exits 1 if it grew by more than 20 MB over the last half, if
 * the subscriber misses a value, or if books do not balance.
 *
 * @module
 */
import { type KeyPair, makeSelfSigned } from "../mod/os/mod.ts";
import { type FrameRecord, PmuFleet } from "../mod/sim/mod.ts";
import { checkSeries } from "../tests/system/expected.ts";
import { ADMIN_TOML, AS_ROOT } from "../tests/system/site.ts";
import { fuzzSockets } from "../tests/system/socket_fuzz.ts";
import { Subscriber } from "../tests/system/subscriber.ts";
import { gatewayArgs, LoadProcess } from "./load/process.ts";
import { freePort } from "../tests/support/ports.ts";

const PARTS = 10;
const MOST_GROWTH_MB = 20;

const at = Deno.args.indexOf("--inputs");
const inputs = at < 0 ? 100_000 : Number(Deno.args[at + 1]);
const folder = await Deno.makeTempDir({ prefix: "tieline-fuzz-" });
const fleet = new PmuFleet();
const [known, stranger, own] = await Promise.all(
  ["known", "stranger", "good"].map((commonName) => makeSelfSigned({ commonName })),
) as [KeyPair, KeyPair, KeyPair];
const [tlsPort, plainPort, adminPort] = [freePort(), freePort(), freePort()];
const records: FrameRecord[] = [];
const pmu = await fleet.add({
  idCode: 1,
  rate: 60,
  transport: { kind: "tcp", port: 0 },
  devices: [{ device: 1, station: "STATION 1", phasors: 2 }],
  catchUpSlots: 60,
  onFrame: (record) => void records.push(record),
});
await Deno.writeTextFile(
  `${folder}/site.toml`,
  `[gateway]
id = "0d9ac3b4-5e0f-4c7e-9f1a-77a8c8a3f2d1"
name = "EDGE"
stateDir = "${folder}/state"
[log]
level = "error"
${ADMIN_TOML.replace("127.0.0.1:0", `127.0.0.1:${adminPort}`)}
[statistics]
enabled = false
[input.pmu1]
type = "c37118"
host = "127.0.0.1"
port = ${pmu.port}
idCode = 1
[output.main]
type = "sttp"
listen = "127.0.0.1:${tlsPort}"
maxHandshakesPerSecond = 1000
maxHandshakes = 64
[output.plain]
type = "sttp"
listen = "127.0.0.1:${plainPort}"
insecure = true
[subscriber.bad]
pins = ["${known.fingerprint256}"]
plainAddress = ["127.0.0.1"]
allow = ["True"]
[subscriber.good]
pins = ["${own.fingerprint256}"]
allow = ["Device = 'PMU1'"]
`,
);
const gateway = new LoadProcess(["run", "--quiet", ...gatewayArgs(), "run", `${folder}/site.toml`]);
let failed = false;
try {
  const { fingerprint } = await statusWhen(({ signals }) => signals > 0);
  const good = new Subscriber({ port: tlsPort, tls: { own, gatewayPin: fingerprint } });
  await until(() => good.measurements > 100);
  const resident: number[] = [];
  for (let part = 1; part <= PARTS; part++) {
    const count = await fuzzSockets(
      { tlsPort, plainPort, known, stranger },
      Math.ceil(inputs / PARTS),
      part * 104_729,
    );
    resident.push(gateway.residentMegabytes);
    console.log(
      `${part}/${PARTS}: ${count.inputs} inputs, ${
        Object.values(count.connections).reduce((a, b) => a + b)
      } connections, ${resident.at(-1)!.toFixed(1)} MB resident`,
    );
  }
  await fleet.close();
  await sleep(4000);
  const status = await statusWhen(() => true);
  const compared = checkSeries(good, [{ pmu, records }]);
  const balances = ["main", "plain"].flatMap((name) =>
    Object.entries(status.parts[`output.${name}`]!.detail.subscribers)
      .map(([subscriber, { ledger }]) => [`${name} ${subscriber}`, ledger.balance] as const)
  );
  const growth = resident[PARTS - 1]! - resident[PARTS / 2 - 1]!;
  const problems = [
    ...(growth > MOST_GROWTH_MB ? ["memory grew"] : []),
    ...(good.client.connects > 1 ? ["the subscriber had to connect again"] : []),
    ...balances.filter(([, balance]) => balance !== 0).map(([name]) => `books of ${name}`),
    ...good.troubles.map(String),
  ];
  console.log(
    `growth over the last half: ${
      growth.toFixed(1)
    } MB; ${compared} values of the subscriber compared; ${
      problems.length === 0 ? "no problem" : problems.join(", ")
    }`,
  );
  failed = problems.length > 0;
  await good.stop();
} finally {
  await gateway.stop();
  await fleet.close();
  await Deno.remove(folder, { recursive: true });
}
Deno.exit(failed ? 1 : 0);

/** The parts of the status that are looked at. */
interface Status {
  readonly fingerprint: string;
  readonly signals: number;
  readonly parts: Readonly<
    Record<string, { detail: { subscribers: Record<string, { ledger: { balance: number } }> } }>
  >;
}

async function statusWhen(isMeant: (status: Status) => boolean): Promise<Status> {
  for (const end = performance.now() + 30_000; performance.now() < end; await sleep(200)) {
    try {
      const where = `http://127.0.0.1:${adminPort}/api/status`;
      const answer = await fetch(where, { headers: AS_ROOT });
      const status: Status = await answer.json();
      if (isMeant(status)) return status;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it does not listen yet
    }
  }
  throw new Error(`Waited too long for the gateway: ${gateway.text}`);
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = performance.now() + 30_000; !condition(); await sleep(50)) {
    if (performance.now() > end) throw new Error("Waited too long for data");
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
