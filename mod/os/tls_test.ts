import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { connect as connectPlain, createServer, type Socket } from "node:net";
import { connect } from "node:tls";
import { ConfigError, ProtocolError } from "../core/mod.ts";
import { Identities, type Verdict } from "../identity/mod.ts";
import { issue, type KeyPair, makeCa, makeSelfSigned } from "./certificates.ts";
import { type CloseReason, ConnectError, type Connection, type Refusal } from "./connection.ts";
import { connectTls, listenTls } from "./tls.ts";
import type { TlsListener, TlsListenOptions } from "./tls_listener.ts";
import type { TlsPeer } from "./tls_peer.ts";
import { proveClientCertificateRequired } from "./tls_proof.ts";
import { freePort } from "../../tests/support/ports.ts";
import { until } from "../../tests/support/waiting.ts";

const DAY = 86_400_000;
const [gateway, right, next, expired, revoked, stranger, ca, otherCa] = await Promise.all([
  makeSelfSigned({ commonName: "gateway" }),
  makeSelfSigned({ commonName: "right" }),
  makeSelfSigned({ commonName: "next" }),
  makeSelfSigned({ commonName: "expired", days: 1, notBeforeMs: Date.now() - 2 * DAY }),
  makeSelfSigned({ commonName: "revoked" }),
  makeSelfSigned({ commonName: "right" }),
  makeCa({ commonName: "CA" }),
  makeCa({ commonName: "CA" }),
]);
const middle = await makeCa({ commonName: "Middle" }, ca);
const [issued, viaMiddle, forged] = await Promise.all([
  issue(ca, { commonName: "pdc" }),
  issue(middle, { commonName: "pdc" }),
  issue(otherCa, { commonName: "pdc" }),
]);

const identities = new Identities({
  subscribers: [
    { name: "pinned", enabled: true, pins: [right.fingerprint256, next.fingerprint256] },
    { name: "expired", enabled: true, pins: [expired.fingerprint256] },
    { name: "revoked", enabled: true, pins: [revoked.fingerprint256] },
    { name: "pdc", enabled: true, issuedBy: { ca: [ca.certPem], subject: "pdc" } },
  ],
  denyList: { fingerprints: [revoked.fingerprint256] },
});
const judge = (peer: TlsPeer): Verdict => identities.identifyTls({ ...peer, nowMs: Date.now() });

interface Bench {
  listener: TlsListener;
  peers: { connection: Connection; name: string; peer: TlsPeer }[];
  refusals: Refusal[];
  [Symbol.asyncDispose](): Promise<void>;
}

async function open(more: Partial<TlsListenOptions> = {}): Promise<Bench> {
  const peers: Bench["peers"] = [];
  const refusals: Refusal[] = [];
  const listener = await listenTls({
    hostname: "127.0.0.1",
    port: 0,
    keyPem: gateway.keyPem,
    certPem: gateway.certPem,
    handshakeTimeoutMs: 60_000, // a busy machine may take its time
    judge,
    onPeer: (connection, name, peer) => peers.push({ connection, name, peer }),
    onRefused: (refusal) => refusals.push(refusal),
    ...more,
  });
  return { listener, peers, refusals, [Symbol.asyncDispose]: () => listener.close() };
}

/** A client that is not ours: the platform's, without a judge. */
function rawClient(port: number, shown: KeyPair | undefined, version: "TLSv1.2" | "TLSv1.3") {
  const socket = connect({
    host: "127.0.0.1",
    port,
    minVersion: version,
    maxVersion: version,
    rejectUnauthorized: false,
    ...(shown ? { key: shown.keyPem, cert: shown.certPem } : {}),
  });
  const seen = { secure: false, closed: false, bytes: 0 };
  socket.on("secureConnect", () => {
    seen.secure = true;
    socket.write("hello");
  });
  socket.on("data", (data: Uint8Array) => seen.bytes += data.length);
  socket.on("error", () => {});
  socket.on("close", () => seen.closed = true);
  return { socket, seen };
}

