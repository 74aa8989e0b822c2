/**
 * What time it is and how well that is known: state, sources, offset over time, the PTP network, devices' clocks.
 *
 * @module
 */
import { Trend } from "./chart.js";
import { fill, h, mark, panel, say, scroller, showFacts } from "./dom.js";
import { clockTone, dateTime, fixed, flagText, nanos, span } from "./format.js";
import { LiveTable } from "./table.js";

const SECONDS = 3600;
/** @type {Record<string, string>} */
const STATES = {
  locked: "locked to a traceable source",
  local: "follows a source that is not traceable, or not good enough",
  holdover: "its source is lost; the oscillator carries on",
  free: "nothing says how far off it is",
  fault: "its time cannot be right",
};

/** @param {import("./main.js").PageContext} context */
export function clockPage({ watch, signal }) {
  const state = h("div", { class: "readout" }, "–");
  const about = h("p", { class: "muted" });
  const facts = h("div");
  const disagreements = h("div", { class: "stack" });
  const offset = new Trend({
    traces: [{ name: "Offset", colour: "--trace" }],
    seconds: SECONDS,
    from: 60,
    capacity: 1800,
    format: (ns) => nanos(ns),
    least: 200,
    label: "Offset to the source that is followed, since this page was opened",
    empty: "No source is followed",
  }, signal);
  const sources = new LiveTable(SOURCES, {
    label: "Sources of time",
    key: (s) => s.name,
    empty: "No source",
  });
  const events = new LiveTable(EVENTS, {
    label: "What happened",
    key: (e) => `${e.atMicros} ${e.text}`,
    empty: "Nothing happened yet",
  });
  const devices = new LiveTable(DEVICES, {
    label: "Clocks of the devices",
    key: (d) => d.name,
    empty: "No input tells of its devices' clocks",
  });
  const network = networkPanels();
  const without = h(
    "p",
    { class: "told", hidden: true },
    "There is no [clock] in the configuration: nobody watches the clock of this host.",
  );
  let drawn = 0;
  watch.on(() => {
    const { status, clockHistory } = watch;
    if (!status) return;
    const clock = status.parts["clock"]?.detail;
    without.hidden = clock !== undefined;
    devices.update(devicesOf(status));
    if (!clock) {
      sources.update([]);
      events.update([]);
      return;
    }
    say(state, clock.state);
    mark(state, "class", `readout ${clockTone(clock.state)}`.trim());
    say(about, STATES[clock.state] ?? "");
    showFacts(facts, factsOf(clock));
    fill(
      disagreements,
      clock.disagreements.map((/** @type {string} */ text) => h("p", { class: "problem" }, text)),
    );
    sources.update(clock.sources);
    events.update(clock.events.toReversed());
    for (const point of clockHistory.slice(drawn)) {
      offset.push(point.micros / 1e6, [point.offsetNs]);
    }
    drawn = clockHistory.length;
    offset.draw();
    network.update(clock.network);
  }, signal);
  return [
    without,
    h(
      "div",
      { class: "columns main clock" },
      panel(
        "Clock of this host",
        [],
        h(
          "div",
          { class: "body stack" },
          h("div", { class: "row" }, state, about),
          disagreements,
          facts,
        ),
      ),
      panel(
        "Offset to the source",
        [h("span", { class: "muted" }, "since this page was opened")],
        offset.element,
      ),
    ),
    panel("Sources", [], scroller("Sources", "", sources.element)),
    network.element,
    h(
      "div",
      { class: "columns half" },
      panel("What happened", [], scroller("What happened", "some", events.element)),
      panel(
        "Clocks of the devices, by their stamps",
        [],
        scroller("Clocks of the devices", "some", devices.element),
      ),
    ),
  ];
}

/** @param {any} clock @returns {(readonly [string, import("./dom.js").Child])[]} */
function factsOf(clock) {
  const grandmaster = clock.grandmaster ? identity(clock.grandmaster) : "none";
  return [
    ["Error", clock.errorNs === null ? "not known" : `at most ${nanos(clock.errorNs)}`],
    [clock.state === "holdover" ? "Followed" : "Follows", clock.source || "nothing"],
    ["Grandmaster", h("span", { class: "mono" }, grandmaster)],
    ["Since", `${dateTime(clock.sinceMicros)} UTC`],
    ...(clock.unlockedSeconds
      ? [/** @type {const} */ (["Locked last", `${span(clock.unlockedSeconds)} ago`])]
      : []),
    ["Stamps say", toldText(clock.told)],
    ["TAI − UTC", `${clock.taiUtc} s${clock.taiUtcValid ? "" : ", nobody vouches for it"}`],
    [
      "Leap second",
      clock.leap === "none"
        ? "none announced"
        : `${clock.leap} at ${dateTime((clock.leapAtSeconds ?? 0) * 1e6)} UTC`,
    ],
  ];
}

/** @param {any} told What frames say that this clock stamps. */
function toldText({ stateFlags, messageTimeQuality, smpSynch }) {
  const quality = `0x${messageTimeQuality.toString(16).toUpperCase().padStart(2, "0")}`;
  return `${flagText(stateFlags) || "good"}; time quality ${quality}, smpSynch ${smpSynch}`;
}

/** An identity as it is printed on devices. @param {string} hex */
function identity(hex) {
  return hex.replace(/(..)(?=.)/g, "$1:");
}

