/**
 * The reference implementation of Slipstream as a process: see `go_slipstream/main.go`.
 *
 * @module
 */
import type { Columns, StreamOptions } from "../../mod/slipstream/mod.ts";
import { GO_SLIPSTREAM } from "./peers.ts";

/** What the program is asked for; samples are given as columns. */
export type Job =
  | {
    readonly do: "encode";
    readonly options: StreamOptions;
    readonly columns: Columns;
    /** Stamps of the messages in nanoseconds. */
    readonly stamps: readonly bigint[];
    /** Samples in each of them. */
    readonly counts: readonly number[];
  }
  | {
    readonly do: "decode";
    readonly options: StreamOptions;
    readonly messages: readonly Uint8Array[];
  }
  | {
    readonly do: "time";
    readonly options: StreamOptions;
    readonly columns: Columns;
    readonly seconds: number;
  };

/** One message as the reference reads it. */
export interface ReadMessage {
  /** Stamp in nanoseconds; of JSON numbers, so exact only up to 2^53. */
  readonly stamp: number;
  /** Its samples; null where it gives an error. */
  readonly samples: readonly { values: readonly number[]; quality: readonly number[] }[] | null;
  /** What it says it cannot read. */
  readonly error?: string;
}

/** What the program says, by what it was asked for; or why it could not. */
export interface Answer {
  /** Messages in base64, read messages, or times. */
  readonly result?: unknown;
  /** An error of the library. */
  readonly error?: string;
  /** A panic of the library. */
  readonly panic?: string;
}

/** Runs the program over `jobs` and returns its answers in order; throws when it fails or takes longer than `timeoutMs`. */
export async function askReference(jobs: readonly Job[], timeoutMs = 120_000): Promise<Answer[]> {
  const child = new Deno.Command(GO_SLIPSTREAM, {
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(timeoutMs),
  }).spawn();
  const input = jobs.map((job) => `${line(job)}\n`).join("");
  const writing = new Blob([input]).stream().pipeTo(child.stdin);
  const { code, stdout, stderr } = await child.output();
  await writing.catch(() => {}); // the program has ended early, and says why below
  if (code !== 0) {
    throw new Error(`The reference ended with ${code}: ${new TextDecoder().decode(stderr)}`);
  }
  const answers = new TextDecoder().decode(stdout).trim().split("\n");
  if (answers.length !== jobs.length) {
    throw new Error(`Expected ${jobs.length} answers of the reference, found ${answers.length}`);
  }
  // One object a line, with the members of Answer.
  return answers.map((text) => JSON.parse(text) as Answer);
}

function line(job: Job): string {
  if (job.do === "decode") {
    return JSON.stringify({ ...job, messages: job.messages.map((bytes) => bytes.toBase64()) });
  }
  const { columns, ...rest } = job;
  const { samplesPerMessage } = job.options;
  const count = columns.values[0]!.length;
  const samples = Array.from({ length: count }, (_, k) => ({
    values: columns.values.map((column) => column[k]!),
    quality: columns.quality.map((column) => column[k]!),
  }));
  const whole = Array.from({ length: Math.floor(count / samplesPerMessage) }, () => 0);
  const split = job.do === "time"
    ? { counts: whole.map(() => samplesPerMessage), stamps: whole }
    : { stamps: job.stamps.map(String) };
  const text = JSON.stringify({ ...rest, ...split, samples });
  // JSON of this side has no numbers of 64 bits: they are put in as text and lose their quotes.
  return text.replace(/"stamps":\[[^\]]*\]/, (stamps) => stamps.replace(/"(\d+)"/g, "$1"));
}
