/**
 * The phasors of one device, turning live, with frequency and its rate of change over the last minute.
 *
 * @module
 */
import { get, query } from "./api.js";
import { Trend } from "./chart.js";
import { Dial } from "./dial.js";
import { fill, h, mark, panel, say, scroller } from "./dom.js";
import { dateTime, timeOfDay } from "./format.js";
import { openLive } from "./live.js";
import { fillRows, makeRows, pairsOf, relative } from "./phasor_rows.js";
import { sequenceRows } from "./sequence_rows.js";
import { Stamp } from "./stamp.js";

/** @typedef {import("./live.js").ShownSignal} ShownSignal */
/** @typedef {import("./live.js").Values} Values */
/** @typedef {import("./phasor_rows.js").Pair} Pair */

const SECONDS = 60, RATE = 10;
/** Entries that are asked for at a time, and signals among which devices with phasors are looked for. */
const PAGE = 1000, MOST_SIGNALS = 100_000;
const DEVICE = "tieline.device";

/** @param {import("./main.js").PageContext} context */
export function phasorsPage({ signal, params }) {
  const device = h("select", { "aria-label": "Device", "data-search": true });
  const reference = h("select", { "aria-label": "Reference of the angles" });
  const stamp = h("span", { class: "muted mono" }, "–");
  const problem = h("p", { class: "alarm note", role: "status" });
  const dial = new Dial(signal);
  dial.element.append(problem);
  const rows = h("tbody");
  const table = h(
    "table",
    { "aria-label": "Values of the device" },
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("th", {}, "Signal"),
        h("th", { class: "num" }, "Magnitude"),
        h("th", { class: "num" }, "Angle"),
        h("th", {}, "State"),
      ),
    ),
    rows,
  );
  const frequency = makeTrend("Frequency", "Hz", "--trace", 0.01, 4, signal);
  const slope = makeTrend("ROCOF", "Hz/s", "--phase-x", 0.02, 4, signal);
  /** @type {ShownSignal[]} */
  let signals = [];
  /** @type {Pair[]} */
  let pairs = [];
  /** @type {import("./sequence_rows.js").SequenceRow[]} */
  let triples = [];
  /** @type {AbortController | undefined} */
  let stream;
  let moving = new Stamp();

  const showState = (/** @type {string} */ text) => {
    say(problem, text);
    const isOld = text !== "";
    for (const element of [dial.element, table, frequency.now, slope.now]) {
      element.classList.toggle("old", isOld);
    }
  };
  const show = (/** @type {Values} */ values) => {
    const { timeMicros } = values;
    const isStill = moving.standsStill(timeMicros, values.nowMicros);
    showState(
      !isStill
        ? ""
        : timeMicros === 0
        ? "no values yet"
        : `no new values since ${dateTime(timeMicros)} UTC`,
    );
    const turned = referenceAngle(pairs, values, reference.value);
    dial.draw(pairs.map((pair) => ({
      ...pair,
      unit: signals[pair.magnitude]?.unit ?? "",
      magnitude: values.values[pair.magnitude] ?? null,
      angle: relative(values.values[pair.angle], turned),
    })));
    fillRows(rows, signals, pairs, values, turned);
    for (const one of triples) one.show(values);
    say(stamp, `${timeOfDay(timeMicros, 3)} UTC`);
    mark(stamp, "data-micros", String(timeMicros));
    for (const [trend, type] of /** @type {const} */ ([[frequency, "FREQ"], [slope, "DFDT"]])) {
      trend.show(values, signals.findIndex((s) => s.type === type));
    }
  };
  const open = () => {
    stream?.abort();
    const own = stream = new AbortController();
    sessionStorage.setItem(DEVICE, device.value);
    frequency.trend.clear();
    slope.trend.clear();
    moving = new Stamp();
    const filter = `Device = '${device.value.replaceAll("'", "''")}'`;
    openLive({ filter, rate: RATE }, {
      signals(list) {
        signals = list;
        pairs = pairsOf(list);
        fillReference(reference, pairs);
        makeRows(rows, signals, pairs);
        triples = sequenceRows(pairs, signals);
        rows.append(...triples.map(({ element }) => element));
      },
      values: show,
      state: (isBroken) => showState(isBroken ? "the link to the gateway is broken" : ""),
    }, own.signal);
  };
  signal.addEventListener("abort", () => stream?.abort());
  device.addEventListener("change", () => {
    history.replaceState(null, "", `#/phasors/${encodeURIComponent(device.value)}`);
    open();
  });
  void fillDevices(device, params[0] ?? sessionStorage.getItem(DEVICE), signal).then((some) => {
    if (some && !signal.aborted) open();
    else if (!some) {
      say(problem, "No device has phasors.");
      mark(problem, "class", "muted note");
    }
  });
  return [
    h(
      "div",
      { class: "phasors" },
      panel(
        "Phasors",
        [device, h("label", { class: "row" }, "against", reference), stamp],
        dial.element,
      ),
      panel(
        "Values",
        [],
        scroller("Values", "fill", table),
      ),
      h("div", { class: "trends" }, frequency.element, slope.element),
    ),
  ];
}

