/**
 * Configured alarms: what each looks for and how it stands, and the form that changes its limits.
 *
 * @module
 */
import { get } from "./api.js";
import { askToChange, changeText } from "./change.js";
import { h, mark, panel, say, scroller } from "./dom.js";
import { SEVERITIES, whole } from "./format.js";
import { LiveTable } from "./table.js";

/** @typedef {import("./main.js").PageContext} PageContext */
/**
 * @typedef {object} Configured
 * @property {string} name
 * @property {Record<string, any>} settings
 * @property {string} limit What it looks for, in words, with the unit.
 * @property {string} unit What its signals have in common; empty if they do not.
 * @property {Record<string, any> | null} state
 */

const POLL_MS = 2000;
/** Numbers that can be changed, and what they are; those that an alarm does not have are left out. */
const NUMBERS = /** @type {const} */ ([
  ["limit", "Limit"],
  ["low", "Lower limit"],
  ["high", "Upper limit"],
  ["tolerance", "Tolerance"],
  ["hysteresis", "Hysteresis"],
  ["windowMs", "Measured over, ms"],
  ["delayMs", "Must last, ms"],
  ["clearDelayMs", "Must be gone, ms"],
]);

/**
 * The table of configured alarms.
 *
 * @param {PageContext} context
 */
export function limitsPanel(context) {
  const { may, poll, signal } = context;
  const mayChange = may("ENGINEER");
  const told = h("span", { class: "muted", role: "status" });
  /** @type {Configured[]} */
  let all = [];
  const load = async () => {
    ({ alarms: all } = await get("/alarms/limits", signal));
    table.update(all);
  };
  const change = async (/** @type {string} */ name) => {
    const alarm = all.find((one) => one.name === name);
    if (!alarm) return;
    const answer = await askToChange(context, formOf(alarm));
    if (!answer) return;
    say(told, changeText(answer));
    await load();
  };
  const table = new LiveTable(columnsFor(mayChange ? change : undefined), {
    label: "Configured alarms",
    key: ({ name }) => name,
    empty: "No alarm is configured: [alarm.NAME] in the configuration makes one",
  });
  poll(load, POLL_MS);
  return panel("Limits", [told], scroller("Limits", "", table.element));
}

/**
 * @param {((name: string) => Promise<void>) | undefined} change
 * @returns {import("./table.js").Column<Configured>[]}
 */
function columnsFor(change) {
  return [
    {
      title: "Alarm",
      kind: "strong",
      text: ({ name }) => name,
      sort: ({ name }) => name,
    },
    { title: "Looks for", text: looksFor },
    {
      title: "Signals",
      kind: "wide mono",
      draw: (cell, { settings }) => {
        const rules = settings["signals"].join("; ");
        say(cell, rules);
        mark(
          cell,
          "title",
          settings["description"] ? `${settings["description"]}\n${rules}` : rules,
        );
      },
    },
    { title: "Severity", text: ({ settings }) => settings["severity"] },
    {
      title: "Watched",
      kind: "num",
      about: "Signals that it looks at now",
      text: ({ state }) => whole(state?.["watched"]),
    },
    {
      title: "Raised",
      kind: "num",
      about: "Signals that are beyond the limit now",
      text: ({ settings, state }) => settings["enabled"] ? whole(state?.["raised"]) : "off",
      state: ({ state }) => (state?.["raised"] ?? 0) > 0 ? "alarm strong" : "",
    },
    ...(change
      ? [{
        title: "",
        said: "Action",
        draw: (/** @type {HTMLTableCellElement} */ cell, /** @type {Configured} */ { name }) => {
          // It stays the same button, so that it keeps the focus.
          if (cell.firstChild) return;
          cell.append(
            h("button", {
              onclick: () => change(name),
              "aria-label": `Change the limits of ${name}`,
            }, "Change…"),
          );
        },
      }]
      : []),
  ];
}

/** @param {Configured} alarm */
function unitOf({ settings, unit }) {
  return unit && settings["condition"] === "rateOfChange" ? `${unit} per second` : unit;
}

/** @param {Configured} alarm */
function looksFor(alarm) {
  const { settings: s, limit } = alarm;
  // How long a signal must not change is a part of what is looked for.
  const lasts = s["delayMs"] && s["condition"] !== "flatline"
    ? ` for ${s["delayMs"] / 1000} s`
    : "";
  return limit + lasts +
    (s["hysteresis"] ? `, back by ${s["hysteresis"]} ${unitOf(alarm)}`.trimEnd() : "");
}

/**
 * @param {Configured} alarm
 * @returns {import("./change.js").ChangeForm}
 */
function formOf(alarm) {
  const { name, settings } = alarm, unit = unitOf(alarm);
  const own = NUMBERS.filter(([key]) => typeof settings[key] === "number");
  return {
    title: `Limits of ${name}`,
    fields: [
      settings["description"] && h("p", {}, settings["description"]),
      h(
        "p",
        { class: "muted" },
        "Limits are in the unit of the signals: ",
        h("code", {}, settings["signals"].join("; ")),
      ),
      h(
        "div",
        { class: "numbers" },
        own.map(([key, label]) =>
          h(
            "label",
            { class: "stack" },
            key.endsWith("Ms") || unit === "" ? label : `${label}, ${unit}`,
            h("input", {
              type: "number",
              name: key,
              step: "any",
              min: key.endsWith("Ms") || key === "hysteresis" || key === "tolerance" ? 0 : false,
              required: true,
              value: settings[key],
            }),
          )
        ),
        h(
          "label",
          { class: "stack" },
          "Severity",
          h(
            "select",
            { name: "severity" },
            SEVERITIES.map((s) => h("option", { selected: s === settings["severity"] }, s)),
          ),
        ),
      ),
      h(
        "label",
        { class: "row" },
        h("input", { type: "checkbox", name: "enabled", checked: settings["enabled"] }),
        "in use",
      ),
    ],
    act: "Change",
    method: "PUT",
    path: `/alarms/limits/${encodeURIComponent(name)}`,
    json: (form) => ({
      // What stays as it is is not written out: the text keeps its defaults.
      ...Object.fromEntries(
        own.map(([key]) => /** @type {const} */ ([key, Number(form.get(key))]))
          .filter(([key, value]) => value !== settings[key]),
      ),
      ...(form.get("severity") !== settings["severity"] && { severity: form.get("severity") }),
      ...((form.get("enabled") !== null) !== settings["enabled"] && {
        enabled: form.get("enabled") !== null,
      }),
    }),
  };
}
