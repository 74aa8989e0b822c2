/**
 * What a protection engineer works out of three phases: positive sequence, and how unbalanced they are.
 *
 * @module
 */
import { h, mark, say } from "./dom.js";
import { fixed, quantity } from "./format.js";
import { sequences } from "./symmetric.js";

/** @typedef {import("./live.js").Values} Values */
/** @typedef {import("./live.js").ShownSignal} ShownSignal */
/** @typedef {import("./phasor_rows.js").Pair} Pair */
/** @typedef {{ element: HTMLTableRowElement, show: (values: Values) => void }} SequenceRow */

/**
 * Rows for voltages and currents, where a device has exactly one phasor of each phase.
 *
 * @param {readonly Pair[]} pairs
 * @param {readonly ShownSignal[]} signals
 * @returns {SequenceRow[]}
 */
export function sequenceRows(pairs, signals) {
  return [false, true].flatMap((current) => {
    const phases = ["A", "B", "C"].map((phase) =>
      pairs.filter((p) => p.current === current && p.phase === phase)
    );
    const three = phases.flatMap(([only, ...others]) => only && others.length === 0 ? [only] : []);
    if (three.length < 3) return [];
    const letter = current ? "I" : "V";
    const { type = "", unit = "" } = signals[three[0]?.magnitude ?? -1] ?? {};
    return [
      row(three, `${letter}1, positive sequence`, ({ positive }) => quantity(positive, type, unit)),
      row(
        three,
        `${letter}2/${letter}1, unbalance`,
        ({ negative, positive }) => percent(negative, positive),
      ),
      row(
        three,
        `${letter}0/${letter}1, residual`,
        ({ zero, positive }) => percent(zero, positive),
      ),
    ];
  });
}

/**
 * @param {readonly Pair[]} three
 * @param {string} title
 * @param {(found: ReturnType<typeof sequences>) => string} text
 * @returns {SequenceRow}
 */
function row(three, title, text) {
  const cell = h("td", { class: "num", "data-sequence": title.slice(0, 5) }, "–");
  return {
    element: h("tr", {}, h("td", { class: "wide" }, title), cell, h("td"), h("td")),
    show({ values }) {
      const polar = three.map((
        { magnitude, angle },
      ) => /** @type {const} */ ([values[magnitude] ?? NaN, values[angle] ?? NaN]));
      const [a, b, c] = polar;
      if (!a || !b || !c) return;
      const isWhole = polar.flat().every(Number.isFinite);
      say(cell, isWhole ? text(sequences(a, b, c)) : "–");
      mark(cell, "title", isWhole ? "" : "A phase is missing");
    },
  };
}

/**
 * @param {number} part
 * @param {number} whole
 */
function percent(part, whole) {
  return whole > 0 ? `${fixed(100 * part / whole, 2)} %` : "–";
}
