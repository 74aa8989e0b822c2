/**
 * The sender's own account: what a simulated stream made and sent, for tests to check receivers against.
 *
 * @module
 */

/** What one simulated PMU sent. */
export interface DeviceAccount {
  /** Number of the device. */
  readonly device: number;
  /** STN. */
  readonly station: string;
  /** Good frames with its values that were handed to a socket, counted once per receiver. */
  framesSent: number;
  /** Values in them, STAT counted as one. */
  measurementsSent: number;
}

/** What one simulated stream did; frames are counted once per receiver except where said otherwise. */
export interface StreamAccount {
  /** IDCODE of the stream. */
  readonly idCode: number;
  /** Slots for which a frame was made, whether or not somebody took it. */
  framesMade: number;
  /** Slots that were passed over because the simulator was late. */
  slotsMissed: number;
  /** Good data frames handed to a socket, duplicates included. */
  framesSent: number;
  /** Data frames with a flipped bit handed to a socket. */
  corruptSent: number;
  /** Slots whose frame was lost on purpose. */
  lost: number;
  /** Slots whose frame was sent twice on purpose. */
  duplicated: number;
  /** Slots whose frame was sent after the next one on purpose. */
  reordered: number;
  /** Data frames that did not fit into a receiver's queue. */
  droppedFull: number;
  /** Configuration frames sent. */
  configurationsSent: number;
  /** Header frames sent. */
  headersSent: number;
  /** Commands received, right and wrong. */
  commands: number;
  /** Commands that were ignored: unknown, or for another IDCODE. */
  commandsIgnored: number;
  /** Receivers that were taken. */
  receivers: number;
  /** One entry per PMU of the stream. */
  readonly devices: DeviceAccount[];
}

/** One line of a recording: a data frame when it was handed to the sockets, or lost. */
export interface FrameRecord {
  /** IDCODE of the stream. */
  readonly id: number;
  /** Numbers of the devices in the frame. */
  readonly devices: readonly number[];
  /** Second of the slot: the time for which `valueAt` gives the values. */
  readonly second: number;
  /** Index of the slot in the second. */
  readonly index: number;
  /** Slots per second. */
  readonly rate: number;
  /** SOC as sent, clock error included. */
  readonly soc: number;
  /** Fraction count as sent. */
  readonly fracSec: number;
  /** Time quality byte as sent. */
  readonly timeQuality: number;
  /** What became of it. */
  readonly fate: "sent" | "corrupt" | "lost" | "duplicate";
  /** Receivers that it was handed to. */
  readonly receivers: number;
}

/** Makes an account of nothing. */
export function makeAccount(
  idCode: number,
  devices: readonly { device: number; station: string }[],
): StreamAccount {
  return {
    idCode,
    framesMade: 0,
    slotsMissed: 0,
    framesSent: 0,
    corruptSent: 0,
    lost: 0,
    duplicated: 0,
    reordered: 0,
    droppedFull: 0,
    configurationsSent: 0,
    headersSent: 0,
    commands: 0,
    commandsIgnored: 0,
    receivers: 0,
    devices: devices.map((d) => ({ ...d, framesSent: 0, measurementsSent: 0 })),
  };
}

/** Writes frame records to a file, one JSON object per line. */
export class FrameRecorder {
  readonly #file: Deno.FsFile;
  readonly #encoder = new TextEncoder();
  #lines: string[] = [];
  #closed = false;

  /** Creates or empties `path`. */
  constructor(path: string) {
    this.#file = Deno.openSync(path, { write: true, create: true, truncate: true });
  }

  /** Adds one line; written out in portions of 256. */
  add(record: FrameRecord): void {
    if (this.#closed) return;
    this.#lines.push(JSON.stringify(record));
    if (this.#lines.length >= 256) this.flush();
  }

  /** Writes what is waiting. */
  flush(): void {
    if (this.#lines.length === 0) return;
    let bytes = this.#encoder.encode(this.#lines.join("\n") + "\n");
    this.#lines = [];
    while (bytes.length > 0) bytes = bytes.subarray(this.#file.writeSync(bytes));
  }

  /** Writes what is waiting and closes the file; safe to call twice. */
  close(): void {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    this.#file.close();
  }
}
