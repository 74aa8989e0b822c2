/**
 * Metrics: the numbers of `/metrics`.
 *
 * @module
 */

/** One number for `/metrics`, named in Prometheus style without the `tieline_` prefix. */
export interface Metric {
  /** Name, for example `input_frames_received_total`. */
  readonly name: string;
  /** One line for people. */
  readonly help: string;
  /** A counter only grows; a gauge may fall. */
  readonly type: "counter" | "gauge";
  /** The number. */
  readonly value: number;
  /** Labels beside the part's own `part` label. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** A number that only grows. */
export function counter(
  name: string,
  help: string,
  value: number,
  labels?: Metric["labels"],
): Metric {
  return { name, help, type: "counter", value, ...(labels && { labels }) };
}

/** A number that may fall. */
export function gauge(
  name: string,
  help: string,
  value: number,
  labels?: Metric["labels"],
): Metric {
  return { name, help, type: "gauge", value, ...(labels && { labels }) };
}
