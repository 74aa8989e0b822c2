/**
 * `tieline cert`: keys and certificates, the pins that configurations name, and bundles that two operators exchange.
 *
 * @module
 */
import { Command, InvalidArgumentError } from "commander";
import { join } from "node:path";
import { loadOrMakeIdentity, readTextIfExists, writeFileAtomic } from "../os/mod.ts";
import { textOf } from "./admin_client.ts";
import {
  factsOf,
  MAX_BUNDLE_BYTES,
  readBundle,
  subscriberTable,
  writeBundle,
} from "./cert_bundle.ts";

/** The `cert` command with its sub-commands `new`, `pin`, `bundle` and `accept`. */
export function certCommand(): Command {
  const command = new Command("cert")
    .description("keys and certificates, their pins, and requests to subscribe");
  command.command("new")
    .description("make key.pem and cert.pem in a folder, unless they are there, and print the pin")
    .argument("<folder>", "where the two files go; the key is readable by its owner only")
    .requiredOption("--name <name>", "common name of the certificate")
    .option("--days <days>", "days that it is valid", wholeNumber, 3650)
    .action(async (folder: string, { name, days }: { name: string; days: number }) => {
      await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
      if (await readTextIfExists(join(folder, "cert.pem"), MAX_BUNDLE_BYTES) !== undefined) {
        console.error(`${join(folder, "cert.pem")} is there and stays as it is; this is its pin`);
      }
      const { fingerprint256 } = await loadOrMakeIdentity(folder, { commonName: name, days });
      console.log(`sha256:${fingerprint256}`);
    });
  command.command("pin")
    .description("print the SHA-256 pin of a certificate as `pins = [...]` takes it")
    .argument("<file>", "certificate, PEM")
    .action(async (file: string) => {
      console.log(`sha256:${factsOf(await textOf(file, MAX_BUNDLE_BYTES), file).fingerprint}`);
    });
  command.command("bundle")
    .description("write a request to subscribe, to be sent to the publisher's operator")
    .argument("<file>", "certificate of the subscriber, PEM; its key stays where it is")
    .requiredOption("--name <name>", "name that the subscriber would like to have")
    .requiredOption("--contact <text>", "whom to ask, for example an e-mail address")
    .option("--filter <expression>", "what is asked for", "")
    .option("--output <file>", "where the bundle goes; standard output if left out")
    .action(async (file: string, options: BundleOptions) => {
      const bundle = writeBundle(await textOf(file, MAX_BUNDLE_BYTES), options);
      if (options.output === undefined) console.log(bundle.trimEnd());
      else await writeFileAtomic(options.output, bundle);
    });
  command.command("accept")
    .description("check a request to subscribe and print the table for the configuration")
    .argument("<bundle>", "file that `cert bundle` has made")
    .action(async (file: string) => {
      const bundle = readBundle(await textOf(file, MAX_BUNDLE_BYTES), file);
      console.log(subscriberTable(bundle, Date.now()).trimEnd());
    });
  return command;
}

interface BundleOptions {
  readonly name: string;
  readonly contact: string;
  readonly filter: string;
  readonly output?: string;
}

function wholeNumber(text: string): number {
  if (!/^[1-9][0-9]{0,5}$/.test(text)) {
    throw new InvalidArgumentError(`Expected a whole number of days, found "${text}".`);
  }
  return Number(text);
}