const MATRIX: [string, KeyPair | undefined, string | { refused: string }][] = [
  ["right pin", right, "pinned"],
  ["second pin", next, "pinned"],
  ["issued by the authority", issued, "pdc"],
  ["issued by an intermediate that it sends", viaMiddle, "pdc"],
  ["no certificate", undefined, { refused: "noCertificate" }],
  ["expired certificate", expired, { refused: "expired" }],
  ["unknown certificate", stranger, { refused: "unknownCertificate" }],
  ["revoked certificate", revoked, { refused: "revoked" }],
  ["issued by another authority of that name", forged, { refused: "wrongIssuer" }],
];

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  for (const [what, shown, expected] of MATRIX) {
    Deno.test(`${version} client: ${what}`, async () => {
      await using bench = await open();
      const { socket, seen } = rawClient(bench.listener.port, shown, version);
      if (typeof expected === "string") {
        await until(() => bench.peers.length === 1, "a peer");
        const { connection, name, peer } = bench.peers[0]!;
        assert.equal(name, expected);
        assert.equal(peer.protocol, version);
        assert.equal(peer.fingerprint, shown?.fingerprint256);
        assert.equal(peer.address, "127.0.0.1");
        let got = "";
        connection.onData = (bytes) => got += new TextDecoder().decode(bytes);
        await until(() => got === "hello", "its bytes");
        connection.write(new TextEncoder().encode("welcome"));
        await until(() => seen.bytes === 7, "our bytes");
        assert.deepEqual([connection.bytesRead, connection.bytesWritten], [5, 7]);
      } else {
        await until(() => bench.refusals.length === 1 && seen.closed, "a refusal");
        assert.equal(bench.refusals[0]?.reason, expected.refused);
        assert.equal(bench.refusals[0]?.fingerprint, shown?.fingerprint256);
        assert.deepEqual([bench.peers.length, seen.bytes], [0, 0]);
        await until(() => bench.listener.connections === 0, "the end here");
      }
      socket.destroy();
    });
  }
}

Deno.test("the lowest version is kept to", async () => {
  await using bench = await open({ minVersion: "TLSv1.3" });
  const old = rawClient(bench.listener.port, right, "TLSv1.2");
  await until(() => bench.refusals.length === 1 && old.seen.closed, "a refusal");
  assert.equal(bench.refusals[0]?.reason, "handshakeFailed");
  const young = rawClient(bench.listener.port, right, "TLSv1.3");
  await until(() => bench.peers.length === 1, "a peer");
  young.socket.destroy();
});

Deno.test("a client that is no TLS client, or leaves, is a failed handshake", async () => {
  await using bench = await open();
  const http = connectPlain(bench.listener.port, "127.0.0.1");
  http.on("error", () => {});
  http.write("GET / HTTP/1.0\r\n\r\n");
  await until(() => bench.refusals.length === 1, "a refusal");
  const leaver = connectPlain(bench.listener.port, "127.0.0.1");
  leaver.on("connect", () => leaver.destroy());
  await until(() => bench.refusals.length === 2, "another");
  assert.deepEqual(bench.refusals.map((r) => r.reason), ["handshakeFailed", "handshakeFailed"]);
  http.destroy();
});

Deno.test("a client that never shakes hands is thrown out", async () => {
  await using bench = await open({ handshakeTimeoutMs: 60 });
  const silent = connectPlain(bench.listener.port, "127.0.0.1");
  let closed = false;
  silent.on("close", () => closed = true);
  silent.resume();
  await until(() => closed, "it is thrown out");
  assert.deepEqual(bench.refusals.map((r) => r.reason), ["handshakeTimeout"]);
  await until(() => bench.listener.connections === 0, "the end here");
});

Deno.test("handshakes are bounded in number and rate", async () => {
  await using bench = await open({ maxHandshakes: 8, maxHandshakesPerSecond: 10 });
  const clients = Array.from({ length: 12 }, () => connectPlain(bench.listener.port, "127.0.0.1"));
  for (const client of clients) client.on("error", () => {});
  await until(() => bench.refusals.length >= 10, "refusals");
  assert.deepEqual([...new Set(bench.refusals.map((r) => r.reason))], ["tooManyHandshakes"]);
  assert.equal(bench.listener.connections, 2); // a quarter of eight for one address
  for (const client of clients) client.destroy();
});

Deno.test("identified connections are bounded in number", async () => {
  await using bench = await open({ maxConnections: 1 });
  const first = rawClient(bench.listener.port, right, "TLSv1.3");
  await until(() => bench.peers.length === 1, "a peer");
  const second = rawClient(bench.listener.port, right, "TLSv1.3");
  await until(() => bench.refusals.length === 1 && second.seen.closed, "a refusal");
  assert.equal(bench.refusals[0]?.reason, "tooManyConnections");
  assert.equal(bench.peers[0]?.connection.isOpen, true);
  first.socket.destroy();
});

