/**
 * The description of the API (OpenAPI 3.1), made of the schemas that check requests and of those that tests
 * check answers with.
 *
 * @module
 */
import { toJsonSchema } from "@valibot/to-json-schema";
import * as v from "valibot";
import type { AnySchema } from "../config/mod.ts";
import type { Route } from "./route.ts";

/** Any JSON object. */
export type Json = Record<string, unknown>;

const PROBLEM: Json = {
  description: "A problem document (RFC 9457)",
  content: {
    "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } },
  },
};

/** The description of these routes. */
export function openApi(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:([A-Za-z]+)/g, "{$1}");
    (paths[path] ??= {})[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Tieline",
      version,
      description:
        "The admin API of a Tieline gateway. Each operation names the roles that it needs.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    security: [{ token: [] }, { certificate: [] }],
    tags: TAGS.map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "`tieline token new` makes them" },
        certificate: {
          type: "mutualTLS",
          description: "A client certificate whose pin is configured",
        },
      },
      schemas: {
        Problem: {
          type: "object",
          required: ["type", "title", "status", "detail", "instance"],
          properties: {
            type: { type: "string" },
            title: { type: "string" },
            status: { type: "integer" },
            detail: { type: "string" },
            instance: { type: "string" },
          },
        },
      },
    },
  };
}

const TAGS: readonly (readonly [string, string])[] = [
  ["watch", "Health, readiness and metrics"],
  ["state", "How things are"],
  ["configuration", "Push, confirm, history"],
  ["signals", "Metadata, latest values, live values"],
  ["events", "Event records, and recording by hand"],
  ["subscribers", "Subscribers and their rights"],
  ["users", "Who may use this API"],
  ["trail", "Log and audit trail"],
];

function tagOf(path: string): string {
  if (!path.startsWith("/api/")) return "watch";
  if (path.startsWith("/api/config")) return "configuration";
  if (path.startsWith("/api/events")) return "events";
  if (/^\/api\/(signals|devices|metadata|values|live)/.test(path)) return "signals";
  if (/^\/api\/(subscribers|access|revocations)/.test(path)) return "subscribers";
  if (/^\/api\/(users|claim|me)/.test(path)) return "users";
  return /^\/api\/(logs|audit)/.test(path) ? "trail" : "state";
}

function operationOf(route: Route): Json {
  const { access } = route;
  const names = [...route.path.matchAll(/:([A-Za-z]+)/g)].map((match) => match[1]!);
  const needs = access === "open"
    ? "Open to everybody."
    : access === "user"
    ? "For every user."
    : access === "claim"
    ? "For the holder of the claim token."
    : `Needs one of the roles ${access.join(", ")}, or one that includes it.`;
  const answer = route.answerType ?? "application/json";
  const text: Json = { schema: { type: "string" } };
  const content: Json = {
    [answer]: route.answer ? { schema: schemaOf(route.answer) } : text,
    ...Object.fromEntries((route.otherTypes ?? []).map((type) => [type, text])),
  };
  const parameters = [
    ...names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } })),
    ...queryParameters(route.query),
    ...(route.ifMatch
      ? [{
        name: "If-Match",
        in: "header",
        required: false,
        description:
          "ETag of the configuration that the change was made from; needed unless it is a dry run",
        schema: { type: "string" },
      }, {
        name: "Tieline-Signature",
        in: "header",
        required: false,
        description:
          "Ed25519 signature over the exact new text, base64; needed if signers are configured",
        schema: { type: "string" },
      }]
      : []),
  ];
  return {
    operationId: operationId(route),
    summary: route.summary,
    description: needs,
    tags: [tagOf(route.path)],
    "x-roles": typeof access === "string" ? [access] : [...access],
    ...(access === "open" && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(route.body && {
      requestBody: {
        required: true,
        content: { [route.bodyType ?? "application/json"]: { schema: schemaOf(route.body) } },
      },
    }),
    responses: {
      "200": { description: "Done", content },
      ...(route.otherStatus && {
        [route.otherStatus]: { description: "Not so", content: { [answer]: text } },
      }),
      default: PROBLEM,
    },
  };
}

function operationId({ method, path }: Route): string {
  const words = path.replace(/^\/api/, "").split(/[/:]+/).filter((w) => /^[a-z]/i.test(w));
  return [
    method.toLowerCase(),
    ...words.map((w) => w[0]!.toUpperCase() + w.slice(1).replace(/\W/g, "")),
  ].join("");
}

function queryParameters(schema: AnySchema | undefined): Json[] {
  if (!schema) return [];
  // Queries are strict objects by construction.
  const { entries } = schema as unknown as { entries: Record<string, AnySchema> };
  return Object.entries(entries).map(([name, entry]) => {
    const { wrapped, default: usual } = entry as { wrapped?: AnySchema; default?: unknown };
    const inner = wrapped ?? entry;
    const { query } = v.getMetadata(inner) as { query?: Json };
    const description = v.getDescription(inner);
    return {
      name,
      in: "query",
      required: wrapped === undefined,
      ...(description !== undefined && { description }),
      schema: {
        ...(query ?? schemaOf(inner)),
        ...(usual !== undefined &&
          { default: query?.["type"] === "integer" ? Number(usual) : usual }),
      },
    };
  });
}

function schemaOf(schema: AnySchema): Json {
  // Checks and transformations have no words in JSON Schema; what they demand is told by the problem document.
  const { $schema: _, ...rest } = toJsonSchema(schema as v.GenericSchema, {
    typeMode: "input",
    errorMode: "ignore",
  });
  return rest;
}
