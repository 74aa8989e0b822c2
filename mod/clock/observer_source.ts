/**
 * Hears PTP on one interface, by a tap of this process or that of `tieline capture`, and joins the groups of UDP.
 *
 * @module
 */
import { type Clock, type Log, messageOf } from "../core/mod.ts";
import { GroupMembership, PtpTap, type TapListener, type TappedFrame } from "../os/mod.ts";
import type { PtpTransport } from "../ptp/mod.ts";
import type { ClockCapture } from "./capture.ts";
import type { PtpObserver } from "./observer.ts";

/** What to listen to. */
export interface ObserverSourceOptions {
  /** Interface. */
  readonly interface: string;
  /** Transports. */
  readonly transports: readonly PtpTransport[];
  /** Whether to take the stamps of the adapter, which keeps TAI, where it makes any. */
  readonly adapterStamps: boolean;
}

/** Groups of PTP (IEEE 1588-2019, annexes C and D); of IPv6 from link-local to global scope. */
const GROUPS = {
  udp4: ["224.0.1.129", "224.0.0.107"],
  udp6: ["ff02::181", "ff05::181", "ff08::181", "ff0e::181", "ff02::6b"],
} as const;
const NAMES = { udp4: "IPv4", udp6: "IPv6" } as const;
const RETRY_MS = 5000;

/** Feeds an observer until it is stopped. */
export class ObserverSource implements TapListener {
  readonly #options: ObserverSourceOptions;
  readonly #observer: PtpObserver;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #capture: ClockCapture | undefined;
  readonly #memberships = new Map<string, GroupMembership>();
  /** What is in the way, by what it is in the way of. */
  readonly #problems = new Map<string, string>();
  #tap: PtpTap | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #stopped = true;
  #lost = 0;

  /** Makes a source that does not listen; with `capture`, another process hears for it. */
  constructor(
    options: ObserverSourceOptions,
    observer: PtpObserver,
    { clock, log }: { readonly clock: Clock; readonly log: Log },
    capture?: ClockCapture,
  ) {
    this.#options = options;
    this.#observer = observer;
    this.#clock = clock;
    this.#log = log;
    this.#capture = capture;
  }

  /** What cannot be listened to, in sentences; empty when all is heard. */
  get problems(): readonly string[] {
    const problem = this.#capture?.problem;
    return [...(problem ? [this.#unheard(problem)] : []), ...this.#problems.values()];
  }

  /** Messages that were thrown away, here or in the kernel, since there were too many at once. */
  get lost(): number {
    const tap = this.#tap;
    return this.#lost + (tap ? tap.dropped + tap.kernelDrops : 0) + (this.#capture?.lost ?? 0);
  }

  /** Begins to listen; what cannot be opened is tried again. */
  async start(): Promise<void> {
    if (!this.#stopped) return;
    this.#stopped = false;
    await this.#open();
  }

  /** Ends; safe to call twice. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#problems.clear();
    this.#close();
  }

  /** The interface is gone. */
  ended(reason: string): void {
    this.#close();
    this.#problem("tap", reason);
    clearTimeout(this.#retry);
    this.#again();
  }

  /** Takes one message, from this process's tap or the other's. */
  frame({ transport, payload, sender, tci, seconds, nanos, byAdapter }: TappedFrame): void {
    this.#observer.accept(payload, {
      transport,
      sender,
      vlanPriority: tci < 0 ? undefined : tci >>> 13,
      vlanId: tci < 0 ? undefined : tci & 0xfff,
      stamp: { seconds: byAdapter ? seconds - this.#observer.taiUtcAt(seconds) : seconds, nanos },
      ms: this.#clock.monotonicMs(),
    });
  }

  /** Opens what is not open. */
  async #open(): Promise<void> {
    if (!this.#capture && !this.#tap) this.#openTap();
    for (const transport of this.#options.transports) {
      if (transport !== "ethernet") await this.#join(transport);
    }
    if (this.#stopped) this.#close();
    else if (this.#problems.size > 0) this.#again();
  }

  #close(): void {
    const tap = this.#tap;
    this.#tap = undefined;
    tap?.close();
    if (tap) this.#lost += tap.dropped + tap.kernelDrops;
    for (const membership of this.#memberships.values()) membership.close();
    this.#memberships.clear();
  }

  #openTap(): void {
    const { interface: name, transports, adapterStamps } = this.#options;
    try {
      this.#tap = new PtpTap({ interface: name, transports, adapterStamps }, this);
      this.#problem("tap", "");
    } catch (error) {
      this.#problem("tap", this.#unheard(messageOf(error)));
    }
  }

  async #join(transport: "udp4" | "udp6"): Promise<void> {
    if (this.#memberships.has(transport)) return;
    const { interface: name } = this.#options;
    try {
      const membership = await GroupMembership.join(name, GROUPS[transport]);
      if (this.#stopped) return membership.close();
      this.#memberships.set(transport, membership);
      this.#problem(transport, "");
    } catch (error) {
      this.#problem(
        transport,
        `The groups of PTP over ${
          NAMES[transport]
        } cannot be joined on ${name}, so that a switch may keep them back: ${messageOf(error)}`,
      );
    }
  }

  #problem(what: string, text: string): void {
    if (text !== "" && this.#problems.get(what) !== text) this.#log.warn(text);
    if (text === "") this.#problems.delete(what);
    else this.#problems.set(what, text);
  }

  #again(): void {
    this.#retry = setTimeout(() => void this.#open(), RETRY_MS);
  }

  #unheard(why: string): string {
    return `PTP cannot be heard on ${this.#options.interface}: ${why}`;
  }
}
