/**
 * A C37.118 input as a part of the gateway: sockets, timers, retries and the cache around a session.
 *
 * @module
 */
import { join } from "node:path";
import {
  acronymOf,
  type Clock,
  type ClockReport,
  type FrameSink,
  type Log,
  messageOf,
  type Metric,
  type Part,
  type PartState,
  type PartStatus,
  type SeenDevices,
  type SignalRegistry,
  type StatisticRow,
} from "../../core/mod.ts";
import {
  Backoff,
  pause,
  readBytesIfExists,
  type UdpSocket,
  writeFileAtomic,
} from "../../os/mod.ts";
import { cacheOf, MAX_CACHE_BYTES, readCache } from "./configuration_cache.ts";
import type { ReceivedConfiguration } from "./configuration_collector.ts";
import { seenDevices } from "./devices.ts";
import type { Link, LinkMaker } from "./link.ts";
import { metricsOf, statusDetail } from "./report.ts";
import type { C37118InputOptions } from "./options.ts";
import { ClientSession, type SessionOptions } from "./session.ts";
import { openTransport } from "./transport.ts";

/** What the gateway hands to an input. */
export interface C37118InputContext {
  /** Gives out handles and GUIDs. */
  readonly registry: SignalRegistry;
  /** Takes the frames, lent. */
  readonly sink: FrameSink;
  /** Where an operator reads. */
  readonly log: Log;
  /** The time. */
  readonly clock: Clock;
  /** Folder for what must survive a restart; `c37118/NAME.bin` is written there. */
  readonly stateDir: string;
  /** What is known of the gateway's own clock, by which the clocks of sources are judged. */
  readonly clockReport?: () => ClockReport | undefined;
  /** Chance for the jitter of waits, 0 to 1; default `Math.random`. */
  readonly random?: () => number;
}

/** Makes the input of `[input.NAME]`. It is named `input.NAME`, and NAME is the source of its layouts. */
export function createC37118Input(
  name: string,
  options: C37118InputOptions,
  context: C37118InputContext,
): Part {
  return new C37118Input(name, options, context);
}

const STABLE_MS = 10_000;

class C37118Input implements Part {
  readonly name: string;
  readonly #source: string;
  readonly #options: SessionOptions;
  readonly #context: C37118InputContext;
  readonly #backoff: Backoff;
  readonly #cachePath: string;
  #session: ClientSession | undefined;
  #maker: LinkMaker | undefined;
  #udp: UdpSocket | undefined;
  #link: Link | undefined;
  #stop: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #toSave: ReceivedConfiguration | undefined;
  #saving: Promise<void> | undefined;
  #state: PartState = "stopped";
  #sinceMicros = 0;
  #reason: string | undefined;
  #cacheNote: string | undefined;
  #connects = 0;
  #toldLoss = false;
  #drops = 0;