for (
  const [what, more, expected] of [
    ["that nobody reads", { maxReadBytesPerSecond: Infinity }, "unreadLimit"],
    ["faster than allowed", { maxReadBytesPerSecond: 100_000 }, "readRateLimit"],
  ] as [string, Partial<TlsListenOptions>, CloseReason][]
) {
  Deno.test(`a client that sends without end, ${what}, is thrown out`, async () => {
    let reason: CloseReason | undefined;
    let read = 0, most = 0;
    await using bench = await open({
      ...more,
      onPeer(connection) {
        if (expected === "readRateLimit") connection.onData = (bytes) => read += bytes.length;
        connection.onClose = (why) => {
          reason = why;
          most = connection.bytesRead;
        };
      },
    });
    const { socket, seen } = rawClient(bench.listener.port, right, "TLSv1.3");
    const block = new Uint8Array(65_536);
    const pump = () => {
      while (!seen.closed && socket.write(block));
    };
    socket.on("drain", pump);
    socket.on("secureConnect", pump);
    await until(() => reason !== undefined && seen.closed, "it is thrown out");
    assert.equal(reason, expected);
    // A limit of 256 KiB unread, or a burst of 1 MiB, and one chunk of the platform on top.
    assert.ok(most < 2 * 1024 * 1024, `${most} bytes were taken`);
    assert.ok(read <= most);
    await until(() => bench.listener.connections === 0, "the end here");
  });
}

Deno.test("a client that never reads shows in writableLength", async () => {
  await using bench = await open();
  // The platform's TLS client reads even when it is paused; a relay over plain TCP can really stop.
  const relay = createServer((client) => {
    const server = connectPlain(bench.listener.port, "127.0.0.1");
    client.on("data", (data: Uint8Array) => server.write(data));
    client.on("close", () => server.destroy());
    client.on("error", () => {});
    server.on("data", (data: Uint8Array) => client.write(data));
    server.on("error", () => {});
    toServer = server;
  });
  let toServer: Socket | undefined;
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  const bound = relay.address();
  assert.ok(bound && typeof bound === "object");
  const { socket, seen } = rawClient(bound.port, right, "TLSv1.2");
  await until(() => bench.peers.length === 1, "a peer");
  const { connection } = bench.peers[0]!;
  toServer?.pause();
  const block = new Uint8Array(65_536);
  let heldBack = false;
  for (let i = 0; i < 2000 && connection.writableLength < 1_000_000; i++) {
    if (!connection.write(block)) heldBack = true;
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assert.ok(heldBack);
  assert.ok(connection.writableLength >= 1_000_000, `${connection.writableLength} are waiting`);
  let drained = 0;
  connection.onDrain = () => drained++;
  toServer?.resume();
  await until(() => drained === 1, "drain");
  await until(() => seen.bytes === connection.bytesWritten, "all bytes");
  assert.equal(connection.writableLength, 0);
  socket.destroy();
  relay.close();
});

Deno.test("another key and certificate serve new handshakes, open connections stay", async () => {
  await using bench = await open();
  const other = await makeSelfSigned({ commonName: "gateway 2" });
  const before = rawClient(bench.listener.port, right, "TLSv1.3");
  await until(() => bench.peers.length === 1, "a peer");
  assert.throws(() => bench.listener.reload(gateway.keyPem, other.certPem), ConfigError);
  assert.throws(() => bench.listener.reload("nonsense", other.certPem), ConfigError);
  bench.listener.reload(other.keyPem, other.certPem);
  const after = rawClient(bench.listener.port, next, "TLSv1.3");
  // Either side may be told first that the handshake is done.
  await until(() => bench.peers.length === 2 && after.seen.secure, "another peer");
  const fingerprint = new X509Certificate(after.socket.getPeerCertificate().raw).fingerprint256;
  assert.equal(fingerprint.replaceAll(":", "").toLowerCase(), other.fingerprint256);
  bench.peers[0]!.connection.write(new Uint8Array(3));
  await until(() => before.seen.bytes === 3, "bytes on the old one");
  const none = rawClient(bench.listener.port, undefined, "TLSv1.3");
  await until(() => bench.refusals.length === 1 && none.seen.closed, "a refusal");
  before.socket.destroy();
  after.socket.destroy();
});

const dial = (port: number, shown: KeyPair, more: { judge?: (peer: TlsPeer) => Verdict } = {}) =>
  connectTls({
    hostname: "127.0.0.1",
    port,
    ...shown,
    judge: (peer) =>
      peer.fingerprint === gateway.fingerprint256
        ? { name: "gateway" }
        : { refused: "unknownCertificate", message: "not the gateway" },
    ...more,
  });

Deno.test("both sides identify each other", async () => {
  await using bench = await open();
  const { connection, name, peer } = await dial(bench.listener.port, right);
  assert.equal(name, "gateway");
  assert.equal(peer.protocol, "TLSv1.3");
  let got = 0;
  connection.onData = (bytes) => got += bytes.length;
  await until(() => bench.peers.length === 1, "a peer");
  const accepted = bench.peers[0]!.connection;
  accepted.write(new Uint8Array(100_000));
  await until(() => got === 100_000, "all bytes");
  let why: CloseReason | undefined;
  accepted.onClose = (reason) => why = reason;
  connection.close();
  assert.equal(connection.isOpen, false);
  await until(() => why === "closedByPeer", "the other end hears of it");
  assert.equal(accepted.write(new Uint8Array(1)), false);
});

Deno.test("bytes that come before somebody listens are kept", async () => {
  const hello = new TextEncoder().encode("first");
  await using bench = await open({ onPeer: (connection) => connection.write(hello) });
  const { connection } = await dial(bench.listener.port, right);
  await until(() => connection.bytesRead === 5, "bytes");
  let got = "";
  connection.onData = (bytes) => got += new TextDecoder().decode(bytes);
  await until(() => got === "first", "they are handed over");
  connection.destroy();
});

Deno.test("a dialled peer that is not known is left", async () => {
  await using bench = await open();
  const refuse = (): Verdict => ({ refused: "unknownCertificate", message: "nobody" });
  const isRefusal = (error: unknown) =>
    error instanceof ConnectError && error.kind === "unknownCertificate";
  await assert.rejects(dial(bench.listener.port, right, { judge: refuse }), isRefusal);
  await until(() => bench.listener.connections === 0, "the listener is empty");
});

Deno.test("a dialler that is turned away sees its connection end", async () => {
  await using bench = await open();
  let closed = false;
  try {
    const { connection } = await dial(bench.listener.port, stranger);
    connection.onClose = () => closed = true;
    await until(() => closed, "it ends");
  } catch (error) {
    assert.ok(error instanceof ConnectError, String(error)); // thrown out before it was done here
  }
  assert.deepEqual(bench.refusals.map((r) => r.reason), ["unknownCertificate"]);
});

Deno.test("dialling ends in time, on abort, and on a peer that is no TLS server", async () => {
  const silent = Deno.listen({ hostname: "127.0.0.1", port: freePort() });
  const held: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const conn of silent) held.push(conn);
  })();
  const options = {
    hostname: "127.0.0.1",
    port: silent.addr.port,
    ...right,
    judge: (): Verdict => ({ name: "x" }),
  };
  const kind = (word: string) => (error: unknown) =>
    error instanceof ConnectError && error.kind === word;
  await assert.rejects(connectTls({ ...options, timeoutMs: 50 }), kind("timeout"));
  const abort = new AbortController();
  const dialling = connectTls({ ...options, timeoutMs: 60_000, signal: abort.signal });
  const aborted = assert.rejects(dialling, kind("aborted"));
  await until(() => held.length > 0, "a connection");
  abort.abort();
  await aborted;
  await assert.rejects(connectTls({ ...options, signal: abort.signal }), kind("aborted"));
  silent.close();
  await accepting;
  for (const conn of held) conn.close();
  await assert.rejects(connectTls(options), kind("network"));

  const rude = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const answering = (async () => {
    for await (const conn of rude) {
      held.push(conn);
      await conn.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
    }
  })();
  await assert.rejects(
    connectTls({ ...options, port: rude.addr.port, timeoutMs: 60_000 }),
    kind("handshakeFailed"),
  );
  rude.close();
  await answering;
  held.at(-1)!.close();
});

