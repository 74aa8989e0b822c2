/**
 * `tieline run FILE`: the gateway, until it is told to stop.
 *
 * @module
 */
import { Command } from "commander";
import { AdminHost } from "../admin/mod.ts";
import {
  configureLog,
  Gateway,
  type GatewayKeeper,
  logFor,
  openConfigKeeper,
} from "../gateway/mod.ts";
import { type SystemClock, systemClock } from "../os/mod.ts";
import { CommandError } from "./options.ts";
import { VERSION } from "./version.ts";

/** The `run` command. */
export function runCommand(): Command {
  return new Command("run")
    .description("run the gateway that a configuration file describes")
    .argument("<file>", "configuration, TOML")
    .option("--state <folder>", "folder of state; default what the configuration says")
    .action(run);
}

async function run(file: string, { state }: { state?: string }): Promise<void> {
  // Before anything is open, so that a stop during the start is orderly too, and a reload does not end the program.
  const { promise, resolve } = Promise.withResolvers<string>();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => resolve(signal));
  }
  let isReloadWanted = false;
  let reload = () => {
    isReloadWanted = true;
  };
  Deno.addSignalListener("SIGHUP", () => reload());
  await configureLog("info");
  const clock = systemClock();
  let gateway: Gateway | undefined, admin: AdminHost | undefined;
  const keeper = await openConfigKeeper({
    file,
    stateDir: state,
    clock,
    gateway: () => gateway!, // changes come only once the gateway runs
    others: async (next, plan) => await admin?.follow(next, plan) ?? [],
    onUndo: (version, running) => admin?.undone(version, running),
    onAside: (edit, running) => admin?.setAside(edit, running),
  });
  const { config } = keeper;
  await configureLog(config.log.level);
  const log = logFor("main");
  log.info(`Tieline ${VERSION}, ${file}, version ${keeper.status().running.number}`);
  const running = gateway = new Gateway(config, clock);
  await running.start();
  const host = admin = await startAdmin(running, keeper, clock);
  log.info(`Admin API at ${host.url}${host.pin ? ` (pin ${host.pin})` : ""}`);
  if (host.claim) {
    // Not by the log, which shows no tokens.
    const pin = host.pin && ` --pin ${host.pin}`;
    console.error(
      `No user is configured. Claim this gateway once with the token ${host.claim.text}, which stands in ` +
        `${host.claim.path}: open ${host.url}, or run\n` +
        `  tieline claim ${host.url} NAME${pin} --token-file ${host.claim.path}`,
    );
  }

  reload = () => {
    void running.reloadCertificates();
    void host.reload();
  };
  if (isReloadWanted) reload();
  log.info(`${await promise}: stopping`);
  try {
    await keeper.close();
    await host.stop();
  } finally {
    await running.stop(); // whatever the others meet: devices and subscribers are told
  }
  Deno.exit(0);
}

/** The admin API of a gateway that has started; without it the gateway is stopped again, devices and subscribers told. */
async function startAdmin(
  gateway: Gateway,
  keeper: GatewayKeeper,
  clock: SystemClock,
): Promise<AdminHost> {
  try {
    return await AdminHost.start({
      gateway,
      keeper,
      clock,
      log: logFor("admin"),
      version: VERSION,
    });
  } catch (error) {
    await gateway.stop();
    if (!(error instanceof Error && "code" in error && error.code === "EADDRINUSE")) throw error;
    throw new CommandError(
      `The admin API cannot start. ${error.message}. Is this gateway running already? ` +
        "[admin] listen names another address",
      { cause: error },
    );
  }
}
