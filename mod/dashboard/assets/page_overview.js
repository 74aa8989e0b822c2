/**
 * The overview: what is wrong first, then the way of the data as a one-line diagram, then clock and machine.
 *
 * @module
 */
import { get } from "./api.js";
import { fill, h, mark, say, scroller, svg } from "./dom.js";
import { clockTone, fixed, nanos, size, span, whole } from "./format.js";
import { alarmTable } from "./page_alarms.js";
import { linksOf, sourcesOf, streamsOf } from "./overview_rows.js";
import { LiveTable } from "./table.js";

/** @typedef {import("./main.js").PageContext} PageContext */
/** @typedef {import("./overview_rows.js").Source} Source */
/** @typedef {import("./overview_rows.js").Link} Link */

/** Rows that a screen takes. */
const FITTING = 15;
const SPARK_WIDTH = 64, SPARK_HEIGHT = 18;

/** @param {PageContext} context */
export function overviewPage({ watch, signal, poll }) {
  const wrong = alarmTable("Nothing is wrong", () => watch.nowMs());
  const calm = h("span", {}, "");
  const heading = h("h2", {}, "What is wrong");
  const sources = new LiveTable(SOURCE_COLUMNS, {
    label: "Sources",
    key: (row) => row.name,
    empty: "No input is configured",
  });
  const links = new LiveTable(LINK_COLUMNS, {
    label: "Subscribers",
    key: (row) => row.name,
    empty: "No subscriber is configured",
  });
  const bus = h("span", {}, "");
  const gauges = makeGauges();
  const list = scroller("What is wrong", "worst", wrong.element);
  watch.on(() => {
    const { status, before, alarms } = watch;
    if (!status) return;
    wrong.update(alarms);
    list.hidden = alarms.length === 0;
    const running = Object.values(status.parts).filter((p) => p.state === "running").length;
    const parts = Object.keys(status.parts).length;
    say(heading, alarms.length === 0 ? "Nothing is wrong" : "What is wrong");
    say(
      calm,
      `${running} of ${parts} parts run · ${whole(status.signals)} signals · up ${
        span((status.nowMicros - status.startedMicros) / 1e6)
      }`,
    );
    sources.update(openFirst(sourcesOf(status, before)));
    links.update(openFirst(linksOf(status, before)));
    const streams = streamsOf(status, before);
    const rates = streams.map(({ perSecond }) => perSecond ?? NaN);
    const all = rates.reduce((sum, rate) => sum + rate, 0);
    say(bus, Number.isFinite(all) ? `${whole(all)}/s` : "");
    gauges.showStatus(watch);
  }, signal);
  poll(async () => gauges.showSystem(await get("/system", signal)), 5000);
  return [
    h(
      "section",
      { class: "panel" },
      h("header", {}, heading, h("span", { class: "grow" }), h("span", { class: "muted" }, calm)),
      list,
    ),
    h(
      "div",
      { class: "panel sheet" },
      h("div", { class: "side left" }, sources.element),
      h("div", { class: "bus", title: "Frames per second on all streams" }, bus),
      h("div", { class: "side" }, links.element),
    ),
    gauges.element,
  ];
}

/** @type {import("./table.js").Column<Source>[]} */
const SOURCE_COLUMNS = [
  {
    title: "Source",
    kind: "wide strong",
    text: ({ name }) => name,
    draw: (cell, { name, about, device }) => {
      mark(cell, "title", about);
      if (cell.dataset["name"] === `${name} ${device}`) return;
      cell.dataset["name"] = `${name} ${device}`;
      fill(cell, name, device && h("span", { class: "muted device" }, device));
    },
  },
  { title: "Rate", kind: "num", text: rateText, state: ({ rateState }) => rateState },
  { title: "10 s", draw: (cell, { trend, nominal }) => spark(cell, trend, nominal) },
  {
    title: "Lost",
    kind: "num",
    about: "Frames that were missing, refused or dropped since the start",
    text: ({ lost }) => whole(lost),
    state: ({ losing }) => losing ? "warning" : "",
    sort: ({ lost }) => lost,
  },
  {
    title: "Delay",
    kind: "num",
    about: "From the stamp to the arrival, middle of the last frames",
    text: ({ delayMs }) => delayMs === null ? "–" : `${fixed(delayMs, delayMs < 100 ? 1 : 0)} ms`,
  },
  {
    title: "",
    said: "Breaker",
    kind: "lead",
    draw: (cell, { state }) => breaker(cell, state, true),
  },
];

/** @type {import("./table.js").Column<Link>[]} */
const LINK_COLUMNS = [
  {
    title: "",
    said: "Breaker",
    kind: "lead",
    draw: (cell, { state }) => breaker(cell, state, false),
  },
  {
    title: "Subscriber",
    kind: "wide strong",
    draw: (cell, { name, about }) => {
      say(cell, name);
      mark(cell, "title", about);
    },
  },
  {
    title: "Link",
    text: ({ link }) => link,
    state: ({ state }) =>
      state === "closed" || state === "off" ? "" : state === "away" ? "warning" : state,
  },
  { title: "Values/s", kind: "num", text: ({ perSecond }) => whole(perSecond) },
  { title: "Queue", kind: "num", about: "Frames that wait", text: ({ queued }) => whole(queued) },
  {
    title: "Dropped",
    kind: "num",
    about: "Measurements dropped since the start, by whatever reason",
    text: ({ dropped }) => whole(dropped),
    state: ({ losing }) => losing ? "warning" : "",
  },
];

/**
 * What is open first, where not all rows fit a screen; shorter lists keep the order of the configuration.
 *
 * @template {Source | Link} Row
 * @param {Row[]} rows
 */