/**
 * @param {string} title
 * @param {string} unit
 * @param {string} colour
 * @param {number} least
 * @param {number} decimals
 * @param {AbortSignal} signal
 */
function makeTrend(title, unit, colour, least, decimals, signal) {
  const now = h("span", { class: "readout" }, "–");
  const trend = new Trend({
    traces: [{ name: title, colour }],
    seconds: SECONDS,
    capacity: SECONDS * RATE + RATE,
    format: (value) => value.toFixed(decimals - 1),
    least,
    label: `${title} over the last minute`,
  }, signal);
  return {
    trend,
    now,
    element: panel(
      title,
      [h("span", { class: "grow" }), now, h("small", { class: "muted" }, unit)],
      trend.element,
    ),
    /**
     * @param {Values} values
     * @param {number} at
     */
    show({ values, timeMicros }, at) {
      const value = at < 0 ? null : values[at] ?? null;
      say(now, value === null ? "–" : value.toFixed(decimals));
      trend.push(timeMicros / 1e6, [value]);
      trend.draw();
    },
  };
}

/**
 * @param {HTMLSelectElement} select
 * @param {string | null} wanted
 * @param {AbortSignal} signal
 */
async function fillDevices(select, wanted, signal) {
  /** @type {Set<string>} */
  const found = new Set();
  for (let offset = 0; offset < MOST_SIGNALS;) {
    const asked = query({ filter: "SignalType IN ('VPHM', 'IPHM')", offset, limit: PAGE });
    /** @type {{ items: ShownSignal[], total: number }} */
    const { items, total } = await get(`/signals${asked}`, signal);
    for (const { device } of items) found.add(device);
    offset += items.length;
    if (items.length === 0 || offset >= total) break;
  }
  const names = [...found];
  fill(select, names.map((name) => h("option", {}, name)));
  if (wanted !== null && names.includes(wanted)) select.value = wanted;
  return names.length > 0;
}

/**
 * @param {HTMLSelectElement} select
 * @param {readonly Pair[]} pairs
 */
function fillReference(select, pairs) {
  const { value } = select;
  fill(
    select,
    h("option", { value: "" }, "UTC (turning)"),
    pairs.map(({ label }) => h("option", { value: label }, label)),
  );
  select.value = value;
  if (select.selectedIndex < 0) select.value = "";
}

/**
 * @param {readonly Pair[]} pairs
 * @param {Values} values
 * @param {string} label
 */
function referenceAngle(pairs, { values }, label) {
  const pair = pairs.find((p) => p.label === label);
  return pair ? values[pair.angle] ?? NaN : 0;
}
