/**
 * Login by token, by client certificate, and the claim of a new gateway.
 *
 * @module
 */
import { get, Refused, request, useToken } from "./api.js";
import { fill, h } from "./dom.js";
import { logo } from "./logo.js";

/**
 * Shows the form in `app`; `entered` is called once the gateway knows who is there.
 *
 * @param {HTMLElement} app
 * @param {string} why What is to be said first.
 * @param {() => void} entered
 */
export function showLogin(app, why, entered) {
  const told = h("p", { class: "problem", role: "alert", hidden: why === "" }, why);
  const field = h("input", {
    class: "mono",
    type: "password",
    name: "token",
    autocomplete: "current-password",
    autocapitalize: "off",
    spellcheck: "false",
    "aria-label": "Token",
  });
  const tell = (/** @type {unknown} */ error) => {
    told.textContent = error instanceof Error ? error.message : String(error);
    told.hidden = false;
  };
  const submit = async (/** @type {string} */ token) => {
    useToken(token);
    try {
      await get("/me");
      entered();
    } catch (error) {
      if (token.startsWith("tieline.claim.") && error instanceof Refused && error.status === 403) {
        showClaim(app, entered);
        return;
      }
      useToken("");
      if (!(error instanceof Refused && error.status === 401)) return tell(error);
      // The form was made anew, with its words.
      showLogin(app, token === "" ? "No known certificate was shown." : error.message, entered);
    }
  };
  const form = h(
    "form",
    {
      onsubmit: (/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        void submit(field.value.trim());
      },
    },
    h("h1", {}, logo(26), "Tieline"),
    h("p", { class: "muted" }, "The gateway at the edge of the substation."),
    told,
    h("label", {}, "Token", field),
    h(
      "p",
      { class: "muted" },
      "It stays in this tab alone. A new gateway takes the claim token from its console.",
    ),
    h(
      "div",
      { class: "row" },
      h("button", { class: "primary" }, "Log in"),
      h(
        "button",
        { type: "button", class: "plain", onclick: () => void submit("") },
        "Use the certificate of this browser",
      ),
    ),
  );
  fill(app, h("main", { class: "login" }, form));
  field.focus();
}

/**
 * The first user of a new gateway.
 *
 * @param {HTMLElement} app
 * @param {() => void} entered
 */
function showClaim(app, entered) {
  const told = h("p", { class: "problem", role: "alert", hidden: true });
  const name = h("input", { name: "name", value: "admin", pattern: "[A-Za-z0-9_\\-]{1,64}" });
  const form = h(
    "form",
    {
      onsubmit: async (/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        try {
          const answer = await request("POST", "/claim", { json: { name: name.value } });
          const { token } = await answer.json();
          useToken(token);
          fill(
            form,
            h("h1", {}, logo(26), "Claimed"),
            h("p", {}, "This token is told once. Keep it where such things are kept:"),
            h("p", { class: "told mono" }, token),
            h("button", { type: "button", class: "primary", onclick: entered }, "Go on"),
          );
        } catch (error) {
          told.textContent = error instanceof Error ? error.message : String(error);
          told.hidden = false;
        }
      },
    },
    h("h1", {}, logo(26), "A new gateway"),
    h("p", {}, "Nobody has claimed it. The first user gets all roles and makes the others."),
    told,
    h("label", {}, "Name of the first user", name),
    h("button", { class: "primary" }, "Claim it"),
  );
  fill(app, h("main", { class: "login" }, form));
  name.focus();
}
