/**
 * `tieline capture`: the process that alone may open raw sockets, for a gateway that faces the network.
 *
 * @module
 */
import { Command, Option } from "commander";
import { configureLog, logFor } from "../gateway/mod.ts";
import { serveCapture } from "../input/sv/mod.ts";
import { rawRights } from "../os/mod.ts";
import { VERSION } from "./version.ts";

interface CaptureOptions {
  readonly socket: string;
  readonly interface: string[];
  readonly logLevel: "debug" | "info" | "warning" | "error";
}

/** The `capture` command. */
export function captureCommand(): Command {
  return new Command("capture")
    .description(
      "capture sampled values, and hear PTP, for a gateway that may not open raw sockets",
    )
    .option("--socket <path>", "Unix socket that gateways connect to", "/run/tieline/capture.sock")
    .option("--interface <name...>", "interfaces that may be captured and heard; default all", [])
    .addOption(
      new Option("--log-level <level>", "how much is told")
        .choices(["debug", "info", "warning", "error"]).default("info"),
    )
    .action(capture);
}

async function capture(options: CaptureOptions): Promise<void> {
  await configureLog(options.logLevel);
  const log = logFor("capture");
  const { ffi, netRaw } = rawRights();
  if (!ffi || netRaw === false) {
    throw new Deno.errors.PermissionDenied(
      `Expected a process with ${
        ffi ? "CAP_NET_RAW" : "--allow-ffi"
      }, which capture is for, found one without`,
    );
  }
  const { promise, resolve } = Promise.withResolvers<string>();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => resolve(signal));
  }
  const server = await serveCapture({
    path: options.socket,
    interfaces: options.interface,
    program: VERSION,
    cores: navigator.hardwareConcurrency,
    log,
  });
  log.info(`Tieline ${VERSION}: capturing for gateways at ${options.socket}`);
  log.info(`${await promise}: stopping`);
  await server.close();
  Deno.exit(0);
}
