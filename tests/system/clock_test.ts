/**
 * A board that boots in the past: certificates are judged by the last good time, aligners wait, status says so.
 *
 * @module
 */
import assert from "node:assert/strict";
import { StateFlags } from "../../mod/core/mod.ts";
import { Gateway, readConfig } from "../../mod/gateway/mod.ts";
import { makeSelfSigned, systemClock } from "../../mod/os/mod.ts";
import { freePort } from "../support/ports.ts";
import { start } from "./program.ts";
import { RawSubscriber } from "./raw_subscriber.ts";
import {
  ADMIN_TOML,
  AS_ROOT,
  detailOf,
  GATEWAY_ID,
  inputsRun,
  inputToml,
  keyPair,
  outputOf,
  Site,
  TLS_OUTPUT,
} from "./site.ts";
import { until } from "../support/waiting.ts";

const YEAR_MICROS = 365 * 86_400e6;

Deno.test("clock: a board that boots a year ago judges certificates by the last good time, and does not align", async () => {
  await Site.with(async (site) => {
    const { pmu } = await site.pmu(1, { rate: 60 });
    const own = await keyPair("center");
    const lower = await site.gateway(TLS_OUTPUT);
    const real = systemClock();
    const past = {
      nowMicros: () => real.nowMicros() - YEAR_MICROS,
      monotonicMs: () => real.monotonicMs(),
    };
    /** A gateway of that board, with or without somebody who watches its clock. */
    const lastGoodMicros = Date.now() * 1000;
    const boot = async (name: string, clock: string): Promise<Gateway> => {
      const stateDir = `${site.folder}/${name}`;
      await Deno.mkdir(stateDir, { mode: 0o700 });
      await Deno.writeTextFile(`${stateDir}/clock_floor.json`, JSON.stringify({ lastGoodMicros }));
      const text = `[gateway]\nid = "${GATEWAY_ID}"\nname = "EDGE"\nmemoryMB = 500\n` +
        `stateDir = "${stateDir}"\n${clock}${inputToml(1, pmu.port)}${TLS_OUTPUT}` +
        `[input.lower]\ntype = "sttp"\nhost = "127.0.0.1"\nport = ${outputOf(lower).port}\n` +
        `pins = ["${lower.identity!.fingerprint256}"]\nreconnectMinMs = 100\n` +
        `[align.wide]\nframesPerSecond = 60\nwaitMs = 100\n` +
        `[subscriber.center]\npins = ["sha256:${own.fingerprint256}"]\nallow = ["True"]\n`;
      const gateway = new Gateway(readConfig(text, "test"), past);
      site.atEnd(() => gateway.stop());
      await gateway.start();
      await inputsRun(gateway, 1);
      return gateway;
    };
    /** Lines in which a gateway judges that the certificate of another, whom it dials, is to come. */
    const doubts = () =>
      site.log.lines.filter(({ from, text }) =>
        from === "input.lower" && /is valid from/.test(text)
      ).length;
    /** How often the other has seen a handshake through and does not know whom it is with. */
    const strangers = () =>
      (detailOf(lower, "output.main")["refused"] as Record<string, number>)["unknownCertificate"] ??
        0; // counters by reason
    const gets = async (gateway: Gateway): Promise<boolean> => {
      const raw = await RawSubscriber.dial(outputOf(gateway).port, {
        own,
        gatewayPin: gateway.identity!.fingerprint256,
      }).catch(() => undefined);
      if (!raw) return false;
      raw.hello().subscribe();
      await until(() => raw.received.length > 0 || raw.closed !== undefined, "an answer");
      raw.connection.destroy();
      return raw.received.length > 0;
    };

    const watched = await boot("watched", '[clock]\norder = ["kernel"]\n');
    await until(
      () => watched.clockReport()?.state === "fault",
      () => JSON.stringify(watched.clock()),
    );
    assert.equal(await gets(watched), true);
    await until(
      () => strangers() > 0,
      () => JSON.stringify(detailOf(lower, "output.main")["refused"]),
    );
    assert.equal(doubts(), 0);
    assert.ok(watched.certificateMicros() >= lastGoodMicros, "users of the API are judged by it");
    const part = watched.status().parts["align.wide"];
    assert.equal(part?.state, "waiting");
    await until(
      () => Number(detailOf(watched, "align.wide")["withheld"]) > 10,
      () => JSON.stringify(detailOf(watched, "align.wide")),
    );
    assert.deepEqual(watched.readiness().waiting, ["align.wide"]);
    assert.match(watched.clock()!.events[0]!.text, /free to fault: the clock stands before 20/);
    const said = site.log.lines.filter(({ from, level }) =>
      from === "clock" && level === "warning"
    );
    assert.ok(said.some(({ text }) => text.startsWith("free to fault: the clock stands before")));

    const blind = await boot("blind", "");
    assert.equal(await gets(blind), false);
    await until(() => doubts() > 0, () => JSON.stringify(blind.status().parts["input.lower"]));
    const refused = detailOf(blind, "output.main")["refused"] as Record<string, number>; // counters by reason
    assert.equal(refused["notYetValid"], 1, JSON.stringify(refused));
  });
});

