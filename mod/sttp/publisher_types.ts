/**
 * What a publisher's session needs from around it, and what it tells (specs/sttp.md 4.4).
 *
 * @module
 */
import type { Steps } from "../core/mod.ts";
import type { BlockCounts } from "./publisher_blocks.ts";
import type { DeliveryCounter } from "./publisher_books.ts";
import type { Selection } from "./publisher_caches.ts";
import type { PublisherUdp } from "./publisher_channel.ts";
import type { FrameLog } from "./publisher_log.ts";
import type { NotificationStore } from "./publisher_notifications.ts";
import type { TextEncoding } from "./text.ts";

/** The rights of the one subscriber that a session serves. */
export interface PublisherRights {
  /** Changes whenever a right or a signal changes. */
  readonly version: number;
  /**
   * Rights of this moment, 1 by handle where permitted; replaced, never changed, when they change, and the version with
   * them.
   */
  permitted(): Uint8Array;
  /**
   * Runs the filter text of a subscription in steps of about a millisecond, any of which may throw DecodeError with a
   * message for the subscriber.
   *
   * `requested` is true when the subscriber has just asked for it, false when a change of rights or
   * signals is followed up; only the former may be refused for being too much work.
   */
  select(filterText: string, requested: boolean): Steps<Selection>;
}

/** A request for metadata that waits for `answerMetadata` or `refuseMetadata`. */
export interface MetadataRequest {
  /** Filter statements, empty for everything. */
  readonly filter: string;
  /** Encoding of the XML text. */
  readonly encoding: TextEncoding;
  /** The answer is to be gzip. */
  readonly gzip: boolean;
  /** Send metadata of signals that the gateway relays. */
  readonly external: boolean;
  /** Send metadata of signals that the gateway makes. */
  readonly internal: boolean;
}

/** What a session tells whoever owns its connection; no call may lead back into the session. */
export interface PublisherEvents {
  /** Send these bytes; they are lent for the call. */
  transmit(bytes: Uint8Array): void;
  /** Prepare metadata, without delaying data, and answer. */
  metadata(request: MetadataRequest): void;
  /** Send what is waiting, then end the connection within `lingerMs`. */
  close(lingerMs: number, message: string): void;
  /** Something is wrong: a stable word for counters and a sentence for people. */
  complain(kind: string, message: string): void;
  /** An ordinary event for the log. */
  note(message: string): void;
}

/**
 * What becomes of a subscriber that has fallen further behind than its queue: it loses the oldest frames (`drop`), gets
 * only the newest frame of each layout until it has caught up (`latest`), or is to be disconnected by the owner.
 */
export type SlowRule = "drop" | "latest" | "disconnect";

/** How a session is made. */
export interface PublisherSessionOptions {
  /** The stream that is published. */
  readonly log: FrameLog;
  /** Rights of the subscriber. */
  readonly rights: PublisherRights;
  /** Books of the subscriber. */
  readonly books: DeliveryCounter;
  /** GUID of the subscriber as written into signal index caches. */
  readonly subscriberId: string;
  /** How far the subscriber may fall behind, in bytes of the log. */
  readonly queueBytes: number;
  /** What becomes of a slow subscriber; may change at any time. Default `drop`. */
  readonly slow?: SlowRule;
  /** Takes what the session does. */
  readonly events: PublisherEvents;
  /** Monotonic milliseconds of the start. */
  readonly nowMs: number;
  /** Whether compact packets use base times: for peers that can read them, or never. Default `auto`. */
  readonly baseTimes?: "auto" | "never";
  /** Most bytes of buffer blocks that may wait for sending and confirmation. Default: no blocks. */
  readonly blockBytes?: number;
  /** What the subscriber is to be notified of; shared by its connections. Default: nothing. */
  readonly notifications?: NotificationStore;
  /** For UDP data channels, or the words in which they are refused; default: not supported. */
  readonly udp?: PublisherUdp | string;
}

/** What a session says of itself; JSON-safe. */
export interface PublisherSessionStatus {
  /** Where it stands (4.4). */
  readonly state: "connected" | "validated" | "subscribed" | "ended";
  /** Protocol version, 0 before it is known. */
  readonly version: number;
  /** How data are encoded, empty before a subscription. */
  readonly mode: "" | "TSSC" | "compact";
  /** How data travel, empty before a subscription. */
  readonly dataChannel: "" | "TCP" | "UDP";
  /** True when data packets are encrypted by the protocol itself, whatever the connection does. */
  readonly encrypted: boolean;
  /** Key sets that were renewed. */
  readonly keyRotations: number;
  /** What the client says it is. */
  readonly client: string;
  /** Signals in the newest selection. */
  readonly signals: number;
  /** Signals that were asked for by name and are not permitted. */
  readonly unauthorized: number;
  /** True if a cache was sent and not confirmed. */
  readonly awaitsConfirmation: boolean;
  /** True for a throttled subscription. */
  readonly throttled: boolean;
  /** Frames that wait. */
  readonly queuedFrames: number;
  /** Bytes of the log that wait. */
  readonly queuedBytes: number;
  /** Times that the subscriber fell further behind than its queue. */
  readonly overruns: number;
  /** Frames that were passed over for a newer one of the same layout; their values are booked as dropped: slow. */
  readonly superseded: number;
  /** Data packets that were sent. */
  readonly packets: number;
  /** Measurements that were sent, repeats of throttled subscriptions included. */
  readonly measurements: number;
  /** Buffer blocks; absent before the first. */
  readonly blocks?: BlockCounts;
  /** Commands that were taken. */
  readonly commands: number;
  /** Commands that were answered with Failed. */
  readonly refusals: number;
}
