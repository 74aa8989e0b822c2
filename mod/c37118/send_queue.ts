/**
 * What waits to be sent to one client of a server: answers are kept, data give way.
 *
 * @module
 */

/** A frame that waits; whoever gets it shares it, so that its bytes must never change. */
export interface QueuedFrame {
  /** The whole frame. */
  readonly bytes: Uint8Array;
  /** True for data, which may be dropped; false for configurations and headers, which may not. */
  readonly isData: boolean;
}

/** A queue of frames of at most so many bytes; the oldest data frames make room. */
export class SendQueue<F extends QueuedFrame = QueuedFrame> {
  /** Bytes that wait. */
  bytes = 0;
  /** Frames that wait. */
  length = 0;
  readonly #maxBytes: number;
  readonly #onDrop: (frame: F) => void;
  // Frames between #head and the end; undefined where one was dropped.
  #frames: (F | undefined)[] = [];
  #head = 0;

  /** Makes an empty queue; `onDrop` is told of each data frame that had to go. */
  constructor(maxBytes: number, onDrop: (frame: F) => void = () => {}) {
    this.#maxBytes = maxBytes;
    this.#onDrop = onDrop;
  }

  /** Takes a frame; false if there is no room for it even without data, which is then dropped itself. */
  push(frame: F): boolean {
    const size = frame.bytes.length;
    if (this.bytes + size > this.#maxBytes) this.#makeRoom(size);
    if (this.bytes + size > this.#maxBytes) {
      if (frame.isData) this.#onDrop(frame);
      return false;
    }
    this.#frames.push(frame);
    this.bytes += size;
    this.length++;
    return true;
  }

  /** The oldest frame, which leaves the queue; undefined if none waits. */
  shift(): F | undefined {
    while (this.#head < this.#frames.length) {
      const frame = this.#frames[this.#head];
      this.#frames[this.#head++] = undefined;
      if (!frame) continue;
      this.#forget(frame);
      this.#compact();
      return frame;
    }
    this.#compact();
    return undefined;
  }

  /** Drops every data frame that waits. */
  dropData(): void {
    for (let i = this.#head; i < this.#frames.length; i++) this.#dropAt(i);
  }

  /** Drops everything that waits. */
  clear(): void {
    this.dropData();
    this.#frames = [];
    this.#head = this.bytes = this.length = 0;
  }

  #makeRoom(size: number): void {
    for (let i = this.#head; i < this.#frames.length; i++) {
      if (this.bytes + size <= this.#maxBytes) return;
      this.#dropAt(i);
    }
  }

  #dropAt(at: number): void {
    const frame = this.#frames[at];
    if (!frame?.isData) return;
    this.#frames[at] = undefined;
    this.#forget(frame);
    this.#onDrop(frame);
  }

  #forget(frame: F): void {
    this.bytes -= frame.bytes.length;
    this.length--;
    // Leading holes are not looked at again when the next frame makes room.
    while (this.#head < this.#frames.length && !this.#frames[this.#head]) this.#head++;
  }

  #compact(): void {
    if (this.#head < 64 || 2 * this.#head < this.#frames.length) return;
    this.#frames.splice(0, this.#head);
    this.#head = 0;
  }
}
