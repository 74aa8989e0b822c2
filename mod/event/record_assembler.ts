/**
 * Event records on the side of the subscriber, out of the blocks that they come in.
 *
 * @module
 */
import type { WaveformBlock } from "./waveform_block.ts";

/** Longest event record that is put together. */
const MAX_RECORD = 64 * 1024 * 1024;
/** Records that are put together at once. */
const MAX_OPEN = 4;

/** Puts event records together from their parts, which come in order but may have gaps. */
export class RecordAssembler {
  readonly #open = new Map<string, { readonly bytes: Uint8Array<ArrayBuffer>; filled: number }>();
  #abandoned = 0;

  /** Records that were begun and will not be whole. */
  get abandoned(): number {
    return this.#abandoned;
  }

  /** Takes a part; the whole record when it is complete. */
  take(part: Extract<WaveformBlock, { kind: "part" }>): Uint8Array<ArrayBuffer> | undefined {
    const { record, total, offset, data } = part;
    let open = this.#open.get(record);
    if (offset === 0) {
      if (open) this.#abandoned++;
      if (total > MAX_RECORD) {
        this.#abandoned++;
        this.#open.delete(record);
        return undefined;
      }
      open = { bytes: new Uint8Array(total), filled: 0 };
      this.#open.set(record, open);
      for (const first of this.#open.keys()) {
        if (this.#open.size <= MAX_OPEN) break;
        this.#open.delete(first);
        this.#abandoned++;
      }
    }
    if (!open) return undefined; // its begin was lost, and counted or never seen
    if (open.filled !== offset || open.bytes.length !== total) {
      this.#open.delete(record);
      this.#abandoned++;
      return undefined;
    }
    open.bytes.set(data, offset);
    open.filled += data.length;
    if (open.filled < total) return undefined;
    this.#open.delete(record);
    return open.bytes;
  }
}
