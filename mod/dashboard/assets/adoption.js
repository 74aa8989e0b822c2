/**
 * The form by which a device that was seen becomes a configured one.
 *
 * @module
 */
import { h } from "./dom.js";

/**
 * A device that was seen and is not configured.
 *
 * @typedef {object} Seen
 * @property {string} input Name of the input that saw it.
 * @property {string} id What an adoption names it by.
 * @property {string} acronym One that it could have.
 * @property {string} about What it is, in a line.
 * @property {Record<string, string | number>} settings What would configure it.
 * @property {string[]} guessed Settings that are a guess.
 * @property {string[]} missing Settings that the wire does not tell.
 */

/**
 * @param {Seen} seen
 * @returns {import("./change.js").ChangeForm}
 */
export function adoptionForm({ input, id, acronym, about, settings, guessed, missing }) {
  const keys = [...missing, ...Object.keys(settings)];
  return {
    title: `Adopt a device of ${input}`,
    fields: [
      h("p", {}, about),
      h(
        "label",
        { class: "stack" },
        "Acronym, by which it is known from now on",
        h("input", {
          name: "acronym",
          class: "mono",
          value: acronym,
          required: true,
          maxlength: 64,
          autofocus: true,
        }),
      ),
      keys.length > 0 && h(
        "div",
        { class: "numbers" },
        keys.map((key) =>
          h(
            "label",
            { class: "stack" },
            h(
              "span",
              {},
              key,
              missing.includes(key) &&
                h("span", { class: "warning" }, " – the wire does not tell it"),
              guessed.includes(key) && h("span", { class: "warning" }, " – a guess"),
            ),
            h("input", {
              name: `setting.${key}`,
              class: "mono",
              required: missing.includes(key),
              value: settings[key] ?? "",
            }),
          )
        ),
      ),
    ],
    act: "Adopt",
    method: "POST",
    path: `/inputs/${encodeURIComponent(input)}/adopt`,
    json: (form) => ({
      id,
      acronym: String(form.get("acronym")).trim(),
      settings: Object.fromEntries(
        keys.map((
          key,
        ) => /** @type {const} */ ([key, settingOf(form.get(`setting.${key}`), settings[key])]))
          .filter(([key, value]) => value !== settings[key]),
      ),
    }),
  };
}

/**
 * What was written, as the kind of value that stood there; null leaves the setting out.
 *
 * @param {FormDataEntryValue | null} written
 * @param {string | number | undefined} known
 */
function settingOf(written, known) {
  const text = String(written ?? "").trim();
  if (text === "") return null;
  const isNumber = typeof known === "number" || known === undefined;
  return isNumber && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}
