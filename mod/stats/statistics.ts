/**
 * The names, tag suffixes, units and descriptions of the common time-series statistics, table by table.
 *
 * Each table is in the order of its numbers; what has no counterpart in this program stands in
 * {@linkcode NOT_APPLICABLE} with the reason, and nowhere else.
 *
 * @module
 */
import type { StatisticDefinition, StatisticRow } from "../core/mod.ts";
export type { StatisticDefinition, StatisticRow };

/** Statistics of a device, in the order of their numbers: the first is `!PMU-ST1`. */
export const DEVICE_STATISTICS: readonly StatisticDefinition[] = define("!PMU-ST", [
  ["Data Quality Errors", "Number of data quality errors reported by device"],
  ["Time Quality Errors", "Number of time quality errors reported by device"],
  ["Device Errors", "Number of device errors reported by device"],
  ["Measurements Received", "Number of measurements received from device"],
  ["Measurements Expected", "Expected number of measurements received from device"],
  [
    "Measurements With Error",
    "Number of measurements received while device was reporting errors",
  ],
  ["Measurements Defined", "Number of defined measurements (per frame) from device"],
]);

/** Statistics of an input stream, in the order of their numbers: the first is `!IS-ST1`. */
export const INPUT_STREAM_STATISTICS: readonly StatisticDefinition[] = define("!IS-ST", [
  ["Total Frames", "Total number of frames received from input stream"],
  [
    "Last Report Time",
    "Timestamp of last received data frame from input stream, in seconds since the midnight (UTC) before it.",
    "s",
  ],
  ["Missing Frames", "Number of frames that were not received from input stream"],
  ["CRC Errors", "Number of CRC errors reported from input stream"],
  ["Out of Order Frames", "Number of out-of-order frames received from input stream"],
  ["Minimum Latency", "Minimum latency from input stream, in milliseconds,", "ms"],
  ["Maximum Latency", "Maximum latency from input stream, in milliseconds,", "ms"],
  [
    "Input Stream Connected",
    "Boolean value representing if input stream was continually connected",
  ],
  [
    "Received Configuration",
    "Boolean value representing if input stream has received (or has cached) a configuration frame",
  ],
  ["Configuration Changes", "Number of configuration changes reported by input stream"],
  ["Total Data Frames", "Number of data frames received from input stream"],
  ["Total Configuration Frames", "Number of configuration frames received from input stream"],
  ["Total Header Frames", "Number of header frames received from input stream"],
  [
    "Average Latency",
    "Average latency, in milliseconds, for data received from input stream",
    "ms",
  ],
  ["Defined Frame Rate", "Frame rate as defined by input stream", "frames/s"],
  [
    "Actual Frame Rate",
    "Latest actual mean frame rate for data received from input stream",
    "frames/s",
  ],
  [
    "Actual Data Rate",
    "Latest actual mean Mbps data rate for data received from input stream",
    "Mbit/s",
  ],
  [
    "Missing Data",
    "Number of data units that were not received at least once from input stream",
  ],
  ["Total Bytes Received", "Number of bytes received from the input source", "bytes"],
  [
    "Lifetime Measurements",
    "Number of processed measurements reported by the input stream during the lifetime of the input stream.",
  ],
  [
    "Lifetime Bytes Received",
    "Number of bytes received from the input source during the lifetime of the input stream.",
    "bytes",
  ],
  [
    "Minimum Measurements Per Second",
    "The minimum number of measurements received per second",
    "1/s",
  ],
  [
    "Maximum Measurements Per Second",
    "The maximum number of measurements received per second",
    "1/s",
  ],
  [
    "Average Measurements Per Second",
    "The average number of measurements received per second",
    "1/s",
  ],
  [
    "Lifetime Minimum Latency",
    "Minimum latency from input stream, in milliseconds, during the lifetime of the input stream.",
    "ms",
  ],
  [
    "Lifetime Maximum Latency",
    "Maximum latency from input stream, in milliseconds, during the lifetime of the input stream.",
    "ms",
  ],
  [
    "Lifetime Average Latency",
    "Average latency, in milliseconds, for data received from input stream during the lifetime of the input stream.",
    "ms",
  ],
  ["Up Time", "Total number of seconds input stream has been running.", "s"],
]);

