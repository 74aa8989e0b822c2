/**
 * The waveforms of one record: charts by unit, two cursors that can be moved by keys, values and RMS at them.
 *
 * @module
 */
import { get, query, request } from "./api.js";
import { phaseColour } from "./dial.js";
import { fill, h, mark, say, scroller } from "./dom.js";
import { fixed, whole } from "./format.js";
import { nearest, parseWaveform, slidingRms } from "./waveform.js";
import { WaveCharts } from "./wave_chart.js";

/** @typedef {import("./waveform.js").Channel} Channel */
/** @typedef {import("./waveform.js").Waveform} Waveform */

/**
 * Fills `place` with the viewer.
 *
 * @param {HTMLElement} place
 * @param {import("./page_events.js").EventRecord} record
 * @param {AbortSignal} signal
 */
export async function viewerOf(place, record, signal) {
  const path = `/events/${encodeURIComponent(record.id)}/record`;
  const { stream } = await get(`${path}?format=json`, signal);
  const trigger = record.summary.trigger?.atMicros ?? record.startMicros;
  const part = h("select", { "aria-label": "Part of the record", hidden: true });
  const body = h("div", { class: "fill viewer" });
  let shown = new AbortController();
  signal.addEventListener("abort", () => shown.abort());
  const load = async () => {
    const csv = await request(
      "GET",
      `${path}${query({ format: "csv", scaled: true, part: part.value })}`,
      { signal },
    );
    const parts = Number(csv.headers.get("Tieline-Parts") ?? "1");
    if (part.options.length === 0) {
      fill(
        part,
        Array.from(
          { length: parts },
          (_, i) => h("option", { value: i }, `part ${i + 1} of ${parts}`),
        ),
      );
      part.hidden = parts < 2;
    }
    const waveform = parseWaveform(await csv.text(), stream.channels.length, trigger);
    shown.abort();
    shown = new AbortController();
    show(body, stream, waveform, part, shown.signal);
  };
  part.addEventListener("change", () => void load());
  fill(place, body);
  await load();
}

/**
 * @param {HTMLElement} body
 * @param {{ rate: number, nominalHz: number, channels: Channel[] }} stream
 * @param {Waveform} waveform
 * @param {HTMLSelectElement} part
 * @param {AbortSignal} signal
 */
