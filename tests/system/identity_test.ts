import assert from "node:assert/strict";
import type { Gateway } from "../../mod/gateway/mod.ts";
import { Identities } from "../../mod/identity/mod.ts";
import {
  type Connection,
  issue,
  type KeyPair,
  listenTls,
  makeCa,
  makeSelfSigned,
  systemClock,
} from "../../mod/os/mod.ts";
import { type MeasurementBatch, SubscriberSession } from "../../mod/sttp/mod.ts";
import { X509Certificate } from "node:crypto";
import { RawSubscriber } from "./raw_subscriber.ts";
import {
  detailOf,
  inputsRun,
  inputToml,
  keyPair,
  outputOf,
  PLAIN_OUTPUT,
  PLAIN_SUBSCRIBER,
  Site,
  TLS_OUTPUT,
} from "./site.ts";
import { until } from "../support/waiting.ts";

/** Reasons for which an output has refused connections, with their numbers. */
function refusals(gateway: Gateway, part = "output.main"): Record<string, number> {
  return detailOf(gateway, part)["refused"] as Record<string, number>; // the shape of the output's status
}

/** What a peer gets: true if data came, false if the connection ended or stayed empty for a second. */
async function getsData(gateway: Gateway, own: KeyPair): Promise<boolean> {
  let raw: RawSubscriber;
  try {
    raw = await RawSubscriber.dial(outputOf(gateway).port, {
      own,
      gatewayPin: gateway.identity!.fingerprint256,
    });
  } catch {
    return false; // TLS 1.2 tells the client in the handshake
  }
  try {
    raw.hello().subscribe();
    await until(() => raw.closed !== undefined || raw.received.length > 0, "data, or the end");
    if (raw.received.length === 0) {
      assert.deepEqual(raw.answers, [], "a peer that is refused is told nothing");
      assert.notEqual(raw.closed, undefined, "a peer that is refused is disconnected");
    }
    return raw.received.length > 0;
  } finally {
    raw.connection.destroy();
  }
}

const DAY_MS = 86_400_000;

