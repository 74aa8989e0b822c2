/**
 * Event records: the list, and the waveforms of one.
 *
 * @module
 */
import { get, query, Refused, request, save } from "./api.js";
import { ask } from "./dialog.js";
import { fill, h, say } from "./dom.js";
import { dateTime, fixed, size, whole } from "./format.js";
import { LiveTable } from "./table.js";
import { viewerOf } from "./wave_viewer.js";

/** @typedef {import("./main.js").PageContext} PageContext */
/**
 * @typedef {object} EventRecord
 * @property {string} id
 * @property {string} event
 * @property {string} stream
 * @property {string} start
 * @property {number} startMicros
 * @property {number} endMicros
 * @property {number} bytes
 * @property {boolean} protected
 * @property {string} file
 * @property {any} summary
 */

/** Records that are asked for at a time, and the most of one question. */
const PAGE = 200, MOST = 1000;

/** @param {PageContext} context */
export function eventsPage(context) {
  const [id] = context.params;
  return id ? recordPage(context, id) : listPage(context);
}

/** @param {PageContext} context */
function listPage({ may, signal, watch }) {
  const told = h("p", { class: "told", role: "status", hidden: true });
  const table = new LiveTable(COLUMNS, {
    label: "Event records",
    key: ({ id }) => id,
    empty: "Nothing was recorded yet",
    onPick: ({ id }) => void (location.hash = `#/events/${id}`),
  });
  const tell = (/** @type {string} */ text) => {
    say(told, text);
    told.hidden = text === "";
  };
  /** What the last reading was refused for. */
  let problem = "", wanted = PAGE;
  const load = async () => {
    try {
      /** @type {EventRecord[]} */
      const items = [];
      /** @type {string | undefined} */
      let after;
      do {
        const limit = Math.min(MOST, wanted - items.length);
        const page = await get(`/events${query({ limit, after })}`, signal);
        items.push(...page.items);
        after = page.next ?? undefined;
      } while (after !== undefined && items.length < wanted);
      table.update(items);
      say(count, `${whole(items.length)} ${items.length === 1 ? "record" : "records"}`);
      older.hidden = after === undefined;
      if (problem !== "" && told.textContent === problem) tell("");
      problem = "";
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      tell(problem = error.message);
    }
  };
  const count = h("span", { class: "muted", role: "status" });
  const older = h("button", {
    hidden: true,
    onclick: () => {
      wanted += PAGE;
      void load();
    },
  }, "Older");
  const record = h("button", {
    class: "primary",
    onclick: async () => {
      await ask("Record now?", [
        h("p", {}, "All waveform streams are recorded, with what was just before."),
        number("Before, in milliseconds", "pre", 500),
        number("After, in milliseconds", "post", 1000),
      ], {
        act: "Record",
        run: async (form) => {
          const response = await request("POST", "/events/trigger", {
            json: { preMs: Number(form.get("pre")), postMs: Number(form.get("post")) },
          });
          const { streams } = await response.json();
          tell(`Recording ${streams.join(", ") || "nothing: no stream has samples"}.`);
        },
      });
    },
  }, "Record now…");
  const list = h(
    "section",
    { class: "panel fill", hidden: true },
    h(
      "header",
      {},
      h("h2", {}, "Event records"),
      count,
      h("span", { class: "grow" }),
      older,
      may("OPERATOR") && record,
    ),
    h("div", { class: "scroll fill" }, table.element),
  );
  // A gateway without [event] is not asked: it would refuse, and a browser notes that as an error.
  watch.on(() => {
    const isRecording = watch.status?.parts["archive"] !== undefined;
    record.hidden = list.hidden = !isRecording;
    if (isRecording) void load();
    else tell("Nothing is recorded: there is no [event] in the configuration.");
  }, signal);
  return [told, list];
}

/**
 * @param {string} label
 * @param {string} name
 * @param {number} value
 */
function number(label, name, value) {
  return h(
    "label",
    { class: "stack" },
    label,
    h("input", { type: "number", name, value, min: 0, max: 60_000 }),
  );
}

