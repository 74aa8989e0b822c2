/**
 * `deno task vectors KIND DIR`: runs the codecs of KIND over every file of DIR.
 *
 * Prints each failure and, last, `N passed, N failed`. Exits 0 when all passed, 1 on a failure, 2
 * when there is nothing to run: wrong usage, an unknown KIND, a folder that is missing or empty.
 *
 * @module
 */
import { messageOf } from "../../mod/core/mod.ts";
import { type Run, runFile, Tally, type VectorFile } from "./report.ts";

const RUNNERS: Readonly<Record<string, () => Promise<{ run: Run }>>> = {
  c37118: () => import("./c37118.ts"),
  filter: () => import("./filter.ts"),
  slipstream: () => import("./slipstream.ts"),
  phasor: () => import("./phasor.ts"),
  ptp: () => import("./ptp.ts"),
  sttp: () => import("./sttp.ts"),
  sv: () => import("./sv.ts"),
};

if (import.meta.main) Deno.exit(await main(Deno.args));

/** Runs the task with its arguments, and returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const [kind, folder] = args;
  if (kind === undefined || folder === undefined || args.length > 2) {
    console.error("Usage: deno task vectors KIND DIR");
    return 2;
  }
  const runner = Object.hasOwn(RUNNERS, kind) ? RUNNERS[kind] : undefined;
  if (!runner) {
    console.error(`Cannot run vectors of "${kind}": known are ${Object.keys(RUNNERS).join(", ")}`);
    return 2;
  }
  const names = listFolder(folder);
  if (names === undefined) return 2;
  const { run } = await runner();
  const tally = new Tally((line) => console.log(line));
  for (const name of names) await runFile(run, readVector(folder, name), tally);
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  return tally.failed > 0 ? 1 : 0;
}

function listFolder(folder: string): string[] | undefined {
  try {
    const names = [...Deno.readDirSync(folder)].filter((e) => !e.isDirectory).map((e) => e.name);
    if (names.length > 0) return names.sort();
    console.error(`Cannot run vectors: the folder ${folder} is empty`);
  } catch (error) {
    console.error(`Cannot read the folder ${folder}: ${messageOf(error)}`);
  }
  return undefined;
}

function readVector(folder: string, name: string): VectorFile {
  return {
    name,
    bytes: Deno.readFileSync(`${folder}/${name}`),
    sibling(other: string): Uint8Array | undefined {
      try {
        return Deno.readFileSync(`${folder}/${other}`);
      } catch {
        return undefined;
      }
    },
  };
}
