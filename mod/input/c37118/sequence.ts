/**
 * The order in which a client commands a device: stop, header, configuration, start, and what follows
 * (specs/c37118.md, section 9). No I/O, no clock.
 *
 * @module
 */
import { Command, FrameType } from "../../c37118/mod.ts";
import type { C37118InputOptions } from "./options.ts";

/** Options of a {@linkcode ClientSequence}. */
export type SequenceOptions = Pick<
  C37118InputOptions,
  | "configuration"
  | "skipStop"
  | "requestHeader"
  | "configurationTimeoutMs"
  | "dataLossMs"
  | "maxParseErrors"
  | "parseErrorWindowMs"
>;

/** What a {@linkcode ClientSequence} does to the world. */
export interface SequenceActions {
  /** Sends a command; a value of `Command`. */
  readonly send: (command: number) => void;
  /** Ends the connection, to be made anew; called once per connection. */
  readonly disconnect: (reason: string) => void;
  /** Decodes with the configuration that is known without asking further; false if there is none. */
  readonly fallBackToCache: () => boolean;
}

/** Where a client stands: `listening` sends no commands. */
export type SequenceState =
  | "closed"
  | "listening"
  | "stopping"
  | "header"
  | "configuration"
  | "starting"
  | "running";

const QUIET_MS = 100;
const MAX_STOPPING_MS = 2000;
const HEADER_MS = 2000;
const TRIES = 3;
const REFRESH_MS = 10_000;
const CACHE_REFRESH_MS = 60_000;
const BUSY_TICK_MS = 25, IDLE_TICK_MS = 250;

/** One client over one connection after the other. Times are monotonic milliseconds. */
export class ClientSequence {
  /** Times that data stayed away for too long. */
  dataLosses = 0;
  /** Commands that were sent. */
  commands = 0;
  #state: SequenceState = "closed";
  readonly #options: SequenceOptions;
  readonly #actions: SequenceActions;
  #since = 0;
  #lastData = -Infinity;
  #lastHeard = 0;
  #tries = 0;
  #hasConfiguration = false;
  #usesCache = false;
  // Configuration command that is asked next, and the one that has been answered before.
  #ask: number;
  #answered: number | undefined;
  #askedAt = -Infinity;
  #wantedAt = Infinity;
  #periodMs = 0;
  #isSilent = true;
  #errors = 0;
  #errorsSince = -Infinity;

  /** Makes a sequence that is closed. */
  constructor(options: SequenceOptions, actions: SequenceActions) {
    this.#options = options;
    this.#actions = actions;
    this.#ask = this.#preferred();
  }

