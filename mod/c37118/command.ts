/**
 * Command and header frames (clauses 6.3 and 6.6).
 *
 * @module
 */
import { DecodeError } from "../core/mod.ts";
import { finishFrame, parseHeader, startFrame } from "./common.ts";
import type { CommonHeader, Prefix } from "./types.ts";
import { Command, FrameType } from "./types.ts";

/** A command frame. */
export interface CommandFrame extends CommonHeader {
  /** CMD, see {@linkcode Command}; any 16-bit value. */
  readonly command: number;
  /** EXTFRAME; empty for most. To be ignored unless `command` is 8 or user defined. */
  readonly extended: Uint8Array;
}

/** Reads a command frame, checking CHK. Throws a `DecodeError` of the kinds of `parseHeader`, or `type`. */
export function parseCommand(bytes: Uint8Array): CommandFrame {
  const header = parseHeader(bytes);
  expectType(header, FrameType.Command, "a command frame");
  return {
    ...header,
    command: (bytes[14]! << 8) | bytes[15]!,
    extended: bytes.slice(16, header.size - 2),
  };
}

/** Writes a command frame; `extended` may have any length up to 65517 bytes. */
export function encodeCommand(
  prefix: Prefix,
  command: number,
  extended?: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const writer = startFrame(FrameType.Command, prefix, 32).u16(command);
  if (extended) writer.raw(extended);
  return finishFrame(writer);
}

/** Name of a CMD word: `dataOff`, `dataOn`, `sendHeader`, `sendCfg1` to `3`, `extended`, `userDefined`, `reserved`. */
export function commandName(command: number): string {
  const name = COMMAND_NAMES.get(command);
  if (name !== undefined) return name;
  return command >= 0x0100 && command <= 0x0fff ? "userDefined" : "reserved";
}

const COMMAND_NAMES: ReadonlyMap<number, string> = new Map([
  [Command.DataOff, "dataOff"],
  [Command.DataOn, "dataOn"],
  [Command.SendHeader, "sendHeader"],
  [Command.SendConfig1, "sendCfg1"],
  [Command.SendConfig2, "sendCfg2"],
  [Command.SendConfig3, "sendCfg3"],
  [Command.Extended, "extended"],
]);

/** A header frame: text for people. */
export interface HeaderFrame extends CommonHeader {
  /** The text, UTF-8 with replacement, without trailing NULs. */
  readonly text: string;
  /** The text as received. */
  readonly raw: Uint8Array;
}

/** Reads a header frame, checking CHK. Throws a `DecodeError` of the kinds of `parseHeader`, or `type`. */
export function parseHeaderFrame(bytes: Uint8Array): HeaderFrame {
  const header = parseHeader(bytes);
  expectType(header, FrameType.Header, "a header frame");
  const raw = bytes.slice(14, header.size - 2);
  const text = UTF8.decode(raw);
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0) end--;
  return { ...header, text: text.slice(0, end), raw };
}

/** Writes a header frame from text (as UTF-8) or bytes. */
export function encodeHeaderFrame(
  prefix: Prefix,
  text: string | Uint8Array,
): Uint8Array<ArrayBuffer> {
  const raw = typeof text === "string" ? new TextEncoder().encode(text) : text;
  return finishFrame(startFrame(FrameType.Header, prefix, raw.length + 16).raw(raw));
}

const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

function expectType(header: CommonHeader, type: number, what: string): void {
  if (header.type === type) return;
  throw new DecodeError(
    "type",
    `Cannot read ${what}: expected frame type ${type}, found ${header.type}`,
    { offset: 1, field: "SYNC", value: header.type },
  );
}
