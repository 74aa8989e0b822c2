/**
 * One signal: what it says now and said in the last minute, and who sees it by which rule.
 *
 * @module
 */
import { get } from "./api.js";
import { Trend } from "./chart.js";
import { factList, fill, h, say } from "./dom.js";
import { dateTime, measured } from "./format.js";
import { openLive } from "./live.js";
import { isSteady, Stamp } from "./stamp.js";

const TREND_SECONDS = 60;

/**
 * Shows one signal by its GUID, until `signal` ends.
 *
 * @param {HTMLElement} place
 * @param {string} id
 * @param {AbortSignal} signal
 */
export async function showDetail(place, id, signal) {
  const [one, who] = await Promise.all([
    get(`/signals/${id}`, signal),
    get(`/access/signals/${id}`, signal),
  ]);
  if (signal.aborted) return;
  const trend = new Trend({
    traces: [{ name: one.label, colour: "--trace" }],
    seconds: TREND_SECONDS,
    capacity: TREND_SECONDS * 10 + 10,
    format: (value) => measured(value, one.type),
    label: `${one.tag} over the last minute`,
  }, signal);
  trend.element.classList.add("small");
  const bits = one.type === "DIGI" ? bitTable(one.label.split("|")) : undefined;
  const now = h("span", { class: "readout" }, "–");
  const stamp = h("span", { class: "muted" });
  const problem = h("span", { class: "alarm", role: "status" });
  const showState = (/** @type {string} */ text) => {
    say(problem, text);
    for (const element of [now, bits?.element ?? trend.element]) {
      element.classList.toggle("old", text !== "");
    }
  };
  const moving = new Stamp();
  openLive({ filter: id }, {
    signals: () => {},
    state: (isBroken) => showState(isBroken ? "the link to the gateway is broken" : ""),
    values: ({ values: [value = null], timeMicros, nowMicros }) => {
      const isStill = isSteady(one.type) && moving.standsStill(timeMicros, nowMicros);
      showState(!isStill ? "" : timeMicros === 0 ? "no value yet" : "no new value");
      say(now, measured(value, one.type));
      say(stamp, `${dateTime(timeMicros)} UTC`);
      bits?.show(value);
      trend.push(timeMicros / 1e6, [value]);
      trend.draw();
    },
  }, signal);
  fill(
    place,
    h(
      "div",
      { class: "body stack" },
      h("h2", { class: "title" }, one.tag),
      h("div", { class: "row" }, now, h("span", { class: "muted" }, one.unit), stamp, problem),
      bits ? bits.element : trend.element,
      factList([
        ["Describes", one.description],
        ["Key", h("span", { class: "mono" }, one.key)],
        ["GUID", h("span", { class: "mono" }, one.id)],
        ["Reference", h("span", { class: "mono" }, one.reference)],
        ["Phase", one.phase || "–"],
      ]),
      h("h2", {}, "Who sees it, and by which rule"),
      who.subscribers.length === 0
        ? h("p", { class: "muted" }, "No subscriber is configured.")
        : null,
      who.subscribers.map(verdict),
    ),
  );
}

/**
 * The bits of a digital word by name.
 *
 * @param {readonly string[]} names From the lowest.
 */
function bitTable(names) {
  const bits = names.map((name, bit) => ({ name: name.trim(), bit })).filter(({ name }) => name);
  const cells = bits.map(() => h("td", { class: "num" }, "–"));
  return {
    element: h(
      "table",
      { "aria-label": "Bits of the word" },
      h("thead", {}, h("tr", {}, h("th", {}, "Bit"), h("th", { class: "num" }, "State"))),
      h(
        "tbody",
        {},
        bits.map(({ name }, i) =>
          h("tr", {}, h("td", { class: "wide", title: name }, name), cells[i])
        ),
      ),
    ),
    /** @param {number | null} value */
    show(value) {
      bits.forEach(({ bit }, i) => {
        const cell = cells[i], isSet = ((value ?? 0) >>> bit & 1) === 1;
        if (!cell) return;
        say(cell, value === null ? "–" : isSet ? "1" : "0");
        cell.className = isSet ? "num strong" : "num muted";
      });
    },
  };
}

/**
 * @param {any} verdict What the rules of one subscriber say.
 */
function verdict({ subscriber, sees, revoked, allowedBy, deniedBy, faults }) {
  const rules = (
    /** @type {string} */ word,
    /** @type {{ index: number, rule: string }[]} */ list,
  ) => list.map(({ index, rule }) => h("div", {}, `${word} ${index + 1}: `, h("code", {}, rule)));
  return h(
    "div",
    { class: "told" },
    h(
      "div",
      {},
      h(
        "a",
        { class: "strong", href: `#/subscribers/${encodeURIComponent(subscriber)}` },
        subscriber,
      ),
      ` ${sees ? "sees it" : "does not see it"}`,
      revoked && h("span", { class: "alarm" }, ", revoked"),
    ),
    rules("allowed by rule", allowedBy),
    rules("denied by rule", deniedBy),
    allowedBy.length === 0 && h("div", { class: "muted" }, "no rule allows it"),
    faults.map((/** @type {{ list: string, index: number, message: string }} */ f) =>
      h("div", { class: "warning" }, `${f.list} rule ${f.index + 1} fails on it: ${f.message}`)
    ),
  );
}
