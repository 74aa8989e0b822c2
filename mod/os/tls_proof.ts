/**
 * The proof at start: a client without a known certificate is turned away before it is listened to.
 *
 * @module
 */
import { once } from "node:events";
import { connect as connectPlain } from "node:net";
import { connect } from "node:tls";
import { ProtocolError } from "../core/mod.ts";
import { type KeyPair, makeSelfSigned } from "./certificates.ts";
import type { Refusal } from "./connection.ts";
import { openTlsListener, type TlsListenOptions } from "./tls_listener.ts";

const ATTEMPT_MS = 10_000;

/** What the proof needs of a listener's options. */
export type ProvableTls = Pick<TlsListenOptions, "keyPem" | "certPem" | "minVersion" | "judge">;

/**
 * Opens the listener's code on a loopback port and dials it without a certificate and with one that nobody
 * knows, in each TLS version that it takes.
 *
 * Each must be turned away by this program, for the right reason and before an application byte is read or
 * written; the judge must have seen the very certificate that was shown. Throws a {@linkcode ProtocolError} (`unprovenTls`) otherwise.
 */
export async function proveClientCertificateRequired(options: ProvableTls): Promise<void> {
  const unknown = await strangersIdentity();
  const judged: string[] = [];
  let taken = 0;
  let refused: Refusal[] = [];
  const listener = await openTlsListener({
    ...(options.minVersion ? { minVersion: options.minVersion } : {}),
    keyPem: options.keyPem,
    certPem: options.certPem,
    hostname: "127.0.0.1",
    port: 0,
    handshakeTimeoutMs: ATTEMPT_MS,
    judge(peer) {
      judged.push(peer.fingerprint);
      return options.judge(peer);
    },
    onPeer(connection) {
      taken++;
      connection.destroy();
    },
    onRefused: (refusal) => refused.push(refusal),
  });
  try {
    const versions = options.minVersion === "TLSv1.3"
      ? (["TLSv1.3"] as const)
      : (["TLSv1.2", "TLSv1.3"] as const);
    for (const version of versions) {
      for (const shown of [undefined, unknown]) {
        refused = [];
        judged.length = 0;
        const what = `a ${version} client with ${shown ? "an unknown" : "no"} certificate`;
        const attempt = await attack(listener.port, version, shown);
        if (taken > 0) throw unproven(`${what} was let in`);
        if (attempt.bytes > 0) throw unproven(`${what} was sent ${attempt.bytes} bytes`);
        const reasons = refused.map((refusal) => refusal.reason).join(", ") || "none";
        const asExpected = shown
          ? judged.length === 1 && judged[0] === shown.fingerprint256
          : judged.length === 0 && reasons === "noCertificate";
        if (!asExpected || refused.length !== 1) {
          throw unproven(
            `${what} was refused for an unexpected reason: ${reasons} (client: ${
              attempt.error || "closed"
            })`,
          );
        }
      }
    }
  } finally {
    await listener.close();
  }
}

interface Attempt {
  /** Application bytes that were received. */
  readonly bytes: number;
  /** What the client was told. */
  readonly error: string;
}

/** Dials as an attacker would: sends bytes at once and waits until it is thrown out. */
async function attack(
  port: number,
  version: "TLSv1.2" | "TLSv1.3",
  shown: KeyPair | undefined,
): Promise<Attempt> {
  const raw = connectPlain(port, "127.0.0.1");
  let bytes = 0, error = "";
  try {
    await once(raw, "connect");
    const socket = connect({
      socket: raw,
      minVersion: version,
      maxVersion: version,
      rejectUnauthorized: false,
      ...(shown ? { key: shown.keyPem, cert: shown.certPem } : {}),
    });
    const closed = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(unproven(`a ${version} client was not thrown out in ${ATTEMPT_MS} ms`)),
        ATTEMPT_MS,
      );
      socket.on("close", () => {
        clearTimeout(timer);
        resolve();
      });
    });
    socket.on("secureConnect", () => socket.write("let me in"));
    socket.on("data", (data: Uint8Array) => bytes += data.length);
    socket.on("error", (cause: Error) => error = cause.message);
    await closed;
  } finally {
    raw.destroy();
  }
  return { bytes, error };
}

let stranger: Promise<KeyPair> | undefined;

/** A certificate that cannot be in any configuration, since its key was made just now. */
function strangersIdentity(): Promise<KeyPair> {
  stranger ??= makeSelfSigned({ commonName: "tieline self-test", days: 1 });
  return stranger;
}

function unproven(found: string): ProtocolError {
  return new ProtocolError(
    "unprovenTls",
    `Cannot open a TLS listener: expected that only known certificates are let in, found that ${found}`,
  );
}
