/**
 * Users of this gateway: who may enter, by which roles, with a token or a client certificate.
 *
 * @module
 */
import { currentToken, get, useToken } from "./api.js";
import { askToChange, changeText } from "./change.js";
import { tellOnce } from "./dialog.js";
import { factList, fill, h, panel, say, scroller } from "./dom.js";
import { LiveTable } from "./table.js";
import { additionForm, linesOf, pinsField, ROLES, rolesField } from "./user_form.js";

/** @typedef {import("./main.js").PageContext} PageContext */
/** @typedef {import("./change.js").ChangeForm} ChangeForm */
/**
 * @typedef {object} User
 * @property {string} name
 * @property {string[]} roles
 * @property {boolean} enabled
 * @property {boolean} hasToken
 * @property {string[]} pins
 */

/** @param {PageContext} context */
export function usersPage(context) {
  const { may, me, signal, params } = context;
  const mayChange = may("SECADM");
  const told = h("p", { class: "told", role: "status", hidden: true });
  const place = scroller("The user", "fill", h("p", { class: "empty" }, "Pick a user."));
  let picked = params[0] ?? "";
  /** @type {User[]} */
  let all = [];
  const table = new LiveTable(columnsFor(me.name), {
    label: "Users",
    key: ({ name }) => name,
    empty: "There is no user",
    onPick: (user) => open(user),
  });
  const open = (/** @type {User} */ user) => {
    picked = user.name;
    history.replaceState(null, "", `#/users/${encodeURIComponent(picked)}`);
    table.pick(picked);
    fill(place, detailOf(user, me.name, mayChange, change));
  };
  const load = async () => {
    ({ users: all } = await get("/users", signal));
    table.update(all);
    const found = all.find(({ name }) => name === picked) ?? all[0];
    if (found) open(found);
  };
  const change = async (/** @type {ChangeForm} */ form) => {
    const answer = await askToChange(context, form);
    if (!answer) return;
    say(told, changeText(answer));
    told.hidden = false;
    const { token } = answer;
    // First of all: whatever fails now, nobody can ask for it again.
    if (token !== undefined) await tellToken(token);
    await load();
  };
  const add = async () => {
    picked = "";
    await change(additionForm((name) => picked = name));
  };
  addEventListener("tieline-config", () => void load(), { signal });
  void load();
  return [
    told,
    h(
      "div",
      { class: "columns main fill" },
      panel(
        "Users",
        [
          h("span", { class: "grow" }),
          mayChange && h("button", { class: "primary", onclick: add }, "Add a user…"),
        ],
        h("div", { class: "scroll fill" }, table.element),
      ),
      h("section", { class: "panel" }, place),
    ),
  ];
}

/** @param {string} token */
function tellToken(token) {
  return tellOnce(
    `Token of ${token.split(".")[1] ?? ""}`,
    "It is told this once: only its hash is kept. Hand it over by a way that nobody else reads.",
    token,
  );
}

/**
 * @param {string} own Name of who looks.
 * @returns {import("./table.js").Column<User>[]}
 */
function columnsFor(own) {
  return [
    {
      title: "User",
      kind: "strong",
      text: ({ name }) => name === own ? `${name} (you)` : name,
      sort: ({ name }) => name,
    },
    { title: "Roles", kind: "wide", text: ({ roles }) => roles.join(", ") },
    { title: "Enters by", text: entryText },
    {
      title: "State",
      text: ({ enabled }) => enabled ? "" : "turned away",
      state: ({ enabled }) => enabled ? "" : "warning",
    },
  ];
}

/** @param {User} user */
function entryText({ hasToken, pins }) {
  const certificates = pins.length === 0
    ? ""
    : pins.length === 1
    ? "certificate"
    : `${pins.length} certificates`;
  return [hasToken ? "token" : "", certificates].filter(Boolean).join(", ");
}

/**
 * @param {User} user
 * @param {string} own
 * @param {boolean} mayChange
 * @param {(form: ChangeForm) => Promise<void>} change
 */
function detailOf(user, own, mayChange, change) {
  const { name, roles, enabled, hasToken, pins } = user;
  const path = `/users/${encodeURIComponent(name)}`;
  const button = (/** @type {string} */ word, /** @type {ChangeForm} */ form) =>
    h("button", { class: form.danger ? "danger" : false, onclick: () => change(form) }, word);
  return h(
    "div",
    { class: "body stack" },
    h("h2", { class: "title" }, name),
    !enabled && h("p", { class: "problem" }, "This user is turned away."),
    mayChange && h(
      "div",
      { class: "row" },
      button("Change…", {
        title: `Change ${name}`,
        fields: [
          rolesField(roles),
          ...pinsField(pins),
          h(
            "label",
            { class: "row" },
            h("input", { type: "checkbox", name: "enabled", checked: enabled }),
            "may enter",
          ),
        ],
        act: "Change",
        method: "PUT",
        path,
        json: (form) => ({
          roles: form.getAll("roles"),
          pins: linesOf(form.get("pins")),
          enabled: form.get("enabled") !== null,
        }),
      }),
      button(hasToken ? "New token…" : "Give a token…", {
        title: `A new token for ${name}?`,
        fields: [
          h(
            "p",
            {},
            hasToken ? "The token in use is good for nothing at once." : "It is told once.",
          ),
        ],
        act: "Make it",
        method: "POST",
        path: `${path}/token`,
        // Who makes a token for themselves goes on with it.
        done: ({ token }) => {
          if (name === own && token !== undefined && currentToken() !== "") useToken(token);
        },
      }),
      name !== own && button("Remove…", {
        title: `Remove ${name}?`,
        fields: [h("p", {}, "The user may not enter any more, at once.")],
        act: "Remove",
        danger: true,
        method: "DELETE",
        path,
      }),
    ),
    factList([
      ["May enter", enabled ? "yes" : "no"],
      ["Token", hasToken ? "yes, its hash is kept" : "none"],
      [
        "Certificates",
        pins.length === 0
          ? "none"
          : h("div", { class: "mono" }, pins.map((pin) => h("div", {}, pin))),
      ],
    ]),
    h("h2", {}, "Roles (IEC 62351-8)"),
    factList(
      Object.entries(ROLES).filter(([role]) => roles.includes(role)),
    ),
    !mayChange && h("p", { class: "muted" }, "A SECADM changes users."),
  );
}
