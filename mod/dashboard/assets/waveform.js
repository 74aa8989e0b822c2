/**
 * A recorded waveform as numbers, and what is worked out of it.
 *
 * @module
 */

/** @typedef {{ name: string, phase: string, unit: string }} Channel */
/**
 * @typedef {object} Waveform
 * @property {Float64Array} times Milliseconds from the trigger.
 * @property {Float64Array[]} values By channel, in its unit; NaN where a sample was never received.
 * @property {Uint8Array} doubtful 1 where a sample was not plainly good.
 * @property {Uint8Array} missing 1 where a sample was never received.
 */

/** The mark of a sample that was never received. */
const FILLED = 1;

/**
 * Reads what `format=csv&scaled=true` answers: a head, then time, values, quality words and marks of each sample.
 *
 * @param {string} csv
 * @param {number} channels
 * @param {number} triggerMicros
 * @returns {Waveform}
 */
export function parseWaveform(csv, channels, triggerMicros) {
  const lines = csv.split("\r\n");
  const count = Math.max(0, lines.length - (lines.at(-1) === "" ? 2 : 1));
  const times = new Float64Array(count);
  const doubtful = new Uint8Array(count), missing = new Uint8Array(count);
  const values = Array.from({ length: channels }, () => new Float64Array(count));
  const triggerSecond = Math.floor(triggerMicros / 1e6);
  const triggerMs = (triggerMicros - triggerSecond * 1e6) / 1000;
  for (let k = 0; k < count; k++) {
    const cells = (lines[k + 1] ?? "").split(",");
    times[k] = millisecondsFrom(cells[0] ?? "", triggerSecond) - triggerMs;
    for (let c = 0; c < channels; c++) {
      const column = values[c];
      if (column) column[k] = Number(cells[c + 1]);
    }
    for (let c = channels + 1; c < cells.length; c++) if (cells[c] !== "0") doubtful[k] = 1;
    if (Number(cells.at(-1)) & FILLED) {
      // Zeros stand in its place, which nobody has measured.
      missing[k] = 1;
      for (const column of values) column[k] = NaN;
    }
  }
  return { times, values, doubtful, missing };
}

/**
 * `2026-11-27T08:15:09.123456789Z` as milliseconds from a second, exact to the nanosecond.
 *
 * @param {string} text
 * @param {number} second
 */
function millisecondsFrom(text, second) {
  const whole = Date.parse(`${text.slice(0, 19)}Z`) / 1000;
  return (whole - second) * 1000 + Number(text.slice(20, 29)) / 1e6;
}

/**
 * RMS over the cycle that ends at each sample; NaN in the first cycle, and while a sample of the cycle is missing.
 *
 * @param {Float64Array} values
 * @param {number} cycle Samples of one cycle.
 */
export function slidingRms(values, cycle) {
  const result = new Float64Array(values.length).fill(NaN);
  let sum = 0, missing = 0;
  for (let k = 0; k < values.length; k++) {
    const now = values[k] ?? NaN;
    if (Number.isNaN(now)) missing++;
    else sum += now * now;
    if (k >= cycle) {
      const gone = values[k - cycle] ?? NaN;
      if (Number.isNaN(gone)) missing--;
      else sum -= gone * gone;
    }
    if (k >= cycle - 1 && missing === 0) result[k] = Math.sqrt(Math.max(0, sum) / cycle);
  }
  return result;
}

/**
 * Place of the sample nearest to a time.
 *
 * @param {Float64Array} times Rising.
 * @param {number} ms
 */
export function nearest(times, ms) {
  let low = 0, high = times.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= ms) low = middle;
    else high = middle;
  }
  return ms - (times[low] ?? 0) <= (times[high] ?? 0) - ms ? low : high;
}
