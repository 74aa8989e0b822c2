import assert from "node:assert/strict";
import { connect as connectTcp, type Socket } from "node:net";
import process from "node:process";
import { connect as connectTls } from "node:tls";
import {
  callHttp,
  type HttpListener,
  type HttpListenOptions,
  type HttpPeer,
  listenHttp,
  makeSelfSigned,
} from "./mod.ts";
import { until } from "../../tests/support/waiting.ts";

const pair = await makeSelfSigned({ commonName: "gw", dnsNames: ["localhost"] });
const pin = pair.fingerprint256;

async function withListener(
  handle: (request: Request, peer: HttpPeer) => Response | Promise<Response>,
  test: (url: string, listener: HttpListener, refused: string[]) => Promise<void>,
  { tls = true, limits = {} }: { tls?: boolean; limits?: Partial<HttpListenOptions> } = {},
): Promise<void> {
  const refused: string[] = [], errors: string[] = [];
  const listener = await listenHttp({
    hostname: "127.0.0.1",
    port: 0,
    ...(tls && { tls: pair }),
    handshakeTimeoutMs: 60_000, // where a handshake is to succeed it may take its time
    maxConnections: 20,
    ...limits,
    handle,
    onRefused: ({ message }) => void refused.push(message),
    onError: (error) => void errors.push(String(error)),
  });
  try {
    await test(`${tls ? "https" : "http"}://127.0.0.1:${listener.port}`, listener, refused);
  } finally {
    await listener.close();
  }
}

/** A client that sends what it is told to, byte by byte. */
class RawClient {
  /** What came and was not taken by `until`, once the connection is over. */
  readonly over: Promise<string>;
  readonly #socket: Socket;
  #text = "";

