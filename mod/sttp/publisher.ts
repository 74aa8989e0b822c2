/**
 * A publisher's session with one subscriber: protocol versions 1, 2 and 3 (specs/sttp.md 4.4).
 *
 * Pure: bytes and time go in, bytes and events come out. The owner of the connection calls
 * `receive`, `tick` about every 50 ms, `pump` when frames wait and the connection has room, `work`
 * in turns with all else while `isWorking`, `refresh` after a change of rights or signals, and
 * `end` when the connection is gone.
 *
 * A filter is run, and a cache made, in steps; the small ones are done at once. Meanwhile data of
 * the subscription before go on. A later Subscribe or Unsubscribe takes the place of one that is
 * still being worked on, which is then answered with Failed.
 *
 * @module
 */
import { ProtocolError } from "../core/mod.ts";
import { Command, NOOP_INTERVAL_MS, Response } from "./constants.ts";
import { FrameSplitter, responseFrame } from "./framing.ts";
import { encodeNotification } from "./notify.ts";
import { type BlockOpening, BlockQueue } from "./publisher_blocks.ts";
import { PublisherCommands } from "./publisher_commands.ts";
import { PublisherSessionState } from "./publisher_session_state.ts";
import { PublisherSubscribing } from "./publisher_subscribing.ts";
import type { PublisherSessionOptions, PublisherSessionStatus } from "./publisher_types.ts";
import { encodeText } from "./text.ts";

/** Largest command of a validated subscriber, in bytes: room for a filter of 25,000 GUIDs. */
export const MAX_COMMAND_BYTES = 1_100_000;

/** The frame that refuses a connection (4.6); the connection is closed `REFUSAL_LINGER_MS` later. */
export function connectionRefusedFrame(text: string): Uint8Array<ArrayBuffer> {
  return responseFrame(Response.Failed, Command.Connect, encodeText(text, "utf-8"));
}

/** One subscriber's session. */
export class PublisherSession {
  readonly #state: PublisherSessionState;
  readonly #splitter: FrameSplitter;
  readonly #commands: PublisherCommands;
  readonly #subscribing: PublisherSubscribing;
  #ended = false;
  #noopMs: number;
  #blocks: BlockQueue | undefined; // from the first block on
  #notified = 0; // number of the newest notification that this connection has had

