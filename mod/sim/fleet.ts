/**
 * Several simulated streams on one timer.
 *
 * @module
 */
import type { Clock } from "../core/mod.ts";
import { systemClock } from "../os/mod.ts";
import type { StreamAccount } from "./account.ts";
import type { PmuSimulatorOptions } from "./options.ts";
import { PmuSimulator } from "./pmu_simulator.ts";
import { SlotScheduler } from "./scheduler.ts";

/** Simulators that share a timer and a clock. */
export class PmuFleet {
  readonly #scheduler: SlotScheduler;
  readonly #clock: Clock;
  readonly #streams: PmuSimulator[] = [];

  /** Runs on `clock`, by default the host's. */
  constructor(clock: Clock = systemClock()) {
    this.#clock = clock;
    this.#scheduler = new SlotScheduler(clock);
  }

  /** The simulators in the order in which they were added. */
  get streams(): readonly PmuSimulator[] {
    return this.#streams;
  }

  /** Adds and starts a simulator; rejects when its socket cannot be opened, which leaves the others running. */
  async add(options: PmuSimulatorOptions): Promise<PmuSimulator> {
    const simulator = new PmuSimulator(options, { scheduler: this.#scheduler, clock: this.#clock });
    await simulator.start();
    this.#streams.push(simulator);
    return simulator;
  }

  /** What every stream did so far. */
  accounts(): StreamAccount[] {
    return this.#streams.map((s) => s.account);
  }

  /** Closes everything; safe to call twice. */
  async close(): Promise<void> {
    this.#scheduler.close();
    await Promise.all(this.#streams.map((s) => s.close()));
  }
}
