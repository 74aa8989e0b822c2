import assert from "node:assert/strict";
import { connect as connectTls } from "node:tls";
import { callHttp, makeSelfSigned } from "../os/mod.ts";
import { type AdminConfig, logFor } from "../gateway/mod.ts";
import { OwnCertificate, serveAdmin } from "./mod.ts";
import { AdminBench, tokenOf } from "./testing.ts";
import { until } from "../../tests/support/waiting.ts";

const auth = { authorization: `Bearer ${tokenOf("root")}` };

async function withServer(
  toml: string,
  test: (bench: AdminBench, url: string, pin: string) => Promise<void>,
): Promise<void> {
  await AdminBench.with(toml, async (bench) => {
    const options: AdminConfig = { ...bench.gateway.config.admin, listen: "127.0.0.1:0" };
    const server = await serveAdmin(bench.context, options);
    try {
      await test(bench, server.url, server.pin);
    } finally {
      await server.stop();
    }
  });
}

Deno.test("admin server: HTTPS with a certificate of its own, known by its pin", async () => {
  await withServer("", async (_, url, pin) => {
    assert.match(url, /^https:/);
    const health = await callHttp({ url: `${url}/healthz`, pin });
    assert.deepEqual([health.status, health.text], [200, "ok\n"]);
    assert.equal((await callHttp({ url: `${url}/api/status`, pin })).status, 401);
    const status = await callHttp({ url: `${url}/api/status`, pin, headers: auth });
    assert.equal(status.status, 200);
    assert.ok(!status.text.includes("PRIVATE KEY") && !status.text.includes("$scrypt"));
    await assert.rejects(
      callHttp({ url: `${url}/healthz`, pin: "ab".repeat(32) }),
      /Expected a certificate with pin/,
    );
    await assert.rejects(
      callHttp({ url: `${url}/healthz` }),
      "no authority of the system issued it",
    );
    const plain = url.replace("https:", "http:");
    await assert.rejects(
      callHttp({ url: `${plain}/healthz`, timeoutMs: 3000 }),
      "no plain HTTP there",
    );
  });
});

Deno.test("admin server: a client certificate is a user, another one is nobody", async () => {
  const [ann, stranger] = [
    await makeSelfSigned({ commonName: "ann" }),
    await makeSelfSigned({ commonName: "ann" }),
  ];
  const user = `[admin.user.ann]\nroles = ["OPERATOR"]\npins = ["${ann.fingerprint256}"]\n`;
  await withServer(user, async (_, url, pin) => {
    const me = await callHttp({ url: `${url}/api/me`, pin, own: ann });
    assert.deepEqual(JSON.parse(me.text), {
      name: "ann",
      roles: ["OPERATOR"],
      may: ["VIEWER", "OPERATOR"],
    });
    assert.equal((await callHttp({ url: `${url}/api/config`, pin, own: ann })).status, 403);
    assert.equal((await callHttp({ url: `${url}/api/me`, pin, own: stranger })).status, 401);
    assert.equal(
      (await callHttp({ url: `${url}/api/me`, pin, own: stranger, headers: auth })).status,
      200,
    );
  });
});

