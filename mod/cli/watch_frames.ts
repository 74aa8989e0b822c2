/**
 * Puts the measurements of packets together to frames for people: one per device and stamp.
 *
 * @module
 */
import { type Cell, type DataSet, formatInstant, type Instant, setFromTicks } from "../core/mod.ts";
import type { MeasurementBatch, SubscriberCache } from "../sttp/mod.ts";

/** A frame as `tieline watch --json` prints it. */
export interface WatchFrame {
  /** ISO 8601 with nanoseconds, UTC; null when the publisher sent no time. */
  readonly time: string | null;
  /** Acronym of the device; empty when the metadata name none. */
  readonly device: string;
  /** Values by point tag, or by GUID where the metadata name no tag; null for NaN. */
  readonly values: Record<string, number | null>;
  /** State flags by point tag, those that are not 0. */
  readonly flags: Record<string, number>;
}

interface Names {
  readonly tag: string;
  readonly device: string;
}

interface Open {
  hi: number;
  lo: number;
  frame: WatchFrame;
}

/** Frames from batches. */
export class WatchFrames {
  /** Measurements that came. */
  measurements = 0;
  readonly #emit: (frame: WatchFrame) => void;
  readonly #names = new Map<string, Names>();
  readonly #open = new Map<string, Open>();
  readonly #instant: Instant = { seconds: 0, nanos: 0 };
  #byPosition: Names[] = [];
  #cache: SubscriberCache | undefined;

  /** Gives each frame that is whole to `emit`. */
  constructor(emit: (frame: WatchFrame) => void) {
    this.#emit = emit;
  }

  /** Takes names from metadata. */
  learn(dataSet: DataSet): void {
    const table = dataSet.tables.find((t) => t.name.toLowerCase() === "measurementdetail");
    const index = (name: string) =>
      table?.columns.findIndex((c) => c.name.toLowerCase() === name) ?? -1;
    const id = index("signalid"), tag = index("pointtag"), device = index("deviceacronym");
    for (const row of table?.rows ?? []) {
      const guid = text(row[id]).toLowerCase();
      this.#names.set(guid, { tag: text(row[tag]) || guid, device: text(row[device]) });
    }
    this.#cache = undefined;
  }

  /** Takes the signals of a cache. */
  adopt(cache: SubscriberCache): void {
    this.#cache = cache;
    this.#byPosition = cache.records.map(({ signalId }) =>
      this.#names.get(signalId) ?? { tag: signalId, device: "" }
    );
  }

  /** Takes one packet; a frame goes out when its device has another stamp, or at the end of the packet. */
  accept(batch: MeasurementBatch, cache: SubscriberCache): void {
    if (cache !== this.#cache) this.adopt(cache);
    this.measurements += batch.count;
    for (let i = 0; i < batch.count; i++) {
      const names = this.#byPosition[cache.positionOf(batch.ids[i]!)];
      if (!names) continue;
      const hi = batch.ticksHi[i]!, lo = batch.ticksLo[i]!;
      let open = this.#open.get(names.device);
      if (open && (open.hi !== hi || open.lo !== lo)) {
        this.#emit(open.frame);
        open = undefined;
      }
      if (!open) {
        open = { hi, lo, frame: this.#begin(names.device, hi, lo) };
        this.#open.set(names.device, open);
      }
      const value = batch.values[i]!;
      open.frame.values[names.tag] = Number.isNaN(value) ? null : value;
      if (batch.flags[i] !== 0) open.frame.flags[names.tag] = batch.flags[i]!;
    }
    this.flush();
  }

  /** Gives out what is open. */
  flush(): void {
    for (const { frame } of this.#open.values()) this.#emit(frame);
    this.#open.clear();
  }

  #begin(device: string, hi: number, lo: number): WatchFrame {
    let time: string | null = null;
    if (hi !== 0 || lo !== 0) {
      setFromTicks(this.#instant, hi & 0x3fffffff, lo); // without the leap bits
      time = formatInstant(this.#instant);
    }
    return { time, device, values: {}, flags: {} };
  }
}

function text(cell: Cell | undefined): string {
  return cell === null || cell === undefined ? "" : String(cell);
}
