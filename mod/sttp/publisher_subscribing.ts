/**
 * The subscriptions of a publisher's session, one at a time: how they begin, follow changes and end (specs/sttp.md 5.5).
 *
 * @module
 */
import { DecodeError, type Steps } from "../core/mod.ts";
import { encodeBaseTimes, encodeDataStartTime } from "./base_times.ts";
import { parseSubscriptionRequest, type SubscriptionRequest } from "./connection_string.ts";
import { Command, Response } from "./constants.ts";
import type { OperationalModes } from "./operational_modes.ts";
import { DropReason } from "./publisher_books.ts";
import type { PreparedSelection } from "./publisher_caches.ts";
import { DataPath } from "./publisher_data.ts";
import { checkFilterSize } from "./publisher_metadata.ts";
import { prepareSteps } from "./publisher_payloads.ts";
import type { PublisherSessionState } from "./publisher_session_state.ts";
import { isPython, settingsOf } from "./publisher_settings.ts";
import {
  DATAGRAM_LIFE_MS,
  type EarlierCaches,
  PublisherSubscription,
  type SubscriptionOutput,
} from "./publisher_subscription.ts";
import { PublisherWork } from "./publisher_work.ts";
import { cachePayloadOf } from "./signal_index_cache.ts";

/** Longest name of a client that is kept, in characters. */
const MAX_CLIENT = 128;

/** What all subscriptions of a session have done. */
export interface SubscriptionTotals {
  /** Data packets that were sent. */
  readonly packets: number;
  /** Measurements that were sent. */
  readonly measurements: number;
  /** Times that the subscriber fell further behind than its queue. */
  readonly overruns: number;
  /** Frames that were passed over for a newer one of the same layout. */
  readonly superseded: number;
}

