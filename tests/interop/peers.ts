/**
 * The third-party peers of the interop tests: where they are, whether they are there, how to run them.
 *
 * @module
 */

/** Folder of what `setup.sh` installs. */
export const CACHE = new URL("./.cache/", import.meta.url).pathname;

/** Python of the virtual environment. */
export const PYTHON = `${CACHE}venv/bin/python`;

/** The Go client. */
export const GO_CLIENT = `${CACHE}bin/go_sttp_client`;

/** The Go program around the reference implementation of Slipstream. */
export const GO_SLIPSTREAM = `${CACHE}bin/go_slipstream`;

/** Path of a peer program in `python/`. */
export function pythonProgram(name: string): string {
  return new URL(`./python/${name}`, import.meta.url).pathname;
}

/** A peer by the name that `setup.sh` reports. */
export type Peer =
  | "tshark"
  | "openssl"
  | "ptp4l"
  | "chronyd"
  | "sttp"
  | "synchrophasor"
  | "comtrade"
  | "cbor2"
  | "open61850"
  | "goapi"
  | "slipstream";

/**
 * A test that needs peers, or something else that `otherwise` says is missing; it is then ignored, not passed, and
 * its name says why.
 */
export function testWith(
  peers: readonly Peer[],
  name: string,
  fn: () => Promise<void>,
  otherwise?: string,
): void {
  const reasons = peers.map((peer) => {
    const reason = reasonOf(peer);
    return reason === undefined ? undefined : `${peer} is not available: ${reason}`;
  });
  const reason = reasons.find((text) => text !== undefined) ?? otherwise;
  // In the name, since `--quiet` swallows what is printed while a file is loaded.
  const title = reason === undefined ? name : `${name} (skipped: ${reason.slice(0, 300)})`;
  Deno.test({ name: title, ignore: reason !== undefined, fn });
}

/** Why a peer is not available, or undefined if it is. */
export function reasonOf(peer: Peer): string | undefined {
  try {
    return Deno.readTextFileSync(`${CACHE}${peer}.unavailable`).trim();
  } catch {
    const file = peer === "goapi" ? GO_CLIENT : peer === "slipstream" ? GO_SLIPSTREAM : PYTHON;
    if (["tshark", "openssl", "ptp4l", "chronyd"].includes(peer)) {
      return onPath(peer) ? undefined : "not on PATH";
    }
    try {
      Deno.statSync(file);
      return undefined;
    } catch {
      return "run tests/interop/setup.sh first";
    }
  }
}

function onPath(command: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").some((folder) => {
    try {
      return Deno.statSync(`${folder}/${command}`).isFile;
    } catch {
      return false;
    }
  });
}

/** A program that prints JSON lines, running in a process of its own. */
export class LineProcess {
  /** Lines so far: JSON objects, or `{ text }` for what is none. */
  readonly lines: Record<string, unknown>[] = [];
  /** What it wrote to stderr. */
  stderr = "";
  readonly #child: Deno.ChildProcess;
  readonly #done: Promise<void>[];
  readonly #abort = new AbortController();
  #ended = false;
  #wake: (() => void)[] = [];

  /** Starts `command`. */
  constructor(command: string, args: string[], options: { cwd?: string } = {}) {
    this.#child = new Deno.Command(command, {
      args,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      // Unbuffered, Python loses the rest of a line that a signal interrupts while the pipe is full.
      env: { PYTHONUNBUFFERED: "" },
      ...options,
    }).spawn();
    this.#done = [this.#readLines(), this.#readErrors()];
    Promise.all(this.#done).then(() => {
      this.#ended = true;
      this.#notify();
    });
  }

  /** Waits for the first line with `key` and returns its value; rejects when the program ends or time runs out. */
  async line<T>(key: string, timeoutMs = 120_000): Promise<T> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const found = this.lines.find((line) => key in line);
      // The caller knows what the program prints under this key.
      if (found) return found[key] as T;
      const left = end - performance.now();
      if (this.#ended || left <= 0) {
        throw new Error(
          `Waited for a line with "${key}": ${
            this.#ended ? "the program ended" : "time ran out"
          }; lines ${JSON.stringify(this.lines.slice(-5)).slice(0, 2000)}; stderr ${
            this.stderr.slice(-2000)
          }`,
        );
      }
      await this.#change(left);
    }
  }

  /** Waits until it ends and returns its exit status. */
  async ended(): Promise<number> {
    const status = await this.#child.status;
    await Promise.all(this.#done);
    return status.code;
  }

  /** Asks it to end with `signal` and waits; kills it after 30 s, since a busy machine lets it wait. Safe to call twice. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    const timer = setTimeout(() => {
      this.#kill("SIGKILL");
      // A process that it left behind may hold its pipes open.
      this.#abort.abort();
    }, 30_000);
    this.#kill(signal);
    await this.ended();
    clearTimeout(timer);
  }

  /** Sends it a signal. */
  signal(signal: Deno.Signal): void {
    this.#kill(signal);
  }

  /** Process id. */
  get pid(): number {
    return this.#child.pid;
  }

  #kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended already.
    }
  }

  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  async *#text(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
    const decoder = new TextDecoder();
    try {
      const { signal } = this.#abort;
      for await (const bytes of stream.pipeThrough(new TransformStream(), { signal })) {
        yield decoder.decode(bytes, { stream: true });
      }
    } catch (error) {
      if (!this.#abort.signal.aborted) throw error;
    }
  }

  async #readLines(): Promise<void> {
    let rest = "";
    for await (const text of this.#text(this.#child.stdout)) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#add(line);
      this.#notify();
    }
    this.#add(rest);
    this.#notify();
  }

  #add(line: string): void {
    if (line.trim() === "") return;
    try {
      const value: unknown = JSON.parse(line);
      // Checked to be an object in the same breath.
      this.lines.push(
        typeof value === "object" && value !== null
          ? value as Record<string, unknown>
          : { text: line },
      );
    } catch {
      this.lines.push({ text: line });
    }
  }

  async #readErrors(): Promise<void> {
    for await (const text of this.#text(this.#child.stderr)) {
      this.stderr = (this.stderr + text).slice(-200_000);
    }
  }
}
