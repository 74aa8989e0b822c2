/**
 * Asks NTP servers how far off the host's clock is.
 *
 * @module
 */
import { type Clock, DecodeError, type Log, messageOf } from "../core/mod.ts";
import { openUdp, type UdpSocket } from "../os/mod.ts";
import { noReading, type TimeReading } from "./reading.ts";
import {
  decodeSntpReply,
  encodeSntpRequest,
  SntpFilter,
  type SntpReply,
  type SntpSample,
  sntpSample,
} from "./sntp.ts";

/** How a server is asked. */
export interface NtpServerOptions {
  /** Name or address. */
  readonly hostname: string;
  /** Port; 123. */
  readonly port: number;
  /** Seconds between requests. */
  readonly intervalSeconds: number;
  /** Milliseconds to wait for an answer. */
  readonly timeoutMs: number;
  /** Offset and bound up to which the clock counts as synchronised by this server, in milliseconds. */
  readonly precisionMs: number;
}

/** Numbers of a server. */
export interface NtpCounters {
  /** Requests sent. */
  requests: number;
  /** Answers that were good. */
  answers: number;
  /** Requests without an answer in time. */
  timeouts: number;
  /** Datagrams that are no answer to our request. */
  foreign: number;
  /** Answers of a server that is not to be followed. */
  refused: number;
  /** Answers that ask for peace. */
  kisses: number;
}

/** What a server's asking needs around it. */
export interface NtpContext {
  /** The time. */
  readonly clock: Clock;
  /** The host's clock now, as exactly as it can be read, in microseconds since 1970, with the uncertainty. */
  readonly hostMicros: () => { readonly micros: number; readonly uncertaintyNs: number };
  /** Where events go. */
  readonly log: Log;
  /** Called when there is something new. */
  readonly onChange: () => void;
}

/** Crystal ageing that NTP allows for: 15 ppm. */
const GROWTH_NS_PER_SECOND = 15_000;
/** Requests without an answer after which a server is lost. */
const LOST_AFTER = 3;
/** Why a server cannot be followed at first. */
const NOT_ASKED = "not asked yet";
/** Slowest asking after kisses, in seconds. */
const SLOWEST_SECONDS = 1024;

/** One NTP server. */
export class NtpServer {
  /** Numbers. */
  readonly counters: NtpCounters = {
    requests: 0,
    answers: 0,
    timeouts: 0,
    foreign: 0,
    refused: 0,
    kisses: 0,
  };
  /** Why it cannot be followed, in a sentence; empty if it can. */
  reason: string = NOT_ASKED;
  readonly #options: NtpServerOptions;
  readonly #context: NtpContext;
  readonly #filter = new SntpFilter();
  #sample: SntpSample | undefined;
  #reply: SntpReply | undefined;
  #silence = 0;
  #intervalSeconds: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #socket: UdpSocket | undefined;
  #stopped = true;

  /** Makes a server that is not asked. */
  constructor(options: NtpServerOptions, context: NtpContext) {
    this.#options = options;
    this.#context = context;
    this.#intervalSeconds = options.intervalSeconds;
  }

  /** The last good answer. */
  get reply(): SntpReply | undefined {
    return this.#reply;
  }

  /** The sample that it is judged by. */
  get sample(): SntpSample | undefined {
    return this.#sample;
  }