Deno.test("clock: the program itself, 200 days before its last good time", async () => {
  await Site.with(async (site) => {
    const { pmu } = await site.pmu(1, { rate: 60 });
    const DAYS = 86_400_000, now = Date.now();
    // Of these the clock of this machine is right, and the floor takes the part of the time that has gone by.
    const own = await makeSelfSigned({ commonName: "center", notBeforeMs: now + 100 * DAYS });
    const stateDir = `${site.folder}/state`;
    await Deno.mkdir(stateDir, { mode: 0o700 });
    const floor = { lastGoodMicros: (now + 200 * DAYS) * 1000 };
    await Deno.writeTextFile(`${stateDir}/clock_floor.json`, JSON.stringify(floor));
    const adminPort = freePort(), port = freePort(), file = `${site.folder}/gateway.toml`;
    await Deno.writeTextFile(
      file,
      `[gateway]\nid = "${GATEWAY_ID}"\nname = "EDGE"\nstateDir = "${stateDir}"\n[clock]\n` +
        ADMIN_TOML.replace("127.0.0.1:0", `127.0.0.1:${adminPort}`) + inputToml(1, pmu.port) +
        `[align.wide]\nframesPerSecond = 60\nwaitMs = 100\n` +
        `[output.main]\ntype = "sttp"\nlisten = "127.0.0.1:${port}"\n` +
        `[subscriber.center]\npins = ["sha256:${own.fingerprint256}"]\nallow = ["True"]\n`,
    );
    const gateway = start("run", file);
    try {
      const get = async (path: string) => {
        const answer = await fetch(`http://127.0.0.1:${adminPort}${path}`, { headers: AS_ROOT })
          .catch(() => undefined); // nobody listens yet
        return answer?.json();
      };
      await until(
        async () => (await get("/api/status"))?.parts["align.wide"]?.state === "waiting",
        "the aligner to wait",
      );
      const { fingerprint, parts } = await get("/api/status");
      assert.match(parts["align.wide"].reason, /the time is not known/);
      const { clock } = await get("/api/clock");
      assert.equal(clock.state, "fault");
      assert.equal(clock.floorMicros, floor.lastGoodMicros);
      assert.equal(clock.told.stateFlags, StateFlags.BadTime);
      const ready = await fetch(`http://127.0.0.1:${adminPort}/readyz`);
      assert.deepEqual([ready.status, await ready.text()], [503, "waiting for 1 parts\n"]);
      const raw = await RawSubscriber.dial(port, { own, gatewayPin: fingerprint });
      raw.hello().subscribe();
      await until(() => raw.received.length > 0 || raw.closed !== undefined, "an answer");
      assert.equal(raw.closed, undefined);
      raw.connection.destroy();
    } finally {
      gateway.child.kill("SIGTERM");
    }
    const { code, stderr } = await gateway.ended;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /free to fault: the clock stands before 20.*, when it was good last/);
    // A clock that is not good does not move the floor.
    const kept = JSON.parse(await Deno.readTextFile(`${stateDir}/clock_floor.json`));
    assert.deepEqual(kept, floor);
  });
});
