/**
 * What the parts of a subscriber's session share: its options, the time, where it stands, what it counts and complains of.
 *
 * @module
 */
import { commandFrame } from "./framing.ts";
import { clientModes, type OperationalModes } from "./operational_modes.ts";
import type {
  SubscriberCounters,
  SubscriberEvents,
  SubscriberSessionOptions,
  SubscriberState,
} from "./subscriber_types.ts";

const ANSWER_TIMEOUT_MS = 30_000;
/** Least time between two complaints of one kind (8.4). */
const COMPLAIN_EVERY_MS = 20_000;

/** The state of one session that more than one part of it looks at. */
export class SubscriberSessionState {
  /** What was counted so far. */
  readonly counters: SubscriberCounters = {
    bytes: 0,
    frames: 0,
    packets: 0,
    measurements: 0,
    outOfSequence: 0,
    withoutCache: 0,
    unsubscribed: 0,
    undecodable: 0,
    ignored: 0,
    bufferBlocks: 0,
    resubscriptions: 0,
  };
  /** How the session was made. */
  readonly options: SubscriberSessionOptions;
  /** What was asked for at the handshake. */
  readonly modes: OperationalModes;
  /** Where the session stands. */
  state: SubscriberState = "connecting";
  /** Monotonic milliseconds of the last call that told the time. */
  nowMs: number;
  readonly #complained = new Map<string, number>();

  /** Begins at the time that the options tell. */
  constructor(options: SubscriberSessionOptions) {
    this.options = options;
    this.modes = options.modes ?? clientModes(2);
    this.nowMs = options.nowMs;
  }

  /** Who takes what comes out. */
  get events(): SubscriberEvents {
    return this.options.events;
  }

  /** True when the session is over. */
  get ended(): boolean {
    return this.state === "ended";
  }

  /** True once the handshake is over, until the end. */
  get mayCommand(): boolean {
    return this.state !== "ended" && this.state !== "connecting";
  }

  /** Wait for answers, in milliseconds. */
  get answerMs(): number {
    return this.options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS;
  }

  /** Sends a command. */
  command(code: number, payload?: Uint8Array): void {
    this.events.transmit(commandFrame(code, payload));
  }

  /** Complains, unless it has done so of the same `kind` a short time ago. */
  complain(kind: string, message: string): void {
    const before = this.#complained.get(kind);
    if (before !== undefined && this.nowMs - before < COMPLAIN_EVERY_MS) return;
    this.#complained.set(kind, this.nowMs);
    this.events.complain?.(kind, message);
  }
}
