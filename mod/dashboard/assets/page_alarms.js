/**
 * Everything that is wrong now, the worst first.
 *
 * @module
 */
import { h, panel, say, scroller } from "./dom.js";
import { dateTime, span } from "./format.js";
import { limitsPanel } from "./limits.js";
import { LiveTable } from "./table.js";

/** @typedef {import("./watch.js").Alarm} Alarm */

const WORDS = { alarm: "Alarm", warning: "Warning", note: "Note" };

/**
 * The table of what is wrong.
 *
 * @param {string} empty What stands there while nothing is.
 * @param {() => number} nowMs Time of the gateway: a tablet's may be another.
 * @returns {LiveTable<Alarm>}
 */
export function alarmTable(empty, nowMs) {
  /** @type {import("./table.js").Column<Alarm>[]} */
  const columns = [
    {
      title: "Kind",
      draw: (cell, { severity }) => {
        if (cell.dataset["kind"] === severity) return;
        cell.dataset["kind"] = severity;
        cell.replaceChildren(h("i", { class: `lamp ${severity}` }), WORDS[severity]);
        cell.className = severity === "note" ? "" : `${severity} strong`;
      },
    },
    {
      title: "About",
      kind: "strong",
      draw: (cell, { about }) => {
        if (cell.textContent === about) return;
        const page = pageOf(about);
        cell.replaceChildren(page ? h("a", { href: page }, about) : about);
      },
    },
    { title: "What", kind: "wrap rest", text: ({ text }) => text },
    {
      title: "For",
      kind: "num",
      draw: (cell, { sinceMicros }) => {
        say(cell, sinceMicros ? span(nowMs() / 1000 - sinceMicros / 1e6) : "–");
        cell.title = sinceMicros ? `since ${dateTime(sinceMicros)} UTC` : "";
      },
    },
  ];
  return new LiveTable(columns, {
    label: "What is wrong",
    // The numbers of a text change; two signals beyond one limit differ in nothing else.
    key: ({ about, severity, text, signal }) =>
      `${severity} ${about} ${signal?.id ?? text.replace(/\d+/g, "")}`,
    empty,
  });
}

/** @param {import("./main.js").PageContext} context */
export function alarmsPage(context) {
  const { watch, signal } = context;
  const table = alarmTable("Nothing is wrong.", () => watch.nowMs());
  const count = h("span", { class: "muted", role: "status" });
  watch.on(() => {
    table.update(watch.alarms);
    const { length } = watch.alarms;
    say(count, length === 0 ? "" : `${length} in all`);
  }, signal);
  return [
    panel("What is wrong now", [count], scroller("What is wrong now", "most", table.element)),
    limitsPanel(context),
  ];
}

/** @param {string} about */
function pageOf(about) {
  if (about === "clock") return "#/clock";
  if (about === "configuration") return "#/config";
  if (about === "audit") return "#/audit";
  const input = /^input\.(.+)$/.exec(about)?.[1];
  if (input) return `#/inputs/${encodeURIComponent(input)}`;
  const subscriber = /^subscriber\.(.+)$/.exec(about)?.[1];
  return subscriber ? `#/subscribers/${encodeURIComponent(subscriber)}` : undefined;
}
