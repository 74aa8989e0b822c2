/**
 * Routes of users: who may use this API. Each change is an edit of the configuration.
 *
 * @module
 */
import * as v from "valibot";
import { editKeys, editToml } from "../config/mod.ts";
import { ADMIN_ROLES } from "../gateway/mod.ts";
import { hashToken, tokenText } from "../identity/mod.ts";
import { changeByEdit, changeQuery } from "./config_changes.ts";
import { type AdminContext, doneBy } from "./context.ts";
import { ProblemError } from "./problem.ts";
import { type Route, route } from "./route.ts";
import { changeSchema } from "./schemas.ts";

const name = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9_-]{1,64}$/, 'expected 1 to 64 letters, digits, "_" or "-"'),
);
const roles = v.pipe(
  v.array(v.picklist(ADMIN_ROLES)),
  v.minLength(1, "expected at least one role"),
);
const pins = v.pipe(
  v.array(v.pipe(v.string(), v.maxLength(128))),
  v.maxLength(2, "expected at most two pins, the certificate in use and the next"),
);
const withToken = v.object({ ...changeSchema.entries, token: v.string() });

/** What may be changed of a user; whether the pins are such is checked with the whole configuration. */
const userChange = v.pipe(
  v.strictObject({
    roles: v.optional(roles),
    pins: v.optional(pins),
    enabled: v.optional(v.boolean()),
  }),
  v.check((body) => Object.keys(body).length > 0, "expected roles, pins or enabled"),
);

/** Routes of users. */
export const USER_ROUTES: readonly Route[] = [
  route({
    method: "POST",
    path: "/api/claim",
    access: "claim",
    summary:
      "Makes the first user of a new gateway; its token is told once, the claim token is spent",
    body: v.strictObject({ name, roles: v.optional(roles, [...ADMIN_ROLES]) }),
    answer: v.object({ name: v.string(), token: v.string() }),
    action: "user.claim",
    handle: async (call) => {
      const { keeper, audit, claim } = call.context;
      if (!claim?.take()) {
        throw new ProblemError(409, "claimed", "This gateway was claimed just now");
      }
      const { text, hash } = await newToken(call.body.name);
      const before = keeper.status().running.digest;
      const path = ["admin", "user", call.body.name];
      let digest: string;
      try {
        ({ digest } = await keeper.edit(
          { author: "claim", comment: "the first user", cause: "edit" },
          (toml) => editToml(toml, { path, value: { roles: call.body.roles, token: hash } }),
        ));
      } catch (error) {
        claim.giveBack();
        throw error;
      }
      await claim.spend();
      await audit.note(doneBy(call, call.body.name, { before, after: digest }));
      return { name: call.body.name, token: text };
    },
  }),
  route({
    method: "GET",
    path: "/api/users",
    access: ["SECADM", "SECAUD"],
    summary: "Users and their roles",
    answer: v.object({
      users: v.array(v.object({
        name: v.string(),
        roles: v.array(v.string()),
        enabled: v.boolean(),
        hasToken: v.boolean(),
        pins: v.array(v.string()),
      })),
    }),
    handle: ({ context }) => ({
      users: Object.entries(context.gateway.config.admin.user).map(([name, u]) => ({
        name,
        roles: [...u.roles],
        enabled: u.enabled,
        hasToken: u.token !== undefined,
        pins: [...u.pins],
      })),
    }),
  }),
  route({
    method: "POST",
    path: "/api/users",
    access: ["SECADM"],
    summary: "Adds a user, with pins of client certificates if wanted; the token is told once",
    query: v.strictObject(changeQuery),
    body: v.strictObject({ name, roles, pins: v.optional(pins, []) }),
    ifMatch: true,
    answer: withToken,
    action: "user.add",
    handle: async (call) => {
      const { body, context } = call;
      if (Object.hasOwn(context.gateway.config.admin.user, body.name)) {
        throw new ProblemError(409, "userExists", `There is a user ${body.name} already`);
      }
      const { text, hash } = await newToken(body.name);
      const value = {
        roles: body.roles,
        token: hash,
        ...(body.pins.length > 0 && { pins: body.pins }),
      };
      const path = ["admin", "user", body.name];
      const result = await changeByEdit(
        call,
        (toml) => editToml(toml, { path, value }),
      );
      return { ...result, token: text };
    },
  }),
  route({
    method: "PUT",
    path: "/api/users/:name",
    access: ["SECADM"],
    summary:
      "Changes roles, pins of client certificates or the right to enter, those that are given; it holds at once",
    query: v.strictObject(changeQuery),
    body: userChange,
    ifMatch: true,
    answer: changeSchema,
    action: "user.change",
    handle: (call) => {
      const user = userOf(call.context, call.params);
      const { body } = call;
      if (
        user === call.user.name &&
        (body.enabled === false || body.roles?.includes("SECADM") === false)
      ) {
        throw new ProblemError(
          409,
          "ownUser",
          "Nobody takes SECADM or the right to enter from themselves: ask another SECADM",
        );
      }
      return changeByEdit(
        call,
        (toml) => editKeys(toml, ["admin", "user", user], body),
      );
    },
  }),
  route({
    method: "POST",
    path: "/api/users/:name/token",
    access: ["SECADM"],
    summary: "Gives a user another token, told once; the former one is good for nothing at once",
    query: v.strictObject(changeQuery),
    ifMatch: true,
    answer: withToken,
    action: "user.token",
    handle: async (call) => {
      const user = userOf(call.context, call.params);
      const { text, hash } = await newToken(user);
      const path = ["admin", "user", user, "token"];
      const result = await changeByEdit(
        call,
        (toml) => editToml(toml, { path, value: hash }),
      );
      return { ...result, token: text };
    },
  }),
  route({
    method: "DELETE",
    path: "/api/users/:name",
    access: ["SECADM"],
    summary: "Takes a user away",
    query: v.strictObject(changeQuery),
    ifMatch: true,
    answer: changeSchema,
    action: "user.remove",
    handle: (call) => {
      const user = userOf(call.context, call.params);
      if (user === call.user.name) {
        throw new ProblemError(409, "ownUser", "Nobody takes themselves away: ask another SECADM");
      }
      return changeByEdit(
        call,
        (toml) => editToml(toml, { path: ["admin", "user", user] }),
      );
    },
  }),
];

async function newToken(user: string): Promise<{ text: string; hash: string }> {
  const text = tokenText(user, crypto.getRandomValues(new Uint8Array(32)));
  return { text, hash: await hashToken(text, crypto.getRandomValues(new Uint8Array(16))) };
}

function userOf({ gateway }: AdminContext, params: Readonly<Record<string, string>>): string {
  const user = params["name"] ?? "";
  if (!Object.hasOwn(gateway.config.admin.user, user)) {
    throw new ProblemError(404, "unknownUser", `There is no user ${user}`);
  }
  return user;
}
