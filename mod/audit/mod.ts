/**
 * The audit trail: append-only, chained by hashes, its head signed with the device's key.
 *
 * @module
 */
export { AuditLog, type AuditOptions } from "./audit_log.ts";
export { type AuditEntry, type AuditFact, type AuditHead, makeEntry, readEntry } from "./entry.ts";
export { headOf, verifyFolder } from "./folder.ts";
export {
  type AuditSeal,
  type Handover,
  keyPrint,
  makeHandover,
  makeSeal,
  publicKeyOf,
  readHandover,
  SEAL_SECONDS,
} from "./seal.ts";
export { type SealingKey, type Verification, verifyTrail } from "./verify.ts";
export { syslogLine } from "./syslog.ts";
