/**
 * The configuration file (IEEE C37.111-2013, 7.4).
 *
 * @module
 */
import type { AnalogChannel, ComtradeRecord, DataFormat } from "./types.ts";
import { formatOffset, formatTime } from "./time.ts";

/** Text of the configuration file, lines ending in CR LF. Texts lose commas and control characters, which cannot stand in them. */
export function encodeCfg(record: ComtradeRecord, format: DataFormat): string {
  const { analog, digital, rates, samples } = record;
  const offset = record.timeOffsetMinutes ?? 0;
  const hasNanos = [record.start, record.trigger].some((at) => at && at.nanos % 1000 !== 0);
  const time = (at: ComtradeRecord["start"]) => at ? formatTime(at, offset, hasNanos) : ",";
  const lines = [
    `${text(record.station, 64)},${text(record.device, 64)},2013`,
    `${analog.length + digital.length},${analog.length}A,${digital.length}D`,
    ...analog.map((channel, i) => analogLine(channel, i + 1)),
    ...digital.map(({ name, phase, component, normalState }, i) =>
      [i + 1, text(name, 128), text(phase, 2), text(component, 64), normalState].join(",")
    ),
    `${record.frequency}`,
    `${rates.length}`,
    ...(rates.length > 0
      ? rates.map(({ hertz, lastSample }) => `${hertz},${lastSample}`)
      : [`0,${samples}`]),
    time(record.start),
    time(record.trigger),
    format,
    // Stamps count microseconds in either case: in files to the nanosecond they are multiplied by 1000.
    hasNanos ? "1000" : "1",
    `${formatOffset(offset)},${formatOffset(record.localOffsetMinutes)}`,
    `${record.timeQuality.toString(16).toUpperCase()},${record.leapSecond}`,
  ];
  return lines.map((line) => `${line}\r\n`).join("");
}

function analogLine(channel: AnalogChannel, number: number): string {
  const { name, phase, component, unit, a, b, skew, primary, secondary, side, values } = channel;
  let min = Infinity, max = -Infinity;
  for (let k = 0; k < values.length; k++) {
    const value = values[k]!;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  if (min > max) min = max = 0; // no sample
  return [
    ...[number, text(name, 128), text(phase, 2), text(component, 64), text(unit, 32)],
    ...[a, b, skew, min, max, primary, secondary, side],
  ].join(",");
}

function text(value: string, most: number): string {
  // deno-lint-ignore no-control-regex -- neither commas nor line ends can be written
  return value.replace(/[,\u0000-\u001f\u007f]/g, " ").slice(0, most);
}
