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
import { COMMANDS, mendable, VERSION } from "./mod/cli/mod.ts";

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
    .version(VERSION);

  const [first, second] = Deno.args;
  const wanted = COMMANDS.find(({ name }) => name === (first === "help" ? second : first));
  for (const { name, summary, load } of COMMANDS) {
    program.addCommand(
      name === wanted?.name ? await load() : new Command(name).description(summary),
    );
  }
  pointToHelp(program, "tieline");

  try {
    await program.parseAsync(Deno.args, { from: "user" });
  } catch (error) {
    // What an operator can mend is told without a stack; anything else is a defect and shows where.
    console.error(mendable(error) ?? error);
    Deno.exit(1);
  }
}

/** Wrong arguments are answered with the command whose help says what is right. */
function pointToHelp(command: Command, path: string): void {
  command.showHelpAfterError(`Try: ${path} --help`);
  for (const sub of command.commands) pointToHelp(sub, `${path} ${sub.name()}`);
}
