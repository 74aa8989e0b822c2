/**
 * Routes of event records: list, read, export, protect, remove, and record now.
 *
 * @module
 */
import * as v from "valibot";
import { type Archive, type ArchiveEntry, EXPORT_FORMATS } from "../archive/mod.ts";
import { messageOf } from "../core/mod.ts";
import { type AdminContext, doneBy } from "./context.ts";
import { ProblemError } from "./problem.ts";
import { type Route, route } from "./route.ts";
import { flagInQuery, line, wholeInQuery } from "./schemas.ts";

/** Microseconds since 1970 that a query may name. */
const micros: v.GenericSchema<string, number> = v.pipe(
  v.string(),
  v.check(
    (s) => /^\d{1,16}$/.test(s) && Number.isSafeInteger(Number(s)),
    "expected microseconds since 1970",
  ),
  v.transform(Number),
  v.metadata({ query: { type: "integer", minimum: 0 } }),
);

const recordSchema = v.object({
  id: v.string(),
  event: v.string(),
  stream: v.string(),
  start: v.string(),
  end: v.string(),
  startMicros: v.number(),
  endMicros: v.number(),
  storedMicros: v.number(),
  bytes: v.number(),
  protected: v.boolean(),
  file: v.string(),
  summary: v.record(v.string(), v.unknown()),
});

const orderBody = v.strictObject({
  name: v.optional(v.pipe(line(64), v.description("A manual trigger of the configuration"))),
  streams: v.optional(
    v.pipe(
      v.array(line(64)),
      v.minLength(1),
      v.maxLength(256),
      v.description('Waveform streams, "*" for all; default those of the trigger, or all'),
    ),
  ),
  preMs: v.optional(
    v.pipe(v.number(), v.minValue(0), v.maxValue(60_000), v.description("Time before it")),
  ),
  postMs: v.optional(
    v.pipe(v.number(), v.minValue(0), v.maxValue(600_000), v.description("Time after it")),
  ),
});

const exportQuery = v.strictObject({
  format: v.optional(
    v.pipe(
      v.picklist(EXPORT_FORMATS),
      v.description(
        "cbor is the record itself; cff or cfg and dat are COMTRADE; csv; json is all but the samples",
      ),
    ),
    "cbor",
  ),
  data: v.optional(
    v.pipe(
      v.picklist(["BINARY32", "ASCII", "FLOAT32", "BINARY"]),
      v.description(
        "How COMTRADE writes samples; if absent so that all are exact: BINARY32, or FLOAT32 for synchrophasors",
      ),
    ),
  ),
  scaled: v.optional(
    v.pipe(flagInQuery, v.description("CSV in units in place of raw values")),
    "false",
  ),
  part: v.optional(
    v.pipe(
      wholeInQuery(0, 1000),
      v.description("Which waveform, where a step of the clock has made several of one record"),
    ),
    "0",
  ),
});

