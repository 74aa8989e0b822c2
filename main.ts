/**
 * Tieline, the substation edge gateway: the command line.
 *
 * Each command is loaded only when it is called, so that `tieline check` does not pay for `demo`.
 *
 * @module
 */
import { Command } from "commander";
// Not their faces, which load all of them.
import { isArchiveWorker } from "./mod/archive/role.ts";
import { isCaptureWorker } from "./mod/input/sv/role.ts";
import { isMetadataWorker } from "./mod/output/sttp/role.ts";
import { isMergingUnitWorker } from "./mod/sim/role.ts";
import { ConfigError, ProtocolError } from "./mod/core/mod.ts";
import { CommandError, COMMANDS, VERSION } from "./mod/cli/mod.ts";

const KNOWN = [
  CommandError,
  ConfigError,
  ProtocolError,
  Deno.errors.AddrInUse,
  Deno.errors.ConnectionRefused,
  Deno.errors.NotCapable,
  Deno.errors.NotFound,
  Deno.errors.PermissionDenied,
];

// A program that is one file starts its Workers from itself.
if (isCaptureWorker()) (await import("./mod/input/sv/mod.ts")).serveCaptureWorker();
else if (isMergingUnitWorker()) (await import("./mod/sim/mod.ts")).serveMergingUnitWorker();
else if (isArchiveWorker()) {
  const { describeRecord, serveArchiveWorker } = await import("./mod/archive/mod.ts");
  serveArchiveWorker(describeRecord);
} else if (isMetadataWorker()) (await import("./mod/output/sttp/mod.ts")).serveMetadataWorker();
else await runCommand();

async function runCommand(): Promise<void> {
  const program = new Command("tieline")
    .description("Substation edge gateway: C37.118 in, aligned in time, STTP over TLS out")
    .version(VERSION)
    .showHelpAfterError();

  const wanted = COMMANDS.find(({ name }) => name === Deno.args[0]);
  for (const { name, summary, load } of COMMANDS) {
    program.addCommand(
      name === wanted?.name ? await load() : new Command(name).description(summary),
    );
  }

  try {
    await program.parseAsync(Deno.args, { from: "user" });
  } catch (error) {
    // What an operator can mend is told without a stack; anything else is a defect and shows where.
    const known = KNOWN.some((kind) => error instanceof kind) && error instanceof Error;
    console.error(known ? error.message : error);
    Deno.exit(1);
  }
}
