/**
 * The one schema of a configuration, joined from the schemas that stand beside the parts.
 *
 * @module
 */
import * as v from "valibot";
import { type AlarmOptions, alarmSchema } from "../alarm/mod.ts";
import { type AlignConfig, alignSchema } from "../align/mod.ts";
import { type ArchiveOptions, archiveSchema } from "../archive/mod.ts";
import { type ClockOptions, clockSchema } from "../clock/mod.ts";
import { acronym, guid, integer, partName, text } from "../config/mod.ts";
import {
  type CaptureOptions,
  captureSchema,
  type LiveOptions,
  liveSchema,
  type TriggerOptions,
  triggerSchema,
} from "../event/mod.ts";
import { type C37118InputOptions, c37118InputSchema } from "../input/c37118/mod.ts";
import { type SttpInputOptions, sttpInputSchema } from "../input/sttp/mod.ts";
import { type SvInputOptions, svInputSchema } from "../input/sv/mod.ts";
import { type C37118OutputOptions, c37118OutputSchema } from "../output/c37118/mod.ts";
import {
  type SttpOutputOptions,
  sttpOutputSchema,
  type SubscriberOptions,
  subscriberSchema,
} from "../output/sttp/mod.ts";
import { type AdminConfig, adminSchema } from "./admin_schema.ts";
import { isSigner } from "../revision/mod.ts";
import { LOG_LEVELS } from "./log.ts";

const gatewaySection = v.strictObject({
  id: v.pipe(
    guid(),
    v.description(
      "UUID of the gateway. A replaced board keeps it, and with it the GUIDs of all signals",
    ),
  ),
  name: v.pipe(
    acronym(),
    v.description(
      "Acronym of the gateway: source of its measurement keys, name of its certificate",
    ),
  ),
  company: v.optional(
    v.pipe(
      acronym(),
      v.description("Company acronym of inputs that name no other"),
      v.metadata({ apply: "live" }),
    ),
  ),
  stateDir: v.optional(
    v.pipe(
      text(),
      v.description("Folder for keys, cached configurations and the map of GUIDs"),
      v.metadata({ apply: "program" }),
    ),
    "/var/lib/tieline",
  ),
  memoryMB: v.optional(
    v.pipe(
      integer(64, 65_536),
      v.description(
        "Budget: a configuration that needs more is refused by `tieline check` and `run`",
      ),
      v.metadata({ apply: "live" }),
    ),
    250,
  ),
});

const logSection = v.strictObject({
  level: v.optional(
    v.pipe(
      v.picklist(LOG_LEVELS),
      v.description("Least severe level that is written"),
      v.metadata({ apply: "live" }),
    ),
    "info",
  ),
});

const statisticsSection = v.strictObject({
  enabled: v.optional(
    v.pipe(v.boolean(), v.description("Publish statistics as signals of type STAT")),
    true,
  ),
  intervalSeconds: v.optional(
    v.pipe(
      integer(1, 3600),
      v.description("Reporting interval; intervals end at whole multiples of it since 1970 UTC"),
    ),
    10,
  ),
});

const configSection = v.pipe(
  v.strictObject({
    signers: v.optional(
      v.pipe(
        v.array(v.pipe(
          v.string(),
          v.check(
            (s) => isSigner(s),
            (issue) =>
              `expected "ed25519:" and 32 bytes in base64, as \`tieline config key\` prints them, found ${issue.received}`,
          ),
        )),
        v.check((list) => list.length <= 16, "expected at most 16 signers"),
        v.description(
          "Public keys of those who may sign configurations; with any, every change needs a signature",
        ),
      ),
      [],
    ),
  }),
  v.metadata({ apply: "live" }),
);

const revokedSection = v.pipe(
  v.strictObject({
    fingerprints: v.optional(
      v.pipe(v.array(text()), v.description("SHA-256 of certificates (DER) that are turned away")),
      [],
    ),
    serials: v.optional(
      v.pipe(
        v.array(v.strictObject({ issuer: text(), serial: text() })),
        v.description("Issuer and serial number of certificates that are turned away"),
      ),
      [],
    ),
  }),
  v.metadata({ apply: "live" }),
);

/** A whole configuration, checked and with defaults; the schema describes each key. */
export interface GatewayConfig {
  /** The gateway itself. */
  readonly gateway: {
    /** UUID. */
    readonly id: string;
    /** Acronym. */
    readonly name: string;
    /** Company acronym of inputs that name no other. */
    readonly company?: string | undefined;
    /** Folder for what must survive a restart. */
    readonly stateDir: string;
    /** Budget in megabytes. */
    readonly memoryMB: number;
  };
  /** The log. */
  readonly log: { readonly level: typeof LOG_LEVELS[number] };
  /** The admin API. */
  readonly admin: AdminConfig;
  /** How the configuration itself may change. */
  readonly config: { readonly signers: readonly string[] };
  /** Statistics as signals. */
  readonly statistics: { readonly enabled: boolean; readonly intervalSeconds: number };
  /** Where the time comes from; without it nobody watches the clock, and nothing is flagged by it. */
  readonly clock?: ClockOptions | undefined;
  /** Inputs by name. */
  readonly input: Readonly<Record<string, C37118InputOptions | SttpInputOptions | SvInputOptions>>;
  /** Alarms by name. */
  readonly alarm: Readonly<Record<string, AlarmOptions>>;
  /** How much is recorded around a trigger; nothing without it and without triggers. */
  readonly event?: CaptureOptions | undefined;
  /** Triggers by name. */
  readonly trigger: Readonly<Record<string, TriggerOptions>>;
  /** Waveforms that go upstream as they come, by name. */
  readonly live: Readonly<Record<string, LiveOptions>>;
  /** Where event records are kept. */
  readonly archive: ArchiveOptions;
  /** Aligners by name. */
  readonly align: Readonly<Record<string, AlignConfig>>;
  /** Outputs by name. */
  readonly output: Readonly<Record<string, SttpOutputOptions | C37118OutputOptions>>;
  /** Subscribers by name. */
  readonly subscriber: Readonly<Record<string, SubscriberOptions>>;
  /** Certificates that are turned away. */
  readonly revoked: {
    /** SHA-256 of the DER. */
    readonly fingerprints: readonly string[];
    /** Issuer and serial number. */
    readonly serials: readonly { readonly issuer: string; readonly serial: string }[];
  };
}

/** Schema of a whole configuration. */
export const gatewaySchema: v.GenericSchema<unknown, GatewayConfig> = v.strictObject({
  gateway: gatewaySection,
  log: v.optional(logSection, {}),
  admin: v.optional(adminSchema, {}),
  config: v.optional(configSection, {}),
  statistics: v.optional(statisticsSection, {}),
  clock: v.optional(clockSchema),
  input: v.optional(
    v.record(partName(), v.variant("type", [c37118InputSchema, sttpInputSchema, svInputSchema])),
    {},
  ),
  alarm: v.optional(v.record(partName(), alarmSchema), {}),
  event: v.optional(captureSchema),
  trigger: v.optional(v.record(partName(), triggerSchema), {}),
  live: v.optional(v.record(partName(), liveSchema), {}),
  archive: v.optional(archiveSchema, {}),
  align: v.optional(v.record(partName(), alignSchema), {}),
  output: v.optional(
    v.record(partName(), v.variant("type", [sttpOutputSchema, c37118OutputSchema])),
    {},
  ),
  subscriber: v.optional(v.record(partName(), subscriberSchema), {}),
  revoked: v.optional(revokedSection, {}),
});
