/**
 * Routes of subscribers and their rights.
 *
 * @module
 */
import * as v from "valibot";
import { AccessControl, checkRules, explainRules } from "../access/mod.ts";
import { editKeys } from "../config/mod.ts";
import type { SubscriberStatus } from "../output/sttp/mod.ts";
import { changeByEdit, changeQuery } from "./config_changes.ts";
import { type AdminContext, doneBy } from "./context.ts";
import { page, pageQuery, pageSchema } from "./paging.ts";
import { ProblemError } from "./problem.ts";
import { type Route, route } from "./route.ts";
import { changeSchema, line, signalSchema, wholeInQuery } from "./schemas.ts";
import { shownSignal } from "./signals.ts";

const rule = v.pipe(v.string(), v.minLength(1), v.maxLength(65_536));
const rules = v.strictObject({
  allow: v.pipe(v.array(rule), v.maxLength(1000)),
  deny: v.pipe(v.array(rule), v.maxLength(1000)),
});
const revocation = v.object({
  subscriber: v.string(),
  author: v.string(),
  reason: v.string(),
  timeMicros: v.number(),
});
const fault = v.object({
  list: v.picklist(["allow", "deny"]),
  index: v.number(),
  signals: v.number(),
  message: v.string(),
});
const subscriber = v.object({
  name: v.string(),
  enabled: v.boolean(),
  stream: v.string(),
  allow: v.array(v.string()),
  deny: v.array(v.string()),
  revoked: v.nullable(revocation),
  permitted: v.number(),
  faults: v.array(fault),
  outputs: v.record(v.string(), v.record(v.string(), v.unknown())),
});
const verdict = v.object({
  subscriber: v.string(),
  sees: v.boolean(),
  revoked: v.boolean(),
  allowedBy: v.array(v.object({ index: v.number(), rule: v.string() })),
  deniedBy: v.array(v.object({ index: v.number(), rule: v.string() })),
  faults: v.array(v.object({ list: v.string(), index: v.number(), message: v.string() })),
});

