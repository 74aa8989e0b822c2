/**
 * The rights of a subscriber: its rules, editable, and what it would see under other ones.
 *
 * @module
 */
import { query, Refused, request } from "./api.js";
import { askToChange, changeText } from "./change.js";
import { fill, h } from "./dom.js";
import { whole } from "./format.js";

/** @typedef {{ allow: string[], deny: string[] }} Rules */

/** Signals that a preview names. */
const PREVIEW = 100;

/**
 * The rules, editable, with what they would mean.
 *
 * @param {import("./page_subscribers.js").Subscriber} first
 * @param {import("./main.js").PageContext} context
 * @param {() => Promise<void>} refresh
 */
export function rightsOf(first, context, refresh) {
  const { may, signal } = context;
  const field = (/** @type {string} */ label, /** @type {string[]} */ rules) =>
    h("textarea", {
      class: "mono",
      rows: Math.min(6, Math.max(2, rules.length)),
      spellcheck: "false",
      "aria-label": `${label} rules, one per line`,
    });
  const allow = field("Allow", first.allow), deny = field("Deny", first.deny);
  const result = h("div", { role: "status" }), changed = h("div", { role: "status" });
  const faults = h("div", { class: "stack" });
  const rules = () => ({ allow: linesOf(allow), deny: linesOf(deny) });
  // The rules that the fields were filled with, and those that hold.
  let filled = "", holding = "";
  const fillIn = (/** @type {Rules} */ { allow: some, deny: others }) => {
    allow.value = some.join("\n");
    deny.value = others.join("\n");
    filled = JSON.stringify(rules());
    fill(changed);
  };
  const preview = async () => {
    try {
      const answer = await request("POST", `/access/preview${query({ limit: PREVIEW })}`, {
        json: rules(),
        signal,
      });
      fill(result, previewOf(await answer.json()));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      fill(result, h("p", { class: "problem" }, error.message));
    }
  };
  const apply = async () => {
    const answer = await askToChange(context, {
      title: `Change the rights of ${first.name}?`,
      fields: [h("p", {}, "It holds at once and makes a new version of the configuration.")],
      act: "Change",
      method: "PUT",
      path: `/subscribers/${encodeURIComponent(first.name)}/access`,
      json: rules,
    });
    if (answer) fill(result, h("p", { class: "told" }, changeText(answer)));
    await refresh();
  };
  const element = h(
    "div",
    { class: "stack" },
    h("h2", {}, "Rights: what any allow rule grants, unless a deny rule withholds it"),
    faults,
    h("label", { class: "stack" }, "Allow", allow),
    h("label", { class: "stack" }, "Deny", deny),
    h(
      "div",
      { class: "row" },
      h("button", { onclick: preview }, "What would it see?"),
      may("SECADM") && h("button", { class: "primary", onclick: apply }, "Change the rights"),
    ),
    changed,
    result,
  );
  return {
    element,
    /** @param {import("./page_subscribers.js").Subscriber} subscriber */
    update(subscriber) {
      fill(faults, subscriber.faults.map(faultText));
      const now = { allow: subscriber.allow.map(asLine), deny: subscriber.deny.map(asLine) };
      const text = JSON.stringify(now), written = JSON.stringify(rules());
      if (text === holding) return;
      holding = text;
      if (written === filled || written === text || filled === "") return fillIn(now);
      // What is being written is not taken away.
      fill(
        changed,
        h(
          "div",
          { class: "problem" },
          "These rules were changed since they were shown. What is written here was not sent. ",
          h("button", { onclick: () => fillIn(now) }, "Show the rules that hold"),
        ),
      );
    },
  };
}

/** A rule in one line, as the fields take it. @param {string} rule */
function asLine(rule) {
  return rule.trim().replace(/\s*\n\s*/g, " ");
}

/** @param {{ list: string, index: number, signals: number, message: string }} fault */
function faultText({ list, index, signals, message }) {
  return h(
    "p",
    { class: "problem" },
    `${list} rule ${index + 1} fails on ${whole(signals)} signals: ${message}`,
  );
}

/** @param {HTMLTextAreaElement} field */
function linesOf({ value }) {
  return value.split("\n").map((line) => line.trim()).filter((line) => line !== "");
}

/** @param {any} preview */
function previewOf({ total, permitted, faults, problems, signals }) {
  if (problems.length > 0) {
    return h(
      "div",
      { class: "problem" },
      problems.map((/** @type {any} */ p) =>
        h("div", {}, `${p.list} rule ${p.index + 1}, column ${p.column}: ${p.message}`)
      ),
    );
  }
  return h(
    "div",
    { class: "stack" },
    h("p", { class: "told" }, `It would see ${whole(permitted)} of ${whole(total)} signals.`),
    faults.map(faultText),
    h(
      "ul",
      { class: "names mono" },
      signals.map((/** @type {import("./live.js").ShownSignal} */ s) => h("li", {}, s.tag)),
      permitted > signals.length &&
        h("li", { class: "muted" }, `and ${permitted - signals.length} more`),
    ),
  );
}
