/**
 * Numbers and times as operators read them. All times are UTC.
 *
 * @module
 */

/**
 * A number with so many decimals; a dash for none.
 *
 * @param {number | null | undefined} value
 * @param {number} [decimals]
 */
export function fixed(value, decimals = 0) {
  return typeof value === "number" && Number.isFinite(value) ? value.toFixed(decimals) : "–";
}

/**
 * A whole number in groups of three.
 *
 * @param {number | null | undefined} value
 */
export function whole(value) {
  if (typeof value !== "number" || !Number.isFinite(value)) return "–";
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, "\u2009");
}

/**
 * Bytes in the unit that fits.
 *
 * @param {number | null | undefined} bytes
 */
export function size(bytes) {
  if (typeof bytes !== "number" || !Number.isFinite(bytes)) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let n = bytes, i = 0;
  while (n >= 1000 && i < units.length - 1) [n, i] = [n / 1000, i + 1];
  return `${n.toFixed(i === 0 || n >= 100 ? 0 : 1)} ${units[i]}`;
}

/**
 * A time difference in nanoseconds in the unit that fits.
 *
 * @param {number | null | undefined} ns
 */
export function nanos(ns) {
  if (typeof ns !== "number" || !Number.isFinite(ns)) return "–";
  const a = Math.abs(ns);
  if (a < 1000) return `${ns.toFixed(0)} ns`;
  if (a < 1e6) return `${(ns / 1000).toFixed(a < 1e4 ? 2 : 1)} µs`;
  if (a < 1e9) return `${(ns / 1e6).toFixed(a < 1e7 ? 2 : 1)} ms`;
  return `${(ns / 1e9).toFixed(2)} s`;
}

/**
 * Seconds as a span: `42 s`, `3 min 05 s`, `2 h 11 min`, `5 d 03 h`.
 *
 * @param {number | null | undefined} seconds
 */
export function span(seconds) {
  if (typeof seconds !== "number" || !Number.isFinite(seconds)) return "–";
  const s = Math.max(0, Math.floor(seconds));
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${two(Math.floor(s / 60) % 60)} min`;
  return `${Math.floor(s / 86_400)} d ${two(Math.floor(s / 3600) % 24)} h`;
}

/**
 * `2026-11-27 08:15:09`.
 *
 * @param {number | null | undefined} micros
 */
export function dateTime(micros) {
  if (!micros) return "–";
  return new Date(micros / 1000).toISOString().slice(0, 19).replace("T", " ");
}

/**
 * `08:15:09`, with so many decimals.
 *
 * @param {number | null | undefined} micros
 * @param {number} [decimals]
 */
export function timeOfDay(micros, decimals = 0) {
  if (!micros) return "–";
  const text = new Date(micros / 1000).toISOString().slice(11, 23);
  return decimals === 0 ? text.slice(0, 8) : text.slice(0, 9 + decimals);
}

/**
 * The value of a signal: as many digits as its kind deserves.
 *
 * @param {number | null | undefined} value
 * @param {string} type Acronym of the kind: FREQ, DFDT, VPHM, ...
 */
export function measured(value, type) {
  if (typeof value !== "number" || !Number.isFinite(value)) return "–";
  if (type === "FREQ" || type === "DFDT") return value.toFixed(4);
  if (type === "VPHA" || type === "IPHA") return value.toFixed(2);
  if (type === "FLAG" || type === "DIGI") {
    return `0x${Math.round(value).toString(16).toUpperCase().padStart(4, "0")}`;
  }
  const a = Math.abs(value);
  if (a !== 0 && (a >= 1e7 || a < 1e-3)) return value.toExponential(3);
  return a >= 10_000 ? whole(value) : value.toFixed(a >= 100 ? 1 : 3);
}

/**
 * The value of a signal with its unit, large ones in thousands: `288.72 kV`, `-93.42°`, `60.0007 Hz`.
 *
 * @param {number | null | undefined} value
 * @param {string} type Acronym of the kind.
 * @param {string} unit As the metadata name it.
 */
export function quantity(value, type, unit) {
  if (typeof value !== "number" || !Number.isFinite(value)) return "–";
  if (type.endsWith("PHA")) return `${measured(value, type)}°`;
  /** @type {Record<string, string>} */
  const short = { Volts: "V", Amps: "A", Hz: "Hz", Degrees: "°" };
  const name = short[unit] ?? (type === "DFDT" ? "Hz/s" : "");
  const a = Math.abs(value);
  if ((name === "V" || name === "A") && a >= 10_000) {
    return a >= 1e7
      ? `${(value / 1e6).toFixed(3)} M${name}`
      : `${(value / 1e3).toFixed(2)} k${name}`;
  }
  return `${measured(value, type)}${name === "" || name === "°" ? name : ` ${name}`}`;
}

/** Severities, as the configuration of alarms names them. */
export const SEVERITIES = [
  "none",
  "info",
  "low",
  "mediumLow",
  "medium",
  "mediumHigh",
  "high",
  "range",
  "critical",
  "flatline",
  "error",
];
/** What the state flags say, by bit, in words (IEEE 2664). */
export const FLAG_WORDS = [
  "bad data",
  "suspect data",
  "over range",
  "under range",
  "alarm high",
  "alarm low",
  "warning high",
  "warning low",
  "flatline",
  "comparison alarm",
  "rate of change",
  "received as bad",
  "calculated",
  "calculation error",
  "calculation warning",
  "",
  "bad time",
  "suspect time",
  "late",
  "future time",
  "up-sampled",
  "down-sampled",
  "discarded",
  "",
  "",
  "",
  "",
  "",
  "",
  "system error",
  "system warning",
  "measurement error",
];

/**
 * State flags in words; empty for plain good values.
 *
 * @param {number} flags
 */
export function flagText(flags) {
  const words = [];
  for (let bit = 0; bit < 32; bit++) {
    if (flags >>> bit & 1) words.push(FLAG_WORDS[bit] || `bit ${bit}`);
  }
  return words.join(", ");
}

/**
 * Class of a word for the state of the clock: nothing is said of a good one.
 *
 * @param {string | undefined} state
 */
export function clockTone(state) {
  if (state === undefined || state === "locked" || state === "local") return "";
  return state === "holdover" ? "warning" : "alarm";
}