/** Routes of event records. */
export const EVENT_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/api/events",
    access: ["VIEWER"],
    summary: "Event records in the archive, newest first",
    query: v.strictObject({
      from: v.optional(v.pipe(micros, v.description("Begin at or after, microseconds since 1970"))),
      to: v.optional(v.pipe(micros, v.description("Begin before, microseconds since 1970"))),
      stream: v.optional(line(64)),
      event: v.optional(line(64)),
      protected: v.optional(flagInQuery),
      limit: v.optional(wholeInQuery(1, 1000), "100"),
      after: v.optional(v.pipe(line(64), v.description("Record after which the page begins"))),
    }),
    answer: v.object({ items: v.array(recordSchema), next: v.nullable(v.string()) }),
    handle: async ({ context, query }) => {
      const items = await disk(() =>
        archiveOf(context).list({
          fromMicros: query.from,
          toMicros: query.to,
          stream: query.stream,
          event: query.event,
          isProtected: query.protected,
          limit: query.limit,
          after: query.after,
        })
      );
      const next = items.length === query.limit ? items.at(-1)!.id : null;
      return { items: items.map(shown), next };
    },
  }),
  route({
    method: "POST",
    path: "/api/events/trigger",
    access: ["OPERATOR"],
    summary: "Records now, with what was just before it",
    body: orderBody,
    answer: v.object({
      event: v.string(),
      streams: v.array(v.string()),
      devices: v.array(v.string()),
    }),
    action: "event.trigger",
    handle: async (call) => {
      const { context, body, user } = call;
      let result;
      try {
        result = context.gateway.recordNow({ ...body, by: user.name });
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw new ProblemError(422, "order", error.message);
      }
      const { event, streams, devices } = result;
      const all = [...streams, ...devices].join(", ") || "nothing";
      await context.audit.note(doneBy(call, `${event} of ${all}`));
      return { event, streams: [...streams], devices: [...devices] };
    },
  }),
  route({
    method: "GET",
    path: "/api/events/:id",
    access: ["VIEWER"],
    summary: "What the index says of one record",
    answer: recordSchema,
    handle: async ({ context, params }) => {
      const [entry] = await disk(() => archiveOf(context).list({ id: idOf(params), limit: 1 }));
      if (!entry) throw unknown(params);
      return shown(entry);
    },
  }),
  route({
    method: "GET",
    path: "/api/events/:id/record",
    access: ["VIEWER"],
    summary: "One record, as it is or in another form",
    query: exportQuery,
    answerType: "application/octet-stream",
    otherTypes: ["application/cbor", "application/json", "text/csv", "text/plain"],
    handle: async ({ context, params, query }) => {
      const { format, data, scaled: isScaled, part } = query;
      const options = { format, data, isScaled, part };
      const result = await disk(() => archiveOf(context).export(idOf(params), options));
      if (!result) throw unknown(params);
      if ("refused" in result) throw new ProblemError(422, "export", result.refused);
      const { exported, entry } = result;
      const name = `${entry.file.replace(/(\.keep)?\.cbor$/, "")}.${exported.extension}`;
      return new Response(exported.bytes, {
        headers: {
          "Content-Type": exported.type,
          "Content-Length": String(exported.bytes.length),
          "Content-Disposition": `attachment; filename="${name}"`,
          "Tieline-Parts": String(exported.parts),
        },
      });
    },
  }),
  route({
    method: "PUT",
    path: "/api/events/:id/protection",
    access: ["OPERATOR"],
    summary: "Protects a record from retention, or lets it go",
    body: v.strictObject({ protected: v.boolean() }),
    answer: v.object({ id: v.string(), protected: v.boolean() }),
    action: "event.protect",
    handle: async (call) => {
      const { context, params, body } = call;
      const id = idOf(params);
      const found = await disk(() => archiveOf(context).protect(id, body.protected));
      if (!found) throw unknown(params);
      await context.audit.note(
        doneBy(call, `${id} ${body.protected ? "is" : "is no longer"} protected`),
      );
      return { id, protected: body.protected };
    },
  }),
  route({
    method: "DELETE",
    path: "/api/events/:id",
    access: ["ENGINEER"],
    summary: "Removes a record",
    answer: v.object({ id: v.string(), removed: v.literal(true) }),
    action: "event.remove",
    handle: async (call) => {
      const { context, params } = call;
      const id = idOf(params);
      if (!await disk(() => archiveOf(context).remove(id))) throw unknown(params);
      await context.audit.note(doneBy(call, id));
      return { id, removed: true };
    },
  }),
];

function archiveOf({ gateway }: AdminContext): Archive {
  const { archive } = gateway;
  if (!archive) throw new ProblemError(404, "noEvents", "Nothing is recorded: there is no [event]");
  const { state, reason } = archive.status();
  if (state === "running") return archive;
  throw new ProblemError(503, "archive", `The archive is ${state}${reason ? `: ${reason}` : ""}`);
}

function idOf(params: Readonly<Record<string, string>>): string {
  return (params["id"] ?? "").toLowerCase();
}

function unknown(params: Readonly<Record<string, string>>): ProblemError {
  return new ProblemError(404, "unknownRecord", `There is no event record ${params["id"]}`);
}

/** Runs what the disk may refuse, or a slow one not answer in time. */
async function disk<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw new ProblemError(503, "disk", messageOf(error));
  }
}

function shown(entry: ArchiveEntry): v.InferOutput<typeof recordSchema> {
  const { isProtected, ...rest } = entry;
  return {
    ...rest,
    start: iso(entry.startMicros),
    end: iso(entry.endMicros),
    protected: isProtected,
  };
}

/** ISO 8601 with microseconds. */
function iso(micros: number): string {
  const time = new Date(Math.floor(micros / 1000)).toISOString();
  return `${time.slice(0, -1)}${String(micros % 1000).padStart(3, "0")}Z`;
}
