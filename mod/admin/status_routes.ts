/**
 * Routes that tell how things are: status, alarms, clock, statistics, system, inputs.
 *
 * @module
 */
import * as v from "valibot";
import { acronymOf } from "../core/mod.ts";
import { alarmsOf } from "./alarms.ts";
import { type AdminContext, doneBy } from "./context.ts";
import { ProblemError } from "./problem.ts";
import { hasRole } from "./roles.ts";
import { type Route, route } from "./route.ts";
import { partSchema, seenSchema, versionSchema } from "./schemas.ts";
import { piecesResponse } from "./json_text.ts";
import { systemInfo } from "./system.ts";

const alarmSchema = v.object({
  severity: v.picklist(["alarm", "warning", "note"]),
  about: v.string(),
  text: v.string(),
  sinceMicros: v.number(),
  signal: v.optional(v.object({
    id: v.string(),
    reference: v.string(),
    alarm: v.string(),
    level: v.number(),
    value: v.nullable(v.number()),
    limit: v.string(),
    count: v.number(),
  })),
});

const statusSchema = v.object({
  name: v.string(),
  id: v.string(),
  startedMicros: v.number(),
  nowMicros: v.number(),
  fingerprint: v.string(),
  memoryBytes: v.number(),
  signals: v.number(),
  streams: v.record(v.string(), v.object({ frames: v.number(), errors: v.number() })),
  parts: v.record(v.string(), partSchema),
  admin: v.object({
    requestsRefused: v.number(),
    certificates: v.array(v.object({
      role: v.picklist(["own", "subscriber"]),
      name: v.string(),
      subject: v.string(),
      fingerprint: v.string(),
      notAfterMicros: v.number(),
      secondsLeft: v.number(),
      warning: v.boolean(),
    })),
  }),
  configuration: v.object({
    version: v.number(),
    digest: v.string(),
    author: v.string(),
    timeMicros: v.number(),
    pending: v.nullable(v.object({ version: v.number(), secondsLeft: v.number() })),
    note: v.string(),
    needsSignature: v.boolean(),
  }),
});

const inputSchema = v.object({
  name: v.string(),
  type: v.string(),
  part: v.optional(partSchema),
  devices: v.array(v.string()),
  unconfigured: v.array(seenSchema),
});

