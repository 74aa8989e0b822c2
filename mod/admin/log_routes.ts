/**
 * Routes of the log and of the audit trail.
 *
 * @module
 */
import * as v from "valibot";
import { syslogLine } from "../audit/mod.ts";
import { keptLogLines, LOG_LEVELS } from "../gateway/mod.ts";
import { type Route, route } from "./route.ts";
import { line, wholeInQuery } from "./schemas.ts";

const lineSchema = v.object({
  number: v.number(),
  timeMs: v.number(),
  level: v.string(),
  from: v.string(),
  text: v.string(),
});
const entrySchema = v.object({
  number: v.number(),
  time: v.string(),
  who: v.string(),
  from: v.string(),
  action: v.string(),
  outcome: v.picklist(["done", "refused"]),
  detail: v.string(),
  before: v.optional(v.string()),
  after: v.optional(v.string()),
  request: v.optional(v.string()),
  previous: v.string(),
  hash: v.string(),
});

/** Routes of the log and the audit trail. */
export const LOG_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/api/logs",
    access: ["OPERATOR", "SECADM", "SECAUD"],
    summary: "The last lines of the log; `after` and the newest number make a tail of it",
    query: v.strictObject({
      after: v.optional(
        v.pipe(wholeInQuery(0, 1e15), v.description("Only lines with a higher number")),
        "0",
      ),
      level: v.optional(
        v.pipe(v.picklist(LOG_LEVELS), v.description("The least severe level")),
        "debug",
      ),
      from: v.optional(
        v.pipe(line(128), v.description("Only of this part, or those below it")),
        "",
      ),
      limit: v.optional(wholeInQuery(1, 2000), "500"),
    }),
    answer: v.object({ newest: v.number(), lines: v.array(lineSchema) }),
    handle: ({ query }) => {
      const all = keptLogLines(query.after);
      const least = LOG_LEVELS.indexOf(query.level);
      const lines = all.filter(({ level, from }) =>
        LOG_LEVELS.findIndex((l) => l === level) >= least &&
        (query.from === "" || from === query.from || from.startsWith(`${query.from}.`))
      );
      return { newest: all.at(-1)?.number ?? query.after, lines: lines.slice(-query.limit) };
    },
  }),
  route({
    method: "GET",
    path: "/api/audit",
    access: ["SECAUD"],
    summary:
      "The audit trail, newest first; `before` gives the next page; syslog gives RFC 5424 lines",
    query: v.strictObject({
      limit: v.optional(wholeInQuery(1, 1000), "100"),
      before: v.optional(wholeInQuery(1, 1e15)),
      format: v.optional(v.picklist(["json", "syslog"]), "json"),
    }),
    answer: v.object({ entries: v.array(entrySchema) }),
    otherTypes: ["text/plain"],
    handle: async ({ context, query }) => {
      const entries = await context.audit.entries(query.limit, query.before);
      if (query.format === "json") return { entries };
      const { name } = context.gateway.config.gateway;
      // Oldest first, as a collector wants them.
      const text = entries.reverse().map((entry) => `${syslogLine(entry, name)}\n`).join("");
      return new Response(text, { headers: { "Content-Type": "text/plain; charset=utf-8" } });
    },
  }),
];