/** @type {import("./table.js").Column<EventRecord>[]} */
const COLUMNS = [
  {
    title: "Start (UTC)",
    kind: "strong",
    text: (r) =>
      `${dateTime(r.startMicros)}.${
        String(Math.floor(r.startMicros / 1000) % 1000).padStart(3, "0")
      }`,
    sort: (r) => r.startMicros,
  },
  { title: "Stream", text: (r) => r.stream, sort: (r) => r.stream },
  { title: "Trigger", text: triggerText, kind: "wide" },
  {
    title: "Length",
    kind: "num",
    text: (r) => `${fixed(r.summary.seconds, 2)} s`,
    sort: (r) => r.summary.seconds,
  },
  { title: "Samples", kind: "num", text: (r) => whole(r.summary.samples) },
  {
    title: "Missing",
    kind: "num",
    text: (r) => whole(missing(r)),
    state: (r) => missing(r) > 0 ? "warning" : "",
  },
  { title: "Size", kind: "num", text: (r) => size(r.bytes), sort: (r) => r.bytes },
  { title: "Kept", text: (r) => r.protected ? "protected" : "" },
];

/** @param {EventRecord} record */
function missing({ summary }) {
  return summary.lostSamples + summary.missingSamples;
}

/** @param {EventRecord} record */
function triggerText({ summary }) {
  const { trigger, triggers, title } = summary;
  if (!trigger) return title || "–";
  const unit = trigger.unit ? ` ${trigger.unit}` : "";
  const value = trigger.value === null ? "" : ` at ${Number(trigger.value.toPrecision(5))}${unit}`;
  const where = trigger.channel ? ` ${trigger.channel}` : "";
  return `${trigger.name}${where}${value}${triggers > 1 ? ` and ${triggers - 1} more` : ""}`;
}

/**
 * @param {PageContext} context
 * @param {string} id
 */
function recordPage({ may, signal }, id) {
  const path = `/events/${encodeURIComponent(id)}`;
  const title = h("h2", {}, "Event record");
  const told = h("p", { class: "problem", role: "alert", hidden: true });
  const reading = h("p", { class: "empty" }, "Reading the samples…");
  const place = h("div", { class: "fill stack" }, reading);
  const act = async (/** @type {() => Promise<unknown>} */ what) => {
    told.hidden = true;
    try {
      await what();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      say(told, error.message);
      told.hidden = false;
      if (reading.isConnected) say(reading, "The samples could not be read.");
    }
  };
  let isProtected = false;
  const protect = h("button", {
    hidden: !may("OPERATOR"),
    onclick: () =>
      act(async () => {
        await request("PUT", `${path}/protection`, { json: { protected: !isProtected } });
        showProtection(!isProtected);
      }),
  });
  const showProtection = (/** @type {boolean} */ now) => {
    isProtected = now;
    say(protect, now ? "Let retention have it" : "Protect");
  };
  const remove = h("button", {
    class: "danger",
    hidden: !may("ENGINEER"),
    onclick: async () => {
      const done = await ask("Remove this record?", [h("p", {}, "It cannot be had back.")], {
        act: "Remove",
        danger: true,
        run: () => request("DELETE", path),
      });
      if (done) location.hash = "#/events";
    },
  }, "Remove");
  void act(async () => {
    /** @type {EventRecord} */
    const record = await get(path, signal);
    showProtection(record.protected);
    say(
      title,
      `${record.stream}, ${record.start.slice(0, 23).replace("T", " ")} UTC: ${
        triggerText(record)
      }`,
    );
    const name = record.file.replace(/(\.keep)?\.cbor$/, "");
    fill(
      exports,
      [["cff", "COMTRADE"], ["csv", "CSV"], ["cbor", "Record"]].map(([format, word]) =>
        h("button", {
          onclick: () =>
            act(() =>
              save(`${path}/record${query({ format, scaled: true })}`, `${name}.${format}`)
            ),
        }, word ?? "")
      ),
    );
    await viewerOf(place, record, signal);
  });
  const exports = h("span", { class: "row" });
  return [
    told,
    h(
      "section",
      { class: "panel fill" },
      h(
        "header",
        {},
        h("a", { href: "#/events" }, "All records"),
        title,
        h("span", { class: "grow" }),
        exports,
        protect,
        remove,
      ),
      place,
    ),
  ];
}
