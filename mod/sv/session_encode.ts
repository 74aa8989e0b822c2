/**
 * Session PDUs of routable sampled values from fields.
 *
 * @module
 */
import { ByteWriter } from "../core/mod.ts";
import { COMMON_HEADER, PayloadType, SessionId, TrailerTag, UD_TPDU } from "./session.ts";

/** What one payload element holds. */
export interface PayloadFields {
  /** {@linkcode PayloadType}; sampled values unless it is said. */
  readonly type?: number;
  /** Simulation. */
  readonly simulation?: boolean;
  /** APPID. */
  readonly appid: number;
  /** APDU, for example from `encodePdu`. */
  readonly apdu: Uint8Array;
}

/** What one session PDU holds. */
export interface SessionFields {
  /** {@linkcode SessionId}; sampled values unless it is said. */
  readonly sessionId?: number;
  /** SPDU number. */
  readonly spduNumber: number;
  /** Time of the current key, seconds since 1970. */
  readonly timeOfCurrentKey?: number;
  /** Time to the next key, minutes. */
  readonly timeToNextKey?: number;
  /** Signature algorithm of the first layout; 0 unless it is said. */
  readonly signatureAlgorithm?: number;
  /** Key identifier. */
  readonly keyId?: number;
  /** Initialisation vector; its presence, even empty, selects the successor's layout with version 2. */
  readonly iv?: Uint8Array;
  /** Payload elements. */
  readonly payloads: readonly PayloadFields[];
  /** Signature, already computed. */
  readonly signature?: Uint8Array;
}

/** The octets of a UDP payload. Throws a RangeError for a field that does not fit. */
export function encodeSession(fields: SessionFields): Uint8Array<ArrayBuffer> {
  const payload = new ByteWriter(1500);
  for (const { type, simulation, appid, apdu } of fields.payloads) {
    within("octets of an APDU", apdu.length, 0xffff);
    payload.u8(type ?? PayloadType.SampledValues).u8(simulation ? 1 : 0);
    payload.u16(within("appid", appid, 0xffff)).u16(apdu.length).raw(apdu);
  }
  within("octets of payload", payload.length, 65_399);
  const { iv } = fields;
  within("octets of initialisation vector", iv?.length ?? 0, 64);
  const header = iv ? COMMON_HEADER.ivLength + iv.length : COMMON_HEADER.length;
  const out = new ByteWriter(1500);
  out.u8(1).u8(UD_TPDU).u8(fields.sessionId ?? SessionId.SampledValues).u8(header + 2);
  out.u8(COMMON_HEADER.tag).u8(header);
  // From behind SPDU length to the end of the payload, without the signature.
  out.u32(header + payload.length).u32(within("spduNumber", fields.spduNumber, 0xffffffff));
  out.u16(iv ? 2 : 1).u32(within("timeOfCurrentKey", fields.timeOfCurrentKey ?? 0, 0xffffffff));
  out.u16(within("timeToNextKey", fields.timeToNextKey ?? 0, 0xffff));
  if (!iv) out.u8(0).u8(within("signatureAlgorithm", fields.signatureAlgorithm ?? 0, 255));
  out.u32(within("keyId", fields.keyId ?? 0, 0xffffffff));
  if (iv) out.u8(iv.length).raw(iv);
  out.u32(payload.length).raw(payload.bytes());
  if (fields.signature) out.u8(TrailerTag.signature).raw(fields.signature);
  return out.bytes();
}

function within(field: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw new RangeError(
    `Cannot encode a session PDU: expected ${field} from 0 to ${most}, found ${value}`,
  );
}
