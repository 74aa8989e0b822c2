/**
 * The configuration: edit, check, push on trial, and the history.
 *
 * @module
 */
import { query, Refused, request } from "./api.js";
import { changesText, changeView, trialField, trialOf } from "./change.js";
import { ask } from "./dialog.js";
import { fill, h, mark, panel, say } from "./dom.js";
import { Editor } from "./editor.js";
import { historyPanel } from "./history.js";
import { signingNote } from "./signing.js";

/** @typedef {import("./main.js").PageContext} PageContext */
/** @typedef {import("./change.js").Change} Change */
/**
 * The configuration as it ran at some time.
 *
 * @typedef {{ readonly etag: string, readonly text: string }} Running
 */

const NOTHING = { etag: "", text: "" };
/**
 * Edits that were not pushed when the page was left, by user, and what they were made of.
 *
 * @type {Map<string, { readonly text: string, readonly base: Running }>}
 */
const drafts = new Map();

/** @param {PageContext} context */
export function configPage(context) {
  const { may, me, signal, watch } = context;
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
  const told = h("span");
  /** @type {Running} */
  let base = NOTHING, newest = NOTHING;
  const editor = new Editor({
    label: "Configuration (TOML)",
    readonly: !mayChange,
    changed: () => showState(),
  });
  const signing = signingNote(() => showState());
  const isEdited = () => editor.value !== base.text;
  const showState = () => {
    const edited = isEdited(), outdated = edited && base.etag !== newest.etag;
    say(
      told,
      outdated ? "edited, but outdated" : edited ? "edited, not pushed" : "as it runs",
    );
    mark(told, "class", outdated ? "warning" : "muted");
    revert.disabled = !edited;
    check.disabled = push.disabled = !edited || !signing.isReady();
  };
  const take = (/** @type {Running} */ running) => {
    base = running;
    if (editor.value !== running.text) editor.value = running.text;
    showState();
  };
  const load = async () => {
    const response = await request("GET", "/config", { signal });
    // A text field knows no other ends of lines.
    const text = (await response.text()).replaceAll("\r\n", "\n");
    newest = { etag: response.headers.get("ETag") ?? "", text };
    // Edits stay, and stay edits of what they were made of: what others have changed since is not undone unseen.
    if (isEdited()) showState();
    else take(newest);
    editor.element.inert = false;
  };
  const send = async (
    /** @type {Record<string, string | number | boolean | undefined>} */ more,
  ) => {
    try {
      const response = await request("PUT", `/config${query(more)}`, {
        toml: editor.value,
        headers: { "If-Match": base.etag, ...signing.headers() },
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
      const pushed = await send({ comment: String(form.get("comment")), ...trialOf(form) });
      if (!pushed) return;
      base = { etag: "", text: editor.value };
      await settled();
      await watch.refresh();
    },
  }, "Push…");
  const revert = h("button", {
    onclick: () => {
      take(newest);
      fill(result);
    },
  }, "Throw edits away");
  const history = historyPanel(context, () => newest.etag, result);
  const settled = async () => {
    await load();
    await history.load();
  };
  const draft = drafts.get(me.name);
  if (draft) {
    base = draft.base;
    editor.value = draft.text;
  }
  editor.element.inert = !draft;
  signal.addEventListener("abort", () => {
    if (isEdited()) drafts.set(me.name, { text: editor.value, base });
    else drafts.delete(me.name);
  });
  addEventListener("beforeunload", (event) => {
    if (isEdited()) event.preventDefault();
  }, { signal });
  addEventListener("tieline-config", () => void settled(), { signal });
  if (mayChange) watch.on(() => signing.show(watch), signal);
  void load();
  void history.load();
  return [
    signing.element,
    h(
      "div",
      { class: "columns main fill" },
      panel(
        "Configuration",
        [
          told,
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
      error.status === 412
        ? "Somebody else has changed the configuration since these edits were begun. Nothing was changed."
        : places.length === 0
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
        "The history shows what they changed. Copy your edits, throw them away here, and make them anew.",
      ),
  );
}
