/**
 * The dashboard: who is there, the frame around the pages, and which page is shown.
 *
 * @module
 */
import { currentToken, get, Refused, useToken, whenLoggedOut } from "./api.js";
import { fill, h, mark, say } from "./dom.js";
import { foot, pendingBanner, refusedNotice, strip } from "./frame.js";
import { showLogin } from "./login.js";
import { alarmsPage } from "./page_alarms.js";
import { apiPage } from "./page_api.js";
import { auditPage } from "./page_audit.js";
import { clockPage } from "./page_clock.js";
import { configPage } from "./page_config.js";
import { eventsPage } from "./page_events.js";
import { inputsPage } from "./page_inputs.js";
import { logsPage } from "./page_logs.js";
import { overviewPage } from "./page_overview.js";
import { phasorsPage } from "./page_phasors.js";
import { signalsPage } from "./page_signals.js";
import { subscribersPage } from "./page_subscribers.js";
import { usersPage } from "./page_users.js";
import { beginTheme } from "./theme.js";
import { Watch } from "./watch.js";

/**
 * What a page gets.
 *
 * @typedef {object} PageContext
 * @property {import("./api.js").Me} me Who looks.
 * @property {AbortSignal} signal Ends when another page is shown.
 * @property {readonly string[]} params What follows the name of the page in the address.
 * @property {Watch} watch The state of the gateway.
 * @property {(...roles: string[]) => boolean} may Whether the user has one of the roles.
 * @property {(act: () => Promise<void>, ms: number) => void} poll Does it now and again and again.
 */

/** @type {readonly { name: string, title: string, show: (context: PageContext) => HTMLElement[], roles: string[] }[]} */
const PAGES = [
  { name: "overview", title: "Overview", show: overviewPage, roles: ["VIEWER"] },
  { name: "phasors", title: "Phasors", show: phasorsPage, roles: ["VIEWER"] },
  { name: "signals", title: "Signals", show: signalsPage, roles: ["VIEWER"] },
  { name: "inputs", title: "Inputs", show: inputsPage, roles: ["VIEWER"] },
  { name: "subscribers", title: "Subscribers", show: subscribersPage, roles: ["VIEWER"] },
  { name: "events", title: "Events", show: eventsPage, roles: ["VIEWER"] },
  { name: "clock", title: "Clock", show: clockPage, roles: ["VIEWER"] },
  { name: "alarms", title: "Alarms", show: alarmsPage, roles: ["VIEWER"] },
  {
    name: "config",
    title: "Configuration",
    show: configPage,
    roles: ["ENGINEER", "SECADM", "SECAUD"],
  },
  { name: "users", title: "Users", show: usersPage, roles: ["SECADM", "SECAUD"] },
  { name: "logs", title: "Logs", show: logsPage, roles: ["OPERATOR", "SECADM", "SECAUD"] },
  { name: "audit", title: "Audit", show: auditPage, roles: ["SECAUD"] },
  { name: "api", title: "API", show: apiPage, roles: ["VIEWER"] },
];

/** Interval at which a gateway that did not answer at the beginning is asked again. */
const RETRY_MS = 3000;

const app = /** @type {HTMLElement} */ (document.getElementById("app")); // index.html has it
/** @type {AbortController | undefined} */
let session;

beginTheme();
takeTokenFromAddress();
whenLoggedOut(() => leave("The gateway does not know this token any more."));
if (currentToken() === "") login("");
else void enter();

/** `#token=...` in the address logs in, as `tieline demo` prints it; it does not stay there. */
function takeTokenFromAddress() {
  const found = /^#token=([\w.~-]+)$/.exec(location.hash);
  if (!found?.[1]) return;
  useToken(found[1]);
  history.replaceState(null, "", "/");
}

/** @param {string} why */
function leave(why) {
  session?.abort();
  session = undefined;
  useToken("");
  // A question would lie over the form; a secret that is told once stays until it is kept.
  for (const dialog of document.querySelectorAll("dialog")) {
    if (!dialog.querySelector("[data-secret]")) dialog.close();
  }
  login(why);
}

/** @param {string} why */
function login(why) {
  showLogin(app, why, () => void enter());
}

async function enter() {
  try {
    show(await get("/me"));
  } catch (error) {
    if (error instanceof Refused && error.status === 401) return; // told by whenLoggedOut
    login(error instanceof Error ? error.message : String(error));
    const token = currentToken();
    if (error instanceof Refused && error.status === 0 && token !== "") retry(token);
  }
}

/**
 * Enters by itself once the gateway answers again, unless somebody logs in meanwhile.
 *
 * @param {string} token
 */
