/**
 * Who a peer is: certificates by pin or by authority, validity, revocation, addresses.
 *
 * @module
 */
export { AddressList, normalizeAddress } from "./address.ts";
export {
  type CertificateExpiry,
  EXPIRY_ALARM_SECONDS,
  EXPIRY_WARNING_SECONDS,
  expiryMetrics,
  expiryOf,
  ExpiryWarnings,
  factsIfReadable,
} from "./certificate_expiry.ts";
export { type CertificateFacts, certificateFacts } from "./certificate_facts.ts";
export {
  type DenyList,
  type IdentityConfig,
  type IdentityProblem,
  type IssuedBy,
  parseFingerprint,
  parseSerial,
  type RevokedSerial,
  type SubscriberIdentity,
  validateIdentities,
} from "./config.ts";
export { Identities, type ShownOverTls } from "./identities.ts";
export { type CertificateContent, type KeyPair, makeCertificate } from "./make_certificate.ts";
export {
  hashToken,
  isTokenHash,
  isTokenOf,
  parseToken,
  replaceTokens,
  type Token,
  tokenText,
  withoutTokens,
} from "./token.ts";
export type { Identified, RefusalReason, Refused, Verdict } from "./verdict.ts";
