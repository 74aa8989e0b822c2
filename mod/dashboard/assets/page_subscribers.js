/**
 * Subscribers: what they get, what they may see and by which rules, and what they would see under other ones.
 *
 * @module
 */
import { get, query, Refused, request } from "./api.js";
import { ask } from "./dialog.js";
import { fill, h, panel, say, showFacts } from "./dom.js";
import { dateTime, size, span, whole } from "./format.js";
import { rightsOf } from "./rights.js";
import { LiveTable } from "./table.js";

/** @typedef {import("./main.js").PageContext} PageContext */
/**
 * @typedef {object} Subscriber
 * @property {string} name
 * @property {boolean} enabled
 * @property {string} stream
 * @property {string[]} allow
 * @property {string[]} deny
 * @property {{ author: string, reason: string, timeMicros: number } | null} revoked
 * @property {number} permitted
 * @property {{ list: string, index: number, signals: number, message: string }[]} faults
 * @property {Record<string, any>} outputs
 */

const POLL_MS = 2000;

/** @param {PageContext} context */
export function subscribersPage(context) {
  const { signal, params, poll } = context;
  const place = h(
    "div",
    { class: "scroll fill" },
    h("p", { class: "empty" }, "Pick a subscriber."),
  );
  /** @type {Subscriber[]} */
  let all = [];
  let picked = params[0] ?? "";
  /** @type {{ update: (subscriber: Subscriber) => void, name: string } | undefined} */
  let shown;
  const table = new LiveTable(COLUMNS, {
    label: "Subscribers",
    key: ({ name }) => name,
    empty: "No subscriber is configured",
    onPick: (row) => open(row),
  });
  const open = (/** @type {Subscriber} */ subscriber) => {
    picked = subscriber.name;
    history.replaceState(null, "", `#/subscribers/${encodeURIComponent(picked)}`);
    table.pick(picked);
    shown = detailOf(place, subscriber, context, refresh);
  };
  const refresh = async () => {
    ({ items: all } = await get(`/subscribers${query({ limit: 500 })}`, signal));
    table.update(all);
    const found = all.find(({ name }) => name === picked) ?? (picked === "" ? all[0] : undefined);
    if (!found) {
      if (shown) fill(place, h("p", { class: "empty" }, `${picked} is not configured any more.`));
      shown = undefined;
      return;
    }
    if (shown?.name === found.name) shown.update(found);
    else open(found);
  };
  poll(refresh, POLL_MS);
  return [
    h(
      "div",
      { class: "columns main fill" },
      panel("Subscribers", [], h("div", { class: "scroll fill" }, table.element)),
      h("section", { class: "panel" }, place),
    ),
  ];
}

/** @type {import("./table.js").Column<Subscriber>[]} */
const COLUMNS = [
  { title: "Subscriber", kind: "wide strong", text: ({ name }) => name, sort: ({ name }) => name },
  {
    title: "State",
    text: stateOf,
    state: (row) => row.revoked ? "alarm" : isConnected(row) || !row.enabled ? "" : "warning",
  },
  {
    title: "Signals",
    kind: "num",
    text: ({ permitted }) => whole(permitted),
    sort: (s) => s.permitted,
  },
  {
    title: "Sent",
    kind: "num",
    about: "Measurements since the start",
    text: (row) => whole(total(row, (o) => o.ledger.sent)),
  },
  {
    title: "Withheld",
    kind: "num",
    about: "Measurements that were filtered by rights since the start",
    text: (row) => whole(total(row, (o) => o.ledger.filtered.rights)),
  },
  {
    title: "Dropped",
    kind: "num",
    about: "Measurements since the start, by whatever reason",
    text: (row) => whole(total(row, (o) => sum(o.ledger.dropped))),
    state: (row) => total(row, (o) => sum(o.ledger.dropped)) > 0 ? "warning" : "",
  },
  {
    title: "Queue",
    kind: "num",
    about: "Measurements that wait",
    text: (row) => whole(total(row, (o) => o.ledger.queued)),
  },
];

/** @param {Subscriber} subscriber */
function stateOf(subscriber) {
  if (subscriber.revoked) return "revoked";
  if (!subscriber.enabled) return "disabled";
  const [session, ...others] = sessionsOf(subscriber);
  if (!session) return "away";
  const more = others.length > 0 ? ` and ${others.length} more` : "";
  return `${session.state}, ${session.secure ? "TLS" : "plain"}${more}`;
}

/** @param {Subscriber} subscriber @returns {any[]} */
function sessionsOf({ outputs }) {
  return Object.values(outputs).flatMap((output) => output.sessions);
}

/** @param {Subscriber} subscriber */
function isConnected(subscriber) {
  return sessionsOf(subscriber).length > 0;
}

