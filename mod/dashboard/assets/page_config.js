/**
 * The configuration: edit, check, push on trial, and the history.
 *
 * @module
 */
import { get, query, Refused, request } from "./api.js";
import { changesText, changeView, TRIAL_SECONDS, trialField, trialOf } from "./change.js";
import { ask } from "./dialog.js";
import { fill, h, panel, say, scroller } from "./dom.js";
import { diffView, Editor } from "./editor.js";
import { dateTime } from "./format.js";
import { LiveTable } from "./table.js";

/** @typedef {import("./main.js").PageContext} PageContext */
/**
 * @typedef {object} Version
 * @property {number} number
 * @property {string} author
 * @property {number} timeMicros
 * @property {string} comment
 * @property {string} digest
 * @property {string} cause
 * @property {string} outcome
 * @property {string} [signer]
 */
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

/**
 * @param {PageContext} context
 * @param {() => string} etag
 * @param {HTMLElement} result
 */
function historyPanel({ may, signal, watch }, etag, result) {
  const from = h("select", { "aria-label": "Version to compare from" });
  const to = h("select", { "aria-label": "Version to compare to" });
  let running = 0;
  const diff = async (/** @type {number} */ a, /** @type {number} */ b) => {
    const response = await request("GET", `/config/diff${query({ from: a, to: b })}`, { signal });
    fill(
      result,
      h("p", { class: "told" }, `From version ${a} to version ${b}`),
      diffView(await response.text()),
    );
  };
  const rollback = async (/** @type {Version} */ version) => {
    await diff(running, version.number);
    const form = await ask(`Go back to version ${version.number}?`, [
      h(
        "p",
        {},
        `Its text of ${
          dateTime(version.timeMicros)
        } UTC becomes a new version, on trial for ${TRIAL_SECONDS} s.`,
      ),
    ], { act: "Go back" });
    if (!form) return;
    try {
      const path = `/config/versions/${version.number}/rollback`;
      const response = await request(
        "POST",
        `${path}${
          query({ confirmWithin: TRIAL_SECONDS, comment: `back to version ${version.number}` })
        }`,
        { headers: { "If-Match": etag() } },
      );
      fill(result, changeView(await response.json(), false));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      fill(result, h("p", { class: "problem" }, error.message));
    }
    await watch.refresh();
  };
  const mayChange = may("ENGINEER", "SECADM");
  /** @type {import("./table.js").Column<Version>[]} */
  const columns = [
    { title: "#", kind: "num", text: (v) => String(v.number) },
    { title: "UTC", text: (v) => dateTime(v.timeMicros).slice(5, 16) },
    { title: "By", text: (v) => v.author },
    {
      title: "State",
      text: (v) => v.number === running ? "runs" : v.outcome === "good" ? "" : v.outcome,
      state: (v) => v.outcome === "undone" || v.outcome === "failed" ? "warning" : "",
    },
    {
      title: "Comment",
      kind: "wrap rest",
      draw: (cell, v) => {
        say(cell, v.comment || "–");
        cell.title = `${v.comment}\nby ${v.cause}\n${v.digest}${
          v.signer ? `\nsigned by ${v.signer}` : ""
        }`;
      },
    },
    {
      title: "",
      said: "Action",
      draw: (cell, v) => {
        const button = cell.querySelector("button") ??
          h("button", { onclick: () => rollback(v) }, "Go back");
        if (!button.isConnected) cell.append(button);
        button.hidden = !mayChange || v.number === running;
      },
    },
  ];
  const table = new LiveTable(columns, {
    label: "Versions",
    key: (v) => String(v.number),
    empty: "No version yet",
  });
  return {
    element: panel(
      "History",
      [
        h("span", { class: "grow" }),
        from,
        to,
        h("button", { onclick: () => diff(Number(from.value), Number(to.value)) }, "Compare"),
      ],
      scroller("History", "history", table.element),
    ),
    async load() {
      /** @type {{ running: number, versions: Version[] }} */
      const answer = await get("/config/versions", signal);
      running = answer.running;
      table.update(answer.versions);
      const options = () => answer.versions.map((v) => h("option", {}, String(v.number)));
      fill(from, options());
      fill(to, options());
      from.value = String(answer.versions[1]?.number ?? running);
      to.value = String(running);
    },
  };
}
