/**
 * What an input says of itself: status for people, metrics for machines.
 *
 * @module
 */
import { counter, gauge, type Metric } from "../../core/mod.ts";
import { FrameType, nominalHz } from "../../c37118/mod.ts";
import type { UdpSocket } from "../../os/mod.ts";
import type { ClientSession } from "./session.ts";
import { deviceNames, type StreamPlan } from "./stream_plan.ts";

/** The detail of an input's status: JSON-safe. */
export function statusDetail(
  session: ClientSession,
  udp: UdpSocket | undefined,
  cacheNote: string | undefined,
): Record<string, unknown> {
  const { receiver } = session;
  const { plan, clock, statistics, ledger, counters, complaints } = receiver;
  const notes = [
    ...(udp?.notes ?? []),
    ...(cacheNote === undefined ? [] : [cacheNote]),
    ...(plan?.warnings ?? []),
  ];
  const figures = clock?.figures();
  return {
    session: session.state,
    books: ledger.totals(),
    bySecond: ledger.bySecond(10),
    statistics: finite({ ...statistics.inputStream() }),
    devices: Object.fromEntries(
      (plan ? deviceNames(plan.registered.layout) : []).map((name) => [
        name,
        statistics.device(name) ?? null,
      ]),
    ),
    totals: { ...statistics.totals() },
    wire: { ...counters },
    dataLosses: session.dataLosses,
    commands: session.commands,
    complaints: complaints.totals(),
    clock: clock
      ? { ...receiver.clockVerdict!, figures: figures ? finite({ ...figures }) : null }
      : null,
    configuration: plan ? configurationDetail(plan) : null,
    header: receiver.headerText ?? null,
    udp: udp
      ? {
        port: udp.port,
        received: udp.received,
        filtered: udp.filtered,
        kernelDrops: udp.kernelDrops() ?? null,
        receiveBufferBytes: udp.receiveBufferBytes ?? null,
      }
      : null,
    notes,
  };
}

/** The metrics of an input. */
export function metricsOf(
  session: ClientSession,
  udp: UdpSocket | undefined,
  connects: number,
): Metric[] {
  const { receiver } = session;
  const totals = receiver.statistics.totals();
  const book = receiver.ledger.totals();
  const verdict = receiver.clock?.verdict().kind ?? "unknown";
  const figures = receiver.clock?.figures();
  const metrics = [
    counter(
      "input_frames_received_total",
      "Data frames and damaged frames received",
      book.received,
    ),
    counter("input_frames_accepted_total", "Data frames that went on", book.accepted),
    ...Object.entries(book.dropped).map(([reason, value]) =>
      counter("input_frames_dropped_total", "Frames that were dropped, by reason", value, {
        reason,
      })
    ),
    counter("input_bytes_received_total", "Bytes received", totals.bytesReceived),
    counter("input_measurements_total", "Measurements received", totals.measurements),
    counter("input_frames_missing_total", "Frames that the rate promised", totals.missingFrames),
    counter("input_frames_out_of_order_total", "Stamps that went back", totals.outOfOrderFrames),
    counter(
      "input_configuration_frames_total",
      "Configuration frames received",
      totals.configurationFrames,
    ),
    counter(
      "input_configuration_changes_total",
      "Changes of configuration",
      totals.configurationChanges,
    ),
    counter("input_parse_errors_total", "Framing errors", parseErrors(session)),
    counter("input_skipped_bytes_total", "Bytes that are no frame", receiver.counters.skippedBytes),
    counter("input_connects_total", "Connections made", connects),
    counter("input_data_losses_total", "Times that data stayed away", session.dataLosses),
    gauge("input_connected", "1 while data come", session.isSilent ? 0 : 1),
  ];
  if (verdict !== "unknown") {
    metrics.push(
      gauge("input_clock_ok", "1 while the stamps look right", Number(verdict === "ok")),
    );
  }
  if (figures) {
    const delay = (quantile: string, micros: number) =>
      gauge("input_delay_seconds", "Arrival minus time stamp", micros / 1e6, { quantile });
    metrics.push(delay("0.5", figures.p50Micros), delay("0.99", figures.p99Micros));
  }
  if (udp) {
    metrics.push(
      counter("input_datagrams_filtered_total", "Datagrams of other senders", udp.filtered),
      counter(
        "input_kernel_drops_total",
        "Datagrams dropped by the kernel",
        udp.kernelDrops() ?? 0,
      ),
    );
  }
  return metrics;
}

function parseErrors({ receiver: { counters, statistics } }: ClientSession): number {
  return statistics.totals().crcErrors + counters.resync + counters.badLength + counters.badType;
}

function configurationDetail({ configuration, registered, cached, decoder }: StreamPlan) {
  return {
    idCode: configuration.idCode,
    type: configuration.type === FrameType.Config3
      ? "CFG-3"
      : configuration.type === FrameType.Config2
      ? "CFG-2"
      : "CFG-1",
    cached,
    framesPerSecond: registered.layout.framesPerSecond,
    timeBase: configuration.timeBase,
    dataFrameSize: decoder.size,
    values: registered.layout.handles.length,
    pmus: configuration.pmus.map((pmu, i) => ({
      device: registered.layout.devices[i]?.device ?? "",
      station: pmu.station,
      idCode: pmu.idCode,
      phasors: pmu.phasors.length,
      analogs: pmu.analogs.length,
      digitals: pmu.digitals.length,
      nominalHz: nominalHz(pmu),
      cfgCnt: pmu.cfgCnt,
      stat: decoder.stats[i] ?? 0,
      floatFrequencyIsDeviation: decoder.deviation[i] === 1,
    })),
  };
}

/** NaN and infinity are no JSON: they become null. */
function finite(figures: Record<string, number | boolean>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(figures).map(([k, v]) => [k, typeof v === "number" && !isFinite(v) ? null : v]),
  );
}
