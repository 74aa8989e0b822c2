/**
 * Frames of simulators as a capture file.
 *
 * @module
 */
import {
  PCAP_FILE_HEADER,
  PCAP_RECORD_HEADER,
  writePcapHeader,
  writePcapRecord,
} from "../pcap/mod.ts";
import type { BatchSink } from "./merging_unit_pacer.ts";

/** Octets that are gathered before they are written. */
const BUFFER_OCTETS = 1 << 20;

/** Writes frames to a file, stamped with the time at which they leave. */
export class PcapSink implements BatchSink {
  readonly #file: Deno.FsFile;
  readonly #bytes = new Uint8Array(BUFFER_OCTETS);
  readonly #view = new DataView(this.#bytes.buffer);
  #used = PCAP_FILE_HEADER;
  #frames = 0;
  #closed = false;

  /** Creates or empties `path`. */
  constructor(path: string) {
    this.#file = Deno.openSync(path, { write: true, create: true, truncate: true });
    writePcapHeader(this.#view, 0);
  }

  /** Adds a frame. */
  add(frame: Uint8Array, seconds: number, nanos: number): void {
    if (this.#used + PCAP_RECORD_HEADER + frame.length > this.#bytes.length) this.flush();
    writePcapRecord(this.#view, this.#used, seconds, nanos, frame.length);
    this.#bytes.set(frame, this.#used + PCAP_RECORD_HEADER);
    this.#used += PCAP_RECORD_HEADER + frame.length;
    this.#frames++;
  }

  /** Writes what waits; returns how many frames it was. */
  flush(): number {
    let rest = this.#bytes.subarray(0, this.#used);
    while (rest.length > 0) rest = rest.subarray(this.#file.writeSync(rest));
    this.#used = 0;
    const frames = this.#frames;
    this.#frames = 0;
    return frames;
  }

  /** Writes what waits and closes the file; safe to call twice. */
  close(): void {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    this.#file.close();
  }
}
