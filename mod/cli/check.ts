/**
 * `tieline check FILE`: what is wrong with a configuration, and the memory that it needs.
 *
 * @module
 */
import { Command } from "commander";
import { type MemoryNeed, memoryNeeds, readConfig } from "../gateway/mod.ts";

/** The `check` command. */
export function checkCommand(): Command {
  return new Command("check")
    .description("check a configuration file and add up the memory that it needs")
    .argument("<file>", "configuration, TOML")
    .option("--json", "print one JSON object")
    .action(async (file: string, { json }: { json?: boolean }) => {
      const config = readConfig(await Deno.readTextFile(file), file);
      const needs = memoryNeeds(config);
      const total = needs.reduce((sum, { bytes }) => sum + bytes, 0);
      if (json) {
        console.log(JSON.stringify({ file, memory: needs, totalBytes: total }));
        return;
      }
      console.log(memoryTable(needs));
      console.log(
        `${file}: in order; needs ${megabytes(total)} of ${config.gateway.memoryMB}.0 MB`,
      );
    });
}

function memoryTable(needs: readonly MemoryNeed[]): string {
  const width = Math.max(...needs.map(({ part }) => part.length));
  return needs.map(({ part, bytes, basis }) =>
    `${part.padEnd(width)}  ${megabytes(bytes).padStart(9)}  ${basis}`
  ).join("\n");
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
