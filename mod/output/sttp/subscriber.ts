/**
 * A subscriber as the output knows it: settings, rights and books, whether it is connected or not.
 *
 * @module
 */
import type { AccessControl } from "../../access/mod.ts";
import {
  type Clock,
  counter,
  gauge,
  type Log,
  type Metric,
  type Steps,
  uuidFromName,
} from "../../core/mod.ts";
import { Complaints, type DeliveryBook, DeliveryLedger } from "../../stats/mod.ts";
import {
  type BlockCounts,
  DROP_REASONS,
  FILTER_REASONS,
  NotificationStore,
  type PublisherRights,
  type Selection,
} from "../../sttp/mod.ts";
import type { SlowRule } from "../../sttp/mod.ts";
import { WorkBudget } from "./work_budget.ts";
import type { SubscriberConnection, SubscriberConnectionStatus } from "./subscriber_connection.ts";

/** What the output needs of access control. */
export type SubscriberAccess = Pick<
  AccessControl,
  "version" | "options" | "permittedNow" | "permittedSteps" | "work" | "selectSteps"
>;

/** What the output needs of `[subscriber.NAME]`. */
export interface SubscriberSettings {
  /** False if it may not connect. */
  readonly enabled: boolean;
  /** The stream that it reads: `received`, or the name of an aligner. */
  readonly stream: string;
  /** True if it can take buffer blocks; others do not see the signals that carry them. */
  readonly bufferBlocks?: boolean;
  /** What becomes of it when it is too slow; as the output says if left out. */
  readonly slow?: SlowRule | undefined;
}

/** Notifications of a subscriber since the start: added = confirmed + dropped + waiting. */
export interface NotificationCounts {
  /** Notifications that were added. */
  readonly added: number;
  /** Notifications that it has confirmed. */
  readonly confirmed: number;
  /** Notifications that gave way to newer ones before they were confirmed. */
  readonly dropped: number;
  /** Notifications that wait for confirmation. */
  readonly waiting: number;
}

/** What an operator sees of a subscriber. */
export interface SubscriberStatus {
  /** True if it has a connection. */
  readonly connected: boolean;
  /** False if it may not connect. */
  readonly enabled: boolean;
  /** True after `revoke`. */
  readonly revoked: boolean;
  /** The stream that it reads. */
  readonly stream: string;
  /** Connections since the start. */
  readonly connections: number;
  /** Its connections now. */
  readonly sessions: readonly SubscriberConnectionStatus[];
  /** Its books since the start. */
  readonly ledger: DeliveryBook;
  /** What it was to be notified of. */
  readonly notifications: NotificationCounts;
  /** Connections that were ended because they were too slow. */
  readonly slowDisconnects: number;
  /** Buffer blocks for it. */
  readonly blocks: BlockCounts;
  /** What was wrong with its sessions, by kind. */
  readonly complaints: Readonly<Record<string, number>>;
}

/** One subscriber. */
export class Subscriber {
  /** Name in the configuration. */
  readonly name: string;
  /** GUID that its caches carry. */
  readonly id: string;
  /** Settings of this moment. */
  settings: SubscriberSettings;
  /** True while everything is withheld from it. */
  revoked = false;
  /** Digest of the metadata that it could see when it was last told; undefined while not connected. */
  metadataDigest: number | undefined;
  /** Connections that were ended because they were too slow. */
  slowDisconnects = 0;
  /** Its books. */
  readonly ledger: DeliveryLedger = new DeliveryLedger(FILTER_REASONS, DROP_REASONS);
  /** What it is to be notified of. */
  readonly notifications: NotificationStore = new NotificationStore();
  /** What was wrong with its sessions, said once. */
  readonly complaints: Complaints;
  /** What its filters have cost. */
  readonly work: WorkBudget;
  /** Its rights, as sessions ask for them. */
  readonly rights: PublisherRights;
  readonly #access: SubscriberAccess;
  readonly #clock: Clock;
  #connections = 0;
  #bytesSent = 0;
  #blocks: BlockCounts = NO_BLOCKS; // of the connections that are over
  #overruns = 0;
  #superseded = 0;

  /** Begins with empty books. */
  constructor(
    name: string,
    settings: SubscriberSettings,
    context: {
      readonly gatewayId: string;
      readonly access: SubscriberAccess;
      readonly clock: Clock;
      readonly log: Log;
    },
  ) {
    this.name = name;
    this.id = uuidFromName(context.gatewayId, `subscriber ${name}`);
    this.settings = settings;
    const { access, clock } = context;
    this.#access = access;
    this.#clock = clock;
    this.work = new WorkBudget(clock);
    this.complaints = new Complaints(context.log);
    this.rights = {
      get version() {
        return access.version;
      },
      permitted: () => this.revoked ? NOTHING : access.permittedNow(name),
      select: (filter, requested) => this.#selectSteps(filter, requested),
    };
  }

