/**
 * The configuration of a gateway with its history: what {@linkcode ConfigKeeper} needs to know of gateways.
 *
 * @module
 */
import { join } from "node:path";
import {
  type AnySchema,
  hasMarks,
  parseTomlDocument,
  redactFound,
  redactSecrets,
  restoreFound,
  restoreSecrets,
  sha256,
} from "../config/mod.ts";
import type { Clock } from "../core/mod.ts";
import { replaceTokens } from "../identity/mod.ts";
import {
  ConfigKeeper,
  type EditAside,
  type FailedPart,
  type VersionInfo,
} from "../revision/mod.ts";
import { readConfig } from "./config.ts";
import type { Gateway } from "./gateway.ts";
import { logFor } from "./log.ts";
import { type ConfigPlan, notInPlace } from "./plan.ts";
import { type GatewayConfig, gatewaySchema } from "./schema.ts";

/** The keeper of a gateway's configuration. */
export type GatewayKeeper = ConfigKeeper<GatewayConfig, ConfigPlan>;

/** What belongs to a keeper of a gateway's configuration. */
export interface GatewayKeeperOptions {
  /** The file that an operator edits. */
  readonly file: string;
  /** Folder of state, where the file itself cannot be asked; default what the file says. */
  readonly stateDir?: string | undefined;
  /** The time. */
  readonly clock: Clock;
  /** The gateway that runs; asked only once something is to be compared or applied. */
  readonly gateway: () => Gateway;
  /** Takes what is not the gateway's own into use, such as the admin API; gives back what cannot work. */
  readonly others?: (next: GatewayConfig, plan: ConfigPlan) => Promise<readonly FailedPart[]>;
  /** Told after each undo that nobody asked for. */
  readonly onUndo?: (version: VersionInfo, running: VersionInfo) => void;
  /** Told after each edit of the file that nobody took in and that made way for the version that runs. */
  readonly onAside?: (edit: EditAside, running: VersionInfo) => void;
}

/** Decides what configuration runs, by the file and by what ran before; see {@linkcode ConfigKeeper.open}. */
export async function openConfigKeeper(options: GatewayKeeperOptions): Promise<GatewayKeeper> {
  const { file, gateway, others, clock, onUndo, onAside } = options;
  const stateDir = options.stateDir ?? await stateDirOf(file);
  return await ConfigKeeper.open<GatewayConfig, ConfigPlan>({
    file,
    folder: join(stateDir, "config"),
    read: readConfig,
    signersOf: ({ config }) => config.signers,
    hasMarks,
    restore(text, original) {
      const { text: restored } = restoreSecrets(gatewaySchema as AnySchema, text, original);
      return restoreFound(restored, original, replaceTokens);
    },
    plan: (next) => {
      const plan = gateway().plan(next);
      if (plan.needsProgram.length > 0) throw notInPlace(plan.needsProgram);
      return plan;
    },
    apply: async (next) => {
      const { plan, failed } = await gateway().apply(next);
      return { failed: [...failed, ...await others?.(next, plan) ?? []] };
    },
    clock,
    log: logFor("config"),
    ...(onUndo && { onUndo }),
    ...(onAside && { onAside }),
  });
}

/** What was shown last by digest of the text, newest at the end: what runs is asked for again and is slow to read. */
const shown = new Map<string, string>();
const SHOWN_TEXTS = 2;

/** The text as anybody may see it: secrets are marks, also the hash of a user's token that was commented out. */
export function shownConfig(text: string): string {
  const digest = sha256(text);
  const result = shown.get(digest) ??
    redactFound(redactSecrets(gatewaySchema as AnySchema, text).text, replaceTokens);
  shown.delete(digest);
  shown.set(digest, result);
  if (shown.size > SHOWN_TEXTS) shown.delete(shown.keys().next().value!); // there are more than none
  return result;
}

const DEFAULT_STATE_DIR = "/var/lib/tieline";

/** The state folder that a file names, as far as it can be read: a broken one has to be found again too. */
async function stateDirOf(file: string): Promise<string> {
  let text: string;
  try {
    text = await Deno.readTextFile(file);
  } catch {
    return DEFAULT_STATE_DIR; // told where the file is read for good
  }
  try {
    const { gateway } = parseTomlDocument(text, file).value;
    // Tables are plain objects; this one may be anything.
    const dir = (gateway as { stateDir?: unknown } | undefined)?.stateDir;
    return typeof dir === "string" && dir !== "" ? dir : DEFAULT_STATE_DIR;
  } catch {
    const line = /^[ \t]*stateDir[ \t]*=[ \t]*(?:"([^"\\\n]+)"|'([^'\n]+)')/m.exec(text);
    return line?.[1] ?? line?.[2] ?? DEFAULT_STATE_DIR;
  }
}
