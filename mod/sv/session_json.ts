/**
 * Session PDUs as plain objects for people and tests; the names are those of the test vectors.
 *
 * @module
 */
import { hexText } from "./bytes.ts";
import { type AsduJson, asdusToJson } from "./json.ts";
import type { SvPdu } from "./pdu.ts";
import type { SvSession } from "./session.ts";

/** A payload element as a plain object. */
export interface PayloadJson {
  /** Type of the element. */
  type: number;
  /** Simulation octet. */
  simulation: boolean;
  /** APPID. */
  appid: number;
  /** Octets of the APDU. */
  apduLength: number;
  /** Number of ASDUs; only of sampled values. */
  noASDU?: number;
  /** ASDUs; only of sampled values. */
  asdus?: AsduJson[];
}

/** A session PDU as a plain object. */
export interface SessionJson {
  /** Session identifier. */
  sessionId: number;
  /** Octets of the session header. */
  sessionHeaderLength: number;
  /** Octets of the common header. */
  commonHeaderLength: number;
  /** SPDU length. */
  spduLength: number;
  /** SPDU number. */
  spduNumber: number;
  /** Version. */
  version: number;
  /** Time of the current key. */
  timeOfCurrentKey: number;
  /** Time to the next key. */
  timeToNextKey: number;
  /** Security algorithm, in the first layout. */
  securityAlgorithm?: number;
  /** Signature algorithm, in the first layout. */
  signatureAlgorithm?: number;
  /** Key identifier. */
  keyId: number;
  /** Initialisation vector as hex, in the successor's layout. */
  iv?: string;
  /** Octets of all payload elements. */
  payloadLength: number;
  /** Payload elements. */
  payloads: PayloadJson[];
  /** Signature as hex. */
  signature?: string;
}

/** A session PDU that was decoded from `bytes`, with the `savPdu` of each element (see `parseSession`). */
export function sessionToJson(
  session: SvSession,
  pdus: readonly (SvPdu | null)[],
  bytes: Uint8Array,
): SessionJson {
  const first = session.ivOffset < 0;
  return {
    sessionId: session.sessionId,
    sessionHeaderLength: session.headerLength,
    commonHeaderLength: session.commonHeaderLength,
    spduLength: session.spduLength,
    spduNumber: session.spduNumber,
    version: session.version,
    timeOfCurrentKey: session.timeOfCurrentKey,
    timeToNextKey: session.timeToNextKey,
    ...(first && {
      securityAlgorithm: session.securityAlgorithm,
      signatureAlgorithm: session.signatureAlgorithm,
    }),
    keyId: session.keyId,
    ...(!first && { iv: hexText(bytes, session.ivOffset, session.ivLength) }),
    payloadLength: session.payloadLength,
    payloads: pdus.map((pdu, i) => ({
      type: session.type[i]!,
      simulation: session.simulation[i] !== 0,
      appid: session.appid[i]!,
      apduLength: session.apduLength[i]!,
      ...(pdu && { noASDU: pdu.noASDU, asdus: asdusToJson(pdu, bytes) }),
    })),
    ...(session.signatureOffset >= 0 && {
      signature: hexText(bytes, session.signatureOffset, session.signatureLength),
    }),
  };
}
