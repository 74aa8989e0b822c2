/**
 * Reverse connections: the gateway dials a subscriber again and again (specs/sttp.md 11.4 and 4.5).
 *
 * @module
 */
import { type Clock, messageOf } from "../../core/mod.ts";

const BASE_MS = 1000;
const MAX_MS = 30_000;
/** A connection that held this long starts the back-off anew. */
const STEADY_MS = 30_000;

/** Waiting time before attempt number `attempt` (from 0), with up to a quarter of jitter. */
export function backOffMs(attempt: number, random: number): number {
  const full = attempt === 0 ? 0 : Math.min(MAX_MS, BASE_MS * 2 ** Math.min(attempt - 1, 12));
  return full * (1 - random / 4);
}

/** Where a dialler stands. */
export type DialState = "waiting" | "dialling" | "connected" | "stopped";

/** Dials whenever there is no connection. */
export class Dialer {
  /** Where it stands. */
  state: DialState = "stopped";
  /** Attempts that failed since the last connection that held. */
  failures = 0;
  /** Why the last attempt failed or the last connection ended. */
  lastReason = "";
  readonly #dial: (signal: AbortSignal) => Promise<void>;
  readonly #clock: Clock;
  readonly #random: () => number;
  #nextMs = Infinity;
  #connectedMs = 0;
  #abort = new AbortController();

  /** `dial` connects once and resolves when a session has begun. */
  constructor(
    dial: (signal: AbortSignal) => Promise<void>,
    clock: Clock,
    random: () => number = Math.random,
  ) {
    this.#dial = dial;
    this.#clock = clock;
    this.#random = random;
  }

  /** Begins to dial. */
  start(): void {
    this.#abort = new AbortController();
    this.state = "waiting";
    this.#nextMs = this.#clock.monotonicMs();
  }

  /** Gives up dialling; a connection that stands is its owner's. */
  stop(): void {
    this.state = "stopped";
    this.#nextMs = Infinity;
    this.#abort.abort();
  }

  /** Dials when it is time. */
  tick(): void {
    if (this.state !== "waiting" || this.#clock.monotonicMs() < this.#nextMs) return;
    this.state = "dialling";
    this.#dial(this.#abort.signal).then(() => {
      if (this.state !== "dialling") return;
      this.state = "connected";
      this.#connectedMs = this.#clock.monotonicMs();
    }, (error) => this.#again(messageOf(error)));
  }

  /** The connection is over. */
  ended(reason: string): void {
    if (this.state === "stopped") return;
    const held = this.state === "connected" &&
      this.#clock.monotonicMs() - this.#connectedMs >= STEADY_MS;
    if (held) this.failures = 0;
    this.#again(reason);
  }

  #again(reason: string): void {
    if (this.state === "stopped") return;
    this.lastReason = reason;
    this.failures++;
    this.state = "waiting";
    this.#nextMs = this.#clock.monotonicMs() + backOffMs(this.failures, this.#random());
  }
}