  /** Begins a session on a connection that was just accepted. */
  constructor(options: PublisherSessionOptions) {
    this.#state = new PublisherSessionState(options);
    this.#noopMs = options.nowMs + NOOP_INTERVAL_MS;
    this.#subscribing = new PublisherSubscribing(
      this.#state,
      () => this.#blocks?.endSubscription(),
    );
    this.#commands = new PublisherCommands(this.#state, {
      subscribing: this.#subscribing,
      validated: () => this.#validated(),
      confirmBlock: (sequence) => this.#blocks?.confirm(sequence, this.#state.nowMs),
      break: (kind, message, lingerMs) => this.#break(kind, message, lingerMs),
    });
    this.#splitter = new FrameSplitter({ frame: (body) => this.#commands.take(body) });
  }

  /** Takes received bytes, which are lent; a peer that breaks the rules is closed, nothing is thrown. */
  receive(bytes: Uint8Array, nowMs: number): void {
    if (this.#ended) return;
    this.#state.nowMs = nowMs;
    try {
      this.#splitter.push(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#break(error.kind, error.message);
    }
  }

  /** Does what is due at a time; `roomBytes` is what the connection can take now. */
  tick(nowMs: number, nowMicros: number, roomBytes: number): void {
    if (this.#ended) return;
    this.#state.nowMs = nowMs;
    if (nowMs >= this.#noopMs) {
      this.#noopMs = nowMs + NOOP_INTERVAL_MS;
      this.#state.send(Response.NoOp, Command.Subscribe);
    }
    const { data, current } = this.#subscribing;
    data.keys?.tick(nowMs);
    current?.tick(nowMs, nowMicros, data.mayEncode ? roomBytes : 0);
  }

  /** True when data go by datagrams, so that the room of the connection does not matter to `pump`. */
  get overUdp(): boolean {
    return this.#subscribing.data.overUdp;
  }

  /** Times that the subscriber fell further behind than its queue. */
  get overruns(): number {
    return this.#subscribing.overruns;
  }

  /** Encodes queued frames until about `roomBytes` bytes were transmitted; returns how many were. */
  pump(roomBytes: number): number {
    const { data, current } = this.#subscribing;
    return data.mayEncode ? current?.pump(roomBytes) ?? 0 : 0;
  }

  /**
   * Works the selection out anew after a change of rights or signals, and hands over to a new cache
   * where it differs. Revocations do not wait for this: they hold from the change of `rights.version` on.
   */
  refresh(): void {
    if (!this.#ended) this.#subscribing.refresh();
  }

  /** True while a filter is run or a cache made: `work` is to be called. */
  get isWorking(): boolean {
    return this.#subscribing.work.isWorking;
  }

  /** Works for about a millisecond on what a subscription needs; true if there is more to do. */
  work(): boolean {
    return this.#subscribing.work.step();
  }

  /** Tells a validated subscriber that metadata has changed. */
  announceConfiguration(): void {
    if (!this.#state.modes || this.#ended) return;
    this.#state.send(Response.ConfigurationChanged, Command.Subscribe);
  }

  /**
   * Tells the subscriber that all data of its subscription have been processed (5.7); `text` is free and may be empty.
   *
   * For temporal subscriptions, of which there are none yet. Once per subscription: false if it was said before, or
   * nothing is subscribed.
   */
  completeProcessing(text = ""): boolean {
    return !this.#ended && this.#subscribing.complete(text);
  }

  /**
   * Takes a buffer block, whose data are lent, if the subscription is about its signal. The
   * subscription has `opening` before the first block of the signal, and again after a change of it.
   */
  publishBlock(handle: number, data: Uint8Array, opening?: BlockOpening): boolean {
    const { blockBytes, events } = this.#state.options;
    if (blockBytes === undefined || !this.#interestedIn(handle)) return false;
    const { version } = this.#state.modes!; // there is a subscription
    this.#blocks ??= new BlockQueue(blockBytes, version, (bytes) => events.transmit(bytes));
    this.#blocks.add(handle, data, opening);
    return true;
  }

  /**
   * Bytes of buffer blocks of a signal that there is room for; undefined if the subscription is not
   * about it.
   */
  blockRoom(handle: number): number | undefined {
    const { blockBytes } = this.#state.options;
    if (blockBytes === undefined || !this.#interestedIn(handle)) return undefined;
    return this.#blocks?.room(this.#state.nowMs) ?? blockBytes;
  }

  /** Sends buffer blocks, over TCP whatever the data channel, until `roomBytes` are used. */
  pumpBlocks(roomBytes: number): void {
    const { current } = this.#subscribing;
    this.#blocks?.pump(
      this.#state.nowMs,
      roomBytes,
      (handle) => current?.routeBlock(handle) ?? "later",
    );
  }

  /** Sends notifications that this connection has not had, once it is validated. */
  sendNotifications(): void {
    const { notifications } = this.#state.options;
    const encoding = this.#state.modes?.encoding;
    if (!notifications || !encoding || this.#ended) return;
    this.#notified = notifications.sendAfter(this.#notified, (notification) => {
      const payload = encodeNotification(notification, encoding);
      this.#state.send(Response.Notify, Command.Subscribe, payload);
    });
  }

  /** Answers the oldest metadata request with the bytes that it asked for. */
  answerMetadata(bytes: Uint8Array): void {
    if (this.#ended) return;
    this.#commands.metadata.finish(() =>
      this.#state.send(Response.Succeeded, Command.MetadataRefresh, bytes)
    );
  }

  /** Refuses the oldest metadata request. */
  refuseMetadata(text: string): void {
    if (this.#ended) return;
    this.#commands.metadata.finish(() => this.#state.fail(Command.MetadataRefresh, text));
  }

  /** The connection is gone: closes the books. Safe to call twice. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#splitter.stop();
    this.#subscribing.end();
    this.#blocks?.end();
  }

  /** What the session says of itself. */
  status(): PublisherSessionStatus {
    const { current, data, client } = this.#subscribing;
    const { modes, refusals } = this.#state;
    const newest = current?.caches.newest?.selection;
    return {
      state: this.#ended ? "ended" : current ? "subscribed" : modes ? "validated" : "connected",
      version: modes?.version ?? 0,
      mode: current ? (current.settings.tssc ? "TSSC" : "compact") : "",
      dataChannel: current ? (data.overUdp ? "UDP" : "TCP") : "",
      encrypted: data.encrypted,
      keyRotations: data.keys?.rotations ?? 0,
      client,
      signals: newest?.signals.length ?? 0,
      unauthorized: newest?.unauthorized.length ?? 0,
      awaitsConfirmation: current?.caches.next !== undefined,
      throttled: (current?.settings.throttleMs ?? 0) > 0,
      queuedFrames: current?.queuedFrames ?? 0,
      queuedBytes: current?.queuedBytes ?? 0,
      ...this.#subscribing.totals(),
      ...(this.#blocks ? { blocks: this.#blocks.counts() } : {}),
      commands: this.#commands.taken,
      refusals,
    };
  }

  #interestedIn(handle: number): boolean {
    return this.#subscribing.current?.interestedIn(handle) ?? false;
  }

  #validated(): void {
    this.#splitter.limit = MAX_COMMAND_BYTES;
    this.sendNotifications();
  }

  /** Ends the session because of what the peer did. */
  #break(kind: string, message: string, lingerMs = 0): void {
    this.end();
    this.#state.options.events.complain(kind, message);
    this.#state.options.events.close(lingerMs, message);
  }
}
