/**
 * The sources of `[clock]`, each with its reading and what it tells of itself.
 *
 * @module
 */
import type { Clock, Log } from "../core/mod.ts";
import type { KernelClock, KernelClockRefusal, KernelClocks } from "../os/mod.ts";
import { delayMechanismName, intervalNs, type PortIdentity, portStateName } from "../ptp/mod.ts";
import { readingOfKernel } from "./kernel_reading.ts";
import { NtpServer } from "./ntp_source.ts";
import type { Ptp4lPicture } from "./ptp4l_picture.ts";
import { readingOfPtp4l } from "./ptp4l_reading.ts";
import { Ptp4lSource } from "./ptp4l_source.ts";
import { noReading, type TimeReading } from "./reading.ts";
import type { ClockOptions, NtpOptions, Ptp4lOptions } from "./options.ts";

/** What sources need around them. */
export interface SourceContext {
  /** The time. */
  readonly clock: Clock;
  /** Where events go. */
  readonly log: Log;
  /** Folder for what must survive. */
  readonly stateDir: string;
  /** The kernel's clocks, or why they cannot be had. */
  readonly kernel: KernelClocks | KernelClockRefusal;
  /** What the kernel said at the last look. */
  readonly lastKernel: () => KernelClock | KernelClockRefusal;
  /** What the C37.238 TLV of a port said on the wire: nanoseconds and grandmasterID; undefined if not seen. */
  readonly announced: (
    domainNumber: number,
    port: PortIdentity,
  ) => { readonly inaccuracyNs: number; readonly grandmasterId: number } | undefined;
  /** Called when a source has something new. */
  readonly onChange: () => void;
}

/** A source of time. */
export interface TimeSource {
  /** Name: `ptp4l`, `ntp HOST`, `kernel`. */
  readonly name: string;
  /** Begins. */
  start(): void;
  /** Ends; safe to call twice. */
  stop(): Promise<void>;
  /** What it says at monotonic milliseconds `nowMs`. */
  reading(nowMs: number): TimeReading;
  /** The own clock stepped. */
  forget(): void;
  /** What belongs to its kind, JSON-safe. */
  detail(): Record<string, unknown>;
}

/** The sources that `options` describe, in their order. */
export function makeSources(options: ClockOptions, context: SourceContext): TimeSource[] {
  const sources: TimeSource[] = [];
  for (const group of options.order) {
    if (group === "ptp4l" && options.ptp4l) sources.push(ptp4l(options.ptp4l, context));
    if (group === "ntp" && options.ntp) sources.push(...ntp(options.ntp, context));
    if (group === "kernel") sources.push(kernel(context, options.ptp4l !== undefined));
  }
  return sources;
}

function ptp4l(options: Ptp4lOptions, context: SourceContext): TimeSource {
  const source = new Ptp4lSource({
    socket: options.socket,
    clientDir: options.clientDir ?? context.stateDir,
    domainNumber: options.domain,
    majorSdoId: options.transportSpecific,
    intervalMs: options.intervalMs,
    timeoutMs: options.timeoutMs,
    push: options.push,
  }, context);
  return {
    name: "ptp4l",
    start: () => source.start(),
    stop: () => source.stop(),
    forget: () => {},
    reading: (nowMs) => {
      if (source.link !== "answering") return noReading(source.reason);
      const { picture } = source;
      if (!picture.complete && source.lastError !== "") {
        return noReading(`ptp4l answers with an error: ${source.lastError}`);
      }
      const parent = picture.parent?.parentPortIdentity;
      const announced = parent && context.announced(source.domainNumber, parent);
      return readingOfPtp4l(picture, {
        intervalMs: options.intervalMs,
        acceptArbitraryTimescale: options.acceptArbitraryTimescale,
        announcedInaccuracyNs: announced?.inaccuracyNs ?? NaN,
        grandmasterId: announced?.grandmasterId ?? 0,
        systemPart: systemPart(picture, context),
        assumedSystemPartNs: options.systemErrorUs * 1000,
      }, nowMs);
    },
    detail: () => ({
      socket: options.socket,
      link: source.link,
      domain: source.domainNumber,
      pushes: source.subscribed === true,
      pushed: source.pushed,
      absent: source.absent,
      lastError: source.lastError,
      counters: { ...source.counters },
      hardwareClock: systemPart(source.picture, context) ?? null,
      ports: [...source.picture.ports].map(([number, { dataSet, properties, stats }]) => ({
        number,
        interface: properties?.interface ?? "",
        state: dataSet ? portStateName(dataSet.portState) : "",
        delayMechanism: dataSet ? delayMechanismName(dataSet.delayMechanism) : "",
        peerDelayNs: dataSet ? intervalNs(dataSet.peerMeanPathDelay) : null,
        received: stats?.rx ?? [],
        sent: stats?.tx ?? [],
      })),
    }),
  };
}

/** The system clock against the hardware clock that ptp4l steers, TAI or UTC; undefined if it cannot be compared. */
function systemPart(
  picture: Ptp4lPicture,
  { kernel }: SourceContext,
): { readonly offsetNs: number; readonly uncertaintyNs: number } | undefined {
  if ("why" in kernel) return undefined;
  for (const { hwclock } of picture.ports.values()) {
    if (!hwclock || hwclock.phcIndex < 0) continue;
    const compared = kernel.hardware(hwclock.phcIndex);
    if ("why" in compared) continue;
    const taiNs = (picture.timeProperties?.currentUtcOffset ?? 37) * 1e9;
    const keepsTai = Math.abs(compared.offsetNs - taiNs) < Math.abs(compared.offsetNs);
    return {
      offsetNs: (keepsTai ? taiNs : 0) - compared.offsetNs,
      uncertaintyNs: compared.uncertaintyNs,
    };
  }
  return undefined;
}

function ntp(options: NtpOptions, context: SourceContext): TimeSource[] {
  const { clock } = context;
  // The program's clock knows whole milliseconds; the kernel's is exact.
  const hostMicros = () => {
    const read = "why" in context.kernel ? context.kernel : context.kernel.read();
    return "why" in read
      ? { micros: clock.nowMicros(), uncertaintyNs: 1e6 }
      : { micros: read.nowMicros, uncertaintyNs: 0 };
  };
  return options.servers.map((hostname): TimeSource => {
    const server = new NtpServer({ ...options, hostname }, { ...context, hostMicros });
    return {
      name: `ntp ${hostname}`,
      start: () => server.start(),
      stop: () => Promise.resolve(server.stop()),
      forget: () => server.forget(),
      reading: () => server.reading(),
      detail: () => ({
        server: hostname,
        stratum: server.reply?.stratum ?? null,
        reference: server.reply?.reference ?? "",
        counters: { ...server.counters },
      }),
    };
  });
}

function kernel(context: SourceContext, besidePtp: boolean): TimeSource {
  return {
    name: "kernel",
    start: () => {},
    stop: () => Promise.resolve(),
    forget: () => {},
    reading: (nowMs) => readingOfKernel(context.lastKernel(), nowMs, besidePtp),
    detail: () => ({ ...context.lastKernel() }),
  };
}
