/**
 * The gateway's end of a link to `tieline capture` for its clock: PTP messages and the kernel's account.
 *
 * @module
 */
import * as v from "valibot";
import type { Log } from "../../core/mod.ts";
import type { KernelClock, KernelClockRefusal, TappedFrame } from "../../os/mod.ts";
import type { ClockWatchOptions } from "./clock_watch.ts";
import { readPacket } from "./packet_record.ts";
import { recordContent, RecordType, textRecord } from "./records.ts";
import { RedialingCarrier } from "./redial.ts";
import { SocketCarrier } from "./socket_carrier.ts";

/** What to ask for, and where. */
export interface ClockLinkOptions extends ClockWatchOptions {
  /** Unix socket of `tieline capture`. */
  readonly socket: string;
}

const refusalSchema = v.strictObject({ why: v.string() });
const kernelSchema = v.strictObject({
  synchronized: v.boolean(),
  maxErrorNs: v.number(),
  estErrorNs: v.number(),
  offsetNs: v.number(),
  frequencyPpm: v.number(),
  taiOffset: v.number(),
  leap: v.picklist(["none", "insert", "delete", "in-progress", "done"]),
  nowMicros: v.number(),
});
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const statusSchema = v.strictObject({
  kernel: v.union([kernelSchema, refusalSchema]),
  hostOffsetMs: v.nullable(v.number()),
  problem: v.string(),
  dropped: count,
  kernelDrops: count,
});
const complaintSchema = v.object({ message: v.string() });

/** Dials `tieline capture` again and again, and keeps what it said last. */
export class ClockLink {
  /** Why PTP is not heard; empty when it is. */
  problem = "`tieline capture` has not answered yet";
  /** The kernel's account of its clock, or why it cannot be had. */
  kernel: KernelClock | KernelClockRefusal = { why: this.problem };
  /** Host's clock minus capture's monotonic one, in milliseconds: what changes is a step; NaN if not known. */
  hostOffsetMs: number = NaN;
  /** Links that there were: numbers of different links do not belong together. */
  links = 0;
  readonly #log: Log;
  readonly #hear: (frame: TappedFrame) => void;
  readonly #carrier: RedialingCarrier;
  #complaint = "";
  /** Of links that have ended, and of this one. */
  #lost = 0;
  #lostNow = 0;

  /** Prepares a link; messages go to `hear`, lent for the call. */
  constructor(options: ClockLinkOptions, hear: (frame: TappedFrame) => void, log: Log) {
    const { socket, ...watch } = options;
    this.#hear = hear;
    this.#log = log;
    const request = textRecord(RecordType.Watch, watch);
    this.#carrier = new RedialingCarrier(
      (taker) => new SocketCarrier(socket, [request], taker),
      {
        take: (view, at, length) => this.#take(view, at, length),
        ended: () => {}, // the carrier dials again, and says so by the next
        interrupted: (reason) => this.#interrupted(reason),
      },
    );
  }

  /** PTP messages that came to the host and not here. */
  get lost(): number {
    return this.#lost + this.#lostNow;
  }

  /** Begins to dial. */
  start(): Promise<void> {
    return this.#carrier.start();
  }

  /** Ends. */
  stop(): Promise<void> {
    return this.#carrier.stop();
  }

  /** One record; throws for one that capture does not send to a clock, which ends the link. */
  #take(view: DataView, at: number, length: number): void {
    const type = view.getUint8(at + 4);
    if (type === RecordType.Packet) return this.#hear(readPacket(view, at, length));
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    if (type === RecordType.ClockStatus) {
      return this.#status(v.parse(statusSchema, recordContent(bytes, at, length)));
    }
    if (type !== RecordType.Complaint) {
      throw new Error(`expected a PTP message or a status, found a record of type ${type}`);
    }
    this.#complaint = v.parse(complaintSchema, recordContent(bytes, at, length)).message;
  }

  /** There is no link now; what capture said before it went is the better reason. */
  #interrupted(reason: string): void {
    this.#lost += this.#lostNow;
    this.#lostNow = 0;
    this.links++;
    this.hostOffsetMs = NaN;
    this.#tell(this.#complaint || reason);
    this.kernel = { why: this.problem };
    this.#complaint = "";
  }

  #status(status: v.InferOutput<typeof statusSchema>): void {
    this.kernel = status.kernel;
    this.hostOffsetMs = status.hostOffsetMs ?? NaN;
    this.#lostNow = status.dropped + status.kernelDrops;
    this.#tell(status.problem);
  }

  #tell(problem: string): void {
    if (problem !== "" && problem !== this.problem) this.#log.warn(problem);
    if (problem === "" && this.problem !== "") {
      this.#log.info("`tieline capture` reads for the clock");
    }
    this.problem = problem;
  }
}
