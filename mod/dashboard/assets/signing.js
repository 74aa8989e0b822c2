/**
 * What is said, and asked for, where changes of the configuration need a signature: no browser holds the key.
 *
 * @module
 */
import { h } from "./dom.js";

/** @typedef {import("./watch.js").Watch} Watch */

/**
 * True where the configuration names signers.
 *
 * @param {Watch} watch
 */
export function needsSignature(watch) {
  return watch.status?.configuration.needsSignature === true;
}

/** Why a form cannot make a change there, and what does. */
export function signingText() {
  const host = location.protocol === "https:" ? location.host : location.origin;
  return [
    h(
      "p",
      {},
      "This gateway takes no change without a signature by one of [config] signers. A browser cannot sign: " +
        "change the file where the key is, and push it from there.",
    ),
    h(
      "pre",
      { class: "told" },
      `tieline config push ${host} site.toml --sign KEY.pem --confirm-within 300`,
    ),
  ];
}

/**
 * The note on the page of the configuration, with a field for a signature that was made elsewhere.
 *
 * @param {() => void} changed Called when the field is written in.
 */
export function signingNote(changed) {
  const field = h("input", {
    class: "mono grow",
    name: "signature",
    autocomplete: "off",
    spellcheck: "false",
    oninput: () => changed(),
  });
  const element = h(
    "div",
    { class: "told stack", hidden: true },
    signingText(),
    h(
      "p",
      {},
      "The text below is checked and pushed with the signature that ",
      h("code", {}, "tieline config sign FILE --key KEY.pem"),
      ' makes of exactly this text. One with secrets that read "redacted:" cannot be signed.',
    ),
    h("label", { class: "row" }, "Signature (base64)", field),
  );
  return {
    element,
    /** @param {Watch} watch */
    show(watch) {
      element.hidden = !needsSignature(watch);
      changed();
    },
    /** Whether what is needed is there. */
    isReady: () => element.hidden || field.value.trim() !== "",
    /** @returns {Record<string, string>} */
    headers() {
      const signature = field.value.trim();
      return element.hidden || signature === "" ? {} : { "Tieline-Signature": signature };
    },
  };
}
