/**
 * Inputs: how each stands, and the devices that were seen and are not configured, to be adopted.
 *
 * @module
 */
import { get, request } from "./api.js";
import { adoptionForm } from "./adoption.js";
import { askToChange, changeText } from "./change.js";
import { ask } from "./dialog.js";
import { h, panel, say, scroller, showFacts } from "./dom.js";
import { dateTime, fixed, span, whole } from "./format.js";
import { LiveTable } from "./table.js";

/** @typedef {import("./main.js").PageContext} PageContext */
/** @typedef {import("./adoption.js").Seen} Seen */
/**
 * @typedef {object} Input
 * @property {string} name
 * @property {string} type
 * @property {import("./watch.js").PartState} [part]
 * @property {string[]} devices
 * @property {Omit<Seen, "input">[]} unconfigured
 */

const POLL_MS = 2000;
/** @type {Record<string, string>} */
const TYPES = { c37118: "C37.118", sv: "Sampled values", sttp: "STTP" };

/** @param {PageContext} context */
export function inputsPage(context) {
  const { may, params, poll, signal, watch } = context;
  const told = h("p", { class: "told", role: "status", hidden: true });
  const facts = h("div"), title = h("h2", { class: "title" });
  let picked = params[0] ?? "", shown = "";
  /** @type {Input[]} */
  let all = [];
  const table = new LiveTable(COLUMNS, {
    label: "Inputs",
    key: ({ name }) => name,
    empty: "No input is configured",
    onPick: ({ name }) => {
      picked = name;
      history.replaceState(null, "", `#/inputs/${encodeURIComponent(name)}`);
      show();
    },
  });
  const tell = (/** @type {string} */ text) => {
    say(told, text);
    told.hidden = false;
  };
  const adopt = async (/** @type {string} */ key) => {
    const seen = seenOf(all).find((one) => keyOf(one) === key);
    if (!seen) return;
    const answer = await askToChange(context, adoptionForm(seen));
    if (!answer) return;
    tell(changeText(answer));
    await load();
  };
  const unknown = new LiveTable(seenColumns(may("ENGINEER") ? adopt : undefined), {
    label: "Seen and not configured",
    key: keyOf,
    empty: "Every device that was seen is configured",
  });
  const show = () => {
    const input = all.find(({ name }) => name === picked) ?? all[0];
    detail.hidden = input === undefined;
    if (!input) return;
    table.pick(input.name);
    say(title, input.name);
    showFacts(facts, factsOf(input, watch.nowMs()));
    shown = input.name;
  };
  const startAnew = async () => {
    const name = shown;
    const done = await ask(`Start ${name} anew?`, [
      h("p", {}, "It is stopped and started again; what its devices send meanwhile is lost."),
    ], {
      act: "Start anew",
      danger: true,
      run: () => request("POST", `/parts/input.${encodeURIComponent(name)}/restart`),
    });
    if (done) tell(`${name} was started anew.`);
    await load();
  };
  const load = async () => {
    ({ inputs: all } = await get("/inputs", signal));
    table.update(all);
    unknown.update(seenOf(all));
    show();
  };
  const restart = h(
    "button",
    { hidden: !may("OPERATOR"), onclick: () => startAnew() },
    "Start anew…",
  );
  const detail = h(
    "div",
    { class: "body stack" },
    title,
    h("div", { class: "row" }, restart),
    facts,
  );
  poll(load, POLL_MS);
  return [
    told,
    h(
      "div",
      { class: "columns main fill" },
      h(
        "div",
        { class: "stack fill" },
        panelThat("fill", "Inputs", table.element),
        panelThat("devices", "Seen, not configured", unknown.element),
      ),
      h("section", { class: "panel" }, scroller("The input", "fill", detail)),
    ),
  ];
}

/**
 * @param {string} kind
 * @param {string} title
 * @param {HTMLElement} table
 */
function panelThat(kind, title, table) {
  const element = panel(title, [], h("div", { class: "scroll fill" }, table));
  element.classList.add(kind);
  return element;
}

