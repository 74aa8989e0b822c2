/**
 * What is known of a TLS peer after the handshake, and the verdict on it.
 *
 * @module
 */
import type { TLSSocket } from "node:tls";
import { messageOf } from "../core/mod.ts";
import type { Verdict } from "../identity/mod.ts";
import { sha256Hex } from "./sha256.ts";

/** What is known of a TLS peer after the handshake; it has proven that it holds the key of `certificateDer`. */
export interface TlsPeer {
  /** IP address of the peer; IPv4 as dotted quad. */
  readonly address: string;
  /** Its certificate (DER); undefined when it showed none. */
  readonly certificateDer: Uint8Array | undefined;
  /** The certificates that it sent above its own, in order; nothing in them is checked yet. */
  readonly chainDer: readonly Uint8Array[];
  /** SHA-256 of `certificateDer`, lower-case hex; empty without one. */
  readonly fingerprint: string;
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly protocol: string;
}

/** What a socket tells of its peer after the handshake. */
export function tlsPeer(socket: TLSSocket, address: string): TlsPeer {
  const chainDer: Uint8Array[] = [];
  // The platform gives an empty object, or null, for a peer without a certificate.
  let link: PeerLink | null = socket.getPeerCertificate(true);
  const certificateDer = link?.raw && copy(link.raw);
  while (certificateDer && chainDer.length < MAX_CHAIN) {
    const next: PeerLink | undefined = link?.issuerCertificate;
    if (!next?.raw || next === link) break; // the last one has no issuer, or is its own
    chainDer.push(copy(next.raw));
    link = next;
  }
  return {
    address,
    certificateDer,
    chainDer,
    fingerprint: certificateDer ? sha256Hex(certificateDer) : "",
    protocol: socket.getProtocol() ?? "",
  };
}

/** The judge's verdict; a peer without a certificate and a judge that fails are refusals. */
export function judgePeer(peer: TlsPeer, judge: (peer: TlsPeer) => Verdict): Verdict {
  if (!peer.certificateDer) {
    return {
      refused: "noCertificate",
      message: `Refused ${peer.address}: it showed no certificate`,
    };
  }
  try {
    return judge(peer);
  } catch (error) {
    return {
      refused: "malformedCertificate",
      message: `Refused ${peer.address}: its certificate cannot be judged: ${messageOf(error)}`,
    };
  }
}

/** Certificates above the peer's own that are looked at. */
const MAX_CHAIN = 8;

/** What the platform really gives: its declared type leaves out that everything may be missing. */
interface PeerLink {
  raw?: Uint8Array;
  issuerCertificate?: PeerLink;
}

function copy(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
