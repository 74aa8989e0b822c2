/**
 * What stands around every page: the strip on top, the foot of the list of pages, a change on trial, what was refused.
 *
 * @module
 */
import { Refused, request } from "./api.js";
import { refusal } from "./dialog.js";
import { fill, h, mark, say } from "./dom.js";
import { clockTone, dateTime, timeOfDay } from "./format.js";
import { logo } from "./logo.js";
import { isDark, switchTheme } from "./theme.js";

/** @typedef {import("./watch.js").Watch} Watch */

/**
 * The strip on top: which gateway, its time and clock, who is there.
 *
 * @param {import("./api.js").Me} me
 * @param {Watch} watch
 * @param {AbortSignal} signal
 * @param {() => void} leave Logs out.
 */
export function strip(me, watch, signal, leave) {
  const name = h("span", {}, "Tieline");
  const time = h("span", {}, "--:--:--");
  const clock = h("span", { class: "muted" });
  const problem = h("span", { class: "alarm strong", role: "alert" });
  const theme = h("button", {
    class: "plain",
    onclick: () => {
      switchTheme();
      say(theme, isDark() ? "Light" : "Dark");
    },
  }, isDark() ? "Light" : "Dark");
  watch.on(() => {
    const { status } = watch;
    const isOld = watch.problem !== "" && status !== undefined;
    const age = isOld ? `; what is shown is of ${timeOfDay(status.nowMicros)}` : "";
    say(problem, `${watch.problem}${age}`);
    if (!status) return;
    say(name, status.name);
    mark(name, "title", status.name);
    const state = status.parts["clock"]?.detail?.state;
    say(clock, state ? `clock ${state}` : "clock not watched");
    mark(clock, "class", clockTone(state) || "muted");
  }, signal);
  const tick = setInterval(() => {
    if (!watch.status) return;
    say(time, new Date(watch.nowMs()).toISOString().slice(11, 19));
    mark(time, "title", `${dateTime(watch.nowMs() * 1000)} UTC, time of the gateway`);
  }, 250);
  signal.addEventListener("abort", () => clearInterval(tick));
  return h(
    "header",
    { class: "strip" },
    h("span", { class: "mark" }, logo(22), name),
    h("span", { class: "now" }, time, h("small", {}, "UTC")),
    clock,
    problem,
    h("span", { class: "grow" }),
    h(
      "span",
      { class: "muted who", title: `${me.name} may act as ${me.may.join(", ")}` },
      `${me.name} · ${me.roles.join(", ")}`,
    ),
    theme,
    h("button", {
      class: "plain",
      onclick: leave,
    }, "Log out"),
  );
}

/**
 * Below the list of pages: which configuration runs.
 *
 * @param {Watch} watch
 * @param {AbortSignal} signal
 */
export function foot(watch, signal) {
  const element = h("div", { class: "foot" });
  watch.on(() => {
    const { status } = watch;
    if (status) say(element, `Configuration ${status.configuration.version}`);
  }, signal);
  return element;
}

/**
 * What is said on every page while a change waits for its confirmation.
 *
 * @param {Watch} watch
 * @param {import("./main.js").PageContext["may"]} may
 */
export function pendingBanner(watch, may) {
  const left = h("span", { class: "left" });
  const text = h("span", { class: "grow" });
  const act = async (/** @type {"confirm" | "cancel"} */ what) => {
    try {
      await request("POST", `/config/${what}`);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      say(text, error.message);
    }
    await watch.refresh();
  };
  const mayAct = may("ENGINEER", "SECADM");
  const element = h(
    "div",
    { class: "countdown", role: "status", hidden: true },
    left,
    text,
    mayAct &&
      h("button", { class: "primary", onclick: () => act("confirm") }, "Confirm, keep it"),
    mayAct && h("button", { onclick: () => act("cancel") }, "Undo now"),
  );
  let seen = "", askedMs = 0;
  return {
    element,
    update() {
      const { status } = watch;
      if (!status) return;
      const { version, digest, author, pending } = status.configuration;
      const found = `${version} ${digest} ${pending?.version}`;
      if (seen !== found) {
        // Whoever shows the configuration looks again.
        if (seen !== "") dispatchEvent(new Event("tieline-config"));
        seen = found;
        say(
          text,
          `Version ${version} by ${author} runs on trial and undoes itself unless it is confirmed.`,
        );
      }
      element.hidden = pending === null;
      if (!pending) return;
      const sinceMs = watch.nowMs() - status.nowMicros / 1000;
      const seconds = Math.max(0, Math.ceil(pending.secondsLeft - sinceMs / 1000));
      say(left, `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`);
      // The end is seen at once, not at the next round.
      if (seconds === 0 && performance.now() - askedMs > 1000) {
        askedMs = performance.now();
        void watch.refresh();
      }
    },
  };
}

/**
 * What is refused while a page fills itself and the page does not tell.
 *
 * @param {AbortSignal} signal
 */
export function refusedNotice(signal) {
  const element = h("div", { role: "alert", hidden: true });
  const notice = {
    element,
    /** Whether something was not answered, rather than refused. */
    isUnanswered: false,
    clear() {
      element.hidden = true;
      notice.isUnanswered = false;
    },
  };
  addEventListener("unhandledrejection", (event) => {
    const { reason } = event;
    if (reason instanceof DOMException && reason.name === "AbortError") {
      event.preventDefault(); // a page that was left waits for no answer
    }
    if (!(reason instanceof Refused)) return;
    event.preventDefault();
    if (reason.status === 401) return; // it leads to the login
    fill(element, refusal(reason));
    element.hidden = false;
    if (reason.status === 0) notice.isUnanswered = true;
  }, { signal });
  return notice;
}
