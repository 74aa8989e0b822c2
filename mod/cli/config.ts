/**
 * `tieline config`: look at, push, confirm and take back the configuration of a gateway; sign one.
 *
 * @module
 */
import { Command, InvalidArgumentError } from "commander";
import * as v from "valibot";
import { MAX_TOML_LENGTH } from "../config/mod.ts";
import { writeFileAtomic } from "../os/mod.ts";
import { makeSigningKey, signText } from "../revision/mod.ts";
import { AdminClient, type AdminOptions, textOf, withAdminOptions } from "./admin_client.ts";
import { CommandError } from "./options.ts";

interface PushOptions extends AdminOptions {
  readonly confirmWithin?: number;
  readonly comment?: string;
  readonly dryRun?: boolean;
  readonly sign?: string;
  readonly signature?: string;
  readonly ifVersion?: number;
}

const changeSchema = v.object({
  version: v.nullable(v.number()),
  everything: v.boolean(),
  changes: v.array(v.object({ part: v.string(), change: v.string(), keys: v.array(v.string()) })),
  confirmWithin: v.nullable(v.number()),
  diff: v.string(),
});
type Change = v.InferOutput<typeof changeSchema>;

const settledSchema = v.object({ version: v.number() });
const versionsSchema = v.object({
  running: v.number(),
  versions: v.array(v.object({
    number: v.number(),
    author: v.string(),
    timeMicros: v.number(),
    comment: v.string(),
    digest: v.string(),
    cause: v.string(),
    outcome: v.string(),
  })),
});

/** The `config` command with its sub-commands. */
export function configCommand(): Command {
  const command = new Command("config")
    .description("the configuration of a running gateway: push, confirm, history, signatures");
  remote(command, "get", "print the configuration that runs, secrets as marks")
    .action(async (host: string, options: AdminOptions) => {
      const client = await AdminClient.make(host, options);
      await printText((await client.call("GET", "/api/config")).text);
    });
  pushOptions(
    remote(command, "push", "push a configuration; the answer lists the parts that it touches")
      .argument("<file>", "configuration, TOML"),
  ).option("--dry-run", "only say what would change")
    .action(async (host: string, file: string, options: PushOptions) => {
      showChange(await push(host, await textOf(file, 4 * MAX_TOML_LENGTH), options));
    });
  remote(command, "diff", "print how a file differs from the configuration that runs")
    .argument("<file>", "configuration, TOML")
    .option("--sign <key>", "key to sign with, where signers are configured")
    .action(async (host: string, file: string, options: PushOptions) => {
      const text = await textOf(file, 4 * MAX_TOML_LENGTH);
      const change = await push(host, text, { ...options, dryRun: true });
      await printText(change.diff);
      showParts(change);
    });
  for (
    const [name, what] of [["confirm", "confirm the change that waits"], [
      "cancel",
      "take the change that waits back",
    ]] as const
  ) {
    remote(command, name, what).action(async (host: string, options: AdminOptions) => {
      const client = await AdminClient.make(host, options);
      const { version } = await client.json(settledSchema, "POST", `/api/config/${name}`);
      console.log(`Version ${version} runs`);
    });
  }
  remote(command, "versions", "list the versions that are kept")
    .action(async (host: string, options: AdminOptions) => {
      const client = await AdminClient.make(host, options);
      const { running, versions } = await client.json(
        versionsSchema,
        "GET",
        "/api/config/versions",
      );
      for (const { number, author, timeMicros, comment, digest, cause, outcome } of versions) {
        const time = new Date(timeMicros / 1000).toISOString().slice(0, 19);
        const mark = number === running ? "*" : " ";
        console.log(
          `${mark}${String(number).padStart(5)}  ${time}Z  ${outcome.padEnd(7)}  ${
            cause.padEnd(8)
          }  ` +
            `${digest.slice(0, 12)}  ${author}  ${comment}`.trimEnd(),
        );
      }
    });
  pushOptions(
    remote(command, "rollback", "make an earlier version run again")
      .argument("<version>", "its number", wholeNumber),
  ).action(async (host: string, version: number, options: PushOptions) => {
    const client = await AdminClient.make(host, options);
    const headers = await ifMatch(client, options);
    const path = `/api/config/versions/${version}/rollback${query(options)}`;
    showChange(await client.json(changeSchema, "POST", path, { headers }));
  });
  command.command("key")
    .description("make a key to sign configurations with, and print what [config] signers takes")
    .argument("<file>", "where the private key goes, PEM, readable by its owner only")
    .action(async (file: string) => {
      const { keyPem, signer } = await makeSigningKey();
      await writeFileAtomic(file, keyPem, 0o600);
      console.log(signer);
    });
  command.command("sign")
    .description("sign a configuration file; the signature goes into FILE.sig")
    .argument("<file>", "configuration, TOML")
    .requiredOption("--key <key>", "private key that `tieline config key` made")
    .action(async (file: string, { key }: { key: string }) => {
      const signature = await signText(await textOf(file, 4 * MAX_TOML_LENGTH), await textOf(key));
      await writeFileAtomic(`${file}.sig`, `${signature}\n`);
      console.log(`${file}.sig`);
    });
  return command;
}

