/**
 * The gateway's end of the Unix socket to `tieline capture`.
 *
 * @module
 */
import * as v from "valibot";
import { messageOf } from "../../core/mod.ts";
import type { TriggerOrder } from "../../event/mod.ts";
import type { Carrier, RecordTaker } from "./carrier.ts";
import { LinkParser } from "./link_parser.ts";
import { LINK_VERSION, recordContent, RecordType, textRecord } from "./records.ts";

const READ_BYTES = 65_536;
/** Triggers that may wait for the socket. */
const MAX_ORDERS = 256;
/** Time for capture to hand over what it was recording. */
const STOP_TIMEOUT_MS = 5000;
/** Capture speaks every second; silence of so long is a broken link. */
const SILENCE_MS = 5000;
/** The last part of it: a thread that was held longer than all of it reads first what came meanwhile. */
const LAST_LOOK_MS = 500;

/** First record of capture, which comes again while its Workers come up. */
const helloSchema = v.object({ version: v.number(), program: v.string() });

/** A socket of `tieline capture`, which captures what it is told to. */
export class SocketCarrier implements Carrier {
  /** Version of the program at the other end; empty before it said so. */
  program = "";
  readonly #path: string;
  readonly #requests: readonly Uint8Array[];
  readonly #taker: RecordTaker;
  readonly #parser = new LinkParser();
  #conn: Deno.UnixConn | undefined;
  #running: Promise<void> = Promise.resolve();
  #writing: Promise<void> = Promise.resolve();
  #orders = 0;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #isSilent = false;
  readonly #silenceMs: number;

  /**
   * Prepares a connection to the socket at `path`, where `requests` are the first records that are sent. The link ends
   * when nothing has come for `silenceMs`.
   */
  constructor(
    path: string,
    requests: readonly Uint8Array[],
    taker: RecordTaker,
    silenceMs: number = SILENCE_MS,
  ) {
    this.#path = path;
    this.#requests = requests;
    this.#taker = taker;
    this.#silenceMs = silenceMs;
  }

  async start(): Promise<void> {
    const path = this.#path;
    try {
      this.#conn = await Deno.connect({ transport: "unix", path });
    } catch (error) {
      throw new Error(
        `Cannot reach \`tieline capture\` at ${path}: ${messageOf(error)}`,
      );
    }
    this.#running = this.#run(this.#conn);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#silence);
    const conn = this.#conn;
    this.#conn = undefined;
    if (!conn) return await this.#running;
    // Capture hands over what it was recording before it closes its end.
    const late = setTimeout(() => close(conn), STOP_TIMEOUT_MS);
    try {
      await conn.closeWrite();
    } catch {
      // It was closed from the other end.
    }
    await this.#running;
    clearTimeout(late);
    close(conn);
  }

  trigger(order: TriggerOrder): boolean {
    const conn = this.#conn;
    if (!conn || this.#orders >= MAX_ORDERS) return false;
    this.#orders++;
    // In turn: pieces of two orders must not mix.
    this.#writing = this.#writing
      .then(() => writeAll(conn, textRecord(RecordType.Trigger, order)))
      .catch(() => {}) // the link has ended, which the reader tells
      .finally(() => this.#orders--);
    return true;
  }

  async #run(conn: Deno.UnixConn): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    let reason = "capture closed the link";
    try {
      for (const request of this.#requests) await writeAll(conn, request);
      this.#watch();
      while (true) {
        const count = await conn.read(buffer);
        if (count === null) break;
        this.#watch();
        this.#parser.push(buffer.subarray(0, count), this.#take);
      }
    } catch (error) {
      reason = messageOf(error);
    }
    if (this.#isSilent) reason = `nothing came for ${this.#silenceMs} ms`;
    const byItself = this.#conn !== undefined;
    clearTimeout(this.#silence);
    this.#close();
    if (byItself) this.#taker.ended(`The link to capture ended: ${reason}`);
  }

  readonly #take = (view: DataView, at: number, length: number): void => {
    if (view.getUint8(at + 4) !== RecordType.Hello) {
      return this.#taker.take(view, at, length, view.getUint8(at + 5));
    }
    const hello = v.parse(helloSchema, recordContent(bytesOf(view), at, length));
    this.program = hello.program;
    if (hello.version !== LINK_VERSION) {
      throw new Error(
        `expected version ${LINK_VERSION} of the link, found ${hello.version} of program ${hello.program}`,
      );
    }
  };

  #watch(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      this.#silence = setTimeout(() => {
        this.#isSilent = true;
        this.#conn?.close();
      }, LAST_LOOK_MS);
    }, this.#silenceMs - LAST_LOOK_MS);
  }

  #close(): void {
    const conn = this.#conn;
    this.#conn = undefined;
    if (conn) close(conn);
  }
}

function close(conn: Deno.UnixConn): void {
  try {
    conn.close();
  } catch {
    // It was closed from the other end, or for its silence.
  }
}

/** Writes all of `bytes`. */
export async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
