/**
 * Event records as CSV (RFC 4180).
 *
 * @module
 */
import { formatInstant, type Instant } from "../core/mod.ts";
import type { EventRecordContent } from "./record_content.ts";
import { quoted } from "./frame_record_csv.ts";
import { type RecordedWaveform, setTimeOfSample } from "./record_waveform.ts";
import type { WaveformChannel } from "./waveform_stream.ts";

/**
 * The lines of a waveform without their ends: a head, then one line per sample.
 *
 * Columns are the time (ISO 8601, UTC, nine decimals), the values, their quality words and the marks.
 * Raw values are whole, and their heads say what one is: `Ia [0.001 A]`, or `Ua [0.01 V -5]` with an
 * offset. With `isScaled` they are in the unit itself: `Ia [A]`.
 */
export function* csvLines(
  { stream }: EventRecordContent,
  waveform: RecordedWaveform,
  isScaled: boolean,
): Generator<string> {
  const { channels, rate } = stream;
  yield [
    "time",
    ...channels.map((channel) => quoted(headOf(channel, isScaled))),
    ...channels.map(({ name }) => quoted(`${name} quality`)),
    "marks",
  ].join(",");
  const text = channels.map((channel) => isScaled ? scaledText(channel) : String);
  const { values, quality, marks } = waveform;
  const at: Instant = { seconds: 0, nanos: 0 };
  for (let k = 0; k < waveform.count; k++) {
    setTimeOfSample(at, waveform, k, rate);
    let line = formatInstant(at);
    for (let c = 0; c < channels.length; c++) line += `,${text[c]!(values[c]![k]!)}`;
    for (let c = 0; c < channels.length; c++) line += `,${quality[c]![k]!}`;
    yield `${line},${marks[k]!}`;
  }
}

function headOf({ name, unit, scale, offset }: WaveformChannel, isScaled: boolean): string {
  if (isScaled) return unit === "" ? name : `${name} [${unit}]`;
  const shift = offset === 0 ? "" : ` ${offset < 0 ? "" : "+"}${offset}`;
  return `${name} [${scale} ${unit}${shift}]`;
}

/** Decimal text of raw values; for scales that are powers of ten as many decimals as they have. */
function scaledText({ scale, offset }: WaveformChannel): (raw: number) => string {
  const decimals = Math.round(-Math.log10(scale));
  const isDecimal = offset === 0 && decimals >= 0 && decimals <= 12 &&
    scale === Number(`1e-${decimals}`);
  return isDecimal
    ? (raw) => (raw * scale).toFixed(decimals)
    : (raw) => String(raw * scale + offset);
}
