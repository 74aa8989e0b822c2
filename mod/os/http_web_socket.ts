/**
 * A request for a WebSocket, refused or accepted.
 *
 * @module
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
// @ts-types="npm:@types/ws@8.18.1"
import { type WebSocket, WebSocketServer } from "ws";
import { FAREWELL_MS, requestOf } from "./http_answer.ts";
import type { HttpListenOptions, HttpPeer, TextSocket } from "./http_options.ts";

/** Largest message that a WebSocket takes. */
const MAX_MESSAGE_BYTES = 64 * 1024;

/** Makes what holds the WebSockets of one listener. */
export function webSocketServer(): WebSocketServer {
  return new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
}

/** Answers a request for a WebSocket on the connection `raw`, of which `head` was read already. */
export async function upgrade(
  q: IncomingMessage,
  raw: Duplex,
  head: Uint8Array,
  peer: HttpPeer,
  sockets: WebSocketServer,
  options: HttpListenOptions,
): Promise<void> {
  raw.on("error", () => {}); // told by "close"
  try {
    const request = requestOf(q, peer, new AbortController().signal, 1000);
    const verdict = request && options.webSocket
      ? await options.webSocket(request, peer)
      : new Response(null, { status: 400 });
    if (verdict instanceof Response) {
      const body = await verdict.text();
      const lines = [...verdict.headers].map(([name, value]) => `${name}: ${value}\r\n`).join("");
      raw.end(
        `HTTP/1.1 ${verdict.status} Refused\r\n${lines}Content-Length: ${
          new TextEncoder().encode(body).length
        }\r\nConnection: close\r\n\r\n${body}`,
      );
      // Who does not close its side would keep the connection.
      setTimeout(() => raw.destroy(), FAREWELL_MS);
      return;
    }
    if (verdict.protocol === "") delete q.headers["sec-websocket-protocol"];
    else q.headers["sec-websocket-protocol"] = verdict.protocol;
    // The declared types are Node's Buffer and Socket, which these are.
    sockets.handleUpgrade(
      q,
      raw as Socket,
      head as never,
      (socket) => verdict.take(textSocket(socket)),
    );
  } catch (error) {
    options.onError(error);
    raw.destroy();
  }
}

function textSocket(socket: WebSocket): TextSocket {
  const face: TextSocket = {
    send: (text) => {
      if (socket.readyState === socket.OPEN) socket.send(text);
    },
    get waitingBytes() {
      return socket.bufferedAmount;
    },
    close: (code, reason) => socket.close(code, reason),
    onMessage: () => {},
    onClose: () => {},
  };
  socket.on("message", (data: unknown, isBinary: boolean) => {
    if (isBinary) socket.close(1003, "text is expected");
    else face.onMessage(String(data));
  });
  socket.on("error", () => socket.terminate());
  socket.on("close", () => face.onClose());
  return face;
}
