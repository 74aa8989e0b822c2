/**
 * Backup and restore: what makes a gateway this one, its keys apart.
 *
 * @module
 */
import * as v from "valibot";
import { guidMapEntrySchema } from "../gateway/mod.ts";
import { change, changeQuery, requestOf } from "./config_changes.ts";
import { doneBy } from "./context.ts";
import { type Route, route } from "./route.ts";
import { changeSchema } from "./schemas.ts";

const FORMAT = "tieline-backup";
/** Largest backup that is taken back: a configuration of 4 MiB and the map of 100,000 signals. */
const MAX_BYTES = 64 * 1024 * 1024;

const backupSchema = v.object({
  format: v.literal(FORMAT),
  version: v.literal(1),
  gateway: v.object({ id: v.string(), name: v.string() }),
  program: v.string(),
  timeMicros: v.number(),
  config: v.string(),
  signals: v.array(guidMapEntrySchema),
  revocations: v.array(v.object({
    subscriber: v.string(),
    author: v.string(),
    reason: v.string(),
    timeMicros: v.number(),
  })),
});

/** Routes of backup and restore. */
export const BACKUP_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/api/backup",
    access: ["SECADM"],
    summary:
      "Configuration with the hashes of tokens, map of signals and revocations, as one JSON document; keys, " +
      "certificates, event records and the audit trail are not in it",
    answer: backupSchema,
    action: "backup.read",
    handle: async (call) => {
      const { gateway, keeper, clock, version, audit } = call.context;
      const { id, name } = gateway.config.gateway;
      await audit.note(doneBy(call, "the whole configuration"));
      return {
        format: FORMAT,
        version: 1,
        gateway: { id, name },
        program: version,
        timeMicros: clock.nowMicros(),
        config: keeper.text,
        signals: gateway.registry.toMap(),
        revocations: gateway.revocations(),
      };
    },
  }),
  route({
    method: "POST",
    path: "/api/restore",
    access: ["SECADM"],
    summary:
      "Takes a backup back: the configuration as a push does, revocations at once, the map of signals at the " +
      "next start",
    query: v.strictObject(changeQuery),
    body: backupSchema,
    maxBytes: MAX_BYTES,
    ifMatch: true,
    answer: changeSchema,
    action: "backup.restore",
    handle: async (call) => {
      const { keeper, gateway, audit } = call.context;
      const { config: text, signals, revocations, gateway: from } = call.body;
      const result = await change(
        call,
        () => keeper.change({ ...requestOf(call), text, cause: "push" }),
      );
      if (call.query.dryRun) return result;
      await gateway.restoreSignals(JSON.stringify(signals));
      for (const { subscriber, author, reason } of revocations) {
        if (Object.hasOwn(gateway.config.subscriber, subscriber)) {
          await gateway.revoke(subscriber, author, reason);
        }
      }
      const restored = doneBy(call, `${signals.length} signals of ${from.name}`);
      await audit.note({ ...restored, action: "backup.signals" });
      return result;
    },
  }),
];
