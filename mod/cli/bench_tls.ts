/**
 * TLS on this machine: packets over the loopback interface through the gateway's own listener and client.
 *
 * @module
 */
import { Identities } from "../identity/mod.ts";
import {
  type Connection,
  connectTls,
  listenTls,
  makeSelfSigned,
  systemClock,
  type TlsPeer,
} from "../os/mod.ts";
import { median } from "./bench_figure.ts";

/** Speed of TLS with packets of one size. */
export interface TlsSpeed {
  /** Bytes of one packet. */
  readonly packetBytes: number;
  /** Megabytes (10^6) per second, written and read by one thread. */
  readonly megabytesPerSecond: number;
  /** Microseconds to write and read one packet. */
  readonly microsPerPacket: number;
}

/** One frame of one PMU in TSSC, and a packet in which frames of many PMUs share the way. */
const PACKET_BYTES: readonly number[] = [400, 4096];
/** Bytes that may be on the way at once, as in the gateway's outputs. */
const WINDOW_BYTES = 256 * 1024;
const ROUNDS = 9;

/** Measures each packet size for about `forMs` milliseconds. */
export async function measureTls(forMs: number): Promise<TlsSpeed[]> {
  const identity = await makeSelfSigned({ commonName: "bench" });
  const clock = systemClock();
  const peers = new Identities({
    subscribers: [{ name: "bench", enabled: true, pins: [identity.fingerprint256] }],
  });
  const judgeAs = (role: "client" | "server") => (peer: TlsPeer) =>
    peers.identifyTls({ ...peer, nowMs: clock.nowMicros() / 1000, role });
  const { promise: accepted, resolve: accept } = Promise.withResolvers<Connection>();
  const listener = await listenTls({
    ...identity,
    hostname: "127.0.0.1",
    port: 0,
    judge: judgeAs("client"),
    onPeer: (connection) => accept(connection),
    onRefused: ({ message }) => console.error(message),
  });
  try {
    const { connection: client } = await connectTls({
      ...identity,
      hostname: "127.0.0.1",
      port: listener.port,
      judge: judgeAs("server"),
    });
    const server = await accepted;
    const speeds: TlsSpeed[] = [];
    for (const packetBytes of PACKET_BYTES) {
      await send(server, client, packetBytes, forMs / 10);
      const rounds: number[] = [];
      for (let i = 0; i < ROUNDS; i++) {
        rounds.push(await send(server, client, packetBytes, forMs / ROUNDS));
      }
      const microsPerPacket = median(rounds);
      speeds.push({
        packetBytes,
        microsPerPacket,
        megabytesPerSecond: packetBytes / microsPerPacket,
      });
    }
    client.destroy();
    return speeds;
  } finally {
    await listener.close();
  }
}

/** Writes and reads packets for `forMs` milliseconds; resolves with the microseconds per packet. */
function send(from: Connection, to: Connection, packetBytes: number, forMs: number) {
  const packet = new Uint8Array(packetBytes).map((_, i) => i * 31);
  const { promise, resolve } = Promise.withResolvers<number>();
  const begun = performance.now();
  let sent = 0, received = 0, isOver = false;
  const fill = () => {
    while (!isOver && (sent * packetBytes - received) < WINDOW_BYTES) {
      from.write(packet);
      sent++;
    }
  };
  to.onData = (bytes) => {
    received += bytes.length;
    const passed = performance.now() - begun;
    isOver ||= passed >= forMs;
    if (isOver && received === sent * packetBytes) resolve((passed * 1000) / sent);
    else fill();
  };
  fill();
  return promise;
}