/** Statistics of an STTP output as a whole: the first is `!PUB-ST1`. */
export const PUBLISHER_STATISTICS: readonly StatisticDefinition[] = define("!PUB-ST", [
  ["Publisher Connected", "Boolean value representing if the publisher was continually connected"],
  ["Connected Clients", "Number of clients connected to the command channel of the publisher"],
  ["Processed Measurements", "Number of processed measurements reported by the publisher"],
  ["Total Bytes Sent", "Number of bytes sent by the publisher", "bytes"],
  [
    "Lifetime Measurements",
    "Number of processed measurements reported by the publisher during the lifetime of the publisher.",
  ],
  [
    "Lifetime Bytes Sent",
    "Number of bytes sent by the publisher during the lifetime of the publisher.",
    "bytes",
  ],
  [
    "Minimum Measurements Per Second",
    "The minimum number of measurements sent per second",
    "1/s",
  ],
  [
    "Maximum Measurements Per Second",
    "The maximum number of measurements sent per second",
    "1/s",
  ],
  [
    "Average Measurements Per Second",
    "The average number of measurements sent per second",
    "1/s",
  ],
  [
    "Lifetime Minimum Latency",
    "Minimum latency from output stream, in milliseconds, during the lifetime of the publisher.",
    "ms",
  ],
  [
    "Lifetime Maximum Latency",
    "Maximum latency from output stream, in milliseconds, during the lifetime of the publisher.",
    "ms",
  ],
  [
    "Lifetime Average Latency",
    "Average latency from output stream, in milliseconds, during the lifetime of the publisher.",
    "ms",
  ],
  ["Up Time", "Total number of seconds publisher has been running.", "s"],
]);

/** Statistics of a C37.118 output stream; the number that is left out stands in {@linkcode NOT_APPLICABLE}. */
export const OUTPUT_STREAM_STATISTICS: readonly StatisticDefinition[] = [
  numbered(
    "!OS-ST",
    1,
    "Discarded Measurements",
    "Number of discarded measurements reported by output stream",
  ),
  numbered(
    "!OS-ST",
    2,
    "Received Measurements",
    "Number of received measurements reported by the output stream",
  ),
  numbered(
    "!OS-ST",
    3,
    "Expected Measurements",
    "Number of expected measurements reported by the output stream",
  ),
  numbered(
    "!OS-ST",
    4,
    "Processed Measurements",
    "Number of processed measurements reported by the output stream",
  ),
  numbered(
    "!OS-ST",
    5,
    "Measurements Sorted by Arrival",
    "Number of measurements sorted by arrival reported by the output stream",
  ),
  numbered(
    "!OS-ST",
    6,
    "Published Measurements",
    "Number of published measurements reported by output stream",
  ),
  numbered(
    "!OS-ST",
    7,
    "Downsampled Measurements",
    "Number of downsampled measurements reported by the output stream",
  ),
  numbered(
    "!OS-ST",
    9,
    "Frames Ahead of Schedule",
    "Number of frames ahead of schedule reported by the output stream",
  ),
  numbered(
    "!OS-ST",
    10,
    "Published Frames",
    "Number of published frames reported by the output stream",
  ),
  numbered(
    "!OS-ST",
    11,
    "Output Stream Connected",
    "Boolean value representing if the output stream was continually connected",
  ),
  numbered(
    "!OS-ST",
    12,
    "Minimum Latency",
    "Minimum latency from output stream, in milliseconds,",
    "ms",
  ),
  numbered(
    "!OS-ST",
    13,
    "Maximum Latency",
    "Maximum latency from output stream, in milliseconds,",
    "ms",
  ),
  numbered(
    "!OS-ST",
    14,
    "Average Latency",
    "Average latency, in milliseconds, for data published from output stream",
    "ms",
  ),
  numbered(
    "!OS-ST",
    15,
    "Connected Clients",
    "Number of clients connected to the command channel of the output stream",
  ),
  numbered("!OS-ST", 16, "Total Bytes Sent", "Number of bytes sent from output stream", "bytes"),
  numbered(
    "!OS-ST",
    17,
    "Lifetime Measurements",
    "Number of processed measurements reported by the output stream during the lifetime of the output stream.",
  ),
  numbered(
    "!OS-ST",
    18,
    "Lifetime Bytes Sent",
    "Number of bytes sent from the output source during the lifetime of the output stream.",
    "bytes",
  ),
  numbered(
    "!OS-ST",
    19,
    "Minimum Measurements Per Second",
    "The minimum number of measurements sent per second",
    "1/s",
  ),
  numbered(
    "!OS-ST",
    20,
    "Maximum Measurements Per Second",
    "The maximum number of measurements sent per second",
    "1/s",
  ),
  numbered(
    "!OS-ST",
    21,
    "Average Measurements Per Second",
    "The average number of measurements sent per second",
    "1/s",
  ),
  numbered(
    "!OS-ST",
    22,
    "Lifetime Minimum Latency",
    "Minimum latency from output stream, in milliseconds, during the lifetime of the output stream.",
    "ms",
  ),
  numbered(
    "!OS-ST",
    23,
    "Lifetime Maximum Latency",
    "Maximum latency from output stream, in milliseconds, during the lifetime of the output stream.",
    "ms",
  ),
  numbered(
    "!OS-ST",
    24,
    "Lifetime Average Latency",
    "Average latency from output stream, in milliseconds, during the lifetime of the output stream.",
    "ms",
  ),
  numbered(
    "!OS-ST",
    25,
    "Lifetime Discarded Measurements",
    "Number of discarded measurements reported by output stream during the lifetime of the output stream.",
  ),
  numbered(
    "!OS-ST",
    26,
    "Lifetime Downsampled Measurements",
    "Number of downsampled measurements reported by the output stream during the lifetime of the output stream.",
  ),
  numbered("!OS-ST", 27, "Up Time", "Total number of seconds output stream has been running.", "s"),
];