function show(body, { rate, nominalHz, channels }, waveform, part, signal) {
  const { times, values, doubtful, missing } = waveform;
  const decimals = values.map(decimalsFor);
  const cycle = nominalHz > 0 ? Math.max(1, Math.round(rate / nominalHz)) : 1;
  // Synchrophasors have no samples within a cycle: no RMS, and cycles are no measure to zoom by.
  const isWave = cycle > 1;
  const columns = ["A", "B", ...(isWave ? ["RMS A", "RMS B"] : [])];
  const rms = values.map((column) => slidingRms(column, cycle));
  let isRms = false;
  let places = [nearest(times, 0), Math.min(times.length - 1, nearest(times, 0) + cycle)];
  let active = 0;
  const cells = channels.map(() => columns.map(() => h("td", { class: "num" }, "–")));
  // A finger has no Shift key: which cursor is moved can be chosen, too.
  const choices = ["A", "B"].map((name, i) =>
    h("button", {
      "aria-pressed": String(i === active),
      "aria-label": `Move cursor ${name}`,
      onclick: () => {
        active = i;
        choices.forEach((button, k) => mark(button, "aria-pressed", String(k === active)));
      },
    }, name)
  );
  const spans = h("span", { class: "muted", role: "status" });
  const graphs = h("div", {
    class: "graphs",
    tabindex: 0,
    "aria-label": "Waveforms; arrow keys move the chosen cursor, with Shift cursor B",
  });
  let own = new AbortController();
  let charts = new WaveCharts(own.signal);
  signal.addEventListener("abort", () => own.abort());

  const showCursors = () => {
    const [a = 0, b = 0] = places;
    charts.setCursors(times[a] ?? NaN, times[b] ?? NaN);
    channels.forEach((_, c) => {
      [values[c]?.[a], values[c]?.[b], rms[c]?.[a], rms[c]?.[b]].forEach((value, i) => {
        const cell = cells[c]?.[i];
        if (!cell) return;
        say(cell, grouped(value, decimals[c] ?? 0));
        mark(cell, "data-value", String(value));
      });
    });
    const ms = (times[b] ?? 0) - (times[a] ?? 0);
    say(
      spans,
      `A ${fixed(times[a], 3)} ms, B ${fixed(times[b], 3)} ms, B − A ${fixed(ms, 3)} ms${
        ms === 0 ? "" : ` (${fixed(1000 / Math.abs(ms), 2)} Hz)`
      }`,
    );
    mark(graphs, "data-a", String(a));
    mark(graphs, "data-b", String(b));
  };
  const draw = () => {
    const { range } = charts;
    own.abort();
    own = new AbortController();
    charts = new WaveCharts(own.signal);
    const units = [...new Set(channels.map(({ unit }) => unit))];
    fill(
      graphs,
      units.map((unit) =>
        charts.add(
          times,
          channels.flatMap(({ name, phase, unit: own }, c) =>
            own !== unit ? [] : [{
              name,
              colour: phaseColour(phase),
              dashed: false,
              values: (isRms ? rms : values)[c] ?? new Float64Array(times.length),
            }]
          ),
          { unit, label: `${isRms ? "RMS" : "Samples"} in ${unit || "words"}` },
          (ms, second) => {
            places[second ? 1 : active] = nearest(times, ms);
            showCursors();
          },
        )
      ),
    );
    if (range) charts.zoom(...range);
    showCursors();
  };
  graphs.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const which = event.shiftKey ? 1 : active;
    const far = event.ctrlKey ? cycle : 1;
    places = places.with(
      which,
      Math.min(times.length - 1, Math.max(0, (places[which] ?? 0) + step * far)),
    );
    showCursors();
  });
  const zoomTo = (/** @type {number} */ ms) => {
    const middle = times[places[0] ?? 0] ?? 0;
    charts.zoom(middle - ms / 2, middle + ms / 2);
  };
  /** @type {[string, number][]} */
  const zooms = isWave
    ? [["4 cycles", 4000 / nominalHz], ["20 cycles", 20_000 / nominalHz]]
    : [["1 s", 1000], ["10 s", 10_000]];
  const modes = [["Samples", false], ["RMS", true]].map(([word, mode]) =>
    h("button", {
      "aria-pressed": String(mode === isRms),
      onclick: () => {
        isRms = mode === true;
        modes.forEach((button, i) => mark(button, "aria-pressed", String((i === 1) === isRms)));
        draw();
      },
    }, String(word))
  );
  const count = (/** @type {Uint8Array} */ some) => some.reduce((n, one) => n + one, 0);
  const gone = count(missing), bad = count(doubtful) - gone;
  fill(
    body,
    h(
      "div",
      { class: "row tools" },
      isWave && h("span", { class: "choice" }, modes),
      h("span", { class: "choice" }, choices),
      zooms.map(([word, ms]) => h("button", { onclick: () => zoomTo(ms) }, word)),
      h("button", { onclick: () => charts.zoom(times[0] ?? 0, times.at(-1) ?? 1) }, "All"),
      part,
      spans,
      gone > 0 && h("span", { class: "alarm" }, `${whole(gone)} samples were never received`),
      bad > 0 && h("span", { class: "warning" }, `${whole(bad)} samples carry a mark or a quality`),
    ),
    h(
      "div",
      { class: "columns wave-columns fill" },
      graphs,
      scroller(
        "Values at the cursors",
        "",
        h(
          "table",
          { "aria-label": "Values at the cursors" },
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              ["Channel", ...columns].map((word, i) =>
                h("th", { class: i > 0 ? "num" : false }, word)
              ),
            ),
          ),
          h(
            "tbody",
            {},
            channels.map(({ name, phase, unit }, c) =>
              h(
                "tr",
                {},
                h(
                  "td",
                  {},
                  h("i", { class: `swatch ${/^[ABC]$/.test(phase) ? phase.toLowerCase() : ""}` }),
                  name,
                  h("span", { class: "muted unit" }, unit),
                ),
                cells[c],
              )
            ),
          ),
        ),
      ),
    ),
  );
  draw();
}

/**
 * Decimals by which all values of a channel are read well.
 *
 * @param {Float64Array} values
 */
function decimalsFor(values) {
  let largest = 0;
  for (const value of values) if (Math.abs(value) > largest) largest = Math.abs(value);
  return largest >= 10_000 ? 0 : largest >= 100 ? 1 : 3;
}

/**
 * @param {number | undefined} value
 * @param {number} decimals
 */
function grouped(value, decimals) {
  if (value === undefined || Number.isNaN(value)) return "–";
  return decimals === 0 ? whole(value) : fixed(value, decimals);
}