Deno.test("a listener that lets strangers in is not opened", async () => {
  const lax = (): Verdict => ({ name: "anybody" });
  const unproven = (error: unknown) =>
    error instanceof ProtocolError && error.kind === "unprovenTls";
  await assert.rejects(open({ judge: lax }), unproven);
  await assert.rejects(proveClientCertificateRequired({ ...gateway, judge: lax }), unproven);
  await proveClientCertificateRequired({ ...gateway, judge });
  await proveClientCertificateRequired({ ...gateway, judge, minVersion: "TLSv1.3" });
});

Deno.test("a key that does not fit its certificate is a ConfigError", async () => {
  await assert.rejects(open({ keyPem: right.keyPem }), ConfigError);
  await assert.rejects(open({ keyPem: "" }), ConfigError);
});

Deno.test("a judge that fails lets nobody in", async () => {
  await using bench = await open({
    judge: () => {
      throw new Error("out of order");
    },
  });
  const { seen } = rawClient(bench.listener.port, right, "TLSv1.3");
  await until(() => bench.refusals.length === 1 && seen.closed, "a refusal");
  assert.match(bench.refusals[0]!.message, /out of order/);
});

Deno.test("closing a listener ends its connections", async () => {
  const bench = await open();
  const { seen } = rawClient(bench.listener.port, right, "TLSv1.3");
  let why: CloseReason | undefined;
  await until(() => bench.peers.length === 1, "a peer");
  bench.peers[0]!.connection.onClose = (reason) => why = reason;
  await bench.listener.close();
  await bench.listener.close();
  await until(() => seen.closed && why !== undefined, "both ends see it");
});