/**
 * @param {readonly Input[]} inputs
 * @returns {Seen[]}
 */
function seenOf(inputs) {
  return inputs.flatMap(({ name, unconfigured }) =>
    unconfigured.map((one) => ({ ...one, input: name }))
  );
}

/** @param {Seen} seen */
function keyOf({ input, id }) {
  return `${input} ${id}`;
}

/** @type {import("./table.js").Column<Input>[]} */
const COLUMNS = [
  { title: "Input", kind: "strong", text: ({ name }) => name, sort: ({ name }) => name },
  { title: "Type", text: ({ type }) => TYPES[type] ?? type },
  {
    title: "State",
    kind: "wide",
    text: ({ part }) => stateOf(part),
    state: ({ part }) =>
      part?.state === "running" ? "" : part?.state === "failed" ? "alarm" : "warning",
  },
  { title: "Devices", kind: "num", text: ({ devices }) => whole(devices.length) },
];

/** @param {Input["part"]} part */
function stateOf(part) {
  if (!part) return "not there";
  return part.reason ? `${part.state}: ${part.reason}` : part.state;
}

/**
 * @param {((key: string) => Promise<void>) | undefined} adopt
 * @returns {import("./table.js").Column<Seen>[]}
 */
function seenColumns(adopt) {
  return [
    { title: "Input", kind: "strong", text: ({ input }) => input },
    { title: "Device", text: ({ acronym }) => acronym },
    {
      title: "What it is",
      kind: "wrap rest",
      text: ({ about }) => about,
    },
    ...(adopt
      ? [{
        title: "",
        said: "Action",
        draw: (/** @type {HTMLTableCellElement} */ cell, /** @type {Seen} */ seen) => {
          // It stays the same button, so that it keeps the focus.
          if (cell.firstChild) return;
          const key = keyOf(seen);
          cell.append(
            h("button", {
              onclick: () => adopt(key),
              "aria-label": `Adopt ${seen.acronym}`,
            }, "Adopt…"),
          );
        },
      }]
      : []),
  ];
}

/**
 * @param {Input} input
 * @param {number} nowMs Time of the gateway.
 * @returns {(readonly [string, import("./dom.js").Child])[]}
 */
function factsOf({ type, part, devices }, nowMs) {
  const detail = part?.detail ?? {};
  const { books, configuration, statistics, totals } = detail;
  const dropped = Object.entries(books?.dropped ?? {}).filter(([, n]) => Number(n) > 0);
  const missing = totals?.missingFrames ?? statistics?.missingFrames;
  const micros = detail.clock?.figures?.p50Micros;
  return [
    ["Type", TYPES[type] ?? type],
    ["State", stateOf(part)],
    ["Since", part ? `${dateTime(part.sinceMicros)} UTC` : "–"],
    ["Devices", devices.join(", ") || "none yet"],
    .../** @type {[string, string][]} */ ([
      configuration?.framesPerSecond && ["Rate", `${configuration.framesPerSecond} frames/s`],
      books && ["Received", `${whole(books.received)} frames`],
      books && ["Accepted", `${whole(books.accepted)} frames`],
      ...dropped.map(([reason, n]) => [`Dropped: ${reason}`, `${whole(Number(n))} frames`]),
      missing !== undefined && ["Missing", `${whole(missing)} frames`],
      typeof micros === "number" && ["Stamp to arrival", `${fixed(micros / 1000, 1)} ms`],
      configuration?.idCode !== undefined &&
      [
        "Configuration",
        `${configuration.type}, IDCODE ${configuration.idCode}${
          configuration.cached ? ", from the cache" : ""
        }`,
      ],
      ...(detail.notes ?? []).map((/** @type {string} */ note) => ["Note", note]),
      part?.state === "running" && ["Running for", span((nowMs - part.sinceMicros / 1000) / 1000)],
    ].filter(Boolean)),
  ];
}
