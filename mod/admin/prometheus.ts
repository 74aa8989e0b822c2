/**
 * Metrics in the text format that Prometheus scrapes (version 0.0.4).
 *
 * @module
 */
import { finishSteps, type Metric, type Steps } from "../core/mod.ts";

/** The numbers of one part. */
export interface PartMetrics {
  /** Name of the part, written as the label `part`. */
  readonly part: string;
  /** Its numbers. */
  readonly metrics: readonly Metric[];
}

/** All metrics as one text: grouped by name, each with its help and type once. */
export function prometheusText(parts: Iterable<PartMetrics>): string {
  return finishSteps(prometheusSteps(parts));
}

/** The same in steps, one part in each. */
export function* prometheusSteps(parts: Iterable<PartMetrics>): Steps<string> {
  const families = new Map<string, { head: string; lines: string[] }>();
  for (const { part, metrics } of parts) {
    for (const metric of metrics) {
      const name = `tieline_${metric.name}`;
      let family = families.get(name);
      if (!family) {
        family = {
          head: `# HELP ${name} ${escapeHelp(metric.help)}\n# TYPE ${name} ${metric.type}\n`,
          lines: [],
        };
        families.set(name, family);
      }
      const labels = Object.entries({ part, ...metric.labels })
        .map(([key, value]) => `${key}="${escapeLabel(value)}"`).join(",");
      family.lines.push(`${name}{${labels}} ${numberText(metric.value)}\n`);
    }
    yield;
  }
  return [...families.values()].map(({ head, lines }) => head + lines.join("")).join("");
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return String(value);
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
