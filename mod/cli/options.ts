/**
 * Readers of option values that several commands share.
 *
 * @module
 */
import { InvalidArgumentError } from "commander";
import { type HostPort, parseHostPort } from "../config/mod.ts";

/** What an operator can mend: told without a stack. */
export class CommandError extends Error {
  /** The class, for logs. */
  override readonly name = "CommandError";
}

/** Seconds above 0, fractions allowed. */
export function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1e7)) {
    throw new InvalidArgumentError(`Expected seconds above 0, found "${text}".`);
  }
  return value;
}

/** A number. */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) {
    throw new InvalidArgumentError(`Expected a number, found "${text}".`);
  }
  return value;
}

/** A number from 0. */
export function amount(text: string): number {
  const value = number(text);
  if (value < 0) throw new InvalidArgumentError(`Expected 0 or more, found "${text}".`);
  return value;
}

/** A share from 0 to 1. */
export function share(text: string): number {
  const value = number(text);
  if (value < 0 || value > 1) {
    throw new InvalidArgumentError(`Expected a share from 0 to 1, found "${text}".`);
  }
  return value;
}

/** A whole number within bounds. */
export function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = number(text);
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new InvalidArgumentError(
        `Expected a whole number from ${least} to ${most}, found "${text}".`,
      );
    }
    return value;
  };
}

/** `host:port` or `[IPv6]:port`. */
export function hostPort(text: string): HostPort {
  const address = parseHostPort(text);
  if (!address) throw new InvalidArgumentError(`Expected "host:port", found "${text}".`);
  return address;
}

/** Resolves when `limit` seconds are over (never without a limit), or at SIGINT or SIGTERM. */
export function ended(limit: number | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.removeSignalListener(signal, done);
      resolve();
    };
    const timer = limit === undefined ? undefined : setTimeout(done, limit * 1000);
    for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, done);
  });
}
