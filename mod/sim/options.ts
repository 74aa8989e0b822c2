/**
 * How a simulated stream is sent: transport, rate, and what is wrong with it.
 *
 * @module
 */
import type { Clock, ClockReport } from "../core/mod.ts";
import type { FrameRecord } from "./account.ts";
import type { SimDeviceOptions } from "./device.ts";
import type { ModelOptions } from "./model.ts";
import type { SlotScheduler } from "./scheduler.ts";

/** Where commands come in and data go out (specification section 9). */
export type SimTransport =
  | {
    /** Commands and data over TCP connections. */
    readonly kind: "tcp";
    /** Port to listen on; 0 for any. */
    readonly port: number;
  }
  | {
    /** Commands over UDP; everything goes back to where the command came from. */
    readonly kind: "udp";
    /** Port to receive commands on; 0 for any. */
    readonly port: number;
  }
  | {
    /** Commands over TCP, data over UDP to the host of the commands. */
    readonly kind: "tcp-udp";
    /** Port to listen on; 0 for any. */
    readonly port: number;
    /** UDP port of the receiver. */
    readonly dataPort: number;
  }
  | {
    /** No commands: data over UDP, configuration at the start and as each minute begins. */
    readonly kind: "udp-spontaneous";
    /** Unicast or multicast address of the receiver. */
    readonly address: string;
    /** UDP port of the receiver. */
    readonly port: number;
  };

/** What goes wrong on the way; shares are between 0 and 1. */
export interface Impairments {
  /** Delay of every frame in milliseconds; default 0. */
  readonly latencyMs?: number;
  /** Largest additional random delay in milliseconds; order is kept; default 0. */
  readonly jitterMs?: number;
  /** Share of frames that are never sent. */
  readonly loss?: number;
  /** Share of frames with one flipped bit, CHK not corrected. */
  readonly corrupt?: number;
  /** Share of frames that are sent twice. */
  readonly duplicate?: number;
  /** Share of frames that are sent after their successor. */
  readonly reorder?: number;
  /** Frames that are held back and sent together; default 1. */
  readonly burst?: number;
  /** Error of the stamps in milliseconds, late stamps negative; default 0. */
  readonly clockErrorMs?: number;
  /** Drift of the stamps since the start in parts per million; default 0. */
  readonly clockDriftPpm?: number;
  /** Frames whose stamps stand 1 ms apart from the first of them instead of one period; default 1. */
  readonly bunch?: number;
}

/** How to run one simulated stream. */
export interface PmuSimulatorOptions {
  /** IDCODE of the stream, 1 to 65534. */
  readonly idCode: number;
  /** The PMUs of the stream, in order. */
  readonly devices: readonly SimDeviceOptions[];
  /** Frames per second, 1 to 240. */
  readonly rate: number;
  /** Transport. */
  readonly transport: SimTransport;
  /** Address to bind to; default 127.0.0.1. For multicast it chooses the interface. */
  readonly hostname?: string;
  /** What decides the values. */
  readonly model?: ModelOptions;
  /** What goes wrong. */
  readonly impairments?: Impairments;
  /** TIME_BASE, 1 to 2^24 - 1; default 1000000. */
  readonly timeBase?: number;
  /** Version nibble of all but CFG-3; default 1. */
  readonly version?: number;
  /** Configuration that is sent without being asked for: 2, the default, or 3. */
  readonly spontaneousConfiguration?: 2 | 3;
  /** Answer to a request for CFG-3: default true; false is a 2005 device, which stays silent. */
  readonly supportsConfiguration3?: boolean;
  /** Text of the header frame. */
  readonly header?: string;
  /** Send data without a start command; default false. */
  readonly autoStart?: boolean;
  /** Execute commands for any IDCODE; default false. */
  readonly acceptAnyId?: boolean;
  /** Take connections and say nothing; default false. */
  readonly mute?: boolean;
  /** Missed slots that are made up for in a burst; default 0. */
  readonly catchUpSlots?: number;
  /** Most receivers at a time; default 16. */
  readonly maxReceivers?: number;
  /** Most bytes that wait for one TCP receiver; default 262144. */
  readonly maxQueueBytes?: number;
  /** Seconds after which a TCP receiver that takes nothing is disconnected; default 10. */
  readonly stalledSeconds?: number;
  /** What is known of the clock that stamps: makes MSG_TQ and the time bits of STAT, which the model makes otherwise. */
  readonly clockReport?: () => ClockReport;
  /** Told of each data frame when it is handed to the sockets or lost. */
  readonly onFrame?: (record: FrameRecord) => void;
}

/** What streams share. */
export interface SimWorld {
  /** The one timer. */
  readonly scheduler: SlotScheduler;
  /** The time. */
  readonly clock: Clock;
}
