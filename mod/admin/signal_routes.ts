/**
 * Routes of signals: metadata, latest values, and the live stream.
 *
 * @module
 */
import * as v from "valibot";
import type { Signal } from "../core/mod.ts";
import type { AdminContext } from "./context.ts";
import { piecesResponse } from "./json_text.ts";
import { LiveStream, sseResponse } from "./live.ts";
import { page, pageQuery, pageSchema } from "./paging.ts";
import { ProblemError } from "./problem.ts";
import { type Route, route } from "./route.ts";
import { filterInQuery, signalSchema, wholeInQuery } from "./schemas.ts";
import { findSignals, shownSignal } from "./signals.ts";

const deviceSchema = v.object({
  acronym: v.string(),
  id: v.string(),
  name: v.string(),
  parentAcronym: v.string(),
  protocol: v.string(),
  accessId: v.number(),
  framesPerSecond: v.number(),
  company: v.string(),
  vendor: v.string(),
  longitude: v.nullable(v.number()),
  latitude: v.nullable(v.number()),
});

/** Routes of signals. */
export const SIGNAL_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/api/signals",
    access: ["VIEWER"],
    summary: "Signals with their metadata, by filter expression",
    query: v.strictObject({ filter: v.optional(filterInQuery, ""), ...pageQuery(100, 1000) }),
    answer: pageSchema(signalSchema),
    handle: async ({ context, query }) => {
      const { total, offset, items } = page(await findSignals(context, query.filter), query);
      return { total, offset, items: items.map(shownSignal) };
    },
  }),
  route({
    method: "GET",
    path: "/api/signals/:id",
    access: ["VIEWER"],
    summary: "One signal by GUID, with its latest value",
    answer: v.object({
      ...signalSchema.entries,
      latest: v.nullable(v.object({
        value: v.nullable(v.number()),
        flags: v.number(),
        timeMicros: v.number(),
      })),
    }),
    handle: ({ context, params }) => {
      const { registry, latest } = context.gateway;
      const handle = registry.handleOf((params["id"] ?? "").toLowerCase());
      const signal = handle === undefined ? undefined : registry.get(handle);
      if (!signal) {
        throw new ProblemError(404, "unknownSignal", `There is no signal ${params["id"]}`);
      }
      const now = latest.get(signal.handle);
      return {
        ...shownSignal(signal),
        latest: now ? { ...now, value: Number.isFinite(now.value) ? now.value : null } : null,
      };
    },
  }),
  route({
    method: "GET",
    path: "/api/devices",
    access: ["VIEWER"],
    summary: "Devices with their metadata",
    query: v.strictObject(pageQuery(100, 1000)),
    answer: pageSchema(deviceSchema),
    handle: ({ context, query }) =>
      page(
        context.gateway.registry.devices().map((device) => ({
          ...device,
          longitude: Number.isFinite(device.longitude) ? device.longitude : null,
          latitude: Number.isFinite(device.latitude) ? device.latitude : null,
        })),
        query,
      ),
  }),
  route({
    method: "GET",
    path: "/api/metadata",
    access: ["VIEWER"],
    summary: "Devices with all that is known of their signals, as other gateways take it",
    query: v.strictObject(pageQuery(50, 200)),
    answer: v.object({
      total: v.number(),
      offset: v.number(),
      devices: v.array(
        v.object({ device: deviceSchema, signals: v.array(v.record(v.string(), v.unknown())) }),
      ),
    }),
    handle: ({ context, query }) => {
      const { total, offset, items } = page(context.gateway.signals().devices, query);
      return { total, offset, devices: items };
    },
  }),
  route({
    method: "GET",
    path: "/api/values",
    access: ["VIEWER"],
    summary: "Latest values, by filter expression; null is missing",
    query: v.strictObject({ filter: v.optional(filterInQuery, ""), ...pageQuery(1000, 10_000) }),
    answer: v.object({
      total: v.number(),
      offset: v.number(),
      nowMicros: v.number(),
      ids: v.array(v.string()),
      values: v.array(v.nullable(v.number())),
      flags: v.array(v.number()),
      timesMicros: v.array(v.number()),
    }),
    handle: async ({ context, query }) => {
      const { total, offset, items } = page(await findSignals(context, query.filter), query);
      return piecesResponse(valuePieces(context, total, offset, items));
    },
  }),
  route({
    method: "GET",
    path: "/api/live",
    access: ["VIEWER"],
    summary: "Latest values as server-sent events; the same by WebSocket at this address",
    query: v.strictObject({
      filter: v.optional(filterInQuery, ""),
      rate: v.optional(
        v.pipe(wholeInQuery(1, 10), v.description("Events per second")),
        "10",
      ),
    }),
    answerType: "text/event-stream",
    handle: async (call) => sseResponse(await LiveStream.open(call.context, call.user, call.query)),
  }),
];

/** Signals in one piece. */
const PIECE_SIGNALS = 250;

/** The answer of `/api/values` as JSON text, one column after the other; all values are those of one moment. */
function* valuePieces(
  { gateway, clock }: AdminContext,
  total: number,
  offset: number,
  signals: readonly Signal[],
): Generator<string> {
  const nowMicros = clock.nowMicros();
  const { values, flags, timesMicros } = gateway.latest.columns(signals);
  yield `{"total":${total},"offset":${offset},"nowMicros":${nowMicros}`;
  yield* column("ids", signals, (some) => some.map(({ id }) => id));
  yield* column("values", values);
  yield* column("flags", flags);
  yield* column("timesMicros", timesMicros);
  yield "}";
}

/** A list as JSON, by pieces; `shown` says what is shown of each. */
function* column<T>(
  name: string,
  list: readonly T[],
  shown: (some: readonly T[]) => readonly unknown[] = (some) => some,
): Generator<string> {
  yield `,"${name}":[`;
  for (let i = 0; i < list.length; i += PIECE_SIGNALS) {
    const text = JSON.stringify(shown(list.slice(i, i + PIECE_SIGNALS))).slice(1, -1);
    yield i === 0 ? text : `,${text}`;
  }
  yield "]";
}
