/**
 * Routes of the configuration: read, push, confirm, history.
 *
 * @module
 */
import * as v from "valibot";
import { lineDiff, MAX_TOML_LENGTH } from "../config/mod.ts";
import { type ConfigPlan, shownConfig } from "../gateway/mod.ts";
import type { VersionInfo } from "../revision/mod.ts";
import { change, changeQuery, mayChange, requestOf } from "./config_changes.ts";
import { doneBy } from "./context.ts";
import { ProblemError } from "./problem.ts";
import { type Call, type Route, route } from "./route.ts";
import { changeSchema, versionSchema, wholeInQuery } from "./schemas.ts";

const READERS = ["ENGINEER", "SECADM", "SECAUD"] as const;
const WRITERS = ["ENGINEER", "SECADM"] as const;

const toml = v.pipe(
  v.string(),
  v.maxLength(MAX_TOML_LENGTH, `expected at most ${MAX_TOML_LENGTH} characters`),
);
const settled = v.object({ version: v.number(), digest: v.string() });

/** Routes of the configuration. */
export const CONFIG_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/api/config",
    access: READERS,
    summary:
      "The configuration that runs, secrets as marks; its ETag is what a change has to match",
    answerType: "application/toml",
    handle: ({ context: { keeper } }) =>
      new Response(shownConfig(keeper.text), {
        headers: {
          "Content-Type": "application/toml",
          "ETag": `"${keeper.status().running.digest}"`,
        },
      }),
  }),
  route({
    method: "PUT",
    path: "/api/config",
    access: WRITERS,
    summary:
      "Pushes a configuration: checked as a whole, compared, applied; undone unless confirmed, if asked for",
    query: v.strictObject(changeQuery),
    body: toml,
    bodyType: "application/toml",
    maxBytes: 4 * MAX_TOML_LENGTH,
    ifMatch: true,
    action: "config.push",
    answer: changeSchema,
    handle: (call) =>
      change(
        call,
        () => call.context.keeper.change({ ...requestOf(call), text: call.body, cause: "push" }),
      ),
  }),
  route({
    method: "POST",
    path: "/api/config/confirm",
    access: WRITERS,
    summary: "Confirms the change that waits",
    action: "config.confirm",
    answer: settled,
    handle: (call) => settle(call, "", (judge) => call.context.keeper.confirm(judge)),
  }),
  route({
    method: "POST",
    path: "/api/config/cancel",
    access: WRITERS,
    summary: "Takes the change that waits back at once",
    action: "config.cancel",
    answer: settled,
    handle: (call) => settle(call, " runs again", (judge) => call.context.keeper.cancel(judge)),
  }),
  route({
    method: "GET",
    path: "/api/config/versions",
    access: READERS,
    summary: "The versions that are kept, newest first",
    answer: v.object({ running: v.number(), versions: v.array(versionSchema) }),
    handle: ({ context: { keeper } }) => ({
      running: keeper.status().running.number,
      versions: keeper.versions(),
    }),
  }),
  route({
    method: "GET",
    path: "/api/config/versions/:number",
    access: READERS,
    summary: "The text of a version, secrets as marks",
    answerType: "application/toml",
    handle: async ({ context: { keeper }, params }) =>
      new Response(shownConfig(await keeper.textOf(numberOf(params))), {
        headers: { "Content-Type": "application/toml" },
      }),
  }),
  route({
    method: "POST",
    path: "/api/config/versions/:number/rollback",
    access: WRITERS,
    summary: "Makes the text of a version run again, as a new version",
    query: v.strictObject(changeQuery),
    ifMatch: true,
    action: "config.rollback",
    answer: changeSchema,
    handle: (call) =>
      change(
        call,
        () => call.context.keeper.rollback(numberOf(call.params), requestOf(call)),
      ),
  }),
  route({
    method: "GET",
    path: "/api/config/diff",
    access: READERS,
    summary: "The difference of two versions by lines (unified)",
    query: v.strictObject({ from: wholeInQuery(1, 1e9), to: wholeInQuery(1, 1e9) }),
    answerType: "text/plain",
    handle: async ({ context: { keeper }, query: { from, to } }) => {
      const [a, b] = [await keeper.textOf(from), await keeper.textOf(to)];
      return new Response(
        lineDiff(shownConfig(a), shownConfig(b), `version ${from}`, `version ${to}`),
      );
    },
  }),
];

/** Settles the change that waits, if the user might have made it, and notes it. */
async function settle(
  call: Call<undefined, undefined>,
  what: string,
  make: (judge: (undo: ConfigPlan) => void) => Promise<VersionInfo>,
): Promise<v.InferOutput<typeof settled>> {
  const { keeper, audit } = call.context;
  const before = keeper.status().running.digest;
  const { number, digest } = await make((undo) => mayChange(call.user, undo));
  await audit.note(doneBy(call, `version ${number}${what}`, { before, after: digest }));
  return { version: number, digest };
}

function numberOf(params: Readonly<Record<string, string>>): number {
  const text = params["number"] ?? "";
  if (!/^\d{1,9}$/.test(text)) {
    throw new ProblemError(404, "unknownVersion", `There is no version ${text}`);
  }
  return Number(text);
}
