/**
 * What the gateway lends an STTP output.
 *
 * @module
 */
import type { Clock, Log, SignalRegistry } from "../../core/mod.ts";
import type { Identities } from "../../identity/mod.ts";
import type { SubscriberAccess, SubscriberSettings } from "./subscriber.ts";

/** What the gateway lends an STTP output. */
export interface SttpOutputContext {
  /** GUID of the gateway; caches name subscribers by GUIDs made from it. */
  readonly gatewayId: string;
  /** Signals and devices. */
  readonly registry: SignalRegistry;
  /** Who may see what. */
  readonly access: SubscriberAccess;
  /** Who a peer is. */
  readonly identities: Identities;
  /** The gateway's own key and certificate, PEM, where the configuration names no other. */
  readonly identity: { readonly keyPem: string; readonly certPem: string };
  /** Subscribers by name. */
  readonly subscribers: Readonly<Record<string, SubscriberSettings>>;
  /** The time. */
  readonly clock: Clock;
  /** Moment at which certificates are judged, in microseconds since 1970: not one that is known to be wrong. */
  readonly certificateMicros?: () => number;
  /** Where events go. */
  readonly log: Log;
}
