/**
 * The configuration's history: versions on disk, changes that undo themselves, signatures.
 *
 * @module
 */
export * from "./change.ts";
export * from "./keeper.ts";
export { isSigner, makeSigningKey, signerOf, type SigningKey, signText } from "./signature.ts";
export * from "./types.ts";
export { KEPT_VERSIONS } from "./version_store.ts";
