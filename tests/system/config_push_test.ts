import assert from "node:assert/strict";
import { callHttp, type HttpAnswer } from "../../mod/os/mod.ts";
import { run, type Running, start } from "./program.ts";
import { GATEWAY_ID, inputToml, Site } from "./site.ts";
import { until } from "../support/waiting.ts";
import { freePort } from "../support/ports.ts";

/** A gateway as a process, claimed, whose configuration is pushed by the commands that operators use. */
class Pushed {
  readonly folder: string;
  readonly file: string;
  readonly adminPort = freePort();
  token = "";
  program: Running | undefined;

  constructor(folder: string) {
    this.folder = folder;
    this.file = `${folder}/site.toml`;
  }

  get state(): string {
    return `${this.folder}/state`;
  }

  text(more: string): string {
    return `[gateway]\nid = "${GATEWAY_ID}"\nname = "EDGE"\nmemoryMB = 500\nstateDir = "${this.state}"\n` +
      `[statistics]\nenabled = false\n[admin]\nmaxRequestsPerSecond = 1000\n` +
      `listen = "127.0.0.1:${this.adminPort}"\n${more}`;
  }

  async start(): Promise<void> {
    this.program = start("run", this.file);
    await until(async () => {
      try {
        return (await this.get("/readyz")).status === 200;
      } catch {
        return false; // it does not listen yet
      }
    }, "the gateway to be ready");
  }

  async pin(): Promise<string> {
    const { stdout } = await run("cert", "pin", `${this.state}/admin/cert.pem`);
    return stdout.trim();
  }

  async get(path: string, method = "GET"): Promise<HttpAnswer> {
    const { certificateFacts } = await import("../../mod/identity/mod.ts");
    const certPem = await Deno.readTextFile(`${this.state}/admin/cert.pem`);
    return await callHttp({
      url: `https://127.0.0.1:${this.adminPort}${path}`,
      method,
      pin: certificateFacts(certPem).fingerprint,
      headers: this.token ? { authorization: `Bearer ${this.token}` } : {},
    });
  }

  async configuration(): Promise<{ version: number; note: string; pending: unknown }> {
    const { text } = await this.get("/api/status");
    // The shape is checked by the tests of the API.
    return (JSON.parse(text) as {
      configuration: { version: number; note: string; pending: unknown };
    })
      .configuration;
  }

  async inputs(): Promise<string[]> {
    const { text } = await this.get("/api/inputs");
    return (JSON.parse(text) as { inputs: { name: string }[] }).inputs.map(({ name }) => name);
  }

  async config(command: string, ...args: string[]) {
    const tokenFile = `${this.folder}/token`;
    await Deno.writeTextFile(tokenFile, this.token);
    return await run(
      ...["config", command, `127.0.0.1:${this.adminPort}`, ...args],
      ...["--pin", await this.pin(), "--token-file", tokenFile],
    );
  }

  /** Ends the process at once, as a power cut would. */
  async cut(): Promise<void> {
    this.program!.child.kill("SIGKILL");
    await this.program!.ended;
  }

