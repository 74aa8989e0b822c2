/**
 * What simulated PMUs sent, so that what a peer printed can be compared with it value by value.
 *
 * @module
 */
import { commonStatusOf, stateFlagsOf } from "../../mod/c37118/mod.ts";
import { GridModel, makeSimDevice, signalSuffixes } from "../../mod/sim/mod.ts";
import type { Recorded } from "./gateway.ts";
import { ticksOf } from "./received.ts";

/** Value and state flags of one signal at one stamp. */
export interface SentValue {
  /** Value as float32. */
  readonly value: number;
  /** State flags; absent for signals that the gateway makes itself. */
  readonly flags?: number;
}

/** How the simulator was started. */
export interface SimulatedFleet {
  /** Number of PMUs; their acronyms are `PMU1` and so on. */
  readonly count: number;
  /** Frames per second. */
  readonly rate: number;
  /** Seed of the model. */
  readonly seed: number;
  /** Fraction of missing values. */
  readonly missing: number;
}

/** Arguments of `startSimulator` for a fleet, with bad quality in some seconds. */
export function simulatorArguments(fleet: SimulatedFleet): string[] {
  return [
    ...["--rate", String(fleet.rate), "--bad-quality"],
    ...["--missing", String(fleet.missing), "--seed", String(fleet.seed)],
  ];
}

/** What a fleet sent. */
export class SentValues {
  readonly #fleet: SimulatedFleet;
  readonly #model: GridModel;
  readonly #slots: Map<string, Recorded>[] = [];
  readonly #devices: ReturnType<typeof makeSimDevice>[] = [];
  readonly #suffixes: string[][] = [];

  /** Takes what the simulator recorded. */
  constructor(fleet: SimulatedFleet, records: readonly Recorded[]) {
    this.#fleet = fleet;
    this.#model = new GridModel({ seed: fleet.seed, badQuality: true, missing: fleet.missing });
    for (let i = 0; i < fleet.count; i++) {
      const device = makeSimDevice({ device: i });
      this.#devices.push(device);
      this.#suffixes.push(signalSuffixes(device));
      const sent = records.filter((r) =>
        r.devices[0] === i && r.receivers > 0 && r.fate !== "lost"
      );
      this.#slots.push(
        new Map(sent.map((r) => [ticksOf(r.second, Math.round(r.index * 1e6 / fleet.rate)), r])),
      );
    }
  }

  /** Stamps, in ticks and in order, of the frames of the device that a signal reference names. */
  stamps(reference: string): readonly string[] {
    return [...this.#slots[this.#place(reference)?.device ?? -1]?.keys() ?? []];
  }

  /** What was sent for a signal reference at a stamp; undefined if nothing was. */
  at(reference: string, ticks: string): SentValue | undefined {
    const place = this.#place(reference);
    if (!place) return undefined;
    const { device, suffix } = place;
    const slot = this.#slots[device]!.get(ticks);
    if (!slot) return undefined;
    const { second, index } = slot;
    if (suffix === "QF") {
      return { value: this.#model.timeQualityAt(device, second) * 2 ** 24 };
    }
    const stat = this.#model.statAt(device, second);
    const signal = this.#suffixes[device]!.indexOf(suffix);
    if (signal < 0) return undefined;
    return {
      value: suffix === "SF" ? commonStatusOf(stat) : this.#model.valueAt(
        this.#devices[device]!,
        signal,
        second,
        index,
        this.#fleet.rate,
      ),
      flags: stateFlagsOf(stat),
    };
  }

  #place(reference: string): { device: number; suffix: string } | undefined {
    const match = /^PMU(\d+)-([A-Z]+\d*)$/.exec(reference);
    if (!match) return undefined;
    const device = Number(match[1]) - 1;
    return device < this.#fleet.count ? { device, suffix: match[2]! } : undefined;
  }
}
