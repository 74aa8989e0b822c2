/**
 * A process of the load: lines of JSON from it, lines to it, and what the kernel says of it.
 *
 * @module
 */

/** Clock ticks per second of /proc, the same on every Linux that Deno runs on. */
const TICKS_PER_SECOND = 100;

/** A child process. */
export class LoadProcess {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: Record<string, unknown>[] = [];
  readonly #waiting = new Set<() => void>();
  #text = "";
  #ended = false;

  /**
   * Starts Deno with `args`; `fifo` before all ordinary processes of the host (SCHED_FIFO), which needs the right to;
   * `core` is the only one that it may run on; `prefix` are words before the command, such as those of `setpriv`.
   */
  constructor(
    args: readonly string[],
    fifo = false,
    core?: number,
    prefix: readonly string[] = [],
  ) {
    const [command, ...words] = [
      ...(core === undefined ? [] : ["taskset", "-c", String(core)]),
      ...(fifo ? ["chrt", "--fifo", "10"] : []),
      ...prefix,
      Deno.execPath(),
    ];
    this.#child = new Deno.Command(command!, {
      args: [...words, ...args],
      cwd: new URL("../..", import.meta.url),
      env: gatewayEnv(),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    const reading = [this.#read(), this.#readErrors()];
    Promise.all(reading).then(() => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** What it wrote to stderr, its last part. */
  get text(): string {
    return this.#text;
  }

  /** Seconds of processor time of all its threads until now. */
  get cpuSeconds(): number {
    const stat = Deno.readTextFileSync(`/proc/${this.#child.pid}/stat`);
    // The name in parentheses may hold blanks: fields are counted from behind it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  /** Highest resident memory so far, in megabytes (10^6). */
  get peakMegabytes(): number {
    return this.#megabytes("VmHWM");
  }

  /** Resident memory now, in megabytes (10^6). */
  get residentMegabytes(): number {
    return this.#megabytes("VmRSS");
  }

  #megabytes(field: string): number {
    const status = Deno.readTextFileSync(`/proc/${this.#child.pid}/status`);
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024 / 1e6;
  }

  /** Waits for a line with `key` and returns its value. */
  async next<T>(key: string, timeoutMs = 300_000): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const line = this.#lines.find((line) => key in line);
      // The three programs of the load agree on the shape of their lines.
      if (line) return line[key] as T;
      const left = deadline - performance.now();
      if (this.#ended || left <= 0) {
        throw new Error(
          `Expected "${key}" of a process of the load, found its ${
            this.#ended ? "end" : "silence"
          }:\n${JSON.stringify(this.#lines.slice(-3))}\n${this.#text}`,
        );
      }
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          this.#waiting.delete(done);
          resolve();
        };
        const timer = setTimeout(done, left);
        this.#waiting.add(done);
      });
    }
  }

  /** Lines with `key` so far. */
  all(key: string): unknown[] {
    return this.#lines.filter((line) => key in line).map((line) => line[key]);
  }

  /** Writes a line to it. */
  async send(line: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
  }

  /** Ends its input, which tells it to finish. */
  async finish(): Promise<void> {
    await this.#input.close();
  }

  /** Asks it to end, and waits until it has; kills it if that takes too long. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => this.#signal("SIGKILL"), 5000);
    this.#signal("SIGTERM");
    await this.#child.status;
    clearTimeout(timer);
  }

  #signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended.
    }
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!; // split gives at least one
      for (const line of lines) {
        if (line.startsWith("{")) this.#lines.push(JSON.parse(line));
        else this.#text = `${this.#text}${line}\n`.slice(-20_000);
      }
      this.#wake();
    }
  }

  async #readErrors(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      this.#text = (this.#text + text).slice(-20_000);
    }
  }

  #wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}

/** Arguments of Deno that run the gateway as `deno task start` does, `flags` before its own; a command follows. */
export function gatewayArgs(flags: readonly string[] = []): string[] {
  const { words } = startCommand();
  const [deno, run, ...args] = words;
  if (deno !== "deno" || run !== "run") throw new Error(`Expected deno run, found ${deno} ${run}`);
  return [...flags, ...args];
}

/** What `deno task start` sets in the environment of the gateway. */
export function gatewayEnv(): Record<string, string> {
  return startCommand().env;
}

/** The words of `deno task start`, parted from the settings before them. */
function startCommand(): { env: Record<string, string>; words: string[] } {
  const config = Deno.readTextFileSync(new URL("../../deno.json", import.meta.url));
  const { command }: { command: string } = JSON.parse(config).tasks.start;
  const words = command.split(" ");
  const settings = words.splice(0, words.indexOf("deno")).map((word) => word.split("="));
  return { env: Object.fromEntries(settings), words };
}

/** The cores that this process may run on, as the kernel numbers them: in a container they need not begin with 0. */
export function allowedCores(): number[] {
  const status = Deno.readTextFileSync("/proc/self/status");
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? "0";
  return list.split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number) as [number, number?];
    return Array.from({ length: last! - first + 1 }, (_, i) => first + i);
  });
}

/** Shares of all cores since a moment before, in percent. */
export interface HostShares {
  /** Work of anybody. */
  readonly busyPercent: number;
  /** Taken away by the hypervisor. */
  readonly stolenPercent: number;
}

/** Begins to watch the host; the returned function tells the shares since then. */
export function watchHost(): () => HostShares {
  const before = hostTicks();
  return () => {
    const now = hostTicks();
    const passed = now.map((ticks, i) => ticks - before[i]!);
    const total = passed.reduce((sum, ticks) => sum + ticks, 0);
    const idle = passed[3]! + passed[4]!;
    const stolen = passed[7]!;
    return {
      busyPercent: (100 * (total - idle - stolen)) / total,
      stolenPercent: (100 * stolen) / total,
    };
  };
}

/** user, nice, system, idle, iowait, irq, softirq, steal of all cores. */
function hostTicks(): number[] {
  const line = Deno.readTextFileSync("/proc/stat").split("\n", 1)[0]!; // the first is that of all cores
  return line.split(/\s+/).slice(1, 9).map(Number);
}
