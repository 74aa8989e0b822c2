/**
 * A ring of records in shared memory: one thread writes, one reads, nobody waits for the other.
 *
 * @module
 */
import {
  RECORD_HEADER,
  recordLength,
  RecordType,
  textRecordBytes,
  writeHeader,
} from "./records.ts";

// Words of control before the data. Positions grow modulo 2^32.
const HEAD = 0, TAIL = 1, DROPPED = 2, STOP = 3;
const CONTROL_WORDS = 16; // a cache line of its own

/** One end of a ring; both ends are made over the same memory. */
export class RecordRing {
  /** The memory, to hand to the other end. */
  readonly memory: SharedArrayBuffer;
  /** The data; offsets of records are counted in it. */
  readonly view: DataView;
  /** The data, as octets. */
  readonly bytes: Uint8Array;
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #size: number;
  #head: number; // what was committed, published or not
  #pending = 0; // length of the record that is being written

  /** Takes memory of {@linkcode RecordRing.memoryOf}. */
  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#control = new Int32Array(memory, 0, CONTROL_WORDS);
    this.view = new DataView(memory, 4 * CONTROL_WORDS);
    this.bytes = new Uint8Array(memory, 4 * CONTROL_WORDS);
    this.#size = this.bytes.length;
    this.#head = Atomics.load(this.#control, HEAD);
  }

  /** Memory for a ring of `bytes` octets, a power of two. Throws a RangeError for another number. */
  static memoryOf(bytes: number): SharedArrayBuffer {
    if (bytes < 1024 || (bytes & (bytes - 1)) !== 0) {
      throw new RangeError(
        `Cannot make a record ring: expected a power of two from 1024, found ${bytes}`,
      );
    }
    return new SharedArrayBuffer(4 * CONTROL_WORDS + bytes);
  }

  /**
   * Writer: room for a record of `length` octets (a multiple of 8), whose header is written; its offset in `view`.
   *
   * -1 where there is no room: the record is dropped and counted. {@linkcode RecordRing.commit} ends the record.
   */
  begin(length: number, type: number, index = 0, flags = 0): number {
    const used = (this.#head - Atomics.load(this.#control, TAIL)) >>> 0;
    let at = (this.#head >>> 0) & (this.#size - 1);
    const rest = this.#size - at;
    const pad = rest < length ? rest : 0;
    if (used + pad + length > this.#size) {
      Atomics.add(this.#control, DROPPED, 1);
      return -1;
    }
    if (pad > 0) {
      writeHeader(this.view, at, pad, RecordType.Pad, 0, 0);
      this.#head = (this.#head + pad) | 0;
      at = 0;
    }
    writeHeader(this.view, at, length, type, index, flags);
    this.#pending = length;
    return at;
  }

  /** Writer: the record that was begun is whole. The reader sees it after {@linkcode RecordRing.publish}. */
  commit(): void {
    this.#head = (this.#head + this.#pending) | 0;
    this.#pending = 0;
  }

  /** Writer: lets the reader see what was committed, and wakes it. */
  publish(): void {
    if (Atomics.load(this.#control, HEAD) === this.#head) return;
    Atomics.store(this.#control, HEAD, this.#head);
    Atomics.notify(this.#control, HEAD);
  }

  /** Writer: a record of JSON, committed; false if it was dropped. */
  write(type: number, content: unknown): boolean {
    const text = new TextEncoder().encode(JSON.stringify(content));
    const length = textRecordBytes(text.length);
    const at = this.begin(length, type);
    if (at < 0) return false;
    this.bytes.fill(0x20, at + RECORD_HEADER, at + length);
    this.bytes.set(text, at + RECORD_HEADER);
    this.commit();
    return true;
  }

  /**
   * Reader: hands out what was published and frees its room; returns how many records there were.
   *
   * A record is lent for the call.
   */
  read(take: (view: DataView, at: number, length: number) => void): number {
    let tail = Atomics.load(this.#control, TAIL);
    const head = Atomics.load(this.#control, HEAD);
    let count = 0;
    while (tail !== head) {
      const at = (tail >>> 0) & (this.#size - 1);
      const length = this.view.getUint8(at + 4) === RecordType.Pad
        ? this.view.getUint32(at, true)
        : recordLength(this.view, at);
      if (this.view.getUint8(at + 4) !== RecordType.Pad) {
        take(this.view, at, length);
        count++;
      }
      tail = (tail + length) | 0;
      Atomics.store(this.#control, TAIL, tail);
    }
    return count;
  }

  /** Reader: resolves when something was published that is not read, at most after `timeoutMs`. */
  async wait(timeoutMs: number): Promise<void> {
    const tail = Atomics.load(this.#control, TAIL);
    const wait = Atomics.waitAsync(this.#control, HEAD, tail, timeoutMs);
    if (wait.async) await wait.value;
  }

  /** Writer: true while half of the room or more waits for the reader. */
  get isHalfFull(): boolean {
    const used = (this.#head - Atomics.load(this.#control, TAIL)) >>> 0;
    return 2 * used >= this.#size;
  }

  /** Records that were dropped for want of room. */
  get dropped(): number {
    return Atomics.load(this.#control, DROPPED) >>> 0;
  }

  /** Asks the other end to stop, and wakes a reader. */
  stop(): void {
    Atomics.store(this.#control, STOP, 1);
    Atomics.notify(this.#control, HEAD);
  }

  /** True after either end asked to stop. */
  get stopped(): boolean {
    return Atomics.load(this.#control, STOP) !== 0;
  }
}
