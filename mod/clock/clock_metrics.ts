/**
 * What the clock part counts, for `/metrics` and as statistics.
 *
 * @module
 */
import { type ClockReport, counter, gauge, type Metric, type StatisticRow } from "../core/mod.ts";
import { CLOCK_STATISTICS, statisticRows } from "../stats/mod.ts";
import type { ObserverReport } from "./observer_types.ts";
import { unlockedSeconds } from "./status.ts";
import type { SourceJudgement } from "./tracker.ts";

/** Numbers of the states in `!CLOCK-ST1`. */
const STATE_NUMBERS = { locked: 0, local: 1, holdover: 2, free: 3, fault: 4 } as const;

/** What metrics are made of. */
export interface ClockFacts {
  /** What is known of the clock. */
  readonly report: ClockReport;
  /** Its sources. */
  readonly judgements: readonly SourceJudgement[];
  /** Pairs of sources that disagree. */
  readonly disagreements: number;
  /** What is heard on the network; undefined without an observer. */
  readonly network?: ObserverReport | undefined;
  /** PTP messages that came to the host and were not looked at. */
  readonly lost?: number;
  /** Events by kind. */
  readonly counts: Readonly<Record<string, number>>;
}

/** The metrics of the clock. */
export function clockMetrics(facts: ClockFacts): Metric[] {
  const { report, judgements, disagreements, network, lost = 0, counts } = facts;
  const states = Object.keys(STATE_NUMBERS).map((state) =>
    gauge(
      "clock_state",
      "1 for the state that the gateway's clock is in",
      +(state === report.state),
      {
        state,
      },
    )
  );
  return [
    ...states,
    gauge("clock_error_ns", "Upper bound of the error of the gateway's clock", report.errorNs),
    gauge("clock_tai_utc_seconds", "TAI - UTC", report.taiUtc),
    gauge(
      "clock_disagreements",
      "Pairs of sources that differ by more than both admit",
      disagreements,
    ),
    ...judgements.flatMap(sourceMetrics),
    ...(network ? networkMetrics(network, lost) : []),
    ...counters(
      "clock_events_total",
      "Things that happened to the gateway's clock",
      "kind",
      counts,
    ),
  ];
}

/** The statistics of the clock of the gateway `name`. */
export function clockStatistics(
  name: string,
  { report, judgements, disagreements, counts }: ClockFacts,
  nowMicros: number,
): StatisticRow[] {
  const followed = judgements.find((judged) => judged.name === report.source);
  return statisticRows(name, CLOCK_STATISTICS, [
    STATE_NUMBERS[report.state],
    Number.isFinite(report.errorNs) ? report.errorNs : NaN,
    followed?.offsetNs ?? NaN,
    followed?.reading.delayNs ?? NaN,
    followed?.reading.grandmaster?.clockClass ?? NaN,
    followed?.reading.grandmaster?.stepsRemoved ?? NaN,
    unlockedSeconds(report, nowMicros),
    counts["step"] ?? 0,
    disagreements,
  ]);
}

function sourceMetrics({ name, reading, offsetNs }: SourceJudgement): Metric[] {
  const labels = { source: name };
  return [
    gauge("clock_source_usable", "1 if the source can be followed", +reading.usable, labels),
    gauge("clock_source_offset_ns", "Own clock minus the source", offsetNs, labels),
    gauge("clock_source_delay_ns", "Way to the source", reading.delayNs, labels),
  ];
}

function networkMetrics(
  { messages, refused, findings, unlisted }: ObserverReport,
  lost: number,
): Metric[] {
  const wrong = "Things that are not as the PTP profile wants them";
  return [
    ...counters("ptp_messages_total", "PTP messages that were heard", "type", messages),
    ...counters("ptp_refused_total", "PTP messages that cannot be read", "kind", refused),
    counter("ptp_lost_total", "PTP messages that came to the host and were not looked at", lost),
    gauge("ptp_findings", wrong, findings.length),
    counter(
      "ptp_findings_unlisted_total",
      "Times that something wrong was seen for which there was no room among the findings",
      unlisted,
    ),
  ];
}

/** One counter for each key, which stands in the label `label`. */
function counters(
  name: string,
  help: string,
  label: string,
  counts: Readonly<Record<string, number>>,
): Metric[] {
  return Object.entries(counts).map(([key, value]) => counter(name, help, value, { [label]: key }));
}