/** Routes of subscribers and rights. */
export const SUBSCRIBER_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/api/subscribers",
    access: ["VIEWER"],
    summary: "Subscribers: rights, state, connections, queues and books by output",
    query: v.strictObject(pageQuery(100, 500)),
    answer: pageSchema(subscriber),
    handle: ({ context, query }) => {
      const { total, offset, items } = page(Object.keys(context.gateway.config.subscriber), query);
      return { total, offset, items: items.map((name) => subscriberOf(context, name)) };
    },
  }),
  route({
    method: "GET",
    path: "/api/subscribers/:name",
    access: ["VIEWER"],
    summary: "One subscriber",
    answer: subscriber,
    handle: ({ context, params }) => subscriberOf(context, nameOf(context, params)),
  }),
  route({
    method: "PUT",
    path: "/api/subscribers/:name/access",
    access: ["SECADM"],
    summary:
      "Changes the rights of a subscriber at once: an edit of the configuration, comments kept",
    query: v.strictObject(changeQuery),
    body: rules,
    maxBytes: 1024 * 1024,
    ifMatch: true,
    answer: changeSchema,
    action: "access.change",
    handle: (call) => {
      const name = nameOf(call.context, call.params);
      return changeByEdit(
        call,
        (text) => editKeys(text, ["subscriber", name], call.body),
      );
    },
  }),
  route({
    method: "POST",
    path: "/api/subscribers/:name/disconnect",
    access: ["OPERATOR", "SECADM"],
    summary: "Ends the connections of a subscriber, which may connect again",
    answer: v.object({ ended: v.number() }),
    action: "subscriber.disconnect",
    handle: async (call) => {
      const name = nameOf(call.context, call.params);
      const ended = call.context.gateway.disconnect(name);
      await call.context.audit.note(
        doneBy(call, `${name}: ${ended} connections`),
      );
      return { ended };
    },
  }),
  route({
    method: "POST",
    path: "/api/subscribers/:name/revoke",
    access: ["OPERATOR", "SECADM"],
    summary:
      "Emergency: withholds everything from a subscriber until that is taken back, over restarts too",
    body: v.strictObject({ reason: v.optional(line(500), "") }),
    answer: revocation,
    action: "subscriber.revoke",
    handle: async (call) => {
      const { gateway, audit } = call.context;
      const name = nameOf(call.context, call.params);
      await gateway.revoke(name, call.user.name, call.body.reason);
      await audit.note(doneBy(call, `${name}: ${call.body.reason}`));
      return gateway.revocations().find((r) => r.subscriber === name);
    },
  }),
  route({
    method: "DELETE",
    path: "/api/subscribers/:name/revoke",
    access: ["SECADM"],
    summary: "Takes an emergency revocation back",
    answer: v.object({ subscriber: v.string() }),
    action: "subscriber.restore",
    handle: async (call) => {
      const name = call.params["name"] ?? "";
      if (!await call.context.gateway.restore(name)) {
        throw new ProblemError(404, "notRevoked", `${name} is not revoked`);
      }
      await call.context.audit.note(doneBy(call, name));
      return { subscriber: name };
    },
  }),
  route({
    method: "GET",
    path: "/api/revocations",
    access: ["VIEWER"],
    summary: "Emergency revocations, oldest first",
    answer: v.object({ revocations: v.array(revocation) }),
    handle: ({ context }) => ({ revocations: context.gateway.revocations() }),
  }),
  route({
    method: "GET",
    path: "/api/access/signals/:id",
    access: ["VIEWER"],
    summary: "Who sees a signal, and by which rule",
    answer: v.object({ signal: signalSchema, subscribers: v.array(verdict) }),
    handle: ({ context, params }) => {
      const { registry, config } = context.gateway;
      const handle = registry.handleOf((params["id"] ?? "").toLowerCase());
      const signal = handle === undefined ? undefined : registry.get(handle);
      if (!signal) {
        throw new ProblemError(404, "unknownSignal", `There is no signal ${params["id"]}`);
      }
      const revoked = new Set(context.gateway.revocations().map((r) => r.subscriber));
      const named = (list: readonly string[], indices: readonly number[]) =>
        indices.map((index) => ({ index, rule: list[index] ?? "" }));
      return {
        signal: shownSignal(signal),
        subscribers: Object.entries(config.subscriber).map(([name, { allow, deny, enabled }]) => {
          const why = explainRules(registry, config.gateway.id, { allow, deny }, signal);
          return {
            subscriber: name,
            sees: why.permitted && enabled && !revoked.has(name),
            revoked: revoked.has(name),
            allowedBy: named(allow, why.allowedBy),
            deniedBy: named(deny, why.deniedBy),
            faults: why.faults,
          };
        }),
      };
    },
  }),
  route({
    method: "GET",
    path: "/api/access/subscribers/:name",
    access: ["VIEWER"],
    summary: "The signals that a subscriber may see",
    query: v.strictObject(pageQuery(100, 1000)),
    answer: pageSchema(signalSchema),
    handle: ({ context, params, query }) => {
      const { gateway } = context;
      const permitted = gateway.access?.permitted(nameOf(context, params)) ?? new Uint8Array();
      const signals = gateway.registry.signals().filter((s) => permitted[s.handle] === 1);
      const { total, offset, items } = page(signals, query);
      return { total, offset, items: items.map(shownSignal) };
    },
  }),
  route({
    method: "POST",
    path: "/api/access/preview",
    access: ["VIEWER"],
    summary: "The signals that a subscriber would see under these rules",
    query: v.strictObject({ limit: v.optional(wholeInQuery(1, 1000), "100") }),
    body: rules,
    maxBytes: 1024 * 1024,
    answer: v.object({
      total: v.number(),
      permitted: v.number(),
      faults: v.array(fault),
      problems: v.array(v.object({
        list: v.string(),
        index: v.number(),
        column: v.number(),
        message: v.string(),
      })),
      signals: v.array(signalSchema),
    }),
    handle: ({ context, body, query }) => {
      const { registry, config } = context.gateway;
      const all = registry.signals();
      const problems = checkRules(body);
      if (problems.length > 0) {
        return { total: all.length, permitted: 0, faults: [], problems, signals: [] };
      }
      const access = new AccessControl(registry, {
        nodeId: config.gateway.id,
        filterSteps: 1_000_000,
      });
      try {
        access.setSubscriber("preview", body);
        const permitted = access.permitted("preview");
        const seen = all.filter((s) => permitted[s.handle] === 1);
        return {
          total: all.length,
          permitted: seen.length,
          faults: access.faults("preview"),
          problems,
          signals: seen.slice(0, query.limit).map(shownSignal),
        };
      } finally {
        access.close();
      }
    },
  }),
];

/** The name in the path. Throws {@linkcode ProblemError} for one that is not configured. */
function nameOf({ gateway }: AdminContext, params: Readonly<Record<string, string>>): string {
  const name = params["name"] ?? "";
  if (!Object.hasOwn(gateway.config.subscriber, name)) {
    throw new ProblemError(404, "unknownSubscriber", `There is no subscriber ${name}`);
  }
  return name;
}

function subscriberOf({ gateway }: AdminContext, name: string): v.InferOutput<typeof subscriber> {
  const { enabled, stream, allow, deny } = gateway.config.subscriber[name]!; // the callers have looked
  const outputs: Record<string, Record<string, unknown>> = {};
  for (const [output, part] of gateway.sttpOutputs()) {
    const status: SubscriberStatus | undefined = part.subscribers()[name];
    if (status) outputs[output] = { ...status };
  }
  const permitted = gateway.access?.permitted(name) ?? new Uint8Array();
  return {
    name,
    enabled,
    stream,
    allow: [...allow],
    deny: [...deny],
    revoked: gateway.revocations().find((r) => r.subscriber === name) ?? null,
    permitted: permitted.reduce((sum, bit) => sum + bit, 0),
    faults: [...gateway.access?.faults(name) ?? []],
    outputs,
  };
}