Deno.test("identity: every kind of certificate through a whole configuration", async () => {
  await Site.with(async (site) => {
    const { pmu } = await site.pmu(1, { rate: 60 });
    const ca = await makeCa({ commonName: "Grid CA" });
    const otherCa = await makeCa({ commonName: "Grid CA" }); // the same name, another key
    const long = Date.now() - 30 * DAY_MS;
    const pinned = await keyPair("pinned");
    const next = await keyPair("pinned-next");
    const issued = await issue(ca, { commonName: "issued" });
    const revokedBySerial = await issue(ca, { commonName: "serial" });
    const revoked = await keyPair("revoked");
    const disabled = await keyPair("disabled");
    const elsewhere = await keyPair("elsewhere");
    const expired = await makeSelfSigned({ commonName: "expired", notBeforeMs: long, days: 10 });
    const future = await makeSelfSigned({
      commonName: "future",
      notBeforeMs: Date.now() + 10 * DAY_MS,
    });
    const serverOnly = await makeSelfSigned({ commonName: "usage", usages: ["serverAuth"] });
    await Deno.writeTextFile(`${site.folder}/ca.pem`, ca.certPem);
    const serial = new X509Certificate(revokedBySerial.certPem).serialNumber;
    const table = (name: string, pin: KeyPair, more = "") =>
      `[subscriber.${name}]\npins = ["sha256:${pin.fingerprint256}"]\nallow = ["True"]\n${more}\n`;
    const byCa = (name: string) =>
      `[subscriber.${name}]\nallow = ["True"]\n` +
      `issuedBy = { ca = ["${site.folder}/ca.pem"], subject = "${name}" }\n`;
    const gateway = await site.gateway(
      inputToml(1, pmu.port) + TLS_OUTPUT + `
[subscriber.pinned]
pins = ["sha256:${pinned.fingerprint256}", "${next.fingerprint256.toUpperCase()}"]
allow = ["True"]
${byCa("issued")}
${byCa("serial")}
${table("revoked", revoked)}
${table("disabled", disabled, "enabled = false")}
${table("elsewhere", elsewhere, 'addresses = ["192.0.2.0/24"]')}
${table("expired", expired)}
${table("future", future)}
${table("usage", serverOnly)}
[revoked]
fingerprints = ["sha256:${revoked.fingerprint256}"]
serials = [{ issuer = "CN=Grid CA", serial = "${serial}" }]
`,
    );
    await inputsRun(gateway, 1);
    const cases: [string, KeyPair, string | undefined][] = [
      ["the pinned certificate", pinned, undefined],
      ["the second pin, of a rotation", next, undefined],
      ["issued by the authority with the subject", issued, undefined],
      ["unknown", await keyPair("stranger"), "unknownCertificate"],
      [
        "the subject of a pinned one, another key",
        await keyPair("pinned"),
        "unknownCertificate",
      ],
      [
        "issued, with a subject of nobody",
        await issue(ca, { commonName: "someone" }),
        "unknownCertificate",
      ],
      [
        "the right subject of another authority of the same name",
        await issue(otherCa, { commonName: "issued" }),
        "wrongIssuer",
      ],
      [
        "the right subject, signed by itself",
        await keyPair("issued"),
        "wrongIssuer",
      ],
      [
        "issued and expired",
        await issue(ca, { commonName: "issued", notBeforeMs: long, days: 10 }),
        "expired",
      ],
      ["pinned and expired", expired, "expired"],
      ["not valid yet", future, "notYetValid"],
      ["pinned, but for servers only", serverOnly, "wrongUsage"],
      ["revoked by fingerprint", revoked, "revoked"],
      ["revoked by serial number", revokedBySerial, "revoked"],
      ["disabled", disabled, "disabled"],
      ["from an address that is not allowed", elsewhere, "addressNotAllowed"],
    ];
    for (const [what, own, reason] of cases) {
      const before = reason === undefined ? 0 : refusals(gateway)[reason] ?? 0;
      assert.equal(await getsData(gateway, own), reason === undefined, what);
      if (reason === undefined) continue;
      await until(
        () => (refusals(gateway)[reason] ?? 0) === before + 1,
        () => `${what}: ${reason}; found ${JSON.stringify(refusals(gateway))}`,
      );
    }
    // Without any certificate: the platform's own client, which shows none.
    const known = JSON.stringify(refusals(gateway));
    const bare = await bareTls(outputOf(gateway).port);
    assert.equal(bare, 0, "bytes came without a certificate");
    const unproven = () => {
      const { noCertificate = 0, handshakeFailed = 0 } = refusals(gateway);
      return noCertificate + handshakeFailed;
    };
    await until(
      () => unproven() > 0,
      () => `${known} became ${JSON.stringify(refusals(gateway))}`,
    );
    assert.equal(unproven(), 1);
    // Each reason is in the log once, in a sentence with the peer's address.
    for (const reason of new Set(cases.map(([, , reason]) => reason))) {
      if (reason === undefined) continue;
      assert.ok(refusals(gateway)[reason]! > 0);
    }
    const lines = site.log.complaints(/refused a connection: Refused 127\.0\.0\.1/);
    assert.ok(lines.length >= 7 && lines.length <= 9, JSON.stringify(lines, null, 1));
    const metrics = gateway.metrics().find((m) => m.part === "output.main")!.metrics;
    const total = metrics.filter((m) => m.name === "output_refused_total")
      .reduce((sum, m) => sum + m.value, 0);
    assert.ok(total >= cases.length - 3);
  });
});

/** Bytes that a TLS client without a certificate gets within two seconds. */
async function bareTls(port: number): Promise<number> {
  const { connect } = await import("node:tls");
  return await new Promise((resolve) => {
    let bytes = 0;
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
    socket.on("data", (data: Uint8Array) => void (bytes += data.length));
    socket.on("error", () => {});
    const timer = setTimeout(() => socket.destroy(), 2000);
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(bytes);
    });
    socket.on(
      "secureConnect",
      () => void socket.write(Uint8Array.of(0, 0, 0, 5, 6, 0xe0, 0, 2, 0x62)),
    );
  });
}