Deno.test("admin server: who sends a request is judged for each one, not for its connection", async () => {
  const ann = await makeSelfSigned({ commonName: "ann" });
  const user = `[admin.user.ann]\nroles = ["OPERATOR"]\npins = ["${ann.fingerprint256}"]\n`;
  await withServer(user, async (bench, url) => {
    const socket = connectTls({
      host: "127.0.0.1",
      port: Number(new URL(url).port),
      rejectUnauthorized: false,
      key: ann.keyPem,
      cert: ann.certPem,
    });
    let text = "";
    socket.on("data", (data: Uint8Array) => {
      text += new TextDecoder().decode(data);
    });
    const statuses: number[] = [];
    const ask = async (path: string, headers = "") => {
      text = "";
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`);
      await until(() => /\r\n0\r\n\r\n$/.test(text), "an answer on the same connection");
      statuses.push(Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]));
    };
    const token = `Authorization: Bearer ${tokenOf("viewer")}\r\n`;
    await ask("/api/me");
    await ask("/api/me", token);
    await bench.json("DELETE", "/api/users/ann", { headers: bench.match });
    await bench.json("POST", "/api/users/viewer/token", { headers: bench.match });
    await ask("/api/me");
    await ask("/api/me", token);
    assert.deepEqual(statuses, [200, 200, 401, 401]);
    socket.destroy();
  });
});

interface Event {
  readonly event: string;
  readonly data: unknown;
}

Deno.test("admin server: live values as events and by WebSocket, to who may, at the rate that was asked for", async () => {
  await withServer('[admin]\ninsecure = true\nlisten = "127.0.0.1:8280"\n', async (bench, url) => {
    bench.gateway.registry.register(
      {
        acronym: "SHELBY",
        id: crypto.randomUUID(),
        name: "",
        parentAcronym: "",
        protocol: "",
        accessId: 1,
        framesPerSecond: 30,
        company: "",
        vendor: "",
        longitude: NaN,
        latitude: NaN,
      },
      (["FREQ", "DFDT"] as const).map((type) => ({
        type,
        label: "",
        phase: "",
        unit: "",
        index: 0,
        description: "",
      })),
    );
    const live = `${url}/api/live?rate=10&filter=${encodeURIComponent("SignalType = 'FREQ'")}`;
    assert.equal((await callHttp({ url: live })).status, 401);

    const abort = new AbortController();
    const answer = await fetch(live, { headers: auth, signal: abort.signal });
    assert.equal(answer.headers.get("content-type"), "text/event-stream");
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (text.split("event: values").length < 13) text += (await reader.read()).value ?? "";
    const stamps = [...text.matchAll(/"nowMicros":([\d.]+)/g)].map(([, micros]) => Number(micros));
    // One that was held up comes the nearer to the next, but they all come no faster than that.
    const fours = stamps.slice(4).map((micros, i) => micros - stamps[i]!);
    assert.ok(fours.some((micros) => micros > 350_000), `events at ${stamps}`);
    assert.match(text, /^event: signals\ndata: \[\{"id":"[^"]+","key":"EDGE:1","tag":"SHELBY:F"/);
    assert.match(
      text,
      /event: values\ndata: \{"nowMicros":[\d.]+,"timeMicros":0,"values":\[null\],"flags":\[0\]\}\n\n/,
    );
    abort.abort();

    const events: Event[] = [];
    const socket = new WebSocket(live.replace("http", "ws"), [
      "tieline",
      `tieline.bearer.${tokenOf("viewer")}`,
    ]);
    socket.onmessage = ({ data }) => void events.push(JSON.parse(String(data)) as Event);
    await new Promise<void>((go, fail) => {
      socket.onopen = () => go();
      socket.onerror = () => fail(new Error("the WebSocket did not open"));
    });
    assert.equal(socket.protocol, "tieline");
    await until(() => events.length >= 4, "events by WebSocket");
    assert.deepEqual(events.slice(0, 3).map((e) => e.event), ["signals", "values", "values"]);
    // A token that was changed shows no more, though its user stays.
    const engineer = await fetch(live, {
      headers: { Authorization: `Bearer ${tokenOf("engineer")}` },
    });
    await bench.json("POST", "/api/users/engineer/token", { headers: bench.match });
    assert.match(await engineer.text(), /event: end\ndata: "this user may see no more"\n\n$/);
    // A user that is taken away sees no more.
    const closed = new Promise<CloseEvent>((go) => socket.onclose = go);
    await bench.json("DELETE", "/api/users/viewer", { headers: bench.match });
    assert.equal((await closed).code, 1008);

    for (const protocols of [["tieline"], ["tieline", "tieline.bearer.x"]]) {
      const refused = new WebSocket(live.replace("http", "ws"), protocols);
      const error = await new Promise<boolean>((go) => {
        refused.onopen = () => go(false);
        refused.onerror = () => go(true);
      });
      assert.ok(error, "a WebSocket without a right token");
    }
    // HEAD asks for no values, and takes no place.
    for (let i = 0; i < 20; i++) {
      assert.equal((await fetch(live, { method: "HEAD", headers: auth })).status, 200);
    }
    // Places are given back, so that the bound is one on those at a time.
    for (let round = 0; round < 3; round++) {
      await until(async () => {
        const many = Array.from({ length: 16 }, () => new AbortController());
        const answers = await Promise.all(
          many.map((m) => fetch(live, { headers: auth, signal: m.signal })),
        );
        // Else some of the round before are still there, and may go just now.
        const areIn = answers.every((a) => a.status === 200);
        if (areIn) {
          const over = await fetch(live, { headers: auth });
          assert.equal(over.status, 429);
          await over.body?.cancel();
        }
        for (const m of many) m.abort();
        return areIn;
      }, "all places at once");
    }
  });
});

/** Asks for a WebSocket as a browser would, and gives the first line of the answer. */
async function upgrade(url: string, host: string, origin: string | undefined): Promise<string> {
  const socket = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(url).port) });
  try {
    const head = [
      "GET /api/live?rate=10 HTTP/1.1",
      `Host: ${host}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      `Sec-WebSocket-Protocol: tieline, tieline.bearer.${tokenOf("viewer")}`,
      ...(origin === undefined ? [] : [`Origin: ${origin}`]),
    ];
    await socket.write(new TextEncoder().encode(`${head.join("\r\n")}\r\n\r\n`));
    const bytes = new Uint8Array(4096);
    let text = "";
    while (!text.includes("\r\n")) {
      const length = await socket.read(bytes);
      if (length === null) break;
      text += new TextDecoder().decode(bytes.subarray(0, length));
    }
    return text.split("\r\n")[0]!;
  } finally {
    socket.close();
  }
}

Deno.test("admin server: a page of another origin gets no WebSocket, whatever token it has", async () => {
  await withServer('[admin]\ninsecure = true\nlisten = "127.0.0.1:8280"\n', async (bench, url) => {
    const own = new URL(url).host;
    for (
      const [host, origin, status] of [
        [own, url, "101 Switching Protocols"],
        [own, undefined, "101 Switching Protocols"],
        [own, "http://evil.example", "403 Refused"],
        [own, "null", "403 Refused"],
        [own, url.replace("http:", "https:"), "403 Refused"],
        ["evil.example", "http://evil.example", "403 Refused"],
        ["evil.example", undefined, "403 Refused"],
      ] as const
    ) assert.equal(await upgrade(url, host, origin), `HTTP/1.1 ${status}`, `${host} ${origin}`);
    const refused = (await bench.audit.entries(20)).filter((e) => e.action === "auth.guard");
    assert.equal(refused.length, 4, "one for each kind of refusal; the same are counted");
  });
});

Deno.test("admin server: another certificate is shown without a new start", async () => {
  const other = await makeSelfSigned({ commonName: "gw1", dnsNames: ["localhost"] });
  await AdminBench.with("", async (bench) => {
    const options: AdminConfig = { ...bench.gateway.config.admin, listen: "127.0.0.1:0" };
    const server = await serveAdmin(bench.context, options);
    try {
      const certificate = `${bench.folder}/cert.pem`, key = `${bench.folder}/key.pem`;
      await Deno.writeTextFile(certificate, other.certPem);
      await Deno.writeTextFile(key, other.keyPem);
      const first = server.pin;
      await server.reload({ ...options, certificate, key });
      assert.notEqual(server.pin, first);
      assert.equal(server.pin, `sha256:${other.fingerprint256}`);
      assert.equal((await callHttp({ url: `${server.url}/healthz`, pin: server.pin })).status, 200);
      await assert.rejects(server.reload({ ...options, certificate, key: `${bench.folder}/none` }));
      await assert.rejects(server.reload({ ...options, insecure: true }), /change listen too/);
      assert.equal((await callHttp({ url: `${server.url}/healthz`, pin: server.pin })).status, 200);
    } finally {
      await server.stop();
    }
  });
});

Deno.test("admin server: its certificate is told with the time that it has left, and warned of before its end", async () => {
  const [ending, lasting] = [
    await makeSelfSigned({ commonName: "gw1", days: 20 }),
    await makeSelfSigned({ commonName: "gw1", days: 400 }),
  ];
  await AdminBench.with("", async (bench) => {
    const certificate = `${bench.folder}/cert.pem`, key = `${bench.folder}/key.pem`;
    const write = async ({ certPem, keyPem }: typeof ending) => {
      await Deno.writeTextFile(certificate, certPem);
      await Deno.writeTextFile(key, keyPem);
    };
    const own = async () => {
      const { admin } = await bench.json("GET", "/api/status") as {
        admin: { certificates: { fingerprint: string; warning: boolean }[] };
      };
      return admin.certificates.map(({ fingerprint, warning }) => [fingerprint, warning]);
    };
    const warned: string[] = [];
    const log = { ...logFor("admin"), warn: (text: string) => void warned.push(text) };
    const { clock, gateway } = bench.context;
    let nowMs = 0;
    const shown = new OwnCertificate(
      { ...clock, monotonicMs: () => nowMs },
      log,
      () => gateway.certificateMicros(),
    );
    Object.assign(bench.context, { certificate: shown });
    assert.deepEqual(await own(), [], "nothing is shown yet");
    await write(ending);
    const options: AdminConfig = {
      ...gateway.config.admin,
      listen: "127.0.0.1:0",
      certificate,
      key,
    };
    const server = await serveAdmin(bench.context, options);
    try {
      assert.deepEqual(await own(), [[ending.fingerprint256, true]]);
      assert.match(
        warned.join("\n"),
        /^admin: its own certificate \(CN=gw1\) expires on \d{4}-\d\d-\d\d, in 19 days$/,
      );
      server.tick();
      assert.equal(warned.length, 1, "once a day");
      nowMs += 86_400_000;
      server.tick();
      assert.equal(warned.length, 2);
      const { alarms } = await bench.json("GET", "/api/alarms") as { alarms: { about: string }[] };
      assert.deepEqual(alarms.filter(({ about }) => about === "admin"), [{
        severity: "warning",
        about: "admin",
        text: "its own certificate expires in 19 days",
        sinceMicros: 0,
      }]);
      const metrics = await (await bench.ask("GET", "/metrics")).text();
      const left = /tieline_certificate_expiry_seconds\{part="admin",role="own"\} (\d+)\n/
        .exec(metrics)![1];
      assert.ok(Math.abs(Number(left) - 20 * 86_400) < 2 * 3600, metrics);
      await Deno.writeTextFile(certificate, lasting.certPem);
      await assert.rejects(server.reload(options));
      assert.deepEqual(await own(), [[ending.fingerprint256, true]], "the key is not its");
      await write(lasting);
      await server.reload(options);
      assert.deepEqual(await own(), [[lasting.fingerprint256, false]]);
    } finally {
      await server.stop();
    }
  });
});
