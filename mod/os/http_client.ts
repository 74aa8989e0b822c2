/**
 * One HTTP request to a gateway whose certificate is known by its pin, or issued by an authority of the system.
 *
 * @module
 */
import { request as httpRequest } from "node:http";
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { ProtocolError } from "../core/mod.ts";
import { sha256Hex } from "./sha256.ts";
import type { KeyPairPem } from "./key_pair.ts";

/** A request. */
export interface HttpCall {
  /** `http:` or `https:`. */
  readonly url: string;
  /** Method; default GET. */
  readonly method?: string;
  /** Headers; `Host` and `Content-Length` are added. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Body. */
  readonly body?: string | undefined;
  /** SHA-256 of the server's certificate, hex; without it an authority of the system must have issued it. */
  readonly pin?: string | undefined;
  /** Own key and certificate. */
  readonly own?: KeyPairPem | undefined;
  /** Longest time for all of it; default 30,000. */
  readonly timeoutMs?: number;
  /** Most bytes of an answer; default 64 MiB. */
  readonly maxBytes?: number;
}

/** An answer. */
export interface HttpAnswer {
  /** Status. */
  readonly status: number;
  /** Headers. */
  readonly headers: Headers;
  /** Body. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Body as text. */
  readonly text: string;
}

/**
 * Sends a request on a connection of its own. Nothing is sent before the server's certificate was judged.
 *
 * Throws {@linkcode ProtocolError} (`wrongPin`) for another certificate, and what the platform says of a
 * connection that fails.
 */
export async function callHttp(call: HttpCall): Promise<HttpAnswer> {
  const url = new URL(call.url);
  const timeoutMs = call.timeoutMs ?? 30_000;
  const socket = await dial(url, call, timeoutMs);
  try {
    return await exchange(url, call, socket, timeoutMs);
  } finally {
    socket.destroy();
  }
}

async function dial(url: URL, { pin, own }: HttpCall, timeoutMs: number): Promise<Socket> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (url.protocol === "http:") {
    const socket = connectPlain({ host, port: Number(url.port || 80) });
    await opened(socket, "connect", url, timeoutMs);
    return socket;
  }
  const socket = connectTls({
    host,
    port: Number(url.port || 443),
    rejectUnauthorized: pin === undefined,
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    ...(own && { key: own.keyPem, cert: own.certPem }),
  });
  await opened(socket, "secureConnect", url, timeoutMs);
  if (pin === undefined) return socket;
  const shown = sha256Hex(socket.getPeerCertificate().raw);
  const wanted = pin.toLowerCase().replace(/^sha-?256:/, "").replaceAll(":", "");
  if (shown === wanted) return socket;
  socket.destroy();
  throw new ProtocolError(
    "wrongPin",
    `Expected a certificate with pin sha256:${wanted}, found sha256:${shown}. ` +
      "Another one answers, or it has a new certificate: its log tells its pin",
  );
}

function opened(socket: Socket, event: string, url: URL, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(
      () => fail(new ProtocolError("timeout", `No connection to ${url.host} in ${timeoutMs} ms`)),
      timeoutMs,
    );
    socket.once("error", fail);
    socket.once(event, () => {
      clearTimeout(timer);
      socket.off("error", fail);
      socket.on("error", () => {}); // told by the request
      resolve();
    });
  });
}

function exchange(
  url: URL,
  call: HttpCall,
  socket: Socket,
  timeoutMs: number,
): Promise<HttpAnswer> {
  const maxBytes = call.maxBytes ?? 64 * 1024 * 1024;
  const body = call.body === undefined ? undefined : new TextEncoder().encode(call.body);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new ProtocolError("timeout", `No answer from ${url.host} in ${timeoutMs} ms`)),
      timeoutMs,
    );
    const request = httpRequest({
      method: call.method ?? "GET",
      path: url.pathname + url.search,
      createConnection: () => socket,
      headers: {
        host: url.host,
        connection: "close",
        ...(body && { "content-length": String(body.length) }),
        ...call.headers,
      },
    }, (answer) => {
      const headers = new Headers();
      for (let i = 0; i + 1 < answer.rawHeaders.length; i += 2) {
        headers.append(answer.rawHeaders[i]!, answer.rawHeaders[i + 1]!);
      }
      const parts: Uint8Array[] = [];
      let length = 0;
      answer.on("data", (part: Uint8Array) => {
        length += part.length;
        if (length > maxBytes) {
          reject(
            new ProtocolError("tooLarge", `Expected at most ${maxBytes} bytes from ${url.host}`),
          );
        } else parts.push(part);
      });
      answer.on("error", reject);
      answer.on("end", () => {
        clearTimeout(timer);
        const bytes = new Uint8Array(length);
        let at = 0;
        for (const part of parts) {
          bytes.set(part, at);
          at += part.length;
        }
        const text = new TextDecoder().decode(bytes);
        resolve({ status: answer.statusCode ?? 0, headers, bytes, text });
      });
    });
    request.on("error", (error: Error) => {
      clearTimeout(timer);
      reject(error);
    });
    request.end(body);
  });
}
