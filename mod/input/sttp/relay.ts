/**
 * Puts measurements back together to frames: one layout per device, as the publisher had them.
 *
 * @module
 */
import {
  type Device,
  type Frame,
  type FrameSink,
  type Layout,
  LeapFlags,
  makeFrame,
  makeLayout,
  MISSING_FLAGS,
  setFromTicks,
  type SignalDraft,
  type SignalRegistry,
  type Steps,
} from "../../core/mod.ts";
import type { MeasurementBatch, SubscriberCache } from "../../sttp/mod.ts";
import { type Catalog, type CatalogNames, publisherDevice } from "./catalog.ts";

/** What a relay is given. */
export interface RelayContext extends CatalogNames {
  /** Name of the input, the source of its layouts. */
  readonly source: string;
  /** Gives out handles. */
  readonly registry: SignalRegistry;
  /** Takes frames, lent. */
  readonly sink: FrameSink;
  /** The relay before this one: devices that are as they were keep their layouts, and aligners their slots. */
  readonly before?: Relay | undefined;
  /** Told of each device before it is registered. */
  readonly registering: (acronym: string) => void;
  /** Told of signals that are refused. */
  readonly complain: (kind: string, message: string) => void;
  /** Most signals that are taken. */
  readonly maxSignals: number;
}

/** A frame of one device that is being put together. */
interface Pending {
  readonly frame: Frame;
  hi: number;
  lo: number;
  /** Values that have come for the stamp. */
  count: number;
  /** Values that came for the stamp before: with so many the frame is taken to be whole. */
  usual: number;
  /** Values of the same stamp that went out already, in a frame that was taken to be whole too early. */
  early: number;
}

/** Devices to register, by acronym: positions of their signals in the cache, and what is known of those. */
type Groups = Map<string, { device: Device; positions: number[]; drafts: SignalDraft[] }>;

/** Signals that are looked at, or registered, in one step: about a millisecond. */
const STEP_RECORDS = 2000, STEP_SIGNALS = 300;

/** Frames of the devices behind one signal index cache. */
export class Relay {
  /** Frames that were handed on. */
  frames = 0;
  /** Measurements that could not be placed: not in the cache, refused, or without time. */
  unplaced = 0;
  /** Signals that are relayed. */
  signals = 0;
  /** The cache that this relay was made for. */
  readonly cache: SubscriberCache;
  readonly #sink: FrameSink;
  readonly #pending: Pending[] = [];
  /** By device, with the highest revision of its signals. */
  readonly #layouts = new Map<string, { readonly layout: Layout; readonly revision: number }>();
  /** By position in the cache: which pending frame, and where in it; -1 if refused. */
  readonly #owner: Int32Array;
  readonly #place: Int32Array;

  private constructor(cache: SubscriberCache, sink: FrameSink) {
    this.cache = cache;
    this.#sink = sink;
    this.#owner = new Int32Array(cache.records.length).fill(-1);
    this.#place = new Int32Array(cache.records.length);
  }

  /** Registers the devices and signals of `cache`, as far as `catalog` knows them, in steps. */
  static *makeSteps(
    cache: SubscriberCache,
    catalog: Catalog,
    context: RelayContext,
  ): Steps<Relay> {
    const relay = new Relay(cache, context.sink);
    const groups = yield* groupSteps(cache, catalog, context);
    yield* relay.#registerSteps(groups, context);
    return relay;
  }

