/**
 * The C37.118 output: a stream for local PDCs, made of the frames of an aligner or of one device.
 *
 * @module
 */
import {
  acronymOf,
  type Frame,
  type FrameSink,
  messageOf,
  type Metric,
  type Part,
  type PartState,
  type PartStatus,
  type StatisticRow,
  toMicros,
} from "../../core/mod.ts";
import { Complaints, OutputStreamStatistics } from "../../stats/mod.ts";
import { Clients } from "./clients.ts";
import type { C37118OutputContext } from "./context.ts";
import { CountFile } from "./count_file.ts";
import type { C37118OutputOptions } from "./options.ts";
import { metricsOf, statusDetail } from "./report.ts";
import { OutputStream } from "./served_stream.ts";

/** Interval of everything that is done by time, in milliseconds. */
const TICK_MS = 50;

/** A C37.118 output as the gateway sees it. */
export interface C37118Output extends Part {
  /** Port for commands, 0 while there is none. */
  readonly port: number;
  /** Where frames of a stream go in; those of other streams than the output's are not looked at. */
  sinkFor(stream: string): FrameSink;
  /**
   * Takes changed settings into use: who may connect at once, what the stream is made of with notice to
   * those who take it. Rights are not among this: they change through the access control.
   */
  update(options: C37118OutputOptions): void;
}

/** Makes a C37.118 output; nothing is opened before `start`. `name` is that of the part, `output.NAME`. */
export function createC37118Output(
  name: string,
  options: C37118OutputOptions,
  context: C37118OutputContext,
): C37118Output {
  return new C37118OutputPart(name, options, context);
}

const IGNORED: FrameSink = { accept: () => {} };

class C37118OutputPart implements C37118Output {
  readonly name: string;
  readonly #context: C37118OutputContext;
  readonly #complaints: Complaints;
  readonly #statistics: OutputStreamStatistics;
  readonly #file: CountFile;
  readonly #stream: OutputStream;
  readonly #clients: Clients;
  #options: C37118OutputOptions;
  #timer: ReturnType<typeof setInterval> | undefined;
  #state: PartState = "stopped";
  #reason = "";
  #sinceMicros: number;

  constructor(name: string, options: C37118OutputOptions, context: C37118OutputContext) {
    this.name = name;
    this.#options = options;
    this.#context = context;
    this.#complaints = new Complaints(context.log);
    this.#statistics = new OutputStreamStatistics(context.clock.monotonicMs());
    this.#file = new CountFile(context.stateDir, this.#shortName);
    this.#sinceMicros = context.clock.nowMicros();
    this.#stream = new OutputStream(
      name,
      options,
      context,
      this.#complaints,
      () => this.#changed(),
    );
    this.#clients = new Clients(options, context, this.#stream, this.#complaints);
  }

  get port(): number {
    return this.#clients.port;
  }

  async start(): Promise<void> {
    await this.stop();
    this.#enter("starting");
    try {
      await this.#readCount();
      await this.#clients.open();
    } catch (error) {
      this.#enter("failed", messageOf(error));
      throw error;
    }
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#enter("running");
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#clients.close();
    await this.#file.settled(); // whoever comes after this part reads the file, and writes it
    this.#enter("stopped");
  }

  sinkFor(stream: string): FrameSink {
    if (stream !== this.#options.stream) return IGNORED;
    return { accept: (frame) => this.#accept(frame) };
  }

  update(options: C37118OutputOptions): void {
    this.#options = options;
    this.#stream.update(options);
    this.#clients.update(options);
  }

  status(): PartStatus {
    // Without a configuration there is nothing to serve, which is no failure of this part.
    const why = this.#state === "running" ? this.#stream.reason : this.#reason;
    return {
      state: this.#state,
      sinceMicros: this.#sinceMicros,
      ...(why ? { reason: why } : {}),
      detail: statusDetail(this.#options, this.#stream, this.#clients, this.#complaints),
    };
  }

  metrics(): Metric[] {
    return metricsOf(this.#stream, this.#clients, this.#complaints);
  }

  /** The source is the name in the configuration as acronym. */
  statistics(): StatisticRow[] {
    const { figures } = this.#stream;
    const { aligned, clock } = this.#context;
    return this.#statistics.close(acronymOf(this.#shortName), clock.monotonicMs(), {
      ...figures,
      discarded: aligned()?.discarded ?? 0,
      ahead: aligned()?.ahead ?? 0,
      sent: this.#clients.measurementsSent,
      bytesSent: this.#clients.bytesSent,
      clients: this.#clients.size,
    });
  }

  get #shortName(): string {
    return this.name.replace(/^output\./, "");
  }

  #accept(frame: Frame): void {
    if (this.#timer === undefined || !this.#stream.takes(frame)) return;
    const clients = this.#clients;
    if (clients.isEmpty) return;
    const made = clients.wantsData ? this.#stream.make(frame) : undefined;
    clients.offer(frame, this.#stream.content(), made);
    if (made) {
      this.#statistics.latency(this.#context.clock.nowMicros() - toMicros(frame.instant));
    }
  }

  #tick(): void {
    this.#stream.tick();
    this.#clients.tick();
    const nowMs = this.#context.clock.monotonicMs();
    this.#complaints.flush(nowMs);
    this.#statistics.sent(this.#clients.measurementsSent, nowMs);
  }

  /** The stream has another configuration. */
  #changed(): void {
    const { shape, cfgCnt } = this.#stream;
    const { log, clock } = this.#context;
    this.#clients.configurationChanged();
    const pmus = shape?.configuration.pmus.length ?? 0;
    log.info(`The configuration has ${pmus} PMUs, CFGCNT ${cfgCnt}`);
    if (!shape) return;
    this.#file.write(cfgCnt, shape).catch((error) => {
      const message = `CFGCNT cannot be kept: ${messageOf(error)}`;
      this.#complaints.note("countFile", message, clock.monotonicMs());
    });
  }

  async #readCount(): Promise<void> {
    try {
      const known = await this.#file.read();
      if (known) this.#stream.remember(known);
    } catch (error) {
      this.#context.log.warn(
        `CFGCNT begins at 0, since its file cannot be read: ${messageOf(error)}`,
      );
    }
  }

  #enter(state: PartState, reason = ""): void {
    this.#statistics.connection(state === "running");
    this.#state = state;
    this.#reason = reason;
    this.#sinceMicros = this.#context.clock.nowMicros();
  }
}