function remote(command: Command, name: string, description: string): Command {
  return withAdminOptions(command.command(name).description(description))
    .argument("<host>", "host:port of the admin API, or its URL");
}

function pushOptions(command: Command): Command {
  return command
    .option("--confirm-within <seconds>", "undo it unless it is confirmed in time", wholeNumber)
    .option("--comment <text>", "why, for the history")
    .option(
      "--if-version <number>",
      "refuse unless this version runs: the one that the file was made from",
      wholeNumber,
    )
    .option("--sign <key>", "private key to sign with")
    .option("--signature <file>", "signature that was made elsewhere");
}

async function push(host: string, body: string, options: PushOptions): Promise<Change> {
  const client = await AdminClient.make(host, options);
  const signature = options.sign !== undefined
    ? await signText(body, await textOf(options.sign))
    : options.signature !== undefined
    ? (await textOf(options.signature)).trim()
    : undefined;
  const headers = {
    ...await ifMatch(client, options),
    ...(signature !== undefined && { "tieline-signature": signature }),
  };
  const type = "application/toml";
  return await client.json(changeSchema, "PUT", `/api/config${query(options)}`, {
    body,
    type,
    headers,
  });
}

/** What a change has to match: the version that was named, or the one that runs at this moment. */
async function ifMatch(
  client: AdminClient,
  { ifVersion }: PushOptions,
): Promise<Record<string, string>> {
  if (ifVersion !== undefined) {
    const { versions } = await client.json(versionsSchema, "GET", "/api/config/versions");
    const digest = versions.find(({ number }) => number === ifVersion)?.digest;
    if (digest === undefined) throw new CommandError(`There is no version ${ifVersion}`);
    return { "if-match": `"${digest}"` };
  }
  const { headers } = await client.call("GET", "/api/config");
  return { "if-match": headers.get("etag") ?? "" };
}

function query({ confirmWithin, comment, dryRun }: PushOptions): string {
  const parameters = new URLSearchParams({
    ...(confirmWithin !== undefined && { confirmWithin: String(confirmWithin) }),
    ...(comment !== undefined && { comment }),
    ...(dryRun && { dryRun: "true" }),
  });
  return parameters.size > 0 ? `?${parameters}` : "";
}

function showChange(change: Change): void {
  showParts(change);
  if (change.version !== null) {
    console.log(
      `Version ${change.version} runs${
        change.confirmWithin === null
          ? ""
          : `; it is undone in ${change.confirmWithin} s unless you confirm it`
      }`,
    );
  }
}

function showParts({ changes, everything }: Change): void {
  if (changes.length === 0) console.log("No part differs");
  for (const { part, change, keys } of changes) {
    console.log(`${change.padEnd(9)}  ${part}${keys.length > 0 ? `  (${keys.join(", ")})` : ""}`);
  }
  if (everything) console.log("Every part starts anew");
}

async function printText(text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
}

function wholeNumber(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) {
    throw new InvalidArgumentError(`Expected a whole number above 0, found "${text}".`);
  }
  return Number(text);
}