  /** Begins to ask, at once and then at the interval. */
  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    void this.#ask();
  }

  /** Ends; safe to call twice. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#socket = undefined;
  }

  /** Forgets its samples: the own clock stepped. */
  forget(): void {
    this.#filter.clear();
    this.#sample = undefined;
  }

  /** What it is worth now. */
  reading(): TimeReading {
    const sample = this.#sample, reply = this.#reply;
    if (!sample || !reply || this.reason !== "") return noReading(this.reason || "no answer yet");
    const limitNs = this.#options.precisionMs * 1e6;
    const fits = Math.abs(sample.offsetNs) <= limitNs && sample.errorNs <= limitNs;
    return {
      usable: true,
      reason: `stratum ${sample.stratum} of ${reply.reference}${
        fits ? "" : `, not within ${this.#options.precisionMs} ms`
      }`,
      traceable: fits,
      offsetNs: sample.offsetNs,
      delayNs: sample.delayNs,
      referenceErrorNs: sample.errorNs,
      toleranceNs: limitNs,
      sampleMs: sample.ms,
      growthNsPerSecond: GROWTH_NS_PER_SECOND,
      taiUtc: 37,
      taiUtcValid: false,
      leap: reply.leap,
    };
  }

  async #ask(): Promise<void> {
    const { hostname, port, timeoutMs } = this.#options;
    const words = crypto.getRandomValues(new Uint32Array(2));
    const nonce = [words[0]!, words[1]!] as const;
    let sentMicros = NaN, uncertaintyNs = 0;
    let socket: UdpSocket;
    try {
      // A port of its own for each request: an answer that is late finds nobody.
      socket = await openUdp({
        clock: this.#context.clock,
        receiveBufferBytes: 4096,
        onDatagram: (bytes, arrivalMicros) => {
          this.#take(bytes, nonce, sentMicros, arrivalMicros, uncertaintyNs);
        },
        onError: (error) => this.#fail(`the socket failed: ${error}`),
      });
    } catch (error) {
      this.#fail(messageOf(error));
      return this.#again();
    }
    if (this.#stopped) return socket.close();
    this.#socket = socket;
    this.counters.requests++;
    // Before it is sent: the answer, which ends this, may be here before the sending has returned.
    this.#timer = setTimeout(() => this.#late(), timeoutMs);
    const host = this.#context.hostMicros();
    sentMicros = host.micros;
    uncertaintyNs = host.uncertaintyNs;
    if (!await socket.send(encodeSntpRequest(nonce), hostname, port) && this.#socket === socket) {
      this.#fail(`${hostname} cannot be reached`);
    }
  }

  #late(): void {
    if (this.#socket) {
      this.counters.timeouts++;
      this.#fail(`${this.#options.hostname} does not answer in ${this.#options.timeoutMs} ms`);
    }
    this.#again();
  }

  #take(
    bytes: Uint8Array,
    nonce: readonly [number, number],
    sentMicros: number,
    arrivalMicros: number,
    uncertaintyNs: number,
  ): void {
    try {
      const reply = decodeSntpReply(bytes, nonce);
      const sample = sntpSample(
        { ...reply, precisionNs: reply.precisionNs + uncertaintyNs },
        sentMicros,
        arrivalMicros,
        this.#context.clock.monotonicMs(),
      );
      this.#reply = reply;
      this.#sample = this.#filter.add(sample);
      this.#silence = 0;
      this.#intervalSeconds = this.#options.intervalSeconds;
      this.counters.answers++;
      if (this.reason !== "") {
        this.#context.log.info(`NTP server ${this.#options.hostname} answers`);
      }
      this.reason = "";
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      if (error.kind === "foreign" || error.kind === "truncated") {
        this.counters.foreign++;
        return; // the real answer may still come
      }
      if (error.kind === "kiss") {
        this.counters.kisses++;
        this.#intervalSeconds = Math.min(SLOWEST_SECONDS, this.#intervalSeconds * 2);
      } else this.counters.refused++;
      this.#lose(error.message);
    }
    clearTimeout(this.#timer);
    this.#again();
    this.#context.onChange();
  }

  #again(): void {
    this.#socket?.close();
    this.#socket = undefined;
    if (!this.#stopped) {
      this.#timer = setTimeout(() => void this.#ask(), this.#intervalSeconds * 1000);
    }
  }

  #fail(reason: string): void {
    this.#socket?.close();
    this.#socket = undefined;
    if (++this.#silence >= LOST_AFTER || !this.#sample) this.#lose(reason);
  }

  #lose(reason: string): void {
    if (this.reason === "" || this.reason === NOT_ASKED) {
      this.#context.log.warn(`NTP server ${this.#options.hostname} cannot be followed: ${reason}`);
    }
    this.reason = reason;
    this.#context.onChange();
  }
}
