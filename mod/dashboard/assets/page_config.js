/**
 * The configuration: edit, check, push on trial, and the history.
 *
 * @module
 */
import { query, Refused, request } from "./api.js";
import { changesText, changeView, trialField, trialOf } from "./change.js";
import { ask } from "./dialog.js";
import { fill, h, panel, say } from "./dom.js";
import { Editor } from "./editor.js";
import { historyPanel } from "./history.js";

/** @typedef {import("./main.js").PageContext} PageContext */
/** @typedef {import("./change.js").Change} Change */

/** @param {PageContext} context */
export function configPage(context) {
  const { may, signal } = context;
  const mayChange = may("ENGINEER", "SECADM");
  const result = h(
    "div",
    { class: "stack scroll fill body", role: "status" },
    h(
      "p",
      { class: "muted" },
      mayChange
        ? "Check says what a change would do; Push makes it, on trial if wanted."
        : "Compare two versions of the history to see how they differ.",
    ),
  );
  const base = h("span", { class: "muted" });
  let etag = "*", kept = "";
  const editor = new Editor({
    label: "Configuration (TOML)",
    readonly: !mayChange,
    changed: () => showBase(),
  });
  const showBase = () => {
    const changed = editor.value !== kept;
    say(base, changed ? "edited, not pushed" : "as it runs");
    check.disabled = push.disabled = revert.disabled = !changed;
  };
  const load = async () => {
    const response = await request("GET", "/config", { signal });
    etag = response.headers.get("ETag") ?? "*";
    const text = await response.text();
    const untouched = editor.value === kept;
    kept = text;
    if (untouched) editor.value = text;
    showBase();
  };
  const send = async (
    /** @type {Record<string, string | number | boolean | undefined>} */ more,
    signature = "",
  ) => {
    try {
      const response = await request("PUT", `/config${query(more)}`, {
        toml: editor.value,
        headers: { "If-Match": etag, ...(signature && { "Tieline-Signature": signature }) },
      });
      /** @type {Change} */
      const change = await response.json();
      editor.mark([]);
      fill(result, changeView(change, more["dryRun"] === true));
      return change;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      showProblem(editor, result, error);
      return undefined;
    }
  };
  const check = h("button", { onclick: () => send({ dryRun: true }) }, "Check");
  const push = h("button", {
    class: "primary",
    onclick: async () => {
      const change = await send({ dryRun: true });
      if (!change) return;
      const form = await askToPush(change);
      if (!form) return;
      const pushed = await send({
        comment: String(form.get("comment")),
        ...trialOf(form),
      }, String(form.get("signature")).trim());
      if (!pushed) return;
      kept = editor.value;
      await settled();
      await context.watch.refresh();
    },
  }, "Push…");
  const revert = h("button", {
    onclick: () => {
      editor.value = kept;
      fill(result);
      showBase();
    },
  }, "Throw edits away");
  const history = historyPanel(context, () => etag, result);
  const settled = async () => {
    await load();
    await history.load();
  };
  addEventListener("tieline-config", () => void settled(), { signal });
  void load();
  void history.load();
  return [
    h(
      "div",
      { class: "columns main fill" },
      panel(
        "Configuration",
        [
          base,
          h("span", { class: "grow" }),
          mayChange && revert,
          mayChange && check,
          mayChange && push,
        ],
        editor.element,
      ),
      h(
        "div",
        { class: "stack" },
        h("section", { class: "panel fill" }, h("header", {}, h("h2", {}, "What it says")), result),
        history.element,
      ),
    ),
  ];
}

/** @param {Change} change */
function askToPush({ changes, everything }) {
  return ask("Push this configuration?", [
    everything
      ? h("p", { class: "warning" }, "Everything starts anew: subscribers are disconnected.")
      : h("p", {}, changes.length === 0 ? "No part differs." : changesText(changes)),
    h(
      "label",
      { class: "stack" },
      "Comment for the history",
      h("input", { name: "comment", maxlength: 500 }),
    ),
    trialField(true),
    h(
      "label",
      { class: "stack" },
      "Signature (base64), where signers are configured",
      h("input", { class: "mono", name: "signature", autocomplete: "off" }),
    ),
  ], { act: "Push" });
}

/**
 * @param {Editor} editor
 * @param {HTMLElement} result
 * @param {Refused} error
 */
function showProblem(editor, result, error) {
  const places = error.places.flatMap(({ line, column, message, path, key }) =>
    line === undefined ? [] : [{ line, column: column ?? 1, message, about: path ?? key ?? "" }]
  );
  editor.mark(places);
  fill(
    result,
    h(
      "div",
      { class: "problem", role: "alert" },
      places.length === 0
        ? error.message
        : `${
          places.length === 1 ? "One thing is" : `${places.length} things are`
        } wrong. Nothing was changed.`,
    ),
    places.map((place) =>
      h(
        "div",
        {},
        h("button", {
          onclick: () => editor.goTo(place),
        }, `Line ${place.line}, column ${place.column}`),
        h("p", {}, place.message),
      )
    ),
    error.status === 412 &&
      h(
        "p",
        { class: "muted" },
        "Somebody else has changed it. Throw your edits away, or copy them first.",
      ),
  );
}
