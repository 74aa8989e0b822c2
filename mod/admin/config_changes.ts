/**
 * Changes of the configuration by the API: who may make which, and what is noted of them.
 *
 * @module
 */
import * as v from "valibot";
import { lineDiff } from "../config/mod.ts";
import { type ConfigPlan, shownConfig } from "../gateway/mod.ts";
import type { ChangeRequest, ChangeResult } from "../revision/mod.ts";
import { doneBy } from "./context.ts";
import { ProblemError } from "./problem.ts";
import { hasRole, type User } from "./roles.ts";
import type { Call } from "./route.ts";
import type { changeSchema } from "./schemas.ts";
import { flagInQuery, line, wholeInQuery } from "./schemas.ts";

/** Parameters of every change. */
export const changeQuery = {
  dryRun: v.optional(
    v.pipe(flagInQuery, v.description("Only say what would change")),
  ),
  confirmWithin: v.optional(
    v.pipe(
      wholeInQuery(1, 86_400),
      v.description("Seconds after which the change undoes itself unless it is confirmed"),
    ),
  ),
  comment: v.optional(v.pipe(line(500), v.description("Why, for the history")), ""),
};

const changeQuerySchema = v.strictObject(changeQuery);

/** What a change carries beside its text. */
export type ChangeQuery = v.InferOutput<typeof changeQuerySchema>;

/** Parts whose change is a matter of security: users, signers, rights, revocations. */
const SECURITY = /^(admin|config|revoked|subscriber\..*)$/;

/**
 * Throws {@linkcode ProblemError} (403) unless the user may make all changes of the plan: SECADM those of
 * security, ENGINEER the others.
 */
export function mayChange(user: User, plan: ConfigPlan): void {
  for (const { part } of plan.changes) {
    const role = SECURITY.test(part) ? "SECADM" : "ENGINEER";
    if (!hasRole(user, role)) {
      throw new ProblemError(403, "role", `A change of ${part} needs the role ${role}`);
    }
  }
}

/** What a change carries beside its text, from the call. Throws {@linkcode ProblemError} without `If-Match`. */
export function requestOf(
  call: Call<ChangeQuery, unknown>,
): Omit<ChangeRequest<ConfigPlan>, "text" | "cause"> {
  const { request, query, user } = call;
  const match = request.headers.get("If-Match");
  if (match === null && !query.dryRun) {
    throw new ProblemError(
      428,
      "ifMatch",
      'Expected If-Match with the ETag of the configuration that the change was made from, or "*"',
    );
  }
  const ifDigest = match === null || match === "*"
    ? undefined
    : /^"([0-9a-f]{64})"$/.exec(match)?.[1] ?? match;
  return {
    author: user.name,
    comment: query.comment,
    ifDigest,
    confirmWithin: query.confirmWithin,
    dryRun: query.dryRun,
    signature: request.headers.get("Tieline-Signature") ?? undefined,
    judge: (plan) => mayChange(user, plan),
  };
}

/** Makes a change, notes it in the audit trail, and answers. */
export async function change(
  call: Call<ChangeQuery, unknown>,
  make: () => Promise<ChangeResult<ConfigPlan>>,
): Promise<v.InferOutput<typeof changeSchema>> {
  const { audit } = call.context;
  const result = await make();
  const { before } = result;
  if (!call.query.dryRun) {
    const what = result.version ? `version ${result.version.number}` : "no change";
    const within = result.confirmWithin ? `, to be confirmed within ${result.confirmWithin} s` : "";
    await audit.note(
      doneBy(call, `${what}${within}: ${partsText(result.plan)}`, {
        before: before.digest,
        after: result.digest,
      }),
    );
  }
  return {
    digest: result.digest,
    version: result.version?.number ?? null,
    everything: result.plan.everything,
    changes: result.plan.changes.map(({ part, change, keys }) => ({
      part,
      change,
      keys: [...keys],
    })),
    confirmWithin: result.confirmWithin ?? null,
    diff: lineDiff(shownConfig(before.text), shownConfig(result.text), "running", "new"),
  };
}

/** Makes a change that is an edit of the text that runs; otherwise as {@linkcode change}. */
export function changeByEdit(
  call: Call<ChangeQuery, unknown>,
  edit: (text: string) => string,
): Promise<v.InferOutput<typeof changeSchema>> {
  const request = { ...requestOf(call), cause: "edit" } as const;
  return change(call, () => call.context.keeper.edit(request, edit));
}

function partsText({ changes }: ConfigPlan): string {
  return changes.map(({ part, change }) => `${part} ${change}`).join(", ") || "nothing differs";
}
