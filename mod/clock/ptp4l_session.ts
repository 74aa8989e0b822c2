/**
 * Questions to a running ptp4l and what it answers, without a socket: one request, one answer.
 *
 * What is asked when: specs of linuxptp 3.0 to 4.4. All ports are asked one by one, since a wildcard gives an answer for
 * each port and nothing tells which is the last.
 *
 * @module
 */
import { DecodeError } from "../core/mod.ts";
import {
  decodeMessage,
  encodeGet,
  ManagementAction,
  type ManagementContent,
  managementContent,
  managementErrorName,
  ManagementId,
  managementName,
  MessageType,
  type PortIdentity,
  samePort,
} from "../ptp/mod.ts";
import { Ptp4lPicture } from "./ptp4l_picture.ts";

/** How to ask. */
export interface Ptp4lSessionOptions {
  /** The daemon's domain; undefined to try those that are in use. */
  readonly domainNumber?: number | undefined;
  /** The daemon's transportSpecific. */
  readonly majorSdoId: number;
  /** Who asks; unique among the clients of the daemon. */
  readonly client: PortIdentity;
  /** Milliseconds to wait for an answer. */
  readonly timeoutMs: number;
  /** Milliseconds between looks at what changes often. */
  readonly intervalMs: number;
}

/** Numbers of a session. */
export interface Ptp4lCounters {
  /** Requests sent. */
  requests: number;
  /** Answers to them. */
  answers: number;
  /** Requests without an answer in time. */
  timeouts: number;
  /** Answers that are errors. */
  errors: number;
  /** Datagrams that are not for us, late, or of another request. */
  foreign: number;
  /** Datagrams that cannot be read. */
  malformed: number;
  /** Times that the daemon was found to be another one, or to have begun anew. */
  restarts: number;
}

interface Question {
  readonly id: number;
  /** Port number; 0 for the clock itself. */
  readonly port: number;
}

/** Timeouts in a row after which a daemon is silent. */
const SILENT_AFTER = 3;
/** Domains that are tried first when none is configured: default, C37.238-2017, in the field. */
const PROBES: readonly number[] = [0, 254, 93];
/** What changes slowly is asked every so many intervals. */
const SLOW_EVERY = 10;
/** Ports of a daemon that are looked at, at most. */
const MAX_PORTS = 16;

const FAST: readonly number[] = [
  ManagementId.TimeStatusNp,
  ManagementId.ParentDataSet,
  ManagementId.TimePropertiesDataSet,
  ManagementId.CurrentDataSet,
];
const FAST_PORT: readonly number[] = [ManagementId.PortDataSet];
const SLOW_PORT: readonly number[] = [ManagementId.PortStatsNp, ManagementId.PortServiceStatsNp];
const ONCE: readonly number[] = [ManagementId.ClockDescription];
const ONCE_PORT: readonly number[] = [
  ManagementId.PortPropertiesNp,
  ManagementId.PortHwclockNp,
  ManagementId.PowerProfileSettingsNp,
];
/** Ids that a daemon may refuse to know without harm. */
const OPTIONAL = new Set<number>([...SLOW_PORT, ...ONCE, ...ONCE_PORT]);

/** A client of one ptp4l. Pure: bytes and monotonic milliseconds are handed in. */
export class Ptp4lSession {
  /** What is known of the daemon. */
  readonly picture = new Ptp4lPicture();
  /** Numbers. */
  readonly counters: Ptp4lCounters = {
    requests: 0,
    answers: 0,
    timeouts: 0,
    errors: 0,
    foreign: 0,
    malformed: 0,
    restarts: 0,
  };
  readonly #options: Ptp4lSessionOptions;
  readonly #absent = new Set<number>();
  #queue: Question[] = [];
  #asked: (Question & { readonly sequenceId: number; readonly sentMs: number }) | undefined;
  #sequenceId = 0;
  #nextMs = -Infinity;
  #round = 0;
  #silence = 0;
  #probe = 0;
  #known = false;
  #domain: number;
  #lastError = "";

  /** Makes a session that has asked nothing yet. */
  constructor(options: Ptp4lSessionOptions) {
    this.#options = options;
    this.#domain = options.domainNumber ?? PROBES[0]!;
  }

  /** The domain that is asked. */
  get domainNumber(): number {
    return this.#domain;
  }

  /** Whether the daemon takes datagrams and answers none: its domain or transportSpecific is another. */
  get silent(): boolean {
    return this.#silence >= SILENT_AFTER;
  }

  /** The last error that the daemon answered to what it must know, in words; empty if none since it was away. */
  get lastError(): string {
    return this.#lastError;
  }

