/**
 * Runs the program from source, as an operator would.
 *
 * @module
 */

import { gatewayArgs } from "../../bench/load/process.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** A program that has ended. */
export interface Ended {
  /** Exit code. */
  readonly code: number;
  /** Standard output. */
  readonly stdout: string;
  /** Standard error. */
  readonly stderr: string;
}

/** A program that runs. */
export interface Running {
  /** The process. */
  readonly child: Deno.ChildProcess;
  /** Resolves when it has ended. */
  readonly ended: Promise<Ended>;
}

/** Starts `tieline ARGS`. */
export function start(...args: string[]): Running {
  return startUnder([], ...args);
}

/** Starts `tieline ARGS` by another program, such as `setpriv` with its own arguments. */
export function startUnder(prefix: readonly string[], ...args: string[]): Running {
  const [command, ...words] = [...prefix, Deno.execPath(), "run", ...gatewayArgs(), ...args];
  const child = new Deno.Command(command!, {
    args: words,
    cwd: ROOT,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const text = (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => new Response(stream).text();
  const ended = Promise.all([child.status, text(child.stdout), text(child.stderr)])
    .then(([{ code }, stdout, stderr]) => ({ code, stdout, stderr }));
  return { child, ended };
}

/** Runs `tieline ARGS` to its end. */
export function run(...args: string[]): Promise<Ended> {
  return start(...args).ended;
}

/** Resident memory of a process in bytes, from /proc. */
export async function residentBytes(pid: number): Promise<number> {
  const text = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)![1]) * 1024; // the kernel writes this line
}
