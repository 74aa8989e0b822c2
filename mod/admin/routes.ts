/**
 * All routes of the admin API, in one list.
 *
 * @module
 */
import * as v from "valibot";
import { ADOPTION_ROUTES } from "./adoption_routes.ts";
import { apiPage } from "./api_page.ts";
import { ALARM_ROUTES } from "./alarm_routes.ts";
import { BACKUP_ROUTES } from "./backup_routes.ts";
import { CONFIG_ROUTES } from "./config_routes.ts";
import { DASHBOARD_ROUTES } from "./dashboard_routes.ts";
import { EVENT_ROUTES } from "./event_routes.ts";
import { LOG_ROUTES } from "./log_routes.ts";
import { type Json, openApi } from "./openapi.ts";
import { PROBE_ROUTES } from "./probe_routes.ts";
import { type Route, route } from "./route.ts";
import { SIGNAL_ROUTES } from "./signal_routes.ts";
import { STATUS_ROUTES } from "./status_routes.ts";
import { SUBSCRIBER_ROUTES } from "./subscriber_routes.ts";
import { USER_ROUTES } from "./user_routes.ts";

const API_ROUTES: readonly Route[] = [
  ...PROBE_ROUTES,
  ...STATUS_ROUTES,
  ...ALARM_ROUTES,
  ...ADOPTION_ROUTES,
  ...CONFIG_ROUTES,
  ...SIGNAL_ROUTES,
  ...EVENT_ROUTES,
  ...SUBSCRIBER_ROUTES,
  ...USER_ROUTES,
  ...BACKUP_ROUTES,
  ...LOG_ROUTES,
];

const DESCRIPTION: Route = route({
  method: "GET",
  path: "/api/openapi.json",
  access: "user",
  summary: "This description",
  answer: v.record(v.string(), v.unknown()),
  handle: ({ context }) => described(context.version).document,
});

const PAGE: Route = route({
  method: "GET",
  path: "/api",
  access: "open",
  summary: "This description as a page",
  answerType: "text/html",
  handle: ({ context }) =>
    new Response(described(context.version).page, {
      headers: { "Content-Type": "text/html; charset=utf-8" },
    }),
});

const made = new Map<string, { readonly document: Json; readonly page: string }>();

/** The description of a version of the program, made once: anybody may ask for the page, as often as they like. */
function described(version: string): { readonly document: Json; readonly page: string } {
  let known = made.get(version);
  if (!known) {
    const document = openApi([...API_ROUTES, DESCRIPTION], version);
    known = { document, page: apiPage(document) };
    made.set(version, known);
  }
  return known;
}

/** Every route that there is. */
export const ROUTES: readonly Route[] = [...API_ROUTES, DESCRIPTION, PAGE, ...DASHBOARD_ROUTES];
