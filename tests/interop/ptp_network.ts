/**
 * PTP clocks on a network of two namespaces that a veth pair joins, with linuxptp and software time stamps.
 *
 * Every daemon is `free_running`: none touches the clock of the host.
 *
 * @module
 */
import { encodeSet, ManagementId } from "../../mod/ptp/mod.ts";
import { until } from "../support/waiting.ts";

/** What is in the way of such a network here, or undefined if nothing is. */
export function networkObstacle(): string | undefined {
  const name = `tl-probe-${Deno.pid}`;
  const made = run("ip", ["netns", "add", name]);
  if (!made.success) return `network namespaces are refused: ${made.text}`;
  const pair = run("ip", ["-n", name, "link", "add", "tl0", "type", "veth", "peer", "name", "tl1"]);
  run("ip", ["netns", "del", name]);
  return pair.success ? undefined : `veth pairs are refused: ${pair.text}`;
}

/** Settings of a ptp4l beside those of the test network. */
export type Ptp4lSettings = Readonly<Record<string, string | number>>;

/** A daemon of the network. */
export interface Ptp4lDaemon {
  /** Path of its socket. */
  readonly socket: string;
  /** Lines of its log. */
  readonly log: readonly string[];
  /** Sends a management message that nobody waits for. */
  set(bytes: Uint8Array): Promise<void>;
  /** Ends it by `signal` and waits. */
  stop(signal?: Deno.Signal): Promise<void>;
}

/** Two ends of a wire, and daemons on them. */
export class PtpNetwork {
  /** Folder for sockets and settings. */
  readonly folder: string;
  /** Names of the two namespaces. */
  readonly namespaces: readonly [string, string];
  readonly #daemons: Ptp4lDaemon[] = [];
  #count = 0;

  private constructor(folder: string, namespaces: readonly [string, string]) {
    this.folder = folder;
    this.namespaces = namespaces;
  }

  /** Builds it: interface `eth0` in each namespace, 192.0.2.1 and 192.0.2.2, fe80::a1 and fe80::a2. */
  static open(): PtpNetwork {
    const folder = Deno.makeTempDirSync({ prefix: "tl-ptp-" });
    const base = `tl-ptp-${Deno.pid}`;
    const names = [`${base}-a`, `${base}-b`] as const;
    const network = new PtpNetwork(folder, names);
    try {
      for (const name of names) must("ip", ["netns", "add", name]);
      const [a, b] = names;
      must("ip", [
        ...["-n", a, "link", "add", "eth0", "address", "02:00:00:00:0a:01", "type", "veth"],
        ...["peer", "name", "eth0", "address", "02:00:00:00:0a:02", "netns", b],
      ]);
      names.forEach((name, i) => {
        must("ip", ["-n", name, "addr", "add", `192.0.2.${i + 1}/24`, "dev", "eth0"]);
        // Of its own, since that of the kernel is not usable before it was looked for twice.
        must("ip", ["-n", name, "addr", "add", `fe80::a${i + 1}/64`, "dev", "eth0", "nodad"]);
        must("ip", ["-n", name, "link", "set", "eth0", "up"]);
        must("ip", ["-n", name, "link", "set", "lo", "up"]);
        must("ip", ["-n", name, "route", "add", "224.0.0.0/4", "dev", "eth0"]);
      });
      return network;
    } catch (error) {
      network.#remove();
      throw error;
    }
  }

  /** Starts a ptp4l at one end, 0 or 1. */
  async daemon(end: 0 | 1, settings: Ptp4lSettings): Promise<Ptp4lDaemon> {
    const number = this.#count++;
    const socket = `${this.folder}/ptp4l-${number}`;
    const all: Ptp4lSettings = {
      time_stamping: "software",
      free_running: 1,
      uds_address: socket,
      tx_timestamp_timeout: 50,
      ...settings,
    };
    const file = `${this.folder}/ptp4l-${number}.conf`;
    const lines = Object.entries(all).map(([key, value]) => `${key} ${value}`);
    await Deno.writeTextFile(file, `[global]\n${lines.join("\n")}\n[eth0]\n`);
    const child = new Deno.Command("ip", {
      args: ["netns", "exec", this.namespaces[end], "ptp4l", "-f", file, "-m", "-q", "-l", "6"],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const log: string[] = [];
    const read = [collect(child.stdout, log), collect(child.stderr, log)];
    let ended = false;
    const status = child.status.then(() => ended = true);
    const path = String(all.uds_address);
    const daemon: Ptp4lDaemon = {
      socket: path,
      log,
      set: async (bytes) => {
        const own = Deno.listenDatagram({
          transport: "unixpacket",
          path: `${this.folder}/set-${this.#count++}`,
        });
        await own.send(bytes, { transport: "unixpacket", path });
        own.close();
      },
      stop: async (signal = "SIGTERM") => {
        if (!ended) child.kill(signal);
        await status;
        await Promise.all(read);
      },
    };
    this.#daemons.push(daemon);
    await until(() => exists(path), () => `ptp4l does not start: ${log.join("\n")}`);
    return daemon;
  }

  /** Ends every daemon and takes the network down. */
  async close(): Promise<void> {
    for (const daemon of this.#daemons) await daemon.stop();
    this.#remove();
  }

  #remove(): void {
    for (const name of this.namespaces) run("ip", ["netns", "del", name]);
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** Lets a free-running slave call itself synchronised. */
export function declareCertain(domainNumber: number): Uint8Array {
  return encodeSet(
    { source: { clockIdentity: "746c746500000000", portNumber: 1 }, domainNumber },
    1,
    ManagementId.SynchronizationUncertainNp,
    { value: 0 },
  );
}

/**
 * Makes a grandmaster announce another quality. Not the PTP timescale: with software time stamps it sends UTC, and a
 * slave that believed it were TAI would be 37 s off.
 */
export function announceAs(
  domainNumber: number,
  clockClass: number,
  clockAccuracy: number,
  flags = 0x34,
): Uint8Array {
  return encodeSet(
    { source: { clockIdentity: "746c746500000000", portNumber: 1 }, domainNumber },
    2,
    ManagementId.GrandmasterSettingsNp,
    {
      clockQuality: { clockClass, clockAccuracy, offsetScaledLogVariance: 0x4e5d },
      currentUtcOffset: 37,
      flags,
      timeSource: 0x20,
    },
  );
}

async function collect(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  log: string[],
): Promise<void> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    log.push(...lines);
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

function run(command: string, args: string[]): { success: boolean; text: string } {
  try {
    const { success, stderr } = new Deno.Command(command, { args }).outputSync();
    return { success, text: new TextDecoder().decode(stderr).trim() };
  } catch (error) {
    return { success: false, text: String(error) };
  }
}

function must(command: string, args: string[]): void {
  const { success, text } = run(command, args);
  if (!success) throw new Error(`${command} ${args.join(" ")}: ${text}`);
}