/** Routes of the state of things. */
export const STATUS_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/api/me",
    access: "user",
    summary: "Who asks, and with what roles",
    answer: v.object({ name: v.string(), roles: v.array(v.string()), may: v.array(v.string()) }),
    handle: ({ user }) => ({
      ...user,
      may: (["VIEWER", "OPERATOR", "ENGINEER", "SECADM", "SECAUD"] as const).filter((r) =>
        hasRole(user, r)
      ),
    }),
  }),
  route({
    method: "GET",
    path: "/api/status",
    access: ["VIEWER"],
    summary: "Every part: state, since when, why, its counters and books",
    answer: statusSchema,
    handle: ({ context }) => piecesResponse(statusPieces(context)),
  }),
  route({
    method: "GET",
    path: "/api/alarms",
    access: ["VIEWER"],
    summary:
      "What is wrong now, the worst first: with the gateway, and signals beyond a limit of [alarm.NAME]",
    answer: v.object({ alarms: v.array(alarmSchema) }),
    handle: ({ context }) => ({ alarms: alarmsOf(context) }),
  }),
  route({
    method: "GET",
    path: "/api/clock",
    access: ["VIEWER"],
    summary:
      "The time of this host, its clock with sources and events (null without [clock]), and what the " +
      "inputs' stamps say of their devices' clocks",
    answer: v.object({
      nowMicros: v.number(),
      clock: v.nullable(v.record(v.string(), v.unknown())),
      sources: v.record(v.string(), v.nullable(v.record(v.string(), v.unknown()))),
    }),
    handle: ({ context }) => ({
      nowMicros: context.clock.nowMicros(),
      clock: context.gateway.clock() ?? null,
      sources: Object.fromEntries(
        Object.entries(context.gateway.status().parts)
          .filter(([name]) => name.startsWith("input."))
          .map(([name, { detail }]) => [name, detail?.["clock"] ?? null]),
      ),
    }),
  }),
  route({
    method: "GET",
    path: "/api/statistics",
    access: ["VIEWER"],
    summary: "The statistics of the reporting interval that ended last, by source and name",
    answer: v.object({
      intervalEndMicros: v.nullable(v.number()),
      sources: v.record(v.string(), v.record(v.string(), v.nullable(v.number()))),
    }),
    handle: ({ context }) => {
      const detail = context.gateway.status().parts["statistics"]?.detail ?? {};
      return {
        intervalEndMicros: detail["intervalEndMicros"] ?? null,
        sources: detail["sources"] ?? {},
      };
    },
  }),
  route({
    method: "GET",
    path: "/api/system",
    access: ["VIEWER"],
    summary: "The machine: versions, memory, disk, temperature, load",
    answer: v.object({
      version: v.string(),
      runtime: v.object({ deno: v.string(), v8: v.string() }),
      os: v.object({ arch: v.string(), release: v.string() }),
      memory: v.record(v.string(), v.number()),
      load: v.nullable(v.array(v.number())),
      disk: v.nullable(v.object({ totalBytes: v.number(), freeBytes: v.number() })),
      temperatureC: v.nullable(v.number()),
      uptimeSeconds: v.nullable(v.number()),
    }),
    handle: ({ context }) => systemInfo(context.version, context.gateway.config.gateway.stateDir),
  }),
  route({
    method: "GET",
    path: "/api/inputs",
    access: ["VIEWER"],
    summary: "Inputs with their devices, and devices that were seen and are not configured",
    answer: v.object({ inputs: v.array(inputSchema) }),
    handle: ({ context }) => ({ inputs: inputsOf(context) }),
  }),
  route({
    method: "POST",
    path: "/api/parts/:name/restart",
    access: ["OPERATOR"],
    summary: "Stops a part and starts it again",
    answer: v.object({ part: v.string(), state: v.string() }),
    action: "part.restart",
    handle: async (call) => {
      const { context, params } = call;
      const name = params["name"]!; // it stands in the path
      if (!await context.gateway.restartPart(name)) {
        throw new ProblemError(404, "unknownPart", `There is no part ${name}`);
      }
      await context.audit.note(doneBy(call, name));
      return { part: name, state: context.gateway.status().parts[name]?.state ?? "stopped" };
    },
  }),
];

/** The status as JSON text, one part in each piece: all of them at once would take milliseconds. */
function* statusPieces(
  { gateway, keeper, requests, certificate }: AdminContext,
): Generator<string> {
  const { running, pending, note } = keeper.status();
  const { number, digest, author, timeMicros } = running satisfies v.InferOutput<
    typeof versionSchema
  >;
  const configuration = {
    version: number,
    digest,
    author,
    timeMicros,
    pending: pending ?? null,
    note,
    needsSignature: gateway.config.config.signers.length > 0,
  };
  const admin = { requestsRefused: requests.refused, certificates: certificate.status() };
  const head = JSON.stringify({ ...gateway.summary(), admin, configuration });
  yield `${head.slice(0, -1)},"parts":{`;
  let comma = "";
  for (const part of gateway.parts()) {
    yield `${comma}${JSON.stringify(part.name)}:${JSON.stringify(part.status())}`;
    comma = ",";
  }
  yield "}}";
}

function inputsOf({ gateway }: AdminContext): v.InferOutput<typeof inputSchema>[] {
  const { parts } = gateway.status();
  const devices = gateway.registry.devices();
  return Object.entries(gateway.config.input).map(([name, options]) => {
    const own = ("acronym" in options ? options.acronym : undefined) ?? acronymOf(name);
    const mine = devices.filter((d) => d.acronym === own || d.parentAcronym === own);
    const part = parts[`input.${name}`];
    return {
      name,
      type: options.type,
      ...(part && { part: part as v.InferOutput<typeof partSchema> }), // JSON-safe by contract
      devices: mine.map((d) => d.acronym),
      unconfigured: (gateway.seen(`input.${name}`)?.devices ?? []).map((seen) => ({
        ...seen,
        settings: { ...seen.settings },
        guessed: [...seen.guessed],
        missing: [...seen.missing],
      })),
    };
  });
}