/** Holds the subscription of a session, and makes the next one while the one before goes on. */
export class PublisherSubscribing {
  /** Where data go. */
  readonly data: DataPath;
  /** Filters that are run and caches that are made. */
  readonly work: PublisherWork;
  readonly #state: PublisherSessionState;
  readonly #onEnd: () => void;
  #current: PublisherSubscription | undefined;
  #filter = "";
  #client = "";
  #isCompleted = false; // the subscriber was told that all data have been processed
  /** What the subscriptions before this one have done. */
  #before: SubscriptionTotals = { packets: 0, measurements: 0, overruns: 0, superseded: 0 };
  #earlier: EarlierCaches = { // so that the first cache is sent with index 0
    lastIndex: 1,
    releaseMs: -Infinity,
    datagramsUntilMs: -Infinity,
  };

  /** Calls `onEnd` when a subscription is over. */
  constructor(state: PublisherSessionState, onEnd: () => void) {
    this.#state = state;
    this.#onEnd = onEnd;
    this.work = new PublisherWork(state, () => this.refresh());
    this.data = new DataPath(state.options.udp, (bytes) => state.options.events.transmit(bytes));
  }

  /** The subscription in force. */
  get current(): PublisherSubscription | undefined {
    return this.#current;
  }

  /** What the client says it is. */
  get client(): string {
    return this.#client;
  }

  /** Times that the subscriber fell further behind than its queue. */
  get overruns(): number {
    return this.#before.overruns + (this.#current?.overruns ?? 0);
  }

  /** What all subscriptions have done, this one included. */
  totals(): SubscriptionTotals {
    const current = this.#current;
    if (!current) return this.#before;
    return {
      packets: this.#before.packets + current.sender.packets,
      measurements: this.#before.measurements + current.sender.measurements,
      overruns: this.overruns,
      superseded: this.#before.superseded + current.superseded,
    };
  }

  /** Takes the payload of Subscribe; throws DecodeError with a message for the subscriber. */
  subscribe(payload: Uint8Array, modes: OperationalModes): void {
    checkFilterSize(payload.length);
    const request = parseSubscriptionRequest(payload, modes.encoding);
    checkSupported(request);
    this.work.abandon("Another subscription was asked for before this one began.");
    this.work.begin(true, this.#subscribeSteps(request, modes));
  }

  /** Ends the subscription, because the subscriber wants it so. */
  unsubscribe(): void {
    this.work.abandon("The subscription was ended before it began.");
    this.#end(DropReason.Unsubscribed);
  }

  /** Works the selection out anew after a change of rights or signals. */
  refresh(): void {
    if (this.work.isWorking) this.work.followAfter();
    else if (this.#current) this.work.begin(false, this.#refreshSteps(this.#current));
  }

  /** Tells the subscriber that nothing more will come; false if that was said, or nothing is subscribed. */
  complete(text: string): boolean {
    if (!this.#current || this.#isCompleted) return false;
    this.#isCompleted = true;
    this.#state.sendText(Response.ProcessingComplete, Command.Subscribe, text);
    return true;
  }

  /** The connection is gone. */
  end(): void {
    this.work.end();
    this.#end(DropReason.Disconnected);
  }

  *#subscribeSteps(request: SubscriptionRequest, modes: OperationalModes): Steps<void> {
    const { rights, subscriberId } = this.#state.options;
    const selection = yield* rights.select(request.filterExpression, true);
    const prepared = yield* prepareSteps(selection, modes, subscriberId);
    this.#begin(request, modes, prepared);
  }

  *#refreshSteps(subscription: PublisherSubscription): Steps<void> {
    const { subscriberId, rights, events } = this.#state.options;
    const modes = this.#state.modes!; // there is a subscription
    const selection = yield* rights.select(this.#filter, false);
    if (subscription.has(selection)) return;
    subscription.propose(yield* prepareSteps(selection, modes, subscriberId));
    events.note(`Signals of the subscription changed: ${selection.signals.length}`);
  }

  #begin(
    request: SubscriptionRequest,
    modes: OperationalModes,
    prepared: PreparedSelection,
  ): void {
    const { options, nowMs } = this.#state;
    const channel = this.data.open(request.udpPort, modes.version);
    this.#end(DropReason.Resubscribed);
    const settings = settingsOf(
      request,
      modes,
      options.baseTimes ?? "auto",
      this.data.use(channel),
    );
    const subscription = new PublisherSubscription(
      options,
      settings,
      this.#output(modes),
      nowMs,
      this.#earlier,
    );
    this.#filter = request.filterExpression;
    this.#current = subscription;
    this.#isCompleted = false;
    this.#describeClient(request, settings.tssc);
    subscription.propose(prepared);
    const format = settings.tssc ? "TSSC compression" : "compact format";
    const way = `${this.data.encrypted ? "encrypted " : ""}${settings.udp ? "UDP" : "TCP"}`;
    this.#state.succeed(
      Command.Subscribe,
      `Client subscribed using ${format} over ${way} with ${prepared.selection.signals.length} signals.`,
    );
  }

  /** Where a subscription sends what it has. */
  #output({ version }: OperationalModes): SubscriptionOutput {
    const state = this.#state;
    return {
      cache: (cache, content) => {
        const payload = cachePayloadOf(content, cache.cacheIndex, version);
        state.send(Response.UpdateSignalIndexCache, Command.Subscribe, payload);
        this.data.keys?.cacheSent(state.nowMs);
      },
      startTime: (hi, lo) =>
        state.send(Response.DataStartTime, Command.Subscribe, encodeDataStartTime(hi, lo)),
      baseTimes: (times) =>
        state.send(Response.UpdateBaseTimes, Command.Subscribe, encodeBaseTimes(times)),
      packet: (frame) => this.data.send(frame),
    };
  }

  #describeClient({ assemblyInfo }: SubscriptionRequest, isTssc: boolean): void {
    const { source, version } = assemblyInfo;
    this.#client = `${source} ${version}`.trim().slice(0, MAX_CLIENT);
    if (!isTssc && isPython(source)) {
      this.#state.options.events.complain(
        "pythonCompact",
        "Subscriber is a Python client without TSSC, which cannot read compact measurements",
      );
    }
  }

  #end(reason: number): void {
    const subscription = this.#current;
    if (!subscription) return;
    const { nowMs } = this.#state;
    this.#current = undefined;
    subscription.end(reason);
    this.#onEnd();
    this.data.close();
    const { packets, measurements, overruns, superseded } = this.#before;
    this.#before = {
      packets: packets + subscription.sender.packets,
      measurements: measurements + subscription.sender.measurements,
      overruns: overruns + subscription.overruns,
      superseded: superseded + subscription.superseded,
    };
    this.#earlier = {
      lastIndex: subscription.caches.lastIndex,
      releaseMs: subscription.releaseMs,
      datagramsUntilMs: subscription.settings.udp
        ? nowMs + DATAGRAM_LIFE_MS
        : this.#earlier.datagramsUntilMs,
    };
  }
}

function checkSupported(request: SubscriptionRequest): void {
  if (request.startTimeConstraint === undefined && request.stopTimeConstraint === undefined) return;
  throw new DecodeError(
    "unsupported",
    "Temporal subscriptions are not supported: subscribe without time constraints.",
  );
}
