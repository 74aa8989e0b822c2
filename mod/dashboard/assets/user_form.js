/**
 * The fields by which a user is added and changed: roles, and pins of client certificates.
 *
 * @module
 */
import { h, say } from "./dom.js";

/** @typedef {import("./change.js").ChangeForm} ChangeForm */

/** What each role may do, in a line (IEC 62351-8). */
export const ROLES = /** @type {const} */ ({
  VIEWER: "reads state, values, subscribers and their rights",
  OPERATOR: "as VIEWER; reads the log, restarts parts, records events, revokes in an emergency",
  ENGINEER: "as OPERATOR; changes the configuration, but for users, signers and rights",
  SECADM: "as VIEWER; changes users, signers, rights and revocations",
  SECAUD: "as VIEWER; reads the audit trail, the log and the configuration",
});

/**
 * @param {(name: string) => void} named Told the name that is asked for.
 * @returns {ChangeForm}
 */
export function additionForm(named) {
  return {
    title: "Add a user",
    fields: [
      h(
        "label",
        { class: "stack" },
        "Name",
        h("input", {
          name: "name",
          required: true,
          pattern: "[A-Za-z0-9_\\-]{1,64}",
          title: "1 to 64 letters, digits, _ or -",
          autocomplete: "off",
          autofocus: true,
        }),
      ),
      rolesField(["VIEWER"]),
      ...pinsField([]),
    ],
    act: "Add",
    method: "POST",
    path: "/users",
    json: (form) => {
      const name = String(form.get("name"));
      named(name);
      return { name, roles: form.getAll("roles"), pins: linesOf(form.get("pins")) };
    },
  };
}

/** @param {readonly string[]} chosen */
export function rolesField(chosen) {
  return h(
    "fieldset",
    {},
    h("legend", {}, "Roles"),
    Object.entries(ROLES).map(([role, may]) =>
      h(
        "label",
        { class: "role" },
        h("input", {
          type: "checkbox",
          name: "roles",
          value: role,
          checked: chosen.includes(role),
        }),
        h("span", { class: "strong" }, role),
        h("span", { class: "muted" }, may),
      )
    ),
  );
}

/**
 * Pins of client certificates, which can be taken of a file.
 *
 * @param {readonly string[]} pins
 */
export function pinsField(pins) {
  const field = h("textarea", {
    class: "mono",
    name: "pins",
    rows: 2,
    spellcheck: "false",
    placeholder: "sha256:…",
  }, pins.join("\n"));
  const told = h("span", { class: "warning", role: "status" });
  const file = h("input", {
    type: "file",
    accept: ".pem,.crt,.cer,.der",
    onchange: async () => {
      const [chosen] = file.files ?? [];
      if (!chosen) return;
      const pin = await pinOf(new Uint8Array(await chosen.arrayBuffer())).catch(() => undefined);
      say(told, pin ? "" : "That is no certificate.");
      if (pin) field.value = [...linesOf(field.value), pin].join("\n");
      file.value = "";
    },
  });
  return [
    h("label", { class: "stack" }, "Pins of client certificates, one per line, two at most", field),
    h("label", { class: "row" }, "Take it of a certificate", file, told),
  ];
}

/**
 * The pin of a certificate: SHA-256 of its DER.
 *
 * @param {Uint8Array<ArrayBuffer>} bytes DER or PEM, of which the first certificate counts.
 */
async function pinOf(bytes) {
  const text = new TextDecoder("latin1").decode(bytes);
  const base64 = /-----BEGIN CERTIFICATE-----([^-]+)-----END/.exec(text)?.[1];
  const der = base64
    ? Uint8Array.from(atob(base64.replace(/\s/g, "")), (c) => c.charCodeAt(0))
    : bytes;
  if (der[0] !== 0x30) throw new TypeError("Expected DER"); // a sequence
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", der));
  return `sha256:${Array.from(digest, (n) => n.toString(16).padStart(2, "0")).join("")}`;
}

/** @param {FormDataEntryValue | null} text */
export function linesOf(text) {
  return String(text ?? "").split("\n").map((line) => line.trim()).filter((line) => line !== "");
}
