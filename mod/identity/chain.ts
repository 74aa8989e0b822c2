/**
 * Chains of certificates: from a peer's certificate up to a configured authority (RFC 5280 section 6, in part).
 *
 * @module
 */
import { type Certificate, equalBytes, isSignedBy } from "./certificate.ts";
import { mayIssue } from "./config.ts";

/** Intermediate authorities that a chain may have. */
export const MAX_INTERMEDIATES = 4;
/** Signatures that are checked for one peer. */
const MAX_SIGNATURES = 16;

/**
 * Finds the way from `leaf` over certificates of `sent` to one of `authorities`, and gives the authorities on it,
 * nearest first; undefined if there is none.
 *
 * Each must be an authority, may issue (keyCertSign), allow as many intermediates as there are, have no critical extension
 * that is not understood, and have signed the one before. Dates, usage and revocation are for the caller.
 */
export function findChain(
  leaf: Certificate,
  sent: readonly Certificate[],
  authorities: readonly Certificate[],
): Certificate[] | undefined {
  let signatures = 0;
  const climb = (from: Certificate, below: readonly Certificate[]): Certificate[] | undefined => {
    const mayBe = (issuer: Certificate) =>
      equalBytes(issuer.subjectDer, from.issuerDer) && mayIssue(issuer) &&
      issuer.unknownCritical.length === 0 && issuer.pathLength >= below.length &&
      signatures++ < MAX_SIGNATURES && isSignedBy(from, issuer);
    const anchor = authorities.find(mayBe);
    if (anchor) return [...below, anchor];
    if (below.length >= MAX_INTERMEDIATES) return undefined;
    for (const issuer of sent) {
      if (issuer === leaf || below.includes(issuer) || !mayBe(issuer)) continue;
      const found = climb(issuer, [...below, issuer]);
      if (found) return found;
    }
    return undefined;
  };
  return climb(leaf, []);
}
