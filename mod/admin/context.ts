/**
 * What the admin API works on.
 *
 * @module
 */
import type { AuditFact, AuditLog } from "../audit/mod.ts";
import type { Clock, Log } from "../core/mod.ts";
import type { Gateway, GatewayKeeper } from "../gateway/mod.ts";
import type { ClaimToken } from "./claim.ts";
import type { OwnCertificate } from "./own_certificate.ts";
import type { RequestRate } from "./request_rate.ts";

/** What the admin API works on. */
export interface AdminContext {
  /** The gateway. */
  readonly gateway: Gateway;
  /** Its configuration with the history. */
  readonly keeper: GatewayKeeper;
  /** Where is noted who did what. */
  readonly audit: Pick<AuditLog, "note" | "entries" | "lost">;
  /** The claim token; undefined once there are users. */
  readonly claim?: ClaimToken | undefined;
  /** How often clients may ask. */
  readonly requests: RequestRate;
  /** The certificate that it shows. */
  readonly certificate: OwnCertificate;
  /** The time. */
  readonly clock: Clock;
  /** Where events go. */
  readonly log: Log;
  /** Version of the program. */
  readonly version: string;
}

/** What belongs to a note of something that was done by a call. */
export function doneBy(
  { user, peer, id, action }: {
    user: { name: string };
    peer: { address: string };
    id: string;
    action: string;
  },
  detail: string,
  digests: Pick<AuditFact, "before" | "after"> = {},
): AuditFact {
  return {
    who: user.name,
    from: peer.address,
    action,
    outcome: "done",
    detail,
    request: id,
    ...digests,
  };
}
