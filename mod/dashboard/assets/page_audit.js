/**
 * The audit trail: every change and every refused attempt, newest first.
 *
 * @module
 */
import { get, query, save } from "./api.js";
import { factList, fill, h, panel, scroller } from "./dom.js";
import { LiveTable } from "./table.js";

/**
 * @typedef {object} Entry
 * @property {number} number
 * @property {string} time
 * @property {string} who
 * @property {string} from
 * @property {string} action
 * @property {string} outcome
 * @property {string} detail
 * @property {string} [before]
 * @property {string} [after]
 * @property {string} [request]
 * @property {string} previous
 * @property {string} hash
 */

const PAGE = 100;

/** @param {import("./main.js").PageContext} context */
export function auditPage({ signal }) {
  const detail = scroller("The entry", "fill", h("p", { class: "empty" }, "Pick an entry."));
  const table = new LiveTable(COLUMNS, {
    label: "Audit trail",
    key: ({ number }) => String(number),
    empty: "Nothing is noted yet",
    onPick: (entry) => fill(detail, h("div", { class: "body" }, factsOf(entry))),
  });
  /** @type {Entry[]} */
  let entries = [];
  const older = h("button", { onclick: () => load(entries.at(-1)?.number) }, "Older");
  const load = async (/** @type {number | undefined} */ before) => {
    const answer = await get(`/audit${query({ limit: PAGE, before })}`, signal);
    entries = before === undefined ? answer.entries : [...entries, ...answer.entries];
    table.update(entries);
    older.disabled = answer.entries.length < PAGE;
  };
  void load(undefined);
  return [
    h(
      "div",
      { class: "columns detail fill" },
      panel(
        "Audit trail",
        [
          h("span", { class: "grow" }),
          h("button", { onclick: () => load(undefined) }, "Newest"),
          older,
          h("button", {
            onclick: () => save(`/audit${query({ limit: 1000, format: "syslog" })}`, "audit.log"),
          }, "Save (RFC 5424)"),
        ],
        h("div", { class: "scroll fill" }, table.element),
      ),
      h("section", { class: "panel" }, detail),
    ),
  ];
}

/** @type {import("./table.js").Column<Entry>[]} */
const COLUMNS = [
  { title: "#", kind: "num", text: (e) => String(e.number) },
  { title: "UTC", text: (e) => e.time.slice(5, 19).replace("T", " ") },
  { title: "Who", kind: "strong", text: (e) => e.who || "–" },
  { title: "What", text: (e) => e.action },
  {
    title: "Outcome",
    text: (e) => e.outcome,
    state: (e) => e.outcome === "refused" ? "warning" : "",
  },
  { title: "Detail", kind: "wide", text: (e) => e.detail },
];

/** @param {Entry} entry */
function factsOf(
  { number, time, who, from, action, outcome, detail, before, after, request, previous, hash },
) {
  const mono = (/** @type {string | undefined} */ text) =>
    h("span", { class: "mono" }, text ?? "–");
  return factList([
    ["Number", String(number)],
    ["Time", time],
    ["Who", who || "–"],
    ["From", from || "–"],
    ["What", `${action}, ${outcome}`],
    ["Detail", detail],
    ["Before", mono(before)],
    ["After", mono(after)],
    ["Request", mono(request)],
    ["Previous", mono(previous)],
    ["Hash", mono(hash)],
  ]);
}
