/**
 * Hostile connections to the sockets of a gateway, over TLS and plain TCP, known and unknown.
 *
 * Shared by the test, which takes a bounded number, and the long run in bench/socket_fuzz.ts.
 *
 * @module
 */
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { KeyPair } from "../../mod/os/mod.ts";
import { clientModes, operationalModesFrame } from "../../mod/sttp/mod.ts";
import { hostileFrame, randomOf } from "../../mod/sttp/publisher_fuzz.ts";

/** Where to connect, and as whom. */
export interface FuzzTarget {
  /** Port that speaks plain TCP. */
  readonly plainPort: number;
  /** Port that speaks TLS. */
  readonly tlsPort: number;
  /** A subscriber that is known. */
  readonly known: KeyPair;
  /** Nobody that is known. */
  readonly stranger: KeyPair;
}

/** What was done. */
export interface SocketFuzzCount {
  /** Pieces of input that were written: frames, records or mere bytes. */
  inputs: number;
  /** Connections by kind. */
  readonly connections: Record<Kind, number>;
  /** Bytes that the gateway has answered. */
  answered: number;
}

const KINDS = ["plain", "tls", "stranger", "nobody", "noTls", "deaf"] as const;
type Kind = typeof KINDS[number];
type Random = (below: number) => number;

const CONCURRENT = 6;
const MOST_PER_CONNECTION = 40;
/** Longest life of a connection: what hangs is cut off here, and by the gateway before that. */
const MOST_MS = 3000;
/** The first bytes of a ClientHello. */
const CLIENT_HELLO = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3];

/** Writes `inputs` pieces of input that `seed` makes, over some connections at a time. */
export async function fuzzSockets(
  target: FuzzTarget,
  inputs: number,
  seed: number,
): Promise<SocketFuzzCount> {
  const count: SocketFuzzCount = {
    inputs: 0,
    connections: { plain: 0, tls: 0, stranger: 0, nobody: 0, noTls: 0, deaf: 0 },
    answered: 0,
  };
  await Promise.all(Array.from({ length: CONCURRENT }, async (_, i) => {
    const random = randomOf(seed + 7919 * i);
    while (count.inputs < inputs) await converse(target, random, count);
  }));
  return count;
}

/** One connection from its beginning to its end. */
async function converse(target: FuzzTarget, random: Random, count: SocketFuzzCount): Promise<void> {
  const kind = KINDS[random(KINDS.length)]!;
  count.connections[kind]++;
  const socket = await open(target, kind, random);
  if (!socket) {
    count.inputs++; // the handshake was the input
    return;
  }
  const over = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const limit = setTimeout(() => socket.destroy(), MOST_MS);
  socket.on("data", (bytes: Uint8Array) => count.answered += bytes.length);
  if (kind === "deaf") socket.pause();
  if (kind === "noTls") await junk(socket, random, count);
  else await commands(socket, random, count);
  // Each way to go away: in order, at once, or not at all until the limit or the gateway ends it.
  const way = random(8);
  if (way < 3) socket.end();
  else if (way < 7) socket.destroy();
  if (way < 3 || kind === "deaf") setTimeout(() => socket.destroy(), 100);
  await over;
  clearTimeout(limit);
}

/** A socket that is connected, over TLS after the handshake; undefined if there is none. */
function open(target: FuzzTarget, kind: Kind, random: Random): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const isPlain = kind === "plain" || kind === "noTls" || (kind === "deaf" && random(2) > 0);
    const port = kind === "plain" || (isPlain && kind === "deaf")
      ? target.plainPort
      : target.tlsPort;
    const where = { host: "127.0.0.1", port };
    const pair = kind === "stranger" ? target.stranger : target.known;
    const socket: Socket = isPlain ? connectPlain(where) : connectTls({
      ...where,
      rejectUnauthorized: false,
      ...(kind === "nobody" ? {} : { key: pair.keyPem, cert: pair.certPem }),
    });
    const limit = setTimeout(() => socket.destroy(), MOST_MS);
    const done = (result: Socket | undefined) => {
      clearTimeout(limit);
      resolve(result);
    };
    socket.on("error", () => {}); // a connection that is cut is what this is about
    socket.once("close", () => done(undefined));
    socket.once(isPlain ? "connect" : "secureConnect", () => done(socket));
  });
}

/** Commands, whole or cut anywhere, some of them behind an ordinary beginning. */
async function commands(socket: Socket, random: Random, count: SocketFuzzCount): Promise<void> {
  if (random(5) > 0) socket.write(operationalModesFrame(clientModes(1 + random(3))));
  for (let n = random(MOST_PER_CONNECTION); n >= 0 && !socket.destroyed; n--) {
    const frame = hostileFrame(random);
    const cut = random(4) > 0 ? frame.length : random(frame.length + 1);
    socket.write(frame.slice(0, cut));
    count.inputs++;
    if (random(6) === 0) await pause(random(20));
    if (cut < frame.length && random(10) > 0) socket.write(frame.slice(cut));
  }
  await pause(random(30));
}

/** Bytes where a TLS handshake should be. */
async function junk(socket: Socket, random: Random, count: SocketFuzzCount): Promise<void> {
  const bytes = Uint8Array.from({ length: random(600) }, () => random(256));
  if (random(2) > 0) bytes.set(CLIENT_HELLO.slice(0, bytes.length));
  socket.write(bytes);
  count.inputs++;
  await pause(random(50));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