function retry(token) {
  setTimeout(async () => {
    if (session !== undefined || currentToken() !== token) return;
    try {
      show(await get("/me"));
    } catch (error) {
      if (error instanceof Refused && error.status === 0) retry(token);
    }
  }, RETRY_MS);
}

/** @param {import("./api.js").Me} me */
function show(me) {
  session?.abort();
  const own = session = new AbortController();
  const watch = new Watch();
  own.signal.addEventListener("abort", () => watch.stop());
  const may = (/** @type {string[]} */ ...roles) => roles.some((role) => me.may.includes(role));
  const pages = PAGES.filter(({ roles }) => may(...roles));
  const page = h("main", { class: "page", tabindex: -1 });
  const countdown = pendingBanner(watch, may);
  const notice = refusedNotice(own.signal);
  const alarmCount = h("span", { class: "count", hidden: true });
  const links = pages.map(({ name, title }, i) =>
    h(
      "a",
      { href: `#/${name}` },
      title,
      name === "alarms"
        ? alarmCount
        : i < 10 && h("kbd", { "aria-hidden": "true" }, String((i + 1) % 10)),
    )
  );
  fill(
    app,
    h(
      "div",
      { class: "frame" },
      strip(me, watch, own.signal, () => leave("")),
      h(
        "nav",
        { class: "rail", "aria-label": "Pages" },
        links,
        foot(watch, own.signal),
      ),
      page,
    ),
  );

  /** @type {AbortController | undefined} */
  let shown;
  const open = () => {
    const [, name = "overview", ...params] = location.hash.split("/");
    const found = pages.find((p) => p.name === name) ?? pages[0];
    if (!found) return fill(page, h("p", { class: "problem" }, "This user may see nothing."));
    shown?.abort();
    shown = new AbortController();
    notice.clear();
    const { signal } = shown;
    own.signal.addEventListener("abort", () => shown?.abort(), { signal });
    links.forEach((link, i) => {
      if (pages[i] === found) mark(link, "aria-current", "page");
      else link.removeAttribute("aria-current");
    });
    document.title = `${found.title} – Tieline`;
    fill(
      page,
      h("h1", { class: "sr" }, found.title),
      countdown.element,
      notice.element,
      found.show({
        me,
        signal,
        params: params.map(decoded),
        watch,
        may,
        poll: (act, ms) => poll(act, ms, signal),
      }),
    );
    page.scrollTop = 0;
  };
  addEventListener("hashchange", () => {
    open();
    page.focus();
  }, { signal: own.signal });
  addEventListener("keydown", (event) => keys(event, pages), { signal: own.signal });
  watch.on(() => {
    // What is old must not look as if it were of now.
    page.classList.toggle("old", watch.problem !== "");
    // A page that could not be filled is filled once the gateway answers.
    if (notice.isUnanswered && watch.problem === "") open();
    const urgent = watch.alarms.filter(({ severity }) => severity !== "note");
    say(alarmCount, String(urgent.length));
    alarmCount.hidden = urgent.length === 0;
    mark(
      alarmCount,
      "class",
      urgent.some(({ severity }) => severity === "alarm") ? "count alarm" : "count",
    );
  }, own.signal);
  const timer = setInterval(() => countdown.update(), 250);
  own.signal.addEventListener("abort", () => clearInterval(timer));
  watch.on(() => countdown.update(), own.signal);
  watch.start();
  open();
}

/** A part of the address; as it stands if it is no code. @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Digits choose a page, `/` goes to the search field.
 *
 * @param {KeyboardEvent} event
 * @param {readonly { name: string }[]} pages
 */
function keys(event, pages) {
  const { target, key } = event;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (target instanceof HTMLElement && target.closest("input, textarea, select, dialog")) return;
  if (key === "/") {
    const field = document.querySelector("[data-search]");
    if (field instanceof HTMLElement) {
      event.preventDefault();
      field.focus();
    }
  } else if (/^\d$/.test(key)) {
    const page = pages[(Number(key) + 9) % 10];
    if (page) location.hash = `#/${page.name}`;
  }
}

/**
 * Does something now and again and again while the page is looked at; what is refused is left to the next time.
 *
 * @param {() => Promise<void>} act
 * @param {number} ms
 * @param {AbortSignal} signal
 */
function poll(act, ms, signal) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const round = async () => {
    try {
      if (!document.hidden) await act();
    } catch (error) {
      if (!signal.aborted && !(error instanceof Refused)) throw error;
    }
    if (!signal.aborted) timer = setTimeout(round, ms);
  };
  signal.addEventListener("abort", () => clearTimeout(timer));
  void round();
}
