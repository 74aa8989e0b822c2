/**
 * Builds `dist/tieline`, one file that runs on a board without anything installed.
 *
 * `deno compile` makes it where its run-time base can be had. Where that download is not possible
 * the same command makes the portable form: a shell header (`launcher.sh`), and behind it a
 * compressed archive of the one-file bundle and the Deno binary of the target, which is unpacked
 * once per version. That form needs sh, tar and gzip on the board, and nothing else.
 *
 * Usage: `deno task build [x86_64|aarch64] [--deno FILE]`; FILE is a Deno binary of the target for the
 * portable form, in place of this very version from npm.
 *
 * @module
 */
import { VERSION } from "../mod/cli/version.ts";
import { messageOf } from "../mod/core/mod.ts";

const TARGETS: Readonly<Record<string, { triple: string; npm: string }>> = {
  x86_64: { triple: "x86_64-unknown-linux-gnu", npm: "@deno/linux-x64-glibc" },
  aarch64: { triple: "aarch64-unknown-linux-gnu", npm: "@deno/linux-arm64-glibc" },
};

/** What the program may do; the service manager narrows paths further (deploy/tieline.service). */
const PERMISSIONS = [
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-ffi",
  "--allow-sys=hostname,networkInterfaces,systemMemoryInfo,osRelease,statfs,loadavg,osUptime",
  "--no-prompt",
];

/**
 * Most megabytes of each half of V8's young generation, and by how much its heap may grow between two collections of
 * the whole. Left alone the one grows to 32 MB in all under load, with the buffers that its objects hold outside, and
 * the other by 70 MB; neither is given back (docs/performance.md, "Memory").
 */
const V8_FLAGS = "--v8-flags=--max-semi-space-size=4,--heap-growing-percent=50";

/** Files that Workers begin with. */
const WORKERS = [
  "mod/archive/worker_entry.ts",
  "mod/input/sv/worker_entry.ts",
  "mod/output/sttp/metadata_worker_entry.ts",
  "mod/sim/merging_unit_worker_entry.ts",
];

const { arch, denoFile } = readArguments(Deno.args);
const target = TARGETS[arch];
if (!target) {
  console.error(`Cannot build for "${arch}": expected ${Object.keys(TARGETS).join(" or ")}`);
  Deno.exit(2);
}
await Deno.mkdir("dist", { recursive: true });
const out = arch === Deno.build.arch ? "dist/tieline" : `dist/tieline-${arch}`;
// A program that runs cannot be written over, but it can be replaced.
const part = `${out}.part`;
const compiled = denoFile === undefined && await compile(target.triple);
if (!compiled) await makePortable(target.npm);
const { size } = await Deno.stat(out);
console.log(`${out}: ${(size / 1e6).toFixed(1)} MB, Tieline ${VERSION}, ${target.triple}`);

function readArguments(args: readonly string[]): { arch: string; denoFile: string | undefined } {
  const at = args.indexOf("--deno");
  const rest = at < 0 ? args : args.toSpliced(at, 2);
  return { arch: rest[0] ?? Deno.build.arch, denoFile: at < 0 ? undefined : args[at + 1] };
}

/** True if `deno compile` made the file; false if its run-time base cannot be had. */
async function compile(triple: string): Promise<boolean> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "compile",
      V8_FLAGS,
      ...PERMISSIONS,
      // No import leads to where Workers begin. (The bundle of the portable form starts itself.)
      ...WORKERS.flatMap((entry) => ["--include", entry]),
      "--target",
      triple,
      "--output",
      part,
      "main.ts",
    ],
    env: { NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) {
    await Deno.rename(part, out);
    return true;
  }
  const text = new TextDecoder().decode(stderr).trim();
  // Anything but the missing base is a fault of the program, which the portable form would hide.
  if (!text.includes("Setting up base binary")) {
    throw new Error(`deno compile failed: ${text}`);
  }
  const reason = /^\s*1: (.*)$/m.exec(text)?.[1] ?? text;
  console.log(
    `The run-time base of deno compile cannot be had (${reason}). Making the portable bundle.`,
  );
  return false;
}

async function makePortable(npm: string): Promise<void> {
  const work = await Deno.makeTempDir({ prefix: "tieline-build-" });
  try {
    await run(Deno.execPath(), ["bundle", "--quiet", "--output", `${work}/tieline.js`, "main.ts"]);
    const own = arch === Deno.build.arch ? Deno.execPath() : undefined;
    const binary = denoFile ?? own ?? await denoOf(npm, work);
    console.log(
      `Deno in it: ${denoFile ?? `${Deno.version.deno}, ${own ? "this one" : "from npm"}`}`,
    );
    await Deno.copyFile(binary, `${work}/deno`);
    await Deno.chmod(`${work}/deno`, 0o755);
    await Deno.chmod(`${work}/tieline.js`, 0o644);
    // The same program makes the same archive, and so is unpacked to the same folder.
    const same = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];
    const archive = `${work}/payload.tgz`;
    await run("tar", ["-C", work, ...same, "-czf", archive, "deno", "tieline.js"]);
    const payload = await Deno.readFile(archive);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", payload));
    const tag = [...digest.subarray(0, 6)].map((b) => b.toString(16).padStart(2, "0")).join("");
    const header = new TextEncoder().encode(await launcher(tag));
    const file = await Deno.open(part, { write: true, create: true, truncate: true, mode: 0o755 });
    await writeAll(file, header);
    await writeAll(file, payload);
    file.close();
    await Deno.chmod(part, 0o755);
    await Deno.rename(part, out);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** The Deno binary of another architecture, from its npm package. */
async function denoOf(npm: string, work: string): Promise<string> {
  const spec = `${npm}@${Deno.version.deno}`;
  try {
    await run("npm", ["pack", "--loglevel=error", "--pack-destination", work, spec]);
  } catch (error) {
    throw new Error(
      `Cannot get ${spec}; give a Deno binary of the target with --deno FILE. ${messageOf(error)}`,
    );
  }
  const archive = (await Array.fromAsync(Deno.readDir(work))).find((e) => e.name.endsWith(".tgz"));
  if (!archive) throw new Error(`Cannot find the archive of ${spec} in ${work}`);
  await run("tar", ["-C", work, "-xzf", `${work}/${archive.name}`]);
  await Deno.remove(`${work}/${archive.name}`);
  return `${work}/package/deno`;
}

/** The shell header that stands before the archive: `launcher.sh` with its blanks filled in. */
async function launcher(tag: string): Promise<string> {
  const text = await Deno.readTextFile(new URL("launcher.sh", import.meta.url));
  const blanks: Readonly<Record<string, string>> = {
    "@NAME@": `tieline-${VERSION}-${tag}`,
    "@LINES@": String(text.split("\n").length - 1),
    "@FLAGS@": [V8_FLAGS, ...PERMISSIONS].join(" "),
  };
  return text.replace(/@[A-Z]+@/g, (blank) => blanks[blank] ?? blank);
}

async function run(command: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, {
    args,
    stdout: "null",
    stderr: "piped",
  })
    .output();
  if (!success) {
    throw new Error(`${command} ${args.join(" ")} failed: ${new TextDecoder().decode(stderr)}`);
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}
