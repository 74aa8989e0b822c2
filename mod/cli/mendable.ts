/**
 * Errors that an operator can mend, in words and without a stack.
 *
 * @module
 */
import { ConfigError, DecodeError, ProtocolError } from "../core/mod.ts";
import { CommandError } from "./options.ts";

/** Classes whose messages are for operators. */
const TOLD = [
  CommandError,
  ConfigError,
  DecodeError,
  ProtocolError,
  Deno.errors.AddrInUse,
  Deno.errors.ConnectionRefused,
  Deno.errors.NotCapable,
  Deno.errors.NotFound,
  Deno.errors.NotSupported,
  Deno.errors.PermissionDenied,
];

/** What the system refuses, by its code, and what to do about it where that can be told. */
const REFUSALS: Readonly<Record<string, string>> = {
  EACCES: "this user may not: look at owner and mode of the file and of the folders above it",
  EADDRINUSE: "another program, or another gateway, uses it",
  EADDRNOTAVAIL: "this machine has no such address",
  ECONNREFUSED: "nobody listens there",
  EDQUOT: "the quota of this user is used up",
  EEXIST: "something else is there",
  EISDIR: "it is a folder",
  EMFILE: "this process may open no more files",
  ENAMETOOLONG: "the name is too long",
  ENODEV: "there is no such device",
  ENOENT: "there is no such file or folder",
  ENOSPC: "the disk is full",
  ENOTDIR: "something above it is no folder",
  EPERM: "this user may not",
  EROFS: "the disk is read-only",
};
const VERBS: Readonly<Record<string, string>> = {
  mkdir: "make the folder",
  open: "open",
  readdir: "read the folder",
  readfile: "read",
  read: "read",
  rename: "rename",
  writefile: "write",
  write: "write",
};

/** What to tell an operator of `error`; undefined for a defect, which is shown with its stack. */
export function mendable(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const reason = REFUSALS[code];
  if (reason === undefined && !TOLD.some((kind) => error instanceof kind)) return undefined;
  // The platform says `Permission denied (os error 13): mkdir '/var/lib/tieline'`.
  const [, operation = "", path] = /\(os error \d+\): (\w+) '(.*)'$/.exec(error.message) ?? [];
  return reason === undefined || path === undefined
    ? error.message
    : `Cannot ${VERBS[operation] ?? "use"} ${path}: ${reason}`;
}