  constructor(name: string, options: C37118InputOptions, context: C37118InputContext) {
    this.name = `input.${name}`;
    this.#source = name;
    this.#context = context;
    this.#options = {
      ...options,
      acronym: options.acronym ?? (acronymOf(name) || "PMU"),
      // A group is shared by its nature: nobody stops it for the others.
      skipStop: options.skipStop || options.transport === "multicast",
    };
    this.#backoff = new Backoff(
      options.reconnectMinMs,
      options.reconnectMaxMs,
      context.random ?? Math.random,
    );
    this.#cachePath = join(context.stateDir, "c37118", `${name}.bin`);
    this.#sinceMicros = context.clock.nowMicros();
  }

  async start(): Promise<void> {
    if (this.#stop) return;
    const { clock } = this.#context;
    const stop = new AbortController();
    this.#stop = stop;
    this.#enter("starting");
    const session = this.#makeSession();
    this.#session = session;
    try {
      await this.#loadCache(session);
      const transport = await openTransport(this.#options, {
        clock,
        isBusy: () => !session.isSilent,
        onDatagram: (bytes, arrivalMicros) =>
          session.datagram(bytes, clock.monotonicMs(), arrivalMicros),
        onError: (error) => this.#fail(error),
      });
      this.#maker = transport.maker;
      this.#udp = transport.udp;
      if (stop.signal.aborted) {
        this.#release();
        session.receiver.unregister();
        return;
      }
    } catch (error) {
      this.#stop = undefined;
      this.#release();
      session.receiver.unregister();
      this.#enter("stopped");
      throw error;
    }
    this.#enter("waiting", "no data yet");
    this.#tick();
    this.#running = this.#run(stop.signal, session, this.#maker);
  }

  async stop(): Promise<void> {
    const stop = this.#stop;
    this.#stop = undefined;
    clearTimeout(this.#timer);
    const { clock } = this.#context;
    if (stop && this.#link) {
      this.#session?.sayGoodbye(clock.monotonicMs(), clock.nowMicros());
      await this.#link.flushed();
    }
    stop?.abort();
    this.#release();
    await this.#running;
    await this.#saving;
    if (stop) this.#session?.receiver.unregister();
    this.#enter("stopped");
  }

  status(): PartStatus {
    const session = this.#session;
    this.#observe();
    return {
      state: this.#state,
      sinceMicros: this.#sinceMicros,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      ...(session === undefined ? {} : {
        detail: {
          transport: this.#options.transport,
          peer: this.#link?.peer ?? null,
          connects: this.#connects,
          refusedConnections: this.#maker?.refused ?? 0,
          ...statusDetail(session, this.#udp, this.#cacheNote),
        },
      }),
    };
  }

  metrics(): Metric[] {
    return this.#session ? metricsOf(this.#session, this.#udp, this.#connects) : [];
  }

  statistics(): StatisticRow[] {
    const statistics = this.#session?.receiver.statistics;
    if (!statistics) return [];
    statistics.close(this.#context.clock.monotonicMs());
    return statistics.rows(this.#options.acronym);
  }

  seen(): SeenDevices {
    const configuration = this.#session?.receiver.plan?.configuration;
    return {
      list: "devices",
      devices: configuration ? seenDevices(configuration, this.#options.devices) : [],
    };
  }

  #makeSession(): ClientSession {
    const { registry, sink, log, clock, clockReport } = this.#context;
    return new ClientSession(
      this.#options,
      { source: this.#source, registry, sink, log, clockReport },
      {
        send: (bytes) => this.#link?.send(bytes),
        disconnect: (reason) => this.#link?.close(reason),
        keep: (received) => this.#keep(received),
      },
      clock.monotonicMs(),
    );
  }

  async #run(signal: AbortSignal, session: ClientSession, maker: LinkMaker): Promise<void> {
    const { clock } = this.#context;
    const isReply = this.#udp !== undefined;
    const onBytes = (bytes: Uint8Array) =>
      session.stream(bytes, clock.monotonicMs(), clock.nowMicros(), isReply);
    while (!signal.aborted) {
      const begunMs = clock.monotonicMs();
      let reason: string;
      try {
        const link = await maker.open(signal, onBytes);
        this.#link = link;
        this.#connects++;
        session.opened(clock.monotonicMs(), clock.nowMicros(), maker.canCommand);
        this.#schedule(0);
        reason = await link.closed;
      } catch (error) {
        reason = messageOf(error);
      }
      const held = this.#link !== undefined && !session.isSilent &&
        clock.monotonicMs() - begunMs >= STABLE_MS;
      this.#link = undefined;
      session.closed(clock.monotonicMs());
      if (signal.aborted) return;
      if (held) this.#backoff.reset();
      const waitMs = maker.waitsForPeer ? 0 : this.#backoff.next();
      this.#lost(reason, waitMs);
      await pause(waitMs, signal);
    }
  }

  #lost(reason: string, waitMs: number): void {
    const { clock } = this.#context;
    this.#toldLoss = true;
    this.#enter("waiting", reason);
    const next = waitMs > 0 ? `; trying again in ${(waitMs / 1000).toFixed(1)} s` : "";
    this.#session?.receiver.complaints.note(
      "connection",
      `The connection failed: ${reason}${next}`,
      clock.monotonicMs(),
    );
  }

  #tick(): void {
    const { clock } = this.#context;
    const session = this.#session;
    if (!session || !this.#stop) return;
    const wait = session.tick(clock.monotonicMs(), clock.nowMicros());
    this.#observe();
    this.#schedule(wait);
  }

  #schedule(waitMs: number): void {
    clearTimeout(this.#timer);
    if (this.#stop) this.#timer = setTimeout(() => this.#tick(), waitMs);
  }

  /** Brings the state up to date with what the session sees. */
  #observe(): void {
    const session = this.#session;
    if (!session || !this.#stop || this.#state === "failed") return;
    const drops = this.#udp?.kernelDrops() ?? this.#drops;
    if (drops > this.#drops) {
      session.receiver.statistics.missingData(drops - this.#drops);
      session.receiver.complaints.note(
        "kernelDrops",
        "The kernel dropped datagrams for want of room; raise receiveBufferBytes",
        this.#context.clock.monotonicMs(),
      );
      this.#drops = drops;
    }
    if (!session.isSilent) {
      if (this.#state === "running") return;
      this.#enter("running");
      if (this.#toldLoss) this.#context.log.info("Data come again");
      this.#toldLoss = false;
    } else if (this.#state === "running") {
      this.#enter("waiting", "data stay away");
    }
  }

  #enter(state: PartState, reason?: string): void {
    if (state !== this.#state) this.#sinceMicros = this.#context.clock.nowMicros();
    this.#state = state;
    this.#reason = reason;
  }

  #fail(error: unknown): void {
    this.#stop?.abort();
    this.#release();
    this.#enter("failed", `The UDP socket failed: ${String(error)}`);
  }

  #release(): void {
    this.#maker?.close();
    this.#udp?.close();
    this.#link?.close("closed here");
    this.#maker = undefined;
    this.#udp = undefined;
    this.#drops = 0;
  }

  async #loadCache(session: ClientSession): Promise<void> {
    const { checkIdCode, idCode, draft6 } = this.#options;
    this.#cacheNote = undefined;
    try {
      const bytes = await readBytesIfExists(this.#cachePath, MAX_CACHE_BYTES);
      if (bytes === undefined) return;
      const { received, problem } = readCache(bytes, checkIdCode ? idCode : undefined, draft6);
      if (received) session.useCache(received);
      else this.#cacheNote = `The cached configuration was ignored: ${problem}`;
    } catch (error) {
      this.#cacheNote = `The cached configuration cannot be read: ${String(error)}`;
    }
    if (this.#cacheNote) this.#context.log.warn(this.#cacheNote);
  }

  /** Writes the latest configuration; one write at a time. */
  #keep(received: ReceivedConfiguration): void {
    this.#toSave = received;
    this.#saving ??= this.#save().finally(() => this.#saving = undefined);
  }

  async #save(): Promise<void> {
    while (this.#toSave) {
      const { frames } = this.#toSave;
      this.#toSave = undefined;
      try {
        await Deno.mkdir(join(this.#context.stateDir, "c37118"), { recursive: true });
        await writeFileAtomic(this.#cachePath, cacheOf(frames));
        this.#cacheNote = undefined;
      } catch (error) {
        this.#cacheNote = `The configuration could not be kept: ${String(error)}`;
        this.#session?.receiver.complaints.note(
          "cache",
          this.#cacheNote,
          this.#context.clock.monotonicMs(),
        );
      }
    }
  }
}
