/**
 * `tieline audit`: check the audit trail of a gateway, or print it as syslog lines.
 *
 * @module
 */
import { Command } from "commander";
import { join } from "node:path";
import { publicKeyOf, readEntry, type SealingKey, syslogLine, verifyFolder } from "../audit/mod.ts";
import { readTextIfExists } from "../os/mod.ts";
import { textOf } from "./admin_client.ts";
import { CommandError } from "./options.ts";

const MAX_TRAIL_BYTES = 64 * 1024 * 1024;

/** Why a key that sealed is believed. */
const BELIEVED: Readonly<Record<SealingKey["by"], string>> = {
  certificate: "the key of a certificate that was named",
  handover: "which signed its retirement",
  successor: "which its successor alone names",
};

/** The `audit` command with its sub-commands `verify` and `syslog`. */
export function auditCommand(): Command {
  const command = new Command("audit").description(
    "the audit trail of a gateway, in its state folder",
  );
  command.command("verify")
    .description("check every hash and seal; ends with 1 and the reasons if anything is wrong")
    .argument("<state>", "state folder of the gateway, or a copy of its folder audit")
    .option(
      "--cert <file>",
      "a certificate of the device (PEM), also a former one; default identity/cert.pem in the state folder",
      (file: string, before: string[]) => [...before, file],
      [],
    )
    .option("--running", "the gateway runs: a trail without a seal for two hours was cut")
    .action(async (state: string, { cert, running }: { cert: string[]; running?: boolean }) => {
      const folder = await folderOf(state);
      const files = cert.length > 0 ? cert : [join(state, "identity", "cert.pem")];
      const { entries, seals, last, keys, problems } = await verifyFolder(
        folder,
        await Promise.all(files.map(certificateOf)),
        running ? Date.now() : undefined,
      );
      if (problems.length > 0) throw new CommandError(problems.join("\n"));
      console.log(
        `${count(entries, "entry", "entries")} with ${
          count(seals, "seal", "seals")
        } are whole; the last one is ${last?.number ?? 0}` +
          (last ? `, ${last.time}` : ""),
      );
      for (const { first, last, print, seals, by } of keys) {
        console.log(
          `  ${first} to ${last}: ${count(seals, "seal", "seals")} by ${print}, ${BELIEVED[by]}`,
        );
      }
    });
  command.command("syslog")
    .description("print the trail as RFC 5424 lines, oldest first")
    .argument("<state>", "state folder of the gateway, or a copy of its folder audit")
    .option("--host <name>", "name of the gateway", "tieline")
    .action(async (state: string, { host }: { host: string }) => {
      const folder = await folderOf(state);
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name)
        .filter((name) => /^audit-\d+\.jsonl$/.test(name)).sort();
      for (const name of [...names, "audit.jsonl"]) {
        for (const line of (await textOf(join(folder, name), MAX_TRAIL_BYTES)).split("\n")) {
          const entry = line === "" ? undefined : readEntry(line);
          if (entry) console.log(syslogLine(entry, host));
        }
      }
    });
  return command;
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** A certificate of the device. Throws {@linkcode CommandError} for a file that holds none. */
async function certificateOf(file: string): Promise<string> {
  const text = await readTextIfExists(file, 256 * 1024);
  if (text === undefined) {
    throw new CommandError(
      `Cannot read ${file}: there is no such file. Name the device's certificate with --cert`,
    );
  }
  try {
    publicKeyOf(text);
  } catch {
    throw new CommandError(`Expected a certificate (PEM) in ${file}, found something else`);
  }
  return text;
}

async function folderOf(state: string): Promise<string> {
  for (const folder of [join(state, "audit"), state]) {
    try {
      await Deno.stat(join(folder, "audit.jsonl"));
      return folder;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new CommandError(`There is no audit trail in ${state}`);
}