  /** Names of the ids that this daemon does not know. */
  get absent(): string[] {
    return [...this.#absent].map(managementName);
  }

  /** Whether an answer is awaited. */
  get waiting(): boolean {
    return this.#asked !== undefined;
  }

  /** Milliseconds until something is to be done. */
  dueMs(nowMs: number): number {
    if (this.#asked) return Math.max(0, this.#asked.sentMs + this.#options.timeoutMs - nowMs);
    return this.#queue.length > 0 ? 0 : Math.max(0, this.#nextMs - nowMs);
  }

  /** The next request, or undefined: nothing is due, or an answer is awaited. */
  next(nowMs: number): Uint8Array<ArrayBuffer> | undefined {
    if (this.#asked) return undefined;
    if (this.#queue.length === 0) {
      if (nowMs < this.#nextMs) return undefined;
      const { intervalMs } = this.#options;
      const late = nowMs - this.#nextMs >= intervalMs;
      this.#nextMs = (late ? nowMs : this.#nextMs) + intervalMs;
      this.#plan();
    }
    const question = this.#queue.shift()!; // a plan holds one question at least
    this.#sequenceId = (this.#sequenceId + 1) & 0xffff;
    this.#asked = { ...question, sequenceId: this.#sequenceId, sentMs: nowMs };
    this.counters.requests++;
    return encodeGet(
      {
        source: this.#options.client,
        domainNumber: this.#domain,
        majorSdoId: this.#options.majorSdoId,
        ...(question.port > 0
          ? { target: { clockIdentity: "ffffffffffffffff", portNumber: question.port } }
          : {}),
      },
      this.#sequenceId,
      question.id,
    );
  }

  /** Says that the answer did not come in time. */
  timeout(): void {
    this.#asked = undefined;
    this.counters.timeouts++;
    this.#silence++;
    if (!this.silent) return;
    this.#begin();
    if (this.#options.domainNumber === undefined) this.#domain = probeDomain(++this.#probe);
  }

  /** Says that the socket failed: the daemon has gone, everything is asked anew when it is back. */
  lost(): void {
    this.#asked = undefined;
    this.#silence = 0;
    this.#begin();
  }

  /** Takes a datagram; true if it is the awaited answer. */
  receive(bytes: Uint8Array, nowMs: number): boolean {
    const content = this.#read(bytes);
    if (!content) return false;
    const { id, port } = this.#asked!; // #read has looked
    this.#asked = undefined;
    this.#silence = 0;
    this.counters.answers++;
    if ("error" in content) {
      this.counters.errors++;
      if (OPTIONAL.has(id)) this.#absent.add(id);
      else this.#lastError = `${managementName(id)}: ${managementErrorName(content.error)}`;
      return true;
    }
    if ("raw" in content) {
      // A normal answer without data is how the read-only socket refuses.
      if (OPTIONAL.has(id)) this.#absent.add(id);
      return true;
    }
    if (!this.picture.take(content, port, nowMs)) {
      this.counters.restarts++;
      this.#begin();
      this.#nextMs = nowMs;
    }
    if (!this.#known && this.picture.defaultDataSet) {
      this.#known = true;
      this.#queue = this.#questions(true, true);
    }
    return true;
  }

  /** Nothing is known any more; one question finds out when the daemon speaks again. */
  #begin(): void {
    this.#queue = [];
    this.#round = 0;
    this.#known = false;
    this.#lastError = "";
    this.#absent.clear();
    this.picture.forget();
  }

  #read(bytes: Uint8Array): ManagementContent | undefined {
    try {
      const message = decodeMessage(bytes);
      const asked = this.#asked;
      if (
        !asked || message.messageType !== MessageType.Management ||
        message.action !== ManagementAction.Response ||
        message.header.sequenceId !== asked.sequenceId ||
        !samePort(message.targetPortIdentity, this.#options.client)
      ) {
        this.counters.foreign++;
        return undefined;
      }
      const content = managementContent(message);
      if (content.id === asked.id) return content;
      this.counters.foreign++;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.counters.malformed++;
    }
    return undefined;
  }

  /** The questions of the next round: DEFAULT_DATA_SET alone at first, since it tells how many ports there are. */
  #plan(): void {
    const round = this.#round++;
    if (round === 0) this.#queue = [{ id: ManagementId.DefaultDataSet, port: 0 }];
    else this.#queue = this.#questions(round % SLOW_EVERY === 0, false);
  }

  #questions(slow: boolean, once: boolean): Question[] {
    const clock = [
      ...(slow && !once ? [ManagementId.DefaultDataSet] : []),
      ...FAST,
      ...(once ? ONCE : []),
    ];
    const port = [...FAST_PORT, ...(slow ? SLOW_PORT : []), ...(once ? ONCE_PORT : [])];
    const ports = Math.min(MAX_PORTS, this.picture.defaultDataSet?.numberPorts ?? 0);
    const questions = clock.map((id) => ({ id, port: 0 }));
    for (let p = 1; p <= ports; p++) questions.push(...port.map((id) => ({ id, port: p })));
    return questions.filter(({ id }) => !this.#absent.has(id));
  }
}

/** The domains that are in use first, then all others, over and over. */
function probeDomain(attempt: number): number {
  const i = attempt % 256;
  if (i < PROBES.length) return PROBES[i]!;
  const others = Array.from({ length: 256 }, (_, d) => d).filter((d) => !PROBES.includes(d));
  return others[i - PROBES.length]!;
}
