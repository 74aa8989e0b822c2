/**
 * Questions that are asked before something is done, and what the API says against it.
 *
 * @module
 */
import { Refused } from "./api.js";
import { fill, h } from "./dom.js";

/** @typedef {import("./dom.js").Child} Child */

/**
 * @typedef {object} Question
 * @property {string} act What the button says that does it.
 * @property {boolean} [danger] Whether it takes something away.
 * @property {Child[]} [tools] Further buttons beside it.
 * @property {(form: FormData) => Promise<unknown>} [run] Does it. What is refused is told and the question stays.
 */

/**
 * Asks before something is done; resolves with the fields of the form once it is done, or undefined if it is not to be.
 *
 * @param {string} title
 * @param {Child[]} body
 * @param {Question} question
 * @returns {Promise<FormData | undefined>}
 */
export function ask(title, body, { act, danger = false, tools = [], run }) {
  return new Promise((resolve) => {
    const told = h("div", { role: "alert" });
    const yes = h("button", { class: danger ? "danger" : "primary", value: "yes" }, act);
    const no = h("button", { value: "no", formnovalidate: true, autofocus: danger }, "Leave it");
    const form = h(
      "form",
      { method: "dialog" },
      h("h2", {}, title),
      h("div", { class: "stack scroll" }, body, told),
      h("div", { class: "row" }, yes, tools, no),
    );
    const dialog = h("dialog", { "aria-label": title }, form);
    /** @type {FormData | undefined} */
    let done;
    const perform = async () => {
      const fields = new FormData(form);
      yes.disabled = true;
      try {
        await run?.(fields);
        done = fields;
        dialog.close();
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        fill(told, refusal(error));
        markFields(form, error);
        told.scrollIntoView({ block: "nearest" });
      } finally {
        yes.disabled = false;
      }
    };
    form.addEventListener("submit", (event) => {
      if (event.submitter !== yes) return;
      event.preventDefault();
      void perform();
    });
    // What was refused is not what is written now.
    form.addEventListener("input", () => {
      fill(told);
      for (const field of form.querySelectorAll("[aria-invalid]")) {
        field.removeAttribute("aria-invalid");
      }
    });
    dialog.addEventListener("close", () => {
      resolve(done);
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/**
 * What the API says against something: the sentence, and each place that is wrong.
 *
 * @param {Refused} error
 */
export function refusal(error) {
  const { places } = error;
  return h(
    "div",
    { class: "problem" },
    error.status === 412
      ? "Somebody else has changed the configuration since this was shown. Look again, then repeat it."
      : places.length === 0
      ? error.message
      : places.map((place) =>
        h("div", {}, [keyOf(place), place.message].filter(Boolean).join(": "))
      ),
  );
}

/** @param {import("./api.js").ProblemPlace} place */
function keyOf({ key, path }) {
  return path ?? key ?? "";
}

/**
 * Marks the fields that the API names, and goes to the first.
 *
 * @param {HTMLFormElement} form
 * @param {Refused} error
 */
function markFields(form, { places }) {
  const named = new Set(
    places.map((place) => keyOf(place).replace(/\.\d+$/, "").split(".").at(-1)),
  );
  let isFirst = true;
  for (const field of form.querySelectorAll("input, select, textarea")) {
    const isWrong = named.has(field.getAttribute("name")?.split(".").at(-1));
    if (isWrong) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
    if (isWrong && isFirst && field instanceof HTMLElement) {
      field.focus();
      isFirst = false;
    }
  }
}

/**
 * Says something that has to be known before anything else is done; resolves once it is closed.
 *
 * @param {string} title
 * @param {Child[]} body
 * @returns {Promise<void>}
 */
export function tell(title, body) {
  return new Promise((resolve) => {
    const dialog = h(
      "dialog",
      { "aria-label": title },
      h(
        "form",
        { method: "dialog" },
        h("h2", {}, title),
        h("div", { class: "stack scroll" }, body),
        h("div", { class: "row" }, h("button", { class: "primary" }, "Close")),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/**
 * Shows a text that is told this once; it can be copied, and goes only when it is said to be kept.
 *
 * @param {string} title
 * @param {string} about
 * @param {string} secret
 * @returns {Promise<void>}
 */
export function tellOnce(title, about, secret) {
  return new Promise((resolve) => {
    const copied = h("span", { class: "muted", role: "status" });
    const copy = async () => {
      try {
        await navigator.clipboard.writeText(secret);
        fill(copied, "Copied");
      } catch {
        fill(copied, "This browser does not let it be copied: mark it by hand");
      }
    };
    const dialog = h(
      "dialog",
      { "aria-label": title },
      h(
        "form",
        { method: "dialog" },
        h("h2", {}, title),
        h(
          "div",
          { class: "stack scroll" },
          h("p", {}, about),
          h("p", { class: "told mono", "data-secret": true }, secret),
        ),
        h(
          "div",
          { class: "row" },
          h("button", { class: "primary" }, "I have kept it"),
          h("button", { type: "button", onclick: copy }, "Copy"),
          copied,
        ),
      ),
    );
    // Escape would lose it.
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
