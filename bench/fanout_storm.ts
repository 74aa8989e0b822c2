/**
 * The storm of the fan-out benchmark: handshakes, sockets that say nothing, and handshakes that crawl.
 *
 * Reads a line of JSON, works, writes a line of what became of the connections, and ends.
 *
 * @module
 */
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { lines } from "./load/lines.ts";
import type { KeyPair } from "../mod/os/mod.ts";

const work = JSON.parse((await lines(Deno.stdin.readable).next()).value!) as {
  port: number;
  pair: KeyPair;
  total: number;
  seconds: number;
}; // written by fanout.ts
const where = { host: "127.0.0.1", port: work.port };
const sockets: Socket[] = [];
const outcome = { handshakes: 0, refused: 0, silent: 0, crawling: 0 };
/** The first bytes of a ClientHello: a record of 512 bytes, of which one comes every now and then. */
const CRAWL = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03];

for (let i = 0; i < work.total; i++) {
  begin(i % 3);
  await new Promise((done) => setTimeout(done, work.seconds * 1000 / work.total));
}
console.log(`storm: ${JSON.stringify(outcome)}`);
for (const socket of sockets) socket.destroy();
Deno.exit(0);

function begin(kind: number): void {
  if (kind === 0) {
    const { keyPem: key, certPem: cert } = work.pair;
    const socket = connectTls({ ...where, key, cert, rejectUnauthorized: false }, () => {
      outcome.handshakes++;
      setTimeout(() => socket.destroy(), 200);
    });
    keep(socket);
    return;
  }
  const socket = connectPlain(where);
  keep(socket);
  if (kind === 1) {
    outcome.silent++;
    return;
  }
  outcome.crawling++;
  let at = 0;
  const timer = setInterval(() => {
    if (socket.destroyed || at >= CRAWL.length) clearInterval(timer);
    else socket.write(Uint8Array.of(CRAWL[at++]!));
  }, 300);
}

function keep(socket: Socket): void {
  sockets.push(socket);
  socket.on("error", () => outcome.refused++);
}
