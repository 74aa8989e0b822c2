/**
 * A subscriber's session with a publisher: protocol versions 1, 2 and 3 (specs/sttp.md 4.3, 6.4, 9.2).
 *
 * Pure: bytes and time go in, bytes and events come out. The owner of the connection calls `start`,
 * `receive`, `tick` about every 100 ms, `work` in turns with all else while `isWorking`, and `end`
 * when the connection is gone. Nothing that a peer sends is thrown: what cannot be borne ends the
 * session through `events.close`.
 *
 * @module
 */
import { DecodeError, ProtocolError } from "../core/mod.ts";
import { decodeBaseTimes, decodeDataStartTime } from "./base_times.ts";
import { decodeCipherKeys } from "./cipher_keys.ts";
import {
  buildConnectionString,
  DEFAULT_REQUEST,
  subscribeFrame,
  type SubscriptionRequest,
} from "./connection_string.ts";
import {
  Command,
  DataPacketFlags,
  MAX_FRAME,
  MAX_FRAME_BEFORE_VALIDATION,
  Response,
} from "./constants.ts";
import { FrameSplitter, parseResponse } from "./framing.ts";
import { decodeNotification } from "./notify.ts";
import { operationalModesFrame } from "./operational_modes.ts";
import type { SubscriberCache } from "./subscriber_cache.ts";
import { CacheReader } from "./subscriber_caches.ts";
import { SubscriberIntake } from "./subscriber_intake.ts";
import { SubscriberMetadata } from "./subscriber_metadata.ts";
import { SubscriberSessionState } from "./subscriber_session_state.ts";
import type {
  SubscriberCounters,
  SubscriberSessionOptions,
  SubscriberState,
} from "./subscriber_types.ts";
import { decodeResponseText } from "./text.ts";

const SILENCE_TIMEOUT_MS = 20_000;
const HANDSHAKE_TIMEOUT_MS = 5000;

/** One session, from the connection to its end. */
export class SubscriberSession {
  readonly #session: SubscriberSessionState;
  readonly #splitter: FrameSplitter;
  readonly #intake: SubscriberIntake;
  readonly #metadata: SubscriberMetadata;
  readonly #caches: CacheReader;
  #request: SubscriptionRequest;
  #receivedMs: number;
  // Times by which answers must have come; Infinity when none is awaited.
  #handshakeDueMs = Infinity;
  #subscribeDueMs = Infinity;
  #cachesSinceSubscribe = 0;
  #handsOverCaches = false;

