/**
 * `tieline capture`: captures for a gateway that may not, and speaks to it over a Unix socket.
 *
 * A connection is one input: its first record says what to capture, and its Workers end with it. Or it is a clock,
 * which PTP is heard for.
 *
 * @module
 */
import { dirname } from "node:path";
import * as v from "valibot";
import { type Log, messageOf } from "../../core/mod.ts";
import { orderSchema } from "../../event/mod.ts";
import { ClockWatch, clockWatchSchema } from "./clock_watch.ts";
import { LinkParser } from "./link_parser.ts";
import type { SvInputOptions } from "./options.ts";
import { type RecordingOptions, recordingSchema } from "./recording.ts";
import { LINK_VERSION, recordContent, RecordType, textRecord } from "./records.ts";
import { svInputSchema } from "./schema.ts";
import { writeAll } from "./socket_carrier.ts";
import { StartingBeat } from "./starting_beat.ts";
import { type CaptureThread, WorkerPool } from "./worker_pool.ts";

/** How to serve. */
export interface CaptureServerOptions {
  /** Path of the Unix socket. Who may connect is a matter of its folder. */
  readonly path: string;
  /** Interfaces that may be captured; empty for all. */
  readonly interfaces: readonly string[];
  /** Version of the program. */
  readonly program: string;
  /** Processor cores. */
  readonly cores: number;
  /** Where an operator reads. */
  readonly log: Log;
}

/** A server that listens. */
export interface CaptureServer {
  /** Connections now. */
  readonly connections: number;
  /** Ends all captures and closes the socket; safe to call twice. */
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 8;
const READ_BYTES = 65_536;
const CONFIGURE_TIMEOUT_MS = 5000;
/** Bytes that may wait for a gateway that does not read; frames beyond are dropped. */
const MAX_WAITING = 4 * 1024 * 1024;
/** Above this the Workers are left alone for a moment. */
const EASE_BYTES = 1024 * 1024;
/** The same for a clock: more than a status and what a second brings. */
const MAX_WATCH_WAITING = 256 * 1024;
const EASE_MS = 50;
const WAIT_MS = 1000;
const FAREWELL_MS = 500;
/** The same for event records, which a gateway that stops waits five seconds for. */
const LAST_RECORDS_MS = 4000;

/** What captures for one input. */
export type CapturePool = Pick<WorkerPool, "threads" | "start" | "stop" | "tell">;
/** Makes it, as a {@linkcode WorkerPool} is made. */
export type MakePool = (...given: ConstructorParameters<typeof WorkerPool>) => CapturePool;

/** Listens at `options.path`. A socket that is left there from before is replaced. */
export function serveCapture(options: CaptureServerOptions): Promise<CaptureServer> {
  return servePools(options, (...given) => new WorkerPool(...given));
}

/** The same, where what captures is made by `makePool`. */
export async function servePools(
  options: CaptureServerOptions,
  makePool: MakePool,
): Promise<CaptureServer> {
  await removeStale(options.path);
  const listener = Deno.listen({ transport: "unix", path: options.path });
  // Read and write for the group too: the gateway is another user.
  await Deno.chmod(options.path, 0o660);
  const open = new Set<Connection>();
  let closed = false;
  const accepting = (async () => {
    for await (const conn of listener) {
      if (open.size >= MAX_CONNECTIONS) {
        options.log.warn(`A connection was refused: ${MAX_CONNECTIONS} are open`);
        conn.close();
        continue;
      }
      const connection = new Connection(conn, options, makePool);
      open.add(connection);
      void connection.run().finally(() => open.delete(connection));
    }
  })();
  return {
    get connections() {
      return open.size;
    },
    async close() {
      if (closed) return;
      closed = true;
      listener.close();
      await accepting;
      await Promise.all([...open].map((connection) => connection.close("the program stops")));
      await Deno.remove(options.path).catch(() => {}); // somebody else may have removed it
    },
  };
}

/** One gateway's input. */
class Connection {
  readonly #conn: Deno.UnixConn;
  readonly #options: CaptureServerOptions;
  readonly #makePool: MakePool;
  readonly #parser = new LinkParser();
  readonly #queue: Uint8Array<ArrayBuffer>[] = [];
  #waiting = 0;
  #pool: CapturePool | undefined;
  #starting: StartingBeat | undefined;
  #watch: ClockWatch | undefined;
  #recording: RecordingOptions | undefined;
  #writing: Promise<void> | undefined;
  #reading: Promise<void> = Promise.resolve();
  #closed = false;
  #dropped = 0;

