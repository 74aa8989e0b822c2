/**
 * The signal registry: gives out handles, and keeps GUIDs and keys stable over restarts.
 *
 * A GUID stands for a binding (device, type, label, phase, unit), not for a position: inserting a
 * phasor does not hand an old GUID, and the rights to it, to another quantity. The map is plain data
 * ({@linkcode SignalRegistry.toMap}); who persists it lives on a higher floor.
 *
 * @module
 */
import { GuidBindings, type GuidMapEntry } from "./guid_bindings.ts";
import { type Device, type Signal, SIGNAL_SUFFIX, type SignalType } from "./signal.ts";
import type { SignalDraft } from "./signal_draft.ts";
import { numberOfUuid } from "./uuid.ts";

/** A position in a device that now means something else, for the operator's eyes. */
export interface MeaningChange {
  /** `ACRONYM-XXn`. */
  readonly reference: string;
  /** GUID that stood there before. */
  readonly before: string;
  /** GUID that stands there now. */
  readonly after: string;
}

/** What {@linkcode SignalRegistry.register} answers. */
export interface Registered {
  /** Signals in the order of the drafts. */
  readonly signals: readonly Signal[];
  /** Positions whose meaning changed since they were last seen. */
  readonly changes: readonly MeaningChange[];
}

/** Signals that are gone, beyond which none is to be registered that a peer has made up: their handles stay for ever. */
const MOST_GONE = 100_000;

/** Gives out handles and GUIDs; every part of the gateway shares one. */
export class SignalRegistry {
  /** Name space of the GUIDs: the gateway's own UUID. */
  readonly gatewayId: string;
  /** Source part of the measurement keys of signals that are registered here. */
  readonly keySource: string;
  #signals: Signal[] = [];
  #devices = new Map<string, { device: Device; handles: number[] }>();
  /** By device: the signals that it last had, also when it is gone. */
  #lastHandles = new Map<string, readonly number[]>();
  #byId = new Map<string, number>();
  readonly #bindings: GuidBindings;
  #tags = new Map<string, string>();
  /** By tag that several signals want: the number to try next. */
  #nextNumbers = new Map<string, number>();
  #count = 0;
  #version = 0;
  #revisions: number[] = []; // by handle; 0 where the signal is not present
  #lastRevision = 0;
  #listeners = new Set<() => void>();

  /**
   * Makes a registry for the gateway `gatewayId`, with what an earlier run persisted.
   *
   * Entries of `map` that are not well-formed are skipped: their GUIDs come out the same again,
   * since they are name-based.
   */
  constructor(gatewayId: string, keySource: string, map: readonly GuidMapEntry[] = []) {
    this.gatewayId = gatewayId;
    this.keySource = keySource;
    this.#bindings = new GuidBindings(gatewayId, map);
  }

  /** Grows by one with each change of devices or signals. */
  get version(): number {
    return this.#version;
  }

