import assert from "node:assert/strict";
import { type Ended, residentBytes, run, start } from "./program.ts";
import { ADMIN_TOML, AS_ROOT, GATEWAY_ID, inputToml, keyPair, Site } from "./site.ts";
import { until } from "../support/waiting.ts";
import { freePort } from "../support/ports.ts";

function head(folder: string, adminPort: number): string {
  return `[gateway]\nid = "${GATEWAY_ID}"\nname = "EDGE"\nstateDir = "${folder}/state"\n` +
    ADMIN_TOML.replace("127.0.0.1:0", `127.0.0.1:${adminPort}`);
}

async function answers(url: string): Promise<number> {
  try {
    const answer = await fetch(url);
    await answer.body?.cancel();
    return answer.status;
  } catch {
    return 0; // nobody listens yet
  }
}

Deno.test("program: run starts, serves, watch gets frames from it, and SIGTERM ends it in order", async () => {
  await Site.with(async (site) => {
    const pmus = [await site.pmu(1), await site.pmu(2)];
    const adminPort = freePort(), port = freePort();
    const watcher = await keyPair("watcher");
    const file = `${site.folder}/gateway.toml`;
    await Deno.writeTextFile(`${site.folder}/key.pem`, watcher.keyPem);
    await Deno.writeTextFile(`${site.folder}/cert.pem`, watcher.certPem);
    await Deno.writeTextFile(
      file,
      head(site.folder, adminPort) + pmus.map(({ pmu }, i) => inputToml(i + 1, pmu.port)).join("") +
        `[output.main]\ntype = "sttp"\nlisten = "127.0.0.1:${port}"\n` +
        `[subscriber.watcher]\npins = ["${watcher.fingerprint256}"]\nallow = ["Device = 'PMU1'"]\n`,
    );
    const began = performance.now();
    const gateway = start("run", file);
    try {
      const admin = `http://127.0.0.1:${adminPort}`;
      await until(async () => await answers(`${admin}/readyz`) === 200, "the gateway to be ready");
      const readyMs = performance.now() - began;
      // The shape of /api/status.
      const status = async () =>
        await (await fetch(`${admin}/api/status`, { headers: AS_ROOT })).json() as {
          fingerprint: string;
          parts: Record<string, { state: string }>;
        };
      await until(
        async () => (await status()).parts["input.pmu2"]!.state === "running",
        "the inputs to run",
      );
      const { fingerprint } = await status();

      const watching = (seconds: string) =>
        run(
          ...["watch", `127.0.0.1:${port}`, "--json", "--for", seconds],
          ...["--key", `${site.folder}/key.pem`, "--cert", `${site.folder}/cert.pem`],
          ...["--pin", fingerprint],
        );
      const linesOf = ({ stdout }: Ended) => stdout.trim().split("\n");
      let watch = await watching("2");
      // On a machine that is busy the time may be over before data come.
      if (watch.code !== 0 || linesOf(watch).length <= 5) watch = await watching("30");
      assert.equal(watch.code, 0, watch.stderr);
      const lines = linesOf(watch);
      assert.ok(lines.length > 5, `${lines.length} frames`);
      for (const line of lines) {
        // Each line is an object; what is in it is the business of the command's own tests.
        const frame = JSON.parse(line) as Record<string, unknown>;
        assert.ok(!JSON.stringify(frame).includes("PMU2"), line);
      }
      assert.ok(lines.some((line) => line.includes("PMU1")));

      const rss = await residentBytes(gateway.child.pid);
      console.log(
        `tieline run: ready after ${readyMs.toFixed(0)} ms, resident ${(rss / 1e6).toFixed(0)} MB`,
      );
      assert.ok(rss < 250e6, `${rss} bytes resident`);
    } finally {
      gateway.child.kill("SIGTERM");
    }
    const { code, stdout, stderr } = await gateway.ended;
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "", "standard output belongs to commands that print data");
    assert.match(stderr, /SIGTERM: stopping/);
    assert.match(stderr, /Stopped/);
    // What must survive was written.
    assert.ok((await Deno.stat(`${site.folder}/state/signals.json`)).size > 100);
    // The PMUs were told to stop.
    await until(() => pmus.every(({ pmu }) => pmu.receiverCount === 0), "the end of connections");
  });
});