/** Statistics of an STTP input, which is a subscriber: the first is `!SUB-ST1`. */
export const SUBSCRIBER_STATISTICS: readonly StatisticDefinition[] = define("!SUB-ST", [
  [
    "Subscriber Connected",
    "Boolean value representing if the subscriber was continually connected",
  ],
  [
    "Subscriber Authenticated",
    "Boolean value representing if the subscriber was authenticated to the publisher",
  ],
  ["Processed Measurements", "Number of processed measurements reported by the subscriber"],
  ["Total Bytes Received", "Number of bytes received from subscriber", "bytes"],
  [
    "Authorized Signal Count",
    "Number of signals authorized to the subscriber by the publisher.",
  ],
  ["Unauthorized Signal Count", "Number of signals denied to the subscriber by the publisher."],
  [
    "Lifetime Measurements",
    "Number of processed measurements reported by the subscriber during the lifetime of the subscriber.",
  ],
  [
    "Lifetime Bytes Received",
    "Number of bytes received from subscriber during the lifetime of the subscriber.",
    "bytes",
  ],
  [
    "Minimum Measurements Per Second",
    "The minimum number of measurements received per second",
    "1/s",
  ],
  [
    "Maximum Measurements Per Second",
    "The maximum number of measurements received per second",
    "1/s",
  ],
  [
    "Average Measurements Per Second",
    "The average number of measurements received per second",
    "1/s",
  ],
  [
    "Lifetime Minimum Latency",
    "Minimum latency from output stream, in milliseconds, during the lifetime of the subscriber.",
    "ms",
  ],
  [
    "Lifetime Maximum Latency",
    "Maximum latency from output stream, in milliseconds, during the lifetime of the subscriber.",
    "ms",
  ],
  [
    "Lifetime Average Latency",
    "Average latency from output stream, in milliseconds, during the lifetime of the subscriber.",
    "ms",
  ],
  ["Up Time", "Total number of seconds subscriber has been running.", "s"],
]);

/** Statistics of the process; the numbers that are left out stand in {@linkcode NOT_APPLICABLE}. */
export const SYSTEM_STATISTICS: readonly StatisticDefinition[] = [
  numbered("!SYSTEM-ST", 1, "CPU Usage", "Percentage of CPU currently used by this process.", "%"),
  numbered(
    "!SYSTEM-ST",
    2,
    "Average CPU Usage",
    "Average percentage of CPU used by this process.",
    "%",
  ),
  numbered(
    "!SYSTEM-ST",
    3,
    "Memory Usage",
    "Amount of memory currently used by this process in megabytes.",
    "MB",
  ),
  numbered(
    "!SYSTEM-ST",
    4,
    "Average Memory Usage",
    "Average amount of memory used by this process in megabytes.",
    "MB",
  ),
  numbered(
    "!SYSTEM-ST",
    9,
    "IO Usage",
    "Amount of IO currently used by this process in kilobytes per second.",
    "kB/s",
  ),
  numbered(
    "!SYSTEM-ST",
    10,
    "Average IO Usage",
    "Average amount of IO used by this process in kilobytes per second.",
    "kB/s",
  ),
  numbered("!SYSTEM-ST", 15, "Up Time", "Total number of seconds system has been running.", "s"),
];

