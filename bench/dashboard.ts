/**
 * What viewers of the dashboard cost the gateway: five of them at ten updates a second, and the state every two seconds.
 *
 * `deno run -P=test bench/dashboard.ts [--seconds N]`. The gateway is the program as an operator runs it, in a process of
 * its own whose processor time the kernel counts, with six simulated PMUs at 60 frames per second. Each viewer takes what
 * the page of phasors takes in a browser: a WebSocket with the values of one device, and status and alarms over HTTP.
 * Time with viewers less time without them is what they cost. Exits 1 above 10 % of one core.
 *
 * @module
 */
import { type Figure, figureTable, isReached } from "../mod/cli/bench_figure.ts";
import { machine } from "../mod/cli/machine.ts";
import { hashToken, tokenText } from "../mod/identity/mod.ts";
import { PmuFleet } from "../mod/sim/mod.ts";
import { fetchKept, fetchOnce } from "./load/http.ts";
import { gatewayArgs, LoadProcess } from "./load/process.ts";
import { freePort } from "../tests/support/ports.ts";
import { until } from "../tests/support/waiting.ts";

const VIEWERS = 5, UPDATES_PER_SECOND = 10, PMUS = 6;
const STATUS_MS = 2000;
/** Seconds at the beginning of a measurement that do not count. */
const WARM_UP_SECONDS = 4;
const READY_MS = 300_000;

/** The figures, each measured for `seconds`. */
export async function measureDashboard(seconds: number): Promise<Figure[]> {
  const folder = await Deno.makeTempDir({ prefix: "tl-bench-dashboard-" });
  const fleet = new PmuFleet();
  const token = tokenText("viewer", crypto.getRandomValues(new Uint8Array(32)));
  let gateway: LoadProcess | undefined;
  try {
    const port = freePort();
    const file = `${folder}/site.toml`;
    const hash = await hashToken(token, crypto.getRandomValues(new Uint8Array(16)));
    await Deno.writeTextFile(file, await configText(fleet, folder, port, hash));
    gateway = new LoadProcess(["run", ...gatewayArgs(), "run", file]);
    const url = `http://127.0.0.1:${port}`;
    await ready(url);
    const alone = await share(gateway, seconds);
    const viewers: Viewer[] = [];
    // One after the other, as people log in: each login is a hash that the gateway makes two of at a time.
    for (let n = 1; n <= VIEWERS; n++) viewers.push(await Viewer.enter(url, token, `PMU${n}`));
    const all = (what: string) =>
      until(() => viewers.every(({ updates }) => updates > 0), what, READY_MS);
    // A machine that is busy lets them wait; only viewers that see something cost what is measured.
    await all("updates for each viewer");
    const watched = await share(gateway, seconds, () => viewers.forEach((v) => v.reset()));
    const least = Math.min(...viewers.map((v) => v.updates / seconds));
    await all("updates for each viewer while they were counted, or after it");
    for (const viewer of viewers) viewer.close();
    return [
      { name: "gateway with 6 PMUs, nobody looks, of one core", value: alone, unit: "%" },
      {
        name: `${VIEWERS} viewers at ${UPDATES_PER_SECOND} Hz, beside that`,
        value: watched - alone,
        unit: "%",
        threshold: { atMost: 10 },
      },
      {
        name: "updates that the slowest viewer got",
        value: least,
        unit: "1/s",
        threshold: { atLeast: 0.9 * UPDATES_PER_SECOND },
      },
    ];
  } finally {
    await gateway?.stop();
    await fleet.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Percent of one core that a process takes. */
async function share(process: LoadProcess, seconds: number, begun = () => {}): Promise<number> {
  await sleep(WARM_UP_SECONDS * 1000);
  begun();
  const cpu = process.cpuSeconds, started = performance.now();
  await sleep(seconds * 1000);
  return (process.cpuSeconds - cpu) / (performance.now() - started) * 1e5;
}

/** Takes what the page of phasors takes. */
class Viewer {
  updates = 0;
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #socket: WebSocket;
  readonly #timer: ReturnType<typeof setInterval>;
  #isClosed = false;

  private constructor(url: string, token: string, device: string) {
    this.#url = url;
    this.#headers = { Authorization: `Bearer ${token}` };
    const live = `${url.replace("http", "ws")}/api/live?rate=${UPDATES_PER_SECOND}&filter=${
      encodeURIComponent(`Device = '${device}'`)
    }`;
    this.#socket = new WebSocket(live, ["tieline", `tieline.bearer.${token}`]);
    this.#socket.onmessage = ({ data }) => {
      if (String(data).startsWith('{"event":"values"')) this.updates++;
    };
    this.#timer = setInterval(
      () => void Promise.all([this.#ask("status"), this.#ask("alarms")]),
      STATUS_MS,
    );
  }

  static async enter(url: string, token: string, device: string): Promise<Viewer> {
    const viewer = new Viewer(url, token, device);
    await viewer.#ask("me");
    return viewer;
  }

  async #ask(path: string): Promise<void> {
    try {
      const response = await fetchKept(`${this.#url}/api/${path}`, { headers: this.#headers });
      await response.text();
      if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    } catch (error) {
      if (!this.#isClosed) throw error;
    }
  }

  reset(): void {
    this.updates = 0;
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#socket.close();
  }
}

async function configText(
  fleet: PmuFleet,
  folder: string,
  port: number,
  hash: string,
): Promise<string> {
  let inputs = "";
  for (let n = 1; n <= PMUS; n++) {
    const pmu = await fleet.add({
      idCode: n,
      rate: 60,
      transport: { kind: "tcp", port: 0 },
      devices: [{ device: n, station: `PMU${n}`, phasors: 6 }],
    });
    inputs +=
      `[input.pmu${n}]\ntype = "c37118"\nhost = "127.0.0.1"\nport = ${pmu.port}\nidCode = ${n}\n`;
  }
  return `[gateway]
id = "3a1f7c3e-2d64-4f0a-9c55-7e8d1a2b3c4d"
name = "BENCH"
stateDir = ${JSON.stringify(`${folder}/state`)}
[admin]
listen = "127.0.0.1:${port}"
insecure = true
[admin.user.viewer]
roles = ["VIEWER"]
token = "${hash}"
${inputs}`;
}

async function ready(url: string): Promise<void> {
  const deadline = performance.now() + READY_MS;
  for (;;) {
    try {
      const response = await fetchOnce(`${url}/readyz`);
      await response.body?.cancel();
      if (response.ok) return;
    } catch {
      // It does not listen yet.
    }
    if (performance.now() > deadline) throw new Error(`${url} is not ready in ${READY_MS} ms`);
    await sleep(100);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

// At the end: classes are not there before their lines have run.
if (import.meta.main) {
  const at = Deno.args.indexOf("--seconds");
  const figures = await measureDashboard(at < 0 ? 20 : Number(Deno.args[at + 1]));
  console.log(`\n${machine()}, ${new Date().toISOString()}\n\n${figureTable(figures)}`);
  Deno.exit(figures.every(isReached) ? 0 : 1);
}
