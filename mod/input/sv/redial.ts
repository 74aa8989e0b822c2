/**
 * Keeps the link to `tieline capture`: that process may come later, go, and come back.
 *
 * @module
 */
import { messageOf } from "../../core/mod.ts";
import type { TriggerOrder } from "../../event/mod.ts";
import { Backoff } from "../../os/mod.ts";
import type { Carrier, RecordTaker } from "./carrier.ts";
import { SocketCarrier } from "./socket_carrier.ts";

const FIRST_WAIT_MS = 200, LONGEST_WAIT_MS = 5000;
/** A link that held for so long is worth a quick attempt. */
const STABLE_MS = 10_000;

/** Hears what becomes of the link. */
export interface LinkWatcher {
  /** There is no link, for this reason; it is tried again. */
  interrupted(reason: string): void;
}

/** Dials again and again, with growing waits. */
export class RedialingCarrier implements Carrier {
  readonly #make: (taker: RecordTaker) => SocketCarrier;
  readonly #taker: RecordTaker & LinkWatcher;
  readonly #backoff: Backoff;
  #link: SocketCarrier | undefined;
  #stop = Promise.withResolvers<void>();
  #stopped = false;
  #running: Promise<void> = Promise.resolve();

  /** Dials what `make` makes; `random` is from 0 to 1. */
  constructor(
    make: (taker: RecordTaker) => SocketCarrier,
    taker: RecordTaker & LinkWatcher,
    random: () => number = Math.random,
  ) {
    this.#make = make;
    this.#taker = taker;
    this.#backoff = new Backoff(FIRST_WAIT_MS, LONGEST_WAIT_MS, random);
  }

  /** Version of the program at the other end; empty while there is none. */
  get program(): string {
    return this.#link?.program ?? "";
  }

  start(): Promise<void> {
    this.#running = this.#run();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stop.resolve();
    await this.#link?.stop();
    await this.#running;
  }

  trigger(order: TriggerOrder): boolean {
    return this.#link?.trigger(order) ?? false;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const ended = Promise.withResolvers<string>();
      const link = this.#make({
        take: (view, at, length, source) => this.#taker.take(view, at, length, source),
        ended: ended.resolve,
      });
      const begunMs = performance.now();
      let reason: string | undefined;
      try {
        await link.start();
        this.#link = link;
        reason = await Promise.race([ended.promise, this.#stop.promise.then(() => undefined)]);
      } catch (error) {
        reason = messageOf(error);
      }
      if (this.#stopped) {
        await link.stop();
        return;
      }
      this.#link = undefined;
      await link.stop();
      if (performance.now() - begunMs >= STABLE_MS) this.#backoff.reset();
      this.#taker.interrupted(reason ?? "the link ended");
      let timer: ReturnType<typeof setTimeout> | undefined;
      const waited = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, this.#backoff.next());
      });
      await Promise.race([waited, this.#stop.promise]);
      clearTimeout(timer);
    }
  }
}