  /** Asks it to end; it may have ended by itself. */
  end(): void {
    try {
      this.program!.child.kill("SIGTERM");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }

  async stop(): Promise<string> {
    this.program!.child.kill("SIGTERM");
    const { code, stderr } = await this.program!.ended;
    assert.equal(code, 0, stderr);
    return stderr;
  }
}

Deno.test("config push: claimed, pushed, confirmed, undone over a power cut, edited by hand, rolled back", async () => {
  await Site.with(async (site) => {
    const [one, two] = [await site.pmu(1), await site.pmu(2)];
    const gateway = new Pushed(site.folder);
    const first = inputToml(1, one.pmu.port);
    await Deno.writeTextFile(gateway.file, gateway.text(first));
    await gateway.start();
    try {
      // First boot: nobody may do anything but who reads the claim token on the device.
      assert.equal((await gateway.get("/api/status")).status, 401);
      const claim = (await Deno.readTextFile(`${gateway.state}/claim-token`)).trim();
      await Deno.writeTextFile(`${gateway.folder}/claim`, claim);
      const claimed = await run(
        ...["claim", `127.0.0.1:${gateway.adminPort}`, "ann"],
        ...["--pin", await gateway.pin(), "--token-file", `${gateway.folder}/claim`],
      );
      assert.equal(claimed.code, 0, claimed.stderr);
      gateway.token = claimed.stdout.trim();
      assert.equal((await gateway.configuration()).version, 2);

      // A push as an operator makes it: look, try, push with a way back, confirm.
      const get = await gateway.config("get");
      assert.equal(get.code, 0, get.stderr);
      const wanted = `${gateway.folder}/wanted.toml`;
      await Deno.writeTextFile(wanted, get.stdout + inputToml(2, two.pmu.port));
      const diff = await gateway.config("diff", wanted);
      assert.match(diff.stdout, /\+\[input\.pmu2\][^]*added {6}input\.pmu2\n$/);
      const push = await gateway.config(
        "push",
        wanted,
        "--confirm-within",
        "300",
        "--comment",
        "bay 2",
      );
      assert.match(
        push.stdout,
        /^added {6}input\.pmu2\nVersion 3 runs; it is undone in 300 s unless/,
      );
      assert.deepEqual(await gateway.inputs(), ["pmu1", "pmu2"]);

      // The power is cut before anybody confirms: the configuration before runs.
      await gateway.cut();
      await gateway.start();
      assert.deepEqual(await gateway.inputs(), ["pmu1"]);
      assert.match(
        (await gateway.configuration()).note,
        /Version 3 was not confirmed before the program ended/,
      );
      const versions = await gateway.config("versions");
      assert.match(versions.stdout, /^ +3 .*undone +push .* ann {2}bay 2\n\* +2 .*good +edit /);

      // Confirmed, it survives the cut.
      await gateway.config("push", wanted, "--confirm-within", "300");
      const confirm = await gateway.config("confirm");
      assert.match(confirm.stdout, /^Version 4 runs\n$/);
      await gateway.cut();
      await gateway.start();
      assert.deepEqual(await gateway.inputs(), ["pmu1", "pmu2"]);
      assert.ok((await Deno.readTextFile(gateway.file)).includes("[input.pmu2]"));
      assert.equal((await gateway.configuration()).note, "");

      // Not confirmed in time: undone while it runs.
      await Deno.writeTextFile(
        wanted,
        (await gateway.config("get")).stdout.replaceAll(
          "reconnectMaxMs = 200",
          "reconnectMaxMs = 201",
        ),
      );
      const late = await gateway.config("push", wanted, "--confirm-within", "1");
      assert.match(late.stdout, /^Version 5 runs; it is undone in 1 s unless/m);
      await until(async () => (await gateway.configuration()).version === 4, "version 4 to return");

      // A bad one is told at its line, and changes nothing.
      await Deno.writeTextFile(
        wanted,
        (await gateway.config("get")).stdout.replace("idCode = 2", "idCod = 2"),
      );
      const bad = await gateway.config("push", wanted);
      assert.equal(bad.code, 1);
      assert.match(
        bad.stderr,
        /refuses: 422\n[^]*\d+:1: input\.pmu2\.idCod: unknown key; did you mean "idCode"\?/,
      );
      assert.doesNotMatch(bad.stderr, /\bat .*\.ts:\d+/);

      // By hand and SIGHUP.
      const text = await Deno.readTextFile(gateway.file);
      await Deno.writeTextFile(
        gateway.file,
        text.replace("[input.pmu1]", "# by hand\n[input.pmu9]"),
      );
      gateway.program!.child.kill("SIGHUP");
      await until(
        async () => (await gateway.inputs()).sort().join() === "pmu2,pmu9",
        "the new input in place of the other",
      );
      await Deno.writeTextFile(gateway.file, `broken = = 1\n${text}`);
      gateway.program!.child.kill("SIGHUP");
      let { note } = await gateway.configuration();
      await until(async () => {
        note = (await gateway.configuration()).note;
        return /site\.toml:1:10: not valid TOML/.test(note);
      }, () => `the refusal; ${note}`);

      // A broken file at boot does not stop it.
      await gateway.stop();
      await gateway.start();
      assert.deepEqual((await gateway.inputs()).sort(), ["pmu2", "pmu9"]);
      assert.match((await gateway.configuration()).note, /cannot be used, so version \d+ runs/);
      const back = await gateway.config("rollback", "4");
      assert.match(back.stdout, /added {6}input\.pmu1/);
      assert.deepEqual((await gateway.inputs()).sort(), ["pmu1", "pmu2"]);
      assert.equal(
        (await gateway.configuration()).note,
        "",
        "the rollback has written the file anew",
      );
      assert.equal(await Deno.readTextFile(`${gateway.file}.edited`), `broken = = 1\n${text}`);

      const verify = await run("audit", "verify", gateway.state, "--running");
      assert.equal(verify.code, 0, verify.stderr);
    } finally {
      gateway.end();
    }
    const { stderr } = await gateway.program!.ended;
    assert.ok(!stderr.includes(gateway.token), "no token in the log");
    const verify = await run("audit", "verify", gateway.state);
    assert.match(verify.stdout, /^\d+ entries with \d+ seals? are whole/);
    const syslog = (await run("audit", "syslog", gateway.state)).stdout;
    for (
      const action of [
        "user.claim",
        "config.push",
        "config.confirm",
        "config.undo",
        "config.file",
        "config.aside",
        "config.rollback",
        "program.stop",
      ]
    ) {
      assert.ok(syslog.includes(` ${action} [`), action);
    }
    assert.match(
      syslog,
      /program\.start .*version 2: Version 3 was not confirmed before the program/,
    );
    assert.ok(!syslog.includes(gateway.token));
    // A changed trail shows.
    const trail = `${gateway.state}/audit/audit.jsonl`;
    await Deno.writeTextFile(trail, (await Deno.readTextFile(trail)).replace('"ann"', '"bob"'));
    assert.equal((await run("audit", "verify", gateway.state)).code, 1);
  });
});