/** @type {import("./table.js").Column<any>[]} */
const SOURCES = [
  { title: "Source", kind: "strong", text: (s) => s.name },
  {
    title: "State",
    text: (s) => s.followed ? "followed" : s.usable ? "ready" : "not usable",
    state: (s) => s.usable ? "" : "warning",
  },
  { title: "Offset", kind: "num", text: (s) => nanos(s.offsetNs) },
  { title: "Deviation", kind: "num", text: (s) => nanos(s.deviationNs) },
  { title: "Delay", kind: "num", text: (s) => nanos(s.delayNs) },
  { title: "Error", kind: "num", text: (s) => nanos(s.errorNs) },
  { title: "Class", kind: "num", text: (s) => fixed(s.clockClass) },
  { title: "Steps", kind: "num", text: (s) => fixed(s.stepsRemoved) },
  { title: "Traceable", text: (s) => s.traceable ? "yes" : "no" },
  {
    title: "Why",
    kind: "wide",
    draw: (cell, s) => {
      say(cell, s.reason);
      mark(cell, "title", s.reason);
    },
  },
];

/** @type {import("./table.js").Column<any>[]} */
const EVENTS = [
  { title: "UTC", text: (e) => dateTime(e.atMicros) },
  { title: "Kind", text: (e) => e.kind },
  { title: "What", kind: "wrap", text: (e) => e.text },
];

/** @type {import("./table.js").Column<any>[]} */
const DEVICES = [
  { title: "Input", kind: "strong", text: (d) => d.name },
  { title: "Stamp to arrival", kind: "num", text: (d) => nanos(d.delayNs) },
  {
    title: "Drift",
    kind: "num",
    text: (d) => d.driftPpm === null ? "–" : `${fixed(d.driftPpm, 2)} ppm`,
  },
  { title: "Verdict", kind: "wrap", text: (d) => d.text, state: (d) => d.isGood ? "" : "warning" },
];

/** @param {import("./watch.js").Status} status */
function devicesOf({ parts }) {
  return Object.entries(parts).filter(([name]) => name.startsWith("input.")).flatMap(
    ([name, { detail }]) => {
      const short = name.slice("input.".length);
      if (detail?.clock) return [deviceOf(short, detail.clock)];
      if (detail?.capture === undefined) return [];
      return Object.entries(detail.devices ?? {}).map(([device, d]) =>
        deviceOf(device, d.clock ?? {})
      );
    },
  );
}

/**
 * @param {string} name
 * @param {any} clock
 */
function deviceOf(name, { kind = "", text = "", figures }) {
  const micros = figures?.p50Micros;
  return {
    name,
    text,
    isGood: ["ok", "unknown", "learning", ""].includes(kind),
    delayNs: typeof micros === "number" ? micros * 1000 : null,
    driftPpm: figures?.driftPpm ?? null,
  };
}

/** The PTP network as `[clock.observer]` hears it. */
function networkPanels() {
  const judged = h("span", { class: "muted" });
  const problems = h("div", { class: "warning" });
  const findings = new LiveTable(FINDINGS, {
    label: "Findings",
    key: (f) => `${f.code} ${f.text}`,
    empty: "Everything is as the profile wants it",
  });
  const clocks = new LiveTable(CLOCKS, {
    label: "Clocks on the network",
    key: (c) => c.port,
    empty: "No clock was heard",
  });
  const element = h(
    "div",
    { class: "columns half", hidden: true },
    panel(
      "Findings on the PTP network",
      [judged],
      problems,
      scroller("Findings", "some", findings.element),
    ),
    panel(
      "Clocks on the PTP network",
      [],
      scroller("Clocks on the network", "some", clocks.element),
    ),
  );
  return {
    element,
    /**
     * @param {any} network
     */
    update(network) {
      element.hidden = !network;
      if (!network) return;
      say(
        problems,
        [
          ...network.problems,
          network.lost > 0 && `${network.lost} frames were lost before they were read`,
        ]
          .filter(Boolean).join("; "),
      );
      problems.className = problems.textContent === "" ? "" : "body warning";
      say(judged, `${network.profile}, domain ${network.domain}, ${network.delayMechanism}`);
      findings.update(network.findings);
      clocks.update(network.clocks);
    },
  };
}

/** @type {import("./table.js").Column<any>[]} */
const FINDINGS = [
  { title: "Finding", kind: "strong", text: (f) => f.code },
  { title: "What", kind: "wrap", text: (f) => f.text },
  { title: "Times", kind: "num", text: (f) => String(f.count) },
];

/** Roles of which a Sync is expected. */
const SENDS_SYNC = ["grandmaster", "boundary", "master"];

/** @type {import("./table.js").Column<any>[]} */
const CLOCKS = [
  { title: "Rank", kind: "num", text: (c) => c.rank === 0 ? "–" : String(c.rank) },
  { title: "Port", kind: "mono", text: (c) => c.port },
  {
    title: "Role",
    text: (c) => c.active || !SENDS_SYNC.includes(c.role) ? c.role : `${c.role}, silent`,
  },
  { title: "Offset", kind: "num", text: (c) => nanos(c.offsetNs) },
  {
    title: "Quality",
    kind: "wrap",
    text: (c) => c.reason ? `${c.quality}; ${c.reason}` : c.quality,
  },
];