  /** Its rights with nothing left to work out, in steps. */
  *permittedSteps(): Steps<Uint8Array> {
    const permitted = yield* this.#access.permittedSteps(this.name);
    return this.revoked ? NOTHING : permitted;
  }

  *#selectSteps(filter: string, requested: boolean): Steps<Selection> {
    if (requested) this.work.check();
    const permitted = yield* this.permittedSteps();
    return yield* this.work.measureSteps(
      this.#access.selectSteps(permitted, filter, this.#clock.nowMicros()),
    );
  }

  /** A connection is over. */
  connectionEnded(last: SubscriberConnectionStatus): void {
    this.#connections++;
    this.#bytesSent += last.bytesSent;
    this.#blocks = this.#blocksOf([last]);
    this.#overruns += last.overruns;
    this.#superseded += last.superseded;
  }

  /** What an operator sees. */
  status(connections: readonly SubscriberConnection[]): SubscriberStatus {
    const { added, confirmed, dropped, size: waiting } = this.notifications;
    return {
      connected: connections.length > 0,
      enabled: this.settings.enabled,
      revoked: this.revoked,
      stream: this.settings.stream,
      connections: this.#connections + connections.length,
      sessions: connections.map((c) => c.status()),
      ledger: this.ledger.totals(),
      notifications: { added, confirmed, dropped, waiting },
      slowDisconnects: this.slowDisconnects,
      blocks: this.#blocksOf(connections.map((c) => c.status())),
      complaints: this.complaints.totals(),
    };
  }

  /** Its numbers. */
  metrics(connections: readonly SubscriberConnection[]): Metric[] {
    const book = this.ledger.totals();
    const now = connections.map((c) => c.status());
    const labels = { subscriber: this.name };
    const bytes = now.reduce((sum, s) => sum + s.bytesSent, this.#bytesSent);
    const overruns = now.reduce((sum, s) => sum + s.overruns, this.#overruns);
    const superseded = now.reduce((sum, s) => sum + s.superseded, this.#superseded);
    const queued = now.reduce((sum, s) => sum + s.queuedBytes, 0);
    const { notifications } = this;
    const blocks = this.#blocksOf(now);
    return [
      gauge("subscriber_connections", "Connections now", now.length, labels),
      counter("subscriber_bytes_sent_total", "Bytes handed to connections", bytes, labels),
      gauge("subscriber_queue_bytes", "Bytes of frames that wait", queued, labels),
      counter("subscriber_overruns_total", "Times that its queue overflowed", overruns, labels),
      counter(
        "subscriber_superseded_frames_total",
        "Frames passed over for newer ones",
        superseded,
        labels,
      ),
      counter(
        "subscriber_slow_disconnects_total",
        "Connections ended for being too slow",
        this.slowDisconnects,
        labels,
      ),
      counter("subscriber_offered_total", "Measurements offered", book.offered, labels),
      counter("subscriber_sent_total", "Measurements sent", book.sent, labels),
      gauge("subscriber_queued", "Measurements that wait", book.queued, labels),
      counter(
        "subscriber_notifications_dropped_total",
        "Notifications that gave way before they were confirmed",
        notifications.dropped,
        labels,
      ),
      gauge("subscriber_notifications", "Notifications that wait", notifications.size, labels),
      counter("subscriber_blocks_sent_total", "Buffer blocks sent", blocks.sent, labels),
      counter(
        "subscriber_blocks_dropped_total",
        "Buffer blocks that were not confirmed",
        blocks.dropped,
        labels,
      ),
      ...Object.entries(book.filtered).map(([reason, value]) =>
        counter("subscriber_filtered_total", "Measurements not to be sent", value, {
          ...labels,
          reason,
        })
      ),
      ...Object.entries(book.dropped).map(([reason, value]) =>
        counter("subscriber_dropped_total", "Measurements lost", value, { ...labels, reason })
      ),
    ];
  }

  /** Blocks of the connections that are over, and of these. */
  #blocksOf(sessions: readonly SubscriberConnectionStatus[]): BlockCounts {
    let sum = this.#blocks;
    for (const { blocks } of sessions) {
      if (!blocks) continue;
      sum = {
        taken: sum.taken + blocks.taken,
        sent: sum.sent + blocks.sent,
        repeated: sum.repeated + blocks.repeated,
        confirmed: sum.confirmed + blocks.confirmed,
        withheld: sum.withheld + blocks.withheld,
        dropped: sum.dropped + blocks.dropped,
        waiting: sum.waiting + blocks.waiting,
        waitingBytes: sum.waitingBytes + blocks.waitingBytes,
      };
    }
    return sum;
  }
}

const NO_BLOCKS: BlockCounts = {
  taken: 0,
  sent: 0,
  repeated: 0,
  confirmed: 0,
  withheld: 0,
  dropped: 0,
  waiting: 0,
  waitingBytes: 0,
};
const NOTHING = new Uint8Array(0);
