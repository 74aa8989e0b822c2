/**
 * The state of the gateway, asked for every two seconds while somebody looks, shared by all pages.
 *
 * @module
 */
import { get, Refused } from "./api.js";

/** @typedef {{ state: string, sinceMicros: number, reason?: string, detail?: any }} PartState */
/**
 * @typedef {object} Status
 * @property {string} name
 * @property {string} id
 * @property {number} startedMicros
 * @property {number} nowMicros
 * @property {string} fingerprint
 * @property {number} signals
 * @property {Record<string, { frames: number, errors: number }>} streams
 * @property {Record<string, PartState>} parts
 * @property {{ version: number, digest: string, author: string, timeMicros: number,
 *   pending: { version: number, secondsLeft: number } | null, note: string, needsSignature: boolean }} configuration
 */
/** @typedef {{ severity: "alarm" | "warning" | "note", about: string, text: string, sinceMicros: number, signal?: { id: string } }} Alarm */
/** @typedef {{ micros: number, offsetNs: number | null, errorNs: number | null, source: string }} ClockPoint */

const INTERVAL_MS = 2000;
/** Longest wait for an answer: what is shown is told to be old soon after. */
const ANSWER_MS = 8000;
/** The second answer comes sooner: rates need two. */
const FIRST_MS = 700;
/** Points of the clock's history: an hour. */
const CLOCK_POINTS = 1800;

/** Asks and tells. */
export class Watch {
  /** @type {Status | undefined} */
  status;
  /** @type {Status | undefined} */
  before;
  /** @type {readonly Alarm[]} */
  alarms = [];
  /** The clock's offset and bound since this page was opened. @type {ClockPoint[]} */
  clockHistory = [];
  /** Why nothing is known; empty while the gateway answers. */
  problem = "";
  /** @type {Set<() => void>} */
  #listeners = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #over = new AbortController();
  #skewMs = NaN;

  /** Begins to ask. */
  start() {
    void this.#round();
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) void this.refresh();
    }, { signal: this.#over.signal });
  }

  /** Ends. */
  stop() {
    clearTimeout(this.#timer);
    this.#over.abort();
    this.#listeners.clear();
  }

  /**
   * Calls `act` now if something is known, and after each answer, until `signal` ends.
   *
   * @param {() => void} act
   * @param {AbortSignal} signal
   */
  on(act, signal) {
    this.#listeners.add(act);
    signal.addEventListener("abort", () => this.#listeners.delete(act));
    if (this.status) act();
  }

  /** The gateway's time, milliseconds since 1970; NaN while it is not known. */
  nowMs() {
    return performance.now() + this.#skewMs;
  }

  /** Asks at once. */
  async refresh() {
    clearTimeout(this.#timer);
    await this.#round();
  }

  async #round() {
    const { signal } = this.#over;
    if (signal.aborted) return;
    if (!document.hidden) {
      try {
        const [status, { alarms }] = await Promise.all([
          get("/status", signal, ANSWER_MS),
          get("/alarms", signal, ANSWER_MS),
        ]);
        // One that has started anew counts anew.
        this.before = this.status?.startedMicros === status.startedMicros ? this.status : undefined;
        this.status = status;
        this.alarms = alarms;
        this.problem = "";
        this.#skewMs = status.nowMicros / 1000 - performance.now();
        this.#noteClock(status);
      } catch (error) {
        if (signal.aborted) return;
        this.problem = error instanceof Refused ? error.message : String(error);
      }
      for (const act of this.#listeners) act();
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#round(), this.before ? INTERVAL_MS : FIRST_MS);
  }

  /** @param {Status} status */
  #noteClock({ parts, nowMicros }) {
    const clock = parts["clock"]?.detail;
    if (!clock) return;
    const followed = clock.sources.find((/** @type {any} */ s) => s.followed);
    this.clockHistory.push({
      micros: nowMicros,
      offsetNs: followed?.offsetNs ?? null,
      errorNs: clock.errorNs,
      source: followed?.name ?? "",
    });
    if (this.clockHistory.length > CLOCK_POINTS) this.clockHistory.shift();
  }
}
