/**
 * Routes of the dashboard: the page and its files, which hold nothing of the gateway and are open therefore.
 *
 * @module
 */
import { assetResponse } from "../dashboard/mod.ts";
import { ProblemError } from "./problem.ts";
import { type Route, route } from "./route.ts";

/** Routes of the dashboard. They are no part of the API's description. */
export const DASHBOARD_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/",
    access: "open",
    summary: "The dashboard",
    answerType: "text/html",
    handle: ({ request }) => fileOf("index.html", request),
  }),
  route({
    method: "GET",
    path: "/assets/:name",
    access: "open",
    summary: "A file of the dashboard",
    answerType: "text/javascript",
    handle: ({ request, params }) => fileOf(params["name"] ?? "", request),
  }),
];

function fileOf(name: string, request: Request): Response {
  const response = assetResponse(name, request);
  if (!response) throw new ProblemError(404, "notFound", `The dashboard has no file ${name}`);
  return response;
}
