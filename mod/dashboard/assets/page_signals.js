/**
 * Devices and signals, found by filter expression, with their latest values.
 *
 * @module
 */
import { get, query, Refused } from "./api.js";
import { fill, h, scroller } from "./dom.js";
import { flagText, measured, span } from "./format.js";
import { showDetail } from "./signal_detail.js";
import { isSteady, Stamp } from "./stamp.js";
import { LiveTable, pager } from "./table.js";

/** @typedef {import("./live.js").ShownSignal} ShownSignal */
/** @typedef {ShownSignal & { value: number | null, flags: number, old: string }} Row */
/** @typedef {{ acronym: string, name: string, parentAcronym: string, protocol: string, accessId: number, framesPerSecond: number }} Device */

const PAGE = 100, VALUES_MS = 1000;

/** @param {import("./main.js").PageContext} context */
export function signalsPage({ signal, params, poll }) {
  const expression = h("input", {
    class: "mono grow",
    type: "search",
    "data-search": true,
    "aria-label": "Filter expression",
    placeholder: "Device = 'SHELBY' AND SignalType LIKE 'V%'",
    spellcheck: "false",
    autocapitalize: "off",
    value: params[0] ?? "",
  });
  const told = h("p", { class: "problem", role: "alert", hidden: true });
  const detail = scroller("The signal", "fill", pickText());
  const table = new LiveTable(COLUMNS, {
    label: "Signals",
    key: ({ id }) => id,
    empty: "No signal matches",
    onPick: (row) => showSignal(row.id),
  });
  const devices = new LiveTable(DEVICE_COLUMNS, {
    label: "Devices",
    key: ({ acronym }) => acronym,
    empty: "No device is known",
    sorted: 0,
    onPick: ({ acronym }) => {
      expression.value = `Device = '${acronym.replaceAll("'", "''")}'`;
      void search(0);
    },
  });
  const pages = pager((offset) => void search(offset), PAGE);
  let filter = "", offset = 0;
  /** @type {ShownSignal[]} */
  let signals = [];
  /** By GUID, of the signals that are shown. @type {Map<string, Stamp>} */
  let stamps = new Map();

  const search = async (/** @type {number} */ at) => {
    const text = expression.value.trim();
    try {
      const found = await get(
        `/signals${query({ filter: text, offset: at, limit: PAGE })}`,
        signal,
      );
      filter = text;
      offset = at;
      signals = found.items;
      stamps = new Map(signals.map(({ id }) => [id, stamps.get(id) ?? new Stamp()]));
      told.hidden = true;
      expression.removeAttribute("aria-invalid");
      pages.update(at, signals.length, found.total);
      table.update(signals.map((s) => ({ ...s, value: null, flags: 0, old: "" })));
      const address = text === "" ? "#/signals" : `#/signals/${encodeURIComponent(text)}`;
      history.replaceState(null, "", address);
      await values();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      fill(told, ...filterProblem(text, error));
      told.hidden = false;
      expression.setAttribute("aria-invalid", "true");
    }
  };
  const values = async () => {
    const asked = signals;
    if (asked.length === 0) return;
    const now = await get(`/values${query({ filter, offset, limit: PAGE })}`, signal);
    if (asked !== signals) return; // another search is shown by now
    /** @type {Map<string, number>} */
    const places = new Map(
      now.ids.map((/** @type {string} */ id, /** @type {number} */ i) => [id, i]),
    );
    table.update(signals.map((s) => {
      const place = places.get(s.id) ?? -1;
      const micros = now.timesMicros[place] ?? 0;
      const isOld = isSteady(s.type) && stamps.get(s.id)?.standsStill(micros, now.nowMicros);
      return {
        ...s,
        value: now.values[place] ?? null,
        flags: now.flags[place] ?? 0,
        old: !isOld
          ? ""
          : micros === 0
          ? "no value yet"
          : `none for ${span((now.nowMicros - micros) / 1e6)}`,
      };
    }));
  };
  /** @type {AbortController | undefined} */
  let shown;
  const showSignal = (/** @type {string} */ id) => {
    shown?.abort();
    shown = new AbortController();
    signal.addEventListener("abort", () => shown?.abort(), { signal: shown.signal });
    table.pick(id);
    void showDetail(detail, id, shown.signal);
  };

  poll(values, VALUES_MS);
  poll(async () => {
    const { items } = await get(`/devices${query({ limit: 1000 })}`, signal);
    devices.update(items);
  }, 5000);
  void search(0);
  return [
    h(
      "form",
      {
        class: "row",
        role: "search",
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          void search(0);
        },
      },
      expression,
      h("button", { class: "primary" }, "Search"),
      pages.element,
    ),
    told,
    h(
      "div",
      { class: "columns detail fill" },
      h(
        "div",
        { class: "stack fill" },
        h("section", { class: "panel fill" }, h("div", { class: "scroll fill" }, table.element)),
        h(
          "section",
          { class: "panel devices" },
          h("div", { class: "scroll fill" }, devices.element),
        ),
      ),
      h("section", { class: "panel" }, detail),
    ),
  ];
}

/** @type {import("./table.js").Column<Row>[]} */
const COLUMNS = [
  { title: "Signal", kind: "wide strong", text: ({ tag }) => tag, sort: ({ tag }) => tag },
  { title: "Device", text: ({ device }) => device, sort: ({ device }) => device },
  { title: "Type", text: ({ type }) => type, sort: ({ type }) => type },
  {
    title: "Value",
    kind: "num",
    text: ({ value, type }) => measured(value, type),
    state: ({ old }) => old === "" ? "" : "old",
    sort: ({ value }) => value ?? -Infinity,
  },
  { title: "Unit", kind: "muted", text: ({ unit }) => unit },
  {
    title: "State",
    text: ({ flags, old }) => [old, flagText(flags)].filter(Boolean).join(", "),
    state: ({ flags, old }) => flags === 0 && old === "" ? "" : "warning",
    sort: ({ flags }) => flags,
  },
];

/** @type {import("./table.js").Column<Device>[]} */
const DEVICE_COLUMNS = [
  { title: "Device", kind: "strong", text: (d) => d.acronym, sort: (d) => d.acronym },
  { title: "Name", kind: "wide", text: (d) => d.name },
  { title: "Belongs to", text: (d) => d.parentAcronym || "–" },
  { title: "Protocol", text: (d) => d.protocol },
  { title: "ID", kind: "num", text: (d) => String(d.accessId), sort: (d) => d.accessId },
  { title: "Frames/s", kind: "num", text: (d) => String(d.framesPerSecond) },
];

/**
 * A refused expression, with a mark at the place that was not understood.
 *
 * @param {string} text
 * @param {Refused} error
 */
function filterProblem(text, error) {
  const { offset } = error.problem;
  if (typeof offset !== "number" || offset > text.length) return [error.message];
  return [
    h("div", {}, error.message),
    h(
      "code",
      {},
      text.slice(0, offset),
      h("mark", {}, text.slice(offset, offset + 1) || "\u2038"),
      text.slice(offset + 1),
    ),
  ];
}

function pickText() {
  return h("p", { class: "empty" }, "Pick a signal to see its trend and who sees it.");
}
