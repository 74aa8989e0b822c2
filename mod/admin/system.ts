/**
 * The machine that the gateway runs on.
 *
 * @module
 */
import { statfs } from "node:fs/promises";

/** What is known of the machine; null where it does not tell. */
export interface SystemInfo {
  /** Version of the program. */
  readonly version: string;
  /** Versions of what it runs on. */
  readonly runtime: { readonly deno: string; readonly v8: string };
  /** Architecture and kernel. */
  readonly os: { readonly arch: string; readonly release: string };
  /** Memory in bytes. */
  readonly memory: {
    readonly residentBytes: number;
    readonly heapBytes: number;
    readonly totalBytes: number;
    readonly availableBytes: number;
  };
  /** Load over 1, 5 and 15 minutes. */
  readonly load: readonly number[] | null;
  /** The disk of the state folder, in bytes. */
  readonly disk: { readonly totalBytes: number; readonly freeBytes: number } | null;
  /** Temperature of the processor in degrees Celsius. */
  readonly temperatureC: number | null;
  /** Seconds since the machine was started. */
  readonly uptimeSeconds: number | null;
}

/** Asks the machine. */
export async function systemInfo(version: string, stateDir: string): Promise<SystemInfo> {
  const { rss, heapUsed } = Deno.memoryUsage();
  const { total, available } = Deno.systemMemoryInfo();
  const temperature = await fileText("/sys/class/thermal/thermal_zone0/temp");
  return {
    version,
    runtime: { deno: Deno.version.deno, v8: Deno.version.v8 },
    os: { arch: Deno.build.arch, release: Deno.osRelease() },
    memory: {
      residentBytes: rss,
      heapBytes: heapUsed,
      totalBytes: total,
      availableBytes: available,
    },
    // Asked by name: files of /proc are for programs with all permissions.
    load: Deno.loadavg(),
    disk: await diskOf(stateDir),
    temperatureC: temperature === undefined ? null : Number(temperature) / 1000,
    uptimeSeconds: Deno.osUptime(),
  };
}

async function diskOf(folder: string): Promise<SystemInfo["disk"]> {
  try {
    const { bsize, blocks, bavail } = await statfs(folder);
    return { totalBytes: bsize * blocks, freeBytes: bsize * bavail };
  } catch {
    return null; // not told on this platform
  }
}

async function fileText(path: string): Promise<string | undefined> {
  try {
    return (await Deno.readTextFile(path)).trim();
  } catch {
    return undefined; // not told on this machine
  }
}