  constructor(url: string, tls: boolean) {
    const at = { host: "127.0.0.1", port: Number(new URL(url).port) };
    this.#socket = tls ? connectTls({ ...at, rejectUnauthorized: false }) : connectTcp(at);
    this.#socket.on("data", (data: Uint8Array) => {
      this.#text += new TextDecoder().decode(data);
    });
    this.#socket.on("error", () => {});
    this.over = new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error("Expected to be cut off, waited a minute"));
        this.#socket.destroy();
      }, 60_000);
      this.#socket.on("close", () => {
        clearTimeout(timer);
        resolve(this.#text);
      });
    });
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  /** Takes what came, once it matches. */
  async until(wanted: RegExp): Promise<string> {
    await until(() => wanted.test(this.#text), `an answer like ${wanted}`);
    const text = this.#text;
    this.#text = "";
    return text;
  }
}

/** Sends bytes, reads, and waits for the end; what came, and how long it took. */
async function raw(url: string, bytes: string, tls = true): Promise<{ text: string; ms: number }> {
  const began = performance.now();
  const client = new RawClient(url, tls);
  if (bytes) client.send(bytes);
  return { text: await client.over, ms: performance.now() - began };
}

Deno.test("http: requests and answers are whole, with the peer's address and certificate", async () => {
  const own = await makeSelfSigned({ commonName: "me" });
  for (const tls of [true, false]) {
    await withListener(async (request, peer) => {
      const body = await request.text();
      return Response.json({
        url: request.url,
        method: request.method,
        body,
        header: request.headers.get("x-test"),
        address: peer.address,
        certificate: peer.tls?.fingerprint ?? null,
      }, { status: 201, headers: { "X-Answer": "yes" } });
    }, async (url) => {
      const answer = await callHttp({
        url: `${url}/a%20b?c=d`,
        method: "PUT",
        body: "äöü".repeat(50_000),
        headers: { "x-test": "1" },
        pin,
        ...(tls && { own }),
      });
      assert.equal(answer.status, 201);
      assert.equal(answer.headers.get("x-answer"), "yes");
      assert.deepEqual(JSON.parse(answer.text), {
        url: `${url}/a%20b?c=d`,
        method: "PUT",
        body: "äöü".repeat(50_000),
        header: "1",
        address: "127.0.0.1",
        certificate: tls ? own.fingerprint256 : null,
      });
    }, { tls });
  }
});

Deno.test("http: one connection serves many requests, and is kept as long as the client was told", async () => {
  const warnings: string[] = [];
  const warned = ({ message }: Error) => void warnings.push(message);
  process.on("warning", warned);
  const handle = (request: Request) => new Response(new URL(request.url).pathname);
  for (const tls of [true, false]) {
    await withListener(handle, async (url) => {
      const client = new RawClient(url, tls);
      for (let i = 0; i < 30; i++) {
        client.send(`GET /${i} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
        const answer = await client.until(new RegExp(`\r\n/${i}\r\n0\r\n\r\n$`));
        assert.match(answer, /^HTTP\/1\.1 200 [^]*\r\nKeep-Alive: timeout=120\r\n/);
      }
    }, { tls, limits: { keepAliveMs: 120_000 } });
    await withListener(handle, async (url) => {
      const idle = performance.now();
      const { text } = await raw(url, "GET /last HTTP/1.1\r\nHost: localhost\r\n\r\n", tls);
      assert.match(
        text,
        /\r\nKeep-Alive: timeout=2\r\n[^]*\/last\r\n0\r\n\r\n$/,
        "it ends without a word",
      );
      const ms = performance.now() - idle;
      assert.ok(ms > 1900, `Expected it to be kept for 2000 ms, found ${ms}`);
    }, { tls, limits: { keepAliveMs: 2000 } });
  }
  process.off("warning", warned);
  assert.deepEqual(warnings, [], "nothing is left behind by a request");
});

Deno.test("http: what was not read of a request does not reach the next one", async () => {
  await withListener((request) => new Response(new URL(request.url).pathname), async (url) => {
    for (let i = 0; i < 30; i++) {
      const answer = await fetch(`${url}/${i}`, {
        method: i % 3 === 0 ? "POST" : "GET",
        ...(i % 3 === 0 && { body: "unread" }),
      });
      assert.equal(await answer.text(), `/${i}`);
    }
  }, { tls: false });
});

Deno.test("http: who is slow is cut off: no handshake, half a head, half a body, nothing read", async () => {
  const handle = async (request: Request): Promise<Response> => {
    try {
      return new Response(await request.text());
    } catch (error) {
      return new Response(String(error), { status: 400 });
    }
  };
  const head = "HTTP/1.1\r\nHost: localhost\r\n";
  await withListener(handle, async (url, _, refused) => {
    const { ms } = await raw(url, "", false);
    assert.ok(ms > 250, `no handshake: ${ms} ms`);
    assert.ok(refused.some((m) => /no TLS handshake in 300 ms/.test(m)), refused.join("; "));
  }, { limits: { handshakeTimeoutMs: 300 } });
  await withListener(handle, async (url, listener) => {
    const [halfHead, idle, halfBody] = await Promise.all([
      raw(url, `GET / ${head}X-Slow: `),
      raw(url, ""),
      raw(url, `POST / ${head}Content-Length: 1000\r\n\r\n{`),
    ]);
    for (const { text, ms } of [halfHead, idle]) {
      assert.match(text, /^HTTP\/1\.1 408 [^]*\r\n\r\n$/);
      assert.ok(ms > 1900, `${ms} ms`);
    }
    assert.match(halfBody.text, /^HTTP\/1\.1 400 [^]*did not come within 500 ms|^$/);
    await until(() => listener.connections === 0, "the end of all connections");
    // A head that is sent at once has come in that time, also to a machine that is busy.
  }, { limits: { headTimeoutMs: 2000, bodyTimeoutMs: 500 } });
  await withListener(handle, async (url) => {
    const both = `GET / ${head}\r\nGET / ${head}X-Slow: `;
    let { text, ms } = await raw(url, both);
    // To a machine that stood still the first head came too late.
    for (let n = 1; n < 10 && text.startsWith("HTTP/1.1 408"); n++) {
      ({ text, ms } = await raw(url, both));
    }
    assert.match(text, /^HTTP\/1\.1 200 [^]*HTTP\/1\.1 408 [^]*\r\n\r\n$/);
    assert.ok(ms > 450, `${ms} ms`);
  }, { limits: { headTimeoutMs: 400, keepAliveMs: 100 } });
});

Deno.test("http: who reads nothing of an answer is cut off", async () => {
  let chunks = 0, cancelled = 0;
  await withListener(() =>
    new Response(
      new ReadableStream<Uint8Array>({
        pull(controller) {
          chunks++;
          controller.enqueue(new Uint8Array(65_536));
        },
        cancel: () => void cancelled++,
      }),
    ), async (url, listener) => {
    // Plain TCP: a paused TLS socket of this platform reads on.
    const stalled = connectTcp({ host: "127.0.0.1", port: Number(new URL(url).port) });
    stalled.on("error", () => {});
    stalled.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stalled.pause();
    await until(() => cancelled > 0 && listener.connections === 0, "the answer to be cut off");
    assert.equal(cancelled, 1);
    assert.ok(chunks < 1000, `${chunks} chunks of 64 KiB were made`);
    stalled.destroy();
  }, { tls: false, limits: { writeTimeoutMs: 600 } });
});

Deno.test("http: who takes a large answer slowly gets all of it", async () => {
  const large = new Uint8Array(16 * 1024 * 1024);
  await withListener(() => new Response(large), async (url) => {
    const attempt = async () => {
      const slow = connectTcp({ host: "127.0.0.1", port: Number(new URL(url).port) });
      let length = 0, longestMs = 0, lookedMs = performance.now();
      slow.on("data", (data: Uint8Array) => {
        length += data.length;
        // As a line that carries a few megabits does: never silent for long, and far from done within the timeout.
        slow.pause();
        setTimeout(() => slow.resume(), 10);
      });
      const looking = setInterval(() => {
        longestMs = Math.max(longestMs, performance.now() - lookedMs);
        lookedMs = performance.now();
      }, 10);
      const over = new Promise<void>((go) => slow.on("close", () => go()));
      slow.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      await over;
      clearInterval(looking);
      return { length, longestMs };
    };
    let { length, longestMs } = await attempt();
    // Where this process stood still, nothing was taken of it for that long.
    for (let n = 1; n < 10 && length <= large.length && longestMs > 300; n++) {
      ({ length, longestMs } = await attempt());
    }
    assert.ok(length > large.length, `${length} bytes came`);
  }, { tls: false, limits: { writeTimeoutMs: 1000 } });
});

Deno.test("http: what is no request is refused, and the listener goes on", async () => {
  let asked = 0;
  await withListener(() => {
    asked++;
    return new Response("ok");
  }, async (url) => {
    const cases = [
      "nonsense\r\n\r\n",
      "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
      `GET / HTTP/1.1\r\nHost: localhost\r\nX-Big: ${"x".repeat(100_000)}\r\n\r\n`,
      "TRACE / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ];
    for (const bytes of cases) {
      const { text } = await raw(url, bytes);
      assert.doesNotMatch(text, /^HTTP\/1\.1 200/, bytes.slice(0, 60));
    }
    assert.equal(asked, 0);
    assert.equal((await callHttp({ url, pin })).text, "ok");
  });
});

Deno.test("http: an answer that fails is 500 before its head, and an end after it", async () => {
  await withListener((request) => {
    if (new URL(request.url).pathname === "/early") throw new Error("inside");
    return new Response(
      new ReadableStream<Uint8Array>({
        pull(controller) {
          controller.error(new Error("inside"));
        },
      }),
    );
  }, async (url) => {
    const early = await callHttp({ url: `${url}/early`, pin });
    assert.deepEqual([early.status, early.text], [500, ""]);
    await assert.rejects(
      callHttp({ url: `${url}/late`, pin, timeoutMs: 3000 }),
      "not as if it were whole",
    );
  });
});

Deno.test("http: connections are bounded", async () => {
  await withListener(() => new Response("ok"), async (url, listener, refused) => {
    const port = Number(new URL(url).port);
    const sockets = Array.from({ length: 30 }, () => connectTcp({ host: "127.0.0.1", port }));
    for (const socket of sockets) socket.on("error", () => {});
    await until(() => refused.length >= 15, "the connections beyond the bound to be refused");
    assert.equal(refused.length, 15);
    assert.ok(refused.every((m) => /15 connections of its own are open/.test(m)), refused[0]!);
    // Who holds all that one address gets does not keep others out, up to the bound of all.
    const others = Array.from(
      { length: 8 },
      () => connectTcp({ host: "127.0.0.1", port, localAddress: "127.0.0.2" }),
    );
    for (const socket of others) socket.on("error", () => {});
    await until(() => refused.length >= 18, "those beyond the bound of all to be refused");
    assert.equal(refused.length, 18);
    assert.match(refused.at(-1)!, /20 connections are open/);
    assert.ok(listener.connections <= 20);
    for (const socket of [...sockets, ...others]) socket.destroy();
    await until(() => listener.connections === 0, "the end of all connections");
    assert.equal(await (await fetch(url)).text(), "ok", "places are given back");
  }, { tls: false });
});

Deno.test("http: connections that are kept hold no more than half of the places", async () => {
  for (const tls of [true, false]) {
    await withListener(() => new Response("ok"), async (url, listener, refused) => {
      const clients: RawClient[] = [];
      const answers: string[] = [];
      for (let i = 0; i < 12; i++) {
        const client = new RawClient(url, tls);
        clients.push(client);
        client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        answers.push(await client.until(/\r\nok\r\n0\r\n\r\n$/));
        // Those that are on their way out hold places too.
        const kept = Math.min(i + 1, 4);
        await until(() => listener.connections === kept, "the end of one that is not kept");
      }
      assert.deepEqual(
        answers.map((answer) => /\r\nConnection: (\S+)/i.exec(answer)?.[1]),
        answers.map((_, i) => i < 4 ? "keep-alive" : "close"),
      );
      assert.deepEqual(refused, []);
      clients[0]!.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
      await clients[0]!.until(/\r\nok\r\n/);
    }, { tls, limits: { maxConnections: 8, keepAliveMs: 120_000 } });
  }
});

Deno.test("http: who is refused a WebSocket and does not close its side keeps no place", async () => {
  for (const tls of [true, false]) {
    await withListener(() => new Response("ok"), async (url, listener) => {
      const at = { host: "127.0.0.1", port: Number(new URL(url).port), allowHalfOpen: true };
      const stubborn = tls ? connectTls({ ...at, rejectUnauthorized: false }) : connectTcp(at);
      let text = "";
      stubborn.on("data", (data: Uint8Array) => {
        text += new TextDecoder().decode(data);
      });
      stubborn.on("error", () => {});
      stubborn.write(
        "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
      );
      await until(() => /\r\n\r\nno$/.test(text), "the refusal");
      assert.match(text, /^HTTP\/1\.1 401 /);
      await until(() => listener.connections === 0, "the end of the connection");
      stubborn.destroy();
    }, {
      tls,
      limits: { webSocket: () => Promise.resolve(new Response("no", { status: 401 })) },
    });
  }
});

Deno.test("http: requests that come before the first answer are answered in order, and none is cut off for it", async () => {
  await withListener((request) => {
    const { pathname } = new URL(request.url);
    if (pathname !== "/long") return new Response(pathname);
    // Longer than a head may take.
    return new Response(
      new ReadableStream<Uint8Array>({
        async pull(controller) {
          await new Promise((go) => setTimeout(go, 1500));
          controller.enqueue(new TextEncoder().encode("at last"));
          controller.close();
        },
      }),
    );
  }, async (url) => {
    const client = new RawClient(url, true);
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    client.send(get("/one") + get("/two") + get("/long"));
    const text = await client.until(/at last\r\n0\r\n\r\n$/);
    assert.match(text, /\/one[^]*\/two[^]*at last/);
    assert.doesNotMatch(text, / 408 /);
  }, { limits: { headTimeoutMs: 1000, keepAliveMs: 100 } });
});

Deno.test("http: who sends many requests without awaiting answers is cut off, before they cost anything", async () => {
  for (const tls of [true, false]) {
    let handled = 0;
    await withListener(() => {
      handled++;
      return new Response("ok");
    }, async (url, _, refused) => {
      const client = new RawClient(url, tls);
      client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1000));
      await client.over;
      assert.ok(handled <= 16, `${handled} were handled`);
      assert.deepEqual(refused, [
        "Refused 127.0.0.1: more than 16 requests at a time on a connection",
      ]);
      assert.equal((await callHttp({ url, ...(tls && { pin }) })).text, "ok");
    }, { tls });
  }
});

Deno.test("http: who asks too often has to come anew, and what it sent behind is not looked at", async () => {
  const seen: string[] = [],
    { promise: released, resolve: release } = Promise.withResolvers<void>();
  await withListener((request) => {
    const { pathname } = new URL(request.url);
    seen.push(pathname);
    if (pathname === "/ok") return new Response(pathname);
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await released;
        controller.enqueue(new TextEncoder().encode("less often"));
        controller.close();
      },
    });
    return new Response(body, { status: 429 });
  }, async (url) => {
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    const client = new RawClient(url, false), other = new RawClient(url, false);
    client.send(get("/ok"));
    assert.match(await client.until(/\/ok\r\n0\r\n\r\n$/), /\r\nConnection: keep-alive\r\n/i);
    client.send(get("/often"));
    await until(() => seen.includes("/often"), "the request that is refused");
    client.send(get("/behind"));
    other.send(get("/ok"));
    await other.until(/\/ok\r\n0\r\n\r\n$/);
    release();
    const text = await client.over;
    assert.match(text, /^HTTP\/1.1 429 [^]*\r\nConnection: close\r\n[^]*less often\r\n0\r\n\r\n$/i);
    assert.deepEqual(seen, ["/ok", "/often", "/ok"]);
  }, { tls: false });
});
