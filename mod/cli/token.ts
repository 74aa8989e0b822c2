/**
 * `tieline token` and `tieline claim`: tokens of users of the admin API.
 *
 * @module
 */
import { Command, InvalidArgumentError } from "commander";
import { basename } from "node:path";
import * as v from "valibot";
import { secretSource } from "../config/mod.ts";
import { ADMIN_ROLES, type AdminRole } from "../gateway/mod.ts";
import { hashToken, tokenText } from "../identity/mod.ts";
import { writeFileAtomic } from "../os/mod.ts";
import { AdminClient, type AdminOptions, withAdminOptions } from "./admin_client.ts";
import { CommandError } from "./options.ts";

/** The `token` command with its sub-command `new`. */
export function tokenCommand(): Command {
  const command = new Command("token").description("tokens of users of the admin API");
  command.command("new")
    .description("make a token, print it once, and the table that goes into the configuration")
    .argument("<name>", "name of the user", userName)
    .option("--role <role...>", `roles: ${ADMIN_ROLES.join(", ")}`, roleOf, [])
    .option(
      "--hash-file <file>",
      "where the hash goes, readable by its owner only; the table names it as a systemd credential",
    )
    .action(async (name: string, { role, hashFile }: { role: AdminRole[]; hashFile?: string }) => {
      const text = tokenText(name, crypto.getRandomValues(new Uint8Array(32)));
      const hash = await hashToken(text, crypto.getRandomValues(new Uint8Array(16)));
      const roles = role.length > 0 ? role : ["VIEWER"];
      const credential = hashFile === undefined ? undefined : `credential:${basename(hashFile)}`;
      if (credential !== undefined && secretSource(credential) === undefined) {
        throw new CommandError(
          `Expected a file whose name a credential can have, found ${hashFile}`,
        );
      }
      if (hashFile !== undefined) await writeFileAtomic(hashFile, `${hash}\n`, 0o600);
      // Only now: a token whose hash is nowhere is of no use.
      console.error(`Token, told once: ${text}`);
      const table = `roles = ${JSON.stringify(roles)}\ntoken = "${credential ?? hash}"`;
      console.log(`[admin.user.${name}]\n${table}`);
    });
  return command;
}

/** The `claim` command. */
export function claimCommand(): Command {
  return withAdminOptions(
    new Command("claim")
      .description("make the first user of a new gateway, with the claim token that it has printed")
      .argument("<host>", "host:port of the admin API, or its URL")
      .argument("<name>", "name of the user", userName),
  ).action(async (host: string, name: string, options: AdminOptions) => {
    const client = await AdminClient.make(host, options);
    const { token } = await client.json(v.object({ token: v.string() }), "POST", "/api/claim", {
      body: JSON.stringify({ name }),
    });
    console.log(token);
  });
}

function userName(text: string): string {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(text)) {
    throw new InvalidArgumentError(`Expected letters, digits, "_" or "-", found "${text}".`);
  }
  return text;
}

function roleOf(text: string, before: AdminRole[]): AdminRole[] {
  const role = ADMIN_ROLES.find((r) => r === text);
  if (!role) throw new InvalidArgumentError(`Expected ${ADMIN_ROLES.join(", ")}, found "${text}".`);
  return [...before, role];
}