  /** Calls `listener` after each change; returns the way to stop that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Registers a device with all its signals, replacing what it had before.
   *
   * Signals whose binding is unchanged keep handle, GUID and key. Equal bindings in one device are
   * told apart by their order.
   */
  register(device: Device, drafts: readonly SignalDraft[]): Registered {
    const bindings = this.#bindings.open(device.acronym);
    for (const handle of this.#lastHandles.get(device.acronym) ?? []) {
      const { device: holder, reference, id } = this.#signals[handle]!;
      if (holder === device.acronym) bindings.setOwner(reference, id);
    }
    const changes: MeaningChange[] = [];
    const handles: number[] = [];
    const known = this.#devices.get(device.acronym);
    const previous = new Set(known?.handles ?? []);
    const isSameDevice = known !== undefined && sameFields(known.device, device);
    let isChanged = !isSameDevice || known.handles.length !== drafts.length;
    for (const draft of drafts) {
      const binding = { ...draft, device: device.acronym };
      const occurrence = bindings.occurrenceOf(binding);
      const reference = referenceOf(device.acronym, draft.type, draft.index);
      const id = draft.id ?? bindings.bind(binding, occurrence, reference);
      const before = bindings.ownerOf(reference);
      if (before !== undefined && before !== id) changes.push({ reference, before, after: id });
      bindings.setOwner(reference, id);
      const handle = this.#byId.get(id) ?? this.#signals.length;
      const entry = bindings.entryOf(binding, occurrence);
      const old = this.#signals[handle];
      const signal: Signal = {
        handle,
        id,
        device: device.acronym,
        type: draft.type,
        label: draft.label,
        phase: draft.phase,
        unit: draft.unit,
        index: draft.index,
        description: draft.description,
        reference,
        source: draft.key?.source ?? this.keySource,
        // A GUID that is kept has no entry, and its number must not depend on what came before it.
        number: draft.key?.number ?? entry?.number ?? old?.number ?? numberOfUuid(id),
        pointTag: this.#uniqueTag(draft.pointTag ?? tagOf(device, draft), id, old?.pointTag),
      };
      const isPresent = this.revisionOf(handle) !== 0;
      if (!isPresent) this.#count++;
      if (!isSameDevice || !isPresent || !old || !sameFields(old, signal)) {
        this.#signals[handle] = signal;
        this.#revisions[handle] = ++this.#lastRevision;
        isChanged = true;
      }
      if (known?.handles[handles.length] !== handle) isChanged = true;
      this.#byId.set(id, handle);
      handles.push(handle);
      previous.delete(handle);
    }
    for (const gone of previous) this.#release(gone, device.acronym);
    bindings.close();
    this.#devices.set(device.acronym, { device, handles });
    this.#lastHandles.set(device.acronym, handles);
    if (isChanged) this.#changed(); // with each change, rights are looked through for every subscriber
    return { signals: handles.map((h) => this.#signals[h]!), changes };
  }

  /** Takes a device and its signals out of the metadata; their handles and GUIDs are never given to others. */
  unregister(acronym: string): void {
    const entry = this.#devices.get(acronym);
    if (!entry) return;
    for (const handle of entry.handles) this.#release(handle, acronym);
    this.#devices.delete(acronym);
    this.#changed();
  }

  /** Number of present signals. */
  get count(): number {
    return this.#count;
  }

  /** One more than the highest handle that was ever given out. */
  get size(): number {
    return this.#signals.length;
  }

  /**
   * False when so many signals have gone since the start that peers, who may change their names without end, are to get
   * no new ones until the next. It is theirs to look; nothing is refused here.
   */
  get hasRoom(): boolean {
    return this.size - this.#count < MOST_GONE;
  }

  /** True if there ever was a signal with this GUID (lower case). */
  knows(id: string): boolean {
    return this.#byId.has(id);
  }

  /** The signal of a handle; also for signals that are no longer present. */
  get(handle: number): Signal | undefined {
    return this.#signals[handle];
  }

  /** A number that is another one whenever a signal or its device has changed; 0 while it is not present. */
  revisionOf(handle: number): number {
    return this.#revisions[handle] ?? 0;
  }

  /** The handle of a present signal by GUID (lower case). */
  handleOf(id: string): number | undefined {
    const handle = this.#byId.get(id);
    return handle !== undefined && this.revisionOf(handle) !== 0 ? handle : undefined;
  }

  /** A device by acronym. */
  device(acronym: string): Device | undefined {
    return this.#devices.get(acronym)?.device;
  }

  /** All present devices in the order of their registration. */
  devices(): Device[] {
    return [...this.#devices.values()].map((d) => d.device);
  }

  /** All present signals, by device in the order of registration. */
  signals(): Signal[] {
    return [...this.eachSignal()];
  }

  /**
   * The signals in the order of {@linkcode signals}, one by one, for work that is done in steps.
   *
   * What is registered meanwhile may be missing, and a signal that moves to another device may come twice.
   */
  *eachSignal(): Generator<Signal, void> {
    for (const [acronym, { handles }] of [...this.#devices]) {
      for (const handle of handles) {
        const signal = this.#signals[handle]!;
        // One that another device has taken over stands there, and one may have gone since.
        if (signal.device === acronym && this.revisionOf(handle) !== 0) yield signal;
      }
    }
  }

  /** What must be persisted so that GUIDs and keys survive a restart. */
  toMap(): GuidMapEntry[] {
    return this.#bindings.toMap();
  }

  /** `wanted`, or that and a number where another signal has it; a signal keeps the one that it had `before`. */
  #uniqueTag(wanted: string, id: string, before: string | undefined): string {
    const isFree = (tag: string) => (this.#tags.get(tag) ?? id) === id;
    const number = before?.startsWith(`${wanted}#`) ? before.slice(wanted.length + 1) : "";
    let tag = /^\d+$/.test(number) ? `${wanted}#${number}` : wanted;
    if (!isFree(tag)) {
      // Thousands may want the same, such as signals of which only the GUID is known: no search from 2 for each.
      let n = this.#nextNumbers.get(wanted) ?? 2;
      while (!isFree(`${wanted}#${n}`)) n++;
      this.#nextNumbers.set(wanted, n + 1);
      tag = `${wanted}#${n}`;
    }
    this.#tags.set(tag, id);
    return tag;
  }

  /** Takes a signal of a device out, unless another device has taken it over since. */
  #release(handle: number, acronym: string): void {
    const signal = this.#signals[handle]!;
    if (signal.device !== acronym) return;
    if (this.revisionOf(handle) !== 0) this.#count--;
    this.#revisions[handle] = 0;
    this.#tags.delete(signal.pointTag);
  }

  #changed(): void {
    this.#version++;
    for (const listener of this.#listeners) listener();
  }
}

/** `ACRONYM-XXn`; the index is left out when it is 0. */
export function referenceOf(acronym: string, type: SignalType, index: number): string {
  return `${acronym}-${SIGNAL_SUFFIX[type]}${index > 0 ? index : ""}`;
}

/** A station name as acronym: upper case, blanks to `_`, other characters than `A-Z0-9-!_.@#$` dropped. */
export function acronymOf(name: string): string {
  return name.trim().toUpperCase().replace(/\s+/g, "_").replace(/[^A-Z0-9\-!_.@#$]/g, "");
}

const TAG_ABBREVIATION: Readonly<Record<SignalType, string>> = {
  VPHM: "V",
  VPHA: "VH",
  IPHM: "I",
  IPHA: "IH",
  FREQ: "F",
  DFDT: "DF",
  ALOG: "AV",
  DIGI: "DV",
  FLAG: "S",
  QUAL: "QF",
  CALC: "CV",
  STAT: "ST",
  ALRM: "AL",
};

function tagOf(device: Device, draft: SignalDraft): string {
  const company = device.company ? `${device.company}_` : "";
  const phasor = /PH[MA]$/.test(draft.type);
  const suffix = phasor ? `-${SIGNAL_SUFFIX[draft.type]}${draft.index}` : "";
  const number = !phasor && draft.index > 0 ? draft.index : "";
  return `${company}${device.acronym}${suffix}:${device.vendor}${
    TAG_ABBREVIATION[draft.type]
  }${number}`;
}

/** True if two objects of one flat type have the same values. */
function sameFields<T extends object>(a: T, b: T): boolean {
  for (const key in b) if (!Object.is(a[key], b[key])) return false;
  return Object.keys(a).length === Object.keys(b).length;
}
