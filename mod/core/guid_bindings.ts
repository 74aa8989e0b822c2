/**
 * Which GUID stands for which binding (device, type, label, phase, unit): what is persisted of a registry.
 *
 * A site may have a hundred thousand: they are kept as one list per device, and found by text only while the device is
 * registered. Maps that hold on to a text for each cost the collector more than the signals themselves.
 *
 * @module
 */
import type { SignalBinding } from "./signal.ts";
import { isUuid, uuidFromName } from "./uuid.ts";

/** One line of the persisted map. */
export interface GuidMapEntry extends SignalBinding {
  /** The GUID that was given out. */
  readonly id: string;
  /** 1 for the first of several equal bindings in a device, then 2 and so on. */
  readonly occurrence: number;
  /** Number part of the measurement key. */
  readonly number: number;
  /** `ACRONYM-XXn` under which it was last seen. */
  readonly reference: string;
}

/**
 * Bindings that a device keeps: so many times those that it has now, and at least so many. The oldest go, and would come
 * out with the same GUIDs again but with other numbers: a device may change its names without end.
 */
const KEPT_TIMES = 4, KEPT_LEAST = 1000;

/** Gives out GUIDs and numbers of keys. */
export class GuidBindings {
  readonly #gatewayId: string;
  /** By device: entries in the order in which they were last given a reference. */
  readonly #devices = new Map<string, readonly GuidMapEntry[]>();
  #nextNumber = 1;

  /** Begins with what an earlier run of the gateway persisted; entries that are not well-formed are skipped. */
  constructor(gatewayId: string, map: readonly GuidMapEntry[]) {
    this.#gatewayId = gatewayId;
    const devices = new Map<string, Map<string, GuidMapEntry>>();
    for (const entry of map) {
      if (!isUuid(entry.id) || !Number.isSafeInteger(entry.number)) continue;
      let entries = devices.get(entry.device);
      if (!entries) devices.set(entry.device, entries = new Map());
      entries.set(bindingKey(entry, entry.occurrence), entry);
      this.#nextNumber = Math.max(this.#nextNumber, entry.number + 1);
    }
    for (const [device, entries] of devices) this.#devices.set(device, [...entries.values()]);
  }

  /** The bindings of a device while it is registered; `close` is to be called at the end. */
  open(device: string): DeviceBindings {
    return new DeviceBindings(
      this.#devices.get(device) ?? [],
      (key) => ({ id: uuidFromName(this.#gatewayId, key), number: this.#nextNumber++ }),
      (entries) => {
        if (entries.length > 0) this.#devices.set(device, entries);
      },
    );
  }

  /** What must be persisted so that GUIDs and keys survive a restart. */
  toMap(): GuidMapEntry[] {
    return [...this.#devices.values()].flat();
  }
}

/** The bindings of one device. */
export class DeviceBindings {
  readonly #entries: Map<string, GuidMapEntry>;
  readonly #owners = new Map<string, string>();
  readonly #seen = new Map<string, number>();
  readonly #used = new Set<string>();
  readonly #make: (key: string) => Pick<GuidMapEntry, "id" | "number">;
  readonly #close: (entries: readonly GuidMapEntry[]) => void;

  /** Looks at `entries`; new ones are made of what `make` gives, and `close` takes what there is then. */
  constructor(
    entries: readonly GuidMapEntry[],
    make: (key: string) => Pick<GuidMapEntry, "id" | "number">,
    close: (entries: readonly GuidMapEntry[]) => void,
  ) {
    this.#entries = new Map(entries.map((e) => [bindingKey(e, e.occurrence), e]));
    for (const { reference, id } of entries) this.#owners.set(reference, id);
    this.#make = make;
    this.#close = close;
  }

  /** The GUID that was last seen under a reference. */
  ownerOf(reference: string): string | undefined {
    return this.#owners.get(reference);
  }

  /** A GUID is seen under a reference. */
  setOwner(reference: string, id: string): void {
    this.#owners.set(reference, id);
  }

  /** How often a binding has come, this time included: equal ones are told apart by their order. */
  occurrenceOf(binding: SignalBinding): number {
    const key = bindingKey(binding, 0);
    const occurrence = (this.#seen.get(key) ?? 0) + 1;
    this.#seen.set(key, occurrence);
    return occurrence;
  }

  /** The entry of a binding, if it ever had one. */
  entryOf(binding: SignalBinding, occurrence: number): GuidMapEntry | undefined {
    return this.#entries.get(bindingKey(binding, occurrence));
  }

  /** The GUID of a binding that is seen under a reference; given out where it has none. */
  bind(binding: SignalBinding, occurrence: number, reference: string): string {
    const key = bindingKey(binding, occurrence);
    this.#used.add(key);
    const known = this.#entries.get(key);
    if (known?.reference === reference && this.ownerOf(reference) === known.id) return known.id;
    const { id, number } = known ?? this.#make(key);
    const { device, type, label, phase, unit } = binding;
    this.#entries.delete(key); // to the end: the last entry of a reference is its owner
    this.#entries.set(key, {
      id,
      device,
      type,
      label,
      phase,
      unit,
      occurrence,
      number,
      reference,
    });
    return id;
  }

  /** The device is registered. */
  close(): void {
    const most = Math.max(KEPT_LEAST, KEPT_TIMES * this.#used.size);
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= most) break;
      if (!this.#used.has(key)) this.#entries.delete(key);
    }
    this.#close([...this.#entries.values()]);
  }
}

function bindingKey(b: SignalBinding, occurrence: number): string {
  // Unit separators cannot occur in names from the wire: control characters become blanks there.
  return [b.device, b.type, b.label, b.phase, b.unit, occurrence].join("\u001f");
}