  *#registerSteps(groups: Groups, context: RelayContext): Steps<void> {
    const before = context.before && context.before.#layouts;
    let since = 0;
    for (const [acronym, { device, positions, drafts }] of groups) {
      context.registering(acronym);
      const registered = context.registry.register(device, drafts).signals;
      const handles = registered.map((s) => s.handle);
      const revision = handles.reduce(
        (most, h) => Math.max(most, context.registry.revisionOf(h)),
        0,
      );
      const known = before?.get(acronym);
      const isSame = known?.revision === revision && isLayoutOf(known.layout, handles, device);
      const layout = isSame ? known.layout : makeLayout(
        `${context.source}!${acronym}`,
        handles,
        [{ device: acronym, offset: 0, count: handles.length }],
        device.framesPerSecond,
      );
      positions.forEach((position, i) => {
        this.#owner[position] = this.#pending.length;
        this.#place[position] = i;
      });
      this.#pending.push({
        frame: makeFrame(layout),
        hi: 0,
        lo: 0,
        count: 0,
        usual: handles.length,
        early: 0,
      });
      this.#layouts.set(acronym, { layout, revision });
      this.signals += handles.length;
      since += handles.length;
      if (since < STEP_SIGNALS) continue;
      since = 0;
      yield;
    }
  }

  /** Acronyms of the devices that are relayed. */
  get devices(): string[] {
    return [...this.#layouts.keys()];
  }

  /** Takes the measurements of one packet; frames that are whole go out before it returns. */
  accept(batch: MeasurementBatch, arrivalMicros: number): void {
    for (let i = 0; i < batch.count; i++) {
      const position = this.cache.positionOf(batch.ids[i]!);
      const owner = position < 0 ? -1 : this.#owner[position]!;
      const hi = batch.ticksHi[i]!, lo = batch.ticksLo[i]!;
      if (owner < 0 || (hi === 0 && lo === 0)) {
        this.unplaced++;
        continue;
      }
      const pending = this.#pending[owner]!;
      if (pending.count > 0 && (pending.hi !== hi || pending.lo !== lo)) this.#finish(pending);
      if (pending.count === 0) {
        begin(pending, hi, lo, arrivalMicros);
      }
      const place = this.#place[position]!;
      pending.frame.values[place] = batch.values[i]!;
      pending.frame.flags[place] = batch.flags[i]!;
      pending.count++;
    }
    for (let i = 0; i < this.#pending.length; i++) {
      const pending = this.#pending[i]!;
      if (pending.count > 0 && pending.count >= pending.usual) this.#finish(pending);
    }
  }

  /** Hands on what is not whole yet: nothing more will come through this cache. */
  flush(): void {
    for (const pending of this.#pending) if (pending.count > 0) this.#finish(pending);
  }

  #finish(pending: Pending): void {
    // Otherwise a frame that comes in two packets would be taken apart again and again.
    pending.usual = pending.count + pending.early;
    pending.count = 0;
    this.frames++;
    this.#sink.accept(pending.frame);
  }
}

function isLayoutOf(layout: Layout, handles: readonly number[], device: Device): boolean {
  return layout.framesPerSecond === device.framesPerSecond &&
    layout.handles.length === handles.length &&
    handles.every((handle, i) => layout.handles[i] === handle);
}

function* groupSteps(
  cache: SubscriberCache,
  catalog: Catalog,
  context: RelayContext,
): Steps<Groups> {
  const groups: Groups = new Map();
  const own = `${context.prefix}!`;
  const seen = new Set<string>();
  let taken = 0;
  for (let position = 0; position < cache.records.length; position++) {
    if (position % STEP_RECORDS === STEP_RECORDS - 1) yield;
    const { signalId } = cache.records[position]!;
    const entry = catalog.signals.get(signalId);
    const device = catalog.devices.get(entry?.device ?? "") ?? publisherDevice(context);
    // A GUID that belongs to another device of this gateway would take over the rights to it.
    const holder = context.registry.get(context.registry.handleOf(signalId) ?? -1)?.device;
    const foreign = holder !== undefined && holder !== context.prefix &&
      (!holder.startsWith(own) || holder === `${own}SUB`);
    if (foreign) {
      context.complain(
        "guidTaken",
        `Refused signal ${signalId}: device ${holder} of this gateway has its GUID`,
      );
      continue;
    }
    if (seen.has(signalId)) {
      context.complain("guidTwice", `Refused signal ${signalId}: the cache has it twice`);
      continue;
    }
    seen.add(signalId);
    if (!context.registry.hasRoom && !context.registry.knows(signalId)) {
      context.complain(
        "noRoom",
        `Refused signal ${signalId}: too many signals have come and gone since the start of the gateway`,
      );
      continue;
    }
    if (++taken > context.maxSignals) {
      context.complain(
        "tooManySignals",
        `Refused signals beyond expectedSignals = ${context.maxSignals}`,
      );
      continue;
    }
    let group = groups.get(device.acronym);
    if (!group) groups.set(device.acronym, group = { device, positions: [], drafts: [] });
    group.positions.push(position);
    group.drafts.push(entry?.draft ?? unknownSignal(signalId));
  }
  return groups;
}

function begin(pending: Pending, hi: number, lo: number, arrivalMicros: number): void {
  pending.early = pending.hi === hi && pending.lo === lo ? pending.usual : 0;
  pending.hi = hi;
  pending.lo = lo;
  const { frame } = pending;
  // Bits 63 and 62 of the tick count: a leap second, and its direction.
  setFromTicks(frame.instant, hi & 0x3fffffff, lo);
  frame.leap = hi < 0x80000000
    ? LeapFlags.None
    : LeapFlags.Occurred | ((hi & 0x40000000) !== 0 ? LeapFlags.Delete : LeapFlags.None);
  frame.arrivalMicros = arrivalMicros;
  frame.values.fill(NaN);
  frame.flags.fill(MISSING_FLAGS);
}

function unknownSignal(id: string): SignalDraft {
  return { id, type: "CALC", label: "", phase: "", unit: "", index: 0, description: "" };
}
