/**
 * Keeps a copy of the registry in another thread up to date, device by device and in steps.
 *
 * @module
 */
import type { Device, Signal, SignalRegistry, Steps } from "../../core/mod.ts";
import type { DeviceCopy, MetadataOrder } from "./metadata_protocol.ts";

/** Signals that are looked at in one step. */
const STEP_SIGNALS = 2000;
/** Signals that are sent in one message: a fraction of a millisecond. */
const MESSAGE_SIGNALS = 200;

/** What was sent of a device: it is the same while these are. */
interface Sent {
  /** Highest revision of its signals. */
  readonly revision: number;
  /** Digest of its signals and their order. */
  readonly digest: number;
}

/** Sends what has changed since it last looked. */
export class RegistryCopier {
  /** Signals that were sent since the start. */
  signals = 0;
  readonly #registry: SignalRegistry;
  readonly #post: (order: MetadataOrder) => void;
  #sent = new Map<string, Sent>();
  #version = NaN;
  /** What the next message holds, and how many signals that are. */
  #changed: DeviceCopy[] = [];
  #waiting = 0;

  /** Nothing is sent yet; messages go to `post`. */
  constructor(registry: SignalRegistry, post: (order: MetadataOrder) => void) {
    this.#registry = registry;
    this.#post = post;
  }

  /** Brings the copy up to date; what is registered while it works may be missing until the next time. */
  *update(): Steps<void> {
    const registry = this.#registry;
    const { version } = registry;
    if (version === this.#version) return;
    const now = new Map<string, Sent>();
    let looked = 0;
    for (const [device, signals] of byDevice(registry)) {
      const { acronym } = device;
      const sent = this.#sentOf(signals);
      const before = this.#sent.get(acronym);
      now.set(acronym, sent);
      if (before?.revision !== sent.revision || before.digest !== sent.digest) {
        yield* this.#add(device, signals);
      }
      looked += signals.length;
      if (looked < STEP_SIGNALS) continue;
      looked = 0;
      yield;
    }
    this.#send();
    this.#post({ kind: "order", acronyms: [...now.keys()] });
    this.#sent = now;
    this.#version = version;
  }

  /** Adds a device to the next message, or sends it in several. */
  *#add(device: Device, signals: readonly Signal[]): Steps<void> {
    for (let from = 0; from < signals.length; from += MESSAGE_SIGNALS) {
      const some = signals.slice(from, from + MESSAGE_SIGNALS);
      this.#changed.push({ device, from, signals: some });
      this.#waiting += some.length;
      if (this.#waiting < MESSAGE_SIGNALS) continue;
      this.#send();
      yield;
    }
  }

  #send(): void {
    if (this.#changed.length > 0) this.#post({ kind: "devices", devices: this.#changed });
    this.signals += this.#waiting;
    this.#changed = [];
    this.#waiting = 0;
  }

  #sentOf(signals: readonly Signal[]): Sent {
    let revision = 0, digest = 0x811c9dc5;
    for (const { handle } of signals) {
      revision = Math.max(revision, this.#registry.revisionOf(handle));
      digest = Math.imul(digest ^ handle, 0x01000193);
    }
    return { revision, digest: (digest ^ signals.length) >>> 0 };
  }
}

/** Devices with their present signals; those without any are left out. */
function* byDevice(registry: SignalRegistry): Generator<[Device, Signal[]], void> {
  let acronym = "", handles: number[] = [];
  const group = (): [Device, Signal[]][] => {
    const device = registry.device(acronym);
    // As they are now: the first one of a device was met before the pauses of the device before it.
    const signals = handles.map((handle) => registry.get(handle)!)
      .filter((s) => s.device === acronym && registry.revisionOf(s.handle) !== 0);
    return device && signals.length > 0 ? [[device, signals]] : [];
  };
  for (const signal of registry.eachSignal()) {
    if (signal.device !== acronym) {
      yield* group();
      acronym = signal.device;
      handles = [];
    }
    handles.push(signal.handle);
  }
  yield* group();
}
