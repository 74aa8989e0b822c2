/**
 * The versions of the configuration that are kept: how two of them differ, and the way back to one.
 *
 * @module
 */
import { get, query, Refused, request } from "./api.js";
import { changeView, TRIAL_SECONDS } from "./change.js";
import { ask } from "./dialog.js";
import { fill, h, panel, say, scroller } from "./dom.js";
import { diffView } from "./editor.js";
import { dateTime } from "./format.js";
import { needsSignature } from "./signing.js";
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

/**
 * The panel, and what fills it anew.
 *
 * @param {PageContext} context
 * @param {() => string} etag
 * @param {HTMLElement} result
 */
export function historyPanel({ may, signal, watch }, etag, result) {
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
        // One that was signed goes with its signature.
        const isSigned = !needsSignature(watch) || v.signer !== undefined;
        button.hidden = !mayChange || v.number === running || !isSigned;
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
