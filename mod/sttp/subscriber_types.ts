/**
 * What a subscriber's session is given and what it hands out.
 *
 * @module
 */
import type { DataSet, Steps } from "../core/mod.ts";
import type { SubscriptionRequest } from "./connection_string.ts";
import type { MeasurementBatch } from "./measurement_batch.ts";
import type { MetadataLimits } from "./metadata_xml.ts";
import type { OperationalModes } from "./operational_modes.ts";
import type { SubscriberCache } from "./subscriber_cache.ts";

/** What a session is given. Absent members have the defaults that they name. */
export interface SubscriberSessionOptions {
  /** Takes what comes out. */
  readonly events: SubscriberEvents;
  /** Monotonic time at the start, in milliseconds. */
  readonly nowMs: number;
  /** What is asked for; `clientModes(2)`. */
  readonly modes?: OperationalModes;
  /** The subscription; keys that are absent have their defaults, so that the filter is the least to give. */
  readonly request?: Partial<SubscriptionRequest>;
  /** Subscribe by itself after connecting; true. */
  readonly autoSubscribe?: boolean;
  /** Ask for metadata before subscribing, and again when the configuration has changed; true. */
  readonly metadata?: boolean;
  /** Filter statements for metadata (12.5); none. */
  readonly metadataFilter?: string;
  /** Bounds on metadata; `METADATA_LIMITS`. */
  readonly metadataLimits?: MetadataLimits;
  /** Time without a byte after which the session is given up, in milliseconds (4.5); 20,000. */
  readonly silenceTimeoutMs?: number;
  /** Wait for the answer to DefineOperationalModes, in milliseconds (4.3); 5000. */
  readonly handshakeTimeoutMs?: number;
  /** Wait for answers to MetadataRefresh and Subscribe, in milliseconds; 30,000. */
  readonly answerTimeoutMs?: number;
  /** Decode all data with the newest cache, whatever the packet says: for C++ publishers (13.4); false. */
  readonly useNewestCache?: boolean;
  /** Drop datagrams that come without cipher keys: anybody could have sent them; false. */
  readonly encryptedDatagrams?: boolean;
  /** Most signals of a cache that are kept, since a small one may unpack to millions; 500,000. */
  readonly maxSignals?: number;
  /** Largest frame that is taken after the handshake, in bytes; 16 MiB. */
  readonly maxFrameBytes?: number;
  /** Most measurements in one packet; 262,144, all that fit the packets of 1.5. */
  readonly maxPacketMeasurements?: number;
}

/** Takes what comes out of a session. Members without use may be left out. */
export interface SubscriberEvents {
  /** Sends bytes to the publisher; each call is one write of one whole frame. */
  transmit(bytes: Uint8Array): void;
  /** The session has ended; the connection is to be closed. `kind` is a stable word. */
  close(kind: string, message: string): void;
  /** Measurements of one packet, lent for the call; `cache` tells which signals they are. */
  measurements(batch: MeasurementBatch, cache: SubscriberCache): void;
  /** Something is wrong and work goes on; at most every few seconds per `kind`. */
  complain?(kind: string, message: string): void;
  /** DefineOperationalModes was accepted. */
  accepted?(text: string): void;
  /**
   * Metadata have come, as `metadata` will tell: does in steps what is to be done with them before the session goes on.
   *
   * Data and caches may come between the steps.
   */
  prepareMetadata?(dataSet: DataSet, changed: boolean): Steps<void>;
  /** Metadata has come; `changed` is false if it is the same document as before. */
  metadata?(dataSet: DataSet, changed: boolean): void;
  /**
   * A cache has come, as `cache` will tell: does in steps what must be done before data for it, then it is confirmed.
   *
   * Data of the cache before may come between the steps; data of this one wait for all of them.
   */
  prepareCache?(cache: SubscriberCache): Steps<void>;
  /** A cache has come and was confirmed. */
  cache?(cache: SubscriberCache): void;
  /** Subscribe was accepted. */
  subscribed?(text: string): void;
  /** A command was refused. The connection stays. */
  refused?(command: number, text: string): void;
  /** A command other than those above was carried out. */
  succeeded?(command: number, text: string): void;
  /** Time of the first measurement, in halves of ticks. */
  startTime?(ticksHi: number, ticksLo: number): void;
  /** A buffer block, in order, confirmed; `data` is lent for the call. */
  bufferBlock?(signalIndex: number, data: Uint8Array, cache: SubscriberCache | undefined): void;
  /** A message for people, confirmed. */
  notification?(text: string): void;
  /** The publisher's configuration has changed. */
  configurationChanged?(): void;
  /** A replay has ended. */
  processingComplete?(text: string): void;
  /** A response that belongs to an application; `payload` is lent for the call. */
  userResponse?(response: number, command: number, payload: Uint8Array): void;
}

/** Where a session stands. */
export type SubscriberState =
  | "connecting"
  | "metadata"
  | "validated"
  | "subscribing"
  | "subscribed"
  | "ended";

/** What a session counts. */
export interface SubscriberCounters {
  /** Bytes received. */
  bytes: number;
  /** Frames received. */
  frames: number;
  /** Data packets decoded. */
  packets: number;
  /** Measurements decoded. */
  measurements: number;
  /** Data packets dropped: out of sequence (9.2). */
  outOfSequence: number;
  /** Data packets dropped: no cache for them (8.4). */
  withoutCache: number;
  /** Data packets dropped: nothing is subscribed. */
  unsubscribed: number;
  /** Encrypted packets and datagrams dropped: damaged. */
  undecodable: number;
  /** Responses ignored: unknown code, or not asked for. */
  ignored: number;
  /** Buffer blocks delivered. */
  bufferBlocks: number;
  /** Times that it subscribed anew because the stream had lost its sequence. */
  resubscriptions: number;
}
