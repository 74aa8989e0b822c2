/**
 * The log, as it is written.
 *
 * @module
 */
import { get, query } from "./api.js";
import { fill, h, say } from "./dom.js";
import { dateTime, timeOfDay } from "./format.js";

/** @typedef {{ number: number, timeMs: number, level: string, from: string, text: string }} Line */

const POLL_MS = 1000, MOST_LINES = 1000;
const LEVELS = ["debug", "info", "warning", "error"];

/** @param {import("./main.js").PageContext} context */
export function logsPage({ poll, signal }) {
  const lines = h("div", { class: "lines", role: "log", "aria-label": "Log" });
  const box = h("div", { class: "scroll fill", tabindex: 0 }, lines);
  const empty = h("p", { class: "empty" }, "No line yet");
  const level = h(
    "select",
    { "aria-label": "Least severe level" },
    LEVELS.map((l) => h("option", { value: l }, l)),
  );
  level.value = "info";
  const from = h("input", {
    "data-search": true,
    placeholder: "part: input.shelby",
    "aria-label": "Only of this part",
  });
  const words = h("input", { placeholder: "words", "aria-label": "Only lines with these words" });
  const follow = h("input", { type: "checkbox", checked: true });
  const count = h("span", { class: "muted" });
  let newest = 0;
  const clear = () => {
    newest = 0;
    fill(lines);
    void load();
  };
  const load = async () => {
    const asked = `${level.value} ${from.value}`, after = newest;
    const answer = await get(
      `/logs${query({ after, level: level.value, from: from.value.trim(), limit: MOST_LINES })}`,
      signal,
    );
    // Something else was asked for meanwhile, or another round was faster.
    if (asked !== `${level.value} ${from.value}` || after !== newest) return;
    newest = answer.newest;
    lines.append(...answer.lines.map(lineOf));
    while (lines.childElementCount > MOST_LINES) lines.firstElementChild?.remove();
    sieve();
    if (follow.checked && answer.lines.length > 0) box.scrollTop = box.scrollHeight;
  };
  const sieve = () => {
    const wanted = words.value.toLowerCase();
    let shown = 0;
    for (const line of lines.children) {
      const fits = (line.textContent ?? "").toLowerCase().includes(wanted);
      line.toggleAttribute("hidden", !fits);
      if (fits) shown++;
    }
    empty.hidden = shown > 0;
    say(count, `${shown} ${shown === 1 ? "line" : "lines"}`);
  };
  level.addEventListener("change", clear);
  from.addEventListener("change", clear);
  words.addEventListener("input", sieve);
  poll(load, POLL_MS);
  return [
    h(
      "section",
      { class: "panel fill" },
      h(
        "header",
        {},
        h("h2", {}, "Log"),
        level,
        from,
        words,
        h("span", { class: "grow" }),
        count,
        h("label", { class: "row" }, follow, "follow"),
      ),
      empty,
      box,
    ),
  ];
}

/** @param {Line} line */
function lineOf({ timeMs, level, from, text }) {
  const bad = level === "error" || level === "fatal"
    ? "alarm strong"
    : level === "warning"
    ? "warning"
    : "muted";
  return h(
    "div",
    {},
    h(
      "span",
      { class: "muted", title: `${dateTime(timeMs * 1000)} UTC` },
      timeOfDay(timeMs * 1000, 3),
    ),
    h("span", { class: bad }, level),
    h("span", { class: "muted" }, from),
    h("span", {}, text),
  );
}