Deno.test("identity: a plain listener takes a known address and nobody else", async () => {
  await Site.with(async (site) => {
    const { pmu } = await site.pmu(1);
    const known = await site.gateway(inputToml(1, pmu.port) + PLAIN_OUTPUT + PLAIN_SUBSCRIBER);
    const strange = await site.gateway(
      inputToml(1, pmu.port) + PLAIN_OUTPUT + PLAIN_SUBSCRIBER.replace("127.0.0.1", "192.0.2.7"),
    );
    await inputsRun(known, 1);
    const friend = await RawSubscriber.dial(outputOf(known).port);
    friend.hello().subscribe();
    await until(() => friend.received.length > 0, "data");
    friend.connection.destroy();
    const stranger = await RawSubscriber.dial(outputOf(strange).port);
    stranger.hello().subscribe();
    await until(() => stranger.closed !== undefined, "the end of a stranger's connection");
    assert.deepEqual([stranger.answers, stranger.received], [[], []]);
    assert.deepEqual(refusals(strange), { addressNotAllowed: 1 });
    assert.equal(site.log.complaints(/no subscriber has this address without TLS/).length, 1);
    // A disabled one is refused too.
    const off = await site.gateway(
      inputToml(1, pmu.port) + PLAIN_OUTPUT + PLAIN_SUBSCRIBER + "enabled = false\n",
    );
    const disabled = await RawSubscriber.dial(outputOf(off).port);
    await until(() => disabled.closed !== undefined, "the end of a disabled one's connection");
    assert.deepEqual(refusals(off), { disabled: 1 });
  });
});

/** A subscriber that listens for gateways that dial. */
class ListeningSubscriber {
  measurements = 0;
  connections = 0;
  refused: string[] = [];
  readonly #sessions = new Set<Connection>();

  async listen(site: Site, own: KeyPair, gatewayPin: () => string): Promise<number> {
    const clock = systemClock();
    const listener = await listenTls({
      hostname: "127.0.0.1",
      port: 0,
      keyPem: own.keyPem,
      certPem: own.certPem,
      judge: (peer) =>
        new Identities({ subscribers: [{ name: "gw", enabled: true, pins: [gatewayPin()] }] })
          .identifyTls({ ...peer, nowMs: Date.now(), role: "client" }),
      onRefused: ({ reason }) => void this.refused.push(reason),
      onPeer: (connection) => {
        this.connections++;
        this.#sessions.add(connection);
        const session = new SubscriberSession({
          nowMs: clock.monotonicMs(),
          request: { filterExpression: "FILTER ActiveMeasurements WHERE TRUE" },
          events: {
            transmit: (bytes) => void connection.write(bytes),
            close: () => connection.destroy(),
            measurements: (batch: MeasurementBatch) => void (this.measurements += batch.count),
          },
        });
        const timer = setInterval(() => session.tick(clock.monotonicMs()), 100);
        connection.onData = (bytes) => session.receive(bytes, clock.monotonicMs());
        connection.onClose = () => {
          clearInterval(timer);
          session.end();
          this.#sessions.delete(connection);
        };
        session.start(clock.monotonicMs());
      },
    });
    site.atEnd(() => listener.close());
    return listener.port;
  }

  drop(): void {
    for (const connection of this.#sessions) connection.destroy();
  }
}

Deno.test("identity: the gateway dials a subscriber; both show certificates, the same rights apply", async () => {
  await Site.with(async (site) => {
    const { pmu } = await site.pmu(1);
    const own = await keyPair("dialled");
    const wrong = await keyPair("impostor");
    // The listeners stand before the gateway has its certificate.
    const late: { pin?: string } = {};
    const pin = () => late.pin ?? "0".repeat(64);
    const right = new ListeningSubscriber(), impostor = new ListeningSubscriber();
    const port = await right.listen(site, own, pin);
    const impostorPort = await impostor.listen(site, wrong, pin);
    const gateway = await site.gateway(
      inputToml(1, pmu.port) + `
[output.main]
type = "sttp"
listen = ""
dial = [{ subscriber = "center", address = "127.0.0.1:${port}" }, { subscriber = "center", address = "127.0.0.1:${impostorPort}" }]
[subscriber.center]
pins = ["${own.fingerprint256}"]
allow = ["SignalType = 'FREQ'"]
`,
    );
    late.pin = gateway.identity!.fingerprint256;
    await inputsRun(gateway, 1);
    await until(
      () => right.measurements > 60,
      () => JSON.stringify(detailOf(gateway, "output.main")),
    );
    const { ledger, sessions } = outputOf(gateway).subscribers()["center"]!;
    assert.equal(sessions.length, 1);
    assert.equal(sessions[0]!.signals, 1);
    assert.equal(ledger.balance, 0);
    assert.equal(impostor.measurements, 0);
    // The shape of the output's status.
    const dial = () => detailOf(gateway, "output.main")["dial"] as { lastReason: string }[];
    await until(() => /no subscriber has this certificate/.test(dial()[1]!.lastReason), dial);
    // A connection that is lost is dialled again.
    right.drop();
    await until(() => right.connections === 2, "the second connection");
    const before = right.measurements;
    await until(() => right.measurements > before + 30, "data over the second connection");
  });
});