  /** Nothing is sent before `start`. */
  constructor(options: SubscriberSessionOptions) {
    this.#session = new SubscriberSessionState(options);
    this.#request = { ...DEFAULT_REQUEST, ...options.request };
    this.#receivedMs = options.nowMs;
    this.#splitter = new FrameSplitter(
      { frame: (body) => this.#response(body) },
      MAX_FRAME_BEFORE_VALIDATION,
    );
    this.#intake = new SubscriberIntake(this.#session, {
      subscribe: () => this.subscribe(),
      close: (kind, message) => this.#close(kind, message),
    });
    this.#caches = new CacheReader(this.#session, (cache) => this.#takeCache(cache));
    this.#metadata = new SubscriberMetadata(
      this.#session,
      (changed) => this.#metadataDone(changed),
    );
  }

  /** What was counted so far. */
  get counters(): SubscriberCounters {
    return this.#session.counters;
  }

  /** Where the session stands. */
  get state(): SubscriberState {
    return this.#session.state;
  }

  /** The connection is there: sends DefineOperationalModes, and nothing else before its answer. */
  start(nowMs: number): void {
    if (this.#session.ended) return;
    this.#session.nowMs = nowMs;
    this.#receivedMs = nowMs;
    this.#handshakeDueMs = nowMs +
      (this.#session.options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS);
    this.#session.events.transmit(operationalModesFrame(this.#session.modes));
  }

  /** Takes bytes of the command channel, which are lent. */
  receive(bytes: Uint8Array, nowMs: number): void {
    if (this.#session.ended) return;
    this.#session.nowMs = nowMs;
    this.#receivedMs = nowMs;
    this.counters.bytes += bytes.length;
    this.#attempt(() => this.#splitter.push(bytes));
  }

  /** True while a large cache or large metadata are read: `work` is to be called. */
  get isWorking(): boolean {
    return this.#caches.isReading || this.#metadata.isReading;
  }

  /** Reads for about a millisecond; true if there is more to do. A cache goes first, since data wait for it. */
  work(): boolean {
    this.#attempt(() => {
      if (this.#caches.isReading) this.#caches.step();
      else this.#metadata.step();
    });
    return this.isWorking;
  }

  /** Takes one datagram of the UDP data channel (1.4), which is lent; damaged ones are dropped. */
  receiveDatagram(bytes: Uint8Array, nowMs: number): void {
    if (this.#session.ended) return;
    this.#session.nowMs = nowMs;
    this.counters.bytes += bytes.length;
    this.#intake.datagram(bytes);
  }

  /** Does what is due at a time. */
  tick(nowMs: number): void {
    if (this.#session.ended) return;
    this.#session.nowMs = nowMs;
    const silenceMs = this.#session.options.silenceTimeoutMs ?? SILENCE_TIMEOUT_MS;
    if (nowMs - this.#receivedMs >= silenceMs) {
      this.#close("silence", `Publisher has been silent for ${silenceMs} ms: no-ops were expected`);
    } else if (nowMs >= this.#handshakeDueMs) {
      this.#handshakeTimeout();
    } else if (this.#metadata.isLate) {
      this.#metadata.giveUp();
    } else if (nowMs >= this.#subscribeDueMs) {
      this.#close("timeout", "Publisher has not answered Subscribe in time");
    } else if (this.#metadata.isRefreshDue) {
      this.requestMetadata();
    }
  }

  /** Subscribes, or subscribes anew; keys of `request` replace those of before. */
  subscribe(request: Partial<SubscriptionRequest> = {}): void {
    this.#attempt(() => this.#caches.finish()); // it belongs to the subscription before
    if (!this.#session.mayCommand) return;
    this.#request = { ...this.#request, ...request };
    this.#session.state = "subscribing";
    this.#subscribeDueMs = this.#session.nowMs + this.#session.answerMs;
    this.#cachesSinceSubscribe = 0;
    this.#intake.begin(this.#request.includeTime, this.#request.useMillisecondResolution);
    this.#session.events.transmit(
      subscribeFrame(buildConnectionString(this.#request), this.#session.modes.encoding),
    );
  }

  /** Unsubscribes; data that are still on their way are dropped. */
  unsubscribe(): void {
    if (!this.#session.mayCommand) return;
    this.#session.state = "validated";
    this.#subscribeDueMs = Infinity;
    this.#clear();
    this.#session.command(Command.Unsubscribe);
  }

  /** Asks for metadata. */
  requestMetadata(): void {
    if (this.#session.mayCommand) this.#metadata.request();
  }

  /** Sends any other command, for example one that belongs to the application. */
  command(code: number, payload?: Uint8Array): void {
    if (this.#session.mayCommand) this.#session.command(code, payload);
  }

  /** The connection is gone. Safe to call twice; no event follows. */
  end(): void {
    this.#session.state = "ended";
    this.#splitter.stop();
    this.#metadata.drop();
    this.#clear();
  }

  /** Nothing is subscribed any more. */
  #clear(): void {
    this.#caches.drop();
    this.#intake.data.clear();
  }

  #response(body: Uint8Array): void {
    const { response, command, payload } = parseResponse(body);
    this.counters.frames++;
    switch (response) {
      case Response.DataPacket:
        if (this.#caches.isReading) this.#caches.finishFor(cacheIndexOf(payload));
        return this.#intake.packet(payload);
      case Response.NoOp:
        return;
      case Response.Succeeded:
        return this.#succeeded(command, payload);
      case Response.Failed:
        return this.#failed(command, payload);
      case Response.UpdateSignalIndexCache:
        return this.#cache(payload);
      case Response.UpdateBaseTimes:
        return this.#intake.data.setBaseTimes(decodeBaseTimes(payload));
      case Response.UpdateCipherKeys:
        return this.#intake.data.setKeys(decodeCipherKeys(payload));
      case Response.DataStartTime: {
        const { hi, lo } = decodeDataStartTime(payload);
        this.#session.events.startTime?.(hi, lo);
        return;
      }
      case Response.ProcessingComplete:
        this.#session.events.processingComplete?.(
          decodeResponseText(payload, this.#session.modes.encoding),
        );
        return;
      case Response.BufferBlock:
        this.#caches.finish();
        return this.#intake.block(payload);
      case Response.Notify:
        return this.#notify(payload);
      case Response.ConfigurationChanged:
        return this.#configurationChanged();
    }
    if (response >= Response.UserResponse00 && response <= Response.UserResponse15) {
      this.#session.events.userResponse?.(response, command, payload);
      return;
    }
    this.counters.ignored++;
    this.#session.complain(
      "response",
      `Publisher sent the unknown response 0x${response.toString(16)}`,
    );
  }

  #succeeded(command: number, payload: Uint8Array): void {
    if (command === Command.MetadataRefresh) return this.#metadata.take(payload);
    const text = decodeResponseText(payload, this.#session.modes.encoding);
    if (command === Command.DefineOperationalModes && this.#session.state === "connecting") {
      this.#session.events.accepted?.(text);
      this.#accept();
    } else if (command === Command.Subscribe && this.#subscribeDueMs !== Infinity) {
      this.#subscribeDueMs = Infinity;
      this.#session.state = "subscribed";
      this.#session.events.subscribed?.(text);
    } else {
      this.#session.events.succeeded?.(command, text);
    }
  }

  #failed(command: number, payload: Uint8Array): void {
    const text = decodeResponseText(payload, this.#session.modes.encoding).slice(0, 1024);
    if (command === Command.DefineOperationalModes || command === Command.Connect) {
      this.#close("refused", `Publisher has refused the connection: ${text}`);
      return;
    }
    if (command === Command.Subscribe && this.#subscribeDueMs !== Infinity) {
      this.#subscribeDueMs = Infinity;
      this.#session.state = "validated";
      this.#clear();
    }
    this.#session.events.refused?.(command, text);
    if (command === Command.MetadataRefresh) this.#metadata.refused(text);
  }

  /** The handshake is over. */
  #accept(): void {
    if (this.#session.ended) return; // an event handler may have ended the session
    this.#handshakeDueMs = Infinity;
    this.#splitter.limit = this.#session.options.maxFrameBytes ?? MAX_FRAME;
    this.#session.state = "validated";
    const subscribes = this.#session.options.autoSubscribe ?? true;
    if (this.#session.options.metadata ?? true) {
      if (subscribes) this.#session.state = "metadata";
      this.requestMetadata();
    } else if (subscribes) {
      this.subscribe();
    }
  }

  #handshakeTimeout(): void {
    if (this.#session.modes.version >= 3) {
      this.#close("handshake", "Publisher has not answered DefineOperationalModes in time");
      return;
    }
    this.#session.complain(
      "handshake",
      "Publisher has not answered DefineOperationalModes: going on without",
    );
    this.#accept();
  }

  #metadataDone(changed: boolean): void {
    if (this.#session.state === "metadata") {
      this.#session.state = "validated";
      this.subscribe();
    } else if (
      changed && this.#session.state === "subscribed" &&
      (this.#session.options.autoSubscribe ?? true)
    ) {
      // A publisher that hands over caches itself has new signals join without a gap in the data.
      if (!this.#handsOverCaches) this.subscribe();
    }
  }

  #configurationChanged(): void {
    this.#session.events.configurationChanged?.();
    if (this.#session.options.metadata ?? true) this.#metadata.requestSoon();
  }

  #cache(payload: Uint8Array): void {
    if (this.#session.state !== "subscribing" && this.#session.state !== "subscribed") {
      this.counters.ignored++;
      return;
    }
    this.#caches.begin(payload);
  }

  #takeCache(cache: SubscriberCache): void {
    this.#intake.data.setCache(cache);
    // Only the first one answers a subscription; further ones the publisher sends of its own accord.
    if (++this.#cachesSinceSubscribe > 1) this.#handsOverCaches = true;
    if (this.#session.modes.version >= 2) {
      this.#session.command(Command.ConfirmUpdateSignalIndexCache);
    }
    this.#session.events.cache?.(cache);
  }

  #notify(payload: Uint8Array): void {
    const { text } = decodeNotification(payload, this.#session.modes.encoding);
    this.#session.command(Command.ConfirmNotification, payload.slice(0, 4));
    this.#session.events.notification?.(text);
  }

  /** Does what may find that the peer breaks the rules, for which the session is ended. */
  #attempt<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof ProtocolError || error instanceof DecodeError)) throw error;
      this.#close(error.kind, error.message);
      return undefined;
    }
  }

  #close(kind: string, message: string): void {
    if (this.#session.ended) return;
    this.end();
    this.#session.events.close(kind, message);
  }
}

/** The slot of a data packet, which is told in clear. */
function cacheIndexOf(payload: Uint8Array): 0 | 1 {
  return ((payload[0] ?? 0) & DataPacketFlags.CacheIndex) === 0 ? 0 : 1;
}