/**
 * @param {Subscriber} subscriber
 * @param {(output: any) => number} figure
 */
function total({ outputs }, figure) {
  return Object.values(outputs).reduce((n, output) => n + figure(output), 0);
}

/** @param {Record<string, number>} counts */
function sum(counts) {
  return Object.values(counts).reduce((n, count) => n + count, 0);
}

/**
 * @param {HTMLElement} place
 * @param {Subscriber} first
 * @param {PageContext} context
 * @param {() => Promise<void>} refresh
 */
function detailOf(place, first, context, refresh) {
  const { may } = context;
  const { name } = first;
  const path = `/subscribers/${encodeURIComponent(name)}`;
  const told = h("p", { class: "problem", role: "alert", hidden: true });
  const facts = h("div"), books = h("div"), state = h("p", { class: "problem", hidden: true });
  const act = async (/** @type {() => Promise<unknown>} */ what) => {
    told.hidden = true;
    try {
      await what();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      say(told, error.message);
      told.hidden = false;
    }
    await refresh();
  };
  const revoke = h("button", {
    class: "danger",
    onclick: async () => {
      await ask(`Revoke ${name}?`, [
        h(
          "p",
          {},
          "Everything is withheld from it at once, over restarts too, until a SECADM takes it back.",
        ),
        h("label", { class: "stack" }, "Why", h("input", { name: "reason", maxlength: 500 })),
      ], {
        act: "Revoke",
        danger: true,
        run: (form) =>
          request("POST", `${path}/revoke`, { json: { reason: String(form.get("reason")) } }),
      });
      await refresh();
    },
  }, "Revoke");
  const restore = h(
    "button",
    { onclick: () => act(() => request("DELETE", `${path}/revoke`)) },
    "Take the revocation back",
  );
  const disconnect = h("button", {
    onclick: () => act(() => request("POST", `${path}/disconnect`)),
  }, "Disconnect");
  const rights = rightsOf(first, context, refresh);
  const update = (/** @type {Subscriber} */ subscriber) => {
    const { revoked } = subscriber;
    state.hidden = revoked === null;
    if (revoked) {
      say(
        state,
        `Revoked by ${revoked.author} at ${dateTime(revoked.timeMicros)} UTC${
          revoked.reason ? `: ${revoked.reason}` : ""
        }`,
      );
    }
    revoke.hidden = revoked !== null || !may("OPERATOR", "SECADM");
    restore.hidden = revoked === null || !may("SECADM");
    disconnect.hidden = !may("OPERATOR", "SECADM");
    disconnect.disabled = !isConnected(subscriber);
    showState(facts, books, subscriber);
    rights.update(subscriber);
  };
  fill(
    place,
    h(
      "div",
      { class: "body stack" },
      h("h2", { class: "title" }, name),
      state,
      told,
      h("div", { class: "row" }, disconnect, revoke, restore),
      facts,
      books,
      rights.element,
    ),
  );
  update(first);
  return { name, update };
}

/**
 * @param {HTMLElement} facts
 * @param {HTMLElement} books
 * @param {Subscriber} subscriber
 */
function showState(facts, books, subscriber) {
  const { stream, outputs } = subscriber;
  showFacts(facts, [
    ["Stream", stream],
    ["Signals it may see", whole(subscriber.permitted)],
    ...sessionsOf(subscriber).flatMap(sessionFacts),
  ]);
  fill(
    books,
    Object.entries(outputs).map(([output, { ledger }]) =>
      h(
        "p",
        { class: "told" },
        `Books of ${output}: ${whole(ledger.offered)} offered = ${whole(ledger.sent)} sent + ${
          whole(sum(ledger.filtered))
        } filtered + ${whole(ledger.queued)} queued + ${whole(sum(ledger.dropped))} dropped`,
        ledger.balance !== 0 &&
          h("span", { class: "alarm" }, `; ${ledger.balance} unaccounted for`),
      )
    ),
  );
}

/** @param {any} session @returns {[string, string][]} */
function sessionFacts(session) {
  return [
    ["Connected", `${session.peer} since ${dateTime(session.sinceMicros)} UTC`],
    ["Version, packets", `STTP ${session.version}, ${session.mode} over ${session.dataChannel}`],
    ["Sent", `${size(session.bytesSent)}, ${whole(session.packets)} packets`],
    ["Waits", `${whole(session.queuedFrames)} frames, ${size(session.bytesWaiting)}`],
    ...(session.stalledMs > 0
      ? /** @type {[string, string][]} */ ([[
        "Takes nothing for",
        span(session.stalledMs / 1000),
      ]])
      : []),
  ];
}
