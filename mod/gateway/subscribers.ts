/**
 * The tables `[subscriber.NAME]` and `[revoked]` as `identity` takes them, with authorities read from their files.
 *
 * @module
 */
import type { AccessRules } from "../access/mod.ts";
import type { PathKey } from "../config/mod.ts";
import { messageOf } from "../core/mod.ts";
import {
  type IdentityConfig,
  type SubscriberIdentity,
  validateIdentities,
} from "../identity/mod.ts";
import type { GatewayConfig } from "./schema.ts";

/** Largest file of authorities that is read, in bytes. */
const MAX_CA_BYTES = 1024 * 1024;

/** Peers and revocations of `config`. Throws if a file of authorities cannot be read. */
export function identityConfigOf(config: GatewayConfig): IdentityConfig {
  return {
    subscribers: Object.entries(config.subscriber).map(([name, s]): SubscriberIdentity => ({
      name,
      enabled: s.enabled,
      pins: s.pins,
      plainAddress: s.plainAddress,
      ...(s.addresses && { addresses: s.addresses }),
      ...(s.issuedBy &&
        { issuedBy: { ca: s.issuedBy.ca.map(readAuthority), subject: s.issuedBy.subject } }),
    })),
    denyList: config.revoked,
  };
}

/** Rights by the name that the access control knows them by: those of subscribers, and of C37.118 outputs. */
export function rulesOf(config: GatewayConfig): Map<string, AccessRules> {
  const rules = new Map<string, AccessRules>(Object.entries(config.subscriber));
  for (const [name, output] of Object.entries(config.output)) {
    if (output.type === "c37118") rules.set(`output.${name}`, output);
  }
  return rules;
}

/** What is wrong with peers and revocations, as paths into the configuration. */
export function identityProblems(config: GatewayConfig): { path: PathKey[]; message: string }[] {
  const problems: { path: PathKey[]; message: string }[] = [];
  const names = Object.keys(config.subscriber);
  for (const [name, { issuedBy }] of Object.entries(config.subscriber)) {
    issuedBy?.ca.forEach((path, i) => {
      try {
        readAuthority(path);
      } catch (error) {
        problems.push({
          path: ["subscriber", name, "issuedBy", "ca", i],
          message: `cannot read the file: ${messageOf(error)}`,
        });
      }
    });
  }
  problems.push(...publisherProblems(config));
  // A file that cannot be read is told above; an empty list would only be told once more.
  if (problems.length > 0) return problems;
  for (const { path, message } of validateIdentities(identityConfigOf(config))) {
    problems.push({ path: configPath(path, names), message });
  }
  return problems;
}

/** What is wrong with the pins and authorities that publishers are known by. */
function publisherProblems(config: GatewayConfig): { path: PathKey[]; message: string }[] {
  const problems: { path: PathKey[]; message: string }[] = [];
  for (const [name, input] of Object.entries(config.input)) {
    if (input.type !== "sttp" || input.insecure) continue;
    let issuedBy: SubscriberIdentity["issuedBy"];
    try {
      issuedBy = input.issuedBy && { ...input.issuedBy, ca: input.issuedBy.ca.map(readAuthority) };
    } catch (error) {
      problems.push({
        path: ["input", name, "issuedBy", "ca"],
        message: `cannot read the file: ${messageOf(error)}`,
      });
      continue;
    }
    const publisher = { name, enabled: true, pins: input.pins, ...(issuedBy && { issuedBy }) };
    for (const { path, message } of validateIdentities({ subscribers: [publisher] })) {
      problems.push({ path: ["input", name, ...path.slice(2)], message });
    }
  }
  return problems;
}

/** `["subscribers", 0, "pins", 1]` of identity is `["subscriber", NAME, "pins", 1]` of the text. */
function configPath(path: readonly PathKey[], names: readonly string[]): PathKey[] {
  const [head, index, ...rest] = path;
  if (head === "subscribers" && typeof index === "number") {
    return ["subscriber", names[index] ?? index, ...rest];
  }
  return ["revoked", ...path.slice(1)];
}

function readAuthority(path: string): string {
  const { size } = Deno.statSync(path);
  if (size > MAX_CA_BYTES) {
    throw new RangeError(`expected at most ${MAX_CA_BYTES} bytes, found ${size}`);
  }
  return Deno.readTextFileSync(path);
}
