/**
 * The phasors among the signals of a device, and the rows that show the values of them all.
 *
 * @module
 */
import { fill, h, mark, say } from "./dom.js";
import { flagText, quantity } from "./format.js";

/** @typedef {import("./live.js").ShownSignal} ShownSignal */
/** @typedef {import("./live.js").Values} Values */
/**
 * A phasor: the places of its two signals among the values.
 *
 * @typedef {{ label: string, phase: string, current: boolean, magnitude: number, angle: number }} Pair
 */

/**
 * Phasors by device, kind and label: a magnitude and an angle each.
 *
 * @param {readonly ShownSignal[]} signals
 * @returns {Pair[]}
 */
export function pairsOf(signals) {
  return signals.flatMap((own, magnitude) => {
    if (own.type !== "VPHM" && own.type !== "IPHM") return [];
    const type = own.type === "VPHM" ? "VPHA" : "IPHA";
    // References of a device count its phasors: PM1 and PA1 are one.
    const reference = own.reference.replace(/-PM(\d+)$/, "-PA$1");
    const angle = signals.findIndex((s) => s.type === type && s.reference === reference);
    if (angle < 0) return [];
    return [{ label: own.label, phase: own.phase, current: own.type === "IPHM", magnitude, angle }];
  });
}

/**
 * An angle against another one, from -180 to 180 degrees; null if one of them is missing.
 *
 * @param {number | null | undefined} angle
 * @param {number} against NaN is missing.
 */
export function relative(angle, against) {
  if (angle === null || angle === undefined || Number.isNaN(against)) return null;
  if (against === 0) return angle;
  const turned = (angle - against) % 360;
  return turned > 180 ? turned - 360 : turned <= -180 ? turned + 360 : turned;
}

/**
 * @param {HTMLElement} body
 * @param {readonly ShownSignal[]} signals
 * @param {readonly Pair[]} pairs
 */
export function makeRows(body, signals, pairs) {
  const paired = new Set(pairs.flatMap(({ magnitude, angle }) => [magnitude, angle]));
  const phasors = pairs.map(({ label, phase, current, magnitude, angle }) => {
    const swatch = `swatch ${/^[ABC]$/.test(phase) ? phase.toLowerCase() : ""}`;
    return h(
      "tr",
      {},
      h("td", { class: "wide" }, h("i", { class: current ? `${swatch} current` : swatch }), label),
      valueCell(signals[magnitude]),
      valueCell(signals[angle]),
      h("td"),
    );
  });
  const others = signals.flatMap((signal, i) =>
    paired.has(i) ? [] : [h(
      "tr",
      {},
      h("td", { class: "wide", title: signal.label }, nameOf(signal)),
      valueCell(signal),
      h("td"),
      h("td"),
    )]
  );
  fill(body, phasors, others);
}

/**
 * What a signal beside the phasors is called: labels of digital words are long lists of their bits.
 *
 * @param {ShownSignal} signal
 */
function nameOf({ type, label, reference }) {
  if (type === "FREQ") return "Frequency";
  if (type === "DFDT") return "ROCOF";
  const word = /-DV(\d+)$/.exec(reference)?.[1];
  return word ? `Digital word ${word}` : label || type;
}

/** @param {ShownSignal | undefined} signal */
function valueCell(signal) {
  return h(
    "td",
    { class: "num", "data-id": signal?.id ?? false, title: signal?.tag ?? false },
    "–",
  );
}

/**
 * @param {HTMLElement} body
 * @param {readonly ShownSignal[]} signals
 * @param {readonly Pair[]} pairs
 * @param {Values} values
 * @param {number} turned
 */
export function fillRows(body, signals, pairs, { values, flags }, turned) {
  const paired = new Set(pairs.flatMap(({ magnitude, angle }) => [magnitude, angle]));
  const put = (/** @type {Element | undefined} */ cell, /** @type {number} */ at, shift = 0) => {
    const value = values[at] ?? null, { type = "", unit = "" } = signals[at] ?? {};
    if (!cell) return;
    say(cell, quantity(type.endsWith("PHA") ? relative(value, shift) : value, type, unit));
    mark(cell, "data-value", String(value));
  };
  const state = (/** @type {Element | undefined} */ cell, /** @type {number} */ bits) => {
    if (!cell) return;
    const text = flagText(bits);
    say(cell, text);
    mark(cell, "class", text ? "warning" : "");
  };
  const rows = [...body.children];
  pairs.forEach(({ magnitude, angle }, i) => {
    const cells = rows[i]?.children;
    put(cells?.[1], magnitude);
    put(cells?.[2], angle, turned);
    state(cells?.[3], (flags[magnitude] ?? 0) | (flags[angle] ?? 0));
  });
  let row = pairs.length;
  signals.forEach((_, i) => {
    if (paired.has(i)) return;
    const cells = rows[row++]?.children;
    put(cells?.[1], i);
    state(cells?.[3], flags[i] ?? 0);
  });
}
