/**
 * The files of the project, for the checks that look at all of them.
 *
 * @module
 */

/** All TypeScript sources under `folder` without tests, sorted. */
export async function sources(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) found.push(...await sources(path));
    else if (entry.name.endsWith(".ts") && !entry.name.endsWith("_test.ts")) found.push(path);
  }
  return found.sort();
}

/** The faces (`mod.ts`) of all modules under `folder`. */
export async function faces(folder: string): Promise<string[]> {
  return (await sources(folder)).filter((path) => path.endsWith("/mod.ts"));
}