function openFirst(rows) {
  const rank = (/** @type {Row} */ { state }) => state === "alarm" ? 0 : state === "away" ? 1 : 2;
  return rows.length > FITTING ? rows.toSorted((a, b) => rank(a) - rank(b)) : rows;
}

/** @param {Source} source */
function rateText({ perSecond, nominal }) {
  if (perSecond === null) return "–";
  return nominal === null ? whole(perSecond) : `${whole(perSecond)} of ${nominal}`;
}

/**
 * A breaker in a line: filled is closed, hollow is open.
 *
 * @param {HTMLTableCellElement} cell
 * @param {string} state `closed`, `warning` (disturbed), `away`, `off` (on purpose) or `alarm`
 * @param {boolean} toRight Whether the bus is at the right.
 */
function breaker(cell, state, toRight) {
  if (cell.dataset["state"] === state) return;
  cell.dataset["state"] = state;
  const words = state === "closed" ? "runs" : state === "warning" ? "disturbed" : "open";
  const far = toRight ? [38, 56] : [0, 18];
  const near = toRight ? [0, 20] : [36, 56];
  const picture = svg(
    "svg",
    { viewBox: "0 0 56 25", role: "img", "aria-label": words },
    svg("title", {}, words),
    svg("line", { x1: near[0], x2: near[1], y1: 12.5, y2: 12.5 }),
    svg("line", { class: "far", x1: far[0], x2: far[1], y1: 12.5, y2: 12.5 }),
    svg("rect", { x: 21, y: 6, width: 13, height: 13 }),
  );
  fill(cell, picture);
  cell.className = `lead ${
    state === "closed"
      ? ""
      : state === "warning"
      ? "warning bad"
      : state === "away"
      ? "warning open"
      : state === "off"
      ? "open"
      : "alarm open"
  }`;
}

/**
 * @param {HTMLTableCellElement} cell
 * @param {readonly number[]} values
 * @param {number | null} nominal
 */
function spark(cell, values, nominal) {
  let path = cell.querySelector("path");
  if (!path) {
    fill(
      cell,
      svg(
        "svg",
        {
          class: "spark",
          viewBox: `0 0 ${SPARK_WIDTH} ${SPARK_HEIGHT}`,
          preserveAspectRatio: "none",
          "aria-hidden": "true",
        },
        svg("line", { x1: 0, x2: SPARK_WIDTH, y1: SPARK_HEIGHT - 1, y2: SPARK_HEIGHT - 1 }),
        svg("path"),
      ),
    );
    path = cell.querySelector("path");
  }
  const top = Math.max(nominal ?? 0, ...values, 1) * 1.15;
  const step = SPARK_WIDTH / Math.max(1, values.length - 1);
  const points = values.map((value, i) =>
    `${(i * step).toFixed(1)} ${(SPARK_HEIGHT - 1 - (value / top) * (SPARK_HEIGHT - 2)).toFixed(1)}`
  );
  path?.setAttribute("d", points.length > 1 ? `M${points.join("L")}` : "");
}

/** Clock, streams and machine, in a row. */
function makeGauges() {
  const gauge = (/** @type {string} */ title) => {
    const big = h("div", { class: "big" }, "–");
    const small = h("div", { class: "muted" }, "");
    return { big, small, element: h("div", {}, h("h2", {}, title), big, small) };
  };
  const clock = gauge("Clock"), aligned = gauge("Alignment"), processor = gauge("Load");
  const memory = gauge("Memory"), disk = gauge("Disk");
  return {
    element: h(
      "div",
      { class: "gauges" },
      [clock, aligned, processor, memory, disk].map((g) => g.element),
    ),
    /** @param {import("./watch.js").Watch} watch */
    showStatus({ status, before }) {
      if (!status) return;
      const detail = status.parts["clock"]?.detail;
      say(clock.big, detail ? detail.state : "not watched");
      mark(clock.big, "class", `big ${clockTone(detail?.state)}`.trim());
      say(
        clock.small,
        detail
          ? detail.errorNs === null
            ? "error not known"
            : `within ${nanos(detail.errorNs)} of UTC, ${detail.source}`
          : "without [clock]",
      );
      const streams = streamsOf(status, before).filter(({ align }) => align !== undefined);
      const first = streams[0];
      say(
        aligned.big,
        first
          ? `${first.name}${first.perSecond === null ? "" : ` ${whole(first.perSecond)}/s`}`
          : "none",
      );
      say(
        aligned.small,
        first?.align
          ? `waits ${first.align.waitMs} ms · delay ${fixed(first.align.publishDelayP50Ms, 1)} ms${
            first.late > 0 ? ` · ${whole(first.late)} late` : ""
          }${streams.length > 1 ? ` · ${streams.length - 1} more` : ""}`
          : "frames go out as they come",
      );
    },
    /** @param {any} system */
    showSystem({ memory: m, load, disk: d, temperatureC, uptimeSeconds }) {
      say(processor.big, load ? fixed(load[0], 2) : "–");
      say(
        processor.small,
        [
          temperatureC === null ? "" : `${fixed(temperatureC, 0)} °C`,
          uptimeSeconds === null ? "" : `machine up ${span(uptimeSeconds)}`,
        ].filter(Boolean).join(" · "),
      );
      say(memory.big, size(m.residentBytes));
      say(memory.small, `${size(m.availableBytes)} of ${size(m.totalBytes)} free`);
      say(disk.big, d ? size(d.freeBytes) : "–");
      say(disk.small, d ? `free of ${size(d.totalBytes)}` : "not told");
    },
  };
}