  constructor(conn: Deno.UnixConn, options: CaptureServerOptions, makePool: MakePool) {
    this.#conn = conn;
    this.#options = options;
    this.#makePool = makePool;
  }

  async run(): Promise<void> {
    const { log } = this.#options;
    const timer = setTimeout(
      () => void this.close("no configuration came"),
      CONFIGURE_TIMEOUT_MS,
    );
    this.#hello();
    const buffer = new Uint8Array(READ_BYTES);
    try {
      while (true) {
        const count = await this.#conn.read(buffer);
        if (count === null) break;
        this.#parser.push(buffer.subarray(0, count), (view, at, length) => {
          const type = view.getUint8(at + 4);
          const bytes = new Uint8Array(view.buffer);
          if (this.#watch) {
            throw new Error(`expected nothing more from a clock, found a record of type ${type}`);
          } else if (this.#pool && type === RecordType.Trigger) {
            this.#pool.tell(type, v.parse(orderSchema, recordContent(bytes, at, length)));
          } else if (!this.#pool && !this.#recording && type === RecordType.Watch) {
            clearTimeout(timer);
            this.#startWatch(bytes, at, length);
          } else if (!this.#pool && !this.#recording && type === RecordType.Recording) {
            this.#recording = v.parse(recordingSchema, recordContent(bytes, at, length));
          } else if (!this.#pool && type === RecordType.Configure) {
            clearTimeout(timer);
            this.#configure(bytes, at, length);
          } else {
            throw new Error(`expected one configuration, found a record of type ${type}`);
          }
        });
      }
      await this.#finish();
      await this.close("the gateway closed the link");
    } catch (error) {
      await this.#refuse(messageOf(error));
    } finally {
      clearTimeout(timer);
    }
    log.info(`Capture for a gateway ended; ${this.#dropped} frames were not read in time`);
  }

  /** The gateway has no more to say, and still listens: what was being recorded reaches it. */
  async #finish(): Promise<void> {
    await this.#pool?.stop();
    await this.#reading;
    await this.#written(LAST_RECORDS_MS);
  }

  /** Waits until all has left, but no longer than this. */
  async #written(mostMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, mostMs));
    await Promise.race([this.#writing, late]);
    clearTimeout(timer);
  }

  async close(reason: string): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.log.info(`The link closes: ${reason}`);
    this.#starting?.end();
    this.#watch?.close();
    await this.#pool?.stop();
    try {
      this.#conn.close();
    } catch {
      // It was closed from the other end.
    }
    await this.#reading;
    await this.#writing;
  }

  /** Says why before it closes, so that the reason stands in the gateway's log too. */
  async #refuse(reason: string): Promise<void> {
    if (this.#closed) return;
    this.#send(
      textRecord(RecordType.Complaint, { kind: "capture", message: `Capture: ${reason}` }),
    );
    await this.#written(FAREWELL_MS);
    await this.close(reason);
  }

  #startWatch(bytes: Uint8Array, at: number, length: number): void {
    const options = v.parse(clockWatchSchema, recordContent(bytes, at, length));
    const { interface: name } = options;
    if (name !== undefined) this.#permit(name);
    this.#options.log.info(
      name === undefined ? "Reading the kernel's clock" : `Hearing PTP on ${name}`,
    );
    this.#watch = new ClockWatch(options, (record) => {
      const fits = !this.#closed && this.#waiting + record.length <= MAX_WATCH_WAITING;
      if (fits) this.#send(record);
      return fits;
    });
  }

  /** Throws for an interface that whoever started this process did not name. */
  #permit(name: string): void {
    const { interfaces } = this.#options;
    if (interfaces.length > 0 && !interfaces.includes(name)) {
      throw new Error(`expected one of the interfaces ${interfaces.join(", ")}, found ${name}`);
    }
  }

  #configure(bytes: Uint8Array, at: number, length: number): void {
    const { cores, log } = this.#options;
    const parsed = v.parse(svInputSchema, recordContent(bytes, at, length));
    const options: SvInputOptions = parsed;
    const name = options.interface;
    if (name === undefined) throw new Error("expected an interface to capture, found none");
    this.#permit(name);
    log.info(`Capturing ${options.streams.length} streams on ${name}`);
    const pool = this.#makePool(
      options,
      this.#recording,
      cores,
      (reason) => void this.#refuse(reason),
    );
    this.#pool = pool;
    this.#starting = new StartingBeat(() => this.#hello());
    this.#reading = (async () => {
      try {
        await pool.start();
      } catch (error) {
        void this.#refuse(messageOf(error));
        return;
      }
      await Promise.all(pool.threads.map((thread, source) => this.#pump(thread, source)));
    })();
  }

  async #pump({ out }: CaptureThread, source: number): Promise<void> {
    for (let isLast = false; !isLast;) {
      await out.wait(WAIT_MS);
      isLast = this.#closed || out.stopped; // what was written before the end is read too
      const pieces: Uint8Array[] = [];
      let size = 0;
      out.read((view, at, length) => {
        const type = view.getUint8(at + 4);
        const isFrame = type === RecordType.Frame;
        if ((isFrame || type === RecordType.Live) && this.#waiting + size + length > MAX_WAITING) {
          this.#dropped++;
          return;
        }
        const piece = new Uint8Array(view.buffer, view.byteOffset + at, length).slice();
        if (!isFrame) piece[5] = source; // the gateway tells its Workers apart by it
        pieces.push(piece);
        size += length;
      });
      if (size === 0) continue;
      this.#starting?.end();
      const bytes = new Uint8Array(size);
      let at = 0;
      for (const piece of pieces) {
        bytes.set(piece, at);
        at += piece.length;
      }
      if (this.#waiting > 2 * MAX_WAITING) void this.close("the gateway does not read");
      this.#send(bytes);
      // Event records come as fast as they are taken: they wait in the Worker while the gateway is behind.
      for (let ms = 0; this.#waiting > EASE_BYTES && ms < EASE_MS && !this.#closed; ms += 2) {
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    }
  }

  #hello(): void {
    const { program } = this.#options;
    this.#send(textRecord(RecordType.Hello, { version: LINK_VERSION, program }));
  }

  #send(bytes: Uint8Array<ArrayBuffer>): void {
    this.#queue.push(bytes);
    this.#waiting += bytes.length;
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    for (let next = this.#queue.shift(); next && !this.#closed; next = this.#queue.shift()) {
      try {
        await writeAll(this.#conn, next);
      } catch (error) {
        void this.close(messageOf(error));
      }
      this.#waiting -= next.length;
    }
    this.#writing = undefined; // before anything else can be sent, which would not be written
  }
}

/** A socket that nobody listens at any more stands in the way of a new one. */
async function removeStale(path: string): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  let info: Deno.FileInfo;
  try {
    info = await Deno.lstat(path);
  } catch {
    return; // nothing is there
  }
  if (!info.isSocket) {
    throw new Error(`Cannot listen at ${path}: expected a socket or nothing, found something else`);
  }
  try {
    const conn = await Deno.connect({ transport: "unix", path });
    conn.close();
  } catch {
    await Deno.remove(path);
    return;
  }
  throw new Deno.errors.AddrInUse(`Cannot listen at ${path}: another process does`);
}
