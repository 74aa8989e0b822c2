/**
 * Changes of the configuration by a form: asked, shown as a difference if wanted, and told.
 *
 * @module
 */
import { query, Refused, request } from "./api.js";
import { ask, refusal, tell } from "./dialog.js";
import { fill, h } from "./dom.js";
import { diffView } from "./editor.js";
import { needsSignature, signingText } from "./signing.js";

/** @typedef {import("./dom.js").Child} Child */
/**
 * What the API answers to a change.
 *
 * @typedef {object} Change
 * @property {number | null} version
 * @property {boolean} everything
 * @property {{ part: string, change: string, keys: string[] }[]} changes
 * @property {number | null} confirmWithin
 * @property {string} diff
 * @property {string} [token] Token of a user, told this once.
 */
/**
 * @typedef {object} ChangeForm
 * @property {string} title
 * @property {Child[]} fields
 * @property {string} act What the button says that does it.
 * @property {boolean} [danger] Whether it takes something away.
 * @property {string} method
 * @property {string} path
 * @property {(form: FormData) => unknown} [json] What is sent, of the fields.
 * @property {(change: Change) => void} [done] Told the answer before anything else is asked of the gateway.
 */

/** Seconds of a trial, unless others are chosen. */
export const TRIAL_SECONDS = 300;

/**
 * Asks for a change and makes it; resolves with the API's answer, or undefined if it was left. The change is made of the
 * configuration that ran when the question was asked: if somebody else changes it meanwhile, it is refused. Where
 * changes need a signature it is said how they are made instead.
 *
 * @param {import("./main.js").PageContext} context
 * @param {ChangeForm} asked
 * @returns {Promise<Change | undefined>}
 */
export async function askToChange({ watch }, asked) {
  const { title, fields, act, danger, method, path, json, done } = asked;
  if (needsSignature(watch)) {
    await tell(title, signingText());
    return undefined;
  }
  const headers = { "If-Match": `"${watch.status?.configuration.digest ?? ""}"` };
  const preview = h("div");
  const send = async (
    /** @type {FormData} */ form,
    /** @type {Record<string, string | number | boolean | undefined>} */ how,
  ) => {
    const response = await request(method, `${path}${query(how)}`, {
      headers,
      ...(json && { json: json(form) }),
    });
    return /** @type {Change} */ (await response.json()); // as the API describes it
  };
  const show = async (/** @type {HTMLFormElement} */ form) => {
    try {
      fill(preview, changeView(await send(new FormData(form), { dryRun: true }), true));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      fill(preview, refusal(error));
    }
    preview.scrollIntoView({ block: "start" });
  };
  /** @type {Change | undefined} */
  let answer;
  await ask(title, [
    ...fields,
    h("label", { class: "stack" }, "Comment", h("input", { name: "comment", maxlength: 500 })),
    trialField(false),
    preview,
  ], {
    act,
    ...(danger && { danger }),
    tools: [h("button", {
      type: "button",
      onclick: (/** @type {Event & { currentTarget: HTMLButtonElement }} */ event) => {
        const { form } = event.currentTarget;
        if (form?.reportValidity()) void show(form);
      },
    }, "What would change?")],
    run: async (form) => {
      try {
        answer = await send(form, { comment: String(form.get("comment")), ...trialOf(form) });
        done?.(answer);
      } catch (error) {
        // Whoever asks again asks of what runs now.
        if (error instanceof Refused && error.status === 412) await watch.refresh();
        throw error;
      }
    },
  });
  if (answer) await watch.refresh();
  return answer;
}

/**
 * The choice of a trial.
 *
 * @param {boolean} checked
 */
export function trialField(checked) {
  return h(
    "div",
    { class: "row" },
    h(
      "label",
      { class: "row" },
      h("input", { type: "checkbox", name: "trial", checked }),
      "on trial: undone unless confirmed within",
    ),
    h("input", {
      type: "number",
      name: "seconds",
      min: 1,
      max: 86_400,
      value: TRIAL_SECONDS,
      "aria-label": "Seconds",
    }),
    "s",
  );
}

/**
 * What was chosen, as the API takes it.
 *
 * @param {FormData} form
 */
export function trialOf(form) {
  return { confirmWithin: form.get("trial") ? Number(form.get("seconds")) : undefined };
}

/** @param {Change["changes"]} changes */
export function changesText(changes) {
  return changes.map(({ part, change }) => `${part} ${change}`).join(", ");
}

/**
 * What a change does, or would do.
 *
 * @param {Change} change
 * @param {boolean} dryRun
 */
export function changeView({ version, everything, changes, confirmWithin, diff }, dryRun) {
  const told = dryRun
    ? "In order. This is what would change:"
    : version === null
    ? "Nothing differs."
    : `Version ${version} runs${confirmWithin === null ? "" : ` on trial for ${confirmWithin} s`}.`;
  return h(
    "div",
    { class: "stack" },
    h("p", { class: "told" }, told),
    everything && h("p", { class: "warning" }, "Everything starts anew."),
    changes.length > 0 && h(
      "ul",
      { class: "names" },
      changes.map(({ part, change, keys }) =>
        h(
          "li",
          {},
          h("span", { class: "strong" }, part),
          ` ${change === "changed" ? "changed in place" : change}`,
          keys.length > 0 && h("span", { class: "muted" }, `: ${keys.join(", ")}`),
        )
      ),
    ),
    diffView(diff),
  );
}

/**
 * What became of a change, in a line.
 *
 * @param {Change} change
 */
export function changeText({ version, changes, confirmWithin }) {
  if (version === null) return "Nothing differs.";
  return `Version ${version} runs${
    confirmWithin === null ? "" : ` on trial for ${confirmWithin} s`
  }: ${changesText(changes)}.`;
}
