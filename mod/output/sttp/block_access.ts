/**
 * Rights without the signals that carry buffer blocks, for subscribers that are not configured for them.
 *
 * Some clients break on a buffer block (specs/sttp.md 11.1), so they are not even to see its signal.
 *
 * @module
 */
import type { Steps } from "../../core/mod.ts";
import type { SubscriberAccess } from "./subscriber.ts";

/** What is kept of one subscriber's rights. */
interface Masked {
  readonly version: number;
  readonly source: Uint8Array;
  readonly permitted: Uint8Array;
}

/** Rights as `access` gives them, less what is hidden. */
export class BlockAccess implements SubscriberAccess {
  readonly #access: SubscriberAccess;
  readonly #takesBlocks: (name: string) => boolean;
  readonly #hidden = new Set<number>();
  readonly #masked = new Map<string, Masked>();
  #changes = 0;

  /** Hides nothing yet; `takesBlocks` tells whether a subscriber is configured for buffer blocks. */
  constructor(
    access: SubscriberAccess,
    takesBlocks: (name: string) => boolean,
  ) {
    this.#access = access;
    this.#takesBlocks = takesBlocks;
  }

  get options(): SubscriberAccess["options"] {
    return this.#access.options;
  }

  get version(): number {
    return this.#access.version + this.#changes; // both only grow
  }

  /** These signals carry buffer blocks from now on. */
  hide(handles: Iterable<number>): void {
    for (const handle of handles) this.#hidden.add(handle);
    this.changed();
  }

  /** True if the signal carries buffer blocks. */
  carriesBlocks(handle: number): boolean {
    return this.#hidden.has(handle);
  }

  /** A subscriber was configured otherwise. */
  changed(): void {
    this.#changes++;
    this.#masked.clear();
  }

  permittedNow(name: string): Uint8Array {
    return this.#mask(name, this.#access.permittedNow(name));
  }

  *permittedSteps(name: string): Steps<Uint8Array> {
    return this.#mask(name, yield* this.#access.permittedSteps(name));
  }

  work(): boolean {
    return this.#access.work();
  }

  selectSteps(
    permitted: Uint8Array,
    filter: string,
    nowMicros?: number,
  ): ReturnType<SubscriberAccess["selectSteps"]> {
    return this.#access.selectSteps(permitted, filter, nowMicros);
  }

  #mask(name: string, source: Uint8Array): Uint8Array {
    if (!this.#hides(name)) return source;
    const { version } = this;
    const known = this.#masked.get(name);
    if (known?.version === version && known.source === source) return known.permitted;
    const permitted = source.slice();
    for (const handle of this.#hidden) if (handle < permitted.length) permitted[handle] = 0;
    this.#masked.set(name, { version, source, permitted });
    return permitted;
  }

  #hides(name: string): boolean {
    return this.#hidden.size > 0 && !this.#takesBlocks(name);
  }
}
