/**
 * Adoption: a device that was seen and is not configured goes into the configuration by one call.
 *
 * @module
 */
import * as v from "valibot";
import { editToml, type TomlValue } from "../config/mod.ts";
import type { SeenDevice } from "../core/mod.ts";
import { changeByEdit, changeQuery } from "./config_changes.ts";
import { ProblemError } from "./problem.ts";
import { type Route, route } from "./route.ts";
import { changeSchema } from "./schemas.ts";

/** What a key of a device's table may hold: plain data, lists and tables of it, as deep as channels of a data set. */
const plain = v.union([v.string(), v.number(), v.boolean()]);
const setting = v.union([
  v.null(),
  plain,
  v.array(v.union([plain, v.record(v.string(), plain)])),
]);

/** Routes of adoption. */
export const ADOPTION_ROUTES: readonly Route[] = [
  route({
    method: "POST",
    path: "/api/inputs/:name/adopt",
    access: ["ENGINEER"],
    summary:
      "Writes a device that an input has seen (unconfigured of /api/inputs: a PMU of a C37.118 stream, a stream of " +
      "sampled values) into the configuration under an acronym, comments kept",
    query: v.strictObject(changeQuery),
    body: v.strictObject({
      id: v.pipe(v.string(), v.maxLength(300), v.description("Its id, as /api/inputs tells it")),
      acronym: v.pipe(v.string(), v.maxLength(64), v.description("The acronym that it gets")),
      settings: v.optional(
        v.pipe(
          v.record(v.string(), setting),
          v.description("Settings beside or in place of those that are proposed; null leaves out"),
        ),
        {},
      ),
    }),
    ifMatch: true,
    answer: changeSchema,
    action: "input.adopt",
    handle: (call) => {
      const { body, context, params } = call;
      const input = params["name"] ?? "";
      const seen = context.gateway.seen(`input.${input}`);
      if (!seen) {
        throw new ProblemError(404, "unknownInput", `There is no input ${input} that adopts`);
      }
      const device = seen.devices.find(({ id }) => id === body.id);
      if (!device) {
        throw new ProblemError(
          404,
          "unseenDevice",
          `${input} has seen no device ${JSON.stringify(body.id)} that is not configured`,
        );
      }
      const append = entryOf(device, body.acronym, body.settings);
      return changeByEdit(
        call,
        (text) => editToml(text, { path: ["input", input, seen.list], append }),
      );
    },
  }),
];

/** The entry of a device. Throws {@linkcode ProblemError} (422) without what the wire does not tell. */
function entryOf(
  device: SeenDevice,
  acronym: string,
  settings: Readonly<Record<string, TomlValue | null>>,
): Record<string, TomlValue> {
  const entry: Record<string, TomlValue> = { acronym };
  for (const [key, value] of Object.entries({ ...device.settings, ...settings, acronym })) {
    if (value !== null) entry[key] = value;
  }
  const missing = device.missing.filter((key) => !Object.hasOwn(entry, key));
  if (missing.length > 0) {
    const detail = `Expected ${missing.join(" and ")} in settings: the wire does not tell`;
    throw new ProblemError(422, "missing", detail, { missing });
  }
  return entry;
}