Deno.test("program: a bad configuration is told with line and column, by run and by check", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tieline-" });
  try {
    const file = `${folder}/bad.toml`;
    const good = `${folder}/good.toml`;
    await Deno.writeTextFile(good, head(folder, 8280) + inputToml(1, 4712));
    await Deno.writeTextFile(
      file,
      head(folder, 8280) + inputToml(1, 4712).replace("idCode = 1", "idCod = 1"),
    );
    const line = (await Deno.readTextFile(file)).split("\n").findIndex((l) => /idCod/.test(l)) + 1;
    const [ran, checked, fine, absent] = await Promise.all([
      run("run", file),
      run("check", file),
      run("check", good),
      run("check", `${folder}/absent.toml`),
    ]);
    for (const { code, stderr, stdout } of [ran, checked]) {
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`bad\\.toml:${line}:1: .*idCod.*idCode`));
      assert.equal(stdout, "");
      assert.doesNotMatch(stderr, /\bat .*\.ts:\d+/, "no stack for what an operator can mend");
    }
    assert.equal(fine.code, 0, fine.stderr);
    assert.match(fine.stdout, /good\.toml: in order; needs [\d.]+ MB of 250\.0 MB/);
    assert.match(fine.stdout, /^input\.pmu1 +[\d.]+ MB/m);
    assert.equal(absent.code, 1);
    assert.match(absent.stderr, /absent\.toml/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("program: the demo for three seconds ends with its summary", async () => {
  const began = performance.now();
  const { code, stdout, stderr } = await run("demo", "--for", "3", "--json");
  const seconds = (performance.now() - began) / 1000;
  assert.equal(code, 0, stderr);
  const last = stdout.trim().split("\n").at(-1)!;
  // The shape that the issue lists.
  const summary = JSON.parse(last) as {
    framesIn: number;
    measurementsOut: number;
    measurementsReceived: number;
    unauthorized: number;
    latencyMs: { p50: number; p99: number };
  };
  assert.deepEqual(Object.keys(summary), [
    "framesIn",
    "measurementsOut",
    "measurementsReceived",
    "unauthorized",
    "latencyMs",
  ]);
  assert.deepEqual(Object.keys(summary.latencyMs), ["p50", "p99"]);
  console.log(`tieline demo --for 3: ${last}`);
  // Frames are counted from before the three seconds on, and those of a machine that is held up are passed over.
  const most = 4 * 60 * seconds;
  assert.ok(summary.framesIn > 60 && summary.framesIn < most, `${last} in ${seconds} s`);
  assert.ok(summary.measurementsReceived > 300, last);
  assert.equal(summary.measurementsOut, summary.measurementsReceived);
  assert.ok(summary.unauthorized > 0);
  assert.ok(summary.latencyMs.p50 > 0 && summary.latencyMs.p50 <= summary.latencyMs.p99, last);
});

Deno.test("program: a reload that comes while it starts is made when it has started", async () => {
  await Site.with(async (site) => {
    const adminPort = freePort();
    const file = `${site.folder}/gateway.toml`;
    await Deno.writeTextFile(file, head(site.folder, adminPort));
    const gateway = start("run", file);
    try {
      const state = `${site.folder}/state/config/state.json`;
      await until(() => Deno.stat(state).then(() => true, () => false), "the first version");
      await Deno.writeTextFile(file, head(site.folder, adminPort).replace("EDGE", "EDGE2"));
      gateway.child.kill("SIGHUP");
      await until(
        async () => await answers(`http://127.0.0.1:${adminPort}/readyz`) === 200,
        "the gateway to be ready",
      );
      const name = async () => {
        const url = `http://127.0.0.1:${adminPort}/api/status`;
        const status = await (await fetch(url, { headers: AS_ROOT })).json() as { name: string };
        return status.name;
      };
      await until(async () => await name() === "EDGE2", "the edit to be taken in");
    } finally {
      gateway.child.kill("SIGTERM");
    }
    assert.equal((await gateway.ended).code, 0);
  });
});