  /** Where it stands. */
  get state(): SequenceState {
    return this.#state;
  }
  /** True while data stay away for longer than the limit, or none have come. */
  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** The connection is there; without `canCommand` it only listens. */
  opened(nowMs: number, canCommand: boolean): void {
    this.#hasConfiguration = false;
    this.#usesCache = false;
    this.#errors = 0;
    this.#wantedAt = Infinity;
    if (!canCommand) {
      this.#enter("listening", nowMs);
      return;
    }
    this.#ask = this.#answered ?? this.#preferred();
    if (this.#options.skipStop) this.#afterStop(nowMs);
    else {
      this.#enter("stopping", nowMs);
      this.#send(Command.DataOff);
    }
  }

  /** The connection is gone. */
  closed(): void {
    this.#state = "closed";
    this.#isSilent = true;
  }

  /** Bytes of any kind came. */
  heard(nowMs: number): void {
    this.#lastHeard = nowMs;
  }

  /** A data frame was accepted. */
  data(nowMs: number): void {
    this.#lastData = nowMs;
    this.#isSilent = false;
    if (this.#state === "starting") this.#enter("running", nowMs);
  }

  /** A configuration of frame type `type` came; frames come at `framesPerSecond`, 0 when unknown. */
  configuration(nowMs: number, type: number, framesPerSecond: number): void {
    this.setRate(framesPerSecond);
    this.#hasConfiguration = true;
    this.#usesCache = false;
    this.#wantedAt = Infinity;
    if (this.#state !== "configuration") return;
    // What answers is asked first the next time; another one came by itself.
    if (ANSWERS[type] === this.#ask) this.#answered = this.#ask;
    this.#start(nowMs);
  }

  /** Frames are expected at `framesPerSecond`; 0 when unknown. */
  setRate(framesPerSecond: number): void {
    this.#periodMs = framesPerSecond > 0 ? 1000 / framesPerSecond : 0;
  }

  /** The header came. */
  header(nowMs: number): void {
    if (this.#state === "header") this.#askConfiguration(nowMs);
  }

  /** The configuration may have changed: it is asked for after `delayMs`, but not too often. */
  wanted(nowMs: number, delayMs: number): void {
    const at = Math.max(nowMs + delayMs, this.#askedAt + REFRESH_MS);
    this.#wantedAt = Math.min(this.#wantedAt, at);
  }

  /** Framing errors came; too many in a short time end the connection. */
  parseErrors(nowMs: number, count: number): void {
    if (this.#state === "closed" || this.#state === "listening") return;
    if (nowMs - this.#errorsSince > this.#options.parseErrorWindowMs) {
      this.#errorsSince = nowMs;
      this.#errors = 0;
    }
    this.#errors += count;
    if (this.#errors >= this.#options.maxParseErrors) {
      this.#disconnect(
        `${this.#errors} framing errors within ${this.#options.parseErrorWindowMs} ms`,
      );
    }
  }

  /** Does what is due; returns in how many milliseconds it wants to be called again. */
  tick(nowMs: number): number {
    const { configurationTimeoutMs } = this.#options;
    const age = nowMs - this.#since;
    const limit = Math.max(this.#options.dataLossMs, 3 * this.#periodMs);
    const silence = nowMs - Math.max(this.#lastData, this.#since);
    switch (this.#state) {
      case "stopping":
        if (nowMs - this.#lastHeard >= QUIET_MS || age >= MAX_STOPPING_MS) this.#afterStop(nowMs);
        return BUSY_TICK_MS;
      case "header":
        if (age >= HEADER_MS) this.#askConfiguration(nowMs);
        return BUSY_TICK_MS;
      case "configuration":
        if (nowMs - this.#askedAt >= configurationTimeoutMs) this.#askAgain(nowMs);
        return BUSY_TICK_MS;
      case "starting":
        if (age >= limit) this.#startAgain(nowMs);
        break;
      case "running":
        if (silence >= limit) {
          this.dataLosses++;
          this.#disconnect(`no data for ${(silence / 1000).toFixed(1)} s`);
        } else this.#refresh(nowMs);
        break;
      case "listening":
        if (!this.#isSilent && silence >= limit) {
          this.#isSilent = true;
          this.dataLosses++;
        }
        break;
      case "closed":
    }
    return IDLE_TICK_MS;
  }

  #enter(state: SequenceState, nowMs: number): void {
    this.#state = state;
    this.#since = nowMs;
    this.#lastHeard = nowMs;
    this.#tries = 0;
  }

  #send(command: number): void {
    this.commands++;
    this.#actions.send(command);
  }

  #disconnect(reason: string): void {
    this.closed();
    this.#actions.disconnect(reason);
  }

  #preferred(): number {
    return { cfg1: Command.SendConfig1, cfg2: Command.SendConfig2, cfg3: Command.SendConfig3 }[
      this.#options.configuration
    ];
  }

  #afterStop(nowMs: number): void {
    if (!this.#options.requestHeader) return this.#askConfiguration(nowMs);
    this.#enter("header", nowMs);
    this.#send(Command.SendHeader);
  }

  #askConfiguration(nowMs: number): void {
    // One that came unasked since the connection was made is as good as an answer.
    if (this.#hasConfiguration) return this.#start(nowMs);
    this.#enter("configuration", nowMs);
    this.#sendAsk(nowMs);
  }

  #sendAsk(nowMs: number): void {
    this.#askedAt = nowMs;
    this.#wantedAt = Infinity;
    this.#send(this.#ask);
  }

  #askAgain(nowMs: number): void {
    if (this.#ask === Command.SendConfig3) {
      // Not every device knows CFG-3; silence is how they say so.
      this.#ask = Command.SendConfig2;
      this.#answered = undefined;
      return this.#sendAsk(nowMs);
    }
    if (++this.#tries < TRIES) return this.#sendAsk(nowMs);
    this.#answered = undefined;
    if (this.#actions.fallBackToCache()) {
      this.#usesCache = true;
      this.#start(nowMs);
    } else this.#disconnect(`no configuration after ${TRIES} requests`);
  }

  #start(nowMs: number): void {
    this.#enter("starting", nowMs);
    this.#send(Command.DataOn);
  }

  #startAgain(nowMs: number): void {
    if (++this.#tries >= TRIES) {
      this.dataLosses++;
      return this.#disconnect(`no data after ${TRIES} start commands`);
    }
    this.#since = nowMs;
    this.#send(Command.DataOn);
  }

  #refresh(nowMs: number): void {
    const cacheIsOld = this.#usesCache && nowMs - this.#askedAt >= CACHE_REFRESH_MS;
    if (nowMs < this.#wantedAt && !cacheIsOld) return;
    this.#sendAsk(nowMs);
  }
}

const ANSWERS: Readonly<Record<number, number>> = {
  [FrameType.Config1]: Command.SendConfig1,
  [FrameType.Config2]: Command.SendConfig2,
  [FrameType.Config3]: Command.SendConfig3,
};
