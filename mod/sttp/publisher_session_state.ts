/**
 * What the parts of a publisher's session share: its options, the time, the agreed modes, and its answers.
 *
 * @module
 */
import { Response } from "./constants.ts";
import { responseFrame } from "./framing.ts";
import type { OperationalModes } from "./operational_modes.ts";
import type { PublisherSessionOptions } from "./publisher_types.ts";
import { encodeText } from "./text.ts";

/** Longest text of an answer, in characters. */
const MAX_TEXT = 1024;

/** The state of one session that more than one part of it looks at. */
export class PublisherSessionState {
  /** How the session was made. */
  readonly options: PublisherSessionOptions;
  /** Monotonic milliseconds of the last call that told the time. */
  nowMs: number;
  /** What the subscriber has defined; undefined until it is validated. */
  modes: OperationalModes | undefined;
  /** Commands that were answered with Failed. */
  refusals = 0;

  /** Begins at the time that the options tell. */
  constructor(options: PublisherSessionOptions) {
    this.options = options;
    this.nowMs = options.nowMs;
  }

  /** Sends a response to `command`. */
  send(response: number, command: number, payload?: Uint8Array): void {
    this.options.events.transmit(responseFrame(response, command, payload));
  }

  /** Sends a response whose payload is a text for people. */
  sendText(response: number, command: number, text: string): void {
    const encoded = encodeText(text.slice(0, MAX_TEXT), this.modes?.encoding ?? "utf-8");
    this.send(response, command, encoded);
  }

  /** Answers a command with Succeeded. */
  succeed(command: number, text: string): void {
    this.sendText(Response.Succeeded, command, text);
  }

  /** Answers a command with Failed. */
  fail(command: number, text: string): void {
    this.refusals++;
    this.sendText(Response.Failed, command, text);
    this.options.events.complain("refused", `Refused command ${hex(command)}: ${text}`);
  }
}

/** A command as messages name it, such as `0x02`. */
export function hex(code: number): string {
  return `0x${code.toString(16).padStart(2, "0").toUpperCase()}`;
}
