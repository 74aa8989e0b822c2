/**
 * A wire with merging units at its far end, for system tests.
 *
 * @module
 */
import type { Cable } from "../../mod/os/testing.ts";
import type { Gateway } from "../../mod/gateway/mod.ts";
import { until } from "../support/waiting.ts";
import { detailOf } from "./site.ts";
import type { SvSourceAccount, SvSourceOptions } from "./sv_source.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Merging units that send. */
export interface SvSource {
  /** Ends them and tells what was sent. */
  stop(): Promise<SvSourceAccount>;
}

/** Starts merging units in the namespace of the far end. */
export async function startSource(cable: Cable, options: SvSourceOptions): Promise<SvSource> {
  const words = [
    ...cable.atFar,
    Deno.execPath(),
    "run",
    "-P=test",
    "tests/system/sv_source.ts",
    cable.far,
  ];
  const child = new Deno.Command(words[0]!, {
    args: words.slice(1),
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const texts = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${JSON.stringify(options)}\n`));
  let account: Promise<SvSourceAccount> | undefined;
  return {
    stop: () =>
      account ??= (async () => {
        await writer.close();
        const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
        const [out, errors] = await texts;
        await child.status;
        clearTimeout(timer);
        try {
          return JSON.parse(out);
        } catch {
          throw new Error(`The merging units failed: ${errors}`);
        }
      })(),
  };
}

/** Waits until the input `bus` hears its interface: what is sent before is lost, and nobody's fault. */
export async function busListens(gateway: Gateway): Promise<void> {
  const bus = () => detailOf(gateway, "input.bus") as { interface: { state: string } | null };
  await until(() => bus().interface?.state === "up", () => ["the capture to begin", bus()]);
}

/** The table of `[input.bus]` on the near end of a cable, with the keys of each stream. */
export function busToml(name: string, streams: readonly string[], head = ""): string {
  return `
[input.bus]
type = "sv"
interface = "${name}"
${head}
${streams.map((keys) => `[[input.bus.streams]]\n${keys}\n`).join("")}`;
}

/** Words that start a program without CAP_NET_RAW; undefined where they cannot. */
export async function withoutRaw(): Promise<string[] | undefined> {
  const words = ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"];
  try {
    const { success } = await new Deno.Command(words[0]!, { args: [...words.slice(1), "true"] })
      .output();
    return success ? words : undefined;
  } catch {
    return undefined;
  }
}