/** Statistics of the gateway's clock: the first is `!CLOCK-ST1`. */
export const CLOCK_STATISTICS: readonly StatisticDefinition[] = define("!CLOCK-ST", [
  ["Clock State", "State of the clock: 0 locked, 1 local, 2 holdover, 3 free, 4 fault."],
  ["Clock Error", "Upper bound of the error of the clock, in nanoseconds.", "ns"],
  ["Clock Offset", "Clock minus the source that is followed, in nanoseconds.", "ns"],
  ["Path Delay", "Delay of the way to the source that is followed, in nanoseconds.", "ns"],
  ["Grandmaster Class", "clockClass of the grandmaster that is followed."],
  ["Steps Removed", "Boundary clocks between the grandmaster and the gateway."],
  ["Unlocked Time", "Seconds since the clock was locked last.", "s"],
  [
    "Clock Steps",
    "Number of steps of the clock and of its sources since the start of the program.",
  ],
  [
    "Disagreements",
    "Pairs of sources that differ by more than both admit of their error.",
  ],
]);

/** All statistics that this program publishes. */
export const STATISTICS: readonly StatisticDefinition[] = [
  ...DEVICE_STATISTICS,
  ...INPUT_STREAM_STATISTICS,
  ...OUTPUT_STREAM_STATISTICS,
  ...PUBLISHER_STATISTICS,
  ...SUBSCRIBER_STATISTICS,
  ...SYSTEM_STATISTICS,
  ...CLOCK_STATISTICS,
];

/** Statistics of the common tables that this program cannot have. */
export const NOT_APPLICABLE: readonly {
  /** Tag suffix. */
  readonly suffix: string;
  /** Name, or that of the table. */
  readonly name: string;
  /** Why it cannot be had. */
  readonly reason: string;
}[] = [
  {
    suffix: "!OS-ST8",
    name: "Missed Sorts by Timeout",
    reason: "frames are sorted on one thread, which waits for no lock",
  },
  {
    suffix: "!SYSTEM-ST5",
    name: "Thread Count",
    reason:
      "the run time shows it only to a process that may do everything, which the gateway may not",
  },
  { suffix: "!SYSTEM-ST6", name: "Average Thread Count", reason: "as Thread Count" },
  {
    suffix: "!SYSTEM-ST7",
    name: "Threading Contention Rate",
    reason: "the program works on one thread and takes no locks",
  },
  {
    suffix: "!SYSTEM-ST8",
    name: "Average Threading Contention Rate",
    reason: "as Threading Contention Rate",
  },
  {
    suffix: "!SYSTEM-ST11",
    name: "IP Data Send Rate",
    reason: "the kernel counts datagrams by host and by interface, not by process",
  },
  { suffix: "!SYSTEM-ST12", name: "Average IP Data Send Rate", reason: "as IP Data Send Rate" },
  { suffix: "!SYSTEM-ST13", name: "IP Data Receive Rate", reason: "as IP Data Send Rate" },
  { suffix: "!SYSTEM-ST14", name: "Average IP Data Receive Rate", reason: "as IP Data Send Rate" },
];

/** What stands between the acronym of a source and `-ST` in the tables above. */
const TABLES = /!(?:PMU|IS|OS|PUB|SUB|SYSTEM|CLOCK)$/;

/** True if `acronym` is that of the statistics of something, which a device must not have. */
export function isStatisticsAcronym(acronym: string): boolean {
  return TABLES.test(acronym);
}

/** The statistics `definitions` about `source` with their `values`, which are in the same order. */
export function statisticRows(
  source: string,
  definitions: readonly StatisticDefinition[],
  values: readonly number[],
): StatisticRow[] {
  return definitions.map(({ suffix, name }, i) => ({ source, suffix, name, value: values[i]! }));
}

function define(
  prefix: string,
  rows: readonly (readonly [name: string, text: string, unit?: string])[],
): StatisticDefinition[] {
  return rows.map(([name, text, unit], i) => numbered(prefix, i + 1, name, text, unit));
}

/** A sentence that has no end is one about the last reporting interval. */
function numbered(
  prefix: string,
  number: number,
  name: string,
  text: string,
  unit = "",
): StatisticDefinition {
  return {
    suffix: `${prefix}${number}`,
    name,
    unit,
    description: text.endsWith(".") ? text : `${text} during last reporting interval.`,
  };
}
